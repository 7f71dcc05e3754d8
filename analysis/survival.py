"""How long contacts last: stretches of contact, their survival function, and the residence time with its error.

The survival function C(t) is the chance that a contact found at a moment drawn at random is still there, without a
break, a time t later (all moments count as origins). From frames it is a product over lags (Kaplan and Meier, J. Am.
Stat. Assoc. 53, 457, 1958): contacts that outlast the run leave the count without counting as ended.
The intermittent form forgives absences of at most t* (Impey, Madden and McDonald, J. Phys. Chem. 87, 5071, 1983).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.msd import jackknife_half_width, log_spaced_lags

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MAX_GROUPS = 40  # of cations in the jackknife
MIN_GROUPS = 10  # with fewer cations each is divided in time as well
LOWER_BOUND_AT = 0.1  # C(T/2) above which the run is too short for a residence time
# C below which the tail is left out: an exponential tail from there is 0.1 % of the time, far below any error
NEGLIGIBLE = 1e-3
# Values of C to which the stretched exponential is fitted: above 0.9 vibrations within the shell end contacts (and
# ln(-ln C) magnifies the noise), below 0.05 few contacts are left.
FITTED = (0.05, 0.9)
FEW = 100  # contacts seen to end, below which the interval is up to a third too narrow
RESOLVED_FRAMES = 3  # shorter residence times are mostly invisible between frames


@dataclass(frozen=True)
class Stretches:
    """Unbroken contacts of pairs, n of them: frames start .. stop - 1 of a record of n_frames, sorted by pair."""

    pair: IntArray
    start: IntArray
    stop: IntArray
    n_frames: int

    @property
    def length(self) -> IntArray:
        """Frames of each stretch (n,)."""
        return self.stop - self.start

    @property
    def censored(self) -> NDArray[np.bool_]:
        """Whether a stretch still lasts at the end of the record (n,)."""
        return np.asarray(self.stop == self.n_frames)

    def frames(self) -> tuple[NDArray[np.integer[Any]], NDArray[np.int32]]:
        """Return the frames in contact one by one: pair and frame of each, in short integers where they fit."""
        length = self.length
        frame = np.ones(int(length.sum()), dtype=np.int32)
        # one frame on within a stretch, and from the last of one to the first of the next
        frame[np.cumsum(length) - length] = np.r_[self.start[:1], self.start[1:] - self.stop[:-1] + 1]
        small = self.pair.size == 0 or self.pair[-1] <= np.iinfo(np.int32).max
        pair: NDArray[np.integer[Any]] = np.repeat(self.pair.astype(np.int32) if small else self.pair, length)
        return pair, np.cumsum(frame, out=frame)

    def chosen(self, which: NDArray[np.bool_]) -> Stretches:
        """Return some of the stretches."""
        return Stretches(self.pair[which], self.start[which], self.stop[which], self.n_frames)


def stretches(pair: IntArray, frame: NDArray[np.integer[Any]], n_frames: int) -> Stretches:
    """Return the unbroken stretches of contacts, given as (pair, frame), each once, in any order."""
    if not pair.size:
        none = np.empty(0, dtype=np.int64)
        return Stretches(none, none, none, n_frames)
    # NumPy sorts short integers in linear time, and what is sorted by frame already stays so
    short = np.min_scalar_type(pair.max())
    order = (
        np.argsort(pair.astype(short), kind="stable") if np.all(frame[1:] >= frame[:-1]) else np.lexsort((frame, pair))
    )
    # one number more than there are frames keeps the last frame of a pair apart from the first of the next
    keys = pair[order] * (n_frames + 1)
    keys += frame[order]
    breaks = np.flatnonzero(np.diff(keys) != 1)
    first, last = keys[np.r_[0, breaks + 1]], keys[np.r_[breaks, keys.size - 1]]
    pairs, start = np.divmod(first, n_frames + 1)
    return Stretches(pairs, start, start + last - first + 1, n_frames)


def frames_within(time_ps: float, interval_ps: float) -> int:
    """Return how many frames last at most a time: rounded down, of frames 5 ps apart none lasts 2 ps; 0 without any."""
    return math.floor(time_ps / interval_ps + 1e-6) if interval_ps > 0 else 0


def bridged(found: Stretches, gap_frames: int) -> Stretches:
    """Return the stretches with absences of at most `gap_frames` filled.

    Whether an absence in the last `gap_frames` frames would have been filled is unknown: they are left out.
    """
    gap = min(gap_frames, found.n_frames - 1)
    if gap < 1:
        return found
    joined = _filled(found, gap)
    n_frames = found.n_frames - gap
    joined = Stretches(joined.pair, joined.start, np.minimum(joined.stop, n_frames), n_frames)
    return joined.chosen(joined.start < n_frames)


def _filled(found: Stretches, gap: int) -> Stretches:
    """Return the stretches with short absences filled."""
    if not found.pair.size:
        return found
    apart = (np.diff(found.pair) != 0) | (found.start[1:] - found.stop[:-1] > gap)
    first, last = np.r_[True, apart], np.r_[apart, True]
    return Stretches(found.pair[first], found.start[first], found.stop[last], found.n_frames)


def steady(found: Stretches, dwell_frames: int) -> Stretches:
    """Return the stretches without flicker: absences of up to `dwell_frames` filled, then shorter contacts left out.

    Contacts that touch the beginning or the end of the record stay: their length is not known.
    """
    joined = _filled(found, dwell_frames)
    known = (joined.start > 0) & ~joined.censored
    return joined.chosen(~known | (joined.length >= dwell_frames))


def exchanges(lasting: Stretches, n_molecules: int, n_cations: int) -> FloatArray:
    """Return the exchanges of each cation (N_cation,): half of all arrivals and departures."""
    cation = lasting.pair // n_molecules
    changes = np.bincount(cation[lasting.start > 0], minlength=n_cations)
    changes += np.bincount(cation[~lasting.censored], minlength=n_cations)
    return np.asarray(changes / 2.0)


def new_partners(lasting: Stretches, n_molecules: int, n_cations: int) -> IntArray:
    """Return for each cation how many molecules it met that it did not hold in the first frame, (N_cation,)."""
    first = np.diff(lasting.pair, prepend=-1) != 0
    met = lasting.pair[first & (lasting.start > 0)] // n_molecules
    return np.bincount(met, minlength=n_cations)


def groups_of(found: Stretches, n_molecules: int, n_cations: int) -> tuple[IntArray, int]:
    """Return the group of each stretch for the jackknife, and how many groups there are.

    A group is a cation (several, when there are more than MAX_GROUPS); with fewer than MIN_GROUPS cations it is
    a cation in one of several parts of the record, by the beginning of the stretch.
    """
    cation = found.pair // n_molecules
    n_parts = max(1, -(-MIN_GROUPS // n_cations))
    part = found.start * n_parts // found.n_frames
    n_groups = min(n_cations, MAX_GROUPS)
    return cation % n_groups * n_parts + part, n_groups * n_parts


@dataclass(frozen=True)
class Survival:
    """C at chosen lags, its integral up to the last of them, and the same with one group left out (G of them).

    lag_frames (L,); curve (L,), curve_without (G, L); integral and integral_without (G,) in frames (trapezoids);
    n_ended: contacts that were seen to end.
    """

    lag_frames: IntArray
    curve: FloatArray
    curve_without: FloatArray
    integral: float
    integral_without: FloatArray
    n_ended: int

    def half_width(self) -> FloatArray:
        """Return the half-width of the 95 % interval of C at each lag (L,)."""
        return jackknife_half_width(self.curve_without, self.curve_without)


def survival(found: Stretches, group: IntArray, n_groups: int) -> Survival:
    """Return C up to half of the record, or up to where nothing is left to observe.

    A stretch of L frames holds L origins, of which the one r frames before its last has seen the contact for r
    frames; the chance to end between lags j and j + 1 is h(j) = ended(j) / at_risk(j), with
    at_risk(j) = sum max(0, L - j) over stretches that ended + sum max(0, L - j - 1) over those that did not, and
    C(k) = prod_{j<k} (1 - h(j)).
    """
    ended, at_risk = _at_risk(found, group, n_groups)
    # the first row is the whole, the others lack one group each
    ended = np.vstack([ended.sum(axis=0), ended.sum(axis=0) - ended])
    at_risk = np.vstack([at_risk.sum(axis=0), at_risk.sum(axis=0) - at_risk])
    unknown = np.flatnonzero(at_risk[0] <= 0)
    longest = int(unknown[0]) if unknown.size else ended.shape[1]
    ended, at_risk = ended[:, :longest], at_risk[:, :longest]
    lasting = 1.0 - np.divide(ended, at_risk, out=np.zeros(ended.shape), where=at_risk > 0)
    curves = np.hstack([np.ones((n_groups + 1, 1)), np.cumprod(lasting, axis=1)])
    integrals = curves.sum(axis=1) - (curves[:, 0] + curves[:, -1]) / 2
    lags = np.union1d(log_spaced_lags(2 * longest + 1), [longest])
    return Survival(
        lag_frames=lags,
        curve=curves[0, lags],
        curve_without=curves[1:, lags],
        integral=float(integrals[0]),
        integral_without=integrals[1:],
        n_ended=int((~found.censored).sum()),
    )


def _at_risk(found: Stretches, group: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """Return ended(j) and at_risk(j) of each group up to half of the record, both (G, lags)."""
    n_frames, longest = found.n_frames, (found.n_frames - 1) // 2

    def longer(which: NDArray[np.bool_]) -> IntArray:  # stretches of each group longer than j frames, (G, F)
        keys = group[which] * (n_frames + 1) + found.length[which]
        counts = np.bincount(keys, minlength=n_groups * (n_frames + 1)).reshape(n_groups, n_frames + 1)
        return counts[:, ::-1].cumsum(axis=1)[:, -2::-1]

    ends, lasts = longer(~found.censored), longer(found.censored)
    at_risk = ends[:, ::-1].cumsum(axis=1)[:, ::-1]
    at_risk[:, :-1] += lasts[:, ::-1].cumsum(axis=1)[:, -2::-1]
    return ends[:, :longest], at_risk[:, :longest]


@dataclass(frozen=True)
class Residence:
    """Residence time in ps with the half-width of its 95 % interval, or a lower bound, and how it was found.

    time_ps: integral of C, NaN when the run is too short; lower_bound_ps: the integral up to half of the run, NaN
    when time_ps is known; beta, beta_half_width: exponent of the stretched exponential, NaN when C falls too fast
    to show one; note: what must be said of the number.
    """

    time_ps: float
    half_width_ps: float
    lower_bound_ps: float
    beta: float
    beta_half_width: float
    note: str


def residence(found: Survival, interval_ps: float) -> Residence:
    """Return the residence time tau = integral of C(t) dt from a survival function.

    Up to half of the run the integral is summed; what lies beyond is that of the stretched exponential
    exp(-(t / tau_k)^beta), fitted to ln(-ln C) against ln t and scaled to C(T/2). When C(T/2) > 0.1 there is only a
    lower bound. Uncertainty: jackknife over cations. Wrong when contacts differ and the rare long ones were not met;
    too short close to the limit (C(T/2) about 0.1 in truth), as only runs that fall below it by chance get a time.
    """
    last = float(found.curve[-1])
    if found.lag_frames[-1] == 0 or last > LOWER_BOUND_AT:
        bound = found.integral * interval_ps
        # nothing ended: nothing is known of how much the bound could have varied
        half = _half_width(found.integral_without) * interval_ps or math.nan
        note = f"tau > {bound:.3g} ps (lower bound): C = {last:.2g} at {found.lag_frames[-1] * interval_ps:.3g} ps"
        return Residence(math.nan, half, bound, math.nan, math.nan, note)
    exponents, scales = _stretched(found.lag_frames, np.vstack([found.curve, found.curve_without]))
    ends = np.r_[last, found.curve_without[:, -1]]
    tails = _tail(exponents, scales, float(found.lag_frames[-1]), ends)
    times = (np.r_[found.integral, found.integral_without] + tails) * interval_ps
    notes = [f"only {found.n_ended} contacts ended: interval too narrow"] if found.n_ended < FEW else []
    if tails[0] > 0:
        notes.append(f"{tails[0] * interval_ps / times[0]:.0%} from the tail beyond half of the run")
    elif last > NEGLIGIBLE:
        notes.append(f"C = {last:.2g} left at half of the run, not counted")
    if times[0] < RESOLVED_FRAMES * interval_ps:
        notes.append(f"not resolved by frames {interval_ps:g} ps apart: too long rather than too short")
    half = _half_width(times[1:])
    return Residence(float(times[0]), half, math.nan, float(exponents[0]), _half_width(exponents[1:]), "; ".join(notes))


def _half_width(without: FloatArray) -> float:
    """Return the jackknife's half-width from values without one group each."""
    return float(jackknife_half_width(without[:, None], without[:, None])[0])


def _stretched(lag_frames: IntArray, curves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return beta and tau_k in frames of the stretched exponential of each curve (C, L); NaN where none shows.

    The lags are those at which the first curve lies within `FITTED`; at least three are needed.
    """
    low, high = FITTED
    used = (lag_frames > 0) & (curves[0] >= low) & (curves[0] <= high)
    if used.sum() < 3:
        return np.full(len(curves), np.nan), np.full(len(curves), np.nan)
    x = np.log(lag_frames[used])
    y = np.log(-np.log(np.clip(curves[:, used], 1e-12, 1.0 - 1e-12)))
    deviation = x - x.mean()
    beta = y @ deviation / (deviation @ deviation)
    with np.errstate(over="ignore"):  # a curve that does not fall has no time
        return beta, np.exp(x.mean() - y.mean(axis=1) / beta)


def _tail(beta: FloatArray, scale: FloatArray, lag: float, c_at_lag: FloatArray) -> FloatArray:
    """Return the integral beyond a lag of stretched exponentials scaled to C there; 0 where C is negligible."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        x = (lag / scale) ** beta
        whole = scale / beta * special.gamma(1.0 / beta)
        tail = c_at_lag * np.exp(x) * whole * special.gammaincc(1.0 / beta, x)
    usable = (c_at_lag > NEGLIGIBLE) & np.isfinite(tail) & (beta > 0)
    return np.where(usable, tail, 0.0)
