"""The `./sheath` command: check the inputs, show what runs, write the report from what exists."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workflow.estimate import announcement, estimates, threads_per_run
from workflow.gromacs import GromacsError, find_gmx
from workflow.inputs import InputError, Inputs, load
from workflow.job import FAILURE_FILE, ROOT
from workflow.packing import PackingError, find_packmol
from workflow.progress import Progress, duration, is_alive, read_all


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    options = _options(arguments)
    try:
        inputs = load(ROOT, options.configfile)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    commands = {"check": check, "status": status, "report": report}
    return commands[options.command](inputs, options)


def check(inputs: Inputs, options: argparse.Namespace) -> int:
    """Tell every problem of inputs and programs without running anything; the plan when there is none."""
    problems = []
    for find in (find_gmx, find_packmol):
        try:
            find()
        except (GromacsError, PackingError) as error:
            problems.append(str(error))
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    threads = threads_per_run(inputs, options.cores)
    found = estimates(inputs, options.directory / "work", threads)
    print(announcement(inputs, found, options.cores, threads))
    for name in inputs.config.systems:
        composition = inputs.compositions[name]
        counts = ", ".join(f"{count} {molecule}" for molecule, count in composition.counts)
        edge_nm = composition.predicted_volume_nm3 ** (1 / 3)
        print(f"  {name}: {counts}; electrolyte alone about {edge_nm:.2f} nm wide")
    print("All inputs are in order.")
    return 0


def status(inputs: Inputs, options: argparse.Namespace) -> int:
    """Show where every configured run stands, as the running processes last told it."""
    results = options.directory / inputs.config.results
    by_run: dict[tuple[str, int], Progress] = {
        (one.system, one.replica): one
        for one in read_all(options.directory / "work")
        if one.results == inputs.config.results
    }
    for system in inputs.config.systems:
        for replica in range(1, inputs.config.replicas + 1):
            folder = results / system / f"r{replica}"
            print(_status_line(system, replica, folder, by_run.get((system, replica))))
    report_page = results / "report.html"
    print(f"report: {report_page if report_page.is_file() else 'not written yet'}")
    return 0


def _status_line(system: str, replica: int, folder: Path, progress: Progress | None) -> str:
    name = f"[{system} r{replica}]"
    failure = folder / FAILURE_FILE
    if failure.is_file():
        return f"{name} failed: {failure.read_text(encoding='utf-8').strip()}"
    if progress is None:
        return f"{name} {'packed' if (folder / 'packed.gro').is_file() else 'not started'}"
    age = duration(time.time() - progress.updated_s)
    if progress.state == "running" and is_alive(progress):
        return f"{progress.line()} (told {age} ago)"
    if progress.state == "finished" and (folder / "run.json").is_file():
        return f"{name} finished: {progress.done_ps / 1000:g} ns of production"
    return (
        f"{name} stopped in stage {progress.stage} at {progress.done_ps:.0f} of {progress.asked_ps:.0f} ps, {age} ago"
    )


def report(inputs: Inputs, options: argparse.Namespace) -> int:
    """Write report.html from the results that exist now."""
    results = options.directory / inputs.config.results
    command = [sys.executable, "-P", "-m", "analysis", "report", str(results), "--systems", *inputs.config.systems,
               "--replicas", str(inputs.config.replicas), "--out", str(results / "report.html")]  # fmt: skip
    return subprocess.run(command, check=False).returncode


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sheath", description="Li electrolytes, from YAML to report.html")
    parser.add_argument("command", choices=("check", "status", "report"), help="check the inputs, show what runs, "
                        "or write the report from what exists")  # fmt: skip
    parser.add_argument(
        "--configfile", type=Path, action="append", default=[], help="overlay on config.yaml, e.g. preview.yaml"
    )
    parser.add_argument("--directory", type=Path, default=Path(), help="where results/ and work/ are")
    parser.add_argument("--cores", type=int, default=_available_cores(), help="cores to plan with")
    return parser.parse_args(arguments)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    raise SystemExit(main())
