"""How much longer: the time and the replicas that are named do bring the error down to a tenth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.sampling import TARGET, needed
from analysis.statistics import half_width_95


def test_four_times_the_time_halves_the_error() -> None:
    found = needed(10.0, 2.0, 1, 5.0)
    assert found.relative == 0.2 and not found.reached
    assert found.run_ns == pytest.approx(20.0) and found.replicas == 4


def test_an_error_below_the_target_needs_nothing() -> None:
    assert needed(-10.0, 0.9, 3, 5.0).reached
    assert needed(10.0, 1.0, 1, 5.0).reached


def test_replicas_also_lower_students_t() -> None:
    """Three replicas with a scatter of 10 %: t(2) = 4.3 falls with their number, so that far fewer than 6.2 x 3 do."""
    error = float(stats.t.ppf(0.975, 2)) * 0.1 / math.sqrt(3)
    found = needed(1.0, error, 3, 10.0)
    assert found.replicas is not None and 3 < found.replicas < 3 * (error / TARGET) ** 2

    def reached(m: int) -> float:
        return float(stats.t.ppf(0.975, m - 1)) * 0.1 / math.sqrt(m)

    assert reached(found.replicas) <= TARGET < reached(found.replicas - 1)


def test_the_time_that_is_named_reaches_the_target() -> None:
    """Runs of independent numbers, as long as is named: the error is a tenth of the value, on average of 200."""
    rng = np.random.default_rng(2)

    def error(length: int) -> float:
        return float(np.sqrt(np.mean([half_width_95(rng.normal(1, 4, length)) ** 2 for _ in range(200)])))

    short = error(400)
    found = needed(1.0, short, 1, 0.4)
    assert short > 2 * TARGET
    assert error(round(found.run_ns * 1000)) == pytest.approx(TARGET, rel=0.05)


@pytest.mark.parametrize(
    ("value", "error", "note"),
    [
        (math.nan, 1.0, "not determined"),
        (1.0, math.nan, "no error is known"),
        (0.5, 0.6, "not distinguishable from zero"),
        (0.0, 0.0, "not distinguishable from zero"),
    ],
)
def test_where_nothing_can_be_said(value: float, error: float, note: str) -> None:
    found = needed(value, error, 3, 10.0)
    assert found.note == note and not found.reached and found.replicas is None and math.isnan(found.run_ns)


def test_a_hopeless_error_names_no_number_of_replicas() -> None:
    assert needed(1.0, 0.99, 1, math.nan).replicas == 99
    assert needed(1.0, 0.999, 2, 1.0).replicas is not None
    tiny = needed(1.0, 0.5, 1, math.nan)
    assert math.isnan(tiny.run_ns) and tiny.replicas == 25
