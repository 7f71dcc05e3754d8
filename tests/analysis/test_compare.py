"""Computed values beside measured ones: deviation, target, verdict."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.compare import comparisons, judged
from analysis.experiment import deviation_rows, measured
from analysis.run import Run
from analysis.run_schema import Published
from analysis.table import Row, row
from tests.analysis.report.synthetic import pooled
from tests.analysis.test_thermodynamics import make_run

DENSITY = Published("density", 1000.0, "kg/m^3", "liquidbenchmark", 5.0, math.nan, False, "")


def run_with(**changes: Any) -> Run:
    return replace(make_run(Path()), published=(replace(DENSITY, **changes),))


def test_a_deviation_is_in_percent_of_the_measured_value() -> None:
    computed = row("density", "", 1020.0, "kg/m^3", 4.0, note="preview")
    (found,) = deviation_rows(run_with(), computed)
    assert (found["value"], found["error"], found["unit"]) == (pytest.approx(2.0), pytest.approx(0.4), "%")
    assert (found["label"], found["note"]) == ("density", "preview")
    assert deviation_rows(run_with(), row("volume", "", 1.0, "nm^3")) == []


def test_only_what_was_measured_on_this_liquid_at_this_temperature_is_compared() -> None:
    assert measured(run_with(temperature_K=298.4), "density") is not None
    assert measured(run_with(temperature_K=313.0), "density") is None
    assert measured(run_with(other_composition=True), "density") is None
    assert deviation_rows(run_with(unit="g/mL"), row("density", "", 1020.0, "kg/m^3", 4.0)) == []


@pytest.mark.parametrize(
    ("deviation", "error", "target", "met"),
    [
        (1.0, 0.3, 1.5, "yes"), (-1.0, 0.3, 1.5, "yes"), (2.0, 0.3, 1.5, "no"), (-2.0, 0.3, 1.5, "no"),
        (1.4, 0.3, 1.5, "undecided"), (-1.7, 0.3, 1.5, "undecided"), (0.0, 2.0, 1.5, "undecided"),
        (1.0, math.nan, 1.5, "not judged"), (math.nan, 1.0, 1.5, "not judged"),
    ],
)  # fmt: skip
def test_a_target_is_met_missed_or_undecided(deviation: float, error: float, target: float, met: str) -> None:
    assert judged(deviation, error, target) == met


def tables(*rows: Row) -> list[pd.DataFrame]:
    return [pooled(rows, "s")]


def document(**changes: Any) -> dict[str, Any]:
    entry = {"quantity": "density", "value": 1000.0, "unit": "kg/m^3", "source": "x", "uncertainty": 1.0}
    return {"preview": False, "published": [entry | changes]}


DENSITY_ROWS = (row("density", "", 1020.0, "kg/m^3", 4.0), row("deviation_from_experiment", "density", 2.0, "%", 0.4))


def test_a_comparison_joins_tables_and_measured_value() -> None:
    (found,) = comparisons(document(), tables(*DENSITY_ROWS))
    assert (found.value, found.error, found.measured, found.uncertainty) == (1020.0, 4.0, 1000.0, 1.0)
    assert (found.deviation_percent, found.target_percent, found.met) == (2.0, 1.5, "no")
    assert not found.informative


def test_the_uncertainty_of_the_measurement_can_leave_it_undecided() -> None:
    (found,) = comparisons(document(uncertainty=6.0), tables(*DENSITY_ROWS))
    assert found.met == "undecided"


def test_no_verdict_on_a_preview_and_no_line_without_a_deviation() -> None:
    (found,) = comparisons(document() | {"preview": True}, tables(*DENSITY_ROWS))
    assert found.met == "preview: not judged"
    assert comparisons(document(), tables(DENSITY_ROWS[0])) == []
    assert comparisons(document(other_composition=True), tables(*DENSITY_ROWS)) == []
    assert comparisons({}, tables(*DENSITY_ROWS)) == []
