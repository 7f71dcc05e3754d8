"""Whole molecules and unwrapped paths in a rectangular periodic box, vectorised over all molecules.

Unwrapping sums minimum-image displacements, each taken with the box of its own frame (the toroidal-view
preserving scheme of Bullerjahn et al., J. Chem. Theory Comput. 2023, doi:10.1021/acs.jctc.3c00308). Adding
whole box lengths instead would turn every breath of an NPT box into a spurious step of molecules that are
already far from where they began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis import kernels
from analysis.frames import NO_BOX_NM, edges
from analysis.run import Run

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
MoleculeSums = Any
"""A sparse matrix (molecules, bonds) of scipy, which has no types: applied as `sums @ vectors`."""


def minimum_image(vectors: FloatArray, box: FloatArray) -> FloatArray:
    """Return the shortest periodic copies of vectors (..., 3) in a rectangular box (3,), same unit."""
    return vectors - box * np.rint(vectors / box)


@dataclass(frozen=True)
class BondTree:
    """A spanning tree of one molecule's bonds, rooted at its first atom.

    parents, children: (n_atoms - 1,) atoms at the ends of each tree bond, parents before their children;
    below: (n_atoms - 1, n_atoms) 1 where an atom lies on the child's side of the bond, else 0;
    bonded: (n_atoms - 1,) False where a link stands in for a bond that is missing.
    """

    parents: NDArray[np.int64]
    children: NDArray[np.int64]
    below: FloatArray
    bonded: NDArray[np.bool_]


def bond_tree(n_atoms: int, bonds: Sequence[tuple[int, int]]) -> BondTree:
    """Return the spanning tree of a molecule of `n_atoms` atoms.

    An atom that no bond leads to is linked to the atom before it in the molecule: neighbours in the file are far
    nearer than half a box, so that the molecule is still put together rightly.
    """
    neighbours: list[list[int]] = [[] for _ in range(n_atoms)]
    for a, b in bonds:
        neighbours[a].append(b)
        neighbours[b].append(a)
    path_links: dict[int, list[int]] = {0: []}
    ends: list[tuple[int, int, bool]] = []

    def link(parent: int, child: int, bonded: bool) -> None:
        path_links[child] = [*path_links[parent], len(ends)]
        ends.append((parent, child, bonded))

    for start in range(n_atoms):
        if start not in path_links:
            link(start - 1, start, False)
        queue = deque([start])
        while queue:
            parent = queue.popleft()
            for child in neighbours[parent]:
                if child not in path_links:
                    link(parent, child, True)
                    queue.append(child)
    below = np.zeros((len(ends), n_atoms))
    for atom, path in path_links.items():
        below[path, atom] = 1.0
    columns = np.array(ends, dtype=np.int64).reshape(-1, 3)
    return BondTree(columns[:, 0], columns[:, 1], below, columns[:, 2].astype(bool))


def make_whole(positions: FloatArray, box: FloatArray, tree: BondTree) -> FloatArray:
    """Return molecules in one piece: positions (n_molecules, n_atoms, 3), the first atom stays where it is.

    Each tree bond becomes its minimum image, so no bond may be longer than half the box.
    """
    vectors = minimum_image(positions[:, tree.children] - positions[:, tree.parents], box)
    offsets = np.einsum("ba,mbk->mak", tree.below, vectors, optimize=True)
    whole: FloatArray = positions[:, :1] + offsets
    return whole


class Bonds:
    """The tree bonds of all molecules of a run, and sums over those of each molecule.

    A property sum_a w_a r_a of a molecule is (sum_a w_a) r_root + sum_b W_b d_b, with d_b the minimum image of tree
    bond b and W_b the weights of all atoms behind it: the same as making the molecule whole first, in one sparse
    product for all molecules.

    Attributes:
        unconnected: species -> atoms of a molecule that no bond leads to.
    """

    def __init__(self, run: Run) -> None:
        """Collect the bonds of a run's molecules."""
        self._trees = [bond_tree(species.n_atoms, species.bonds) for species in run.species]
        self._species = run.species
        atoms = [run.atom_indices(species.name) for species in run.species]
        none = np.empty(0, dtype=np.int64)
        pairs = list(zip(atoms, self._trees, strict=True))
        self.roots = np.concatenate([own[:, 0] for own in atoms])
        self._parents = np.concatenate([none, *(own[:, tree.parents].ravel() for own, tree in pairs)])
        self._children = np.concatenate([none, *(own[:, tree.children].ravel() for own, tree in pairs)])
        self._bonded = np.concatenate([none, *(np.tile(tree.bonded, len(own)) for own, tree in pairs)]).astype(bool)
        loose = {s.name: int((~tree.bonded).sum()) for s, tree in zip(run.species, self._trees, strict=True)}
        self.unconnected = {name: count for name, count in loose.items() if count}

    def vectors(self, positions: Float32Array, box: FloatArray) -> Float32Array:
        """Return the minimum images of all tree bonds, (n_bonds, 3), from positions of all atoms in nm."""
        lengths = edges(box)
        vectors = positions.take(self._children, axis=0)
        vectors -= positions.take(self._parents, axis=0)
        images = vectors * (np.float32(1.0) / lengths)
        np.rint(images, out=images)
        images *= lengths
        vectors -= images
        return vectors

    def centres(self, positions: Float32Array, boxes: FloatArray, sums: MoleculeSums) -> tuple[FloatArray, FloatArray]:
        """Return the centres of mass (F, M, 3) and the largest component of a bond (F,) of some frames, in nm.

        positions: of all atoms (F, n_atoms, 3); boxes: (F, 3); sums: what `centres_of_mass` returned. A coordinate
        that is no number makes the centre of its molecule one that is none.
        """
        centres, longest = np.empty((len(boxes), self.roots.size, 3)), np.empty(len(boxes))
        tree = (self.roots, self._parents, self._children, self._bonded)
        kernels.centres(positions, tree, sums.indptr, sums.data, boxes.astype(np.float32), centres, longest)
        return centres, longest

    def sums(self, weights: Sequence[ArrayLike]) -> MoleculeSums:
        """Return the operator that sums W_b d_b of each molecule; weights: for each species those of its atoms."""
        from scipy.sparse import csr_array

        own = [tree.below @ np.asarray(w, dtype=float) for tree, w in zip(self._trees, weights, strict=True)]
        counts = [species.count for species in self._species]
        data = np.concatenate([np.tile(w, count) for w, count in zip(own, counts, strict=True)])
        sizes = np.repeat([w.size for w in own], counts)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return csr_array((data.astype(np.float32), np.arange(data.size), starts), shape=(sizes.size, data.size))


def centres_of_mass(bonds: Bonds, run: Run) -> MoleculeSums:
    """Return the operator that gives the centres of mass of all molecules relative to their first atoms."""
    return bonds.sums([np.asarray(species.masses_u) / species.mass_u for species in run.species])


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
        self.wrapped: FloatArray | None = None
        self._paths: FloatArray = np.empty(0)
        self._origin: FloatArray = np.empty(0)

    def step(self, points: FloatArray, box: FloatArray) -> FloatArray:
        """Return the unwrapped positions (M, 3) of the next frame from any periodic copies of the points."""
        (steady,) = self.steps(np.asarray(points)[None], np.asarray(box)[None])
        return np.asarray(steady)

    def steps(self, points: FloatArray, boxes: FloatArray, out: Any = None) -> Any:
        """Return the unwrapped positions (F, M, 3) of the next F frames with boxes (F, 3); `out` receives them.

        Points are brought into the box first: a copy n boxes away would move by n times the change of the box, and
        which copy comes depends on the order of a molecule's atoms and on who wrote the file.
        """
        points = np.ascontiguousarray(points, dtype=np.float64)
        boxes = np.ascontiguousarray(boxes, dtype=np.float64)
        periodic = boxes[0] < NO_BOX_NM
        if self.wrapped is None:
            self.wrapped = points[0] - np.where(periodic, boxes[0] * np.floor(points[0] / boxes[0]), 0.0)
            self._paths = self.wrapped.copy()
            self._origin = self._shares @ self._paths
        if out is None:
            out = np.empty_like(points)
        state = (self.wrapped, self._paths, self._shares, self._origin)
        self.largest_step = max(self.largest_step, float(kernels.unwrap(points, boxes, periodic, *state, out)))
        return out

    @property
    def steady(self) -> FloatArray:
        """Return the unwrapped positions (M, 3) after the last frame, in double precision."""
        drift: FloatArray = self._shares @ self._paths - self._origin
        return self._paths - drift
