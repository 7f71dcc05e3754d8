"""All observables of one run: finds where it is stationary, then computes every file of observables/."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis import observables, stationarity
from analysis.read import Reading
from analysis.run import Run
from analysis.table import FAILED, Row, frame, row, write_csv

Compute = Callable[[Run, Reading, int], list[Row]]
PREVIEW_NOTE = "preview"


def find_observables() -> dict[str, Compute]:
    """Return name -> compute of every module in analysis/observables, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(observables.__path__))
    return {name: importlib.import_module(f"{observables.__name__}.{name}").compute for name in names}


def observe(run: Run, reading: Reading, folder: Path) -> list[str]:
    """Write `<observable>.csv` for every observable and stationarity.csv into `folder`.

    An observable that fails does not stop the others, nor what comes after: its table has one row, quantity
    FAILED, the observable as label, no value and the reason as note.

    Returns:
        One line for each observable that failed.
    """
    start_frame, rows = stationarity.find_start(run, reading)
    _write(run, rows, folder / "stationarity.csv")
    failures = []
    for name, compute in find_observables().items():
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
