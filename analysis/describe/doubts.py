"""What in the first frame or in an option contradicts the rest: told, or refused where nothing could be right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from analysis.describe.atoms import GUESSED_BONDS, Atoms
from analysis.describe.looking import First
from analysis.describe.request import Request
from analysis.describe.species import NO_NAMES, Found
from analysis.energies import read_energies, read_terms
from analysis.part import LONGEST_BOND_NM
from analysis.run import RunError

FloatArray = NDArray[np.float64]

SAME_BOX = 0.1
"""Share by which a box that the user gives may differ from that of the first frame, as it does at constant pressure."""
BROKEN = "molecules are broken across a boundary"
_WRONG_UNIT = 3.0
_LEAST_G_PER_ML, _MOST_G_PER_ML = 0.1, 10.0
_G_PER_ML_OF_U_PER_NM3 = constants.atomic_mass * constants.kilo / (constants.nano / constants.centi) ** 3
_MOST_KINDS = 3
_LEAST_K, _MOST_K = 150.0, 1000.0
"""Between which liquids with ions are simulated; 25 is degrees Celsius."""
_SAME_VOLUME = 1e-5
"""Share by which a constant volume may seem to change: it is stored in single precision."""
_SAME_TEMPERATURE = 0.01
"""A thermostat keeps the mean temperature much nearer to what it is set to than this share."""


def doubts(request: Request, atoms: Atoms, species: Sequence[Found], first: First) -> list[str]:
    """Return what the user should look at, one line each.

    Raises:
        RunError: a box several times larger or smaller than the file says; an energy file that cannot be read; runs
            for the viscosity whose volume changes.
    """
    box = first.box_nm if request.box_nm is None else np.array(request.box_nm)
    return [
        *_of_box(request, atoms, first, box),
        *_of_bonds(request, atoms, species, first, box),
        *_of_temperature(request),
        *_of_energy(request),
        *_of_viscosity(request),
    ]


def _of_temperature(request: Request) -> list[str]:
    """Return a note on a temperature at which no liquid with ions is."""
    if _LEAST_K <= request.temperature_K <= _MOST_K:
        return []
    return [f"--temperature {request.temperature_K:g}: is this in kelvin?"]


def _of_viscosity(request: Request) -> list[str]:
    """Return which files of pressures cannot be read; refuse those of runs in which the volume changes.

    The Green-Kubo integral is over the fluctuations of the pressure at constant volume, which a barostat changes.
    GROMACS writes the volume into the energy file only where it may change.
    """
    notes = []
    for path in (path for path in request.viscosity_energies if path.is_file()):
        try:
            terms, _ = read_terms(path, "pressures")
        except RunError as error:
            notes.append(f"{error}: no viscosity. Remedy: --viscosity-energies FILE.edr")
            continue
        volumes = np.asarray(terms.get("Volume", ()), dtype=np.float64)
        if volumes.size and np.ptp(volumes) > _SAME_VOLUME * abs(volumes.mean()):
            raise RunError(
                f"{path}: the volume changes by {np.ptp(volumes) / abs(volumes.mean()):.2g} of itself, but the "
                "viscosity needs runs at constant volume. Remedy: short NVT runs that start from frames of this one, "
                "or leave out --viscosity-energies"
            )
    return notes


def _of_box(request: Request, atoms: Atoms, first: First, box: FloatArray | None) -> list[str]:
    """Return what speaks against a box: the file's own, and the density that follows."""
    notes = []
    if request.box_nm is not None and first.box_nm is not None and box is not None:
        ratio = box / first.box_nm
        if (np.abs(np.log(ratio)) > np.log(_WRONG_UNIT)).any():
            raise RunError(
                f"--box {_edges(box)} nm, but the first frame has a box of {_edges(first.box_nm)} nm. "
                "Remedy: edges in nm, or leave out --box"
            )
        if (np.abs(ratio - 1) > SAME_BOX).any():
            notes.append(f"--box {_edges(box)} nm replaces the box of the file, {_edges(first.box_nm)} nm at first")
    if box is not None and (box > 0).all():
        density = float(atoms.masses_u.sum()) / float(np.prod(box)) * _G_PER_ML_OF_U_PER_NM3
        if not _LEAST_G_PER_ML <= density <= _MOST_G_PER_ML:
            given = "--box is in nm" if request.box_nm is not None else "are the lengths of the file in its unit?"
            notes.append(f"a box of {_edges(box)} nm makes a density of {density:.3g} g/mL: {given}")
    return notes


def _of_bonds(
    request: Request, atoms: Atoms, species: Sequence[Found], first: First, box: FloatArray | None
) -> list[str]:
    """Return what speaks against bonds: too long ones, or guessed ones that make many kinds of molecules."""
    spread = f"the atoms span {_edges(np.ptp(first.positions_nm, axis=0))} nm. Remedy: --box X Y Z (nm)"
    if GUESSED_BONDS not in atoms.notes:
        vectors = first.positions_nm[atoms.bonds[:, 0]] - first.positions_nm[atoms.bonds[:, 1]]
        if box is not None and (box > 0).all():
            vectors -= box * np.rint(vectors / box)
        lengths = np.linalg.norm(vectors, axis=1)
        n_long = int((lengths > LONGEST_BOND_NM).sum())
        if not n_long:
            return []
        told = f"{n_long} of {lengths.size} bonds are longer than {LONGEST_BOND_NM:g} nm in the first frame"
        if box is None:
            return [
                f"{told}: {BROKEN}, and there is no box to mend them, so that nothing that needs positions can be "
                f"computed; {spread}"
            ]
        cause = "--box is wrong" if request.box_nm is not None else "the lengths have another unit"
        return [f"{told}: the order of atoms differs between topology and trajectory, or {cause}"]
    kinds = _kinds_of_residues(atoms, species)
    many = [f"{count} kinds of molecules of {name}" for name, count in kinds.items() if count > _MOST_KINDS]
    if not many:
        return []
    told = f"the guessed bonds make {', '.join(many)}: the order of atoms may differ between topology and trajectory"
    return [f"{told}, or {BROKEN}; {spread}" if box is None else told]


def _kinds_of_residues(atoms: Atoms, species: Sequence[Found]) -> dict[str, int]:
    """Return how many species the residues of each name are in."""
    if atoms.residues is None:
        return {}
    kinds: dict[str, int] = {}
    for one in species:
        for name in set(atoms.residues[one.atoms].ravel().tolist()) - NO_NAMES:
            kinds[name] = kinds.get(name, 0) + 1
    return kinds


def _of_energy(request: Request) -> list[str]:
    """Return what speaks against the temperature."""
    if request.energy is None:
        return []
    try:
        known = read_energies(request.energy)["Temperature"].dropna()
    except RunError as error:
        raise RunError(f"{error}. Remedy: --energy FILE.edr of GROMACS, or leave it out") from None
    mean = float(known.mean()) if len(known) else request.temperature_K
    if abs(mean - request.temperature_K) <= _SAME_TEMPERATURE * request.temperature_K:
        return []
    return [f"--temperature {request.temperature_K:g}, but the mean temperature in {request.energy} is {mean:.1f} K"]


def _edges(lengths: FloatArray) -> str:
    return " ".join(f"{length:.3g}" for length in lengths)
