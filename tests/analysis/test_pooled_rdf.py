"""Peak and minimum of the replicas' g(r) together: nearer to the truth than the mean of what single runs show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analysis.observables.rdf import Curve, _curve_rows, _feature_rows
from analysis.pool import pool
from analysis.pooled_rdf import pooled_features
from analysis.table import frame, row
from analysis.turning_points import peak_at
from tests.analysis.moving_ions import is_honest, normal_deviates

FloatArray = NDArray[np.float64]
LABEL = "Li-O(G)"
EDGES_NM: FloatArray = np.arange(0, 401, dtype=np.float64) * 0.002
SHELLS_NM3 = 4 / 3 * np.pi * np.diff(EDGES_NM**3)
R_NM = (EDGES_NM[1:] + EDGES_NM[:-1]) / 2
# A first shell at 0.2 nm, a second at 0.45 nm, and nothing below.
G = (
    3.0 * np.exp(-(((R_NM - 0.2) / 0.02) ** 2) / 2)
    + 1.4 * np.exp(-(((R_NM - 0.45) / 0.06) ** 2) / 2)
    + 1 / (1 + np.exp(-(R_NM - 0.40) / 0.05))
)


def tables(counts: NDArray[Any], per_nm3: float) -> Iterator[pd.DataFrame]:
    """What `rdf` writes of replicas with these counts in five parts each, (replicas, parts, bins)."""
    for replica, own in enumerate(counts, start=1):
        parts = len(own)
        curve = Curve(own, np.full(parts, per_nm3 / parts), np.full(parts, 100.0), EDGES_NM)
        alike = np.zeros((parts, 4, 0), dtype=np.int64)
        rows = _curve_rows(LABEL, curve, alike) + _feature_rows(LABEL, curve, alike, None, "")
        yield frame(rows, system="s", replica=replica)


def counts_of(per_bin: FloatArray) -> NDArray[np.int64]:
    """Five parts with what is expected in each bin, but for rounding."""
    return np.broadcast_to(np.round(per_bin * SHELLS_NM3), (5, R_NM.size)).astype(np.int64)


def without_noise() -> list[pd.DataFrame]:
    return list(tables(np.broadcast_to(counts_of(G * 1e9), (3, 5, R_NM.size)), 5e9))


def noisy(seed: int, replicas: int, per_nm3: float) -> list[pd.DataFrame]:
    rng = np.random.default_rng(seed)
    return list(tables(rng.poisson(G * SHELLS_NM3 * per_nm3 / 5, size=(replicas, 5, R_NM.size)), per_nm3))


def feature(table: pd.DataFrame, quantity: str) -> dict[str, Any]:
    (found,) = table[table["quantity"] == quantity].to_dict("records")
    return {str(name): value for name, value in found.items()}


def test_replicas_without_noise_give_what_each_of_them_gives() -> None:
    exact = without_noise()
    pooled = pool(exact, "s")
    assert feature(pooled, "first_peak")["value"] == pytest.approx(0.2, abs=2e-4)
    # bins of 0.004 nm in place of 0.002 nm
    own = feature(exact[0], "first_minimum")["value"]
    assert feature(pooled, "first_minimum")["value"] == pytest.approx(own, abs=0.002)
    assert feature(pooled, "first_minimum")["error"] == pytest.approx(0.002)
    assert feature(pooled, "first_minimum")["n"] == 3


def test_two_noisy_replicas_have_the_minimum_of_their_common_g() -> None:
    """Of few counts, where a single run often shows no minimum or one far out: off by 0.01 nm r.m.s., not by 0.1."""
    together, apart = [], []
    for seed in range(60):
        runs = noisy(seed, 2, 1500.0)
        together.append(feature(pool(runs, "s"), "first_minimum")["value"])
        apart.append(np.nanmean([feature(one, "first_minimum")["value"] for one in runs]))
    errors = [math.sqrt(np.nanmean((np.array(found) - 0.268) ** 2)) for found in (together, apart)]
    assert np.isfinite(together).all()
    assert errors[0] < 0.01 and 5 * errors[0] < errors[1]


def test_a_replica_without_a_minimum_still_counts() -> None:
    first, second = noisy(3, 2, 3000.0)
    features = second["quantity"].isin(["first_peak", "first_minimum"])
    second.loc[features, ["value", "error"]] = math.nan
    second.loc[features, "note"] = "no peak stands out"
    found = feature(pool([first, second], "s"), "first_minimum")
    own = feature(first, "first_minimum")
    assert found["n"] == 2 and found["value"] != own["value"] and found["error"] == own["error"]
    assert "r2: no peak stands out" in found["note"] and "in the g(r) of 2 replicas together" in found["note"]
    assert found["note"].count("there") == 1, "the g at the minimum of one run is not that of the mean"


def test_noise_of_two_replicas_is_no_peak() -> None:
    rng = np.random.default_rng(1)
    flat = list(tables(rng.poisson(SHELLS_NM3 * 1000.0, size=(2, 5, R_NM.size)), 5000.0))
    for quantity in ("first_peak", "first_minimum"):
        found = feature(pool(flat, "s"), quantity)
        assert math.isnan(found["value"]) and found["note"] == "no peak stands out; in the g(r) of 2 replicas together"


def test_noise_of_cations_that_are_listed_is_no_peak() -> None:
    """Errors that rest on parts and 12 cations: 100 pools of two gases, with up to a tenth of noise in a bin."""
    false = 0
    for seed in range(100):
        rng, runs = np.random.default_rng(seed), []
        for replica in (1, 2):
            counts = rng.poisson(SHELLS_NM3 * 3000.0 / 12, size=(5, 12, R_NM.size))
            counts[..., R_NM < 0.1] = 0
            curve = Curve(counts.sum(axis=1), np.full(5, 3000.0), np.full(5, 100.0), EDGES_NM)
            runs.append(frame(_curve_rows(LABEL, curve, counts), system="s", replica=replica))
        joined = pd.concat(runs, ignore_index=True)
        false += sum(
            math.isfinite(found.position) for quantity, *_, found in pooled_features(joined) if quantity == "first_peak"
        )
    assert false <= 1


@pytest.mark.parametrize("error_nm", [0.09, 2.6])
def test_a_place_with_a_wide_interval_is_not_resolved(monkeypatch: pytest.MonkeyPatch, error_nm: float) -> None:
    monkeypatch.setattr("analysis.observables.rdf._place_error", lambda *of: error_nm)
    found = feature(next(tables(counts_of(G * 1e9)[None], 5e9)), "first_peak")
    assert math.isfinite(found["value"]) is (error_nm < 0.1)
    assert found["note"] == ("" if error_nm < 0.1 else "not resolved: its half-width would be 2.6 nm")
    monkeypatch.setattr("analysis.pooled_rdf._jackknife", lambda places: error_nm)
    for found in (feature(pool(without_noise(), "s"), name) for name in ("first_peak", "first_minimum")):
        assert math.isfinite(found["value"]) is (error_nm < 0.1)
        assert found["note"].startswith("not resolved") is (error_nm > 0.1)


@pytest.mark.filterwarnings("error")
def test_a_curve_without_a_peak_where_one_is_sought_gives_no_warning() -> None:
    falling = np.linspace(2.0, 1.0, 50)
    assert peak_at(falling, 20).first == 0


def test_tables_without_curves_keep_their_mean() -> None:
    runs = [frame([row("first_peak", LABEL, r, "nm", 0.01)], system="s", replica=i) for i, r in ((1, 0.2), (2, 0.3))]
    assert pool(runs, "s")["value"].tolist() == [0.25]


@pytest.mark.slow
def test_the_jackknife_of_five_replicas_is_honest() -> None:
    """200 repeats against what runs without noise give."""
    found = [pool(noisy(seed, 5, 10000.0), "s") for seed in range(200)]
    peak, minimum = (
        np.array([[feature(one, quantity)[name] for name in ("value", "error")] for one in found])
        for quantity in ("first_peak", "first_minimum")
    )
    exact = pool(without_noise(), "s")
    for found_of_one, quantity in ((peak, "first_peak"), (minimum, "first_minimum")):
        z = normal_deviates(found_of_one[:, 0] - feature(exact, quantity)["value"], found_of_one[:, 1], 4)
        assert is_honest(z), (quantity, z.std(ddof=1), z.mean())


@pytest.mark.parametrize("per_nm3", [3000.0, 10000.0, 100000.0])
def test_the_errors_of_a_single_run_are_honest(per_nm3: float) -> None:
    """200 repeats from few counts, the peak of height 3 known to 0.3, to many."""
    exact, found = without_noise()[0], [noisy(seed, 1, per_nm3)[0] for seed in range(200)]
    for quantity, truth in (("first_peak", 0.2), ("first_minimum", 0.269)):
        known = feature(exact, quantity)["value"]
        assert abs(known - truth) < 0.002
        values, errors = np.array([[feature(one, quantity)[name] for name in ("value", "error")] for one in found]).T
        kept = np.isfinite(errors) & (np.abs(values - known) < 0.05)  # the first peak may be missed altogether
        assert kept.sum() >= 196
        z = normal_deviates(values[kept] - known, errors[kept], 4)
        assert is_honest(z), (quantity, z.std(ddof=1), z.mean())


def shifted(by_nm: float) -> FloatArray:
    return np.asarray(np.interp(R_NM - by_nm, R_NM, G))


def test_the_errors_of_frozen_shells_are_those_of_the_cations() -> None:
    """Every cation has its own nearest distance for ever: 200 repeats of 16 cations, their places 0.008 nm apart."""
    n, norm = 16, 1e5
    curve = Curve(np.zeros((5, R_NM.size), dtype=np.int64), np.full(5, norm), np.full(5, 100.0), EDGES_NM)
    grid = np.linspace(-4, 4, 161)
    mean = np.average([shifted(0.008 * x) for x in grid], axis=0, weights=np.exp(-(grid**2) / 2))
    alike = np.zeros((5, n, 0), dtype=np.int64)
    exact = _feature_rows(LABEL, replace(curve, counts=counts_of(mean * norm)), alike, None, "")
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        expected = np.array([shifted(0.008 * rng.normal()) for _ in range(n)])
        counts = rng.poisson(expected * SHELLS_NM3 * norm / n, size=(5, n, R_NM.size))
        rows = _feature_rows(LABEL, replace(curve, counts=counts.sum(axis=1)), counts, None, "")
        found.append([(own["value"] - true["value"], own["error"]) for own, true in zip(rows, exact, strict=True)])
    for deviation, error in np.array(found).transpose(1, 2, 0):
        z = normal_deviates(deviation, error, n - 1)
        assert is_honest(z), (z.std(ddof=1), z.mean())
