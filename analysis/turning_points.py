"""First peak of a smoothed g(r) and the minimum behind it, found on the whole and again on what makes it up.

A single bin that is highest or lowest follows the noise. The place is taken from all that lies near it: of a peak the
vertex of the parabola fitted to its upper part, of a minimum that of the quartic (troughs are lopsided) fitted to the
lower part of the trough, of a trough that is flat the middle. On an exact curve both differ from the highest and lowest
bin by about a bin, and of the same counts they scatter half as much: a smooth function of g, as the jackknife demands.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

FloatArray = NDArray[np.float64]

LEAST_PEAK = 1.0
"""A peak of g is a shell when it is denser than the liquid on average."""
PROMINENCE = 0.2
"""Least height of a peak above its foot: a shell of fewer than a fifth more neighbours than at random has no use."""
NOISE_FACTOR = 5.0
"""Standard errors that a peak must stand out by: noise does so by 3 somewhere among some hundred smoothing widths and
dozens of curves, and the estimated error is often half the true one."""
TROUGH_SEARCH_NM = 0.25
"""How far beyond the peak to look for the minimum without a second peak: shells of molecules lie so far apart."""
UPPER_SHARE = 0.3
"""A parabola is fitted to the part of a peak that is higher than 1 - this, where a Gaussian is one within 5 %."""
LOWER_SHARE = 0.2
"""The quartic is fitted where g is lower than this share of the way from the minimum to the lower of both peaks."""
FLAT_SHARE = 0.005
"""A trough that stays as low as this share of that way for half of what is fitted is flat."""
WIDEST_NM = 0.1
"""A place with a larger half-width is not resolved: shells lie 0.2 nm apart and more."""
_DEGREE_OF_PEAK, _DEGREE_OF_TROUGH = 2, 4
_POINTS = 401


@dataclass(frozen=True)
class Stretch:
    """Bins first .. last of a curve, with the degree of the polynomial fitted there; sign: -1 for a peak."""

    first: int
    last: int
    degree: int
    sign: float = 1.0

    def places(self, r: FloatArray, g: FloatArray) -> FloatArray:
        """Return where each curve g (..., K) turns, (...): the least value of the polynomial within the stretch."""
        values = self.sign * g[..., self.first : self.last + 1] @ _fit(self.last - self.first + 1, self.degree)
        lowest = np.clip(values.argmin(axis=-1), 1, _POINTS - 2)[..., None]
        left, middle, right = (np.take_along_axis(values, lowest + one, -1)[..., 0] for one in (-1, 0, 1))
        bend = left - 2 * middle + right
        step = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend > 0)
        at = (lowest[..., 0] + np.clip(step, -1.0, 1.0)) / (_POINTS - 1)
        return np.asarray(r[self.first] + at * (r[self.last] - r[self.first]))


Finder = Callable[[FloatArray], Stretch | None]
"""Chooses the stretch of a curve (K,)."""


@lru_cache(maxsize=256)
def _fit(n_bins: int, degree: int) -> FloatArray:
    """Return what makes of g in evenly spaced bins the fitted polynomial at `_POINTS` points, (n_bins, _POINTS)."""
    x, fine = np.linspace(-1.0, 1.0, n_bins), np.linspace(-1.0, 1.0, _POINTS)
    powers = np.arange(min(degree, n_bins - 1) + 1)
    return np.asarray((fine[:, None] ** powers @ np.linalg.pinv(x[:, None] ** powers)).T)


def place(find: Finder, r: FloatArray, g: FloatArray) -> float:
    """Return where a curve (K,) turns, NaN where it does not."""
    stretch = find(g)
    return math.nan if stretch is None else float(stretch.places(r, g))


def unresolved(error_nm: float) -> str:
    """Return why a place with this 95 % half-width is none; empty when it is one, or the half-width is not known."""
    return f"not resolved: its half-width would be {error_nm:.2g} nm" if error_nm > WIDEST_NM else ""


def places_without_one(find: Finder, r: FloatArray, curves: FloatArray) -> FloatArray:
    """Return where the mean of n curves (n, K) turns without each of them, (n,); a single one gives NaN."""
    n = len(curves)
    if n < 2:
        return np.full(n, np.nan)
    return np.array([place(find, r, one) for one in (curves.sum(axis=0) - curves) / (n - 1)])


def peaks_above(g: FloatArray, noise: FloatArray) -> NDArray[np.int64]:
    """Return the bins of peaks that stand out from the noise (K,), standard errors, nearest first."""
    peaks, properties = signal.find_peaks(g, height=LEAST_PEAK, prominence=PROMINENCE)
    kept: NDArray[np.int64] = peaks[properties["prominences"] > NOISE_FACTOR * noise[peaks]]
    return kept


def peak_at(g: FloatArray, peak: int) -> Stretch:
    """Return the upper part of the peak at or next to a bin, three bins at least."""
    while 0 < peak < g.size - 1 and max(g[peak - 1], g[peak + 1]) > g[peak]:
        peak += 1 if g[peak + 1] > g[peak - 1] else -1
    with warnings.catch_warnings():  # of one part of a run alone there may be no peak here: its height is 0 then
        warnings.simplefilter("ignore", RuntimeWarning)
        height = float(signal.peak_prominences(g, [peak])[0][0])
    first, last = _lower(-g, peak, -float(g[peak]) + UPPER_SHARE * height)
    return Stretch(max(min(first, peak - 1), 0), min(max(last, peak + 1), g.size - 1), _DEGREE_OF_PEAK, -1.0)


def trough_behind(r: FloatArray, g: FloatArray, peaks: Sequence[int] | NDArray[np.int64]) -> Stretch | None:
    """Return the lower part of the trough behind the first of some peaks; None when g still falls where it ends."""
    first = int(peaks[0])
    last = int(peaks[1]) if len(peaks) > 1 else first + round(TROUGH_SEARCH_NM / float(r[1] - r[0]))
    between = g[first : last + 1]
    lowest = int(np.argmin(between))
    height = min(float(between[0]), float(between[lowest:].max())) - float(between[lowest])
    if height <= 0.0:
        return None
    flat = _lower(between, lowest, float(between[lowest]) + FLAT_SHARE * height)
    low, high = _lower(between, lowest, float(between[lowest]) + LOWER_SHARE * height)
    if max(flat[1], high) == between.size - 1:
        return None
    is_flat = flat[1] - flat[0] > (high - low) / 2
    return Stretch(first + low, first + high, _DEGREE_OF_PEAK if is_flat else _DEGREE_OF_TROUGH)


def _lower(g: FloatArray, at: int, depth: float) -> tuple[int, int]:
    """Return first and last bin of the unbroken stretch around a bin in which g is not above `depth`."""
    above = np.flatnonzero(g > depth)
    before, behind = above[above < at], above[above > at]
    return int(before[-1]) + 1 if before.size else 0, int(behind[0]) - 1 if behind.size else g.size - 1
