"""What replicas know only as a bound, what some of them do not list, and what never varies in any."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from analysis.comparison import compare
from analysis.pool import pool
from analysis.replica_errors import UNVARIED
from analysis.table import Row, frame, row

PLATEAU, NONE = "10 segments, integral up to 50 ps", "lower bound: the integral has no plateau; 10 segments"
UPPER = "upper bound: that viscosity is a lower bound"


def tables(*replicas: list[Row], system: str = "s") -> list[pd.DataFrame]:
    return [frame(rows, system=system, replica=number) for number, rows in enumerate(replicas, start=1)]


def pooled_row(*replicas: list[Row], quantity: str, label: str = "") -> dict[str, Any]:
    pooled = pool(tables(*replicas), "s")
    (found,) = pooled[(pooled["quantity"] == quantity) & (pooled["label"] == label)].to_dict("records")
    return {str(name): value for name, value in found.items()}


def viscosity(value: float, note: str = PLATEAU) -> list[Row]:
    deviation = [row("deviation_from_experiment", "viscosity", 100 * (value / 2 - 1), "%", 5.0)]
    return [row("viscosity", "", value, "mPa s", 0.1, note=note), *(deviation if note == PLATEAU else [])]


def test_a_mean_with_a_bound_in_it_is_a_bound() -> None:
    replicas = viscosity(3.0), viscosity(3.1), viscosity(1.0, NONE)
    found = pooled_row(*replicas, quantity="viscosity")
    assert found["value"] == pytest.approx(7.1 / 3) and found["n"] == 3
    assert found["note"].startswith(f"lower bound in 1 of 3 replicas; r1+r2: {PLATEAU}; r3: {NONE}")
    deviation = pooled_row(*replicas, quantity="deviation_from_experiment", label="viscosity")
    assert math.isnan(deviation["value"]) and math.isnan(deviation["error"]) and deviation["n"] == 0
    assert deviation["note"] == "the value is a lower bound in 1 of 3 replicas"


def test_bounds_of_all_replicas_and_of_none() -> None:
    most = pooled_row(viscosity(1.0, NONE), viscosity(9.0, NONE), quantity="viscosity")
    assert most["value"] == 9.0 and math.isnan(most["error"]) and "equilibrated" not in most["note"]
    least = pooled_row(corrected(1.9, UPPER), corrected(1.3, UPPER), quantity="D_infinite", label="Li")
    assert least["value"] == 1.3 and math.isnan(least["error"])
    assert pooled_row(viscosity(3.0), viscosity(3.1), quantity="viscosity")["note"] == PLATEAU
    assert pooled_row(viscosity(1.0, NONE), quantity="viscosity")["note"] == NONE
    alike = pooled_row(viscosity(1.0, NONE), viscosity(1.05, NONE), quantity="viscosity")
    assert alike["note"] == NONE
    unlike = pooled_row(viscosity(1.0, NONE), viscosity(1.05, f"{NONE} and 3"), quantity="viscosity")
    assert unlike["note"] == f"lower bound in 2 of 2 replicas; r1: {NONE}; r2: {NONE} and 3"


def test_the_longest_time_that_a_replica_can_tell_is_the_bound() -> None:
    times = [[row("residence_lower_bound_continuous", "Li-DME", time, "ps", 0.1)] for time in (5.0, 8.0, 6.0)]
    found = pooled_row(*times, quantity="residence_lower_bound_continuous", label="Li-DME")
    assert found["value"] == 8.0 and math.isnan(found["error"]) and found["note"] == "largest in r2"


@pytest.mark.parametrize("quantity", ["conductivity", "conductivity_ne", "transference_apparent"])
def test_a_conductivity_that_some_replicas_lack_is_none(quantity: str) -> None:
    lacking = [row(quantity, "", math.nan, "mS/cm", note="not converged: error 40 % of the value")]
    known = [row(quantity, "", 5.0, "mS/cm", 0.1), row("deviation_from_experiment", quantity, 20.0, "%", 2.0)]
    found = pooled_row(known, lacking, known, quantity=quantity)
    assert math.isnan(found["value"]) and found["note"].endswith("in 2 of 3 replicas: r2: " + lacking[0]["note"])
    assert math.isnan(pooled_row(known, lacking, quantity="deviation_from_experiment", label=quantity)["value"])


def corrected(value: float, note: str = "viscosity 3 ± 0.1 mPa s") -> list[Row]:
    return [row("D", "Li", 1.0, "D", 0.1), row("D_infinite", "Li", value, "D", 0.1, note=note)]


def test_a_corrected_coefficient_follows_the_viscosity() -> None:
    bound = f"{UPPER}; viscosity 1 ± 0.1 mPa s"
    found = pooled_row(corrected(1.3), corrected(1.3), corrected(1.9, bound), quantity="D_infinite", label="Li")
    assert found["value"] == pytest.approx(1.5)
    assert found["note"].startswith("upper bound in 1 of 3 replicas; ")
    lacking = corrected(math.nan, "needs the viscosity of this force field")
    some = pooled_row(corrected(1.3), lacking, corrected(1.3), quantity="D_infinite", label="Li")
    assert math.isnan(some["value"]) and some["n"] == 0
    assert some["note"] == "corrected in 2 of 3 replicas: r2: needs the viscosity of this force field"
    assert pooled_row(corrected(1.3), lacking, corrected(1.3), quantity="D", label="Li")["value"] == 1.0


@pytest.mark.parametrize(("make", "word"), [(viscosity, "lower bound"), (corrected, "upper bound")])
def test_a_bound_is_not_compared(make: Callable[..., list[Row]], word: str) -> None:
    note = NONE if word.startswith("lower") else UPPER
    mine = pd.concat(tables(make(3.0), make(3.1), make(1.0, note), system="b"))
    others = pd.concat(tables(make(3.0), make(3.2), make(3.1), system="a"))
    found = compare(mine, others, about="variant")
    (judged,) = found[found["quantity"].isin(["viscosity", "D_infinite"])].to_dict("records")
    assert judged["judged"] == "not compared" and math.isnan(judged["value"])
    assert judged["note"] == f"b: {'an upper' if word.startswith('upper') else 'a lower'} bound in 1 of 3 runs"


def distribution(shares: Mapping[int, float], label: str = "Li-O(DME)", error: float = math.nan) -> list[Row]:
    return [row("cn_probability", label, share, "1", error, n, "1") for n, share in shares.items()]


def test_a_number_of_neighbours_that_one_replica_never_had_is_zero_there() -> None:
    """One replica of three has 13 neighbours in a tenth of its frames: P(13) is a thirtieth, and all add up to 1."""
    usual = distribution({0: 0.0, 11: 0.25, 12: 0.75}, error=0.1)
    other = distribution({0: 0.0, 11: 0.2, 12: 0.7, 13: 0.1}, error=0.1)
    pooled = pool(tables(usual, other, usual), "s")
    assert pooled["value"].sum() == pytest.approx(1.0)
    assert pooled["n"].tolist() == [3] * 4 and pooled["x"].tolist() == [0, 11, 12, 13]
    assert pooled["value"].iloc[-1] == pytest.approx(0.1 / 3)
    assert pooled["error"].iloc[-1] == pytest.approx(4.302653 * 0.1 / math.sqrt(3) / math.sqrt(3), rel=1e-4)


def test_a_replica_without_any_of_a_distribution_has_not_measured_it() -> None:
    failed = [row("failed", "coordination", math.nan, "1", note="MemoryError")]
    pooled = pool(tables(distribution({0: 0.5, 1: 0.5}), failed, distribution({0: 0.25, 1: 0.5, 2: 0.25})), "s")
    shares = pooled[pooled["quantity"] == "cn_probability"]
    assert shares["n"].tolist() == [2, 2, 2] and shares["value"].sum() == pytest.approx(1.0)
    two = distribution({0: 1.0}, "Li-N(TFSI)")
    labels = pool(tables([*distribution({0: 0.5, 1: 0.5}), *two], distribution({0: 0.5, 1: 0.5})), "s")
    assert labels[labels["label"] == "Li-N(TFSI)"]["n"].tolist() == [1]


def test_zeros_of_a_preview_say_that_they_are_of_one() -> None:
    rows = [one | {"note": "preview"} for one in distribution({0: 0.5, 1: 0.5})]
    pooled = pool(tables(rows, rows[:1]), "s")
    assert pooled["note"].tolist() == [f"preview; {UNVARIED}", "preview"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 1.0])
@pytest.mark.parametrize("error", [0.0, math.nan])
def test_a_share_that_is_the_same_in_all_replicas_is_not_exact(share: float, error: float) -> None:
    """Each cation always, or never, in contact, and as many of them in every replica: nothing tells an error."""
    found = pooled_row(*[[row("holder", "Li-anion", share, "1", error)]] * 3, quantity="holder", label="Li-anion")
    assert found["value"] == pytest.approx(share) and math.isnan(found["error"])
    assert found["note"] == UNVARIED
    alone = pooled_row([row("holder", "Li-anion", share, "1", 0.2)], quantity="holder", label="Li-anion")
    assert (alone["error"], alone["note"]) == (0.2, "")
