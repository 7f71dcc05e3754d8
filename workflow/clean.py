"""`./sheath clean`: what of the work folders may go, how much it frees, and its removal.

A work folder is known by its name, a hash, and by the progress.json in it, which names its run. Nothing else is
touched: no link, no folder of another results folder's runs, nothing that somebody works in, and none that a
configured run still needs. Results are hard links: what they hold stays when its work folder goes.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from os import stat_result
from pathlib import Path

from workflow import owner
from workflow.inputs import Inputs, identity
from workflow.job import RunJob
from workflow.progress import Progress
from workflow.scripts.produce import work_folder
from workflow.workfolder import PROGRESS_FILE

PRODUCTION = "production"  # begins the names of its files
FOLDER_NAME = re.compile(r"[0-9a-f]{16}")
STEPS = "steps of finished runs: their results stay, and production can still be made longer"
OTHERS = "steps of runs that this configuration does not ask for"
TRAJECTORIES = "trajectories that no results hold: of another configuration, or never finished"


@dataclass(frozen=True)
class Removable:
    """A work folder that may go, why, and the bytes that this frees: files that have a name elsewhere stay."""

    folder: Path
    run: str
    why: str
    bytes: int


def removable(inputs: Inputs, directory: Path) -> tuple[list[Removable], list[str]]:
    """Return what may go, and the folders that are in use, each with its user."""
    results = directory / inputs.config.results
    known = {(found.st_dev, found.st_ino) for path in _published(results) if (found := _regular(path)) is not None}
    may_go, used = [], []
    for folder in sorted(_folders(directory / "work")):
        progress = _progress(folder)
        if progress is None or progress.results != inputs.config.results:
            continue
        why = _why(inputs, directory, folder, progress, known)
        if why is None:
            continue
        name = f"{progress.system} r{progress.replica}"
        if (user := in_use(folder)) is not None:
            used.append(f"{folder} ({name}): {user}")
        else:
            may_go.append(Removable(folder, name, why, _bytes(folder)))
    return may_go, used


def remove(one: Removable) -> bool:
    """Remove a work folder; False when somebody began to work in it since it was looked at."""
    lock = one.folder / "lock"
    if _progress(one.folder) is None or (lock.is_symlink() or (lock.exists() and _regular(lock) is None)):
        return False
    with lock.open("a+") as handle:
        if owner.user_of(handle, one.folder / PROGRESS_FILE) is not None:
            return False
        shutil.rmtree(one.folder)  # does not follow links
    return True


def in_use(folder: Path) -> str | None:
    """Return who works in a folder, or None."""
    lock = folder / "lock"
    if _regular(lock) is None:
        return None
    with lock.open("a+") as handle:
        return owner.user_of(handle, folder / PROGRESS_FILE)


def _folders(root: Path) -> Iterator[Path]:
    """Yield the work folders below a root that are real folders of ours by name."""
    if root.is_dir():
        yield from (path for path in root.iterdir() if FOLDER_NAME.fullmatch(path.name) and _is_folder(path))


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def _regular(path: Path) -> stat_result | None:
    """Return what is known of a file; None for a link, a folder or nothing."""
    with suppress(OSError):
        found = path.lstat()
        return found if stat.S_ISREG(found.st_mode) else None
    return None


def _progress(folder: Path) -> Progress | None:
    """Return what a work folder tells of its run; None when it is not one of ours."""
    path = folder / PROGRESS_FILE
    if not _is_folder(folder) or _regular(path) is None:
        return None
    try:
        found = Progress(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # what stands beside the run itself, its vapour and its viscosity, follows the name of the system
    return found if isinstance(found.system, str) and isinstance(found.replica, int) else None


def _published(results: Path) -> Iterator[Path]:
    """Yield the files of the replicas' folders, where finished work is linked to."""
    for pattern in ("*/r*/*", "*/r*/vapour/*", "*/r*/viscosity/*"):
        yield from results.glob(pattern)


def _files(folder: Path) -> Iterator[stat_result]:
    for path in folder.rglob("*"):
        if (found := _regular(path)) is not None:
            yield found


def _bytes(folder: Path) -> int:
    return sum(found.st_blocks * 512 for found in _files(folder) if found.st_nlink == 1)


def _why(inputs: Inputs, directory: Path, folder: Path, progress: Progress, known: set[tuple[int, int]]) -> str | None:
    """Return why a work folder may go, or None when it is needed."""
    system, replica = progress.system.partition(" ")[0], progress.replica
    published = any((found.st_dev, found.st_ino) in known for found in _files(folder))
    configured = system in inputs.systems and 1 <= replica <= inputs.config.replicas
    if any(folder.glob(f"{PRODUCTION}*")):
        if published or (configured and _is_current(inputs, directory, system, replica, folder)):
            return None
        return TRAJECTORIES
    if not configured:
        return OTHERS
    return STEPS if published and _is_finished(inputs, directory, system, replica) else None


def _is_current(inputs: Inputs, directory: Path, system: str, replica: int, folder: Path) -> bool:
    """Tell whether this is where the production of a configured run goes on; without its start nobody knows."""
    out = directory / inputs.config.results / system / f"r{replica}"
    try:
        return work_folder(RunJob(inputs, system, replica, out, folder.parent, 1)).name == folder.name
    except OSError:
        return True


def _is_finished(inputs: Inputs, directory: Path, system: str, replica: int) -> bool:
    path = directory / inputs.config.results / system / f"r{replica}" / "run.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        done = run["production_ns_done"] >= inputs.config.lengths.production_ns * (1 - 1e-9)
        return bool(done and run["hashes"]["production"] == identity(inputs, system, replica, "production"))
    except (OSError, ValueError, LookupError, TypeError):
        return False
