"""D of walkers whose D is known, the honesty of its error, and the refusal of one where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import einstein
from analysis.einstein import Criteria, Diffusion, Fit, estimate, exponent, fit_between, gls_slope_weights
from analysis.msd import MsdCurve, log_spaced_lags, msd_curve
from analysis.observables.diffusion import species_rows
from tests.analysis.moving_ions import is_honest, normal_deviates
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


def fits_of(make: Callable[[int], NDArray[np.float64]], n: int) -> list[Fit]:
    return [result.fit for result in (diffusion_of(make(seed)) for seed in range(n)) if result.fit]


def deviates(fits: list[Fit], d: float = D) -> NDArray[np.float64]:
    """z of each fit, by the distribution that its own half-width was taken from."""
    return np.array([
        normal_deviates(np.array([fit.d_nm2_per_ps - d]), np.array([fit.half_width]), min(fit.freedom, 1e6))[0]
        for fit in fits
    ])  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: brownian_walkers(1000, 40, D, 1.0, seed),
        lambda seed: caged_walkers(3000, 30, D, 0.1, 20.0, 1.0, seed),
        lambda seed: paired_walkers(1000, 20, D, 1.0, seed),
        lambda seed: paired_walkers(4000, 10, D, 1.0, seed),
        lambda seed: np.repeat(caged_walkers(4000, 20, D, 0.05, 10.0, 1.0, seed), 2, axis=1),
        lambda seed: np.repeat(brownian_walkers(2000, 12, D, 1.0, seed), 4, axis=1),
        lambda seed: half_paired_walkers(2000, 20, D, seed),
    ],
    ids=["free", "caged", "pairs", "longer run of pairs", "caged pairs", "fours", "pairs that share half"],
)
def test_the_errors_are_honest(make: Callable[[int], NDArray[np.float64]]) -> None:
    """Over 200 repeats: nearly all runs have a D, z has spread 0.8 to 1.2 and no bias, 19 of 20 intervals hold D."""
    fits = fits_of(make, 200)
    assert len(fits) >= 180
    z = deviates(fits)
    assert is_honest(z), (z.std(ddof=1), z.mean())
    inside = np.mean([abs(fit.d_nm2_per_ps - D) <= fit.half_width for fit in fits])
    assert 0.90 <= inside <= 0.995


def half_paired_walkers(n_frames: int, n_pairs: int, d: float, seed: int) -> NDArray[np.float64]:
    """Pairs that share half of their motion: dR = (dC + dX) / sqrt 2 with C common to both."""
    common = paired_walkers(n_frames, n_pairs, d, 1.0, seed)
    return np.asarray((common + brownian_walkers(n_frames, 2 * n_pairs, d, 1.0, 50_000 + seed)) / math.sqrt(2))


def test_molecules_that_move_together_are_counted_as_one() -> None:
    """The MSD of k copies of a walker varies k times as much as that of independent ones, whoever goes with whom."""
    walks = brownian_walkers(4000, 24, D, 1.0, seed=1)
    order = np.random.default_rng(2).permutation(96)
    for copies in (1, 2, 4):
        many = np.tile(walks, (1, copies, 1))[:, order[order < 24 * copies]]
        found = msd_curve(many, log_spaced_lags(4000), 1.0).excess
        assert found[:20].mean() == pytest.approx(copies, rel=0.2)
        assert np.all(found >= 1.0)


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


def test_a_window_without_a_fit_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first half of the window has no fit, what is third is still that of the second half."""
    positions = brownian_walkers(2000, 40, D, 1.0, seed=22)
    whole, first, second = diffusion_of(positions).sensitivity
    assert whole is not None and first is not None and second is not None

    def without_first(curve: MsdCurve, start_ps: float, end_ps: float) -> Fit | None:
        found = fit_between(curve, start_ps, end_ps)
        return None if found == first else found

    monkeypatch.setattr(einstein, "fit_between", without_first)
    assert diffusion_of(positions).sensitivity == (whole, None, second)
    rows = species_rows("Li", positions, 1.0, preview=False)
    shown = {one["x"]: one for one in rows if one["quantity"] == "D_sensitivity"}
    assert np.isnan(shown[2]["value"]) and shown[2]["note"] == "too few lags in this part of the window"
    assert shown[3]["note"] == f"window {second.start_ps:.4g}-{second.end_ps:.4g} ps"
    assert shown[3]["value"] == pytest.approx(1e4 * second.d_nm2_per_ps, rel=0.02)  # one lag more than above, of 1 ns
