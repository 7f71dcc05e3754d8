"""How much longer: the time and the replicas that are named do bring the error down to a tenth."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.pool import pool
from analysis.sampling import BETWEEN, NEEDED_COLUMNS, TARGET, WITHIN, needed, needs
from analysis.statistics import half_width_95
from analysis.table import frame, row


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


def test_errors_within_the_runs_do_not_get_students_t_back() -> None:
    """Nine times as many runs have a third of the error of three, when it is from within them."""
    assert needed(1.0, 0.3, 3, 10.0, between=False).replicas == 27
    several = needed(1.0, 0.3, 3, 10.0).replicas
    assert several is not None and several < 27
    assert needed(1.0, 0.9, 20, 1.0, between=False).replicas is None


@pytest.mark.parametrize("within", [True, False])
def test_the_replicas_that_are_named_reach_the_target(within: bool) -> None:
    """Pooled as many runs as are named: the error is a tenth of the value, on average of 40 repeats."""
    rng = np.random.default_rng(3)

    def error(n: int) -> float:
        def once() -> float:
            values, own = (np.ones(n), 0.6) if within else (rng.normal(1, 0.3, n), 0.0)
            tables = [frame([row("cn", "", v, "1", own)], system="s", replica=i) for i, v in enumerate(values)]
            return float(pool(tables, "s")["error"].iloc[0]) ** 2

        return math.sqrt(float(np.mean([once() for _ in range(1 if within else 40)])))

    found = needed(1.0, error(4), 4, 1.0, between=not within)
    assert found.replicas is not None
    assert error(found.replicas) == pytest.approx(TARGET, rel=0.1) and error(4) > 2 * TARGET


def test_every_compared_number_with_an_error_is_told_and_what_its_error_is_from() -> None:
    """cn: replicas that scatter; holder: replicas with large errors; D: none; a curve of two lags; none of the rest."""
    tables = [
        frame(
            [
                row("cn", "Li-O(G)", cn, "1", 0.01),
                row("holder", "Li-solvent", 0.5, "1", 0.3),
                row("D", "Li", math.nan, "D", note="subdiffusive"),
                row("D_bound", "Li", 1.0, "D", 0.5, 100.0, "ps"),
                row("D_bound", "Li", 1.0, "D", 0.2, 1000.0, "ps"),
                row("box_edge_min", "", 3.0, "nm"),
                row("cn_band", "Li-O(G)", 2.0, "1", 0.1, 0.3, "nm"),
            ],
            system="s",
            replica=replica,
        )
        for replica, cn in ((1, 3.0), (2, 4.0), (3, 5.0))
    ]
    found = needs(pool(tables, "s"), pd.concat(tables), 10.0)
    assert list(found.columns) == NEEDED_COLUMNS
    labels = ["Li-O(G)", "Li-solvent", "Li, 100 ps", "Li, 1000 ps"]
    assert found["label"].tolist() == labels
    assert found["error_from"].tolist() == [BETWEEN, WITHIN, WITHIN, WITHIN]
    holder = found.iloc[1]
    assert holder["error"] == pytest.approx(0.3 / math.sqrt(3)) and holder["needed_replicas"] == 36
    assert holder["needed_ns"] == pytest.approx(10.0 * (holder["relative"] / TARGET) ** 2) == pytest.approx(120.0)


def test_nothing_is_said_of_a_bound() -> None:
    rows = [row("viscosity", "", 2.0, "mPa s", 1.0, note="lower bound: no plateau"), row("cn", "Li-O", 2.0, "1", 1.0)]
    replicas = frame(rows, system="s", replica=1)
    pooled = replicas.drop(columns="replica").assign(n=1)
    assert needs(pooled, replicas, 1.0)["quantity"].tolist() == ["cn"]
