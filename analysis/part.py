"""The pass over consecutive frames: everything that is collected from them, and where and why it ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.chain_geometry import Chains
from analysis.dipole import TotalDipole
from analysis.frames import NO_BOX_NM, FloatArray, FrameCheck, Positions, frame_buffer, raw_frames
from analysis.hydrogen_bonding import HydrogenBonds
from analysis.neighbours import Neighbours
from analysis.run import Run
from analysis.unwrap import Bonds, Unwrapper, centres_of_mass
from analysis.workers import leave_child

LONGEST_BOND_NM = 0.5
"""No bond between atoms is longer; a frame that has one is damaged, or was wrapped in a box that is not known."""
_LEAST_EXTENT_NM = 1.0
"""A smaller system, in which a molecule may well move by half of it between two frames, was hardly wrapped."""
_LEAST_RANGE_NM = 0.6
_MOST_FRAMES_AT_ONCE = 16
_ATOMS_AT_ONCE = 60_000  # as many positions stay in a core's cache


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
    series: what is collected per frame or per sampled frame, by name. largest_step: in box lengths; infinite where
    molecules lie across a boundary, or jump through it, of a box that is not known.
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


def damage(centres: FloatArray, longest: FloatArray, *, has_box: bool = True) -> list[str]:
    """Return for each frame the words that follow "frame 5 (time 4 ps)" when its coordinates cannot be right, else "".

    centres: of mass of all molecules (F, M, 3), in which every coordinate has a part; longest: what the frame's longest
    bond has along an axis (F,), in nm. Without a box a long bond is no damage: atoms were wrapped each by itself.
    """
    finite = np.isfinite(centres.sum(axis=(1, 2)))
    return [
        f"has a bond {nm:.2g} nm long and is damaged" if good and has_box and nm > LONGEST_BOND_NM
        else "" if good else "has coordinates that are not numbers"
        for good, nm in zip(finite, longest, strict=True)
    ]  # fmt: skip


class Pass:
    """Collects everything from consecutive frames, some at a time, and writes centres of mass and pairs as it goes."""

    def __init__(self, run: Run, plan: Plan, first: int, com_nm: Any, pair_folder: Path) -> None:
        """Begin at frame `first` of the plan, writing into com_nm (F, M, 3) and an existing folder."""
        self._run, self._plan, self._first, self._com_nm, self._pair_folder = run, plan, first, com_nm, pair_folder
        self._bonds = Bonds(run)
        self._weights = centres_of_mass(self._bonds, run)
        self._unwrapper = Unwrapper(np.repeat([s.mass_u for s in run.species], [s.count for s in run.species]))
        self._dipole = TotalDipole(run, self._bonds)
        self._chains, self._hydrogen_bonds = Chains(run), HydrogenBonds(run)
        self._neighbours: Neighbours | None = None
        self._times: list[float] = []
        self._boxes: list[FloatArray] = []
        self._start: FloatArray = np.empty((0, 3))
        self._longest_bond_nm = 0.0
        self.n_frames = 0

    def add(self, times_ps: Sequence[float], boxes: FloatArray, positions: Positions) -> str:
        """Take in the next frames: times (F,), box lengths (F, 3), positions (F, n_atoms, 3).

        Returns what is wrong with the first one that cannot be used, as "frame 5 (time 4 ps) has no box", else "";
        that one and those after it are not taken in.
        """
        centres, longest = self._bonds.centres(positions, boxes, self._weights)
        problems = damage(centres, longest, has_box=self._plan.has_box)
        good = next((number for number, problem in enumerate(problems) if problem), len(problems))
        if good:
            self._longest_bond_nm = max(self._longest_bond_nm, float(longest[:good].max()))
            self._take_in(times_ps[:good], boxes[:good], positions[:good], centres[:good])
        if good == len(problems):
            return ""
        number = self._plan.first + self._first + self.n_frames + 1
        return f"frame {number} (time {times_ps[good]:g} ps) {problems[good]}"

    def _take_in(self, times_ps: Sequence[float], boxes: FloatArray, positions: Positions, centres: FloatArray) -> None:
        """Collect from frames that can be used."""
        if self._neighbours is None:
            n_blocks = int(self._plan.block_of_frame[-1]) + 1
            r_max_nm = _largest_distance(boxes[0], positions[0])
            self._neighbours = Neighbours(self._run, n_blocks, r_max_nm, self._pair_folder)
            self._start = centres[0].copy()
        first = self._first + self.n_frames
        own = slice(first, first + len(times_ps))
        self._neighbours.add(first, self._plan.block_of_frame[own], positions, boxes)
        self._unwrapper.steps(centres, boxes, out=np.asarray(self._com_nm[own]))
        for index, frame in enumerate(range(own.start, own.stop)):
            if self._dipole.known:
                self._dipole.add(self._bonds.vectors(positions[index], boxes[index]))
            if frame % self._plan.sample_every == 0:
                self._chains.add(positions[index], boxes[index])
                self._hydrogen_bonds.add(positions[index], boxes[index])
        self._times += times_ps
        self._boxes += list(boxes)
        self.n_frames += len(times_ps)

    def finish(self, reason: str) -> Part:
        """Return what was collected; at least one frame must have been."""
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
            self._unwrapper.steady,
            math.inf if self._crosses_unknown_boundary() else self._unwrapper.largest_step,
            reason,
            series,
        )

    def _crosses_unknown_boundary(self) -> bool:
        """Return whether, without a box, a bond is too long or a molecule jumps by half the extent of the liquid."""
        if self._plan.has_box:
            return False
        extent_nm, step_nm = float(np.ptp(self._start, axis=0).min()), self._unwrapper.largest_step * NO_BOX_NM
        return self._longest_bond_nm > LONGEST_BOND_NM or (extent_nm > _LEAST_EXTENT_NM and step_nm > extent_nm / 2)


def _largest_distance(box: FloatArray, positions: Positions) -> float:
    """Return up to where distances are counted apart: to the farthest in a cube, without a box in half the extent.

    What lies beyond half the box is cut off when it is stored; counting all of it in a single bin takes longer.
    """
    if float(box.min()) >= NO_BOX_NM:
        return max(float(np.ptp(positions, axis=0).min()) / 2, _LEAST_RANGE_NM)
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
    buffer = frame_buffer(run.n_atoms, max(1, min(_MOST_FRAMES_AT_ONCE, _ATOMS_AT_ONCE // run.n_atoms)))
    check, reason = FrameCheck(plan.spacing_ps, plan.has_box), ""
    times_ps: list[float] = []
    boxes: list[FloatArray] = []
    try:
        for number, (time_ps, box, _) in enumerate(raw_frames(trajectory, first, last, buffer), start=first):
            if problem := check.problem(time_ps, box):
                reason = f"frame {number + 1} (time {time_ps:g} ps) {problem}"
                break
            times_ps.append(time_ps)
            boxes.append(np.full(3, NO_BOX_NM) if box is None else box)
            done(number + 1 - first)
            if len(boxes) == len(buffer):
                reason = collected.add(times_ps, np.array(boxes), buffer)
                times_ps, boxes = [], []
                if reason:
                    break
    except (OSError, EOFError, ValueError):
        leave_child()
        reason = f"frame {first + collected.n_frames + len(boxes) + 1} cannot be read"
    if boxes:
        reason = collected.add(times_ps, np.array(boxes), buffer[: len(boxes)]) or reason
    return collected.finish(reason) if collected.n_frames else reason
