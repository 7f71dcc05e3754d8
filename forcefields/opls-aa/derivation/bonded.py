"""Bonds, angles and torsions of a molecule by atom type: which there are, their DFT values, and their refinement."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.classical import Vacuum
from derivation.oligomers import chain_of
from derivation.parameters import SECTIONS, with_bonded
from derivation.seminario import ForceConstants
from derivation.starts import SCAN_UNITS
from derivation.torsions import Scan, Types, fit
from workflow.forcefield import molecule_atoms, moleculetype_text
from workflow.inputs import Molecule
from workflow.itp import rows_of
from workflow.polymers import chain_topology

LENGTHS = range(2, 6)  # chains whose terms must have parameters: 2 has one that no longer chain has
END = "x"  # the types of the head's nitrogen and of the tail's boron end with it: their bonds differ from inner ones
PLANAR_K_KJ_PER_MOL = 4.6  # OPLS-AA's improper of sp2 centres (V2 = 2.2 kcal/mol), function 4
# The terms that a torsion about a B-N bond may have. Only the two that turn the backbone tell cis from trans.
TERMS = {
    "PAB": {"backbone": (1, 2, 3), "other": (3,)},
    "PIB": {"backbone": (1, 2), "other": (2,)},
}
# V1, V2, V3 in kJ/mol of every torsion, with which their fit begins: near the barriers of a single and of a partial
# double bond. From zero, what is not held turns away from DFT's geometry, and PIB needs twice as many rounds.
BEGIN = {"PAB": (0.0, 0.0, 1.0), "PIB": (0.0, 25.0, 0.0)}
ROUNDS = 5  # planted profiles agree within 0.1 kJ/mol after four, begun with V2 of 15 to 40 or V3 of 1 to 3 kJ/mol

Key = tuple[str, ...]
Atoms = tuple[int, ...]


@dataclass(frozen=True)
class Conformer:
    """A DFT geometry: of a chain, or of a small molecule, whose `units` are None."""

    name: str
    units: int | None
    xyz_A: NDArray[np.float64]


@dataclass(frozen=True)
class Relaxed:
    """The force field's minimum reached from a conformer: coordinates in angstrom and energy."""

    conformer: Conformer
    xyz_A: NDArray[np.float64]
    energy_kJ_per_mol: float


def conformers(kind: str) -> list[Conformer]:
    """Return every conformer that DFT has relaxed: of three to five units, or of the small molecule."""
    names = [name for name in raw.geometries() if re.fullmatch(rf"{kind}(-n\d)?-c\d+", name)]
    return [
        Conformer(name, None if kind == "AB" else chain_of(name).units, raw.geometries()[name].xyz_A) for name in names
    ]


def terms(molecule: Molecule, units: int | None, section: str) -> list[tuple[Key, Atoms]]:
    """Return the atom types (in their canonical direction) and atoms of every bond, angle or torsion.

    `units` is None for a small molecule, whose terms are those of its itp.
    """
    if units is None:
        types = [atom.type for atom in molecule_atoms(molecule)]
        width = {"bonds": 2, "angles": 3}[section]
        found = [tuple(int(x) - 1 for x in row[:width]) for row in rows_of(moleculetype_text(molecule), section)]
        return [(canonical(tuple(types[i] for i in atoms)), atoms) for atoms in found]
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


def stretch_and_bend(kind: str, molecule: Molecule, section: str) -> dict[Key, tuple[float, float]]:
    """Return DFT's mean lengths (nm) or angles (degrees) and Seminario's constants of 1/2 k x^2, by atom types.

    Raises ValueError when no Hessian that has been computed holds one of the terms.
    """
    means = mean_by_type(molecule, conformers(kind), section, lambda one, atoms: measure(one.xyz_A, atoms))
    constants = _constants(kind, molecule, section)
    lacking = ["-".join(key) for key in _keys(molecule, section) if key not in constants]
    if lacking:
        raise ValueError(f"no Hessian of {kind} has been computed yet that holds the {section} {', '.join(lacking)}")
    return {key: (means[key], constants[key]) for key in _keys(molecule, section)}


def first_guess(kind: str, molecule: Molecule, keep_torsions: bool) -> dict[str, Any]:
    """Return bonded parameters with DFT's mean lengths and angles and Seminario's constants.

    Torsions are those with which a fit begins, or those of `molecule` when no fit will follow.
    """
    assert molecule.polymer is not None
    bonded: dict[str, Any] = {}
    for section, (value, constant) in SECTIONS.items():
        found = stretch_and_bend(kind, molecule, section)
        bonded[section] = [{"types": list(key), value: x0, constant: k} for key, (x0, k) in found.items()]
    begin = {f"V{n}_kJ_per_mol": value for n, value in enumerate(BEGIN[kind], start=1)}
    beginning = [{"types": list(key), **begin} for key in _keys(molecule, "torsions")]
    bonded["torsions"] = molecule.polymer.bonded["torsions"] if keep_torsions else beginning
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


def relaxed(kind: str, molecule: Molecule) -> list[Relaxed]:
    """Return the force field's minimum reached from every DFT conformer."""
    vacuums = {n: Vacuum([(molecule, 1, n)]) for n in {one.units for one in conformers(kind)}}
    return [Relaxed(one, *vacuums[one.units].minimise(one.xyz_A)) for one in conformers(kind)]


def measure(xyz_A: NDArray[np.float64], atoms: Atoms) -> float:
    """Return a bond length in nm or an angle in degrees."""
    if len(atoms) == 2:
        return float(np.linalg.norm(xyz_A[atoms[0]] - xyz_A[atoms[1]])) / 10
    a, b = xyz_A[atoms[0]] - xyz_A[atoms[1]], xyz_A[atoms[2]] - xyz_A[atoms[1]]
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def mean_missed(molecule: Molecule, reached: Sequence[Relaxed], section: str) -> dict[Key, float]:
    """Return by how much the minimised lengths (nm) or angles (degrees) are too small on average, by atom types."""
    xyz = {one.conformer.name: one.xyz_A for one in reached}
    found = [one.conformer for one in reached]
    return mean_by_type(
        molecule, found, section, lambda one, atoms: measure(one.xyz_A, atoms) - measure(xyz[one.name], atoms)
    )


def _moved_to_dft(kind: str, molecule: Molecule) -> Molecule:
    assert molecule.polymer is not None
    bonded = {section: [dict(one) for one in rows] for section, rows in molecule.polymer.bonded.items()}
    reached = relaxed(kind, molecule)
    for section, (value, _) in SECTIONS.items():
        missed = mean_missed(molecule, reached, section)
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


def mean_by_type(
    molecule: Molecule, over: Sequence[Conformer], section: str, of: Callable[[Conformer, Atoms], float]
) -> dict[Key, float]:
    """Return the mean of a quantity over all terms of one type in all these conformers."""
    found: dict[Key, list[float]] = defaultdict(list)
    for one in over:
        for key, atoms in terms(molecule, one.units, section):
            found[key].append(of(one, atoms))
    return {key: float(np.mean(values)) for key, values in found.items()}


def _keys(molecule: Molecule, section: str) -> list[Key]:
    """The types of every term that the molecule, or a chain of any length, has."""
    lengths = LENGTHS if molecule.polymer else (None,)
    return list(dict.fromkeys(key for n in lengths for key, _ in terms(molecule, n, section)))


def _constants(kind: str, molecule: Molecule, section: str) -> dict[Key, float]:
    found: dict[Key, list[float]] = defaultdict(list)
    for one in conformers(kind):
        if not raw.has_arrays(one.name, "hessian"):
            continue
        hessian = raw.arrays(one.name, "hessian")["hessian_au"]
        constants = ForceConstants(one.xyz_A, hessian, chain_of(one.name).bonds)
        for key, atoms in terms(molecule, one.units, section):
            of = constants.bond_kJ_per_mol_nm2 if section == "bonds" else constants.angle_kJ_per_mol_rad2
            found[key].append(of(*atoms))
    return {key: float(np.mean(values)) for key, values in found.items()}
