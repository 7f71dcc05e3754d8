"""Where the electrostatic potential is sampled: Merz-Kollman shells, and where a Li+ would sit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from derivation.xyz_file import Structure

# Van der Waals radii in angstrom; boron after Mantina et al., J. Phys. Chem. A 113 (2009) 5806, the others are those
# of Besler, Merz and Kollman, J. Comput. Chem. 11 (1990) 431.
RADII_A = {"H": 1.20, "B": 1.92, "C": 1.50, "N": 1.50, "O": 1.40}
SHELLS = (1.4, 1.6, 1.8, 2.0)
POINTS_PER_A2 = 2.0
# Distances in angstrom at which Li+ touches hydrogen, boron and nitrogen of ammonia borane and of the chains by DFT.
CONTACT_A = {"H": 1.85, "B": 2.05, "N": 2.05}
CONTACT_SHELL = 0.0  # the number under which these points are filed


def potential_points_A(one: Structure) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points (n, 3) in angstrom and the shell of each: 1.4 to 2.0, or 0 where Li+ would touch."""
    points, shells = [], []
    for scale in SHELLS:
        found = _surface_A(one, {s: scale * r for s, r in RADII_A.items()})
        points.append(found)
        shells.append(np.full(len(found), scale))
    touching = _surface_A(one, CONTACT_A)
    points.append(touching)
    shells.append(np.full(len(touching), CONTACT_SHELL))
    return np.concatenate(points), np.concatenate(shells)


def _surface_A(one: Structure, radii_A: dict[str, float]) -> NDArray[np.float64]:
    """Points on the spheres about the atoms that lie inside no other sphere."""
    radii = np.array([radii_A[symbol] for symbol in one.symbols])
    kept = []
    for centre, radius in zip(one.xyz_A, radii, strict=True):
        points = centre + radius * _sphere(round(4 * np.pi * radius**2 * POINTS_PER_A2))
        distances = np.linalg.norm(points[:, None] - one.xyz_A[None], axis=2)
        kept.append(points[(distances > radii - 1e-6).all(axis=1)])
    return np.concatenate(kept)


def _sphere(count: int) -> NDArray[np.float64]:
    """Evenly spread points on the unit sphere (golden spiral)."""
    place = np.arange(count) + 0.5
    z = 1 - 2 * place / count
    turn = np.pi * (1 + np.sqrt(5)) * place
    ring = np.sqrt(1 - z**2)
    return np.column_stack([ring * np.cos(turn), ring * np.sin(turn), z])
