"""Elements of atoms: from masses, else from names; and bonds guessed from distances."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

MASSES_U: dict[str, float] = {
    "H": 1.008, "Li": 6.94, "Be": 9.012, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998,
    "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098,
    "Ca": 40.078, "Ti": 47.867, "Mn": 54.938, "Fe": 55.845, "Co": 58.933, "Ni": 58.693, "Cu": 63.546, "Zn": 65.38,
    "As": 74.922, "Se": 78.971, "Br": 79.904, "Rb": 85.468, "Sr": 87.62, "Ag": 107.87, "Sn": 118.71, "Sb": 121.76,
    "I": 126.90, "Cs": 132.91, "Ba": 137.33,
}  # fmt: skip
"""Standard atomic weights of what occurs in electrolytes (IUPAC 2021, abridged)."""

CATION_CHARGES_E: dict[str, int] = {
    "Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Ag": 1, "Be": 2, "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Zn": 2,
    "Mn": 2, "Fe": 2, "Co": 2, "Ni": 2, "Cu": 2, "Al": 3,
}  # fmt: skip
"""Formal charge of a single metal atom: taken where a topology has no charges."""

ION_NAMES = {
    "LIT": "Li", "SOD": "Na", "POT": "K", "RUB": "Rb", "CES": "Cs", "CAL": "Ca", "BAR": "Ba", "CLA": "Cl",
}  # fmt: skip
"""CHARMM's names of ions of one atom; within a molecule they mean something else."""

HALOGENS = ("F", "Cl", "Br", "I")

COVALENT_RADII_NM: dict[str, float] = {
    "H": 0.031, "B": 0.084, "C": 0.076, "N": 0.071, "O": 0.066, "F": 0.057, "Si": 0.111, "P": 0.107, "S": 0.105,
    "Cl": 0.102, "As": 0.119, "Se": 0.120, "Br": 0.120, "Sb": 0.139, "I": 0.139,
}  # fmt: skip
"""Cordero et al., Dalton Trans. 2832 (2008), doi:10.1039/b801115j; metals are left out: they are never bonded here."""

BOND_FACTOR = 1.25
"""Two atoms are bonded when nearer than this times the sum of their radii: a quarter for vibration."""

_MASS_TOLERANCE_U = 0.15
# An atom that carries its hydrogens with it counts as its heavy atom.
_UNITED = {13.019: "C", 14.027: "C", 15.035: "C", 16.043: "C"}
_TWO_LETTERS = tuple(symbol for symbol in MASSES_U if len(symbol) == 2)
_IN_MOLECULES = ("Cl", "Br", "Si", "Se", "As", "Sb")
"""Two-letter elements that a name within a molecule may mean; CA, NA, CO there are C, N and C."""


def element_of_mass(mass_u: float) -> str | None:
    """Return the element of an atomic mass; None when there is none within 0.15 u, "" for a mass of zero.

    Wrong where hydrogens were made heavier at the expense of their neighbours: mostly None then.
    """
    if mass_u == 0.0:
        return ""
    known = {mass: element for element, mass in MASSES_U.items()} | _UNITED | {2.014: "H"}
    nearest = min(known, key=lambda mass: abs(mass - mass_u))
    return known[nearest] if abs(nearest - mass_u) <= _MASS_TOLERANCE_U else None


def element_of_name(name: str, alone: bool) -> str | None:
    """Return the element that an atom's name stands for; `alone` when it is the only atom of its residue."""
    letters = re.match(r"[A-Za-z]*", name.lstrip("0123456789*_ "))
    text = letters.group() if letters else ""
    if alone and text.upper() in ION_NAMES:
        return ION_NAMES[text.upper()]
    if alone and text[:2].capitalize() in _TWO_LETTERS:
        return text[:2].capitalize()
    written = [symbol for symbol in _IN_MOLECULES if text in (symbol, symbol.upper()) or text.startswith(symbol)]
    if written:
        return written[0]
    first = text[:1].upper()
    return first if first in MASSES_U else None


def guess_bonds(elements: Sequence[str], positions_nm: ArrayLike, box_nm: ArrayLike | None) -> NDArray[np.int64]:
    """Return bonds (n, 2) of atoms that are close enough, from one frame.

    d < 1.25 (r_i + r_j), minimum image in `box_nm`; metals have no bonds, hydrogens one, to the nearest atom that
    is no hydrogen. Wrong for a molecule that is just breaking its shape, e.g. in a structure that was never relaxed.
    """
    from MDAnalysis.lib.distances import self_capped_distance

    radii = np.array([COVALENT_RADII_NM.get(element, np.nan) for element in elements])
    atoms = np.flatnonzero(np.isfinite(radii))
    if atoms.size < 2:
        return np.empty((0, 2), dtype=np.int64)
    places = np.asarray(positions_nm, dtype=np.float32)[atoms]
    box = None if box_nm is None else np.array([*np.asarray(box_nm), 90.0, 90.0, 90.0], dtype=np.float32)
    reach = 2 * BOND_FACTOR * float(radii[atoms].max())
    pairs, distances = self_capped_distance(places, reach, box=box)
    pairs = atoms[pairs]
    is_h = np.array([element == "H" for element in elements])
    near = (distances < BOND_FACTOR * radii[pairs].sum(axis=1)) & ~is_h[pairs].all(axis=1)
    pairs, distances = pairs[near], distances[near]
    return _one_bond_per_hydrogen(pairs, distances, is_h)


def _one_bond_per_hydrogen(
    pairs: NDArray[np.int64], distances: NDArray[np.float64], is_h: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the bonds with only the shortest one of each hydrogen."""
    order = np.argsort(distances, kind="stable")
    pairs = pairs[order]
    hydrogens = np.where(is_h[pairs[:, 0]], pairs[:, 0], pairs[:, 1])
    with_h = is_h[pairs].any(axis=1)
    _, first = np.unique(hydrogens[with_h], return_index=True)
    kept = np.concatenate([pairs[~with_h], pairs[with_h][first]])
    bonds: NDArray[np.int64] = np.sort(kept, axis=1)[np.lexsort(np.sort(kept, axis=1).T[::-1])]
    return bonds
