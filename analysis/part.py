"""The pass over consecutive frames: everything that is collected from them, and where and why it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.chain_geometry import Chains
from analysis.dipole import TotalDipole
from analysis.frames import NO_BOX_NM, FloatArray, FrameCheck, Positions, raw_frames
from analysis.hydrogen_bonding import HydrogenBonds
from analysis.neighbours import PAIR_CUTOFF_NM, Neighbours
from analysis.run import Run
from analysis.unwrap import Bonds, Unwrapper, centres_of_mass

LONGEST_BOND_NM = 0.5
"""No bond between atoms is longer; a frame that has one is damaged."""
_FRAMES_AT_ONCE = 16


@dataclass(frozen=True)
class Plan:
    """Which frames of a trajectory are read, and how: frames first to last - 1, so many ps apart.

    block_of_frame: (last - first,) block of each frame; sample_every: chains are looked at in every so many frames.
    """

    first: int
    last: int
    spacing_ps: float
    has_box: bool
    block_of_frame: NDArray[np.int64]
    sample_every: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.last - self.first

    def before(self, n_frames: int) -> Plan:
        """Return the plan for its first frames alone."""
        return replace(self, last=self.first + n_frames, block_of_frame=self.block_of_frame[:n_frames])


@dataclass
class Part:
    """What was collected from consecutive frames; `first` counts from the first frame of the plan.

    reason: why it ended before its last frame, as "frame 5 (time 4 ps) has no box"; empty when it did not.
    series: what is collected per frame or per sampled frame, by name.
    """

    first: int
    time_ps: FloatArray
    box_nm: FloatArray
    labels: list[str]
    pair_labels: list[str]
    hydrogen_bonds: list[str]
    counts: NDArray[np.int64]
    norm: FloatArray
    start: FloatArray
    end: FloatArray
    end_steady: FloatArray
    largest_step: float
    reason: str
    series: dict[str, NDArray[Any]] = field(default_factory=dict)


class Pass:
    """Collects everything from frames given one by one, and writes centres of mass and pairs as it goes."""

    def __init__(self, run: Run, plan: Plan, first: int, com_nm: Any, pair_folder: Path) -> None:
        """Begin at frame `first` of the plan, writing into com_nm (F, M, 3) and an existing folder."""
        self._run, self._plan, self._first, self._com_nm, self._pair_folder = run, plan, first, com_nm, pair_folder
        self._bonds = Bonds(run)
        self._centres = centres_of_mass(self._bonds, run)
        self._unwrapper = Unwrapper(np.repeat([s.mass_u for s in run.species], [s.count for s in run.species]))
        self._dipole = TotalDipole(run, self._bonds)
        self._chains, self._hydrogen_bonds = Chains(run), HydrogenBonds(run)
        self._neighbours: Neighbours | None = None
        self._times: list[float] = []
        self._boxes: list[FloatArray] = []
        self._wrapped: FloatArray = np.empty((_FRAMES_AT_ONCE, run.n_molecules, 3))
        self._start: FloatArray = np.empty((0, 3))

    def add(self, time_ps: float, box: FloatArray, positions: Positions) -> str:
        """Take in the next frame; return what is wrong with it, and then it is not taken in."""
        slot = len(self._times) % _FRAMES_AT_ONCE
        longest = self._bonds.centres(positions, box, self._centres, self._wrapped[slot])
        if longest > LONGEST_BOND_NM:
            return f"has a bond {longest:.2g} nm long and is damaged"
        if self._neighbours is None:
            n_blocks = int(self._plan.block_of_frame[-1]) + 1
            self._neighbours = Neighbours(self._run, n_blocks, _largest_distance(box, positions), self._pair_folder)
        frame = self._first + len(self._times)
        self._neighbours.add(frame, int(self._plan.block_of_frame[frame]), positions, box)
        if self._dipole.known:
            self._dipole.add(self._bonds.vectors(positions, box))
        if frame % self._plan.sample_every == 0:
            self._chains.add(positions, box)
            self._hydrogen_bonds.add(positions, box)
        self._times.append(time_ps)
        self._boxes.append(box)
        if slot == _FRAMES_AT_ONCE - 1:
            self._unwrap(_FRAMES_AT_ONCE)
        return ""

    def _unwrap(self, n_frames: int) -> None:
        """Write the paths of the frames whose centres of mass wait."""
        if n_frames == 0:
            return
        end = len(self._times)
        if end == n_frames:
            self._start = self._wrapped[0].copy()
        steady = self._unwrapper.steps(self._wrapped[:n_frames], np.array(self._boxes[end - n_frames :]))
        self._com_nm[self._first + end - n_frames : self._first + end] = steady
        self._end_steady = steady[-1]

    def finish(self, reason: str) -> Part:
        """Return what was collected; at least one frame must have been."""
        self._unwrap(len(self._times) % _FRAMES_AT_ONCE)
        neighbours, end = self._neighbours, self._unwrapper.wrapped
        assert neighbours is not None and end is not None
        neighbours.flush()
        series: dict[str, NDArray[Any]] = {}
        if self._dipole.known:
            series["dipole"] = np.array(self._dipole.total_e_nm)
            series["dipole_square"] = np.array(self._dipole.mean_square_e2_nm2)
        series |= self._chains.series() | self._hydrogen_bonds.series()
        return Part(
            self._first,
            np.array(self._times),
            np.array(self._boxes),
            neighbours.labels,
            neighbours.pair_labels,
            self._hydrogen_bonds.labels,
            neighbours.counts,
            neighbours.norm,
            self._start,
            end,
            self._end_steady,
            self._unwrapper.largest_step,
            reason,
            series,
        )


def _largest_distance(box: FloatArray, positions: Positions) -> float:
    """Return up to where distances are counted apart: to the farthest in a cube, without a box in half the extent.

    What lies beyond half the box is cut off when it is stored; counting all of it in a single bin takes longer.
    """
    if float(box.min()) >= NO_BOX_NM:
        return max(float(np.ptp(positions, axis=0).min()) / 2, PAIR_CUTOFF_NM)
    return float(box.min()) * 0.9


def read_part(
    run: Run,
    trajectory: Any,
    plan: Plan,
    span: tuple[int, int],
    com_path: Path,
    pair_folder: Path,
    done: Callable[[int], None],
) -> Part | str:
    """Read frames span[0] to span[1] - 1 of the plan, as far as they can be used; the reason if not one of them can.

    `done` is called after each frame with the frames done.

    Raises:
        RunError: a box that is not rectangular.
    """
    first, last = plan.first + span[0], plan.first + span[1]
    collected = Pass(run, plan, span[0], np.load(com_path, mmap_mode="r+"), pair_folder)
    check, reason, number = FrameCheck(plan.spacing_ps, plan.has_box), "", first
    frames = raw_frames(trajectory, first, last)
    while number < last and not reason:
        try:
            time_ps, lengths, positions = next(frames)
        except (OSError, EOFError, ValueError):
            reason = f"frame {number + 1} cannot be read"
            break
        box = np.full(3, NO_BOX_NM) if lengths is None else lengths
        problem = check.problem(time_ps, lengths, positions) or collected.add(time_ps, box, positions)
        if problem:
            reason = f"frame {number + 1} (time {time_ps:g} ps) {problem}"
        else:
            number += 1
            done(number - first)
    return collected.finish(reason) if number > first else reason
