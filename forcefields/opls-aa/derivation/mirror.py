"""Scan points that are the mirror image of another one: the same energy, so that one DFT job serves both.

Turning a torsion by -x from a flat backbone gives the mirror image of turning it by +x. Which points these are is told
from the starting structures by all their distances, which a mirror image keeps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from derivation.starts import distance_print
from derivation.xyz_file import Structure

SAME_A = 0.05  # GFN2-xTB relaxes the two to within this; others differ by 0.15 angstrom and more


def images(points: Mapping[str, Structure]) -> dict[str, str]:
    """Return name -> name of the scan points with a negative angle that are images of the positive one.

    `points` are starting structures by name; those that are no scan points are passed over.
    """
    found = {}
    for name, one in points.items():
        angle = float(one.said.get("held_deg", 0.0))
        twin = name.replace("@-", "@+")
        if angle < 0 and twin in points and _alike(one, points[twin]):
            found[name] = twin
    return found


def image_of(one: Structure, name: str) -> Structure:
    """Return the mirror image of a scan point under the name of the point that it stands for."""
    said = dict(one.said) | {"held_deg": f"{-float(one.said['held_deg']):g}"}
    return Structure(name, one.symbols, one.xyz_A * np.array([1.0, 1.0, -1.0]), said)


def _alike(one: Structure, other: Structure) -> bool:
    return bool(np.abs(distance_print(one) - distance_print(other)).max() < SAME_A)
