"""The distances at which a site counts as touching a cation: fixed, and the same in every system.

A contact distance taken from the first minimum of each g(r) would follow second-shell peaks wherever
a site has no direct contact at all, and would differ between the systems to be compared. For another cation than
lithium they are longer by the difference of the ionic radii.
"""

from __future__ import annotations

from collections.abc import Sequence

CONTACT_NM: dict[str, float] = {"O": 0.28, "N": 0.28, "F": 0.28, "HB": 0.25, "HN": 0.25, "B": 0.28, "P": 0.40}
"""Contact distance from lithium in nm by kind of site (HB: hydrogen on boron, HN: hydrogen on nitrogen)."""

IONS: dict[str, tuple[float, float]] = {
    "Li": (6.94, 0.076), "Na": (22.99, 0.102), "K": (39.098, 0.138), "Rb": (85.468, 0.152), "Cs": (132.905, 0.167),
    "Mg": (24.305, 0.072), "Ca": (40.078, 0.100), "Zn": (65.38, 0.074),
}  # fmt: skip
"""Mass in u and radius in nm of six-coordinate ions: Shannon, Acta Cryst. A 32, 751, 1976."""
_SAME_MASS_U = 0.1

STEP_NM = 0.002
"""Contact distances are whole multiples of it: the width of the bins of distances (analysis/neighbours.py), so that
neighbours are the same number by counting and by integral."""

BAND_NM = 0.02
"""Half-width in nm of the band of contact distances for which coordination numbers are also given."""

PAIR_MARGIN_NM = 0.05
"""Pairs up to so much beyond contact are stored when a trajectory is read: contact distances may be moved so far."""

NO_CONTACT = 0.05
"""Coordination number below which a site is said to have no contact with the cation."""

COORDINATING_KINDS: tuple[str, ...] = ("O", "N", "F", "HB")
"""Kinds of sites that turn negative charge to a cation and so count in the total coordination number."""


def ion_of(masses_u: Sequence[float]) -> str:
    """Return which of `IONS` a cation with these atoms' masses is; empty for any other."""
    if len(masses_u) != 1:
        return ""
    return next((name for name, (mass_u, _) in IONS.items() if abs(masses_u[0] - mass_u) < _SAME_MASS_U), "")


def contact_distance_nm(kind: str, cation_masses_u: Sequence[float]) -> float:
    """Return the contact distance of a kind of site from a cation; that from lithium when its radius is not known.

    A multiple of `STEP_NM`, so that a histogram can be cut there.

    Raises:
        KeyError: the kind has none.
    """
    ion = ion_of(cation_masses_u) or "Li"
    steps = round((CONTACT_NM[kind] + IONS[ion][1] - IONS["Li"][1]) / STEP_NM)
    return round(steps * STEP_NM, 4)


def pair_cutoff_nm(kind: str, cation_masses_u: Sequence[float]) -> float:
    """Return up to which distance pairs with a site of this kind are stored; for an unknown kind the largest."""
    known = kind if kind in CONTACT_NM else max(CONTACT_NM, key=lambda one: CONTACT_NM[one])
    return contact_distance_nm(known, cation_masses_u) + PAIR_MARGIN_NM
