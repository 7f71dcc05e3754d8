"""Torsion parameters: a linear least-squares fit to relaxed scans, iterated with the geometries that they give.

E_DFT - E_MM(without these torsions) at the force field's own relaxed geometries is fitted by
sum V1/2 (1 + cos phi) + V2/2 (1 - cos 2 phi) + V3/2 (1 + cos 3 phi), phi = 0 at cis, one free constant per scan,
points weighted by exp(-E / 8 kJ/mol) with a floor, so that barriers count less than minima but do count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.classical import Vacuum
from derivation.mirror import image_of, images
from derivation.oligomers import oligomer
from derivation.starts import KJ_PER_MOL, SCAN_STEP_DEG, SCAN_UNITS, STARTS, torsion_deg
from derivation.xyz_file import Structure, read
from workflow.inputs import Molecule

BOLTZMANN_KJ_PER_MOL = 8.0
LEAST_WEIGHT = 0.1
RIDGE = 1e-3  # keeps parameters that the scans do not see near zero

Types = tuple[str, str, str, str]


@dataclass(frozen=True)
class Scan:
    """One torsion's relaxed scan: angles in degrees, DFT geometries in angstrom, energies in kJ/mol."""

    name: str
    atoms: tuple[int, int, int, int]
    angles_deg: NDArray[np.float64]
    xyz_A: list[NDArray[np.float64]]
    energies_kJ_per_mol: NDArray[np.float64]


def scanned(kind: str) -> dict[str, tuple[int, int, int, int]]:
    """Return the atoms of every torsion that is scanned, by the scan's name; a small molecule has none."""
    chain = oligomer("PAB", 1) if kind == "AB" else oligomer(kind, SCAN_UNITS)
    return {f"{kind}-n{SCAN_UNITS}-t{number}": atoms for number, atoms in enumerate(chain.torsions, start=1)}


def scans(kind: str) -> list[Scan]:
    """Return the scans whose points are all there."""
    found = []
    mirrored = images(read(STARTS))
    for name, atoms in scanned(kind).items():
        points = sorted(_points(f"{name}@", mirrored), key=_angle)
        try:
            energies = np.array([raw.energy_Ha(mirrored.get(one.name, one.name)) for one in points]) * KJ_PER_MOL
        except KeyError:
            continue
        if len(points) < 360 // SCAN_STEP_DEG:
            continue
        angles = np.array([_angle(one) for one in points])
        found.append(Scan(name, atoms, angles, [one.xyz_A for one in points], energies - energies.min()))
    return found


def _points(prefix: str, mirrored: Mapping[str, str]) -> list[Structure]:
    """Return the relaxed geometries of the scan points so named, with those that are images of another's."""
    known = raw.geometries()
    computed = [one for name, one in known.items() if name.startswith(prefix)]
    return computed + [
        image_of(known[twin], name)
        for name, twin in mirrored.items()
        if name.startswith(prefix) and twin in known and name not in known
    ]


def _angle(one: Structure) -> float:
    return float(one.said["held_deg"])


def profile_kJ_per_mol(vacuum: Vacuum, scan: Scan) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Return the force field's relaxed profile, from the DFT geometries, and its geometries in angstrom."""
    found = [
        vacuum.minimise(xyz, [(scan.atoms, float(angle))])
        for xyz, angle in zip(scan.xyz_A, scan.angles_deg, strict=True)
    ]
    energies = np.array([energy for _, energy in found])
    return energies, [xyz for xyz, _ in found]


def rms_kJ_per_mol(profile: NDArray[np.float64], scan: Scan) -> float:
    """Root-mean-square deviation of two profiles, each taken from its own mean."""
    difference = profile - scan.energies_kJ_per_mol
    return float(np.sqrt(np.mean((difference - difference.mean()) ** 2)))


def fit(
    molecule: Molecule,
    found: Sequence[Scan],
    free: Mapping[Types, Sequence[int]],
    groups: Mapping[Types, Types],
    quadruples: Sequence[tuple[Types, tuple[int, int, int, int]]],
) -> dict[Types, tuple[float, float, float]]:
    """Return new V1, V2, V3 in kJ/mol by atom types.

    `free` says which of the three terms each group of types may have, `groups` which group a quadruple of types
    belongs to, `quadruples` the chain's torsions with their types. `molecule` holds the present parameters.
    """
    columns = [(types, n) for types, terms in free.items() for n in terms]
    vacuum = Vacuum([(molecule, 1, SCAN_UNITS)])
    rows, rights = [], []
    present = _present(molecule, columns)
    for scan in found:
        profile, geometries = profile_kJ_per_mol(vacuum, scan)
        basis = np.array([[_term(xyz, groups, quadruples, column) for column in columns] for xyz in geometries])
        missing = scan.energies_kJ_per_mol - (profile - basis @ present)
        weight = np.sqrt(np.maximum(np.exp(-scan.energies_kJ_per_mol / BOLTZMANN_KJ_PER_MOL), LEAST_WEIGHT))
        rows.append(_centred(basis, weight) * weight[:, None])
        rights.append(_centred(missing, weight) * weight)
    matrix, right = np.vstack(rows), np.concatenate(rights)
    normal = matrix.T @ matrix + RIDGE * len(right) * np.eye(len(columns))
    solution = np.linalg.solve(normal, matrix.T @ right)
    values = dict(zip(columns, solution, strict=True))
    return {types: tuple(float(values.get((types, n), 0.0)) for n in (1, 2, 3)) for types in free}  # type: ignore[misc]


def _centred(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the constant that a scan's zero of energy is free to have."""
    return np.asarray(values - np.average(values, axis=0, weights=weight**2))


def _present(molecule: Molecule, columns: Sequence[tuple[Types, int]]) -> NDArray[np.float64]:
    assert molecule.polymer is not None
    entries = {tuple(one["types"]): one for one in molecule.polymer.bonded["torsions"]}
    return np.array([entries[types][f"V{n}_kJ_per_mol"] for types, n in columns])


def _term(
    xyz_A: NDArray[np.float64],
    groups: Mapping[Types, Types],
    quadruples: Sequence[tuple[Types, tuple[int, int, int, int]]],
    column: tuple[Types, int],
) -> float:
    types, n = column
    sign = -1 if n == 2 else 1
    angles = [np.radians(torsion_deg(xyz_A, atoms)) for kinds, atoms in quadruples if groups[kinds] == types]
    return float(sum(0.5 * (1 + sign * np.cos(n * angle)) for angle in angles))
