"""What the frames of XTC files tell before their coordinates, also of a damaged file; MDAnalysis does not open it.

Unpacking a damaged frame can end the process, so that coordinates are unpacked in a child process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from analysis.run import RunError
from analysis.workers import HUNG_S, Died, Done, run_all
from analysis.xtc import TIME_AT, xtc_ends, xtc_frames

_TRIES = 20
"""So many frames are tried for one that can be unpacked."""


@dataclass(frozen=True)
class XtcHeaders:
    """The F whole frames of a file: where they begin, times (F,) in ps, box vectors (F, 3, 3) in nm.

    gaps: for each damaged stretch between two frames the number of the frame behind it; tail_bytes: what is left
    behind the last frame.
    """

    path: Path
    n_atoms: int
    offsets: NDArray[np.int64]
    times_ps: NDArray[np.float64]
    boxes_nm: NDArray[np.float64]
    gaps: tuple[int, ...]
    tail_bytes: int

    @property
    def n_frames(self) -> int:
        """Number of whole frames."""
        return self.offsets.size

    def __getitem__(self, number: int) -> SimpleNamespace:
        """Return a frame as far as joining parts looks at it."""
        return SimpleNamespace(time=float(self.times_ps[number]))

    @cached_property
    def frame_bytes(self) -> float:
        """Usual length of a frame; NaN of a single one."""
        return float(np.median(np.diff(self.offsets))) if self.n_frames > 1 else float("nan")

    @property
    def n_cut(self) -> int:
        """About how many frames there were behind the last whole one."""
        return max(1, round(self.tail_bytes / self.frame_bytes) if self.n_frames > 1 else 1) if self.tail_bytes else 0


def xtc_headers(path: Path) -> XtcHeaders | None:
    """Return what the frames of a file tell; None for what is no XTC file, or one of very many atoms.

    Raises:
        RunError: no frame is whole.
    """
    n_atoms, offsets = xtc_frames(path)
    if n_atoms == 0:
        return None
    if offsets.size == 0:
        raise RunError(f"{path}: no frame can be read, the file breaks off or is damaged")
    data = np.memmap(path, dtype=np.uint8, mode="r")
    # time and box
    numbers = np.ascontiguousarray(data[(offsets + TIME_AT)[:, None] + np.arange(40)]).view(">f4").astype(np.float64)
    ends = xtc_ends(path)
    gaps = tuple((np.flatnonzero(offsets[1:] > ends[:-1]) + 1).tolist())
    boxes = numbers[:, 1:].reshape(-1, 3, 3)
    return XtcHeaders(path, n_atoms, offsets, numbers[:, 0], boxes, gaps, int(data.size - ends[-1]))


def first_positions(headers: XtcHeaders) -> NDArray[np.float64]:
    """Return the coordinates (N, 3) in nm of the first frame that can be unpacked; in a child process.

    Raises:
        RunError: none of the first ones can be.
    """
    for number in range(min(headers.n_frames, _TRIES)):

        def unpack(done: Done, number: int = number) -> NDArray[np.float64] | None:
            return _unpacked(headers, number)

        (found,) = run_all([unpack], lambda done: None, HUNG_S)
        if not isinstance(found, Died) and found is not None:
            return np.asarray(found)
    raise RunError(f"{headers.path}: the coordinates of the first frames cannot be read, they are damaged")


def _unpacked(headers: XtcHeaders, number: int) -> NDArray[np.float64] | None:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    try:
        file = XTCFile(str(headers.path))
        file.set_offsets(headers.offsets)
        file.seek(number)
        positions = np.array(file.read().x, dtype=np.float64)
    except (OSError, EOFError, ValueError, StopIteration):
        return None
    return positions if np.isfinite(positions).all() else None
