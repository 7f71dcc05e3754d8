"""The distances at which a site counts as touching a cation: fixed, and the same in every system.

A contact distance taken from the first minimum of each g(r) would follow second-shell peaks wherever
a site has no direct contact at all, and would differ between the systems to be compared.
"""

from __future__ import annotations

CONTACT_NM: dict[str, float] = {"O": 0.28, "N": 0.28, "F": 0.28, "HB": 0.25, "HN": 0.25, "B": 0.28, "P": 0.40}
"""Contact distance in nm by kind of site (HB: hydrogen on boron, HN: hydrogen on nitrogen)."""

BAND_NM = 0.02
"""Half-width in nm of the band of contact distances for which coordination numbers are also given."""

PAIR_MARGIN_NM = 0.05
"""Pairs up to so much beyond contact are stored when a trajectory is read: contact distances may be moved so far."""

NO_CONTACT = 0.05
"""Coordination number below which a site is said to have no contact with the cation."""

COORDINATING_KINDS: tuple[str, ...] = ("O", "N", "F", "HB")
"""Kinds of sites that turn negative charge to a cation and so count in the total coordination number."""


def pair_cutoff_nm(kind: str) -> float:
    """Return up to which distance pairs with a site of this kind are stored; for an unknown kind the largest."""
    return CONTACT_NM.get(kind, max(CONTACT_NM.values())) + PAIR_MARGIN_NM
