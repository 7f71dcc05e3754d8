"""The `./sheath` command: check the inputs, show what runs, write the report from what exists."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from workflow.estimate import announcement, estimates, threads_per_run
from workflow.gromacs import GromacsError, find_gmx, speed_remark
from workflow.inputs import InputError, Inputs, identity, load
from workflow.inputs.results_folder import LOCK_NAME
from workflow.job import FAILURE_FILE, ROOT
from workflow.manifest import expected_file, write_expected
from workflow.packing import PackingError
from workflow.progress import Progress, duration, is_alive, read_all
from workflow.speed import measure
from workflow.start import shortage, surroundings

INTERRUPT_S = 10.0  # so long the analysis may take to stop after Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["describe"]:  # its options are the analysis' own
        return _analysis(*given)
    options = _options(given)
    if options.command == "report" and (options.runs or options.out):
        return report_runs(options)
    if options.command == "molecule":
        if find_spec("rdkit") is None:
            print("RDKit is not installed. Remedy: run `make install`.", file=sys.stderr)
            return 1
        return {"check": molecule_check, "import": molecule_import}[options.what](options)
    try:
        inputs = load(ROOT, options.configfile)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    commands = {"check": check, "estimate": estimate, "status": status, "report": report}
    if options.command in ("clean", "archive"):
        from workflow import housekeeping

        commands = {"clean": housekeeping.run_clean, "archive": housekeeping.run_archive}
    return commands[options.command](inputs, options)


def check(inputs: Inputs, options: argparse.Namespace) -> int:
    """Tell every problem of inputs and programs without running anything; the plan when there is none."""
    threads = threads_per_run(inputs, options.cores)
    found = estimates(inputs, options.directory / "work", threads)
    problems = [*surroundings(inputs, options.directory), *shortage(inputs, options.directory, found)]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    print(announcement(inputs, found, options.cores, threads))
    print(speed_remark(find_gmx()))
    for name in inputs.config.systems:
        composition = inputs.compositions[name]
        counts = ", ".join(f"{count} {molecule}" for molecule, count in composition.counts)
        edge_nm = composition.predicted_volume_nm3 ** (1 / 3)
        print(f"  {name}: {counts}; electrolyte alone about {edge_nm:.2f} nm wide")
    if not options.configfile:
        left_out = sorted({path.stem for path in (ROOT / "systems").glob("*.yaml")} - set(inputs.config.systems))
        print(f"  note: not under `systems:` of config.yaml, so not run: {', '.join(left_out) or 'none'}")
    print("All inputs are in order.")
    return 0


def estimate(inputs: Inputs, options: argparse.Namespace) -> int:
    """Measure how fast the configured systems run here, some seconds each, and tell the plan with those speeds."""
    threads = threads_per_run(inputs, options.cores)
    runs = len(inputs.config.systems) * inputs.config.replicas
    try:
        measure(inputs, options.directory / "work", threads, max(1, min(options.cores // threads, runs)), print)
    except (GromacsError, PackingError) as error:
        print(error, file=sys.stderr)
        return 1
    found = estimates(inputs, options.directory / "work", threads)
    print(announcement(inputs, found, options.cores, threads))
    print(speed_remark(find_gmx()))
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
            print(_status_line(inputs, system, replica, folder, by_run.get((system, replica))))
    report_page = results / "report.html"
    print(f"report: {report_page if report_page.is_file() else 'not written yet'}")
    return 0


def _status_line(inputs: Inputs, system: str, replica: int, folder: Path, progress: Progress | None) -> str:
    name = f"[{system} r{replica}]"
    failure, manifest = folder / FAILURE_FILE, folder / "run.json"
    if progress is not None and progress.state == "running" and is_alive(progress):
        return f"{progress.line()} (told {duration(time.time() - progress.updated_s)} ago)"
    if failure.is_file():
        return f"{name} failed: {failure.read_text(encoding='utf-8').strip()}"
    if manifest.is_file():
        return f"{name} {_finished(inputs, system, replica, manifest)}"
    waiting = _waiting(folder, progress)
    if progress is None or waiting:
        return f"{name} {waiting or 'not started'}"
    where = f" at {progress.done_ps:.0f} of {progress.asked_ps:.0f} ps" if progress.asked_ps else ""
    return f"{name} stopped in stage {progress.stage}{where}, {duration(time.time() - progress.updated_s)} ago"


def _waiting(folder: Path, progress: Progress | None) -> str | None:
    """Tell which finished step a run rests on while none of its jobs has a core, or None."""
    stage = progress.stage if progress else ""
    if (folder / "equilibrated.gro").is_file() and stage != "production":
        return "equilibrated; production waits for a free core or the next start"
    if (folder / "packed.gro").is_file() and stage in ("", "packing", "chain conformers"):
        return "packed; equilibration waits for a free core or the next start"
    return None


def _finished(inputs: Inputs, system: str, replica: int, manifest: Path) -> str:
    """Tell what a finished run holds, and whether that is what is configured now."""
    run = json.loads(manifest.read_text(encoding="utf-8"))
    done_ns, asked_ns = run["production_ns_done"], inputs.config.lengths.production_ns
    if run["hashes"]["production"] != identity(inputs, system, replica, "production"):
        return f"finished with an earlier configuration ({done_ns:g} ns of production); to be run again"
    if done_ns < asked_ns * (1 - 1e-9):
        return f"finished: {done_ns:g} of the {asked_ns:g} ns of production that are configured now"
    return f"finished: {done_ns:g} ns of production"


def report(inputs: Inputs, options: argparse.Namespace) -> int:
    """Write report.html from the results that exist now."""
    results = options.directory / inputs.config.results
    if not any(any(results.glob(f"*/r*/{name}")) for name in ("run.json", FAILURE_FILE)):
        print(
            f"{results}: nothing has run yet, so there is nothing to report. Remedy: run `snakemake`, or measure a "
            "trajectory of your own: ./sheath describe --help",
            file=sys.stderr,
        )
        return 1
    write_expected(inputs, results)
    (results / LOCK_NAME).touch()  # by this file a folder is known to hold results
    return _analysis("report", str(results), "--systems", *inputs.config.systems,
                     "--replicas", str(inputs.config.replicas), "--expected", str(expected_file(results)),
                     "--out", str(results / "report.html"))  # fmt: skip


def report_runs(options: argparse.Namespace) -> int:
    """Measure the runs of some run.json, from anywhere, and write a report about them."""
    if not (options.runs and options.out):
        print(
            "A report about runs from elsewhere needs both: ./sheath report run.json... -o report.html", file=sys.stderr
        )
        return 2
    work = ["--work", str(options.work)] if options.work else []
    cores = ["--processes", str(options.processes)]
    return _analysis("report-runs", *map(str, options.runs), "--out", str(options.out), *cores, *work)


def _analysis(*arguments: str) -> int:
    """Run a command of the analysis, in a process of its own, which also gets the user's Ctrl-C and tells it."""
    with subprocess.Popen([sys.executable, "-P", "-m", "analysis", *arguments]) as process:
        with suppress(KeyboardInterrupt):
            return process.wait()
        try:
            process.wait(INTERRUPT_S)
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            process.kill()
    return 130


def molecule_check(options: argparse.Namespace) -> int:
    """Audit molecules' folders, those of the force field when none is named; 1 when one has an error."""
    from workflow.audit.check import check_folders
    from workflow.inputs.parameter_sets import all_folders

    known = all_folders(ROOT)
    named = [folder if folder.exists() else known.get(folder.as_posix(), folder) for folder in options.folders]
    folders = named or list(known.values())
    findings = check_folders(ROOT, folders)
    print("".join(f"{line}\n" for line in findings.lines()), end="")
    n_errors, n_warnings = len(findings.errors.found), len(findings.warnings.found)
    plural = "" if len(folders) == 1 else "s"
    print(f"{len(folders)} molecule{plural} checked: {n_errors} errors, {n_warnings} warnings.")
    return 1 if n_errors else 0


def molecule_import(options: argparse.Namespace) -> int:
    """Make a molecule's folder from a LigParGen pair and audit it; 1 when that cannot be done or finds an error."""
    from workflow.audit.new_molecule import Wanted, import_pair
    from workflow.inputs.problems import Problems

    fields = ("name", "kind", "smiles", "title", "status", "licence", "density_kg_per_m3", "density_source")
    given = {field: getattr(options, field) for field in fields if getattr(options, field) is not None}
    problems = Problems(ROOT)
    done = import_pair(ROOT, options.itp, options.gro, Wanted(sources=tuple(options.source), **given), problems)
    if done is None:
        print("".join(f"error: {one.text(ROOT)}\n" for one in problems.found) + "Nothing was written.")
        return 1
    folder, told = done
    print("\n".join(told))
    options.folders = [folder]
    return molecule_check(options)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sheath", description="Li electrolytes, from YAML to report.html")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, text in (
        ("check", "check the inputs; tell the plan and its time"),
        ("estimate", "measure for some seconds how fast the systems run here; tell how long all of it takes"),
        ("status", "show what runs"),
        ("clean", "tell what of the work folders may go and how much it frees, ask, and delete it"),
        ("archive", "put what a paper's repository needs into one .tar.gz with the hash of every file"),
        (
            "report",
            "write the report from what exists, or about runs from elsewhere: report run.json... -o report.html; "
            "a system without a base among them is compared with the first one given, runs of one system are replicas",
        ),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--configfile", type=Path, action="append", default=[], help="overlay on config.yaml, e.g. preview.yaml"
        )
        command.add_argument("--directory", type=Path, default=Path(), help="where results/ and work/ are")
        command.add_argument("--cores", type=int, default=_available_cores(), help="cores to plan with")
        _options_of(name, command)
    commands.add_parser("describe", help="write the run.json of any trajectory; --help tells more", add_help=False)
    _molecule_options(commands.add_parser("molecule", help="check molecules, or import a new one"))
    return parser.parse_args(arguments)


def _options_of(name: str, command: argparse.ArgumentParser) -> None:
    """Add the options that only one or two of the commands have."""
    if name in ("clean", "archive"):
        command.add_argument("--trajectories", action="store_true", help="the trajectories too")
    if name == "clean":
        command.add_argument("--yes", action="store_true", help="delete without asking")
    if name == "archive":
        command.add_argument("out", type=Path, metavar="NAME.tar.gz", help="file to write")
    if name == "report":
        command.add_argument("runs", type=Path, nargs="*", metavar="run.json", help="runs that `describe` described")
        command.add_argument("-o", "--out", type=Path, metavar="report.html", help="with run.json: file to write")
        command.add_argument("--work", type=Path, help="with run.json: folder for what was read and measured")
        command.add_argument(
            "--processes", type=int, default=_available_cores(), help="with run.json: cores to use (all of them)"
        )


def _molecule_options(molecule: argparse.ArgumentParser) -> None:
    what = molecule.add_subparsers(dest="what", required=True, metavar="what")
    text = "audit molecules' folders: structure, names, charges, and whether each number is of the right size"
    check = what.add_parser("check", help=text, description=text)
    check.add_argument("folders", type=Path, nargs="*", help="folders or names; all molecules when none is given")
    text = "make a molecule's folder from the .itp and .gro that LigParGen wrote, and audit it"
    new = what.add_parser("import", help=text, description=text)
    new.add_argument("itp", type=Path)
    new.add_argument("gro", type=Path)
    new.add_argument("--name", required=True, help="one to five letters, digits, _ and -")
    new.add_argument("--kind", required=True, help="solvent, anion or cation")
    new.add_argument("--smiles", required=True, help="in quotes")
    new.add_argument("--source", action="append", required=True, help="key in references.bib; may be given again")
    new.add_argument("--title", help="the molecule's full name")
    new.add_argument("--status", help="literature, derived or provisional (the default)")
    new.add_argument("--licence", help="under which the parameters may be passed on")
    new.add_argument("--density", dest="density_kg_per_m3", type=float, help="of the pure liquid, kg/m3")
    new.add_argument("--density-source", help="key in references.bib")


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # `./sheath check | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
