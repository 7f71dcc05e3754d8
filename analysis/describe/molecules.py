"""Which atoms make a molecule, and which molecules are of one kind, whatever the order of their atoms."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

IntArray = NDArray[np.int64]
Bonds = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Kind:
    """Molecules of one kind: atoms (count, n), corresponding atoms in one column; bonds between columns."""

    atoms: IntArray
    bonds: Bonds


def molecules_of(n_atoms: int, bonds: IntArray) -> list[IntArray]:
    """Return the atoms of each molecule in ascending order, molecules in the order of their first atoms."""
    ones = np.ones(len(bonds), dtype=bool)
    graph = coo_array((ones, (bonds[:, 0], bonds[:, 1])), shape=(n_atoms, n_atoms))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    molecule = rank[inverse]
    order = np.argsort(molecule, kind="stable")
    return np.split(order, np.cumsum(np.bincount(molecule))[:-1])


def kinds_of(codes: IntArray, bonds: IntArray) -> list[Kind]:
    """Return the kinds of molecules, in the order of their first atoms.

    Two molecules are of one kind when a correspondence of their atoms keeps codes and bonds. `codes` (n_atoms,)
    are equal for atoms that may correspond (same element, residue name and so on). Molecules with the same
    order of atoms are compared at once; others by colour refinement (Weisfeiler and Leman) and a search for
    the correspondence.
    """
    molecules = molecules_of(codes.size, bonds)
    local_bonds = _bonds_within(codes.size, molecules, bonds)
    alike: dict[tuple[bytes, Bonds], list[IntArray]] = {}
    for atoms, own in zip(molecules, local_bonds, strict=True):
        alike.setdefault((codes[atoms].tobytes(), own), []).append(atoms)
    by_colours: dict[object, list[tuple[Kind, list[int]]]] = {}
    for (_, own), members in alike.items():
        kind = Kind(np.array(members), own)
        colours = _colours(codes[members[0]], own)
        known = by_colours.setdefault(tuple(sorted(Counter(colours).items())), [])
        for index, (other, other_colours) in enumerate(known):
            match = _correspondence(other, other_colours, kind, colours)
            if match is not None:
                known[index] = (Kind(np.concatenate([other.atoms, kind.atoms[:, match]]), other.bonds), other_colours)
                break
        else:
            known.append((kind, colours))
    found = [kind for known in by_colours.values() for kind, _ in known]
    ordered = [Kind(kind.atoms[np.argsort(kind.atoms.min(axis=1))], kind.bonds) for kind in found]
    return sorted(ordered, key=lambda kind: int(kind.atoms.min()))


def neighbours_of(n_atoms: int, bonds: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the bonded atoms of each atom."""
    neighbours: list[list[int]] = [[] for _ in range(n_atoms)]
    for a, b in bonds:
        neighbours[a].append(b)
        neighbours[b].append(a)
    return neighbours


def _bonds_within(n_atoms: int, molecules: Sequence[IntArray], bonds: IntArray) -> list[Bonds]:
    """Return the bonds of each molecule as sorted pairs of its own indices."""
    molecule, local = np.empty(n_atoms, dtype=np.int64), np.empty(n_atoms, dtype=np.int64)
    for number, atoms in enumerate(molecules):
        molecule[atoms], local[atoms] = number, np.arange(atoms.size)
    found: list[set[tuple[int, int]]] = [set() for _ in molecules]
    owners, pairs = molecule[bonds[:, 0]], np.sort(local[bonds], axis=1)
    for number, (a, b) in zip(owners.tolist(), pairs.tolist(), strict=True):
        found[number].add((a, b))
    return [tuple(sorted(one)) for one in found]


def _colours(codes: IntArray, bonds: Bonds) -> list[int]:
    """Return a colour per atom that atoms with unlike surroundings do not share; the same in all molecules."""
    neighbours = neighbours_of(codes.size, bonds)
    colours = [int(code) for code in codes]
    n_colours = len(set(colours))
    while True:
        colours = [hash((colours[a], tuple(sorted(colours[b] for b in neighbours[a])))) for a in range(codes.size)]
        if len(set(colours)) == n_colours:
            return colours
        n_colours = len(set(colours))


def _correspondence(one: Kind, its_colours: list[int], other: Kind, colours: list[int]) -> list[int] | None:
    """Return for each atom of `one` its counterpart in `other`; None when the two are not the same molecule.

    Atoms are placed outwards from the first, each next to the counterpart of the one that it is bonded to.
    """
    n_atoms = len(colours)
    mine, theirs = neighbours_of(n_atoms, one.bonds), [set(n) for n in neighbours_of(n_atoms, other.bonds)]
    order, parents = _outwards(mine)
    placed: dict[int, int] = {}
    # One iterator of candidates per atom that is placed: a search in depth without recursion.
    choices = [iter(range(n_atoms))]
    while choices:
        atom = order[len(choices) - 1]
        placed.pop(atom, None)
        used = set(placed.values())
        for candidate in choices[-1]:
            if candidate in used or its_colours[atom] != colours[candidate]:
                continue
            if all(placed[bonded] in theirs[candidate] for bonded in mine[atom] if bonded in placed):
                placed[atom] = candidate
                break
        else:
            choices.pop()
            continue
        if len(placed) == n_atoms:
            return [placed[atom] for atom in range(n_atoms)]
        following = order[len(choices)]
        choices.append(iter(sorted(theirs[placed[parents[following]]])))
    return None


def _outwards(neighbours: Sequence[Sequence[int]]) -> tuple[list[int], dict[int, int]]:
    """Return the atoms in order of distance from the first, and the atom from which each was reached."""
    order, parents, queue = [0], {0: 0}, deque([0])
    while queue:
        atom = queue.popleft()
        for other in neighbours[atom]:
            if other not in parents:
                parents[other] = atom
                order.append(other)
                queue.append(other)
    return order, parents
