"""A molecule as the audit sees it: atoms, terms with their values and places; where they hang together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow import connectivity
from workflow.audit.elements import BY_NUMBER, Element
from workflow.inputs.problems import Place
from workflow.itp import AtomType

CHARGE_TOLERANCE_E = 1e-6


@dataclass(frozen=True)
class AuditAtom:
    """One atom; `label` is its name, in a chain with the unit it comes from."""

    name: str
    label: str
    type: str
    charge_e: float
    mass_u: float
    place: Place


@dataclass(frozen=True)
class Term:
    """One bonded term: 0-based atoms and its values in GROMACS' order and units; `label` names the atoms."""

    atoms: tuple[int, ...]
    values: tuple[float, ...]
    label: str
    place: Place


@dataclass(frozen=True)
class Topology:
    """A whole molecule, or a chain of some length, as it would be simulated.

    `bonds` hold (r0 in nm, k in kJ/mol/nm2), `angles` (theta0 in degrees, k in kJ/mol/rad2), `torsions` the six
    Ryckaert-Bellemans coefficients in kJ/mol, `impropers` (phase in degrees, k in kJ/mol, multiplicity); `pairs` none.
    `xyz_nm` (n, 3) is the structure of a small molecule, None for a chain or when it cannot be read. `is_chain` is
    true for a chain made from units. `bonds_are_known` is false when a line about bonds could not be read,
    `terms_are_known` when any could not: what then seems to be missing was told already.
    """

    name: str
    file: Path
    types_file: Path
    atoms: tuple[AuditAtom, ...]
    types: Mapping[str, tuple[AtomType, Place]]
    bonds: tuple[Term, ...]
    pairs: tuple[Term, ...]
    angles: tuple[Term, ...]
    torsions: tuple[Term, ...]
    impropers: tuple[Term, ...]
    xyz_nm: NDArray[np.float64] | None = None
    pdb_file: Path | None = None
    is_chain: bool = False
    bonds_are_known: bool = True
    terms_are_known: bool = True

    @cached_property
    def elements(self) -> tuple[Element | None, ...]:
        """The element of each atom, None where its type or its element is not known."""
        kinds = (self.types.get(atom.type) for atom in self.atoms)
        return tuple(BY_NUMBER.get(kind[0].atomic_number) if kind else None for kind in kinds)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The symbol of each atom's element, `?` where it is not known."""
        return tuple(element.symbol if element else "?" for element in self.elements)

    @cached_property
    def bonded_pairs(self) -> tuple[tuple[int, int], ...]:
        """The atoms of every bond, the smaller index first."""
        return tuple(sorted({(min(term.atoms), max(term.atoms)) for term in self.bonds}))

    @cached_property
    def near(self) -> tuple[tuple[int, ...], ...]:
        """The bonded neighbours of each atom."""
        return _neighbours(len(self.atoms), self.bonded_pairs)

    def label(self, atoms: Sequence[int]) -> str:
        """The atoms by name, as `C1-O1-C2`."""
        return "-".join(self.atoms[i].label for i in atoms)

    @property
    def whole_file(self) -> Place:
        """The file of the terms as a whole."""
        return Place(self.file, 0)


# What follows from the bonds alone is the same for thousands of mutants: it is remembered.
Near = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=1024)
def _neighbours(n_atoms: int, bonds: tuple[tuple[int, int], ...]) -> Near:
    return connectivity.neighbours(n_atoms, bonds)


@lru_cache(maxsize=1024)
def angles(near: Near) -> tuple[connectivity.Triple, ...]:
    """`connectivity.angles`, remembered."""
    return connectivity.angles(near)


@lru_cache(maxsize=1024)
def dihedrals(near: Near) -> tuple[connectivity.Quadruple, ...]:
    """`connectivity.dihedrals`, remembered."""
    return connectivity.dihedrals(near)


@lru_cache(maxsize=1024)
def pairs_14(near: Near) -> tuple[connectivity.Pair, ...]:
    """`connectivity.pairs_14`, remembered."""
    return connectivity.pairs_14(near)
