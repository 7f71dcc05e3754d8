"""Which frames of a trajectory can be used, where not all of them can: the longest even stretch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from multiprocessing.sharedctypes import RawArray
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.frames import NO_BOX_NM, FrameCheck, even_steps, frame_buffer, raw_frames
from analysis.part import damage
from analysis.run import Run
from analysis.unwrap import Bonds, MoleculeSums, centres_of_mass
from analysis.workers import HUNG_S, Died, Done, leave_child, run_all

FloatArray = NDArray[np.float64]
MOST_DEATHS = 200
"""After so many frames that end the process that reads them the rest is given up."""


def usual_spacing(times_ps: FloatArray, otherwise_ps: float) -> float:
    """Return the median time between consecutive frames, NaN and steps back left out; `otherwise_ps` without any."""
    steps = np.diff(times_ps)
    forward = steps[steps > 0]
    return float(np.median(forward)) if forward.size else otherwise_ps


def longest_even(times_ps: FloatArray, spacing_ps: float) -> tuple[int, int]:
    """Return first and last + 1 of the longest run of frames that are `spacing_ps` apart; NaN: cannot be used.

    The first one where several are equally long; (0, 0) when no frame can be used.
    """
    even = even_steps(times_ps, spacing_ps)
    starts = np.flatnonzero(np.concatenate([[True], ~even]) & np.isfinite(times_ps))
    if starts.size == 0:
        return 0, 0
    ends = np.flatnonzero(np.concatenate([~even, [True]]) & np.isfinite(times_ps)) + 1
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])


def usable_times(
    run: Run,
    trajectory: Any,
    has_box: bool,
    first: int,
    last: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FloatArray:
    """Return the times in ps of the frames first to last - 1, NaN where a frame cannot be read or used.

    `progress` is called now and then with the frames looked at and all of them.
    """
    shared = RawArray("d", [math.nan] * (last - first))
    times: FloatArray = np.frombuffer(shared)
    bonds, start = Bonds(run), first
    weights = centres_of_mass(bonds, run)
    for _ in range(MOST_DEATHS):
        begin = start

        def look(done: Done, begin: int = begin) -> None:
            for number, time_ps in _usable(bonds, weights, trajectory, has_box, begin, last):
                times[number - first] = time_ps
                done(number + 1 - begin)

        def tell(done: int, before: int = begin - first) -> None:
            progress(before + done, last - first)

        (result,) = run_all([look], tell, HUNG_S)
        if not isinstance(result, Died):
            break
        start = begin + result.done + 1
        if start >= last:
            break
    return times.copy()


def _usable(
    bonds: Bonds, weights: MoleculeSums, trajectory: Any, has_box: bool, first: int, last: int
) -> Iterator[tuple[int, float]]:
    """Yield number and time of each frame from `first` on, NaN for one that cannot be used."""
    number, buffer = first, frame_buffer(trajectory.n_atoms)
    while number < last:
        try:
            for time_ps, box, _ in raw_frames(trajectory, number, last, buffer):
                # Alone, a frame has no neighbours in time to be compared with.
                problem = FrameCheck(math.nan, has_box).problem(time_ps, box)
                lengths = np.full(3, NO_BOX_NM) if box is None else box
                problem = problem or damage(*bonds.centres(buffer, lengths[None], weights), has_box=has_box)[0]
                yield number, math.nan if problem else time_ps
                number += 1
        except (OSError, EOFError, ValueError):
            leave_child()
            yield number, math.nan
            number += 1
