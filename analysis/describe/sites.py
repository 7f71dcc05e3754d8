"""The atoms to which distances from the cation are measured, guessed from elements and bonds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.describe.chains import units
from analysis.describe.molecules import neighbours_of

KINDS = ("O", "N", "F", "P", "B", "HN", "HB")
"""In the order in which a molecule's sites are listed; each has its contact distance in analysis/cutoffs.py."""

ELEMENT_OF_KIND = {kind: "H" if kind in ("HN", "HB") else kind for kind in KINDS}

# An oxygen is named after what it is bonded to, the first that fits.
_OXYGENS = (("H", "hydroxyl"), ("S", "sulfonyl"), ("P", "phosphoryl"), ("B", "borate"), ("N", "nitro"))
_PARTS = ("head", "middle", "tail")


@dataclass(frozen=True)
class Site:
    """Equivalent atoms of a molecule: name as in "O_carbonyl", kind as in run.json, indices in the molecule."""

    name: str
    kind: str
    atoms: tuple[int, ...]


def guess_sites(elements: Sequence[str], bonds: Sequence[tuple[int, int]], is_polymer: bool) -> list[Site]:
    """Return the sites of one molecule: all O, N, F, P, B, and the hydrogens on N and B.

    Oxygens of several sorts are told apart (O_carbonyl: one neighbour, a carbon; O_ether: two carbons; the rest
    after the element that they are bonded to), oxygens of one sort are all "O". The units of a polymer are told apart
    as head, middle and tail. A single atom has no sites: what is measured from a cation are the others.
    """
    if len(elements) == 1 and elements[0] not in KINDS:
        return []
    neighbours = neighbours_of(len(elements), bonds)
    names: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for atom, element in enumerate(elements):
        bonded = [elements[other] for other in neighbours[atom]]
        kind = _kind(element, bonded)
        if kind:
            name = f"O_{_oxygen(bonded)}" if element == "O" else kind
            names.setdefault(name, []).append(atom)
            kinds[name] = kind
    oxygens = [name for name in names if kinds[name] == "O"]
    if len(oxygens) == 1:
        names["O"], kinds["O"] = names.pop(oxygens[0]), "O"
    ordered = sorted(names, key=lambda name: (KINDS.index(kinds[name]), name))
    sites = [Site(name, kinds[name], tuple(names[name])) for name in ordered]
    parts = units(elements, bonds) if is_polymer else {}
    return [part for site in sites for part in _by_unit(site, parts)] if parts else sites


def _kind(element: str, bonded: Sequence[str]) -> str:
    """Return the kind of site that an atom is; empty when it is none."""
    if element == "H":
        return "HB" if "B" in bonded else "HN" if "N" in bonded else ""
    return element if element in KINDS else ""


def _oxygen(bonded: Sequence[str]) -> str:
    """Return the sort of an oxygen."""
    for element, sort in _OXYGENS:
        if element in bonded:
            return "water" if sort == "hydroxyl" and bonded.count("H") == 2 else sort
    return "carbonyl" if list(bonded) == ["C"] else "ether" if list(bonded) == ["C", "C"] else "other"


def _by_unit(site: Site, parts: dict[int, str]) -> list[Site]:
    """Return a chain's site as those of its head, its middle units and its tail, as far as there are any."""
    found = [(part, tuple(atom for atom in site.atoms if parts.get(atom) == part)) for part in _PARTS]
    return [Site(f"{site.name}_{part}", site.kind, atoms) for part, atoms in found if atoms]
