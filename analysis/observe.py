"""All observables of one run: finds where it is stationary, then computes every file of observables/."""

from __future__ import annotations

import importlib
import inspect
import math
import multiprocessing
import pkgutil
from collections.abc import Callable, Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from analysis import observables, stationarity
from analysis.read import Reading
from analysis.run import Run
from analysis.table import FAILED, Row, read_csv, row, write_rows
from analysis.workers import Died, Done, run_all

Compute = Callable[[Run, Reading, int], list[Row]]
Observable = tuple[str, Compute]
PREVIEW_NOTE = "preview"


def find_observables() -> dict[str, Compute]:
    """Return name -> compute of every module in analysis/observables, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(observables.__path__))
    return {name: importlib.import_module(f"{observables.__name__}.{name}").compute for name in names}


def observe(run: Run, reading: Reading, folder: Path, processes: int = 1) -> list[str]:
    """Write `<observable>.csv` for every observable and stationarity.csv into `folder`, on so many cores.

    An observable that fails does not stop the others, nor what comes after: its table has one row, quantity
    FAILED, the observable as label, no value and the reason as note.

    Returns:
        One line for each observable that failed.
    """
    start_frame, rows = stationarity.find_start(run, reading)
    _write(run, rows, folder / "stationarity.csv")
    observables = find_observables()
    if processes < 2:
        return [line for one in observables.items() for line in _table(run, reading, start_frame, one, folder)]
    taken = multiprocessing.Value("i", 0)

    def share(done: Done) -> dict[str, list[str]]:
        told = {}
        while (one := _next(list(observables.items()), taken)) is not None:
            told[one[0]] = _table(run, reading, start_frame, one, folder)
        return told

    for name in observables:
        (folder / f"{name}.csv").unlink(missing_ok=True)
    told: dict[str, list[str]] = {}
    for found in run_all([share] * processes, lambda steps: None):
        told |= {} if isinstance(found, Died) else found
    return [line for name in observables for line in (told[name] if name in told else _left(run, name, folder))]


def _next(observables: Sequence[Observable], taken: Synchronized[int]) -> Observable | None:
    """Return the first observable that no process has taken, and take it; None when all are."""
    with taken.get_lock():
        number = taken.value
        taken.value = number + 1
    return observables[number] if number < len(observables) else None


def _table(run: Run, reading: Reading, start_frame: int, observable: Observable, folder: Path) -> list[str]:
    """Write the table of one observable; return what failed, at most one line."""
    name, compute = observable
    if reading.unknown_boundary and getattr(inspect.getmodule(compute), "NEEDS_POSITIONS", True):
        # A note of the reading tells the reason, once for all of them.
        _write(run, [], folder / f"{name}.csv")
        return []
    try:
        rows = compute(run, reading, start_frame)
    # Whatever goes wrong in one observable, the others are still wanted; the caller reports it.
    except Exception as error:
        return _failed(run, name, " ".join(f"{type(error).__name__}: {error}".split()), folder)
    _write(run, rows, folder / f"{name}.csv")
    return []


def _left(run: Run, name: str, folder: Path) -> list[str]:
    """Return what failed of an observable whose process died (the system takes back memory in this way)."""
    path = folder / f"{name}.csv"
    if not path.is_file():
        return _failed(run, name, "its process ended unexpectedly", folder)
    table = read_csv(path)
    return [f"{name}: {note}" for note in table.loc[table["quantity"] == FAILED, "note"]]


def _failed(run: Run, name: str, reason: str, folder: Path) -> list[str]:
    failed = [row(FAILED, name, math.nan, "1", note=reason)]
    write_rows(failed, folder / f"{name}.csv", system=run.system, replica=run.replica)
    return [f"{name}: {reason}"]


def _write(run: Run, rows: Sequence[Row], path: Path) -> None:
    """Write rows as one table; in a preview every row says so."""
    marked = [mark_preview(entry) for entry in rows] if run.preview else rows
    write_rows(marked, path, system=run.system, replica=run.replica)


def mark_preview(entry: Row) -> Row:
    """Return the row with a note that says it is from a preview."""
    note = str(entry["note"])
    if PREVIEW_NOTE in note:
        return entry
    return {**entry, "note": f"{PREVIEW_NOTE}; {note}" if note else PREVIEW_NOTE}
