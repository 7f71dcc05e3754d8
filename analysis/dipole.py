"""The dipole moment of a liquid without ions, frame by frame, from charges and whole molecules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.run import Run, Species
from analysis.unwrap import BondTree, FloatArray, bond_tree, minimum_image


@dataclass(frozen=True)
class MolecularDipole:
    """Dipole moments of all molecules of one neutral species, made whole along their bonds.

    mu = sum_a q_a r_a = sum_b w_b d_b with d_b the minimum image of tree bond b and w_b the charge that lies behind
    it. For a neutral molecule this does not depend on where it is, so that no path through the boundary matters.
    """

    atoms: NDArray[np.int64]
    tree: BondTree
    weights_e: FloatArray

    @classmethod
    def of(cls, species: Species, atoms: ArrayLike) -> MolecularDipole:
        """Return the operator for a species whose atoms have these indices, shape (count, n_atoms)."""
        tree = bond_tree(species.n_atoms, species.bonds, species.name)
        return cls(np.asarray(atoms, dtype=np.int64), tree, tree.below @ np.asarray(species.charges_e))

    def __call__(self, positions: FloatArray, box: FloatArray) -> FloatArray:
        """Return the dipoles (count, 3) in e nm from all atoms' positions (n_atoms_total, 3) in nm."""
        inside = positions[self.atoms]
        vectors = minimum_image(inside[:, self.tree.children] - inside[:, self.tree.parents], box)
        dipoles: FloatArray = np.einsum("b,mbk->mk", self.weights_e, vectors, optimize=True)
        return dipoles


class TotalDipole:
    """Collects M = sum of all molecules' dipoles and their mean square, one value a frame.

    With ions M depends on the images that are taken for them, and with unknown charges there is none: then nothing is
    collected and `known` is false.
    """

    def __init__(self, run: Run) -> None:
        """Begin for the molecules of a run."""
        self.known = not run.has_ions and all(np.isfinite(species.charges_e).all() for species in run.species)
        species = run.species if self.known else ()
        self._parts = [MolecularDipole.of(one, run.atom_indices(one.name)) for one in species]
        self.total_e_nm: list[FloatArray] = []
        self.mean_square_e2_nm2: list[float] = []

    def add(self, positions: FloatArray, box: FloatArray) -> None:
        """Take in one frame: positions of all atoms (n_atoms, 3) and box lengths (3,) in nm."""
        if self.known:
            dipoles = np.concatenate([part(positions, box) for part in self._parts])
            self.total_e_nm.append(dipoles.sum(axis=0))
            self.mean_square_e2_nm2.append(float((dipoles**2).sum(axis=1).mean()))
