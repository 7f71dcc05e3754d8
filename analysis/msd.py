"""Mean squared displacements over all time origins, with the spread that error bars need.

Positions are unwrapped, in nm, shape (F, M, 3): frames, molecules, Cartesian components. They may be a float32
memory map: molecules are taken in chunks and computed in float64, so that memory stays bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, stats

from analysis.frames import even_steps
from analysis.reading import mean_interval_ps

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Positions = NDArray[np.floating[Any]]

STRETCH_NUMBERS = 4_000_000  # taken out of a memory map at a time
CHUNK_NUMBERS = 500_000  # float64 transformed at a time: they stay in a core's cache
MAX_ORIGINS = 300  # time origins per lag for the spread of squared displacements
MAX_GROUPS = 40  # of molecules in the jackknife
MIN_GROUPS = 5
MIN_WINDOWS = 30.0  # disjoint windows that a lag needs to tell how far molecules move together
NEARBY_LAGS = 10**0.25  # the excess is averaged over lags up to this factor shorter and longer


@dataclass(frozen=True)
class MsdCurve:
    """MSD of one species at chosen lags (L of them).

    lag_frames (L,), lag_ps (L,); msd_nm2 (L,) mean over molecules and origins; by_group_nm2 (G, L) the same for
    groups of (nearly) equally many molecules; model_variance_nm4 (L,) variance of msd_nm2 of a random walk that is
    cut into disjoint windows: excess * (<r^4> - <r^2>^2) / n, n = molecules * (length - lag) / lag; see
    `overlap_covariance` for what overlapping windows add. excess (L,) is 1 for molecules that move independently of
    each other, and k for groups of k that move together, see `excess_variance`. covariance_nm4 (L, L) is that of
    msd_nm2 at any two lags, with freedom (L,) of Student's t, see `_covariance`.
    every_lag_nm2 (F,) is the MSD at all lags of 0 to F-1 frames.
    """

    lag_frames: IntArray
    lag_ps: FloatArray
    msd_nm2: FloatArray
    by_group_nm2: FloatArray
    model_variance_nm4: FloatArray
    excess: FloatArray
    covariance_nm4: FloatArray
    freedom: FloatArray
    every_lag_nm2: FloatArray

    def half_width_nm2(self) -> FloatArray:
        """Half-width of the 95 % interval at each lag."""
        return np.asarray(stats.t.ppf(0.975, self.freedom) * np.sqrt(np.diag(self.covariance_nm4)))


def log_spaced_lags(n_frames: int, per_decade: int = 16, max_fraction: float = 0.5) -> IntArray:
    """Whole numbers of frames from 1 to max_fraction * (n_frames - 1), evenly spaced in the logarithm, no doubles.

    They are 10^(k / per_decade), rounded: the same for runs of different length, so that replicas can be pooled.
    Empty when there are fewer than three frames.
    """
    longest = int(max_fraction * (n_frames - 1))
    if longest < 1:
        return np.zeros(0, dtype=np.int64)
    exponents = np.arange(int(per_decade * np.log10(longest)) + 2) / per_decade
    lags = np.unique(np.rint(10.0**exponents).astype(np.int64))
    return np.asarray(lags[lags <= longest])


def even_interval_ps(time_ps: FloatArray) -> float:
    """Time between frames; NaN for a single frame. Raises ValueError when the frames are not evenly spaced."""
    steps, interval = np.diff(time_ps), mean_interval_ps(time_ps)
    if steps.size == 0:
        return math.nan
    if interval <= 0.0 or not even_steps(time_ps, interval).all():
        raise ValueError(
            f"frames are not evenly spaced in time: steps from {steps.min():.6g} to {steps.max():.6g} ps. Remedy: read "
            "the trajectory again, or thin it to even steps (gmx trjconv -dt)"
        )
    return interval


def _check(positions: Positions) -> None:
    if positions.ndim != 3 or positions.shape[2] != 3 or 0 in positions.shape:
        raise ValueError(f"positions have the shape (frames, molecules, 3), these have {positions.shape}")


def _chunks(positions: Positions) -> Iterator[FloatArray]:
    """Molecules a few at a time, each as float64 with its first position taken off (keeps squares accurate)."""
    n_frames, n_molecules, _ = positions.shape
    wide, width = (max(1, numbers // (3 * n_frames)) for numbers in (STRETCH_NUMBERS, CHUNK_NUMBERS))
    for first in range(0, n_molecules, wide):
        stretch = np.array(positions[:, first : first + wide])
        for own in range(0, stretch.shape[1], width):
            chunk = stretch[:, own : own + width].astype(np.float64)
            yield chunk - chunk.mean(axis=0)


def _msd_per_molecule(chunk: FloatArray) -> FloatArray:
    """MSD over all origins of each molecule, shape (F, m), in O(F log F) (Calandrini et al., 2011).

    With S1(k) the sum of r^2(t) + r^2(t+k) over the F - k origins and S2(k) the autocorrelation by transform,
    MSD(k) = (S1(k) - 2 S2(k)) / (F - k).
    """
    n_frames = len(chunk)
    size = fft.next_fast_len(2 * n_frames, real=True)
    spectrum = fft.rfft(chunk, size, axis=0)
    parts = spectrum.view(np.float64)  # real and imaginary ones
    power = np.einsum("fmk,fmk->fm", parts, parts)
    correlation = fft.irfft(power, size, axis=0)[:n_frames]
    squares = np.concatenate([np.zeros((1, chunk.shape[1])), np.einsum("fmk,fmk->fm", chunk, chunk).cumsum(axis=0)])
    lags = np.arange(n_frames)
    both_ends = squares[n_frames - lags] + squares[n_frames] - squares[lags]
    msd = (both_ends - 2 * correlation) / (n_frames - lags)[:, None]
    return np.asarray(np.maximum(msd, 0.0), dtype=np.float64)


def fft_msd(positions: Positions) -> FloatArray:
    """MSD(k) = < |r(t+k) - r(t)|^2 > over all F - k origins and all molecules, k = 0 .. F-1; shape (F,), nm^2.

    Raises ValueError for positions of another shape than (F, M, 3).
    """
    _check(positions)
    total = sum((_msd_per_molecule(chunk).sum(axis=1) for chunk in _chunks(positions)), np.zeros(len(positions)))
    return np.asarray(total / positions.shape[1], dtype=np.float64)


def _squares(chunk: FloatArray, lag: int) -> FloatArray:
    """Squared displacements over one lag from at most about MAX_ORIGINS origins, shape (origins, m)."""
    stride = max(1, (len(chunk) - lag) // MAX_ORIGINS)
    step = chunk[lag::stride] - chunk[:-lag:stride]
    return np.asarray(np.einsum("fmk,fmk->fm", step, step))  # several times faster than a sum over a short axis


def _mean_square(values: FloatArray) -> float:
    return float(np.vdot(values, values)) / len(values)


def excess_variance(lag_frames: IntArray, n_frames: int, ratio: FloatArray) -> FloatArray:
    """By what factor the MSD varies more than that of independent molecules, at least 1, shape (L,).

    ratio (L,): variance over the time origins of the mean r^2 of all M molecules, times M, over the variance of r^2
    of one. It is k where groups of k molecules move together, whoever they are; fewer molecules are then behind the
    mean than one would count. A lag is judged by its neighbours up to a factor NEARBY_LAGS, weighted with their
    disjoint windows n_frames / lag - 1, and those of fewer than MIN_WINDOWS by the longest lag that has them.
    Where no lag has, it is 1: such a run cannot tell.
    """
    windows = n_frames / np.maximum(lag_frames, 1) - 1.0
    known = (windows >= MIN_WINDOWS) & np.isfinite(ratio)
    if not known.any():
        return np.ones(lag_frames.size)
    at = np.minimum(lag_frames, lag_frames[known].max())
    near = np.abs(np.log(np.divide.outer(at, lag_frames[known]))) <= np.log(NEARBY_LAGS) + 1e-9
    weights = near * windows[known]
    total = weights.sum(axis=1)
    mean = np.divide(weights @ ratio[known], total, out=np.ones(total.size), where=total > 0.0)
    return np.asarray(np.maximum(mean, 1.0))


def _variances(
    fourth: FloatArray, together: list[FloatArray], n_molecules: int, windows: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Variance of one molecule's r^2 at each lag, and the ratio that `excess_variance` asks for.

    fourth (L,): <r^4>; together: for each lag the mean r^2 of all molecules at each origin; windows: disjoint ones.
    """
    one = np.maximum(fourth - np.array([squares.mean() for squares in together]) ** 2, 0.0)
    # the mean of overlapping windows has 2/3 of the variance that disjoint ones would have; the spread lacks it
    lost = np.maximum(1.0 - 2.0 / (3.0 * windows), 0.1)
    of_mean = np.array([squares.var() for squares in together]) / lost
    return one, np.divide(n_molecules * of_mean, one, out=np.full(one.size, np.nan), where=one > 0.0)


def overlap_covariance(lag_frames: IntArray, n_frames: int, variance_nm4: FloatArray) -> FloatArray:
    """Covariance of the MSDs of a random walk at any two lags from all overlapping windows, (L, L).

    variance_nm4 (L,): that of disjoint windows, as MsdCurve has it. With i <= j frames, n_i = F - i windows, and o the
    frames that a window of each has in common: Cov_ij ~ sum of o^2 over all pairs of windows / (n_i n_j), here by the
    sums of powers. At i = j it is 2/3 of disjoint windows' for i << F, 1/2 for i = F / 2; for F -> infinity it goes as
    i^2 j - i^3 / 3 + i / 3 (Bullerjahn et al., J. Chem. Phys. 153, 024116, 2020).
    Wrong for motion that is no random walk: by a factor of two in the error on the plateau of a cage.
    """
    lags = lag_frames.astype(np.float64)
    short, long = np.minimum.outer(lags, lags), np.maximum.outer(lags, lags)
    windows = n_frames - long
    top, low = short - 1.0, np.maximum(short - windows, 0.0)  # overlaps of frames low + 1 to top occur on both sides

    def squares(n: FloatArray) -> FloatArray:
        return np.asarray(n * (n + 1) * (2 * n + 1) / 6)

    cubes = (top * (top + 1) / 2) ** 2 - (low * (low + 1) / 2) ** 2
    shared = (long - short + 1) * windows * short**2
    shared += 2 * ((windows - short) * (squares(top) - squares(low)) + cubes)
    scale = np.sqrt(variance_nm4 * (n_frames - lags) / lags**3)
    return np.asarray(shared / np.multiply.outer(n_frames - lags, n_frames - lags) * np.outer(scale, scale))


def _covariance(
    by_molecule: FloatArray, lag_frames: IntArray, n_frames: int, excess: FloatArray, disjoint: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Covariance of the mean MSDs at any two lags, (L, L), and degrees of freedom of Student's t at each, (L,).

    Where M molecules count as m = M / excess independent ones: the covariance of the molecules' own MSDs (M, L) over
    m - 1, with m - 1 degrees of freedom. It holds for any kind of motion and for molecules that differ from each
    other; measured spread of z 0.9 to 1.1 for free, caged and grouped walkers, at lags of up to half of the run. With
    fewer than MIN_GROUPS independent molecules: that of random walks, with infinite freedom. Both are too small when
    the pace of all molecules changes together in times longer than the lags; blocks of time see that.
    """
    n_molecules = len(by_molecule)
    independent = n_molecules / excess
    if not np.all(independent >= MIN_GROUPS):
        return overlap_covariance(lag_frames, n_frames, disjoint), np.full(excess.size, np.inf)
    deviation = (by_molecule - by_molecule.mean(axis=0)) / np.sqrt(n_molecules * (independent - 1.0))
    return deviation.T @ deviation, independent - 1.0


def msd_curve(positions: Positions, lag_frames: IntArray, frame_interval_ps: float) -> MsdCurve:
    """MSD at the given lags with what its errors need, see MsdCurve.

    Raises ValueError for positions of another shape than (F, M, 3) and for a lag outside 1 .. F-1.
    """
    _check(positions)
    n_frames, n_molecules, _ = positions.shape
    lags = np.asarray(lag_frames, dtype=np.int64)
    if lags.size and (lags.min() < 1 or lags.max() >= n_frames):
        raise ValueError(f"lags of {lags.min()} to {lags.max()} frames in a run of {n_frames} frames")
    by_molecule = np.zeros((n_molecules, lags.size))
    every_lag, fourth, together = np.zeros(n_frames), np.zeros(lags.size), [np.zeros(1)] * lags.size
    done = 0
    for chunk in _chunks(positions):
        own = _msd_per_molecule(chunk)
        every_lag += own.sum(axis=1) / n_molecules
        by_molecule[done : done + chunk.shape[1]] = own[lags].T
        for k, lag in enumerate(lags):
            squares = _squares(chunk, int(lag))
            fourth[k] += _mean_square(squares) / n_molecules
            together[k] = together[k] + squares.sum(axis=1) / n_molecules
        done += chunk.shape[1]
    one, ratio = _variances(fourth, together, n_molecules, (n_frames - lags) / np.maximum(lags, 1))
    excess = excess_variance(lags, n_frames, ratio)
    disjoint = excess * one * lags / (n_molecules * (n_frames - lags))
    covariance, freedom = _covariance(by_molecule, lags, n_frames, excess, disjoint)
    groups = np.array_split(by_molecule, min(MAX_GROUPS, n_molecules))
    return MsdCurve(
        lag_frames=lags,
        lag_ps=lags.astype(np.float64) * frame_interval_ps,
        msd_nm2=by_molecule.mean(axis=0),
        by_group_nm2=np.array([group.mean(axis=0) for group in groups]),
        model_variance_nm4=disjoint,
        excess=excess,
        covariance_nm4=covariance,
        freedom=freedom,
        every_lag_nm2=every_lag,
    )


def delete_one(by_group: FloatArray) -> FloatArray:
    """Means over all groups but one, shape (G, L), for a jackknife."""
    n = len(by_group)
    return np.asarray((by_group.sum(axis=0) - by_group) / (n - 1))


def jackknife_half_width(by_group: FloatArray, replicates: FloatArray | None = None) -> FloatArray:
    """Half-width of the 95 % interval from G independent groups; NaN with fewer than MIN_GROUPS.

    replicates (G, L): the quantity computed from delete_one(by_group); the mean itself when not given.
    """
    n = len(by_group)
    if n < MIN_GROUPS:
        return np.full(by_group.shape[1:], np.nan)
    values = delete_one(by_group) if replicates is None else replicates
    variance = (n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(float(stats.t.ppf(0.975, n - 1)) * np.sqrt(variance))
