"""What a topology says about each atom, made complete: elements, masses and bonds that it lacks are guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.describe.elements import (
    CATION_CHARGES_E,
    HALOGENS,
    ION_NAMES,
    MASSES_U,
    element_of_mass,
    element_of_name,
    guess_bonds,
)
from analysis.run import RunError

if TYPE_CHECKING:
    from MDAnalysis import Universe

GUESSED_BONDS = "the topology has no bonds: guessed from distances in the first frame"
GUESSED_MASSES = "the topology has no masses: standard atomic weights are taken"
NO_CHARGES = (
    "the topology has no charges: dipole moment and dielectric constant are not computed, ions have formal charges"
)

FloatArray = NDArray[np.float64]

_NEVER_BONDED = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba")


@dataclass(frozen=True)
class Atoms:
    """All atoms of a system, in the order of the trajectory; N atoms, M bonds.

    elements: (N,) "" for a site without mass; masses_u: (N,); bonds: (M, 2); charges_e: (N,) or None;
    names, residues: (N,) or None, residues are names; notes: what was guessed.
    """

    elements: NDArray[np.str_]
    masses_u: NDArray[np.float64]
    bonds: NDArray[np.int64]
    charges_e: NDArray[np.float64] | None
    names: NDArray[np.str_] | None
    residues: NDArray[np.str_] | None
    notes: tuple[str, ...]


def atoms_of(
    universe: Universe, corrections: Mapping[str, str], positions_nm: FloatArray, box_nm: FloatArray | None
) -> Atoms:
    """Return the atoms of a Universe; positions (N, 3) and box (3,) in nm are of the first frame.

    `corrections`: atom name or type -> element, where masses and names do not tell.

    Raises:
        RunError: an element is neither given nor to be guessed, or is given for an atom that there is not.
    """
    masses = _attribute(universe, "masses")
    if masses is not None and not (np.isfinite(masses).all() and masses.any()):
        masses = None
    names, residues = _texts(universe, "names"), _texts(universe, "resnames")
    elements = _elements(universe, masses, corrections)
    notes = _other_names(universe, elements, corrections, by_name=masses is None)
    if masses is None:
        masses = np.array([MASSES_U.get(element, 0.0) for element in elements])
        notes.append(GUESSED_MASSES)
    charges = _attribute(universe, "charges")
    if charges is None or not np.isfinite(charges).all() or not charges.any():
        charges = None
        notes.append(NO_CHARGES)
    bonds = _bonds(universe, elements)
    if bonds is None:
        bonds = guess_bonds(list(elements), positions_nm, box_nm)
        if len(bonds):
            notes.append(GUESSED_BONDS)
    bonds = _with_massless(universe, masses, bonds)
    return Atoms(elements, np.round(masses, 5), bonds, charges, names, residues, tuple(notes))


def _attribute(universe: Universe, name: str) -> NDArray[np.float64] | None:
    """Return an attribute of the atoms as numbers; None when the topology has none."""
    if not hasattr(universe.atoms, name):
        return None
    return np.asarray(getattr(universe.atoms, name), dtype=np.float64)


def _texts(universe: Universe, name: str) -> NDArray[np.str_] | None:
    """Return an attribute of the atoms as texts; None when the topology has none."""
    return np.asarray(getattr(universe.atoms, name), dtype=str) if hasattr(universe.atoms, name) else None


def _elements(
    universe: Universe, masses: NDArray[np.float64] | None, corrections: Mapping[str, str]
) -> NDArray[np.str_]:
    """Return the element of every atom: as corrected, as the topology says, of the mass, of the name.

    Atoms that the topology describes alike are looked at once.
    """
    n_atoms = universe.atoms.n_atoms
    empty = np.full(n_atoms, "")
    said, names, types = (_texts(universe, name) for name in ("elements", "names", "types"))
    said, names, types = (empty if one is None else one for one in (said, names, types))
    unused = [name for name in corrections if name not in names and name not in types]
    if unused:
        raise RunError(f"--element {', '.join(unused)}: no atom has this name or type")
    sizes = np.array([residue.atoms.n_atoms for residue in universe.residues])[universe.atoms.resindices]
    alone = sizes == 1
    rounded = np.full(n_atoms, -1.0) if masses is None else np.round(masses, 3)
    table: dict[tuple[Any, ...], str] = {}
    found, problems = [], dict[str, None]()
    for key in zip(said.tolist(), names.tolist(), types.tolist(), rounded.tolist(), alone.tolist(), strict=True):
        if key not in table:
            element = _element(*key, corrections)
            if element is None:
                _, name, kind, mass, _ = key
                told = f"name {name}" if name else f"type {kind}"
                problems[told if masses is None else f"{told} (mass {mass:g} u)"] = None
            table[key] = element or ""
        found.append(table[key])
    if problems:
        raise RunError(
            f"of which element are the atoms of {', '.join(problems)}? Remedy: --element NAME=SYMBOL for each"
        )
    return np.array(found, dtype=str)


def _other_names(
    universe: Universe, elements: NDArray[np.str_], corrections: Mapping[str, str], *, by_name: bool
) -> list[str]:
    """Return a note for each ion, a molecule of one atom, named like another element's, or as CHARMM names ions."""
    names = _texts(universe, "names")
    if names is None:
        return []
    sizes = np.array([residue.atoms.n_atoms for residue in universe.residues])[universe.atoms.resindices]
    ions = sorted(set(zip(names[sizes == 1].tolist(), elements[sizes == 1].tolist(), strict=True)))
    notes = []
    for name, element in ions:
        named = element_of_name(name, True)
        if name in corrections or named not in {*CATION_CHARGES_E, *HALOGENS}:
            continue
        if named != element:
            told = f"{name} is taken as {element}, as the topology says, but is named like {named}"
            notes.append(f"{told}. Remedy if wrong: --element {name}={named}")
        elif by_name and name in ION_NAMES:
            told = f"{name} is taken as {element}, whose ion CHARMM calls so"
            notes.append(f"{told}. Remedy if wrong: --element {name}=SYMBOL")
    return notes


def _element(said: str, name: str, kind: str, mass_u: float, alone: bool, corrections: Mapping[str, str]) -> str | None:
    """Return one atom's element, "" for a site without mass, None when nothing tells."""
    for text in (name, kind):
        if text in corrections:
            return corrections[text]
    if said.capitalize() in MASSES_U:
        return said.capitalize()
    of_mass = element_of_mass(mass_u) if mass_u >= 0 else None
    if of_mass is not None:
        return of_mass
    return element_of_name(name or ("" if kind.isdigit() else kind), alone)


def _bonds(universe: Universe, elements: NDArray[np.str_]) -> NDArray[np.int64] | None:
    """Return the bonds of a topology; None when it has none, though there may be some.

    Those of an alkali or alkaline-earth metal are left out, so that it is a molecule by itself: programs write what
    touches an ion as bonded to it.
    """
    if not hasattr(universe, "bonds") or len(universe.bonds) == 0:
        return None
    bonds = np.unique(np.sort(np.asarray(universe.bonds.indices, dtype=np.int64), axis=1), axis=0)
    return bonds[~np.isin(elements, _NEVER_BONDED)[bonds].any(axis=1)]


def _with_massless(universe: Universe, masses: NDArray[np.float64], bonds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bonds, and one from each lone site without mass to the first atom of its residue that has some."""
    lone = np.setdiff1d(np.flatnonzero(masses == 0.0), bonds)
    added = []
    for atom in lone:
        mates: NDArray[np.int64] = universe.atoms[int(atom)].residue.atoms.indices
        with_mass = mates[masses[mates] > 0]
        if with_mass.size == 0:
            raise RunError(f"atom {atom + 1} has no mass and no other atom in its residue: to which molecule is it?")
        added.append(sorted((int(with_mass[0]), int(atom))))
    return np.concatenate([bonds, np.array(added, dtype=np.int64)]) if added else bonds


def formal_charge_e(element: str) -> int:
    """Return the formal charge of a single atom: of metals, and -1 for halogens."""
    return CATION_CHARGES_E.get(element, -1 if element in HALOGENS else 0)


def formula_of(elements: Sequence[str]) -> str:
    """Return the formula in Hill's order: C and H first where there is C, else alphabetical."""
    counts = {element: list(elements).count(element) for element in set(elements) if element}
    first = [element for element in ("C", "H") if "C" in counts and element in counts]
    ordered = first + sorted(counts.keys() - set(first))
    return "".join(f"{element}{counts[element] if counts[element] > 1 else ''}" for element in ordered)
