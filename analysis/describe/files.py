"""The files that were named: refused in one line where they cannot be what they are named as; the topology alone."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.describe.request import Request
from analysis.run import RunError

if TYPE_CHECKING:
    from MDAnalysis import Universe

LAMMPS_DUMPS = (".lammpstrj", ".lammpsdump", ".dump")
_ONLY_TRAJECTORIES = (".xtc", ".trr", ".dcd", ".nc", ".ncdf", *LAMMPS_DUMPS)
_BEGINNINGS = (
    (("XTC",), 0, (b"\x00\x00\x07\xcb", b"\x00\x00\x07\xe7")),
    (("TRR",), 0, (b"\x00\x00\x07\xc9",)),
    (("DCD", "LAMMPS"), 4, (b"CORD",)),
    (("NCDF", "NC"), 0, (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF")),
)
"""MDAnalysis' names of a format, where its files have bytes of their own, and these."""
_DUMP_HEAD = 9
"""Lines of a frame before its atoms; the fourth has their number."""
_TAIL_BYTES = 1 << 20
_ONLY_TOPOLOGIES = (".tpr", ".data", ".psf", ".prmtop", ".parm7", ".itp", ".top")


def is_lammps_data(request: Request) -> bool:
    """Return whether the topology is a LAMMPS data file."""
    return request.topology.suffix == ".data" or (request.topology_format or "").upper() == "DATA"


def check_files(request: Request) -> None:
    """Refuse what is missing, a folder, or in the other's place.

    Raises:
        RunError: in one line, with the file's name.
    """
    named = [request.topology, *request.trajectories]
    for path in [*named, *([request.energy] if request.energy else [])]:
        if path.is_dir():
            raise RunError(f"{path}: is a folder, not a file")
        if not path.is_file():
            option = ". Remedy: --energy FILE.edr, or leave it out" if path not in named else ""
            raise RunError(f"{path}: there is no such file{option}")
    if request.topology_format is None and request.topology.suffix in _ONLY_TRAJECTORIES:
        swapped = next((path for path in request.trajectories if path.suffix not in _ONLY_TRAJECTORIES), None)
        remedy = f"describe {swapped} {request.topology}" if swapped else "describe TOPOLOGY TRAJECTORY"
        raise RunError(f"{request.topology}: is a trajectory, but the topology comes first. Remedy: {remedy}")
    for path in request.trajectories:
        if request.trajectory_format is None and path.suffix in _ONLY_TOPOLOGIES:
            raise RunError(f"{path}: is a topology and has no frames. Remedy: one topology, then the trajectory")
        if request.trajectory_format is not None:
            _check_format(path, request.trajectory_format)


def _check_format(path: Path, given: str) -> None:
    """Refuse a format that the first bytes of a file contradict."""
    with path.open("rb") as stream:
        head = stream.read(8)
    own = next((names for names, at, known in _BEGINNINGS if head[at : at + 4] in known), None)
    if own is not None and given.upper() not in own:
        raise RunError(f"--trajectory-format {given} does not fit {path}, a file of {own[0]}. Remedy: leave it out")


def dump_breaks_off(path: Path) -> bool:
    """Return whether a dump of LAMMPS ends within a frame, for which MDAnalysis has no word."""
    size, length = path.stat().st_size, _TAIL_BYTES
    with path.open("rb") as stream:
        while True:
            stream.seek(max(0, size - length))
            lines = stream.read().split(b"\n")
            heads = [number for number, line in enumerate(lines) if line.startswith(b"ITEM: TIMESTEP")]
            if heads or length >= size:
                break
            length *= 8
    frame = lines[heads[-1] : -1] if heads else []
    return len(frame) < _DUMP_HEAD or len(frame) < _DUMP_HEAD + int(frame[3])


def topology_of(request: Request, opening: Mapping[str, Any]) -> Universe:
    """Return a Universe of the topology alone, without coordinates.

    Raises:
        RunError: the file is not as its format wants it.
    """
    import MDAnalysis
    from MDAnalysis.core._get_readers import get_parser_for

    options = {"atom_style": request.atom_style} if request.atom_style else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parser = get_parser_for(str(request.topology), format=opening.get("topology_format"))
            with parser(str(request.topology)) as opened:
                return MDAnalysis.Universe(opened.parse(**options), to_guess=())
        # Whatever a parser meets in a damaged file it raises as it is, an IndexError for a .gro that was cut.
        except Exception as error:
            raise RunError(_not_read(request, error)) from None


def _not_read(request: Request, error: Exception) -> str:
    """Return why a topology cannot be read and what to do."""
    path, reason = request.topology, " ".join(f"{type(error).__name__}: {error}".split())
    if "isn't a valid topology format" in reason:
        told = request.topology_format or "the suffix"
        return f"{path}: {told} tells no format that MDAnalysis knows. Remedy: --topology-format FORMAT"
    if request.topology_format:
        told = request.topology_format
        return f"{path}: cannot be read as {told} ({reason}). Remedy: --topology-format as the file is"
    if is_lammps_data(request) and "atom_style" in reason:
        style = _atom_style(path)
        has = f"the style {style}" if style else "no style that is told"
        if request.atom_style:
            has = f'not the columns "{request.atom_style}"'
        return (
            f"{path}: its atoms have {has}, or a line of them is damaged. "
            'Remedy: --atom-style with the columns, e.g. "id type charge x y z"'
        )
    return f"{path}: the topology cannot be read, it is damaged or breaks off ({reason})"


def _atom_style(path: Path) -> str:
    """Return the atom style that a LAMMPS data file notes behind "Atoms"; empty without a note."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        found = (re.match(r"\s*Atoms\s*#\s*(\S+)", line) for line in stream)
        return next((match[1] for match in found if match), "")
