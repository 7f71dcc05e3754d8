"""The dipole moment of a liquid without ions, frame by frame, from charges and whole molecules."""

from __future__ import annotations

import numpy as np

from analysis.run import Run
from analysis.unwrap import Bonds, Float32Array, FloatArray


class TotalDipole:
    """Collects M = sum of all molecules' dipoles and their mean square, one value a frame.

    A molecule's dipole is mu = sum_a q_a r_a = sum_b Q_b d_b with d_b the minimum image of tree bond b and Q_b the
    charge that lies behind it. For a neutral molecule this does not depend on where it is, so that no path through the
    boundary matters. With ions M depends on the images that are taken for them, and with unknown charges there is
    none: then nothing is collected and `known` is false.
    """

    def __init__(self, run: Run, bonds: Bonds) -> None:
        """Begin for the molecules of a run."""
        self.known = not run.has_ions and all(np.isfinite(species.charges_e).all() for species in run.species)
        self._sums = bonds.sums([species.charges_e for species in run.species]) if self.known else None
        self.total_e_nm: list[FloatArray] = []
        self.mean_square_e2_nm2: list[float] = []

    def add(self, vectors: Float32Array) -> None:
        """Take in one frame: the minimum images of all tree bonds (n_bonds, 3) in nm."""
        if self._sums is not None:
            dipoles: FloatArray = np.asarray(self._sums @ vectors, dtype=np.float64)
            self.total_e_nm.append(dipoles.sum(axis=0))
            self.mean_square_e2_nm2.append(float((dipoles**2).sum(axis=1).mean()))
