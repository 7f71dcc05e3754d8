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
from derivation.hessians import usable
from derivation.oligomers import chain_of
from derivation.parameters import SECTIONS, with_bonded
from derivation.scans import Scan, connected
from derivation.seminario import ForceConstants
from derivation.starts import SCAN_UNITS
from derivation.torsions import Column, fit, profile_kJ_per_mol, rms_kJ_per_mol
from workflow.forcefield import molecule_atoms, moleculetype_text
from workflow.inputs import Molecule
from workflow.itp import rows_of
from workflow.polymers import chain_topology

LENGTHS = range(2, 6)  # chains whose terms must have parameters: 2 has one that no longer chain has
END = "x"  # the types of the head's nitrogen and of the tail's boron end with it: their bonds differ from inner ones
PLANAR_K_KJ_PER_MOL = 4.6  # OPLS-AA's improper of sp2 centres (V2 = 2.2 kcal/mol), function 4
# The V that all torsions about a B-N bond share: their cosines are nearly the same, so that scans cannot tell them
# apart. Only those of the backbone tell cis from trans; they have the terms of BACKBONE besides.
SHARED = {"PAB": 3, "PIB": 2}
BACKBONE = {"PAB": (1, 2), "PIB": (1,)}
# V1, V2, V3 in kJ/mol of every torsion, with which their fit begins and to which its ridge pulls: ammonia borane's
# measured barrier over its nine torsions, and that of a partial double bond over four.
BEGIN = {"PAB": (0.0, 0.0, 0.96), "PIB": (0.0, 25.0, 0.0)}
ROUNDS = 5
WORSE = 1.1  # a fit whose RMS deviation of lengths or of angles is larger than the start's by this factor is not kept

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


def stretch_and_bend(kind: str, molecule: Molecule, section: str) -> dict[Key, tuple[float, float]]:
    """Return DFT's mean lengths (nm) or angles (degrees) and Seminario's constants of 1/2 k x^2, by atom types.

    Raises ValueError when no Hessian that has been computed holds one of the terms.
    """
    means = mean_by_type(molecule, conformers(kind), section, lambda one, atoms: measure(one.xyz_A, atoms))
    constants = _constants(kind, molecule, section, usable([one.name for one in conformers(kind)]))
    lacking = ["-".join(key) for key in _keys(molecule, section) if key not in constants]
    if lacking:
        raise ValueError(f"no Hessian of {kind} has been computed yet that holds the {section} {', '.join(lacking)}")
    return {key: (means[key], constants[key]) for key in _keys(molecule, section)}


def first_guess(kind: str, molecule: Molecule) -> dict[str, Any]:
    """Return bonded parameters with DFT's mean lengths and angles, Seminario's constants, torsions to begin with."""
    bonded: dict[str, Any] = {}
    for section, (value, constant) in SECTIONS.items():
        found = stretch_and_bend(kind, molecule, section)
        bonded[section] = [{"types": list(key), value: x0, constant: k} for key, (x0, k) in found.items()]
    begin = {f"V{n}_kJ_per_mol": value for n, value in enumerate(BEGIN[kind], start=1)}
    bonded["torsions"] = [{"types": list(key), **begin} for key in _keys(molecule, "torsions")]
    centres = ("b_N", "b_B", f"b_N{END}", f"b_B{END}") if kind == "PIB" else ()
    planar = {"phase_deg": 180, "k_kJ_per_mol": PLANAR_K_KJ_PER_MOL, "multiplicity": 2}
    bonded["impropers"] = [{"centre": centre, **planar} for centre in centres]
    return bonded


def refine(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> tuple[Molecule, str]:
    """Return the polymer with lengths, angles and torsions that follow DFT, and what was done about the torsions.

    Every round moves r0 and theta0 by what the minimised conformers miss on average, then fits the torsions. The fit
    is dropped when it follows the scans, or the lengths or angles, less well than the torsions of the beginning do.
    """
    kept = fitted = molecule
    for _ in range(ROUNDS):
        kept = _moved_to_dft(kind, kept)
    if not scans:
        return kept, "kept as they were at the start: no scan is complete"
    for _ in range(ROUNDS):
        fitted = _with_fitted_torsions(kind, _moved_to_dft(kind, fitted), scans)
    found = [_misses(kind, one, scans) for one in (kept, fitted)]
    names = ", ".join(_points_said(scan) for scan in scans)
    said = "; ".join(f"{what} {found[0][what]:.3g} -> {found[1][what]:.3g}" for what in found[0])
    profile, *rest = found[0]
    is_worse = found[1][profile] > found[0][profile] or any(found[1][one] > WORSE * found[0][one] for one in rest)
    if is_worse:
        return kept, f"kept as they were at the start: the fit to {names} is worse ({said})"
    return fitted, f"fitted to {names} ({said})"


def _points_said(scan: Scan) -> str:
    """The scan's name, and how many of its points count where not all do."""
    count, every = len(connected(scan).angles_deg), len(scan.angles_deg)
    return scan.name if count == every else f"{scan.name} ({count} of {every} points)"


def _misses(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> dict[str, float]:
    """RMS deviations from DFT: of the profiles at the points that belong together, of lengths and of angles."""
    vacuum = Vacuum([(molecule, 1, SCAN_UNITS)])
    profiles = [rms_kJ_per_mol(profile_kJ_per_mol(vacuum, scan)[0], scan) for scan in map(connected, scans)]
    reached = relaxed(kind, molecule)
    return {
        "RMS of profiles / kJ/mol": rms(profiles),
        "of lengths / angstrom": 10 * rms(deviations(molecule, reached, "bonds")),
        "of angles / degrees": rms(deviations(molecule, reached, "angles")),
    }


def deviations(molecule: Molecule, reached: Sequence[Relaxed], section: str) -> list[float]:
    """Return force field minus DFT of every length (nm) or angle (degrees) of all conformers."""
    return [
        measure(one.xyz_A, atoms) - measure(one.conformer.xyz_A, atoms)
        for one in reached
        for _, atoms in terms(molecule, one.conformer.units, section)
    ]


def rms(values: Sequence[float]) -> float:
    """Root-mean-square of these values."""
    return float(np.sqrt(np.mean(np.square(values))))


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


def columns_of(kind: str, molecule: Molecule) -> list[Column]:
    """Return the free torsion parameters: one shared by all torsions about a B-N bond, and the backbone's others."""
    assert molecule.polymer is not None
    types: list[Any] = [canonical(tuple(row["types"])) for row in molecule.polymer.bonded["torsions"]]
    backbone = frozenset(one for one in types if not any(part.startswith("b_H") for part in one))
    v = BEGIN[kind]
    shared = Column(SHARED[kind], frozenset(types), v[SHARED[kind] - 1])
    return [shared, *(Column(n, backbone, v[n - 1]) for n in BACKBONE[kind])]


def _with_fitted_torsions(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> Molecule:
    assert molecule.polymer is not None
    columns = columns_of(kind, molecule)
    quadruples: list[Any] = terms(molecule, SCAN_UNITS, "torsions")
    values = fit(molecule, [connected(scan) for scan in scans], columns, quadruples)
    bonded = {section: [dict(one) for one in rows] for section, rows in molecule.polymer.bonded.items()}
    for row in bonded["torsions"]:
        types = canonical(tuple(row["types"]))
        row.update({one.key: value for one, value in zip(columns, values, strict=True) if types in one.members})
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


def _constants(kind: str, molecule: Molecule, section: str, names: Sequence[str]) -> dict[Key, float]:
    found: dict[Key, list[float]] = defaultdict(list)
    for one in [one for one in conformers(kind) if one.name in names]:
        hessian = raw.arrays(one.name, "hessian")["hessian_au"]
        constants = ForceConstants(one.xyz_A, hessian, chain_of(one.name).bonds)
        for key, atoms in terms(molecule, one.units, section):
            of = constants.bond_kJ_per_mol_nm2 if section == "bonds" else constants.angle_kJ_per_mol_rad2
            found[key].append(of(*atoms))
    return {key: float(np.mean(values)) for key, values in found.items()}


def saddles(kind: str, molecule: Molecule) -> str:
    """Say which Hessians give no force constants, and by how much the constants would change with them."""
    every = [one.name for one in conformers(kind) if raw.has_arrays(one.name, "hessian")]
    dropped = [name for name in every if name not in usable(every)]
    if not dropped:
        return ""
    changes = []
    for section in SECTIONS:
        used, also = (_constants(kind, molecule, section, names) for names in (usable(every), every))
        changes.append(max(abs(also[key] / used[key] - 1) for key in used))
    bonds, angles = (f"{100 * change:.0f} %" for change in changes)
    return (
        f"The Hessian of {', '.join(dropped)} has an imaginary mode and gives no force constants; with it bonds would\n"
        f"change by up to {bonds}, angles by up to {angles}.\n"
    )
