"""The options of `describe`, as typed, and the summary that it prints."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.describe.elements import MASSES_U
from analysis.describe.request import Request
from analysis.describe.sites import KINDS
from analysis.describe.species import Corrections
from analysis.run import RunError
from analysis.run_keys import ROLES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+]*")
_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `describe` understands to a parser."""
    add = parser.add_argument
    add("topology", type=Path, help="names, masses, charges, bonds: .tpr, LAMMPS .data, .psf, .prmtop, .pdb, .gro")
    add("trajectory", type=Path, nargs="+", help=".xtc, .trr, .dcd, .nc, .lammpstrj; parts in the order of time")
    add("-o", "--out", type=Path, required=True, metavar="run.json", help="file to write")
    add("--temperature", type=float, required=True, metavar="K")
    add("--system", help="name of the liquid; runs of one system with different replicas are pooled")
    add("--replica", type=int, default=1, metavar="N", help="1, 2, ... for independent runs of one system")
    add("--base", metavar="SYSTEM", help="the system that this one is a variant of and is compared with")
    add("--title", help="the liquid's name in the report")
    add("--pressure", type=float, metavar="ATM")
    _add_energies(parser)
    add("--cation", metavar="NAME", help="the ion that distances are measured from; else the metal, lithium first")
    add("--name", action="append", default=[], metavar="OLD=NEW", help="another name for a species")
    add("--charge", action="append", default=[], metavar="NAME=Q", help="charge of a molecule in e")
    add("--role", action="append", default=[], metavar="NAME=ROLE", help=", ".join(ROLES))
    add("--element", action="append", default=[], metavar="ATOM=SYMBOL", help="element of an atom name or type")
    add(
        "--site",
        action="append",
        default=[],
        metavar="LABEL=KIND:ATOMS",
        help=f'e.g. "O_ether(EC)=O:O1,O3", atoms by name or number in the molecule; kinds: {", ".join(KINDS)}',
    )
    add("--timestep", type=float, metavar="FS", help="time step of the simulation, where the file's is wrong")
    add("--frame-interval", type=float, metavar="PS", help="time between frames; counts them, ignores the file's times")
    add("--box", type=float, nargs=3, metavar=("X", "Y", "Z"), help="edges in nm of a box that the file does not tell")
    add("--lammps-units", choices=("real", "metal"), help="`units` of the LAMMPS input, for a DCD file")
    add("--atom-style", metavar="COLUMNS", help='columns of a LAMMPS data file, e.g. "id type charge x y z"')
    add("--topology-format", metavar="FORMAT", help="MDAnalysis' name of the format, when the suffix does not tell")
    add("--trajectory-format", metavar="FORMAT", help="the same for the trajectory")


def _add_energies(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--energy", type=Path, metavar="FILE.edr", help="GROMACS energies: density, temperature, pressure")
    add(
        "--viscosity-energies",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE.edr",
        help="for the viscosity: GROMACS energies of short runs at constant volume, the pressure tensor every few fs; "
        "one file each, ten or more advised",
    )


def run(parsed: argparse.Namespace) -> tuple[Path, list[str]]:
    """Write run.json as the options say; return its path and what to print.

    Raises:
        RunError: an option is malformed, or see `describe`.
    """
    # MDAnalysis takes seconds to load: not for the other commands, which share the parser.
    from analysis.describe.describe import describe
    from analysis.describe.document import write_document

    request = request_of(parsed)
    document, notes = describe(request)
    write_document(document, request.out)
    return request.out, [*summary(document), *(f"note: {note}" for note in notes)]


def request_of(parsed: argparse.Namespace) -> Request:
    """Return the request that the options make.

    Raises:
        RunError: an option is malformed.
    """
    system = parsed.system or re.sub(r"[^A-Za-z0-9_.-]", "_", parsed.topology.stem).lstrip("_.-") or "system"
    if not _SYSTEM.fullmatch(system):
        raise RunError(f"--system {system}: a name has letters, digits, _ . and -, the first one a letter or digit")
    if parsed.base == system:
        raise RunError(f"--base {system}: is this system itself. Remedy: another --system, or leave out --base")
    if parsed.replica < 1 or not parsed.temperature > 0:
        raise RunError("--replica counts from 1, --temperature is positive, in K")
    for option, value in (("--timestep", parsed.timestep), ("--frame-interval", parsed.frame_interval)):
        if value is not None and not value > 0:
            raise RunError(f"{option} {value:g}: must be positive")
    if parsed.box is not None and not min(parsed.box) > 0:
        raise RunError(f"--box {' '.join(f'{edge:g}' for edge in parsed.box)}: edges are positive, in nm")
    return Request(
        topology=parsed.topology,
        trajectories=tuple(parsed.trajectory),
        out=parsed.out,
        system=system,
        temperature_K=parsed.temperature,
        replica=parsed.replica,
        title=parsed.title,
        base=parsed.base,
        pressure_atm=parsed.pressure,
        cation=parsed.cation,
        energy=parsed.energy,
        viscosity_energies=tuple(parsed.viscosity_energies),
        corrections=_corrections(parsed),
        elements=dict(_pairs("--element", parsed.element, list(MASSES_U))),
        sites=_sites(parsed.site),
        timestep_fs=parsed.timestep,
        frame_interval_ps=parsed.frame_interval,
        box_nm=None if parsed.box is None else tuple(parsed.box),
        lammps_units=parsed.lammps_units,
        topology_format=parsed.topology_format,
        trajectory_format=parsed.trajectory_format,
        atom_style=parsed.atom_style,
    )


def _corrections(parsed: argparse.Namespace) -> Corrections:
    """Return names, charges and roles as given."""
    names = dict(_pairs("--name", parsed.name))
    bad = [name for name in names.values() if not _NAME.fullmatch(name)]
    if bad:
        raise RunError(f"--name: {', '.join(bad)} must be of letters, digits, _ . and +, the first a letter or digit")
    charges: dict[str, float] = {}
    for name, text in _pairs("--charge", parsed.charge):
        try:
            charges[name] = float(text)
        except ValueError:
            raise RunError(f"--charge {name}={text}: {text} is no number") from None
    return Corrections(names, charges, dict(_pairs("--role", parsed.role, ROLES)))


def _pairs(option: str, texts: Sequence[str], known: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return the two sides of each KEY=VALUE, the value one of `known` where these are given."""
    pairs = []
    for text in texts:
        key, equals, value = text.rpartition("=")
        if not (key and equals and value):
            raise RunError(f"{option} {text}: must be NAME=VALUE")
        if known and value not in known:
            raise RunError(f"{option} {text}: {value} is none of {', '.join(known)}")
        pairs.append((key, value))
    return pairs


def _sites(texts: Sequence[str]) -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    """Return species -> sites of each LABEL=KIND:ATOMS."""
    sites: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for text in texts:
        match = re.fullmatch(r"([\w.+]+)\(([^()]+)\)=(\w+):(.+)", text)
        if match is None or match[3] not in KINDS:
            raise RunError(f'--site {text}: must be like "O_ether(EC)=O:O1,O3", of the kind {", ".join(KINDS)}')
        name, species, kind, atoms = match.groups()
        sites.setdefault(species, []).append((name, kind, tuple(atoms.split(","))))
    return sites


def summary(document: dict[str, Any]) -> list[str]:
    """Return what was found, in lines for the terminal."""
    lines = [f"{document['system']} r{document['replica']}: {document['temperature_K']:g} K, {_length(document)}"]
    for entry in document["species"]:
        sites = [site["label"] for site in document["sites"] if site["species"] == entry["name"]]
        n_atoms = len(entry["masses_u"])
        lines.append(
            f"  {entry['count']} {entry['name']}: {entry['role']}, {n_atoms} atom{'s' if n_atoms > 1 else ''}, "
            f"{entry['charge_e']:+g} e, {sum(entry['masses_u']):.2f} u" + (f"; {', '.join(sites)}" if sites else "")
        )
    lines.append(f"  distances are measured from: {document['cation'] or 'nothing, there is no single-atom cation'}")
    return lines


def _length(document: dict[str, Any]) -> str:
    interval_ps = document.get("frame_interval_ps")
    spacing = f", a frame every {interval_ps:g} ps" if interval_ps else ""
    return f"{document['production_ns']:g} ns{spacing}"
