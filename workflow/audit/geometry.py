"""The structure of the PDB file against the parameters: lengths, angles, planes, forces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workflow.audit.elements import Element, covalent_length_nm
from workflow.audit.energy import Energy, relaxed
from workflow.audit.findings import Findings
from workflow.audit.topology import Topology
from workflow.inputs.problems import Place

Array = NDArray[np.float64]

BOND_OFF_NM = 0.010
ANGLE_OFF_DEG = 15.0  # a ring or a crowded centre holds an angle off its equilibrium by up to 9 in this force field
CLOSE_OF_COVALENT = 1.2  # two atoms nearer than this part of a covalent bond are bonded
LARGEST_FORCE_KJ_PER_MOL_NM = 300.0  # a pdb's 0.001 A rounds a bond enough for 30
MOVED_NM = 0.01


def check_geometry(topology: Topology, findings: Findings) -> None:
    """Every bond and angle is near its equilibrium, and no two other atoms are as near as a bond."""
    xyz_nm = topology.xyz_nm
    if xyz_nm is None or topology.pdb_file is None:
        return
    pdb = topology.pdb_file.name
    for bond, length_nm in zip(topology.bonds, lengths_nm(xyz_nm, [b.atoms for b in topology.bonds]), strict=True):
        if abs(length_nm - bond.values[0]) > BOND_OFF_NM:
            problem = f"the bond is {length_nm:.4f} nm long in {pdb}"
            how = "Correct r0, or minimise the structure"
            findings.error(bond.place, f"bond {bond.label} r0", f"{bond.values[0]:g} nm", problem, how)
    thetas_deg = angles_deg(xyz_nm, [angle.atoms for angle in topology.angles])
    for angle, theta_deg in zip(topology.angles, thetas_deg, strict=True):
        if abs(theta_deg - angle.values[0]) > ANGLE_OFF_DEG:
            problem = f"the angle is {theta_deg:.1f} deg in {pdb}"
            how = "Correct theta0, or minimise the structure"
            findings.error(angle.place, f"angle {angle.label} theta0", f"{angle.values[0]:g} deg", problem, how)
    _check_contacts(topology, xyz_nm, findings)


def lengths_nm(xyz_nm: Array, bonds: Sequence[tuple[int, ...]]) -> Array:
    """Distances (m,) in nm of m pairs of atoms."""
    i, j = np.array(bonds, dtype=np.int64).reshape(-1, 2).T
    return np.asarray(np.linalg.norm(xyz_nm[i] - xyz_nm[j], axis=1))


def angles_deg(xyz_nm: Array, triples: Sequence[tuple[int, ...]]) -> Array:
    """Angles (m,) in degrees of m triples of atoms; NaN where two atoms lie on each other."""
    i, j, k = np.array(triples, dtype=np.int64).reshape(-1, 3).T
    a, b = xyz_nm[i] - xyz_nm[j], xyz_nm[k] - xyz_nm[j]
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.sum(a * b, axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


@lru_cache(maxsize=256)
def _contact_limits_nm(elements: tuple[Element | None, ...], bonds: tuple[tuple[int, int], ...]) -> Array:
    """How near two atoms (n, n) may come that no bond joins; zero where a bond does."""
    limits = np.zeros((len(elements), len(elements)))
    for i, one in enumerate(elements):
        for j, two in enumerate(elements[:i]):
            if one is not None and two is not None and (j, i) not in bonds:
                limits[i, j] = CLOSE_OF_COVALENT * covalent_length_nm(one, two, 1.0)
    return limits


def _check_contacts(topology: Topology, xyz_nm: Array, findings: Findings) -> None:
    apart_nm = np.linalg.norm(xyz_nm[:, None] - xyz_nm[None], axis=2)
    limits_nm = _contact_limits_nm(topology.elements, topology.bonded_pairs)
    for i, j in zip(*np.nonzero(apart_nm < limits_nm), strict=True):
        problem = f"these atoms are {apart_nm[i, j]:.3f} nm apart in the structure, but no bond joins them"
        how = "Add the bond with its angles and torsions, or correct the structure"
        findings.error(topology.whole_file, f"bond {topology.label((j, i))}", None, problem, how)


def check_minimised(topology: Topology, findings: Findings) -> None:
    """Tell when the structure is not the minimum in vacuo of these parameters that it should be."""
    xyz_nm = topology.xyz_nm
    if xyz_nm is None or topology.pdb_file is None or len(xyz_nm) < 2:
        return
    energy = Energy(topology)
    forces = np.linalg.norm(energy.gradient(xyz_nm), axis=1)
    worst = int(np.argmax(forces))
    if not np.isfinite(forces).all() or forces[worst] > LARGEST_FORCE_KJ_PER_MOL_NM:
        place, name = Place(topology.pdb_file, 0), topology.atoms[worst].name
        moved_nm = float(np.abs(relaxed(energy, xyz_nm) - xyz_nm).max()) if np.isfinite(forces).all() else np.nan
        problem = (
            f"the force on {name} is {forces[worst]:.0f} kJ/mol/nm: the structure is not minimised with these "
            f"parameters, minimising moves an atom by {moved_nm:.3f} nm"
        )
        findings.warn(place, "structure", None, problem, "Minimise it in vacuo, or look for a wrong parameter")
