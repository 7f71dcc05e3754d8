"""Runs from anywhere, measured and reported: each run.json into a folder of results like the workflow's."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import analysis
from analysis.comparison_files import compare_folder
from analysis.observe import observe
from analysis.pool import pool_folders
from analysis.read import Progress, load_reading, read
from analysis.report import build
from analysis.run import RunError, load_run

FAILURE_FILE = "failure.txt"
_MARK = ".sheath-runs"
_KEY_FILE = "reading.key"
_FILE_KEYS = ("structure", "energy", "equilibration_energy", "vapour_energy")


@dataclass(frozen=True)
class Place:
    """One run: the run.json given, and its replica's folder in the results."""

    run_json: Path
    system: str
    folder: Path


def report_runs(
    run_files: Sequence[Path],
    out: Path,
    work: Path,
    progress: Callable[[str], Progress] = lambda name: lambda done, total: None,
) -> list[str]:
    """Measure every run, pool the replicas of each system, compare systems with their base, write the report.

    Runs of one system with different replica numbers are its replicas; they are counted anew from 1, in order.
    A trajectory is read again only when its files, its run.json or the code that reads it have changed. A run
    that cannot be measured is told in the report and does not stop the others.

    Args:
        run_files: run.json files, as `describe` or the workflow writes them.
        out: the HTML file.
        work: folder for what was read and measured, one folder per system; made when it is not there.
        progress: name of a run -> callback of frames done and in all.

    Returns:
        One line for each run that could not be measured and for each observable that failed.

    Raises:
        RunError: no run.json can be used; two are of one system and replica; `work` is another folder.
    """
    places = _places(run_files, work)
    _own(work)
    failures: list[str] = []
    for place in places:
        failures += _measure(place, progress)
    systems = list(dict.fromkeys(place.system for place in places))
    for system in systems:
        _pool(system, [place.folder for place in places if place.system == system], work / system)
    replicas = max(int(place.folder.name[1:]) for place in places)
    compare_folder(work, systems, replicas, work / "comparisons.csv")
    build(work, systems, replicas, out)
    return failures


def _places(run_files: Sequence[Path], work: Path) -> list[Place]:
    """Return where each run goes; every run.json is checked before anything is measured."""
    found: dict[tuple[str, int], Path] = {}
    for path in run_files:
        run = load_run(path)
        other = found.setdefault((run.system, run.replica), path)
        if other != path:
            raise RunError(
                f"{path} and {other}: both are replica {run.replica} of {run.system}. Remedy: describe one of them "
                "with --replica 2, or with another --system when it is another liquid"
            )
    systems = dict.fromkeys(system for system, _ in found)
    return [
        Place(found[system, replica], system, work / system / f"r{number}")
        for system in systems
        for number, replica in enumerate(sorted(r for name, r in found if name == system), start=1)
    ]


def _own(work: Path) -> None:
    """Make the folder, or make sure that it is one of ours."""
    if work.exists() and not (work.is_dir() and ((work / _MARK).is_file() or not any(work.iterdir()))):
        raise RunError(
            f"{work}: exists and was not written by this command; it is left as it is. Remedy: --work FOLDER"
        )
    work.mkdir(parents=True, exist_ok=True)
    (work / _MARK).touch()


def _measure(place: Place, progress: Callable[[str], Progress]) -> list[str]:
    """Read one run, unless that was done, and compute its observables; return what failed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    failure, observables = place.folder / FAILURE_FILE, place.folder / "observables"
    failure.unlink(missing_ok=True)
    document = _moved(place)
    copy = place.folder / "run.json"
    copy.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    try:
        run = load_run(copy)
        key, key_file, reading = _key(document), place.folder / _KEY_FILE, place.folder / "reading"
        if not (key_file.is_file() and key_file.read_text(encoding="utf-8") == key and reading.is_dir()):
            key_file.unlink(missing_ok=True)
            read(run, reading, progress(f"{run.system} r{run.replica}"))
            key_file.write_text(key, encoding="utf-8")
        failed = observe(run, load_reading(reading), observables)
        return [f"{place.run_json}: observable {text}" for text in failed]
    except (RunError, OSError) as error:
        shutil.rmtree(observables, ignore_errors=True)
        failure.write_text(f"analysis: {error}\n", encoding="utf-8")
        return [f"{place.run_json}: {error}"]


def _pool(system: str, replicas: Sequence[Path], folder: Path) -> None:
    """Pool the replicas of a system that could be measured; what an earlier call left of others is removed."""
    for stale in set(folder.glob("r*")) - set(replicas):
        shutil.rmtree(stale)
    measured = [replica / "observables" for replica in replicas if (replica / "observables").is_dir()]
    if measured:
        pool_folders(measured, system, folder / "observables")
    else:
        shutil.rmtree(folder / "observables", ignore_errors=True)


def _moved(place: Place) -> dict[str, Any]:
    """Return a run.json whose files are named by whole paths, with the replica's number in the report."""
    document: dict[str, Any] = json.loads(place.run_json.read_text(encoding="utf-8"))
    folder = place.run_json.resolve().parent
    for key in _FILE_KEYS:
        if document.get(key):
            document[key] = str(folder / document[key])
    for key in ("trajectory", "viscosity_energies"):
        value = document.get(key)
        if isinstance(value, list):
            document[key] = [str(folder / one) for one in value]
        elif value:
            document[key] = str(folder / value)
    return document | {"replica": int(place.folder.name[1:])}


def _key(document: Mapping[str, Any]) -> str:
    """Return what a reading rests on: the description, size and time of the files, and the code that reads.

    All modules of the analysis count as code that reads, but not the observables and the report.
    """
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    trajectory = document["trajectory"]
    parts = trajectory if isinstance(trajectory, list) else [trajectory]
    for name in [document["structure"], *parts, *([document["energy"]] if document.get("energy") else [])]:
        state = Path(name).stat() if Path(name).is_file() else None
        digest.update(f"{name} {state.st_size} {state.st_mtime_ns}".encode() if state else b"missing")
    for path in sorted(Path(analysis.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
