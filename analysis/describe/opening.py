"""How the files are to be opened, and in which units their times are."""

from __future__ import annotations

from typing import Any

from scipy import constants

from analysis.describe.dcd import DcdHead, dcd_head
from analysis.describe.files import LAMMPS_DUMPS, dump_breaks_off, is_lammps_data
from analysis.describe.looking import Frames
from analysis.describe.request import Request
from analysis.run import RunError

_LAMMPS_TIME_UNITS = {"real": "fs", "metal": "ps"}
_FS_PER_PS = float(constants.pico / constants.femto)


def opening_of(request: Request) -> dict[str, Any]:
    """Return how MDAnalysis is to open the files, as run.json stores it.

    Raises:
        RunError: the trajectory tells no times and the user none either.
    """
    opening: dict[str, Any] = {}
    if is_lammps_data(request):
        opening["topology_format"] = "DATA"
    if _in_lammps_units(request):
        opening |= {
            "trajectory_format": "LAMMPS",
            "length_unit": "Angstrom",
            "time_unit": _LAMMPS_TIME_UNITS[request.lammps_units or "real"],
        }
    if all(path.suffix in LAMMPS_DUMPS for path in request.trajectories):
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
    opening |= {key: value for key, value in given.items() if value is not None}
    return opening | ({} if request.timestep_fs is None else {"dt_ps": _interval_of_steps(request)})


def _heads(request: Request) -> list[DcdHead | None]:
    """Return what the heads of the trajectory's files tell; nothing when not all of them are DCD files."""
    if any(path.suffix != ".dcd" for path in request.trajectories):
        return []
    return [dcd_head(path) for path in request.trajectories]


def _in_lammps_units(request: Request) -> bool:
    """Return whether times are in the units of LAMMPS: it wrote the DCD files, or the user says so.

    A DCD file beside a LAMMPS topology may come from a program that wrote it anew, in its own units.
    """
    heads = _heads(request)
    said = request.lammps_units is not None or (request.trajectory_format or "").upper() == "LAMMPS"
    return bool(heads) and (said or all(head is not None and head.by_lammps for head in heads))


def _interval_of_steps(request: Request) -> float:
    """Return the time that the frames of dumps count by, or between those of a DCD file, from the time step in ps.

    DCD files say how many steps lie between two frames, dumps of LAMMPS the number of each frame's step.
    """
    assert request.timestep_fs is not None
    step_ps = request.timestep_fs / _FS_PER_PS
    if all(path.suffix in LAMMPS_DUMPS for path in request.trajectories):
        return step_ps
    heads = _heads(request)
    if len(heads) != 1 or heads[0] is None or heads[0].steps < 1:
        raise RunError(
            f"{request.trajectories[0]}: --timestep tells nothing here, the steps between two frames are not known. "
            "Remedy: --frame-interval PS"
        )
    return step_ps * heads[0].steps


def opening_notes(request: Request, frames: Frames) -> list[str]:
    """Return which unit of time was assumed, which frames a head promises in vain, and which options tell nothing."""
    notes, name, heads = [], request.trajectories[0], _heads(request)
    told = request.timestep_fs is not None or request.frame_interval_ps is not None
    if heads and not told and not _in_lammps_units(request) and not all(head and head.is_akma for head in heads):
        notes.append(
            f"{name} does not say which program wrote it: its times are taken in AKMA units (48.9 fs), a frame every "
            f"{frames.interval_ps:.4g} ps. Remedy if wrong: --frame-interval PS, or --lammps-units for a file of LAMMPS"
        )
    if heads and not told and _in_lammps_units(request) and request.lammps_units is None:
        notes.append(
            f"LAMMPS wrote {name}: its times are taken in fs (units real), a frame every {frames.interval_ps:.4g} ps. "
            "Remedy if wrong: --lammps-units metal, or --frame-interval PS"
        )
    if len(heads) == 1 and heads[0] is not None and heads[0].n_frames > frames.count + frames.lost:
        notes.append(f"{name} breaks off: its head tells {heads[0].n_frames} frames, {frames.count} can be read")
    if request.trajectories[-1].suffix in LAMMPS_DUMPS and dump_breaks_off(request.trajectories[-1]):
        notes.append(f"{request.trajectories[-1]} breaks off within its last frame: {frames.count} can be read")
    if request.lammps_units is not None and not heads:
        notes.append(f"--lammps-units tells nothing here: it is the unit of time of a DCD file, and {name} is none")
    if request.atom_style is not None and not is_lammps_data(request):
        notes.append(f"--atom-style tells nothing here: {request.topology} is no LAMMPS data file")
    return notes
