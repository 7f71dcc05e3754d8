"""What a trajectory tells before it is measured: number and times of its frames, their box, the first coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.describe.headers import XtcHeaders, first_positions, xtc_headers
from analysis.describe.request import Request
from analysis.describe.times import left_out, span_ps, usual_interval
from analysis.describe.trr import trr_times
from analysis.frames import RECTANGULAR_DEGREES, TIME_ROUNDING, TRICLINIC_REMEDY
from analysis.joined import by_time, readable_frames
from analysis.run import RunError, open_files
from analysis.units import nm
from analysis.workers import HUNG_S, Died, Done, run_all

if TYPE_CHECKING:
    from MDAnalysis import Universe

NO_BOX = "has no box"
_LONGEST_INTERVAL_PS = 1e6
_MOST_FRAMES, _MOST_BYTES = 2000, 2e8
"""Of a file without headers that tell all, so many frames are looked at, of so many bytes: a few seconds."""
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Frames:
    """Number of frames, how many are lost at the end, times and spacing in ps, whether the file has a box; notes."""

    count: int
    lost: int
    first_ps: float
    last_ps: float
    interval_ps: float
    has_box: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class First:
    """The first frame in nm: positions (N, 3), and the box (3,) that the file tells, None without."""

    positions_nm: FloatArray
    box_nm: FloatArray | None


def look(request: Request, opening: Mapping[str, Any], n_atoms: int) -> tuple[Frames, First]:
    """Return what the trajectory tells; `n_atoms` has the topology.

    Damaged coordinates can end the process that unpacks them: a child does it.

    Raises:
        RunError: no frame can be read, atoms of another number, a box that is not rectangular, times without sense.
    """
    headers = _headers(request)
    if headers:
        wrong = next((part for part in headers if part.n_atoms != n_atoms), None)
        if wrong is not None:
            raise RunError(
                f"{wrong.path}: {wrong.n_atoms} atoms, but {request.topology} has {n_atoms}: they are not of the same "
                "system"
            )
        return _of_headers(request, headers)
    # The box that the user gives would hide that of the file.
    own = {key: value for key, value in opening.items() if key != "box_nm"}

    def read(done: Done) -> tuple[Frames, First]:
        with open_files(request.topology, request.trajectories, own) as universe:
            frames = _frames_of(request, universe)
            timestep = universe.trajectory[0]
            box = timestep.dimensions
            has_box = box is not None and bool(np.all(box[:3] > 0))
            return frames, First(nm(timestep.positions), nm(box[:3]) if has_box else None)

    (found,) = run_all([read], lambda done: None, HUNG_S)
    if isinstance(found, Died):
        raise RunError(f"{_names(request)}: reading it ends the process, the file is damaged")
    frames, first = found
    return frames, first


def _names(request: Request) -> str:
    return ", ".join(str(path) for path in request.trajectories)


def _headers(request: Request) -> list[XtcHeaders]:
    """Return the headers of all parts; nothing where these are not of XTC files, or are joined by their coordinates."""
    if (request.trajectory_format or "XTC").upper() != "XTC" or (
        len(request.trajectories) > 1 and request.frame_interval_ps is not None
    ):
        return []
    found = [xtc_headers(path) if path.suffix == ".xtc" else None for path in request.trajectories]
    parts = [part for part in found if part is not None]
    return parts if len(parts) == len(found) else []


def _of_headers(request: Request, parts: Sequence[XtcHeaders]) -> tuple[Frames, First]:
    """Return what the headers of XTC files tell, parts joined by time."""
    names = [str(part.path) for part in parts]
    chosen = by_time(parts, names) if len(parts) > 1 else [range(parts[0].n_frames)]
    times = np.concatenate([part.times_ps[own.start : own.stop] for part, own in zip(parts, chosen, strict=True)])
    boxes = np.concatenate([part.boxes_nm[own.start : own.stop] for part, own in zip(parts, chosen, strict=True)])
    if request.frame_interval_ps is not None:
        times = request.frame_interval_ps * np.arange(times.size)
    interval_ps = usual_interval(times)
    with_box = (np.diagonal(boxes, axis1=1, axis2=2) > 0).all(axis=1)
    has_box = bool(with_box.mean() > 0.5)
    name = _names(request)
    _check_interval(name, times.size, interval_ps)
    if has_box:
        _check_angles(name, boxes, np.flatnonzero(with_box))
    notes = [note for part in parts for note in _damage(part, interval_ps)]
    without = np.flatnonzero(~with_box) if has_box else np.empty(0, dtype=np.int64)
    if without.size:
        notes.append(f"{without.size} of {times.size} frames have no box, the first is frame {without[0] + 1}")
    notes += left_out(times, interval_ps, dict.fromkeys(without.tolist(), NO_BOX))
    box = np.diagonal(boxes[np.flatnonzero(with_box)[0]]).copy() if has_box else None
    span = span_ps(times, interval_ps)
    frames = Frames(times.size, parts[-1].n_cut, *span, interval_ps, has_box, tuple(notes))
    return frames, First(first_positions(parts[0]), box)


def _damage(part: XtcHeaders, interval_ps: float) -> list[str]:
    """Return what is lost of a file between its frames."""
    if not part.gaps:
        return []
    spans = [(part.times_ps[number - 1], part.times_ps[number]) for number in part.gaps]
    lost = sum(max(1, round((after - before) / interval_ps) - 1) for before, after in spans if after > before)
    told = ", ".join(f"{before:g} and {after:g} ps" for before, after in spans[:3]) + (", ..." if spans[3:] else "")
    lost = max(lost, len(spans))
    return [f"{part.path} is damaged: {part.n_frames} frames are whole, about {lost} between {told} are lost"]


def _check_interval(name: str, count: int, interval_ps: float) -> None:
    if count > 1 and not 0 < interval_ps < _LONGEST_INTERVAL_PS:
        raise RunError(f"{name}: the file says that frames are {interval_ps:g} ps apart. Remedy: --frame-interval PS")


def _check_angles(name: str, boxes_nm: FloatArray, numbers: NDArray[np.int64]) -> None:
    """Refuse the first, second or last box when it is not rectangular; others may be damaged."""
    from MDAnalysis.lib.mdamath import triclinic_box

    for number in dict.fromkeys([*numbers[:2].tolist(), int(numbers[-1])]):
        _check_rectangular(name, number, triclinic_box(*boxes_nm[number].astype(np.float32))[3:])


def _check_rectangular(name: str, number: int, degrees: NDArray[np.floating]) -> None:
    if not np.allclose(degrees, 90.0, atol=RECTANGULAR_DEGREES):
        angles = ", ".join(f"{angle:g}" for angle in degrees)
        raise RunError(
            f"{name}: frame {number + 1} has a box with the angles {angles}: only rectangular boxes are supported. "
            f"{TRICLINIC_REMEDY}"
        )


def _frames_of(request: Request, universe: Universe) -> Frames:
    """Return what the frames tell, or as many of them as are soon read, evenly spread; boxes are checked."""
    trajectory, name = universe.trajectory, _names(request)
    count = readable_frames(trajectory, name)
    size = sum(path.stat().st_size for path in request.trajectories)
    n_looked = max(3, min(count, _MOST_FRAMES, int(_MOST_BYTES * count / max(size, 1))))
    numbers = np.unique(np.linspace(0, count - 1, n_looked).round().astype(np.int64))
    times, boxed, unusable = np.empty(numbers.size), np.empty(numbers.size, dtype=bool), dict[int, str]()
    for index, number in enumerate(numbers.tolist()):
        try:
            timestep = trajectory[number]
        except (OSError, EOFError, ValueError, IndexError):
            times[index], boxed[index], unusable[number] = math.nan, True, "cannot be read"
            continue
        times[index] = timestep.time
        boxed[index] = timestep.dimensions is not None and bool(np.all(timestep.dimensions[:3] > 0))
        if boxed[index]:
            _check_rectangular(name, number, timestep.dimensions[3:])
        if not np.isfinite(timestep.positions).all():
            unusable[number] = "has coordinates that are not numbers"
    has_box = bool(boxed.mean() > 0.5)
    unusable |= dict.fromkeys(numbers[boxed != has_box].tolist(), NO_BOX if has_box else "has a box, others have none")
    times, numbers = _all_times(request, times, numbers, count)
    known = np.isfinite(times)
    interval_ps = usual_interval(np.interp(np.arange(count), numbers[known], times[known]))
    _check_interval(name, count, interval_ps)
    notes = _left_out_of(times, numbers, interval_ps, count, unusable)
    return Frames(count, int(trajectory.n_frames) - count, *span_ps(times, interval_ps), interval_ps, has_box, notes)


def _all_times(
    request: Request, times_ps: FloatArray, numbers: NDArray[np.int64], count: int
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the times of all frames and their numbers where a TRR file tells them, else those that are known."""
    (path, *others) = request.trajectories
    if numbers.size < count and not others and path.suffix == ".trr" and request.frame_interval_ps is None:
        told = trr_times(path)[:count]
        if told.size == count:
            return told, np.arange(count)
    return times_ps, numbers


def _left_out_of(
    times_ps: FloatArray, numbers: NDArray[np.int64], interval_ps: float, count: int, unusable: Mapping[int, str]
) -> tuple[str, ...]:
    """Return what will be left out; where only some frames were looked at, that some of these cannot be used."""
    if numbers.size == count:
        return tuple(left_out(times_ps, interval_ps, unusable))
    expected = times_ps[0] + interval_ps * (numbers - numbers[0])
    odd = numbers[~(np.abs(times_ps - expected) <= np.maximum(interval_ps, TIME_ROUNDING * np.abs(times_ps)))]
    told = dict.fromkeys(odd.tolist(), "is not when it should be") | dict(unusable)
    if not told:
        return ()
    first = min(told)
    return (
        f"{len(told)} of {numbers.size} frames that were looked at cannot be used, the first: frame {first + 1} "
        f"{told[first]}; measured will be the longest even stretch",
    )
