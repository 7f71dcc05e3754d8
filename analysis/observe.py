"""All observables of one run: finds where it is stationary, then computes every file of observables/."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from analysis import observables, stationarity
from analysis.read import Reading
from analysis.run import Run
from analysis.table import FAILED, Row, frame, row, write_csv
from analysis.workers import Died, Done, run_all

Compute = Callable[[Run, Reading, int], list[Row]]
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
    names = list(observables)
    if processes < 2:
        return _tables(run, reading, start_frame, observables, folder)
    shares = [{name: observables[name] for name in names[first::processes]} for first in range(processes)]
    done = run_all([partial(_share, run, reading, start_frame, share, folder) for share in shares], lambda steps: None)
    return sorted(line for share, found in zip(shares, done, strict=True) for line in _told(share, found))


def _share(
    run: Run, reading: Reading, start_frame: int, observables: Mapping[str, Compute], folder: Path, done: Done
) -> list[str]:
    return _tables(run, reading, start_frame, observables, folder)


def _told(share: Mapping[str, Compute], found: list[str] | Died) -> list[str]:
    """Return the lines of one process, or that it died (the system may take back memory in this way)."""
    return [f"{', '.join(share)}: the process ended unexpectedly"] if isinstance(found, Died) else found


def _tables(
    run: Run, reading: Reading, start_frame: int, observables: Mapping[str, Compute], folder: Path
) -> list[str]:
    failures = []
    for name, compute in observables.items():
        path = folder / f"{name}.csv"
        try:
            rows = compute(run, reading, start_frame)
        # Whatever goes wrong in one observable, the others are still wanted; the caller reports it.
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            failures.append(f"{name}: {reason}")
            failed = [row(FAILED, name, math.nan, "1", note=reason)]
            write_csv(frame(failed, system=run.system, replica=run.replica), path)
            continue
        _write(run, rows, path)
    return failures


def _write(run: Run, rows: Sequence[Row], path: Path) -> None:
    """Write rows as one table; in a preview every row says so."""
    marked = [mark_preview(entry) for entry in rows] if run.preview else rows
    write_csv(frame(marked, system=run.system, replica=run.replica), path)


def mark_preview(entry: Row) -> Row:
    """Return the row with a note that says it is from a preview."""
    note = str(entry["note"])
    if PREVIEW_NOTE in note:
        return entry
    return {**entry, "note": f"{PREVIEW_NOTE}; {note}" if note else PREVIEW_NOTE}
