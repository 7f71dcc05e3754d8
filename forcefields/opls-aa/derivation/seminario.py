"""Harmonic force constants of bonds and angles from a Hessian: the modified Seminario method.

Seminario, Int. J. Quantum Chem. 60 (1996) 1271; Allen, Payne, Cole, J. Chem. Theory Comput. 14 (2018) 274. Constants
are those of 1/2 k x^2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from derivation.optimise import BOHR_A
from derivation.starts import KJ_PER_MOL

# Harmonic frequencies of omegaB97X-D with double-zeta bases are about 5 % too high: the square scales the Hessian.
FREQUENCY_SCALE = 0.95
TO_KJ_PER_MOL_A2 = KJ_PER_MOL / BOHR_A**2

Bonds = Sequence[tuple[int, int]]


class ForceConstants:
    """Force constants of one molecule from its Hessian in Hartree/Bohr^2 and its geometry in angstrom."""

    def __init__(self, xyz_A: NDArray[np.float64], hessian_au: NDArray[np.float64], bonds: Bonds) -> None:
        self.xyz_A = xyz_A
        self.hessian = hessian_au * TO_KJ_PER_MOL_A2 * FREQUENCY_SCALE**2
        self.bonds = [*bonds, *[(j, i) for i, j in bonds]]

    def bond_kJ_per_mol_nm2(self, i: int, j: int) -> float:
        """Return the mean over both directions of the projected partial Hessian's constant."""
        along = _direction(self.xyz_A, i, j)
        return 100 * (self._projected(i, j, along) + self._projected(j, i, along)) / 2

    def angle_kJ_per_mol_rad2(self, i: int, j: int, k: int) -> float:
        """Return the constant of the angle with its middle at j, shared among the angles that one bond moves in."""
        r1 = float(np.linalg.norm(self.xyz_A[i] - self.xyz_A[j]))
        r3 = float(np.linalg.norm(self.xyz_A[k] - self.xyz_A[j]))
        first = self._side(i, j, k)
        second = self._side(k, j, i)
        return 1 / (self._sharing(i, j, k) / (r1**2 * first) + self._sharing(k, j, i) / (r3**2 * second))

    def _projected(self, a: int, b: int, direction: NDArray[np.float64]) -> float:
        values, vectors = np.linalg.eig(-self.hessian[3 * a : 3 * a + 3, 3 * b : 3 * b + 3])
        return float(np.real(sum(values[n] * abs(vectors[:, n].conj() @ direction) for n in range(3))))

    def _side(self, outer: int, middle: int, other: int) -> float:
        return self._projected(outer, middle, self._perpendicular(outer, middle, other))

    def _perpendicular(self, outer: int, middle: int, other: int) -> NDArray[np.float64]:
        """Unit vector in the plane of the angle, across the bond from the middle to the outer atom."""
        along, towards = _direction(self.xyz_A, outer, middle), _direction(self.xyz_A, other, middle)
        normal = np.cross(along, towards)
        across = np.cross(normal / np.linalg.norm(normal), along)
        return np.asarray(across / np.linalg.norm(across))

    def _sharing(self, outer: int, middle: int, other: int) -> float:
        """1 plus the mean squared overlap of this angle's displacement with those of the bond's other angles."""
        mine = self._perpendicular(outer, middle, other)
        rest = [k for i, k in self.bonds if i == middle and k not in (outer, other)]
        if not rest:
            return 1.0
        overlaps = [float(mine @ self._perpendicular(outer, middle, k)) ** 2 for k in rest]
        return 1.0 + sum(overlaps) / len(overlaps)


def _direction(xyz_A: NDArray[np.float64], a: int, b: int) -> NDArray[np.float64]:
    difference = xyz_A[a] - xyz_A[b]
    return np.asarray(difference / np.linalg.norm(difference))


def imaginary_frequencies_per_cm(
    hessian_au: NDArray[np.float64], masses_u: NDArray[np.float64], beyond: float = 30.0
) -> list[float]:
    """Return the imaginary harmonic frequencies beyond `beyond` cm-1, as positive numbers; a minimum has none."""
    weights = np.repeat(masses_u, 3) ** -0.5
    values = np.linalg.eigvalsh(hessian_au * np.outer(weights, weights))
    # sqrt(Hartree / (u Bohr^2)) / (2 pi c) in cm-1
    per_cm = 5140.4871 * np.sqrt(np.abs(values[values < 0]))
    return [float(one) for one in per_cm if one > beyond]
