"""The sites of an imported molecule: atoms of one element that are bonded alike."""

from __future__ import annotations

from workflow.audit.topology import Topology
from workflow.connectivity import neighbours
from workflow.inputs.molecule_files import SITE_KINDS

SITE_ELEMENTS = tuple(kind for kind in SITE_KINDS if len(kind) == 1 and kind != "B")


def site_lines(topology: Topology) -> list[str]:
    """The entries of `sites:`; an element whose atoms are bonded in several ways has one for each."""
    near = neighbours(len(topology.atoms), topology.bonded_pairs)
    lines = []
    for symbol in (one for one in SITE_ELEMENTS if one in topology.symbols):
        groups: dict[str, list[str]] = {}
        for i, atom in enumerate(topology.atoms):
            if topology.symbols[i] == symbol:
                groups.setdefault(_chemistry(symbol, [topology.symbols[j] for j in near[i]]), []).append(atom.name)
        for word, names in groups.items():
            name = symbol if len(groups) == 1 else f"{symbol}_{word}"
            lines.append(f"  - {{name: {name}, kind: {symbol}, atoms: [{', '.join(names)}]}}")
    return lines


def _chemistry(symbol: str, bonded: list[str]) -> str:
    """What an atom is by its bonds: carbonyl (one bond, to C), ether (two, to C), hydroxyl; else by its neighbours."""
    if symbol == "O" and "H" in bonded:
        return "hydroxyl"
    if symbol == "O" and set(bonded) == {"C"}:
        return "carbonyl" if len(bonded) == 1 else "ether"
    return "on_" + "".join(sorted(bonded))
