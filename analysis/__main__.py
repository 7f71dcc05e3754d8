"""Command line of the analysis: python -m analysis {describe,read,observe,pool,compare,report,report-runs,...}.

When a run cannot be read or measured the reason is put into `failure.txt` beside its run.json, where the
simulation too says why it failed; the report quotes it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.run import RunError, load_run

PROGRESS_INTERVAL_S = 10.0
FAILURE_FILE = "failure.txt"
OUR_FAILURE = "analysis: "


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return 0 (also when one observable failed, its table says so) or 2 when it failed.

    What is no fault of the run's files is a defect: it is raised, for its traceback, after the reason was noted.
    """
    parsed = _parser().parse_args(arguments)
    try:
        code = int(parsed.command(parsed))
        sys.stdout.flush()  # a broken pipe is noticed here, not at exit
        return code
    except RunError as error:
        return _fail(_noted(parsed, str(error)))
    except BrokenPipeError:  # `... | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(_noted(parsed, f"{where}{error.strerror or error}"))
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except Exception as error:
        _noted(parsed, f"unexpected error, a defect of Sheath ({type(error).__name__}: {error})")
        raise


def _noted(parsed: argparse.Namespace, message: str) -> str:
    """Put the reason of a failure where the report finds it, when the command is about one run; return it."""
    if "run_json" in parsed:
        _set_failure(parsed.run_json.parent, OUR_FAILURE + " ".join(message.split()))
    return message


def _set_failure(folder: Path, ours: str = "") -> None:
    """Replace our line in a run's failure file, or remove it; what the simulation wrote there stays."""
    path = folder / FAILURE_FILE
    if not folder.is_dir():
        return
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        kept = [line for line in text.splitlines() if not line.startswith(OUR_FAILURE)]
        lines = [*kept, ours] if ours else kept
        if not "".join(lines).strip():
            path.unlink(missing_ok=True)
        elif lines != text.splitlines():
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        # That the report lacks the reason must not hide the failure itself.
        _fail(f"{path}: {error.strerror or error}")


def _fail(message: str, code: int = 2) -> int:
    """Write one line on stderr and return the exit code."""
    sys.stderr.write(f"analysis: {message}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Measure what was simulated.")
    commands = parser.add_subparsers(required=True, metavar="command")

    _of_runs(commands)

    read = commands.add_parser("read", help="read a trajectory once")
    read.add_argument("run_json", type=Path)
    read.add_argument("--out", type=Path, required=True, help="folder to write")
    read.add_argument("--processes", type=int, default=1, help="cores to use")
    read.set_defaults(command=_read)

    observe = commands.add_parser("observe", help="compute all observables of one run")
    observe.add_argument("run_json", type=Path)
    observe.add_argument("reading", type=Path)
    observe.add_argument("--out", type=Path, required=True, help="folder to write")
    observe.add_argument("--processes", type=int, default=1, help="cores to use")
    observe.set_defaults(command=_observe)

    snapshot = commands.add_parser("snapshot", help="keep a moment of one run for the report's pictures")
    snapshot.add_argument("run_json", type=Path)
    snapshot.add_argument("reading", type=Path)
    snapshot.add_argument("--out", type=Path, required=True, help="folder to write")
    snapshot.set_defaults(command=_snapshot)

    pool = commands.add_parser("pool", help="pool the observables of the replicas of one system")
    pool.add_argument("folders", type=Path, nargs="+")
    pool.add_argument("--system", required=True)
    pool.add_argument("--out", type=Path, required=True, help="folder to write")
    pool.set_defaults(command=_pool)

    _of_systems(commands)

    validation = commands.add_parser("validation", help="write the record of pure liquids against experiment")
    validation.add_argument("results", type=Path)
    validation.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    validation.set_defaults(command=_validation)
    return parser


def _of_systems(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about all systems of a results folder."""
    text = "compare every system with what it extends, judge the claims, say how much longer to run"
    compare = commands.add_parser("compare", help=text, description=text)
    compare.set_defaults(command=_compare)
    report = commands.add_parser("report", help="write the report of all systems")
    report.set_defaults(command=_report)
    for command in (compare, report):
        command.add_argument("results", type=Path)
        command.add_argument("--systems", nargs="+", required=True)
        command.add_argument("--replicas", type=int, required=True)
        command.add_argument("--out", type=Path, required=True, help="file to write")
    report.add_argument(
        "--expected", type=Path, help="JSON: system -> replica -> production_hash and production_ns as configured now"
    )


def _of_runs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands for trajectories from anywhere."""
    from analysis.describe.options import add_options

    text = "write the run.json of a trajectory that Sheath did not make"
    describe = commands.add_parser("describe", prog="./sheath describe", help=text, description=text)
    add_options(describe)
    describe.set_defaults(command=_describe)

    text = (
        "measure the runs of some run.json and write one report about them; a system is compared with its base "
        "(describe --base), one without a base among them with the first one given; runs of one system are replicas"
    )
    runs = commands.add_parser("report-runs", prog="./sheath report", help=text, description=text)
    runs.add_argument("runs", type=Path, nargs="+", metavar="run.json")
    runs.add_argument("-o", "--out", type=Path, required=True, metavar="report.html", help="file to write")
    runs.add_argument("--work", type=Path, help="folder for what was read and measured; <report>.work when not given")
    runs.add_argument("--processes", type=int, default=_cores(), help="cores to use; all when not given")
    runs.set_defaults(command=_report_runs)


def _cores() -> int:
    """Return how many cores this process may use, which a queue or a container can limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _describe(parsed: argparse.Namespace) -> int:
    from analysis.describe.options import run

    out, lines = run(parsed)
    print("\n".join([*lines, f"written: {out}; measure it with ./sheath report {out} -o report.html"]))
    return 0


def _report_runs(parsed: argparse.Namespace) -> int:
    from analysis.report_runs import report_runs

    work = parsed.work or parsed.out.with_name(f"{parsed.out.stem}.work")
    failures = report_runs(parsed.runs, parsed.out, work, _progress, parsed.processes)
    for failure in failures:
        _fail(failure)
    print(f"written: {parsed.out}; what was measured: {work}")
    return 2 if failures else 0


def _read(parsed: argparse.Namespace) -> int:
    from analysis.read import read

    run = load_run(parsed.run_json)
    read(run, parsed.out, _progress(f"{run.system} r{run.replica}"), parsed.processes)
    return 0


def _observe(parsed: argparse.Namespace) -> int:
    from analysis.observe import observe
    from analysis.read import load_reading

    failures = observe(load_run(parsed.run_json), load_reading(parsed.reading), parsed.out, parsed.processes)
    for failure in failures:
        _fail(f"observable {failure}")
    _set_failure(parsed.run_json.parent)
    return 0


def _snapshot(parsed: argparse.Namespace) -> int:
    from analysis.read import load_reading
    from analysis.snapshot import write_snapshot

    write_snapshot(load_run(parsed.run_json), load_reading(parsed.reading), parsed.out)
    return 0


def _pool(parsed: argparse.Namespace) -> int:
    from analysis.pool import pool_folders

    pool_folders(parsed.folders, parsed.system, parsed.out)
    return 0


def _compare(parsed: argparse.Namespace) -> int:
    from analysis.comparison_files import compare_folder

    compare_folder(parsed.results, parsed.systems, parsed.replicas, parsed.out)
    return 0


def _report(parsed: argparse.Namespace) -> int:
    from analysis.report import build

    build(parsed.results, parsed.systems, parsed.replicas, parsed.out, parsed.expected)
    return 0


def _validation(parsed: argparse.Namespace) -> int:
    from analysis.record import record

    text = record(parsed.results)
    partial = parsed.out.with_name(f".{parsed.out.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(parsed.out)
    return 0


def _progress(name: str) -> Callable[[int, int], None]:
    """Return a callback that writes frames done and time left on stderr every 10 s; a further pass counts anew."""
    started = last = time.monotonic()
    before = 0

    def show(done: int, total: int) -> None:
        nonlocal started, last, before
        now = time.monotonic()
        if done < before:
            started = now
        before = done
        if now - last < PROGRESS_INTERVAL_S or done == 0:
            return
        last = now
        left_s = (now - started) / done * (total - done)
        sys.stderr.write(f"{name}: read {done} of {total} frames, {left_s:.0f} s left\n")
        sys.stderr.flush()

    return show


if __name__ == "__main__":
    sys.exit(main())
