"""Several files of one trajectory read as one, in order, without the frames that occur twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from MDAnalysis.coordinates.base import ReaderBase
from MDAnalysis.core._get_readers import get_reader_for
from MDAnalysis.lib.util import store_init_arguments

from analysis.run_schema import RunError

_SAME_POSITION_ANGSTROM = 0.011
"""Atoms of two frames that are copies of each other differ by less: an XTC stores 0.01 Angstrom."""
_TRIES = 20


class JoinedReader(ReaderBase):  # type: ignore[misc]
    """An MDAnalysis reader of parts joined in the order given.

    By time: where a part overlaps with the next, the next one counts, as a run continued from a checkpoint writes its
    last frames anew; half a frame at the end of a part, as a crash leaves it, is left out. With `counted_interval_ps`
    the times of the files are not used: the frames are counted, so far apart, and only a first frame that repeats
    the last one of the part before is left out.

    Raises:
        RunError: by time, when a part does not begin after the one before and end after it.
    """

    units: dict[str, str | None] = {"time": "ps", "length": "Angstrom"}  # noqa: RUF012

    @store_init_arguments  # type: ignore[untyped-decorator]  # copies are made with the same arguments
    def __init__(
        self,
        filename: str | Sequence[str],
        part_format: str | None = None,
        counted_interval_ps: float | None = None,
        **options: Any,
    ) -> None:
        """Open the files; `options` go to the reader of each."""
        super().__init__(str(filename))
        options.pop("format", None)
        links = [filename] if isinstance(filename, str) else list(filename)
        names = [str(Path(link).resolve()) for link in links]
        self._parts = [get_reader_for(link, format=part_format)(link, **options) for link in links]
        self._interval_ps = counted_interval_ps
        sizes = [part.n_atoms for part in self._parts]
        if len(set(sizes)) > 1:
            told = ", ".join(f"{name} {n}" for name, n in zip(names, sizes, strict=True))
            raise RunError(f"the parts have different numbers of atoms: {told}")
        self.n_atoms = sizes[0]
        choose = by_time if counted_interval_ps is None else _by_count
        self._chosen = choose(self._parts, names)
        self._ends = np.cumsum([len(chosen) for chosen in self._chosen])
        self.n_frames = int(self._ends[-1])
        self.ts = self._Timestep(self.n_atoms)
        self._at = -1
        self._read_next_timestep()

    def _read_frame(self, frame: int) -> Any:
        part = int(np.searchsorted(self._ends, frame, side="right"))
        before = int(self._ends[part - 1]) if part else 0
        found = self._parts[part][self._chosen[part][frame - before]]
        self.ts.positions = found.positions
        self.ts.dimensions = found.dimensions
        self.ts.data["time"] = found.time if self._interval_ps is None else frame * self._interval_ps
        self.ts.frame = self._at = frame
        return self.ts

    def _read_next_timestep(self, ts: Any = None) -> Any:
        if self._at + 1 >= self.n_frames:
            raise EOFError
        return self._read_frame(self._at + 1)

    def _reopen(self) -> None:
        self._at = -1

    def close(self) -> None:
        """Close all parts."""
        for part in getattr(self, "_parts", ()):
            part.close()


def readable_frames(part: Any, name: str) -> int:
    """Return how many frames there are up to the last one that can be read: a file that was cut ends in half a frame.

    Damage far before the end is not looked for.

    Raises:
        RunError: neither the first frame nor any of the last can be read.
    """
    n_frames, reason = int(part.n_frames), "it has none"
    candidates: list[int] = [*range(n_frames - 1, max(n_frames - 1 - _TRIES, 0), -1), 0]
    for number in candidates:
        try:
            part[number]
        except (OSError, EOFError, ValueError, IndexError) as error:
            reason = str(error)
        else:
            return number + 1
    raise RunError(f"{name}: no frame can be read ({reason})")


def by_time(parts: Sequence[Any], names: Sequence[str]) -> list[range]:
    """Return the frames of each part that come before the first one of the next."""
    counts = [readable_frames(part, name) for part, name in zip(parts, names, strict=True)]
    spans = [(float(part[0].time), float(part[n - 1].time)) for part, n in zip(parts, counts, strict=True)]
    for (name, span), (later, after) in pairwise(zip(names, spans, strict=True)):
        if after[0] <= span[0] or after[1] < span[1]:
            raise RunError(
                f"{later} covers {after[0]:g} to {after[1]:g} ps and is given after {name} with {span[0]:g} to "
                f"{span[1]:g} ps: parts must follow each other in time. Remedy: give them in order, or "
                "--frame-interval PS when the clock of each part begins anew"
            )
    ends = [start for start, _ in spans[1:]] + [float("inf")]
    return [range(_frames_before(part, end, n)) for part, end, n in zip(parts, ends, counts, strict=True)]


def _frames_before(part: Any, end_ps: float, n_frames: int) -> int:
    """Return how many of the first frames of a part come before a time, by bisection."""
    low, high = 0, n_frames
    margin = 1e-5 * abs(end_ps) if np.isfinite(end_ps) else 0.0  # times are stored in single precision
    while low < high:
        middle = (low + high) // 2
        if float(part[middle].time) < end_ps - margin:
            low = middle + 1
        else:
            high = middle
    return low


def _by_count(parts: Sequence[Any], names: Sequence[str]) -> list[range]:
    """Return all frames of each part but a first one that repeats the last one of the part before."""
    counts = [readable_frames(part, name) for part, name in zip(parts, names, strict=True)]
    chosen = [range(count) for count in counts]
    for index, (before, part) in enumerate(pairwise(parts), start=1):
        last = np.array(before[counts[index - 1] - 1].positions)
        if np.abs(part[0].positions - last).max(initial=0.0) < _SAME_POSITION_ANGSTROM:
            chosen[index] = chosen[index][1:]
    return chosen
