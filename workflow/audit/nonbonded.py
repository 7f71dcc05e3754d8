"""Are charges and Lennard-Jones parameters of the right size, and equal for atoms that are alike?"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from workflow.audit.chemistry import classes
from workflow.audit.elements import ION_OXYGEN_NM, SATURATED_CARBON_EPSILON, Element
from workflow.audit.findings import Findings
from workflow.audit.plausible import ENERGY_SLIPS, LENGTH_SLIPS, remedy, within
from workflow.audit.topology import CHARGE_TOLERANCE_E, AuditAtom, Topology
from workflow.inputs.problems import Place
from workflow.itp import AtomType

ALIKE_CHARGE_E = 0.01
SIGMA_WITHOUT_LJ_NM = (0.05, 0.30)  # of a hydrogen whose epsilon is zero; zero is usual as well
COULOMB_KJ_NM_PER_MOL_E2 = 138.935458
OXYGEN = (0.30, 0.70, -0.45)  # sigma/nm, epsilon/(kJ mol-1) and charge/e of a typical solvent's oxygen
_DISTANCES_NM = np.arange(0.08, 0.80, 0.0005)


def check_charges_and_types(topology: Topology, findings: Findings) -> None:
    """Charges and types of all atoms against their elements; types that no atom has."""
    if len(topology.atoms) == 1:
        _check_ion(topology, findings)
    else:
        _check_charges(topology, findings)
        _check_types(topology, findings)
    used = {atom.type for atom in topology.atoms}
    for name, (_, place) in topology.types.items():
        if name not in used:
            findings.warn(place, f"atom type {name}", None, "no atom has this type", "Delete its line")


def _check_charges(topology: Topology, findings: Findings) -> None:
    for atom, element in zip(topology.atoms, topology.elements, strict=True):
        if element is None or element.charge_e is None:
            continue
        if not within(atom.charge_e, *element.charge_e):
            problem = f"a charge outside what {element.symbol} carries in molecules"
            low, high = element.charge_e
            how = f"Expected {low:g} to {high:g} e; correct it"
            findings.error(atom.place, f"charge of {atom.label}", f"{atom.charge_e:g} e", problem, how)


def _check_types(topology: Topology, findings: Findings) -> None:
    for name in dict.fromkeys(atom.type for atom in topology.atoms):
        known = topology.types.get(name)
        atoms = [i for i, atom in enumerate(topology.atoms) if atom.type == name]
        element = topology.elements[atoms[0]]
        if known is None or element is None or element.sigma_nm is None or element.epsilon_kJ_per_mol is None:
            continue
        kind, place = known
        epsilon_range = element.epsilon_kJ_per_mol
        if element.symbol == "C" and all(len(topology.near[i]) == 4 for i in atoms):
            epsilon_range = SATURATED_CARBON_EPSILON
        of = f"type {name} of {topology.atoms[atoms[0]].label}"
        if kind.epsilon_kJ_per_mol == 0 and element.symbol == "H":
            if kind.sigma_nm != 0:
                _check_sigma(kind, SIGMA_WITHOUT_LJ_NM, element, of, place, findings)
            continue
        _check_sigma(kind, element.sigma_nm, element, of, place, findings)
        if not within(kind.epsilon_kJ_per_mol, *epsilon_range):
            problem = f"the epsilon does not fit {element.symbol}"
            how = remedy(kind.epsilon_kJ_per_mol, *epsilon_range, ENERGY_SLIPS)
            findings.error(place, f"epsilon of {of}", f"{kind.epsilon_kJ_per_mol:g} kJ/mol", problem, how)


def _check_sigma(
    kind: AtomType, allowed: tuple[float, float], element: Element, of: str, place: Place, findings: Findings
) -> None:
    if not within(kind.sigma_nm, *allowed):
        problem = f"the sigma does not fit {element.symbol}"
        how = remedy(kind.sigma_nm, *allowed, LENGTH_SLIPS)
        findings.error(place, f"sigma of {of}", f"{kind.sigma_nm:g} nm", problem, how)


def ion_oxygen_nm(sigma_nm: float, epsilon_kJ_per_mol: float, charge_e: float, geometric: bool) -> float:
    """Distance at which an ion and the oxygen of a solvent, alone, have the lowest energy."""
    oxygen_nm, oxygen_kJ_per_mol, oxygen_e = OXYGEN
    sigma = math.sqrt(sigma_nm * oxygen_nm) if geometric else (sigma_nm + oxygen_nm) / 2
    epsilon = math.sqrt(epsilon_kJ_per_mol * oxygen_kJ_per_mol)
    part = (sigma / _DISTANCES_NM) ** 6
    energy = 4 * epsilon * (part**2 - part) + COULOMB_KJ_NM_PER_MOL_E2 * charge_e * oxygen_e / _DISTANCES_NM
    return float(_DISTANCES_NM[np.argmin(energy)])


def _check_ion(topology: Topology, findings: Findings) -> None:
    """A bare cation is judged by its distance from an oxygen, which sigma and epsilon decide together."""
    atom, known = topology.atoms[0], topology.types.get(topology.atoms[0].type)
    if known is None or atom.charge_e <= 0:
        return
    kind, place = known
    term = f"sigma and epsilon of type {kind.name} of {atom.label}"
    if topology.symbols[0] not in ION_OXYGEN_NM:
        findings.warn(place, term, None, "no range is known for this ion, they were not judged", "Check them by hand")
        return
    low, high = ION_OXYGEN_NM[topology.symbols[0]]
    found = [ion_oxygen_nm(kind.sigma_nm, kind.epsilon_kJ_per_mol, atom.charge_e, rule) for rule in (True, False)]
    if not any(within(distance, low, high) for distance in found):
        problem = f"with them a solvent's oxygen would be {found[0]:.3f} nm away (geometric mixing)"
        how = f"Expected {low:g} to {high:g} nm, what published sets of {topology.symbols[0]} give; correct them"
        value = f"{kind.sigma_nm:g} nm, {kind.epsilon_kJ_per_mol:g} kJ/mol"
        findings.error(place, term, value, problem, how)


def check_alike(topology: Topology, findings: Findings) -> None:
    """Atoms that the graph cannot tell apart have the same charge and the same Lennard-Jones parameters."""
    ranks = classes(topology.symbols, topology.bonded_pairs)
    groups: dict[int, list[AuditAtom]] = defaultdict(list)
    for rank, atom in zip(ranks, topology.atoms, strict=True):
        groups[rank].append(atom)
    for group in groups.values():
        middle_e = sorted(atom.charge_e for atom in group)[len(group) // 2]
        usual = next(atom for atom in group if atom.charge_e == middle_e)
        for atom in group:
            off_e = abs(atom.charge_e - usual.charge_e)
            if off_e > CHARGE_TOLERANCE_E:
                tell = findings.error if off_e > ALIKE_CHARGE_E else findings.warn
                problem = f"{usual.label} is alike by symmetry and has {usual.charge_e:g} e"
                how = "Give both the same charge"
                tell(atom.place, f"charge of {atom.label}", f"{atom.charge_e:g} e", problem, how)
            _check_alike_types(topology, atom, usual, findings)


def _check_alike_types(topology: Topology, atom: AuditAtom, usual: AuditAtom, findings: Findings) -> None:
    kinds = [topology.types.get(one.type) for one in (atom, usual)]
    if kinds[0] is None or kinds[1] is None:
        return
    values = [(kind[0].sigma_nm, kind[0].epsilon_kJ_per_mol) for kind in kinds if kind is not None]
    if values[0] != values[1]:
        problem = f"{usual.label} is alike by symmetry and has sigma {values[1][0]:g}, epsilon {values[1][1]:g}"
        shown = f"sigma {values[0][0]:g}, epsilon {values[0][1]:g}"
        findings.error(atom.place, f"type {atom.type} of {atom.label}", shown, problem, "Give both the same type")
