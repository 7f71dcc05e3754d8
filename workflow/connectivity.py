"""What follows from bonds alone: angles, torsions and 1-4 pairs, as GROMACS' topology lists want them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

Pair = tuple[int, int]
Triple = tuple[int, int, int]
Quadruple = tuple[int, int, int, int]


def neighbours(n_atoms: int, bonds: Iterable[Pair]) -> tuple[tuple[int, ...], ...]:
    """Bonded neighbours of every atom, ascending; indices are 0-based."""
    found: list[set[int]] = [set() for _ in range(n_atoms)]
    for i, j in bonds:
        found[i].add(j)
        found[j].add(i)
    return tuple(tuple(sorted(atoms)) for atoms in found)


def angles(near: tuple[tuple[int, ...], ...]) -> tuple[Triple, ...]:
    """Every i-j-k with both ends bonded to j, i < k."""
    return tuple((i, j, k) for j, ends in enumerate(near) for i, k in combinations(ends, 2))


def dihedrals(near: tuple[tuple[int, ...], ...]) -> tuple[Quadruple, ...]:
    """Every proper torsion i-j-k-l along three bonds, j < k, each once."""
    return tuple(
        (i, j, k, end)
        for j, ends in enumerate(near)
        for k in ends
        if j < k
        for i in ends
        if i != k
        for end in near[k]
        if end not in (j, i)
    )


def pairs_14(near: tuple[tuple[int, ...], ...]) -> tuple[Pair, ...]:
    """Atoms exactly three bonds apart.

    In a small ring the ends of a torsion may also be one or two bonds apart; those are excluded, not scaled.
    """
    closer = {(i, k) for i, _, k in angles(near)} | {(i, j) for i, ends in enumerate(near) for j in ends if i < j}
    ends = {(min(i, end), max(i, end)) for i, _, _, end in dihedrals(near)}
    return tuple(sorted(ends - closer))
