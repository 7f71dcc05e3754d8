"""The MSD against direct summation and against motion with an exact answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import msd
from analysis.msd import (
    even_interval_ps,
    excess_variance,
    fft_msd,
    jackknife_half_width,
    log_spaced_lags,
    msd_curve,
    overlap_covariance,
)
from tests.ideal_systems import ballistic_particles, brownian_walkers, ornstein_uhlenbeck, paired_walkers


def direct_msd(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition, written out."""
    lags = range(1, len(positions))
    return np.array([0.0, *(((positions[k:] - positions[:-k]) ** 2).sum(axis=2).mean() for k in lags)])


def test_fft_equals_the_definition() -> None:
    positions = brownian_walkers(150, 7, 0.01, 1.0, seed=1) + 50.0
    np.testing.assert_allclose(fft_msd(positions), direct_msd(positions), rtol=1e-10, atol=1e-10)


def test_ballistic_motion() -> None:
    speed, interval = 0.02, 0.5
    positions = ballistic_particles(200, 5, speed, interval, seed=2)
    np.testing.assert_allclose(fft_msd(positions), (speed * interval * np.arange(200)) ** 2, rtol=1e-9, atol=1e-10)


def test_chunks_and_float32_on_disk_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    positions = brownian_walkers(120, 9, 0.01, 1.0, seed=3).astype(np.float32)
    np.save(tmp_path / "com.npy", positions)
    mapped = np.load(tmp_path / "com.npy", mmap_mode="r")
    whole = direct_msd(positions.astype(np.float64))
    monkeypatch.setattr(msd, "CHUNK_NUMBERS", 2 * 3 * 120)
    np.testing.assert_allclose(fft_msd(mapped), whole, rtol=1e-9, atol=1e-10)
    lags = log_spaced_lags(120)
    curve = msd_curve(mapped, lags, 2.0)
    np.testing.assert_allclose(curve.msd_nm2, whole[lags], rtol=1e-9)
    np.testing.assert_allclose(curve.lag_ps, 2.0 * lags)


def test_rattling_in_a_cage_levels_off() -> None:
    curve = msd_curve(ornstein_uhlenbeck(4000, 60, 0.2, 30.0, 1.0, seed=4), np.array([1, 10, 30, 100, 400]), 1.0)
    exact = 6 * 0.2**2 * (1 - np.exp(-curve.lag_ps / 30.0))
    np.testing.assert_allclose(curve.msd_nm2, exact, rtol=0.03)


def test_lags_are_even_in_the_logarithm_and_the_same_for_longer_runs() -> None:
    short, long = log_spaced_lags(1001), log_spaced_lags(20001)
    assert short[0] == 1 and short[-1] <= 500 and np.all(np.diff(short) > 0)
    np.testing.assert_array_equal(short, long[long <= 500])
    assert np.diff(np.log10(long[long >= 20])).max() < 0.08
    assert log_spaced_lags(2).size == 0
    np.testing.assert_array_equal(log_spaced_lags(3), [1])


def test_the_error_of_the_msd_covers_the_truth() -> None:
    lags = np.array([2, 20, 100])
    inside = []
    for seed in range(100):
        curve = msd_curve(brownian_walkers(500, 20, 1e-3, 1.0, seed), lags, 1.0)
        inside.append(np.abs(curve.msd_nm2 - 6e-3 * lags) <= curve.half_width_nm2())
    covered = np.mean(inside, axis=0)
    assert np.all(covered >= 0.9)
    # intervals so wide that they always cover would be no answer either
    assert covered.mean() <= 0.98


def test_the_error_covers_the_truth_also_when_molecules_move_together() -> None:
    """Pairs are seen by how much the mean of all molecules varies in time, without knowing who goes with whom."""
    lags = np.array([2, 5, 10, 20, 50, 100])
    inside, excess = [], []
    for seed in range(100):
        curve = msd_curve(paired_walkers(1000, 10, 1e-3, 1.0, seed), lags, 1.0)
        inside.append(np.abs(curve.msd_nm2 - 6e-3 * lags) <= curve.half_width_nm2())
        excess.append(curve.excess)
    assert np.all(np.mean(inside, axis=0) >= 0.9)
    np.testing.assert_allclose(np.mean(excess, axis=0), 2.0, rtol=0.1)


def test_covariance_of_overlapping_windows_is_that_of_random_walks() -> None:
    """Disjoint windows have 2/3 (6 D t)^2 / n; the last two lags are a good part of the run."""
    lags, n_frames, d = np.array([2, 5, 15, 150, 250]), 400, 1e-3
    curves = np.array([fft_msd(brownian_walkers(n_frames, 1, d, 1.0, seed))[lags] for seed in range(4000)])
    disjoint = 2 / 3 * (6 * d * lags) ** 2 * lags / (n_frames - lags)
    np.testing.assert_allclose(np.cov(curves.T), overlap_covariance(lags, n_frames, disjoint), rtol=0.15)


def test_covariance_counts_the_frames_that_windows_share() -> None:
    """Every pair of windows written out, also where the longest window fits only a few times."""
    lags, n_frames = np.array([1, 3, 8, 11]), 14
    steps = [np.array([np.arange(n_frames) - s for s in range(n_frames - lag)]) for lag in lags]
    inside = [(own >= 0) & (own < lag) for own, lag in zip(steps, lags, strict=True)]
    shared = np.array([[((a.astype(int) @ b.T.astype(int)) ** 2).mean() for b in inside] for a in inside])
    disjoint = lags**3 / (n_frames - lags)  # of which the variance of one window is lag^2
    np.testing.assert_allclose(overlap_covariance(lags, n_frames, disjoint), shared, rtol=1e-12)


def test_few_molecules_are_judged_as_random_walks() -> None:
    """Four walkers do not show their own spread: Student's t would have three degrees of freedom."""
    lags = np.array([2, 20, 100])
    curve = msd_curve(brownian_walkers(1000, 4, 1e-3, 1.0, seed=1), lags, 1.0)
    assert np.all(np.isinf(curve.freedom))
    np.testing.assert_allclose(curve.covariance_nm4, overlap_covariance(lags, 1000, curve.model_variance_nm4))
    many = msd_curve(brownian_walkers(1000, 40, 1e-3, 1.0, seed=1), lags, 1.0)
    np.testing.assert_allclose(many.freedom, 40 / many.excess - 1)
    # two ways to one number: the molecules' spread and the random walk
    model = overlap_covariance(lags, 1000, many.model_variance_nm4)
    np.testing.assert_allclose(np.diag(many.covariance_nm4), np.diag(model), rtol=0.6)


def test_a_run_too_short_to_tell_counts_every_molecule() -> None:
    lags = np.array([1, 3, 9])
    np.testing.assert_array_equal(excess_variance(lags, 25, np.full(3, 4.0)), 1.0)
    # of 100 frames only the first two lags have 30 windows; the third is judged by them
    np.testing.assert_array_equal(excess_variance(lags, 100, np.array([4.0, 2.0, 99.0])), [4.0, 2.0, 2.0])
    np.testing.assert_array_equal(excess_variance(lags, 100, np.array([0.5, np.nan, 1.0])), 1.0)


def test_jackknife_of_a_mean_is_the_usual_error() -> None:
    values = np.arange(8.0)[:, None]
    expected = 2.3646243 * np.arange(8.0).std(ddof=1) / np.sqrt(8)
    assert jackknife_half_width(values)[0] == pytest.approx(expected)
    assert np.isnan(jackknife_half_width(values[:3])[0])


@pytest.mark.parametrize("shape", [(10, 3), (10, 4, 2), (0, 4, 3), (10, 0, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        fft_msd(np.zeros(shape))


def test_lags_beyond_the_run_are_refused() -> None:
    with pytest.raises(ValueError, match="lags"):
        msd_curve(np.zeros((10, 2, 3)), np.array([10]), 1.0)


@pytest.mark.parametrize("start_ps", [0.0, 32.0, 64.0, 20_000.0])
def test_times_in_single_precision_give_one_interval_whenever_the_run_began(start_ps: float) -> None:
    stored = (start_ps + 0.1 * np.arange(300)).astype(np.float32).astype(np.float64)
    assert even_interval_ps(stored) == 0.1


def test_uneven_frames_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not evenly spaced.*Remedy"):
        even_interval_ps(np.array([0.0, 1.0, 2.0, 4.0, 5.0]))
