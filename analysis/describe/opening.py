"""How the files are to be opened, and what their first and last frames tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import constants

from analysis.describe.request import Request
from analysis.joined import readable_frames
from analysis.run import RunError

if TYPE_CHECKING:
    from MDAnalysis import Universe

_LAMMPS_DUMPS = (".lammpstrj", ".lammpsdump", ".dump")
_LAMMPS_TIME_UNITS = {"real": "fs", "metal": "ps"}
_FS_PER_PS = constants.pico / constants.femto
_LONGEST_INTERVAL_PS = 1e6


@dataclass(frozen=True)
class Frames:
    """What first and last frame tell: their number, how many are lost at the end, times and spacing in ps, a box."""

    count: int
    lost: int
    first_ps: float
    last_ps: float
    interval_ps: float
    has_box: bool


def opening_of(request: Request) -> dict[str, Any]:
    """Return how MDAnalysis is to open the files, as run.json stores it.

    Raises:
        RunError: the trajectory tells no times and the user none either.
    """
    opening: dict[str, Any] = {}
    is_lammps = request.topology.suffix == ".data" or (request.topology_format or "").upper() == "DATA"
    if is_lammps:
        opening["topology_format"] = "DATA"
    if is_lammps and all(path.suffix == ".dcd" for path in request.trajectories):
        opening |= {
            "trajectory_format": "LAMMPS",
            "length_unit": "Angstrom",
            "time_unit": _LAMMPS_TIME_UNITS[request.lammps_units],
        }
    if all(path.suffix in _LAMMPS_DUMPS for path in request.trajectories):
        opening["trajectory_format"] = "LAMMPSDUMP"
        if request.timestep_fs is None and request.frame_interval_ps is None:
            raise RunError(
                f"{request.trajectories[0]}: a dump of LAMMPS counts steps and tells no times. "
                "Remedy: --timestep FS, the time step of the simulation, or --frame-interval PS"
            )
    given = {
        "topology_format": request.topology_format,
        "trajectory_format": request.trajectory_format,
        "atom_style": request.atom_style,
        "counted_interval_ps": request.frame_interval_ps,
        "box_nm": None if request.box_nm is None else list(request.box_nm),
    }
    return opening | {key: value for key, value in given.items() if value is not None}


def time_of_steps(request: Request, universe: Universe) -> dict[str, float]:
    """Return the option by which frames get their times from the simulation's time step.

    DCD files say how many steps lie between two frames, dumps of LAMMPS the number of each frame's step.
    """
    assert request.timestep_fs is not None
    step_ps = request.timestep_fs / _FS_PER_PS
    formats = {path.suffix for path in request.trajectories}
    if formats <= set(_LAMMPS_DUMPS):
        return {"dt_ps": step_ps}
    steps = getattr(universe.trajectory, "skip_timestep", None)
    if formats != {".dcd"} or steps is None or len(request.trajectories) > 1:
        raise RunError(
            f"{request.trajectories[0]}: --timestep tells nothing here, the steps between two frames are not known. "
            "Remedy: --frame-interval PS"
        )
    return {"dt_ps": step_ps * int(steps)}


def frames_of(request: Request, universe: Universe) -> Frames:
    """Return what the first and the last frame tell, the box checked.

    Raises:
        RunError: no frame can be read, the box is not rectangular, or the times make no sense.
    """
    trajectory, name = universe.trajectory, ", ".join(str(path) for path in request.trajectories)
    count = readable_frames(trajectory, name)
    has_box, times = True, []
    for number in dict.fromkeys((0, min(1, count - 1), count - 1)):
        timestep = trajectory[number]
        times.append(float(timestep.time))
        if timestep.dimensions is None or not np.all(timestep.dimensions[:3] > 0):
            has_box = False
        elif not np.allclose(timestep.dimensions[3:], 90.0, atol=1e-3):
            angles = ", ".join(f"{angle:g}" for angle in timestep.dimensions[3:])
            raise RunError(
                f"{name}: frame {number + 1} has a box with the angles {angles}: only rectangular boxes are supported"
            )
    interval_ps = times[1] - times[0] if len(times) > 1 else 0.0
    if count > 1 and not 0 < interval_ps < _LONGEST_INTERVAL_PS:
        raise RunError(f"{name}: the file says that frames are {interval_ps:g} ps apart. Remedy: --frame-interval PS")
    return Frames(count, int(trajectory.n_frames) - count, times[0], times[-1], interval_ps, has_box)
