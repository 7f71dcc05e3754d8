"""Whole molecules and unwrapped paths in a rectangular periodic box, vectorised over identical molecules.

Unwrapping sums minimum-image displacements, each taken with the box of its own frame (the toroidal-view
preserving scheme of Bullerjahn et al., J. Chem. Theory Comput. 2023, doi:10.1021/acs.jctc.3c00308). Adding
whole box lengths instead would turn every breath of an NPT box into a spurious step of molecules that are
already far from where they began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.run import RunError, Species

FloatArray = NDArray[np.float64]


def minimum_image(vectors: FloatArray, box: FloatArray) -> FloatArray:
    """Return the shortest periodic copies of vectors (..., 3) in a rectangular box (3,), same unit."""
    return vectors - box * np.rint(vectors / box)


@dataclass(frozen=True)
class BondTree:
    """A spanning tree of one molecule's bonds, rooted at its first atom.

    parents, children: (n_atoms - 1,) atoms at the ends of each tree bond, parents before their children;
    below: (n_atoms - 1, n_atoms) 1 where an atom lies on the child's side of the bond, else 0.
    """

    parents: NDArray[np.int64]
    children: NDArray[np.int64]
    below: FloatArray


def bond_tree(n_atoms: int, bonds: Sequence[tuple[int, int]], name: str = "molecule") -> BondTree:
    """Return the spanning tree of a molecule of `n_atoms` atoms.

    Raises:
        RunError: the bonds do not connect all atoms; `name` says in which molecule.
    """
    neighbours: list[list[int]] = [[] for _ in range(n_atoms)]
    for a, b in bonds:
        neighbours[a].append(b)
        neighbours[b].append(a)
    path_bonds: dict[int, list[int]] = {0: []}
    parents: list[int] = []
    children: list[int] = []
    queue = deque([0])
    while queue:
        parent = queue.popleft()
        for child in neighbours[parent]:
            if child not in path_bonds:
                path_bonds[child] = [*path_bonds[parent], len(children)]
                parents.append(parent)
                children.append(child)
                queue.append(child)
    if len(path_bonds) < n_atoms:
        missing = n_atoms - len(path_bonds)
        raise RunError(f"{name}: bonds leave {missing} of {n_atoms} atoms unconnected: cannot be made whole")
    below = np.zeros((n_atoms - 1, n_atoms))
    for atom, path in path_bonds.items():
        below[path, atom] = 1.0
    return BondTree(np.array(parents, dtype=np.int64), np.array(children, dtype=np.int64), below)


def make_whole(positions: FloatArray, box: FloatArray, tree: BondTree) -> FloatArray:
    """Return molecules in one piece: positions (n_molecules, n_atoms, 3), the first atom stays where it is.

    Each tree bond becomes its minimum image, so no bond may be longer than half the box.
    """
    vectors = minimum_image(positions[:, tree.children] - positions[:, tree.parents], box)
    offsets = np.einsum("ba,mbk->mak", tree.below, vectors, optimize=True)
    whole: FloatArray = positions[:, :1] + offsets
    return whole


@dataclass(frozen=True)
class CentreOfMass:
    """Centres of mass of all molecules of one species, made whole along their bonds.

    com = r_root + sum_b w_b d_b with d_b the minimum image of tree bond b and w_b the share of the mass that
    lies behind it: the same as making the molecule whole and averaging, in one product.
    """

    atoms: NDArray[np.int64]
    tree: BondTree
    weights: FloatArray

    @classmethod
    def of(cls, species: Species, atoms: ArrayLike) -> CentreOfMass:
        """Return the operator for a species whose atoms have these indices, shape (count, n_atoms)."""
        tree = bond_tree(species.n_atoms, species.bonds, species.name)
        weights = tree.below @ np.asarray(species.masses_u) / species.mass_u
        return cls(np.asarray(atoms, dtype=np.int64), tree, weights)

    def __call__(self, positions: FloatArray, box: FloatArray) -> FloatArray:
        """Return the centres of mass (count, 3) from all atoms' positions (n_atoms_total, 3)."""
        inside = positions[self.atoms]
        vectors = minimum_image(inside[:, self.tree.children] - inside[:, self.tree.parents], box)
        centres: FloatArray = inside[:, 0] + np.einsum("b,mbk->mk", self.weights, vectors, optimize=True)
        return centres


class Unwrapper:
    """Unwrapped paths of points, frame by frame, with the drift of their common centre of mass taken out.

    x(t) = x(t-1) + minimum_image(r(t) - r(t-1), box(t)); returned: x(t) - [X(t) - X(0)],
    X = sum m x / sum m.
    Wrong when a point moves more than half a box length between two frames; `largest_step` is the largest
    component of a minimum-image step so far, in box lengths: near 0.5 steps were confused with shorter ones.
    """

    def __init__(self, masses: ArrayLike) -> None:
        """Begin for points with these masses, shape (M,)."""
        self._shares = np.asarray(masses, dtype=np.float64) / np.sum(masses)
        self.largest_step = 0.0
        self._wrapped: FloatArray | None = None
        self._paths: FloatArray = np.empty(0)
        self._origin: FloatArray = np.empty(0)

    def step(self, wrapped: FloatArray, box: FloatArray) -> FloatArray:
        """Return the unwrapped positions (M, 3) of the next frame from any periodic copies of the points."""
        if self._wrapped is None:
            self._paths = np.array(wrapped, dtype=np.float64)
            self._origin = self._shares @ self._paths
        else:
            steps = minimum_image(wrapped - self._wrapped, box)
            self.largest_step = max(self.largest_step, float((np.abs(steps) / box).max(initial=0.0)))
            self._paths += steps
        self._wrapped = np.array(wrapped, dtype=np.float64)
        drift = self._shares @ self._paths - self._origin
        steady: FloatArray = self._paths - drift
        return steady
