"""The time between frames is the same number for replicas that begin at different times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.reading import mean_interval_ps


@pytest.mark.parametrize("interval_ps", [0.1, 0.02, 1.0, 5.0, 0.3, 0.0488])
@pytest.mark.parametrize("first_ps", [0.0, 32.0, 1234.5, 2e4])
def test_the_interval_is_told_alike_wherever_a_run_begins(interval_ps: float, first_ps: float) -> None:
    """Files hold times in single precision; the numbers agree to all digits, so that lags can be joined."""
    stored = (first_ps + interval_ps * np.arange(1001)).astype(np.float32).astype(np.float64)
    assert mean_interval_ps(stored) == interval_ps


def test_an_interval_without_an_end_is_told_as_well_as_the_times_tell_it() -> None:
    stored = (2e4 + np.arange(1001) / 3).astype(np.float32).astype(np.float64)
    assert mean_interval_ps(stored) == pytest.approx(1 / 3, rel=2e-5)


def test_one_frame_has_no_interval() -> None:
    assert math.isnan(mean_interval_ps(np.array([3.0])))
