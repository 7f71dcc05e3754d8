"""From a mean squared displacement to a diffusion coefficient: exponent, fit window, fit, and what forbids one.

A straight line is fitted only where the motion is shown to be diffusive; else the answer is a word, not a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import stats

from analysis.msd import (
    FloatArray,
    IntArray,
    MsdCurve,
    Positions,
    fft_msd,
    jackknife_half_width,
    overlap_covariance,
)
from analysis.statistics import half_width_95

HALF_DECADE = 10**0.5
EXPONENT_SPAN = 10**0.25  # the slope at a lag is fitted from lag / span to lag * span
NORMAL_QUANTILE = float(stats.norm.ppf(0.975))
MAX_CONDITION = 1e10
N_BLOCKS = 5


@dataclass(frozen=True)
class Criteria:
    """When motion counts as diffusive.

    exponent_min: least exponent; half_width_max: widest 95 % interval of it that still tells anything;
    half_width_min: deviations from 1 below this do not matter, however precisely known; stay_factor: by how many
    half-widths later exponents may leave 1 (more than one, as many lags are tested); msd_end_min_nm2:
    how far the molecules must have moved at the end of the window, about two diameters of a solvated ion, squared;
    end_fraction and latest_end_fraction: end of the window as a part of the run, the second one when half a decade
    would not fit otherwise.
    """

    exponent_min: float = 0.9
    half_width_max: float = 0.15
    half_width_min: float = 0.01
    stay_factor: float = 1.9  # 3.7 standard errors: some 20 lags, and one that strays forbids every earlier start
    msd_end_min_nm2: float = 0.3
    end_fraction: float = 0.25
    latest_end_fraction: float = 0.5


@dataclass(frozen=True)
class Exponent:
    """beta(t) = d ln MSD / d ln t at lag_ps (K,), with the half-width of its 95 % interval."""

    lag_ps: FloatArray
    beta: FloatArray
    half_width: FloatArray


@dataclass(frozen=True)
class Fit:
    """D in nm^2/ps with the half-width of its 95 % interval, fitted between two lags in ps.

    freedom: degrees of freedom of Student's t behind the half-width, infinite for the normal distribution.
    """

    d_nm2_per_ps: float
    half_width: float
    start_ps: float
    end_ps: float
    freedom: float = math.inf


@dataclass(frozen=True)
class Diffusion:
    """The answer for one species: the fit or None, why (not), and other fits for comparison.

    sensitivity: the same over the whole window, its first and its second half, None for one with too few lags;
    blocks: mean and interval of separate fits to N_BLOCKS parts of the run.
    """

    fit: Fit | None
    note: str
    sensitivity: tuple[Fit | None, ...] = ()
    blocks: Fit | None = None


def _disjoint_correlation(lags: FloatArray) -> FloatArray:
    """Correlation of a random walk's MSDs at two lags from disjoint windows: sqrt(shorter / longer)."""
    return np.asarray(np.sqrt(np.minimum.outer(lags, lags) / np.maximum.outer(lags, lags)))


def _slope_weights(lag_frames: IntArray) -> tuple[IntArray, FloatArray]:
    """Which lags have neighbours on both sides, and the weights w with beta = w . ln MSD for each of them."""
    x = np.log(lag_frames.astype(np.float64))
    span, slack = np.log(EXPONENT_SPAN), 1e-9
    chosen, weights = [], []
    for k, centre in enumerate(x):
        near = np.abs(x - centre) <= span + slack
        if near.sum() < 3 or centre - span < x[0] - slack or centre + span > x[-1] + slack:
            continue
        deviation = np.where(near, x - x[near].mean(), 0.0)
        chosen.append(k)
        weights.append(deviation / (deviation @ deviation))
    return np.array(chosen, dtype=np.int64), np.array(weights).reshape(len(chosen), x.size)


def exponent(curve: MsdCurve) -> Exponent:
    """beta(t) by straight lines through ln MSD over half a decade of lags around t.

    Its interval is the covariance of the MSDs (analysis/msd.py) carried over to the slope, to first order in their
    relative errors: honest for free and caged molecules and for groups that move together (measured spread of z 0.9
    to 1.1), too narrow where the pace of all molecules changes together. Lags without a quarter decade on both
    sides have no exponent, and a species that does not move has none at all.
    """
    chosen, weights = _slope_weights(curve.lag_frames)
    if chosen.size == 0 or np.any(curve.by_group_nm2 <= 0.0):
        empty = np.zeros(0)
        return Exponent(empty, empty, empty)
    beta = weights @ np.log(curve.msd_nm2)
    relative = curve.covariance_nm4 / np.outer(curve.msd_nm2, curve.msd_nm2)
    variance = np.einsum("ki,ij,kj->k", weights, relative, weights)
    # equal molecules leave zero, give or take a rounding error
    width = stats.t.ppf(0.975, curve.freedom[chosen]) * np.sqrt(np.maximum(variance, 0.0))
    return Exponent(curve.lag_ps[chosen], beta, width)


def gls_slope_weights(lag_ps: FloatArray) -> FloatArray:
    """Weights w with slope = w . MSD for MSD = intercept + slope * t, by generalised least squares.

    Covariance of a random walk, Sigma_ij = s_i^2 n_i / n_j for lag i <= lag j, n the number of disjoint windows
    (McCluskey et al., JCTC 2024, doi:10.1021/acs.jctc.4c01249). For the weights s_i^2 ~ t_i^3, as a random walk
    has it, so Sigma_ij = t_i^2 t_j: measured s_i of few molecules rise and fall with the MSD itself and would
    spoil the fit. Directions beyond a condition number of MAX_CONDITION are left out.
    Raises ValueError with fewer than three lags.
    """
    if len(lag_ps) < 3:
        raise ValueError(f"{len(lag_ps)} lags: a line with free intercept and an error needs at least 3")
    return _cached_weights(tuple(float(lag) for lag in lag_ps))


@lru_cache(maxsize=64)  # blocks, species and replicas share their lags
def _cached_weights(lags: tuple[float, ...]) -> FloatArray:
    lag_ps = np.array(lags)
    sigma = (lag_ps / lag_ps[-1]) ** 1.5
    whiten = np.linalg.pinv(_disjoint_correlation(lag_ps), rcond=1.0 / MAX_CONDITION, hermitian=True)
    design = np.stack([np.ones_like(lag_ps), lag_ps / lag_ps[-1]], axis=1) / sigma[:, None]
    normal = design.T @ whiten @ design
    weights = np.linalg.solve(normal, design.T @ whiten)[1] / sigma
    return np.asarray(weights / lag_ps[-1])


def fit_between(curve: MsdCurve, start_ps: float, end_ps: float) -> Fit | None:
    """D = slope / 6 over the lags from start to end (inclusive); None when fewer than three lie there.

    The interval is the larger of two: the random walk's covariance carried over to the slope (with the excess of
    molecules that move together, analysis/msd.py), and a jackknife over molecules, which also sees molecules that
    differ from each other.
    """
    inside = (curve.lag_ps >= start_ps * (1 - 1e-9)) & (curve.lag_ps <= end_ps * (1 + 1e-9))
    variance = curve.model_variance_nm4[inside]
    if inside.sum() < 3 or not np.all(variance > 0.0):
        return None
    lags = curve.lag_ps[inside]
    weights = gls_slope_weights(lags)
    model = weights @ overlap_covariance(curve.lag_frames[inside], curve.every_lag_nm2.size, variance) @ weights
    by_group = (curve.by_group_nm2[:, inside] @ weights)[:, None]
    of_model, spread = NORMAL_QUANTILE * math.sqrt(model), float(jackknife_half_width(by_group)[0])
    slope = float(weights @ curve.msd_nm2[inside])
    freedom = len(by_group) - 1.0 if spread > of_model else math.inf
    return Fit(slope / 6, max(of_model, np.nan_to_num(spread)) / 6, float(lags[0]), float(lags[-1]), freedom)


def find_window(curve: MsdCurve, slope: Exponent, length_ps: float, criteria: Criteria) -> tuple[float, float] | None:
    """First and last lag in ps of the diffusive part, or None.

    Starts at the first lag where the exponent is at least exponent_min, known to half_width_max, has 1 in its
    interval, and keeps 1 within stay_factor half-widths up to the end; at least half a decade long.
    """
    width = np.maximum(slope.half_width, criteria.half_width_min)
    off = np.abs(slope.beta - 1.0)
    good = (slope.beta >= criteria.exponent_min) & (slope.half_width <= criteria.half_width_max) & (off <= width)
    for k in np.flatnonzero(good):
        start = float(slope.lag_ps[k])
        end = max(criteria.end_fraction * length_ps, HALF_DECADE * start)
        if end > criteria.latest_end_fraction * length_ps * (1 + 1e-9):
            return None
        later = (slope.lag_ps >= start) & (slope.lag_ps <= end)
        if np.all(off[later] <= criteria.stay_factor * width[later]):
            # the next lag on the grid keeps the half decade whole
            beyond = curve.lag_ps[curve.lag_ps >= end * (1 - 1e-9)]
            return start, float(beyond[0]) if beyond.size else float(curve.lag_ps[-1])
    return None


def why_no_window(slope: Exponent, criteria: Criteria) -> str:
    """The word for motion without a diffusive window: "subdiffusive: ..." or "not resolved: ..."."""
    if slope.beta.size == 0:
        return "not resolved: too few frames, or no motion"
    known = np.flatnonzero(slope.half_width <= criteria.half_width_max)
    last = known[-1] if known.size else int(slope.half_width.argmin())
    beta, width = slope.beta[last], slope.half_width[last]
    found = f"exponent {beta:.2f} ± {width:.2f} at {slope.lag_ps[last]:.4g} ps"
    # only the longest lags tell: inside a wide cage motion looks free at first
    never = not np.any(slope.beta[known] >= criteria.exponent_min)
    if known.size and (never or beta + max(width, criteria.half_width_min) < 1.0):
        return f"subdiffusive: {found}"
    if not known.size and np.all(slope.beta + slope.half_width < criteria.exponent_min):
        return f"subdiffusive: {found}"
    if not known.size:
        return f"not resolved: {found}, needed ± {criteria.half_width_max}"
    return f"not resolved: {found}; no half decade with exponent 1 within the run"


def block_fit(positions: Positions, curve: MsdCurve, start_ps: float, end_ps: float) -> Fit | None:
    """D with Student's interval from N_BLOCKS consecutive parts of the run, fitted each by itself.

    Lags reach to half of a block at most; None when the window leaves no factor of two below that.
    """
    n_frames = len(positions) // N_BLOCKS
    inside = (curve.lag_ps >= start_ps * (1 - 1e-9)) & (curve.lag_ps <= end_ps * (1 + 1e-9))
    inside &= curve.lag_frames <= n_frames // 2
    lags = curve.lag_frames[inside]
    if lags.size < 3 or lags[-1] < 2 * lags[0]:
        return None
    weights = gls_slope_weights(curve.lag_ps[inside])
    parts = [positions[block * n_frames : (block + 1) * n_frames] for block in range(N_BLOCKS)]
    found = [float(weights @ fft_msd(part)[lags]) / 6 for part in parts]
    limits = curve.lag_ps[inside]
    return Fit(float(np.mean(found)), half_width_95(found), float(limits[0]), float(limits[-1]), N_BLOCKS - 1.0)


def _with_block_check(fit: Fit, blocks: Fit | None) -> tuple[Fit, str]:
    """The fit with the larger of both errors when they differ by more than a factor of two, and what was found."""
    if blocks is None:
        return fit, f"; no check by {N_BLOCKS} blocks (window too late)"
    # standard errors are compared: Student's t alone makes the half-width from five blocks 1.4 times as wide
    ratio = blocks.half_width / float(stats.t.ppf(0.975, N_BLOCKS - 1)) / (fit.half_width / NORMAL_QUANTILE)
    if ratio > 2.0:
        wider = replace(fit, half_width=blocks.half_width, freedom=blocks.freedom)
        return wider, f"; error from {N_BLOCKS} blocks, {ratio:.1f} times that of the fit"
    if ratio < 0.5:
        return fit, f"; error of the fit, {1 / ratio:.1f} times that from {N_BLOCKS} blocks"
    return fit, ""


def estimate(positions: Positions, interval_ps: float, curve: MsdCurve, criteria: Criteria) -> Diffusion:
    """D of one species from its unwrapped positions (F, M, 3) and their MSD, or why there is none.

    Valid for molecules that move past their cage, singly or in groups; D is that of the periodic box.
    """
    slope = exponent(curve)
    length_ps = (len(positions) - 1) * interval_ps
    window = find_window(curve, slope, length_ps, criteria)
    if window is None:
        return Diffusion(None, why_no_window(slope, criteria))
    start, end = window
    msd_end = float(curve.msd_nm2[np.searchsorted(curve.lag_ps, end * (1 - 1e-9))])
    if msd_end < criteria.msd_end_min_nm2:
        return Diffusion(
            None, f"not resolved: MSD {msd_end:.2g} nm^2 at {end:.4g} ps, needed {criteria.msd_end_min_nm2}"
        )
    fit = fit_between(curve, start, end)
    if fit is None or not fit.d_nm2_per_ps > 0.0:
        return Diffusion(None, "not resolved: no rising line in the window")
    blocks = block_fit(positions, curve, start, end)
    fit, remark = _with_block_check(fit, blocks)
    middle = (start * end) ** 0.5
    windows = ((start, end), (start, middle), (middle, end))
    sensitivity = tuple(fit_between(curve, *limits) for limits in windows)
    return Diffusion(fit, f"window {fit.start_ps:.4g}-{fit.end_ps:.4g} ps{remark}", sensitivity, blocks)
