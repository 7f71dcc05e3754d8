"""A computed value against the measured one that a run's system names."""

from __future__ import annotations

import math

from analysis.run import Published, Run
from analysis.table import Row, row

SAME_TEMPERATURE_K = 0.5
"""A value measured further away from the run's temperature is not compared."""
DEVIATION = "deviation_from_experiment"
"""Quantity of the rows that say by how much a value misses experiment; the label is the quantity that is compared."""


def measured(run: Run, quantity: str) -> Published | None:
    """Return the measured value of a quantity of this very liquid at its temperature, or None."""
    for one in run.published:
        away_K = 0.0 if math.isnan(one.temperature_K) else abs(one.temperature_K - run.temperature_K)
        if one.quantity == quantity and not one.other_composition and away_K <= SAME_TEMPERATURE_K:
            return one
    return None


def deviation_rows(run: Run, computed: Row) -> list[Row]:
    """Return the row of the deviation of a computed value in percent, or none when there is nothing to compare with.

    Its error is the computed value's alone; the measurement's own uncertainty stands in run.json.
    """
    found = measured(run, str(computed["quantity"]))
    if found is None or found.unit != computed["unit"]:
        return []
    percent = 100.0 / found.value
    value, error = percent * (computed["value"] - found.value), abs(percent) * computed["error"]
    return [row(DEVIATION, str(computed["quantity"]), value, "%", error, note=str(computed["note"]))]
