"""Which Hessians stand at minima: only those give force constants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivation import raw
from derivation.seminario import imaginary_frequencies_per_cm

MASSES_U = {"H": 1.008, "B": 10.81, "N": 14.007}


def imaginary_per_cm(name: str) -> list[float] | None:
    """Return the imaginary frequencies of a structure in cm-1: none at a minimum; None when there is no Hessian."""
    if not raw.has_arrays(name, "hessian"):
        return None
    masses = np.array([MASSES_U[symbol] for symbol in raw.geometries()[name].symbols])
    return imaginary_frequencies_per_cm(raw.arrays(name, "hessian")["hessian_au"], masses)


def usable(names: Sequence[str]) -> list[str]:
    """Return those of the structures whose Hessian gives force constants: minima, or all when none is a minimum.

    At a saddle point the curvature is negative along a mode that bends several terms at once.
    """
    known = {name: found for name in names if (found := imaginary_per_cm(name)) is not None}
    return [name for name, found in known.items() if not found] or list(known)
