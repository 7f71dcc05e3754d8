"""Frames of a trajectory as they lie in the file, and what makes one of them unusable.

An XTC file is read without MDAnalysis' conversion to Angstrom and back, which costs a third of the time; everything
else that MDAnalysis reads goes through its readers. Positions are float32, as files hold them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.run import SPACING_TOLERANCE, RunError
from analysis.units import nm
from analysis.xtc import TIME_AT, xtc_frames, xtc_lost_bytes

FloatArray = NDArray[np.float64]
Positions = NDArray[np.float32]

NO_BOX_NM = 1e6
"""Stands for the box of a trajectory that has none: no periodic image is ever nearer."""
RECTANGULAR_DEGREES = 1e-3
TRICLINIC_REMEDY = (
    "Remedy: simulate in a rectangular box; writing the atoms another way (gmx trjconv -ur rect or compact) leaves the "
    "box as it is"
)
TIME_ROUNDING = 4 * float(np.finfo(np.float32).eps)
"""Relative error of a time stored in single precision, and of the difference of two."""
_SPARE_ATOMS = 64
"""A damaged XTC frame is unpacked some atoms beyond its end."""
_left_open: list[Any] = []
"""XTC files that were read. One with a damaged frame may have damaged the memory that closing it would give back, and
then wait for ever; a child process closes them by its end."""
_XTC_TIME_AND_BOX = ">10f"


def dimensions(box: FloatArray) -> NDArray[np.float32] | None:
    """Return box lengths (3,) as MDAnalysis wants them, in the same unit; None for no box."""
    return None if box.min() >= NO_BOX_NM else np.array([*box, 90.0, 90.0, 90.0], dtype=np.float32)


def edges(box: FloatArray) -> Any:
    """Return box lengths (3,) in single precision, for a cube as one number: NumPy is then several times faster."""
    lengths = box.astype(np.float32)
    return lengths[0] if lengths[0] == lengths[1] == lengths[2] else lengths


def even_steps(times_ps: FloatArray, spacing_ps: float) -> NDArray[np.bool_]:
    """Return which steps (frames - 1,) between consecutive frames are `spacing_ps` long; NaN: not."""
    rounding = TIME_ROUNDING * np.abs(times_ps[1:])
    with np.errstate(invalid="ignore"):
        even: NDArray[np.bool_] = np.abs(np.diff(times_ps) - spacing_ps) <= SPACING_TOLERANCE * spacing_ps + rounding
    return even


@dataclass(frozen=True)
class Header:
    """Time in ps of a frame, and whether it has a box."""

    time_ps: float
    has_box: bool


def xtc_file(trajectory: Any) -> str | None:
    """Return the file of an MDAnalysis reader that reads a single XTC file, as it is; None for any other."""
    from MDAnalysis.coordinates.XTC import XTCReader

    # A list of one file is opened as a chain of one reader.
    (reader, *others) = getattr(trajectory, "readers", [trajectory])
    if others or not isinstance(reader, XTCReader) or trajectory.transformations or reader.transformations:
        return None
    return str(reader.filename)


@cache
def _offsets(xtc: str) -> NDArray[np.int64]:
    """Return where the frames of an XTC file begin, in bytes."""
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    n_atoms, offsets = xtc_frames(Path(xtc))
    if n_atoms:
        return offsets
    # of another kind, for more atoms than fit into the usual one
    with XTCFile(xtc) as file:
        return np.array(file.offsets)


def read_header(trajectory: Any, frame: int) -> Header:
    """Return what a frame says before its coordinates; of an XTC file these are not unpacked, they may be damaged."""
    xtc = xtc_file(trajectory)
    if xtc is None:
        timestep = trajectory[frame]
        return Header(float(timestep.time), _lengths(timestep) is not None)
    with Path(xtc).open("rb") as stream:
        stream.seek(int(_offsets(xtc)[frame]) + TIME_AT)
        time, *box = struct.unpack(_XTC_TIME_AND_BOX, stream.read(struct.calcsize(_XTC_TIME_AND_BOX)))
    return Header(float(time), all(box[axis] > 0 for axis in (0, 4, 8)))


def frame_buffer(n_atoms: int, n_frames: int = 1) -> Positions:
    """Return room for the positions of so many frames, (n_frames, n_atoms, 3), for `raw_frames`."""
    room = np.empty((n_frames * n_atoms + _SPARE_ATOMS, 3), dtype=np.float32)
    return room[: n_frames * n_atoms].reshape(n_frames, n_atoms, 3)


def raw_frames(
    trajectory: Any, first: int, last: int, buffer: Positions
) -> Iterator[tuple[float, FloatArray | None, Positions]]:
    """Yield time in ps, box lengths in nm (None without a box) and positions in nm of the frames first to last - 1.

    Positions are put into the frames of a `frame_buffer` by turns. The file is opened anew, so that processes that read
    different parts of it do not move each other.

    Raises:
        RunError: a box that is not rectangular. OSError, EOFError, ValueError: a frame that cannot be read.
    """
    xtc = xtc_file(trajectory)
    if xtc is None:
        return _other_frames(trajectory, first, last, buffer)
    return _xtc_frames(xtc, first, last, buffer)


def _xtc_frames(
    path: str, first: int, last: int, buffer: Positions
) -> Iterator[tuple[float, FloatArray | None, Positions]]:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    file = XTCFile(path)
    _left_open.append(file)
    file.set_offsets(_offsets(path))
    broken = xtc_lost_bytes(Path(path)) > 0
    for number in range(first, last):
        positions = buffer[(number - first) % len(buffer)]
        try:
            if broken or number == first:
                file.seek(number)
            frame = file.read_direct_x(positions)
        except StopIteration as error:
            raise EOFError from error
        # Python's numbers, which for nine of them are faster than NumPy's.
        (x, *others), (a, y, b), (*more, z) = frame.box.tolist()
        if not (x and y and z):
            yield frame.time, None, positions
            continue
        lengths = np.array([x, y, z])
        if (a or b or any(others) or any(more)) and _is_tilted(frame.box, lengths):
            raise _not_rectangular(number)
        yield frame.time, lengths, positions


def _is_tilted(box: NDArray[np.float32], lengths: FloatArray) -> bool:
    """Return whether the vectors of a box (3, 3) are off the axes by more than rounding."""
    return bool(np.abs(box - np.diag(lengths)).max() > math.radians(RECTANGULAR_DEGREES) * lengths.min())


def _other_frames(
    trajectory: Any, first: int, last: int, buffer: Positions
) -> Iterator[tuple[float, FloatArray | None, Positions]]:
    reader = trajectory.copy()
    try:
        frames = iter(reader[first:last])
        for number in range(first, last):
            try:
                timestep = next(frames)
            except StopIteration as error:
                raise EOFError from error
            lengths = _lengths(timestep)
            if lengths is not None and not np.allclose(timestep.dimensions[3:], 90.0, atol=RECTANGULAR_DEGREES):
                raise _not_rectangular(number)
            positions = buffer[(number - first) % len(buffer)]
            positions[:] = nm(timestep.positions)
            yield float(timestep.time), lengths, positions
    finally:
        reader.close()


def _lengths(timestep: Any) -> FloatArray | None:
    """Return the box lengths in nm of an MDAnalysis timestep; None without a box."""
    if timestep.dimensions is None or not np.all(np.asarray(timestep.dimensions[:3]) > 0):
        return None
    return nm(timestep.dimensions[:3])


def _not_rectangular(number: int) -> RunError:
    return RunError(f"frame {number + 1}: the box is not rectangular, which is not supported. {TRICLINIC_REMEDY}")


class FrameCheck:
    """Says what is wrong with time and box of a frame that follows the frames before it."""

    def __init__(self, spacing_ps: float, has_box: bool) -> None:
        """Begin for frames so many ps apart that have a box, or none."""
        self._spacing_ps, self._has_box = spacing_ps, has_box
        self._before_ps = math.nan

    def problem(self, time_ps: float, box: FloatArray | None) -> str:
        """Return the words that follow "frame 5 (time 4 ps)"; empty when it can be used."""
        before, self._before_ps = self._before_ps, time_ps
        if time_ps - before <= 0:
            return (
                f"comes after one at {before:g} ps: the trajectory repeats or goes back "
                "(./sheath describe joins its parts without overlap, given in the order of time)"
            )
        # The rule of even_steps in plain numbers: this runs for each frame, and the first has none before it.
        rounding = TIME_ROUNDING * abs(time_ps)
        if abs(time_ps - before - self._spacing_ps) > SPACING_TOLERANCE * self._spacing_ps + rounding:
            return f"comes {time_ps - before:g} ps after the one before, others {self._spacing_ps:g} ps"
        if self._has_box != (box is not None) or (box is not None and not math.isfinite(sum(box.tolist()))):
            return "has no box" if self._has_box else "has a box, others have none"
        return ""
