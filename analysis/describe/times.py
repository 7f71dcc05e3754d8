"""What the times of frames say: how far they are apart, and which of them will be left out when they are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.frames import even_steps
from analysis.read import MIN_FRAMES
from analysis.survey import longest_even, usual_spacing

_IN_ORDER = 0.9
"""Least share of steps that go forward, for the times to count as in order."""
_SAME_INTERVAL = 1e-3
_MOST_TOLD = 3

FloatArray = NDArray[np.float64]


def in_order(times_ps: FloatArray) -> bool:
    """Return whether nearly all steps between consecutive frames go forward."""
    steps = np.diff(times_ps)
    return bool((steps > 0).sum() >= _IN_ORDER * steps.size)


def usual_interval(times_ps: FloatArray) -> float:
    """Return the usual time in ps between two frames, as a damaged one may tell any; not positive when none is forward.

    The median of the steps forward; where many go back, of the times sorted. Times are in single precision: the whole
    span, in as many steps, tells it better than one step.
    """
    if not in_order(times_ps):
        known = np.unique(times_ps[np.isfinite(times_ps)])
        times_ps = known if known.size > 1 else times_ps
    if times_ps.size < 2:
        return 0.0
    usual, span = usual_spacing(times_ps, otherwise_ps=0.0), float(times_ps[-1] - times_ps[0])
    number = round(span / usual) if usual > 0 and math.isfinite(span) else 0
    return span / number if number > 0 and abs(span / number - usual) < _SAME_INTERVAL * usual else usual


def span_ps(times_ps: FloatArray, interval_ps: float) -> tuple[float, float]:
    """Return the first and the last time that can be believed."""
    first, last = float(times_ps[0]), float(times_ps[-1])
    if not in_order(times_ps):
        return float(np.nanmin(times_ps)), float(np.nanmax(times_ps))
    good = last >= first and math.isfinite(last)
    return first, last if good else first + interval_ps * (times_ps.size - 1)


def left_out(times_ps: FloatArray, interval_ps: float, unusable: Mapping[int, str]) -> list[str]:
    """Return a note when not all frames will be measured: which ones will be, and why not the others.

    `unusable`: number of a frame from 0 -> the words that follow "frame 5", of those known to be so.
    """
    usable = times_ps.copy()
    usable[list(unusable)] = np.nan
    first, last = longest_even(usable, interval_ps)
    if last - first == times_ps.size:
        return []
    reasons = _reasons(times_ps, interval_ps, unusable)
    told = "; ".join(reasons[:_MOST_TOLD]) + (f"; and {len(reasons) - _MOST_TOLD} more" if reasons[_MOST_TOLD:] else "")
    if last - first < MIN_FRAMES:
        return [
            f"of {times_ps.size} frames no {MIN_FRAMES} are in order, measuring needs as many: {told}. Remedy: a "
            "trajectory with its frames in the order of time, or --frame-interval PS when only its times are wrong"
        ]
    used = f"frames {first + 1} to {last} of {times_ps.size}, {times_ps[first]:g} to {times_ps[last - 1]:g} ps"
    return [f"measured will be {used}, the longest even stretch: {told}"]


def _reasons(times_ps: FloatArray, interval_ps: float, unusable: Mapping[int, str]) -> list[str]:
    """Return what interrupts the frames, in their order."""
    odd = np.flatnonzero(~even_steps(times_ps, interval_ps)) + 1
    told = {number: f"frame {number + 1} {_step(times_ps, number, interval_ps)}" for number in odd.tolist()}
    told |= {number: f"frame {number + 1} {words}" for number, words in unusable.items()}
    return [told[number] for number in sorted(told)]


def _step(times_ps: FloatArray, number: int, interval_ps: float) -> str:
    """Return the words about a frame that does not follow the one before it as usual."""
    before, after = times_ps[number - 1], times_ps[number]
    if not after > before:
        return f"goes back from {before:g} to {after:g} ps" if after < before else f"repeats {after:g} ps"
    return f"comes {after - before:.4g} ps after the one before, others {interval_ps:.4g} ps"
