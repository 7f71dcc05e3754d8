"""Molecules as the simulation sees them: atoms, bonds, sites, and the topology of a whole box."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow.inputs.molecules import Molecule
from workflow.itp import (
    Atom,
    ForceFieldError,
    atomtypes_text,
    merge_atomtypes,
    read_atoms,
    read_bonds,
    rows_of,
    whole_text,
    with_scaled_charges,
)
from workflow.polymers import chain_itp, chain_topology, polymer_of, unit_names

__all__ = [
    "Atom",
    "ForceFieldError",
    "TopologySummary",
    "check_topology",
    "geometry_nm",
    "molecule_atoms",
    "molecule_bonds",
    "sites_of",
    "write_topology",
]

COMBINATION_RULES = {"lorentz-berthelot": 2, "geometric": 3}
FUDGE_LJ = FUDGE_QQ = 0.5  # OPLS-AA: 1-4 interactions count half
CHARGE_TOLERANCE_E = 1e-6


@dataclass(frozen=True)
class TopologySummary:
    """What ParmEd reads from a topology: counts, net charge and mass of the whole box."""

    n_atoms: int
    n_hydrogens: int
    n_bonds: int
    n_molecules: int
    charge_e: float
    mass_u: float


def molecule_atoms(molecule: Molecule, monomers: int | None = None) -> tuple[Atom, ...]:
    """Atoms of one molecule in topology order; polymers need `monomers`.

    Raises ForceFieldError for an unreadable itp, an impossible chain, or charges that miss the declared
    charge.
    """
    if molecule.polymer is not None:
        return chain_topology(molecule, polymer_of(molecule, monomers)[1]).atoms
    atoms = read_atoms(_itp_path(molecule))
    total = sum(atom.charge_e for atom in atoms)
    if abs(total - molecule.charge_e) > CHARGE_TOLERANCE_E:
        raise ForceFieldError(f"{molecule.name}: charges add up to {total:.6f} e, declared is {molecule.charge_e} e.")
    if molecule.charge_scale == 1:
        return atoms
    return tuple(replace(atom, charge_e=atom.charge_e * molecule.charge_scale) for atom in atoms)


def molecule_bonds(molecule: Molecule, monomers: int | None = None) -> tuple[tuple[int, int], ...]:
    """Bonds of one molecule as 0-based index pairs. Raises ForceFieldError like `molecule_atoms`."""
    if molecule.polymer is not None:
        return chain_topology(molecule, polymer_of(molecule, monomers)[1]).bonds
    return read_bonds(_itp_path(molecule))


def geometry_nm(molecule: Molecule) -> NDArray[np.float64]:
    """Coordinates (n, 3) in nm of a small molecule, from its PDB file, centred on the mean.

    Raises ForceFieldError when the atom names differ from those of the topology, or for a polymer (whose
    conformers are drawn, see `workflow.conformers`).
    """
    if molecule.polymer is not None:
        raise ForceFieldError(f"{molecule.name}: a polymer has no fixed geometry.")
    path = molecule.folder / f"{molecule.name}.pdb"
    try:
        lines = [line for line in path.read_text(encoding="ascii").splitlines() if line[:6] in ("ATOM  ", "HETATM")]
        xyz = np.array([[float(line[i : i + 8]) for i in (30, 38, 46)] for line in lines]) / 10.0  # PDB is in angstrom
    except (OSError, ValueError) as error:
        raise ForceFieldError(f"{path}: cannot be read as PDB: {error}.") from error
    names = [line[12:16].strip() for line in lines]
    expected = [atom.name for atom in molecule_atoms(molecule)]
    if names != expected:
        raise ForceFieldError(f"{path}: atoms {names} are not in the order of {molecule.name}.itp: {expected}.")
    centred: NDArray[np.float64] = xyz - xyz.mean(axis=0)
    return centred


def sites_of(molecule: Molecule, monomers: int | None = None) -> list[dict[str, Any]]:
    """Sites of one molecule as {"name", "kind", "atoms"}, atoms being 0-based indices within the molecule.

    A chain's site `N` becomes `N_head`, `N_middle` and `N_tail`; a part that a short chain lacks is left out.
    Raises ForceFieldError when a site names an atom that does not exist.
    """
    if molecule.polymer is not None:
        return _chain_sites(molecule, polymer_of(molecule, monomers)[1])
    index = {atom.name: i for i, atom in enumerate(molecule_atoms(molecule))}
    unknown = sorted({name for site in molecule.sites for name in site.atoms} - index.keys())
    if unknown:
        raise ForceFieldError(f"{molecule.name}: sites name atoms that do not exist: {', '.join(unknown)}.")
    return [{"name": s.name, "kind": s.kind, "atoms": [index[name] for name in s.atoms]} for s in molecule.sites]


def _chain_sites(molecule: Molecule, monomers: int) -> list[dict[str, Any]]:
    polymer, _ = polymer_of(molecule, monomers)
    places: dict[tuple[str, str], list[int]] = {}  # (part, atom name within the unit) -> indices
    number = 0
    for part in unit_names(monomers):
        for entry in polymer.units[part]["atoms"]:
            places.setdefault((part, entry["name"]), []).append(number)
            number += 1
    known = {entry["name"] for unit in polymer.units.values() for entry in unit["atoms"]}
    unknown = sorted({name for site in molecule.sites for name in site.atoms} - known)
    if unknown:
        raise ForceFieldError(f"{molecule.name}: sites name atoms that no unit has: {', '.join(unknown)}.")
    found = [
        {
            "name": f"{site.name}_{part}",
            "kind": site.kind,
            "atoms": sorted(i for name in site.atoms for i in places.get((part, name), ())),
        }
        for site in molecule.sites
        for part in ("head", "middle", "tail")
    ]
    return [site for site in found if site["atoms"]]


def write_topology(
    path_top: Path, molecules: Sequence[tuple[Molecule, int, int | None]], mixing_rule: str, title: str
) -> None:
    """Write a topology that needs no other file: defaults, merged atom types, molecule types, counts.

    `molecules` are (molecule, count, monomers) in the order of the coordinates; `mixing_rule` is `lorentz-
    berthelot` (rule 2) or `geometric` (rule 3). The text depends on its inputs only, so it can be hashed.
    Raises ForceFieldError when a type has two meanings or a molecule stands twice.
    """
    if mixing_rule not in COMBINATION_RULES:
        raise ForceFieldError(f"mixing rule `{mixing_rule}`: one of {', '.join(COMBINATION_RULES)} is possible.")
    names = [molecule.name for molecule, _, _ in molecules]
    if len(set(names)) != len(names):
        raise ForceFieldError(f"a molecule stands twice in the topology: {', '.join(names)}.")
    types = merge_atomtypes([(molecule.name, molecule.folder) for molecule, _, _ in molecules])
    rule = COMBINATION_RULES[mixing_rule]
    defaults = f"1  {rule}  yes  {FUDGE_LJ}  {FUDGE_QQ}"
    parts = [
        f"; {title}\n[ defaults ]\n; nbfunc  comb-rule  gen-pairs  fudgeLJ  fudgeQQ\n{defaults}\n",
        atomtypes_text(tuple(types.values())),
    ]
    parts += [moleculetype_text(molecule, monomers) for molecule, _, monomers in molecules]
    counts = "".join(f"{molecule.name}  {count}\n" for molecule, count, _ in molecules)
    parts.append(f"[ system ]\n{title}\n\n[ molecules ]\n{counts}")
    path_top.write_text("\n".join(parts), encoding="utf-8")


def moleculetype_text(molecule: Molecule, monomers: int | None = None) -> str:
    """The itp text of one molecule, checked to hold exactly one [ moleculetype ] of the molecule's name."""
    if molecule.polymer is not None:
        return chain_itp(molecule, polymer_of(molecule, monomers)[1])
    path = _itp_path(molecule)
    text = whole_text(path)
    if [row[0] for row in rows_of(text, "moleculetype")] != [molecule.name]:
        raise ForceFieldError(f"{path}: needs exactly one [ moleculetype ], named {molecule.name}.")
    return text if molecule.charge_scale == 1 else with_scaled_charges(text, molecule.charge_scale)


def check_topology(path_top: Path, gro: Path) -> TopologySummary:
    """Read topology and coordinates with ParmEd and hold them against each other.

    Raises ForceFieldError when ParmEd cannot read them, atom counts or names differ, the net charge is not
    zero or a hydrogen's name does not begin with H (GROMACS' `h-bonds` would leave its bond unconstrained).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ParmEd warns of optional parts that are not used here
        import parmed  # takes a second, is needed here only

        try:
            top = parmed.gromacs.GromacsTopologyFile(str(path_top))
            frame = parmed.load_file(str(gro))
        except (parmed.exceptions.ParmedError, OSError, ValueError, KeyError, IndexError) as error:
            raise ForceFieldError(f"ParmEd cannot read {path_top} with {gro}: {error}") from error
    names = [atom.name for atom in top.atoms]
    if [atom.name for atom in frame.atoms] != names:
        raise ForceFieldError(f"{gro}: its {len(frame.atoms)} atoms are not the {len(names)} of {path_top}, in order.")
    charge = float(sum(atom.charge for atom in top.atoms))
    if abs(charge) > CHARGE_TOLERANCE_E:
        raise ForceFieldError(f"{path_top}: net charge {charge:.6f} e; a box must be neutral.")
    odd = sorted({a.name for a in top.atoms if (a.atomic_number == 1) != a.name.startswith("H")})
    if odd:
        raise ForceFieldError(f"{path_top}: names of hydrogens, and only they, begin with H; these break it: {odd}.")
    hydrogens = sum(atom.atomic_number == 1 for atom in top.atoms)
    mass = float(sum(atom.mass for atom in top.atoms))
    n_molecules = sum(int(row[1]) for row in rows_of(path_top.read_text(encoding="utf-8"), "molecules"))
    return TopologySummary(len(names), hydrogens, len(top.bonds), n_molecules, charge, mass)


def _itp_path(molecule: Molecule) -> Path:
    return molecule.folder / f"{molecule.name}.itp"
