"""Sizes of polymer chains, their nearest own periodic copies and their clusters, frame by frame."""

from __future__ import annotations

from collections import deque
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.frames import NO_BOX_NM, dimensions
from analysis.run import Run, Species
from analysis.unwrap import Float32Array, FloatArray, bond_tree, make_whole

CLUSTER_NM = 0.35
"""Chains of which two heavy atoms are nearer than this belong to one cluster.

The sum of two van der Waals radii is 0.31 to 0.38 nm for B and N (1.55 A of N, 1.92 A of B: Bondi, J. Phys. Chem. 68,
441, 1964; Mantina et al., J. Phys. Chem. A 113, 5806, 2009), and 0.35 nm is the usual limit of the distance between
donor and acceptor of a hydrogen bond (Luzar and Chandler, Phys. Rev. Lett. 76, 928, 1996): nothing fits in between.
"""
LIGHTEST_HEAVY_U = 1.5
"""Atoms lighter than this are hydrogens."""

# One of each pair of opposite box vectors: a chain's distance to both is the same.
_IMAGES = np.array([n for n in product((-1, 0, 1), repeat=3) if n > (0, 0, 0)], dtype=float)


class ChainsOfSpecies:
    """The chains of one species: what they are made of, and their sizes in one frame."""

    def __init__(self, species: Species, atoms: NDArray[np.int64]) -> None:
        """Begin for chains whose atoms have these indices, shape (count, n_atoms)."""
        masses = np.asarray(species.masses_u)
        self.atoms = atoms
        self.heavy = np.flatnonzero(masses > LIGHTEST_HEAVY_U)
        self.ends = chain_ends(species, self.heavy)
        self._shares = masses / masses.sum()
        self._tree = bond_tree(species.n_atoms, species.bonds)

    def sizes(self, positions: Float32Array, box: FloatArray) -> FloatArray:
        """Return (count, 3): radius of gyration, end-to-end distance, distance to the nearest own copy, in nm."""
        whole = make_whole(positions[self.atoms].astype(np.float64), box, self._tree)
        centred = whole - np.einsum("a,mak->mk", self._shares, whole)[:, None]
        radius = np.sqrt(np.einsum("a,mak->m", self._shares, centred**2))
        end_to_end = np.linalg.norm(whole[:, self.ends[1]] - whole[:, self.ends[0]], axis=1)
        return np.column_stack([radius, end_to_end, own_image_distance(whole[:, self.heavy], box)])


def chain_ends(species: Species, heavy: NDArray[np.int64]) -> tuple[int, int]:
    """Return the two heavy atoms of a molecule with most bonds between them, the first ones where several have."""
    if heavy.size == 0:
        return 0, species.n_atoms - 1
    far = _farthest(species, int(heavy[0]), heavy)
    other = _farthest(species, far, heavy)
    return min(far, other), max(far, other)


def _farthest(species: Species, start: int, heavy: NDArray[np.int64]) -> int:
    """Return the heavy atom with most bonds to `start`."""
    neighbours: dict[int, list[int]] = {}
    for a, b in species.bonds:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    steps, queue = {start: 0}, deque([start])
    while queue:
        atom = queue.popleft()
        for neighbour in neighbours.get(atom, []):
            if neighbour not in steps:
                steps[neighbour] = steps[atom] + 1
                queue.append(neighbour)
    return max(
        (int(atom) for atom in heavy if int(atom) in steps), key=lambda atom: (steps[atom], -atom), default=start
    )


def own_image_distance(whole: FloatArray, box: FloatArray) -> FloatArray:
    """Return the smallest distance of each molecule to its periodic copies, (n_molecules,), from whole ones.

    whole: (n_molecules, n_atoms, 3). All 26 neighbouring copies are tried. NaN without a box or atoms.
    """
    from scipy.spatial.distance import cdist

    if whole.shape[1] == 0 or box.min() >= NO_BOX_NM:
        return np.full(len(whole), np.nan)
    shortest = np.full(len(whole), np.inf)
    extents = np.ptp(whole, axis=1)
    for image in _IMAGES:
        # A copy is at least as far as the gap along any axis on which it is shifted.
        gap = np.where(image != 0, box - extents, -np.inf).max(axis=1)
        for chain in np.flatnonzero(gap < shortest):
            atoms = whole[chain]
            shortest[chain] = min(shortest[chain], float(cdist(atoms, atoms + image * box).min()))
    return shortest


def clusters(positions: Float32Array, box: FloatArray, chain_of_atom: NDArray[np.int64]) -> tuple[int, int]:
    """Return the chains in the largest cluster and the number of clusters.

    positions: (n, 3) of the heavy atoms of all chains; two chains are together when any of their atoms are nearer
    than `CLUSTER_NM`, and so are chains that a third one joins. A chain alone is a cluster of one.
    """
    from MDAnalysis.lib.distances import self_capped_distance
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_chains = int(chain_of_atom.max()) + 1
    pairs = self_capped_distance(positions, CLUSTER_NM, box=dimensions(box), return_distances=False)
    joined = chain_of_atom[np.asarray(pairs, dtype=np.int64).reshape(-1, 2)]
    graph = coo_array((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(n_chains, n_chains))
    number, cluster = connected_components(graph, directed=False)
    return int(np.bincount(cluster).max()), int(number)


class Chains:
    """Collects the sizes and clusters of all chains (species of the role polymer), one set a frame."""

    def __init__(self, run: Run) -> None:
        """Begin for the polymers of a run; without any, nothing is collected."""
        polymers = [species for species in run.species if species.role == "polymer"]
        self._parts = {one.name: ChainsOfSpecies(one, run.atom_indices(one.name)) for one in polymers if one.count}
        heavy = [part.atoms[:, part.heavy] for part in self._parts.values()]
        self._heavy = np.concatenate([np.empty(0, dtype=np.int64), *(own.ravel() for own in heavy)])
        sizes = [own.shape[1] for own in heavy for _ in range(own.shape[0])]
        self._chain_of_atom = np.repeat(np.arange(len(sizes)), sizes)
        self._sizes: dict[str, list[FloatArray]] = {name: [] for name in self._parts}
        self._clusters: list[tuple[int, int]] = []

    def add(self, positions: Float32Array, box: FloatArray) -> None:
        """Take in one frame: positions of all atoms (n_atoms, 3) and box lengths (3,) in nm."""
        for name, part in self._parts.items():
            self._sizes[name].append(part.sizes(positions, box))
        if self._heavy.size:
            self._clusters.append(clusters(positions[self._heavy], box, self._chain_of_atom))

    def series(self) -> dict[str, NDArray[np.generic]]:
        """Return "chain_sizes:<species>" -> (S, count, 3) in nm and "chain_clusters" -> (S, 2)."""
        found: dict[str, NDArray[np.generic]] = {
            f"chain_sizes:{name}": np.array(sizes) for name, sizes in self._sizes.items() if sizes
        }
        if self._clusters:
            found["chain_clusters"] = np.array(self._clusters, dtype=np.int64)
        return found
