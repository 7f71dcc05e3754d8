"""The one table shape of all observables: tidy rows with unit and uncertainty as columns.

`error` is always the half-width of the 95 % confidence interval. A value of NaN means "not determined"
and the reason stands in `note`. Scalars have no x (NaN, written as an empty field).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

Row = dict[str, Any]

_SHARED = ["quantity", "label", "x", "x_unit", "value", "unit", "error", "note", "system"]
COLUMNS = [*_SHARED, "replica"]
"""Columns of the table of one run."""
POOLED_COLUMNS = [*_SHARED, "n"]
"""Columns of a table pooled over replicas; n counts the replicas behind a value."""
FAILED = "failed"
"""Quantity of the one row of a table that could not be made; the label is the observable, the note the reason."""
PREVIEW_MARK = r"^preview(?:; |$)"
"""Pattern of the mark with which the notes of a preview begin."""
TEXT_COLUMNS = ["quantity", "label", "x_unit", "unit", "note", "system"]
_NUMBER_COLUMNS = ["x", "value", "error"]


def row(
    quantity: str,
    label: str,
    value: float,
    unit: str,
    error: float = math.nan,
    x: float = math.nan,
    x_unit: str = "",
    note: str = "",
) -> Row:
    """Return one row without system and replica, which `frame` adds.

    Args:
        quantity: what is measured, e.g. "cn"; species never stand here but in `label`.
        label: of which species or pair, e.g. "Li-O(DME)".
        value: the value in `unit`; NaN when not determined, with the reason in `note`.
        unit: unit of value and error ("1" when dimensionless).
        error: half-width of the 95 % confidence interval, in `unit`; NaN when unknown.
        x: abscissa of a curve in `x_unit`; NaN for scalars.
        x_unit: unit of x, empty for scalars.
        note: reason or remark, free text on one line.
    """
    return {
        "quantity": quantity,
        "label": label,
        "x": float(x),
        "x_unit": x_unit,
        "value": float(value),
        "unit": unit,
        "error": float(error),
        "note": " ".join(note.split()),
    }


def join_notes(*notes: str) -> str:
    """Return the notes that say anything as one."""
    return "; ".join(note for note in notes if note)


def frame(rows: Sequence[Row], *, system: str, replica: int) -> pd.DataFrame:
    """Return the rows of one run as a table with the columns `COLUMNS`."""
    table = pd.DataFrame(list(rows), columns=_SHARED[:-1])
    table["system"] = system
    table["replica"] = replica
    for column in _NUMBER_COLUMNS:
        table[column] = table[column].astype(float)
    for column in TEXT_COLUMNS:
        table[column] = table[column].astype(str)
    return table[COLUMNS]


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV with 9 significant digits; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    table.to_csv(partial, index=False, float_format="%.9g", na_rep="")
    partial.replace(path)


def write_rows(rows: Sequence[Row], path: Path, *, system: str, replica: int) -> None:
    """Write the rows of one run as `write_csv` writes `frame` of them, without the table in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for entry in rows:
            x, value, error = ("" if math.isnan(entry[name]) else f"{entry[name]:.9g}" for name in _NUMBER_COLUMNS)
            texts = entry["quantity"], entry["label"], x, entry["x_unit"], value, entry["unit"], error, entry["note"]
            writer.writerow([*texts, system, replica])
    partial.replace(path)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table written by `write_csv`; empty numbers are NaN, empty texts are "".

    Raises:
        ValueError: when the columns are neither `COLUMNS` nor `POOLED_COLUMNS`.
    """
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(TEXT_COLUMNS, str) | dict.fromkeys(_NUMBER_COLUMNS, float),
        keep_default_na=False,
        na_values={column: [""] for column in _NUMBER_COLUMNS},
    )
    if list(table.columns) not in (COLUMNS, POOLED_COLUMNS):
        raise ValueError(f"{path}: not a table of this project (columns {', '.join(table.columns)})")
    return table
