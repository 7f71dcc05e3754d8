"""Mean squared displacements over all time origins, with the spread that error bars need.

Positions are unwrapped, in nm, shape (F, M, 3): frames, molecules, Cartesian components. They may be a float32
memory map: molecules are taken in chunks and computed in float64, so that memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, stats

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Positions = NDArray[np.floating[Any]]

CHUNK_NUMBERS = 4_000_000  # float64 held at a time, before the padding of the transform
MAX_ORIGINS = 300  # time origins per lag for the spread of squared displacements
MAX_GROUPS = 40  # of molecules in the jackknife
MIN_GROUPS = 5


@dataclass(frozen=True)
class MsdCurve:
    """MSD of one species at chosen lags (L of them).

    lag_frames (L,), lag_ps (L,); msd_nm2 (L,) mean over molecules and origins; by_group_nm2 (G, L) the same for
    groups of (nearly) equally many molecules; model_variance_nm4 (L,) variance of msd_nm2 if displacements over
    disjoint windows are independent: (<r^4> - <r^2>^2) / n, n = molecules * (length - lag) / lag
    (overlap of windows left out: on the safe side by a factor of up to 1.5).
    """

    lag_frames: IntArray
    lag_ps: FloatArray
    msd_nm2: FloatArray
    by_group_nm2: FloatArray
    model_variance_nm4: FloatArray

    def half_width_nm2(self) -> FloatArray:
        """Half-width of the 95 % interval at each lag: the larger of random-walk model and molecules' spread."""
        model = float(stats.norm.ppf(0.975)) * np.sqrt(self.model_variance_nm4)
        return np.fmax(model, jackknife_half_width(self.by_group_nm2))


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


def _check(positions: Positions) -> None:
    if positions.ndim != 3 or positions.shape[2] != 3 or 0 in positions.shape:
        raise ValueError(f"positions have the shape (frames, molecules, 3), these have {positions.shape}")


def _chunks(positions: Positions) -> Iterator[FloatArray]:
    """Molecules a few at a time, each as float64 with its first position taken off (keeps squares accurate)."""
    n_frames, n_molecules, _ = positions.shape
    width = max(1, CHUNK_NUMBERS // (3 * n_frames))
    for first in range(0, n_molecules, width):
        chunk = np.array(positions[:, first : first + width], dtype=np.float64)
        yield chunk - chunk.mean(axis=0)


def _msd_per_molecule(chunk: FloatArray) -> FloatArray:
    """MSD over all origins of each molecule, shape (F, m), in O(F log F) (Calandrini et al., 2011).

    With S1(k) the sum of r^2(t) + r^2(t+k) over the F - k origins and S2(k) the autocorrelation by transform,
    MSD(k) = (S1(k) - 2 S2(k)) / (F - k).
    """
    n_frames = len(chunk)
    size = fft.next_fast_len(2 * n_frames, real=True)
    spectrum = fft.rfft(chunk, size, axis=0)
    power = np.einsum("fmk,fmk->fm", spectrum, spectrum.conj()).real
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


def _fourth_moments(chunk: FloatArray, lags: IntArray) -> FloatArray:
    """Sum over molecules of the mean r^4 over at most MAX_ORIGINS origins, and of r^2 alike; shape (2, L)."""
    moments = np.zeros((2, len(lags)))
    for k, lag in enumerate(lags):
        stride = max(1, (len(chunk) - lag) // MAX_ORIGINS)
        step = chunk[lag::stride] - chunk[:-lag:stride]
        squared = np.einsum("fmk,fmk->fm", step, step)  # several times faster than a sum over a short axis
        moments[:, k] = np.vdot(squared, squared) / len(squared), squared.sum() / len(squared)
    return moments


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
    moments = np.zeros((2, lags.size))
    done = 0
    for chunk in _chunks(positions):
        by_molecule[done : done + chunk.shape[1]] = _msd_per_molecule(chunk)[lags].T
        moments += _fourth_moments(chunk, lags)
        done += chunk.shape[1]
    fourth, second = moments / n_molecules
    independent = n_molecules * (n_frames - lags) / np.maximum(lags, 1)
    groups = np.array_split(by_molecule, min(MAX_GROUPS, n_molecules))
    return MsdCurve(
        lag_frames=lags,
        lag_ps=lags.astype(np.float64) * frame_interval_ps,
        msd_nm2=by_molecule.mean(axis=0),
        by_group_nm2=np.array([group.mean(axis=0) for group in groups]),
        model_variance_nm4=np.maximum(fourth - second**2, 0.0) / independent,
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
