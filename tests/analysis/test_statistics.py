"""Errors and stationarity of series whose statistics are known exactly."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from analysis.statistics import (
    block_average,
    block_error,
    block_note,
    detect_stationarity,
    drift_limit,
    drift_z,
    half_width_95,
    statistical_inefficiency,
)
from tests.ideal_systems import ar1


@pytest.mark.parametrize("tau", [2.0, 10.0, 40.0])
def test_statistical_inefficiency_of_ar1(tau: float) -> None:
    memory = np.exp(-1 / tau)
    exact = (1 + memory) / (1 - memory)
    found = np.mean([statistical_inefficiency(ar1(int(300 * tau), tau, seed)) for seed in range(20)])
    assert found == pytest.approx(exact, rel=0.15)


def test_statistical_inefficiency_of_what_does_not_vary() -> None:
    assert statistical_inefficiency(np.full(50, -1.234567e5)) == 1.0
    assert statistical_inefficiency([1.0, 2.0]) == 1.0


def test_pymbar_is_imported_without_a_word() -> None:
    code = "from analysis.statistics import statistical_inefficiency as g; g([1., 3., 2., 5., 4., 4.])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_half_width_is_that_of_student() -> None:
    # s = 1.5811, t(0.975, 4) = 2.7764
    assert half_width_95([1, 2, 3, 4, 5]) == pytest.approx(2.7764451 * np.sqrt(2.5 / 5))
    assert np.isnan(half_width_95([1.0]))


def test_block_error_by_hand() -> None:
    mean, error = block_error(np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 7))
    assert mean == 3.0
    assert error == pytest.approx(2.7764451 * np.sqrt(2.5 / 5))


def test_block_error_covers_the_mean_of_correlated_noise() -> None:
    results = [block_error(ar1(2000, 10.0, seed)) for seed in range(400)]
    covered = np.mean([abs(mean) <= error for mean, error in results])
    assert 0.92 <= covered <= 0.98


def test_block_error_of_too_few_values_is_unknown() -> None:
    mean, error = block_error([1.0, 2.0, 3.0])
    assert mean == 2.0 and np.isnan(error)


@pytest.mark.parametrize("bad", [[], [[1.0, 2.0]], [1.0, np.nan]])
def test_what_is_no_series_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="series"):
        block_error(bad)


def test_block_average_keeps_the_mean_and_leaves_out_the_rest() -> None:
    means, width = block_average(np.arange(10.0), 4)
    assert width == 3
    np.testing.assert_allclose(means, [1.0, 4.0, 7.0])


@pytest.mark.parametrize(("length", "tau"), [(200, 2.0), (1000, 5.0), (1000, 20.0), (5000, 25.0)])
def test_stationary_noise_is_rarely_accused(length: int, tau: float) -> None:
    alarms = [not detect_stationarity(ar1(length, tau, seed)).stationary for seed in range(100)]
    assert np.mean(alarms) <= 0.05


def test_drift_z_is_a_normal_deviate() -> None:
    z = np.array([drift_z(ar1(1000, 5.0, seed)) for seed in range(300)])
    assert abs(z.mean()) < 0.2
    assert 0.8 < z.std() < 1.3


@pytest.mark.parametrize("tau", [20.0, 60.0, 100.0])
def test_the_end_of_a_relaxation_is_found(tau: float) -> None:
    relaxation = 20 * np.exp(-np.arange(2000) / tau)
    found = [detect_stationarity(ar1(2000, 3.0, seed) + relaxation) for seed in range(30)]
    assert np.mean([one.stationary for one in found]) >= 0.85
    # 20 exp(-t/tau) falls below the noise at 3 tau
    assert 2.5 <= np.median([one.start_index for one in found]) / tau <= 6


def test_a_linear_drift_is_flagged() -> None:
    ramp = np.linspace(0, 6, 1000)
    flagged = [not detect_stationarity(ar1(1000, 5.0, seed) + sign * ramp).stationary
               for seed in range(30) for sign in (1, -1)]  # fmt: skip
    assert np.mean(flagged) >= 0.95
    assert not detect_stationarity(np.linspace(0, 1, 500)).stationary


@pytest.mark.parametrize("at", [0.55, 0.7, 0.9])
def test_a_late_step_is_flagged(at: float) -> None:
    step = 4.0 * (np.arange(2000) > at * 2000)
    flagged = [not detect_stationarity(ar1(2000, 3.0, seed) + step).stationary for seed in range(20)]
    assert np.mean(flagged) >= 0.9


def test_an_early_step_is_discarded() -> None:
    step = 4.0 * (np.arange(2000) < 600)
    found = [detect_stationarity(ar1(2000, 3.0, seed) + step) for seed in range(20)]
    assert np.median([one.start_index for one in found]) == pytest.approx(600, abs=20)


def test_constant_and_short_series_do_not_crash() -> None:
    constant = detect_stationarity(np.full(300, 1130.1))
    assert constant.stationary and constant.start_index == 0
    for values in ([1.0], [1.0, 2.0], np.arange(10.0)):
        short = detect_stationarity(values)
        assert short.start_index == 0
        assert short.stationary == (len(values) == 1)
    assert "only 10 values" in detect_stationarity(np.arange(10.0)).reason


def test_more_series_allow_a_larger_deviation() -> None:
    assert drift_limit(1) == pytest.approx(2.6, abs=0.01)
    assert drift_limit(8) > drift_limit(2) > drift_limit(1)


@pytest.mark.parametrize(("correlation_frames", "doubtful"), [(5.0, False), (60.0, False), (900.0, True)])
def test_blocks_shorter_than_two_correlation_times_are_told(correlation_frames: float, doubtful: bool) -> None:
    """A block has 800 frames; an autoregressive series of correlation time tau has g = 1 + 2 tau."""
    notes = [block_note(ar1(4000, correlation_frames, seed), 0.5) for seed in range(10)]
    found = [note for note in notes if note.startswith("error from too few independent samples (block of 400 ps, ")]
    assert sum(note != "" for note in notes) == len(found)
    assert len(found) >= 5 if doubtful else not found


def test_the_note_of_a_slow_series_has_its_numbers() -> None:
    series = np.repeat([0.0, 1.0], 500)
    note = block_note(series, 2.0)
    g = statistical_inefficiency(series)
    assert note == (
        f"error from too few independent samples (block of 400 ps, correlation time {g - 1:.3g} ps; "
        f"{1000 / g:.2g} independent samples in all)"
    )
    assert block_note([1.0, 2.0], 1.0) == "too few values for an error"
    assert block_note(np.ones(100), 1.0) == ""
