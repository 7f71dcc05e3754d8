"""Bonds, angles and torsions of a chain by atom type: which there are, their DFT values, and their refinement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.classical import Vacuum
from derivation.oligomers import oligomer
from derivation.parameters import with_bonded
from derivation.seminario import ForceConstants
from derivation.starts import SCAN_UNITS
from derivation.torsions import Scan, Types, fit
from workflow.inputs import Molecule
from workflow.polymers import chain_topology

LENGTHS = range(2, 6)  # chains whose terms must have parameters: 2 has one that no longer chain has
END = "x"  # the types of the head's nitrogen and of the tail's boron end with it: their bonds differ from inner ones
PLANAR_K_KJ_PER_MOL = 4.6  # OPLS-AA's improper of sp2 centres (V2 = 2.2 kcal/mol), function 4
# The terms that a torsion about a B-N bond may have. Only the two that turn the backbone tell cis from trans.
TERMS = {
    "PAB": {"backbone": (1, 2, 3), "other": (3,)},
    "PIB": {"backbone": (1, 2), "other": (2,)},
}
ROUNDS = 4

Key = tuple[str, ...]
Atoms = tuple[int, ...]


@dataclass(frozen=True)
class Conformer:
    """A DFT geometry of a chain."""

    name: str
    units: int
    xyz_A: NDArray[np.float64]


def conformers(kind: str) -> list[Conformer]:
    """Return every relaxed conformer of three to five units."""
    prefix = f"{kind}-n"
    names = [name for name in raw.geometries() if name.startswith(prefix) and "-c" in name]
    return [Conformer(name, int(name[len(prefix)]), raw.geometries()[name].xyz_A) for name in names]


def terms(molecule: Molecule, units: int, section: str) -> list[tuple[Key, Atoms]]:
    """Return the atom types (in their canonical direction) and atoms of every bond, angle or torsion of a chain."""
    chain = chain_topology(molecule, units)
    kinds = [atom.type for atom in chain.atoms]
    listed = {"bonds": chain.bonds, "angles": chain.angles, "torsions": chain.dihedrals}[section]
    return [(canonical(tuple(kinds[i] for i in atoms)), tuple(atoms)) for atoms in listed]


def canonical(types: Key) -> Key:
    """One of the two directions in which a term can be read."""
    return min(types, types[::-1])


def base(types: Key) -> Key:
    """The same term without regard to chain ends."""
    return canonical(tuple(one.removesuffix(END) for one in types))


def first_guess(kind: str, molecule: Molecule) -> dict[str, Any]:
    """Return bonded parameters with DFT's mean lengths and angles, Seminario's constants and no torsions yet."""
    bonded: dict[str, Any] = {}
    for section, value, constant in (
        ("bonds", "r0_nm", "k_kJ_per_mol_nm2"),
        ("angles", "theta0_deg", "k_kJ_per_mol_rad2"),
    ):
        means = _mean_by_type(kind, molecule, section, lambda one, atoms: measure(one.xyz_A, atoms))
        constants = _constants(kind, molecule, section)
        keys = dict.fromkeys(key for n in LENGTHS for key, _ in terms(molecule, n, section))
        bonded[section] = [{"types": list(k), value: means[k], constant: constants[k]} for k in keys]
    keys = dict.fromkeys(key for n in LENGTHS for key, _ in terms(molecule, n, "torsions"))
    zero = {f"V{n}_kJ_per_mol": 0.0 for n in (1, 2, 3)}
    bonded["torsions"] = [{"types": list(key), **zero} for key in keys]
    centres = ("b_N", "b_B", f"b_N{END}", f"b_B{END}") if kind == "PIB" else ()
    planar = {"phase_deg": 180, "k_kJ_per_mol": PLANAR_K_KJ_PER_MOL, "multiplicity": 2}
    bonded["impropers"] = [{"centre": centre, **planar} for centre in centres]
    return bonded


def refine(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> Molecule:
    """Return the polymer with lengths and angles that reproduce DFT's means after minimisation, and fitted torsions.

    Every round moves r0 and theta0 by what the minimised conformers miss on average, then fits the torsions.
    """
    for _ in range(ROUNDS):
        molecule = _moved_to_dft(kind, molecule)
        if scans:
            molecule = _with_fitted_torsions(kind, molecule, scans)
    return molecule


def minimised(kind: str, molecule: Molecule) -> list[tuple[Conformer, NDArray[np.float64]]]:
    """Return every DFT conformer and the force field's minimum reached from it, in angstrom."""
    vacuums = {n: Vacuum([(molecule, 1, n)]) for n in {one.units for one in conformers(kind)}}
    return [(one, vacuums[one.units].minimise(one.xyz_A)[0]) for one in conformers(kind)]


def measure(xyz_A: NDArray[np.float64], atoms: Atoms) -> float:
    """Return a bond length in nm or an angle in degrees."""
    if len(atoms) == 2:
        return float(np.linalg.norm(xyz_A[atoms[0]] - xyz_A[atoms[1]])) / 10
    a, b = xyz_A[atoms[0]] - xyz_A[atoms[1]], xyz_A[atoms[2]] - xyz_A[atoms[1]]
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def _moved_to_dft(kind: str, molecule: Molecule) -> Molecule:
    assert molecule.polymer is not None
    bonded = {section: [dict(one) for one in rows] for section, rows in molecule.polymer.bonded.items()}
    reached = {one.name: xyz for one, xyz in minimised(kind, molecule)}
    for section, value in (("bonds", "r0_nm"), ("angles", "theta0_deg")):
        missed = _mean_by_type(
            kind, molecule, section, lambda one, atoms: measure(one.xyz_A, atoms) - measure(reached[one.name], atoms)
        )
        for row in bonded[section]:
            row[value] += missed[canonical(tuple(row["types"]))]
    return with_bonded(molecule, bonded)


def _with_fitted_torsions(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> Molecule:
    assert molecule.polymer is not None
    quadruples: list[Any] = terms(molecule, SCAN_UNITS, "torsions")
    groups: dict[Any, Any] = {
        canonical(tuple(row["types"])): base(tuple(row["types"])) for row in molecule.polymer.bonded["torsions"]
    }
    free: dict[Types, Sequence[int]] = {
        one: TERMS[kind]["backbone" if not any(t.startswith("b_H") for t in one) else "other"]
        for one in dict.fromkeys(groups.values())
    }
    values = fit(molecule, scans, free, groups, quadruples)
    bonded = {section: [dict(one) for one in rows] for section, rows in molecule.polymer.bonded.items()}
    for row in bonded["torsions"]:
        found = values[groups[canonical(tuple(row["types"]))]]
        row.update({f"V{n}_kJ_per_mol": value for n, value in enumerate(found, start=1)})
    return with_bonded(molecule, bonded)


def _mean_by_type(
    kind: str, molecule: Molecule, section: str, of: Callable[[Conformer, Atoms], float]
) -> dict[Key, float]:
    """Mean of a quantity over all terms of one type in all conformers."""
    found: dict[Key, list[float]] = defaultdict(list)
    for one in conformers(kind):
        for key, atoms in terms(molecule, one.units, section):
            found[key].append(of(one, atoms))
    return {key: float(np.mean(values)) for key, values in found.items()}


def _constants(kind: str, molecule: Molecule, section: str) -> dict[Key, float]:
    found: dict[Key, list[float]] = defaultdict(list)
    for one in conformers(kind):
        if not raw.has_arrays(one.name, "hessian"):
            continue
        chain = oligomer(kind, one.units)
        constants = ForceConstants(one.xyz_A, raw.arrays(one.name, "hessian")["hessian_au"], chain.bonds)
        for key, atoms in terms(molecule, one.units, section):
            of = constants.bond_kJ_per_mol_nm2 if section == "bonds" else constants.angle_kJ_per_mol_rad2
            found[key].append(of(*atoms))
    return {key: float(np.mean(values)) for key, values in found.items()}
