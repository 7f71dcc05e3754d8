"""Torsion parameters: a linear least-squares fit to relaxed scans, iterated with the geometries that they give.

E_DFT - E_MM(without these) is fitted by sum V1/2 (1 + cos phi) + V2/2 (1 - cos 2 phi) + V3/2 (1 + cos 3 phi), phi = 0
at cis, kJ/mol, one free constant per scan. A ridge pulls to the values with which the fit began, so that what
the scans do not show stays as it was. For the fit every backbone torsion is held where DFT has it: a force field that
falls into another conformer would otherwise put that conformer's energy into a torsion. All points count
alike, as barriers keep an extended chain from folding; those whose deviation is far beyond the others' count less
(Huber, Ann. Math. Stat. 35 (1964) 73). Wrong where Lennard-Jones and charges miss a
point by more than torsions can mend; `bonded.refine` compares with the start and says which of the two it kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivation.classical import Vacuum
from derivation.scans import Atoms, Scan
from derivation.starts import SCAN_UNITS, torsion_deg
from workflow.inputs import Molecule

RIDGE = 1.0  # a parameter 1 kJ/mol away from its start counts as much as one point that is 1 kJ/mol off
HUBER = 1.5  # deviations beyond this times the median one are counted linearly, not squared

Types = tuple[str, str, str, str]


@dataclass(frozen=True)
class Column:
    """One free parameter: V_n in kJ/mol of all torsions of these atom types, and the value with which it began."""

    n: int
    members: frozenset[Types]
    start: float

    @property
    def key(self) -> str:
        """Its name in a row of `bonded.yaml`."""
        return f"V{self.n}_kJ_per_mol"


def profile_kJ_per_mol(
    vacuum: Vacuum, scan: Scan, beside: Sequence[Atoms] = ()
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Return the force field's relaxed profile, from the DFT geometries, and its geometries in angstrom.

    `beside` are other torsions to be held where DFT has them.
    """
    found = [
        vacuum.minimise(xyz, [(scan.atoms, float(angle)), *((four, torsion_deg(xyz, four)) for four in beside)])
        for xyz, angle in zip(scan.xyz_A, scan.angles_deg, strict=True)
    ]
    energies = np.array([energy for _, energy in found])
    return energies, [xyz for xyz, _ in found]


def rms_kJ_per_mol(profile: NDArray[np.float64], scan: Scan) -> float:
    """Root-mean-square deviation of two profiles, each taken from its own mean."""
    difference = profile - scan.energies_kJ_per_mol
    return float(np.sqrt(np.mean((difference - difference.mean()) ** 2)))


def fit(
    molecule: Molecule, found: Sequence[Scan], columns: Sequence[Column], quadruples: Sequence[tuple[Types, Atoms]]
) -> list[float]:
    """Return the columns' new values in kJ/mol. `molecule` holds the present ones, `found` connected points only.

    `quadruples` are the chain's torsions with their types.
    """
    vacuum = Vacuum([(molecule, 1, SCAN_UNITS)])
    present = np.array([_present(molecule, column) for column in columns])
    bases, rights, weights = [], [], []
    for scan in found:
        profile, geometries = profile_kJ_per_mol(vacuum, scan, scan.beside)
        basis = np.array([[_term(xyz, column, quadruples) for column in columns] for xyz in geometries])
        energies = scan.energies_kJ_per_mol
        weight = _huber(energies - profile - np.median(energies - profile))
        bases.append(_centred(basis, weight))
        rights.append(_centred(energies - (profile - basis @ present), weight))
        weights.append(weight)
    matrix, weight = np.vstack(bases), np.concatenate(weights)
    start = np.array([column.start for column in columns])
    normal = matrix.T @ (weight[:, None] * matrix) + RIDGE * np.eye(len(columns))
    right = matrix.T @ (weight * np.concatenate(rights)) + RIDGE * start
    return [float(value) for value in np.linalg.solve(normal, right)]


def _huber(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of points with these deviations: 1, and less beyond `HUBER` times their median (at least 1 kJ/mol)."""
    limit = HUBER * max(1.0, float(np.median(np.abs(left))))
    return np.asarray(limit / np.maximum(np.abs(left), limit))


def _centred(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the constant that a scan's zero of energy is free to have."""
    return np.asarray(values - np.average(values, axis=0, weights=weight))


def _present(molecule: Molecule, column: Column) -> float:
    assert molecule.polymer is not None
    rows = molecule.polymer.bonded["torsions"]
    return float(next(row[column.key] for row in rows if tuple(row["types"]) in column.members))


def _term(xyz_A: NDArray[np.float64], column: Column, quadruples: Sequence[tuple[Types, Atoms]]) -> float:
    sign = -1 if column.n == 2 else 1
    angles = np.radians([torsion_deg(xyz_A, atoms) for types, atoms in quadruples if types in column.members])
    return float(np.sum(0.5 * (1 + sign * np.cos(column.n * angles))))
