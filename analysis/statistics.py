"""Errors of correlated series: statistical inefficiency, block errors, and the search for a stationary part.

All functions take plain arrays and know nothing of molecules. A series is one number per frame, evenly spaced.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

FloatArray = NDArray[np.float64]

CONFIDENCE = 0.95
SIGNIFICANCE_DRIFT = 0.0093  # two-sided, |z| > 2.6 for one series judged alone
MAX_POINTS = 2000  # the search for the start costs (points)^2
SEARCH_STEPS = 100  # candidate starts that are tried
MIN_POINTS = 20  # fewer frames cannot show a drift against their own noise
LATEST_START_FRACTION = 0.5


@dataclass(frozen=True)
class Stationarity:
    """Verdict on one series.

    start_index: first frame of the part kept; stationary: whether no drift was found in it and at least half of
    the series is left; g: statistical inefficiency of the part kept, in frames; n_eff: independent samples in it;
    drift_z: difference of its first third and last half in combined standard errors, expressed as a normal
    deviate; reason: empty, or why the series does not count as stationary.
    """

    start_index: int
    stationary: bool
    g: float
    n_eff: float
    drift_z: float
    reason: str = ""


@contextmanager
def _muted_logging() -> Iterator[None]:
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(previous)


def _timeseries() -> ModuleType:
    """pymbar.timeseries, imported late (seconds) and without the advertisements that it logs on import."""
    with _muted_logging():
        from pymbar import timeseries
    module: ModuleType = timeseries
    return module


def as_series(series: ArrayLike) -> FloatArray:
    """The series as a one-dimensional float64 array. Raises ValueError when it is not 1-D, empty or not finite."""
    values = np.asarray(series, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"a series has one dimension and at least one value, this one has shape {values.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError("the series holds values that are not finite")
    return values


def _is_constant(values: FloatArray) -> bool:
    # rounding of a large mean (a potential energy) leaves a tiny spread in a series that never moves
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


def statistical_inefficiency(series: ArrayLike) -> float:
    """g = 1 + 2 sum_t (1 - t/N) C(t): the number of frames that count as one independent sample.

    C is the normalised autocorrelation, summed to its first zero (Chodera et al., JCTC 3, 26, 2007). Returns 1 for
    a constant series and for fewer than 4 values. It is too small when the correlation time approaches the length.
    """
    values = as_series(series)
    if values.size < 4 or _is_constant(values):
        return 1.0
    return float(_timeseries().statistical_inefficiency(values))


CONSTANT_TOLERANCE = 1e-9  # block means closer than this (relative, or absolute below 1) differ by rounding only


def block_error(series: ArrayLike, n_blocks: int = 5) -> tuple[float, float]:
    """Mean of a series and the half-width of its 95 % confidence interval, from contiguous blocks.

    half-width = t(0.975, n-1) s / sqrt(n), s the standard deviation of the n block means; valid when a block is
    longer than the correlation time. With fewer values than blocks the half-width is NaN, and so it is for blocks
    that are all equal: a series in which nothing happened does not tell how much it could have varied.
    """
    values = as_series(series)
    if n_blocks < 2:
        raise ValueError(f"n_blocks = {n_blocks}: an error needs at least 2 blocks")
    mean = float(values.mean())
    if values.size < n_blocks:
        return mean, float("nan")
    half_width = half_width_95([block.mean() for block in np.array_split(values, n_blocks)])
    return mean, half_width if half_width > CONSTANT_TOLERANCE * max(1.0, abs(mean)) else float("nan")


def block_note(series: ArrayLike, interval_ps: float, n_blocks: int = 5) -> str:
    """What must be said of the error that `block_error` gives of a series of this spacing; empty when it holds.

    Blocks shorter than two correlation times are not independent of each other: their error is too small. The
    correlation time is (g - 1) / 2 frames, g the statistical inefficiency of at most MAX_POINTS block means; the
    independent samples are frames / g.
    """
    values = as_series(series)
    if values.size < n_blocks:
        return "too few values for an error"
    means, width = block_average(values, MAX_POINTS)
    g = statistical_inefficiency(means) * width
    block_ps, correlation_ps = values.size / n_blocks * interval_ps, (g - 1.0) / 2.0 * interval_ps
    if not block_ps < 2.0 * correlation_ps:
        return ""
    return (
        f"error from too few independent samples (block of {block_ps:.3g} ps, correlation time "
        f"{correlation_ps:.3g} ps; {values.size / g:.2g} independent samples in all)"
    )


def half_width_95(samples: ArrayLike) -> float:
    """Half-width t(0.975, n-1) s / sqrt(n) of the 95 % interval of the mean of n independent samples, else NaN."""
    values = as_series(samples)
    n = values.size
    if n < 2:
        return float("nan")
    quantile = float(special.stdtrit(n - 1, 0.5 + CONFIDENCE / 2))  # stats.t.ppf, without its 0.1 ms of checks
    return quantile * float(values.std(ddof=1)) / float(np.sqrt(n))


def block_average(values: ArrayLike, max_points: int) -> tuple[FloatArray, int]:
    """Means of equal consecutive blocks, as few frames each as give at most max_points; and the frames per block.

    Works along the first axis; an incomplete last block is left out.
    """
    array = np.asarray(values, dtype=np.float64)
    if max_points < 1:
        raise ValueError(f"max_points = {max_points}: at least 1")
    width = max(1, -(-len(array) // max_points))
    n = len(array) // width
    return array[: n * width].reshape(n, width, *array.shape[1:]).mean(axis=1), width


def _section_error(values: FloatArray) -> tuple[float, float]:
    """Variance of the mean of one section, corrected for correlation, and its degrees of freedom.

    A straight line is taken off first: a drift inside the section would else hide itself by widening the error.
    """
    x = np.linspace(-1.0, 1.0, values.size)
    residual = values - values.mean() - x * ((x @ values) / (x @ x))
    n_eff = max(values.size / statistical_inefficiency(residual), 2.5)
    return float((residual**2).mean()) / (n_eff - 2.0), n_eff - 2.0


def _difference_z(early: FloatArray, late: FloatArray) -> float:
    """mean(late) - mean(early) as a normal deviate, both errors corrected for correlation."""
    (var_early, dof_early), (var_late, dof_late) = _section_error(early), _section_error(late)
    difference = float(late.mean() - early.mean())
    variance = var_early + var_late
    if variance <= 0.0:
        return 0.0 if difference == 0.0 else float(np.copysign(np.inf, difference))
    dof = variance**2 / (var_early**2 / dof_early + var_late**2 / dof_late)
    # logarithms keep the far tail finite
    tail = float(stats.t.logsf(abs(difference) / variance**0.5, dof))
    return float(np.copysign(stats.norm.isf(np.exp(max(tail, -700.0))), difference))


def drift_z(series: ArrayLike) -> float:
    """First third against last half of a series (Geweke), as a normal deviate; positive when it rises.

    z = (mean_late - mean_early) / sqrt(v_early + v_late) with v = g s^2 / n in each section. As g comes from few
    independent samples, the quotient follows Student's t with Welch's degrees of freedom; it is carried over to
    the normal deviate of equal probability. A constant series and one of fewer than MIN_POINTS values give 0.
    """
    values = as_series(series)
    if values.size < MIN_POINTS or _is_constant(values):
        return 0.0
    return _difference_z(values[: values.size // 3], values[-(values.size // 2) :])


def drift_limit(n_tests: int = 1) -> float:
    """|z| beyond which a series drifts when n_tests series are judged together (Bonferroni); 2.6 for one."""
    return float(stats.norm.isf(SIGNIFICANCE_DRIFT / (2 * max(n_tests, 1))))


def _effective_samples(values: FloatArray, starts: NDArray[np.int64]) -> FloatArray:
    """Independent samples left from each start on; a tail that never moves counts as one sample."""
    inefficiency = _timeseries().statistical_inefficiency
    tails = [values[start:] for start in starts]
    return np.array([1.0 if _is_constant(tail) else tail.size / inefficiency(tail, fast=True) for tail in tails])


def detect_stationarity(series: ArrayLike, n_tests: int = 1) -> Stationarity:
    """Where a series becomes stationary, and whether it does.

    The start is the one that leaves most independent samples (Chodera, JCTC 12, 1799, 2016), searched on at most
    MAX_POINTS block means. Not stationary when most samples are left by a start in the second half and what
    precedes it lies elsewhere, or when what remains drifts: |drift_z| beyond drift_limit(n_tests). A late start
    without such a difference is chance (it comes with few independent samples) and the best start in the first
    half is taken. A constant series is stationary from its first frame; fewer than MIN_POINTS values cannot be
    judged and do not count as stationary. Wrong when the slowest motion takes longer than the series.
    """
    values = as_series(series)
    if _is_constant(values):
        return Stationarity(0, True, 1.0, float(values.size), 0.0)
    if values.size < MIN_POINTS:
        return Stationarity(0, False, 1.0, float(values.size), 0.0, f"only {values.size} values")
    means, width = block_average(values, MAX_POINTS)
    starts = np.arange(0, means.size - MIN_POINTS // 2, max(1, means.size // SEARCH_STEPS))
    n_eff = _effective_samples(means, starts)
    best = int(starts[n_eff.argmax()])
    early_starts = starts[starts <= LATEST_START_FRACTION * means.size]
    start = int(early_starts[n_eff[: early_starts.size].argmax()])
    kept = means[start:]
    g, z = statistical_inefficiency(kept), drift_z(kept)
    reason = ""
    # the late start was picked among many, so its difference has to be larger to mean something
    if best > start and abs(_difference_z(means[:best], means[best:])) > drift_limit(10 * n_tests):
        reason = "settles only in the second half"
    elif abs(z) > drift_limit(n_tests):
        reason = f"drifts (z = {z:.1f})"
    return Stationarity(start * width, not reason, g * width, kept.size / g, z, reason)
