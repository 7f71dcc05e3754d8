"""Molecules are found and grouped whatever the order of the atoms."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.describe.molecules import kinds_of, molecules_of

from .liquids import liquid


def codes_and_bonds(order: list[str], seed: int | None) -> tuple[np.ndarray, np.ndarray]:
    one = liquid(order, n_frames=1)
    if seed is not None:
        one = one.reordered(np.random.default_rng(seed).permutation(len(one.elements)))
    _, codes = np.unique(one.elements, return_inverse=True)
    return codes.astype(np.int64), np.array(one.bonds, dtype=np.int64)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_kinds_do_not_depend_on_the_order_of_atoms(seed: int | None) -> None:
    order = ["Na", "TFSI", "G2", "PF6", "EC"] * 6
    codes, bonds = codes_and_bonds(order, seed)
    kinds = kinds_of(codes, bonds)
    assert sorted((len(kind.atoms), kind.atoms.shape[1]) for kind in kinds) == [
        (6, 1),
        (6, 7),
        (6, 10),
        (6, 15),
        (6, 23),
    ]
    assert sorted(atom for kind in kinds for atom in kind.atoms.ravel()) == list(range(codes.size))
    known = {tuple(sorted(bond)) for bond in bonds.tolist()}
    for kind in kinds:
        assert (codes[kind.atoms] == codes[kind.atoms[0]]).all()
        mapped = {tuple(sorted((int(row[a]), int(row[b])))) for row in kind.atoms for a, b in kind.bonds}
        assert mapped <= known
        assert len(mapped) == len(kind.atoms) * len(kind.bonds)


def test_isomers_are_two_kinds() -> None:
    """Ethanol and dimethyl ether, without hydrogens: C-C-O and C-O-C, twice each in two orders."""
    codes = np.array([0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1])
    bonds = np.array([[0, 1], [1, 2], [3, 4], [4, 5], [6, 7], [7, 8], [9, 11], [10, 11]])
    kinds = kinds_of(codes, bonds)
    assert [kind.atoms.tolist() for kind in kinds] == [[[0, 1, 2], [8, 7, 6]], [[3, 4, 5], [9, 11, 10]]]


def test_rings_that_colours_cannot_tell_apart_are_told_apart() -> None:
    """A ring of six and two of three have the same colours; only the search for a correspondence sees it."""
    ring = [[i, (i + 1) % 6] for i in range(6)]
    ladder = [[6, 7], [7, 8], [6, 8], [9, 10], [10, 11], [9, 11]]
    prism = [[i + 6, i + 9] for i in range(3)]  # a triangular prism against the hexagon with its long diagonals
    across = [[i, i + 3] for i in range(3)]
    bonds = np.array([*ring, *across, *[[a, b] for a, b in ladder], *[[a, b] for a, b in prism]])
    assert len(kinds_of(np.zeros(12, dtype=np.int64), bonds)) == 2


def test_molecules_come_in_the_order_of_their_first_atoms() -> None:
    found = molecules_of(6, np.array([[1, 5], [0, 4]]))
    assert [atoms.tolist() for atoms in found] == [[0, 4], [1, 5], [2], [3]]
