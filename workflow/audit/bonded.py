"""Are bonded parameters of the right size? Against elements, bond orders and coordination, not against other files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from workflow.audit.chemistry import classes
from workflow.audit.elements import covalent_length_nm, gordy_force_constant
from workflow.audit.findings import Findings
from workflow.audit.plausible import ANGLE_SLIPS, ENERGY_SLIPS, LENGTH_SLIPS, remedy, within
from workflow.audit.topology import Term, Topology

Orders = Mapping[tuple[int, int], float]

LENGTH_OF_COVALENT = (0.85, 1.15)
# Force constants of OPLS-AA and CL&P over Gordy's estimate: 0.48 (nitriles) and 0.51 (the ester C-O) to 1.22 (N-S).
# The window is narrower than a factor of 4.184, so that kcal for kJ, or the reverse, always leaves it.
BOND_K_OF_GORDY = (0.42, 1.70)
DATIVE_ORDER = 2 / 3  # N->B: both have four neighbours and no bond is left; weaker than a single bond
PERCHLORATE_ORDER = 1.75  # RDKit writes Cl-O with charges instead of double bonds
PI_BOND_ORDER = 1.5  # N-B of three neighbours each: the lone pair of N reaches over

# Equilibrium angles by the number of neighbours of the centre, degrees; sources: the whole of oplsaa.ff, CL&P.
THETA_DEG = {2: (92.0, 150.0), 3: (98.0, 140.0), 4: (96.0, 126.0)}
THETA_CROWDED_DEG = ((80.0, 130.0), (170.0, 180.0))  # five or six neighbours: 90, 120 and 180
LINEAR_DEG = (165.0, 180.0)
SMALL_RING_DEG = (50.0, 130.0)  # in a ring of three or four

# Force constants of angles by the number of hydrogens at the ends, kJ/mol/rad2; what oplsaa.ff and CL&P hold with few
# exceptions, and provisional values for B-N. Each range is narrower than a factor of 4.184.
ANGLE_K = {2: (125.0, 510.0), 1: (205.0, 845.0), 0: (300.0, 1250.0)}
WATER_K = (300.0, 800.0)
STIFF_ANGLE_K = (400.0, 1600.0)  # linear, or around five or six neighbours
PERCHLORATE_K = (450.0, 1850.0)

# Sum of the heights of all torsions about one bond, kJ/mol. OPLS-AA: 5.6 (methanol) to 61 (C2F5) about saturated atoms.
BARRIER_SATURATED = (3.0, 62.0)
BARRIER_SINGLE = (0.0, 130.0)
BARRIER_PI = (40.0, 420.0)  # 60 (some aromatics) to 235 (C=C)
# One torsion about a saturated bond that ends in a C-H: 0.32 to 5.44 in oplsaa.ff, or nothing at all.
CH_TORSION = (0.31, 5.60)
SUM_OF_COEFFICIENTS_KJ_PER_MOL = 0.02
# All impropers of a centre together: 44 (carbonyl), 4.2 (amines), 4.6 (aromatic carbon), 63 (C=C), 12.6 (nitrate).
IMPROPERS_CARBONYL = (20.0, 80.0)
IMPROPERS_CARBON = (2.0, 80.0)
IMPROPERS_NITRO = (10.0, 60.0)
IMPROPERS_OTHER = (1.5, 16.0)
ALIKE_RELATIVE = 1e-3
ALIKE_TORSION_KJ_PER_MOL = 0.005
_PSI = np.radians(np.arange(0, 360, 5))


def check_bonded(topology: Topology, orders: Orders | None, findings: Findings) -> None:
    """Sizes of all bonded parameters, and equal ones for terms that are alike."""
    for bond in topology.bonds:
        _check_bond(topology, bond, _order(topology, bond, orders), findings)
    for angle in topology.angles:
        _check_angle(topology, angle, findings)
    _check_impropers(topology, findings)
    for torsion in topology.torsions:
        _check_torsion(topology, torsion, findings)
    _check_barriers(topology, orders, findings)
    for kind in ("bond", "angle", "torsion", "improper"):
        _check_alike(topology, kind, getattr(topology, f"{kind}s"), findings)


def _order(topology: Topology, bond: Term, orders: Orders | None) -> float:
    """The order of a bond by the SMILES, or by the number of neighbours where there is none."""
    i, j = bond.atoms
    ends = {topology.symbols[i], topology.symbols[j]}
    neighbours = {len(topology.near[i]), len(topology.near[j])}
    if ends == {"B", "N"}:
        return DATIVE_ORDER if neighbours == {4} else PI_BOND_ORDER if max(neighbours) <= 3 else 1.0
    if ends == {"Cl", "O"}:
        return PERCHLORATE_ORDER
    if orders is not None:
        return orders.get((min(i, j), max(i, j)), 1.0)
    return 2.0 if _lacks_neighbours(topology, i) and _lacks_neighbours(topology, j) else 1.0


def _lacks_neighbours(topology: Topology, atom: int) -> bool:
    full = {"H": 1, "C": 4, "O": 2, "N": 3, "F": 1, "Si": 4}.get(topology.symbols[atom])
    return full is not None and len(topology.near[atom]) < full


def _check_bond(topology: Topology, bond: Term, order: float, findings: Findings) -> None:
    one, two = (topology.elements[i] for i in bond.atoms)
    (r0_nm, k), term = bond.values, f"bond {bond.label}"
    if one is None or two is None:
        return
    covalent_nm = covalent_length_nm(one, two, order)
    low, high = (part * covalent_nm for part in LENGTH_OF_COVALENT)
    if not within(r0_nm, low, high):
        problem = f"a {one.symbol}-{two.symbol} bond of order {order:.3g} is about {covalent_nm:.3f} nm long"
        findings.error(bond.place, f"{term} r0", f"{r0_nm:g} nm", problem, remedy(r0_nm, low, high, LENGTH_SLIPS))
    estimate = gordy_force_constant(one, two, order, covalent_nm if not within(r0_nm, low, high) else r0_nm)
    low, high = (part * estimate for part in BOND_K_OF_GORDY)
    if not within(k, low, high):
        problem = f"the force constant does not fit a {one.symbol}-{two.symbol} bond of order {order:.3g}"
        findings.error(bond.place, f"{term} k", f"{k:g} kJ/mol/nm2", problem, remedy(k, low, high, ENERGY_SLIPS))


def _theta_ranges(topology: Topology, angle: Term) -> Sequence[tuple[float, float]]:
    i, centre, k = angle.atoms
    neighbours = len(topology.near[centre])
    if neighbours > 4:
        return THETA_CROWDED_DEG
    if k in topology.near[i] or len(set(topology.near[i]) & set(topology.near[k])) > 1:
        return (SMALL_RING_DEG,)
    usual = THETA_DEG[max(neighbours, 2)]
    return (usual, LINEAR_DEG) if neighbours == 2 and topology.symbols[centre] in ("C", "N") else (usual,)


def _check_angle(topology: Topology, angle: Term, findings: Findings) -> None:
    theta_deg, k = angle.values
    centre, term = angle.atoms[1], f"angle {angle.label}"
    ranges = _theta_ranges(topology, angle)
    neighbours = len(topology.near[centre])
    around = f"{topology.symbols[centre]} with {neighbours} neighbours"
    if not any(within(theta_deg, *one) for one in ranges):
        problem = f"the angle does not fit {around}"
        how = remedy(theta_deg, *ranges[0], ANGLE_SLIPS)
        findings.error(angle.place, f"{term} theta0", f"{theta_deg:g} deg", problem, how)
    hydrogens = sum(topology.symbols[i] == "H" for i in (angle.atoms[0], angle.atoms[2]))
    low, high = ANGLE_K[hydrogens]
    if neighbours > 4 or theta_deg > LINEAR_DEG[0]:
        low, high = STIFF_ANGLE_K
    elif topology.symbols[centre] == "Cl":
        low, high = PERCHLORATE_K
    elif hydrogens == 2 and topology.symbols[centre] == "O":
        low, high = WATER_K
    if not within(k, low, high):
        problem = f"the force constant does not fit {around} and {hydrogens} hydrogens at the ends"
        findings.error(angle.place, f"{term} k", f"{k:g} kJ/mol/rad2", problem, remedy(k, low, high, ENERGY_SLIPS))


def _check_impropers(topology: Topology, findings: Findings) -> None:
    totals: dict[int, float] = defaultdict(float)
    for improper in topology.impropers:
        phase_deg, k, multiplicity = improper.values
        if (abs(phase_deg), multiplicity) != (180.0, 2.0):
            problem = "a flat centre has phase 180 and multiplicity 2: k (1 + cos(2 phi - 180))"
            shown = f"{phase_deg:g} deg, {multiplicity:g}"
            findings.error(improper.place, f"improper {improper.label}", shown, problem, "Write 180 and 2")
        totals[_centre(topology, improper)] += k
    for improper in topology.impropers:
        total = totals[_centre(topology, improper)]
        low, high = _improper_range(topology, _centre(topology, improper))
        if not within(total, low, high):
            problem = f"the force constants of this flat centre are {total:.3g} kJ/mol together"
            how, term = remedy(total, low, high, ENERGY_SLIPS), f"improper {improper.label} k"
            findings.error(improper.place, term, f"{improper.values[1]:g} kJ/mol", problem, how)


def _centre(topology: Topology, improper: Term) -> int:
    """The atom of an improper that is bonded to the others; GROMACS' third where none is."""
    found = [c for c in improper.atoms if set(improper.atoms) - {c} <= set(topology.near[c])]
    return found[0] if found else improper.atoms[2]


def _improper_range(topology: Topology, centre: int) -> tuple[float, float]:
    bare_oxygens = _bare_oxygens(topology, centre)
    if topology.symbols[centre] == "C":
        return IMPROPERS_CARBONYL if bare_oxygens else IMPROPERS_CARBON
    return IMPROPERS_NITRO if bare_oxygens == 2 else IMPROPERS_OTHER


def _bare_oxygens(topology: Topology, centre: int) -> int:
    """Number of the neighbours that are oxygens bonded to nothing else."""
    return sum(topology.symbols[i] == "O" and len(topology.near[i]) == 1 for i in topology.near[centre])


def _check_torsion(topology: Topology, torsion: Term, findings: Findings) -> None:
    """Trans has no energy in OPLS' series, so the coefficients add up to zero; heights of torsions of C-H."""
    total, term = sum(torsion.values), f"torsion {torsion.label}"
    shown = " ".join(f"{value:g}" for value in torsion.values)
    if abs(total) > SUM_OF_COEFFICIENTS_KJ_PER_MOL:
        problem = f"the coefficients add up to {total:.3f}, in OPLS' series to zero (the energy of trans)"
        how = "Look for a wrong number or sign; where only the zero is another, shift C0"
        findings.error(torsion.place, term, shown, problem, how)
    i, j, k, end = torsion.atoms
    ends_in_ch = any({topology.symbols[a], topology.symbols[b]} == {"C", "H"} for a, b in ((i, j), (end, k)))
    height = height_kJ_per_mol(torsion.values)
    if ends_in_ch and height and _saturated(topology, (j, k)) and not within(height, *CH_TORSION):
        problem = f"it is {height:.3g} kJ/mol high, out of proportion for a torsion that ends in C-H"
        findings.error(torsion.place, term, shown, problem, remedy(height, *CH_TORSION, ENERGY_SLIPS))


@lru_cache(maxsize=4096)
def height_kJ_per_mol(coefficients: tuple[float, ...]) -> float:
    """Difference between the highest and the lowest energy of a Ryckaert-Bellemans series."""
    energies = np.polynomial.polynomial.polyval(np.cos(_PSI), coefficients)
    return float(np.ptp(energies))


def _check_barriers(topology: Topology, orders: Orders | None, findings: Findings) -> None:
    about: dict[tuple[int, int], list[Term]] = defaultdict(list)
    for torsion in topology.torsions:
        about[min(torsion.atoms[1:3]), max(torsion.atoms[1:3])].append(torsion)
    bonds = {(min(bond.atoms), max(bond.atoms)): bond for bond in topology.bonds}
    for pair, torsions in about.items():
        if pair not in bonds:
            continue
        order = _order(topology, bonds[pair], orders)
        low, high = BARRIER_PI if order > 1.3 else BARRIER_SATURATED if _saturated(topology, pair) else BARRIER_SINGLE
        total = sum(height_kJ_per_mol(torsion.values) for torsion in torsions)
        if not within(total, low, high):
            place, label = torsions[0].place, bonds[pair].label
            problem = f"the {len(torsions)} torsions about this bond are {total:.3g} kJ/mol high together"
            how = remedy(total, low, high, ENERGY_SLIPS)
            findings.error(place, f"torsions about {label}", f"{total:.3g} kJ/mol", problem, how)


def _saturated(topology: Topology, pair: tuple[int, int]) -> bool:
    """Whether both atoms have the neighbours of an sp3 centre: four around C, Si, B or N, two around O or S."""
    wanted = {"C": 4, "Si": 4, "B": 4, "O": 2, "S": 2}
    return all(len(topology.near[i]) == wanted.get(topology.symbols[i], 4) for i in pair) and not any(
        topology.symbols[i] in ("O", "S") and _beside_flat(topology, i) for i in pair
    )


def _beside_flat(topology: Topology, atom: int) -> bool:
    return any(len(topology.near[other]) == 3 for other in topology.near[atom])


def _check_alike(topology: Topology, kind: str, terms: Sequence[Term], findings: Findings) -> None:
    """Terms whose atoms the graph cannot tell apart have the same values."""
    ranks = classes(topology.symbols, topology.bonded_pairs)
    groups: dict[tuple[int, ...], list[Term]] = defaultdict(list)
    for term in terms:
        key = tuple(ranks[i] for i in term.atoms)
        groups[tuple(sorted(key)) if kind == "improper" else min(key, key[::-1])].append(term)
    for group in groups.values():
        if len({term.values for term in group}) == 1:
            continue
        most = Counter(term.values for term in group).most_common(1)[0][0]
        usual = next(term for term in group if term.values == most)
        for term in group:
            if not _same(kind, term.values, usual.values):
                shown = " ".join(f"{value:g}" for value in term.values)
                others = " ".join(f"{value:g}" for value in usual.values)
                problem = f"{usual.label} is alike by symmetry and has {others}"
                findings.error(term.place, f"{kind} {term.label}", shown, problem, "Give both the same values")


def _same(kind: str, one: Sequence[float], two: Sequence[float]) -> bool:
    if kind == "torsion":
        return all(abs(a - b) <= ALIKE_TORSION_KJ_PER_MOL for a, b in zip(one, two, strict=True))
    return all(abs(a - b) <= ALIKE_RELATIVE * max(abs(a), abs(b)) for a, b in zip(one, two, strict=True))
