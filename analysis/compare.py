"""Computed values against experiment: deviation, target, and whether it is met; from pooled tables and run.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.experiment import DEVIATION

TARGET_PERCENT = {"density": 1.5, "heat_of_vaporisation": 5.0, "dielectric_constant": 30.0}
"""Largest deviation from experiment that a liquid's force field may have, in percent."""
INFORMATIVE = ("dielectric_constant",)
"""Quantities whose target is an expectation: charges without polarisation cannot be held to it."""


@dataclass(frozen=True)
class Comparison:
    """One quantity of one liquid beside its measured value.

    error, uncertainty and deviation_error are half-widths of 95 % intervals, NaN when unknown; deviation_error is the
    computed value's alone. met is "yes", "no", "undecided" (the target lies within the errors of both) or the reason
    why nobody judged.
    """

    quantity: str
    unit: str
    value: float
    error: float
    note: str
    measured: float
    uncertainty: float
    source: str
    remark: str
    deviation_percent: float
    deviation_error: float
    target_percent: float
    met: str

    @property
    def informative(self) -> bool:
        """Whether the target is an expectation only."""
        return self.quantity in INFORMATIVE


def comparisons(run: Mapping[str, Any], tables: Sequence[pd.DataFrame]) -> list[Comparison]:
    """Return what can be compared of one system, in the order of its published values.

    `run` is a run.json as read, `tables` its pooled tables. A value that was not determined has NaN and its reason.
    """
    found = []
    for entry in run.get("published") or ():
        deviation = _scalar(tables, DEVIATION, str(entry["quantity"]))
        computed = _scalar(tables, str(entry["quantity"]), "")
        if deviation is not None and computed is not None and not entry.get("other_composition"):
            found.append(_comparison(entry, computed, deviation, bool(run.get("preview"))))
    return found


def _scalar(tables: Sequence[pd.DataFrame], quantity: str, label: str) -> dict[str, Any] | None:
    for table in tables:
        rows = table[(table["quantity"] == quantity) & (table["label"] == label) & table["x"].isna()]
        if len(rows):
            return {str(name): value for name, value in rows.iloc[0].items()}
    return None


def _comparison(
    entry: Mapping[str, Any], computed: Mapping[str, Any], deviation: Mapping[str, Any], preview: bool
) -> Comparison:
    uncertainty = math.nan if entry.get("uncertainty") is None else float(entry["uncertainty"])
    target = TARGET_PERCENT.get(str(entry["quantity"]), math.nan)
    both = math.hypot(
        float(deviation["error"]), 100.0 * (0.0 if math.isnan(uncertainty) else uncertainty) / entry["value"]
    )
    return Comparison(
        quantity=str(entry["quantity"]),
        unit=str(entry["unit"]),
        value=float(computed["value"]),
        error=float(computed["error"]),
        note=str(computed["note"]),
        measured=float(entry["value"]),
        uncertainty=uncertainty,
        source=str(entry["source"]),
        remark=str(entry.get("note") or ""),
        deviation_percent=float(deviation["value"]),
        deviation_error=float(deviation["error"]),
        target_percent=target,
        met="preview: not judged" if preview else judged(float(deviation["value"]), both, target),
    )


def judged(deviation: float, error: float, target: float) -> str:
    """Return "yes" or "no" when |deviation| stays on one side of the target within its error, else "undecided".

    NaN anywhere: "not judged", an error being needed for a judgement.
    """
    if not all(map(math.isfinite, (deviation, error, target))):
        return "not judged"
    if abs(abs(deviation) - target) <= error:
        return "undecided"
    return "yes" if abs(deviation) < target else "no"
