"""Runs from anywhere, measured and reported: each run.json into a folder of results like the workflow's."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import analysis
from analysis.comparison_files import compare_folder
from analysis.observe import observe
from analysis.pool import pool_folders
from analysis.read import Progress, Reading, load_reading, read
from analysis.report import build
from analysis.report.given import check_alike, check_distinct, check_folder, check_name, check_outside, check_page
from analysis.run import Run, RunError, load_run
from analysis.snapshot import write_snapshot
from analysis.units import PS_PER_NS

FAILURE_FILE = "failure.txt"
_MARK = ".sheath-runs"
_KEY_FILE = "reading.key"
_FILE_KEYS = ("structure", "energy", "equilibration_energy", "vapour_energy")


@dataclass(frozen=True)
class Place:
    """One run: its run.json, its replica's folder in the results, and what it is compared with for want of a base."""

    run_json: Path
    system: str
    folder: Path
    beside: str | None = None


def report_runs(
    run_files: Sequence[Path],
    out: Path,
    work: Path,
    progress: Callable[[str], Progress] = lambda name: lambda done, total: None,
    processes: int = 1,
) -> list[str]:
    """Measure every run, pool the replicas of each system, compare the systems, write the report.

    Runs of one system with different replica numbers are its replicas; they are counted anew from 1, in order. A system
    is compared with its base; one that names none of the systems, and is no base itself, with the first one given.
    A trajectory is read again only when its files, its run.json or the code that reads it have changed. A run
    that cannot be measured is told in the report and does not stop the others.

    Args:
        run_files: run.json files, as `describe` or the workflow writes them.
        out: the HTML file.
        work: folder for what was read and measured, one folder per system; made when it is not there.
        progress: name of a run -> callback of frames done and in all.
        processes: cores that read and measure a run; the runs follow each other.

    Returns:
        One line for each run that could not be measured and for each observable that failed.

    Raises:
        RunError: no run.json can be used; two are of one system and replica, of one system and unlike, or of one
            system and the same trajectory; `out` or `work` are somebody else's, or cannot be written; files are gone
            from which `out` was made.
    """
    check_page(out)
    places = _places(run_files, work)
    _check_kept(places, out)
    _own(work)
    failures: list[str] = []
    for place in places:
        failures += _measure(place, progress, processes)
    systems = list(dict.fromkeys(place.system for place in places))
    for system in systems:
        _pool(system, [place.folder for place in places if place.system == system], work / system)
    replicas = Counter(place.system for place in places)
    compare_folder(work, systems, max(replicas.values()), work / "comparisons.csv")
    build(work, systems, replicas, out)
    return failures


def _places(run_files: Sequence[Path], work: Path) -> list[Place]:
    """Return where each run goes; every run.json is checked before anything is measured."""
    found: dict[tuple[str, int], Path] = {}
    bases: dict[str, str | None] = {}
    alike: dict[str, list[tuple[Path, Run]]] = {}
    for path in run_files:
        run = load_run(path)
        check_name(run, path)
        check_outside(run, path, work)
        alike.setdefault(run.system, []).append((path, run))
        bases.setdefault(run.system, run.base)
        other = found.setdefault((run.system, run.replica), path)
        if other != path:
            raise RunError(
                f"{path} and {other}: both are replica {run.replica} of {run.system}. Remedy: describe one of them "
                "with --replica 2, or with another --system when it is another liquid"
            )
    for runs in alike.values():
        check_alike(runs)
        check_distinct(runs)
    first = next(iter(bases))
    # the first, and what another one extends, stand for themselves
    unrelated = {one for one, base in bases.items() if base not in bases} - {first, *bases.values()}
    return [
        Place(found[system, replica], system, work / system / f"r{number}", first if system in unrelated else None)
        for system in bases
        for number, replica in enumerate(sorted(r for name, r in found if name == system), start=1)
    ]


def _check_kept(places: Sequence[Place], out: Path) -> None:
    """Raise when a report would be replaced by one that lacks a run, as its files are gone since it was measured."""
    for place in places if out.is_file() else ():
        document = _moved(place)
        gone = [name for name in _trajectory_files(document) if not Path(name).is_file()]
        if gone and (place.folder / "observables").is_dir():
            raise RunError(
                f"{gone[0]}: there is no such file any more. {out}, which was measured from it, and what was measured "
                f"are left as they are. Remedy: put it back, leave {place.run_json} out, or name another page with -o"
            )


def _trajectory_files(document: Mapping[str, Any]) -> list[str]:
    """Return the structure and the parts of the trajectory."""
    trajectory = document["trajectory"]
    return [document["structure"], *(trajectory if isinstance(trajectory, list) else [trajectory])]


def _own(work: Path) -> None:
    """Make the folder, or make sure that it is one of ours."""
    if work.exists() and not (work.is_dir() and ((work / _MARK).is_file() or not any(work.iterdir()))):
        raise RunError(
            f"{work}: exists and was not written by this command; it is left as it is. Remedy: --work FOLDER"
        )
    check_folder(work, "--work")
    work.mkdir(parents=True, exist_ok=True)
    (work / _MARK).touch()


def _measure(place: Place, progress: Callable[[str], Progress], processes: int) -> list[str]:
    """Read one run, unless that was done, and compute its observables; return what failed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    failure, observables = place.folder / FAILURE_FILE, place.folder / "observables"
    failure.unlink(missing_ok=True)
    document = _moved(place)
    copy = place.folder / "run.json"
    _write(document, copy)
    try:
        run = load_run(copy)
        key, key_file, reading = _key(document), place.folder / _KEY_FILE, place.folder / "reading"
        if not (key_file.is_file() and key_file.read_text(encoding="utf-8") == key and reading.is_dir()):
            key_file.unlink(missing_ok=True)
            read(run, reading, progress(f"{run.system} r{run.replica}"), processes)
            key_file.write_text(key, encoding="utf-8")
        found = load_reading(reading)
        failed = observe(run, found, observables, processes)
        write_snapshot(run, found, place.folder / "snapshot")
        _write(document | _analysed(document, found), copy)
        return [f"{place.run_json}: observable {text}" for text in failed]
    except (RunError, OSError) as error:
        shutil.rmtree(observables, ignore_errors=True)
        failure.write_text(f"analysis: {error}\n", encoding="utf-8")
        return [f"{place.run_json}: {error}"]


def _write(document: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _analysed(document: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Return what was read of a run: `analysed`, and the length in the place of the one that run.json tells.

    The length of a trajectory that is cut, or joined with a gap, is not that of what its numbers are from.
    """
    first_ps, last_ps = float(reading.time_ps[0]), float(reading.time_ps[-1])
    length_ns, said_ns = (last_ps - first_ps) / PS_PER_NS, document.get("production_ns_done")
    whole = said_ns is not None and abs(said_ns - length_ns) < 1.5 * reading.interval_ps / PS_PER_NS
    return {
        "production_ns": document.get("production_ns") or said_ns,
        "production_ns_done": said_ns if whole else round(length_ns, 9),
        "frame_interval_ps": document.get("frame_interval_ps") or round(reading.interval_ps, 6),
        "analysed": {"frames": reading.n_frames, "first_ps": first_ps, "last_ps": last_ps},
    }


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
    if document.get("production_ns") == document.get("production_ns_done") and not document.get("hashes"):
        document.pop("production_ns", None)  # the length that was found, not one that was asked for: all is read
    return document | {"replica": int(place.folder.name[1:]), "compared_with": place.beside}


def _key(document: Mapping[str, Any]) -> str:
    """Return what a reading rests on: the description, size and time of the files, and the code that reads.

    The code is analysis/read.py and all that it imports: an edited observable reads nothing again.
    """
    described = {key: value for key, value in document.items() if key != "compared_with"}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name in [*_trajectory_files(document), *([document["energy"]] if document.get("energy") else [])]:
        state = Path(name).stat() if Path(name).is_file() else None
        digest.update(f"{name} {state.st_size} {state.st_mtime_ns}".encode() if state else b"missing")
    for path in _reading_code(Path(analysis.__file__).parent):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _reading_code(package: Path) -> list[Path]:
    """Return the files of read.py and of all modules of the package that it imports, at any depth, sorted."""
    wanted, found = [package / "read.py"], set[Path]()
    while wanted:
        path = wanted.pop()
        if path not in found and path.is_file():
            found.add(path)
            names = _imported(ast.parse(path.read_text(encoding="utf-8")))
            own = [name.split(".")[1:] for name in names if name.startswith(f"{analysis.__name__}.")]
            wanted.extend(package.joinpath(*name).with_suffix(".py") for name in own)
    return sorted(found)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
