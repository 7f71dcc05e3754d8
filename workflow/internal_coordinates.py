"""Atoms from bond lengths, angles and torsions, and back; lengths in nm, angles in degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def unit_vector(vector: Vector) -> Vector:
    """The vector (3,) divided by its length."""
    result: Vector = vector / np.linalg.norm(vector)
    return result


def place(a: Vector, b: Vector, c: Vector, bond_nm: float, angle_deg: float, torsion_deg: float) -> Vector:
    """Position (3,) of an atom d bonded to c, with angle b-c-d and torsion a-b-c-d (IUPAC sign, cis = 0).

    Source: Parsons et al., J. Comput. Chem. 26 (2005) 1063 (natural extension reference frame).
    """
    angle, torsion = np.radians(angle_deg), np.radians(torsion_deg)
    along = unit_vector(c - b)
    normal = unit_vector(np.cross(b - a, along))
    side = np.cross(normal, along)
    local = (-np.cos(angle), np.sin(angle) * np.cos(torsion), np.sin(angle) * np.sin(torsion))
    result: Vector = c + bond_nm * (local[0] * along + local[1] * side + local[2] * normal)
    return result


def torsion_deg(a: Vector, b: Vector, c: Vector, d: Vector) -> float:
    """Torsion a-b-c-d in degrees, -180 to 180, cis = 0, IUPAC sign."""
    b1, b2, b3 = b - a, c - b, d - c
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    sine = float(np.dot(np.cross(n1, n2), unit_vector(b2)))
    return float(np.degrees(np.arctan2(sine, float(np.dot(n1, n2)))))


def between(a: Vector, centre: Vector, b: Vector, bond_nm: float) -> Vector:
    """Position of the one atom that completes a planar centre bonded to a and b."""
    away = unit_vector(centre - a) + unit_vector(centre - b)
    result: Vector = centre + bond_nm * unit_vector(away)
    return result


def beside(
    a: Vector, centre: Vector, b: Vector, bonds_nm: tuple[float, float], angle_deg: float
) -> tuple[Vector, Vector]:
    """Positions of the two atoms, `angle_deg` apart, that complete a tetrahedral centre bonded to a and b."""
    u, v = unit_vector(a - centre), unit_vector(b - centre)
    away, normal = -unit_vector(u + v), unit_vector(np.cross(u, v))
    half = np.radians(angle_deg / 2)
    in_plane, across = np.cos(half) * away, np.sin(half) * normal
    return centre + bonds_nm[0] * (in_plane + across), centre + bonds_nm[1] * (in_plane - across)
