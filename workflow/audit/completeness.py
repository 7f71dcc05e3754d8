"""Every term that the bonds ask for is there, and no other: angles, torsions, 1-4 pairs, impropers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from workflow.audit.findings import Findings
from workflow.audit.topology import Term, Topology, angles, dihedrals, pairs_14

MOST_ANGLES_NEIGHBOURS = 4  # beyond, atoms stand opposite to each other, at 180 degrees
LINEAR_DEG = 170.0
PLANAR_SUM_DEG = 350.0  # three angles around a flat centre add up to 360, around a pyramid to about 330
HOLDING_V2_KJ_PER_MOL = 80.0  # torsions of a double bond that keep its ends flat by themselves


def check_completeness(topology: Topology, findings: Findings) -> None:
    """Compare all lists of terms with what follows from the bonds."""
    _check_connected(topology, findings)
    _check_angles(topology, findings)
    linear = {term.atoms[1] for term in topology.angles if term.values[0] > LINEAR_DEG}
    torsions = [four for four in dihedrals(topology.near) if not linear & {four[1], four[2]}]
    possible = dihedrals(topology.near)
    _compare(topology, "torsion", topology.torsions, torsions, possible, findings)
    pairs = pairs_14(topology.near)
    _compare(topology, "pair", topology.pairs, pairs, pairs, findings)
    _check_impropers(topology, findings)


def _check_connected(topology: Topology, findings: Findings) -> None:
    reached, waiting = {0}, [0]
    while waiting:
        new = set(topology.near[waiting.pop()]) - reached
        reached |= new
        waiting += new
    for i, atom in enumerate(topology.atoms):
        if i not in reached:
            problem = f"no bonds join it to {topology.atoms[0].label}: this is more than one molecule"
            findings.error(atom.place, f"atom {atom.label}", None, problem, "Add the bond that is missing")


def _ordered(atoms: Iterable[int]) -> tuple[int, ...]:
    group = tuple(atoms)
    return min(group, group[::-1])


def _compare(
    topology: Topology,
    kind: str,
    given: Sequence[Term],
    wanted: Iterable[tuple[int, ...]],
    possible: Iterable[tuple[int, ...]],
    findings: Findings,
) -> None:
    """Tell every term of `wanted` that is not given and every given one that is not possible."""
    present = {_ordered(term.atoms) for term in given}
    allowed = {_ordered(group) for group in possible}
    for group in wanted:
        if _ordered(group) not in present:
            _tell_missing(topology, kind, group, findings)
    for term in given:
        if _ordered(term.atoms) not in allowed:
            what = "three bonds apart and no closer" if kind == "pair" else "joined by bonds in this order"
            problem = f"its atoms are not {what}"
            findings.error(term.place, f"{kind} {term.label}", None, problem, "Delete it, or add the missing bond")


def _tell_missing(topology: Topology, kind: str, group: tuple[int, ...], findings: Findings) -> None:
    problem = "this term is missing, though the bonds ask for it"
    remedy = {
        "pair": "Add it to [ pairs ]",
        "torsion": "Add it to [ dihedrals ]; where it is meant to be nothing, write it with six zeros",
        "angle": "Add it to [ angles ]",
    }[kind]
    findings.error(topology.whole_file, f"{kind} {topology.label(group)}", None, problem, remedy)


def _check_angles(topology: Topology, findings: Findings) -> None:
    """All angles; around five or more neighbours those of opposite atoms may be left out.

    A harmonic at 180 degrees is singular in the derivative, and the other angles hold the shape (PF6). Opposite
    atoms are known by their pairing: each neighbour lacks its angle with one other at most.
    """
    present = {_ordered(term.atoms) for term in topology.angles}
    wanted = angles(topology.near)
    crowded = [three for three in wanted if len(topology.near[three[1]]) > MOST_ANGLES_NEIGHBOURS]
    absent = [three for three in crowded if _ordered(three) not in present]
    lacks = Counter((three[1], end) for three in absent for end in (three[0], three[2]))
    opposite = {three for three in absent if max(lacks[three[1], three[0]], lacks[three[1], three[2]]) == 1}
    _compare(topology, "angle", topology.angles, [three for three in wanted if three not in opposite], wanted, findings)


def _check_impropers(topology: Topology, findings: Findings) -> None:
    """A flat centre of three bonds is held in its plane, by an improper or by the torsions of its double bond."""
    held = set()
    for term in topology.impropers:
        centres = [c for c in term.atoms if set(term.atoms) - {c} <= set(topology.near[c])]
        held |= set(centres)
        if not centres:
            problem = "none of its atoms is bonded to the three others"
            findings.error(term.place, f"improper {term.label}", None, problem, "Name a centre and its neighbours")
    theta_deg: dict[int, list[float]] = {}
    for angle in topology.angles:
        theta_deg.setdefault(angle.atoms[1], []).append(angle.values[0])
    for centre, ends in enumerate(topology.near):
        if len(ends) != 3 or centre in held or sum(theta_deg.get(centre, ())) < PLANAR_SUM_DEG:
            continue
        if max((_v2(topology, centre, end) for end in ends), default=0.0) < HOLDING_V2_KJ_PER_MOL:
            problem = "nothing holds this flat centre of three bonds in its plane"
            remedy = "Add an improper to [ dihedrals ]: function 4, phase 180, multiplicity 2"
            group = (*ends[:2], centre, ends[2])
            findings.error(topology.whole_file, f"improper {topology.label(group)}", None, problem, remedy)


def _v2(topology: Topology, one: int, two: int) -> float:
    """Sum of V2 of the torsions about a bond, kJ/mol: V2 = -C2 where C4 is zero."""
    return sum(-term.values[2] for term in topology.torsions if {*term.atoms[1:3]} == {one, two})
