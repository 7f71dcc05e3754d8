"""Diffusion coefficients of walkers whose D is known, and the refusal of one where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analysis.einstein import Criteria, Diffusion, estimate, exponent, gls_slope_weights, overlap_covariance
from analysis.msd import fft_msd, log_spaced_lags, msd_curve
from analysis.observables.diffusion import compute, species_rows
from analysis.read import Reading
from analysis.run import Run, Species
from analysis.table import Row
from tests.ideal_systems import (
    ballistic_particles,
    brownian_walkers,
    caged_walkers,
    ornstein_uhlenbeck,
    paired_walkers,
)

D = 1e-3  # nm^2/ps


def diffusion_of(positions: NDArray[np.float64], interval_ps: float = 1.0) -> Diffusion:
    curve = msd_curve(positions, log_spaced_lags(len(positions)), interval_ps)
    return estimate(positions, interval_ps, curve, Criteria())


def by_quantity(rows: list[Row], quantity: str) -> list[Row]:
    return [one for one in rows if one["quantity"] == quantity]


def coverage(make: Callable[[int], NDArray[np.float64]], n: int, d: float = D) -> tuple[float, float, float]:
    """Share of walks with a D, share of these whose interval has the truth, quoted over true standard error."""
    fits = [result.fit for result in (diffusion_of(make(seed)) for seed in range(n)) if result.fit]
    found = np.array([(fit.d_nm2_per_ps, fit.half_width) for fit in fits])
    inside = float(np.mean(np.abs(found[:, 0] - d) <= found[:, 1]))
    ratio = float(found[:, 1].mean() / 1.96 / found[:, 0].std(ddof=1))
    return len(fits) / n, inside, ratio


@pytest.mark.slow
def test_intervals_of_free_walkers_are_honest() -> None:
    share, inside, ratio = coverage(lambda seed: brownian_walkers(1000, 40, D, 1.0, seed), 200)
    assert share >= 0.97
    assert 0.90 <= inside <= 0.99
    assert 0.8 <= ratio <= 1.3


@pytest.mark.slow
def test_intervals_of_walkers_in_moving_cages_are_honest() -> None:
    share, inside, ratio = coverage(lambda seed: caged_walkers(3000, 30, D, 0.1, 20.0, 1.0, seed), 100)
    assert share >= 0.9
    assert 0.88 <= inside <= 1.0
    assert 0.8 <= ratio <= 1.5


@pytest.mark.slow
def test_walkers_in_pairs_are_the_known_limit() -> None:
    """Half as many independent molecules: a single run cannot know, its interval is sqrt(2) too narrow, not more."""
    share, inside, _ = coverage(lambda seed: paired_walkers(1000, 20, D, 1.0, seed), 100)
    assert share >= 0.9
    assert 0.75 <= inside <= 0.95


def test_units() -> None:
    """1e-3 nm^2/ps = 1e-9 m^2/s = 10 x 1e-10 m^2/s."""
    rows = species_rows("Li", brownian_walkers(4000, 60, D, 1.0, seed=5), 1.0, preview=False)
    (found,) = by_quantity(rows, "D")
    assert found["unit"] == "1e-10 m^2/s"
    assert abs(found["value"] - 10.0) <= 2 * found["error"]
    assert found["error"] < 0.5
    assert found["note"].startswith("window ")


def test_the_frame_interval_scales_time() -> None:
    positions = brownian_walkers(1000, 40, D, 10.0, seed=6)
    fit = diffusion_of(positions, 10.0).fit
    assert fit is not None
    assert abs(fit.d_nm2_per_ps - D) <= 2 * fit.half_width
    assert fit.end_ps >= math.sqrt(10) * fit.start_ps and fit.end_ps <= 0.5 * 9990


def test_gls_is_exact_on_a_line_and_ignores_the_intercept() -> None:
    lags = np.array([1.0, 2, 3, 5, 8, 13, 21])
    weights = gls_slope_weights(lags)
    assert weights @ (0.3 + 0.006 * lags) == pytest.approx(0.006, rel=1e-10)
    with pytest.raises(ValueError, match="at least 3"):
        gls_slope_weights(lags[:2])


def test_nearly_equal_lags_do_not_break_the_fit() -> None:
    lags = 1e6 + np.array([0.0, 1e-9, 1.0, 2.0, 1e5])
    assert gls_slope_weights(lags) @ (0.1 + 2.0 * lags) == pytest.approx(2.0, rel=1e-6)


def test_covariance_of_overlapping_windows_is_that_of_random_walks() -> None:
    lags, n_frames = np.array([2, 5, 15]), 400
    curves = np.array([fft_msd(brownian_walkers(n_frames, 1, D, 1.0, seed))[lags] for seed in range(3000)])
    disjoint = 2 / 3 * (6 * D * lags) ** 2 * lags / (n_frames - lags)
    np.testing.assert_allclose(np.cov(curves.T), overlap_covariance(lags, disjoint), rtol=0.15)


def test_exponents_of_known_motion() -> None:
    lags = log_spaced_lags(600)
    straight = exponent(msd_curve(ballistic_particles(600, 20, 0.01, 1.0, 7), lags, 1.0))
    np.testing.assert_allclose(straight.beta, 2.0, atol=1e-6)
    free = exponent(msd_curve(brownian_walkers(600, 60, D, 1.0, 8), lags, 1.0))
    assert np.mean(np.abs(free.beta - 1) <= free.half_width) >= 0.85
    assert np.all(free.half_width > 0)


@pytest.mark.slow
def test_caged_walkers_in_a_short_run_are_subdiffusive() -> None:
    notes = []
    for seed in range(40):
        result = diffusion_of(caged_walkers(400, 40, 1e-4, 0.2, 100.0, 1.0, seed))
        assert result.fit is None
        notes.append(result.note.split(":")[0])
    assert notes.count("subdiffusive") >= 38


@pytest.mark.slow
def test_caged_walkers_in_a_long_run_give_the_diffusion_of_the_centre() -> None:
    results = [diffusion_of(caged_walkers(8000, 40, D, 0.1, 20.0, 1.0, seed)) for seed in range(10)]
    fits = [result.fit for result in results if result.fit]
    assert len(fits) >= 9
    assert sum(abs(fit.d_nm2_per_ps - D) <= fit.half_width for fit in fits) >= len(fits) - 2
    # the onset of the cage is left out
    assert min(fit.start_ps for fit in fits) > 40


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: ornstein_uhlenbeck(1000, 40, 0.5, 1e-3, 1.0, seed),
        lambda seed: ornstein_uhlenbeck(1000, 40, 1.0, 300.0, 1.0, seed),
        lambda seed: ornstein_uhlenbeck(1000, 2, 1.0, 30.0, 1.0, seed),
        lambda seed: ballistic_particles(500, 40, 0.01, 1.0, seed),
    ],
    ids=["white noise", "slow cage", "two molecules in cages", "straight flight"],
)
def test_what_does_not_diffuse_gets_no_coefficient(make: Callable[[int], NDArray[np.float64]]) -> None:
    for seed in range(20):
        result = diffusion_of(make(seed))
        assert result.fit is None
        assert result.note.split(":")[0] in ("subdiffusive", "not resolved")


def test_too_little_data_is_not_resolved() -> None:
    result = diffusion_of(brownian_walkers(40, 2, D, 1.0, seed=1))
    assert result.fit is None and result.note.startswith("not resolved")


def test_molecules_that_hardly_moved_get_no_coefficient() -> None:
    result = diffusion_of(brownian_walkers(1000, 40, 1e-5, 1.0, seed=1))
    assert result.fit is None and "MSD" in result.note and result.note.startswith("not resolved")


def test_molecules_at_rest_do_not_crash() -> None:
    result = diffusion_of(np.zeros((200, 5, 3)))
    assert result.fit is None and result.note.startswith("not resolved")


def test_a_change_of_pace_widens_the_error() -> None:
    """The same mobility for all molecules at one time, another later: only blocks of time can see it."""
    pace = np.repeat([1.3, 0.6, 1.1, 0.7, 1.3], 400)[:, None, None]
    steps = np.diff(brownian_walkers(2001, 40, D, 1.0, seed=3), axis=0)
    result = diffusion_of(np.cumsum(steps * np.sqrt(pace), axis=0))
    assert result.fit is not None
    assert "error from 5 blocks" in result.note
    assert result.fit.half_width > 0.2 * D


def test_sensitivity_has_three_windows() -> None:
    rows = species_rows("Li", brownian_walkers(2000, 40, D, 1.0, seed=9), 1.0, preview=False)
    others = by_quantity(rows, "D_sensitivity")
    assert [one["x"] for one in others] == [1, 2, 3]
    assert others[0]["value"] == by_quantity(rows, "D")[0]["value"]
    assert len({one["note"] for one in others}) == 3


def test_msd_at_1ns_needs_twice_that_length() -> None:
    positions = brownian_walkers(2001, 30, D, 1.0, seed=10)
    (found,) = by_quantity(species_rows("Li", positions, 1.0, preview=False), "msd_at_1ns")
    assert found["value"] == pytest.approx(fft_msd(positions)[1000], rel=1e-9)
    assert abs(found["value"] - 6.0) <= 2 * found["error"]
    (short,) = by_quantity(species_rows("Li", positions[:2000], 1.0, preview=False), "msd_at_1ns")
    assert math.isnan(short["value"]) and short["note"] == "run too short"


def test_a_preview_has_curves_and_no_coefficient() -> None:
    rows = species_rows("Li", brownian_walkers(2001, 30, D, 1.0, seed=11), 1.0, preview=True)
    assert by_quantity(rows, "msd") and by_quantity(rows, "msd_exponent")
    assert not by_quantity(rows, "D_sensitivity")
    for quantity in ("D", "fit_window_start", "fit_window_end"):
        (one,) = by_quantity(rows, quantity)
        assert math.isnan(one["value"]) and one["note"] == "preview"


@pytest.mark.parametrize("n_frames", [1, 3, 4, 6, 21])
def test_a_handful_of_frames_does_not_crash(n_frames: int) -> None:
    for preview in (True, False):
        rows = species_rows("Li", brownian_walkers(n_frames, 3, D, 1.0, seed=12), 1.0, preview=preview)
        (one,) = by_quantity(rows, "D")
        assert math.isnan(one["value"]) and one["note"]


def fake(time_ps: NDArray[np.float64], com_nm: NDArray[np.float64]) -> tuple[Run, Reading]:
    atom = {"charge_e": 0.0, "status": "literature", "masses_u": (1.0,), "charges_e": (0.0,), "names": ("A",)}
    species = tuple(Species(name, name, "solvent", 3, bonds=(), **atom) for name in ("A", "B"))  # type: ignore[arg-type]
    run = Run(folder=None, system="s", replica=1, temperature_K=298.0, cation="A", structure="", trajectory="",  # type: ignore[arg-type]
              species=species, sites=())  # fmt: skip
    none: NDArray[np.float64] = np.zeros(0)
    reading = Reading(
        time_ps=time_ps, box_nm=np.ones((time_ps.size, 3)), bin_edges_nm=none, histograms={}, norm={},
        block_edges_frame=np.zeros(0, int), block_of_frame=np.zeros(0, int), pairs={},
        com_nm=com_nm.astype(np.float32), molecule_species=np.repeat([0, 1], 3), energies=pd.DataFrame(),
    )  # fmt: skip
    return run, reading


def test_each_species_has_its_own_molecules_and_the_start_is_left_out() -> None:
    slow, fast = (brownian_walkers(300, 3, d, 1.0, seed=13) for d in (D, 100 * D))
    jump = np.where(np.arange(300) < 100, 1000.0, 0.0)[:, None, None]
    run, reading = fake(np.arange(300.0), np.concatenate([slow, fast], axis=1) + jump)
    rows = compute(run, reading, 100)
    first = {one["label"]: one["value"] for one in by_quantity(rows, "msd") if one["x"] == 1.0}
    assert first["A"] == pytest.approx(6 * D, rel=0.2)
    assert first["B"] == pytest.approx(600 * D, rel=0.2)
    assert max(one["x"] for one in by_quantity(rows, "msd")) <= 100


def test_uneven_frames_are_refused() -> None:
    times = np.arange(50.0)
    times[30:] += 1.0
    run, reading = fake(times, np.zeros((50, 6, 3)))
    with pytest.raises(ValueError, match="not evenly spaced"):
        compute(run, reading, 0)


def test_molecules_that_cannot_be_followed_get_no_numbers() -> None:
    run, reading = fake(np.arange(300.0), brownian_walkers(300, 6, D, 1.0, seed=13))
    assert by_quantity(compute(run, replace(reading, largest_step=0.39), 0), "msd")
    rows = compute(run, replace(reading, largest_step=0.41), 0)
    assert {one["quantity"] for one in rows} == {"D", "fit_window_start", "fit_window_end", "msd_at_1ns"}
    assert all(math.isnan(one["value"]) for one in rows)
    assert {one["note"] for one in rows} == {
        "frames too far apart to follow the molecules (largest step 0.41 box lengths)"
    }
