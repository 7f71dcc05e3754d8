"""Energies of a GROMACS topology, term by term, by OpenMM's Reference platform (double precision) through ParmEd.

energies = OpenMMEnergies(Path("system.top"))          # one molecule or a few, every pair counted
energies = OpenMMEnergies(Path("system.top"), Mesh(edge_nm=3.3, cutoff_nm=1.0))          # a periodic box
energies.by_term(xyz_nm)                                # {"bonds": 12.3, ..., "coulomb": -45.6}, kJ/mol
"""

from __future__ import annotations

import copy
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
import parmed
from numpy.typing import NDArray
from openmm import app, unit
from scipy.fft import next_fast_len
from scipy.special import erfcinv

TERMS = ("bonds", "angles", "rb torsions", "periodic torsions", "impropers", "lj", "coulomb")
PME_ORDER = 5  # OpenMM has no other
NM_PER_ANGSTROM = 0.1
KJ_PER_KCAL = 4.184


@dataclass(frozen=True)
class Mesh:
    """A cubic periodic box and how its interactions are cut: LJ at the cut-off, unshifted, Coulomb by PME.

    `ewald_rtol` is erfc(alpha r) at the cut-off, as in GROMACS; `spacing_nm` is the largest mesh spacing.
    """

    edge_nm: float
    cutoff_nm: float
    ewald_rtol: float = 1e-5
    spacing_nm: float = 0.06

    @property
    def alpha_per_nm(self) -> float:
        """Ewald splitting parameter in 1/nm."""
        return float(erfcinv(self.ewald_rtol)) / self.cutoff_nm

    @property
    def points(self) -> int:
        """Mesh points along each edge."""
        return int(next_fast_len(math.ceil(self.edge_nm / self.spacing_nm), real=True))


class OpenMMEnergies:
    """A topology made ready once, to be evaluated for any number of coordinates.

    Without a `mesh` the atoms stand in empty space and every pair counts. LJ and Coulomb each hold their short-range,
    reciprocal and 1-4 parts together; no dispersion correction, switching or shift. Raises ValueError when ParmEd
    makes a force of the topology that no term stands for.
    """

    def __init__(self, top: Path, mesh: Mesh | None = None) -> None:
        system, self.terms = _system(read_topology(top), mesh)
        integrator = openmm.VerletIntegrator(0.001)  # never used, a context needs one
        self._context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))

    def by_term(self, xyz_nm: NDArray[np.float64]) -> dict[str, float]:
        """Return the energy of every term in kJ/mol, 0 for one that the topology lacks.

        `xyz_nm` are positions (n_atoms, 3) in nm; molecules must not be broken across the box.
        """
        self._context.setPositions(xyz_nm)
        energies = dict.fromkeys(TERMS, 0.0)
        for group, term in enumerate(TERMS):
            if term in self.terms:
                state = self._context.getState(getEnergy=True, groups={group})
                energies[term] = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
        return energies


def read_topology(top: Path) -> Any:
    """Return ParmEd's reading of a GROMACS topology."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ParmEd warns of optional parts that are not used here
        return parmed.gromacs.GromacsTopologyFile(str(top))


def _system(structure: Any, mesh: Mesh | None) -> tuple[openmm.System, set[str]]:
    """Return the OpenMM system, every force in the group of its term, and the terms that it has."""
    options: dict[str, Any] = {"removeCMMotion": False, "splitDihedrals": True}
    if mesh is not None:
        structure.box = [mesh.edge_nm / NM_PER_ANGSTROM] * 3 + [90.0] * 3
        options |= {"nonbondedMethod": app.PME, "nonbondedCutoff": mesh.cutoff_nm * unit.nanometer}
    system = structure.createSystem(**options)
    if structure.has_NBFIX():
        _replace_lennard_jones(system, structure)
    bonded = {
        structure.BOND_FORCE_GROUP: "bonds",
        structure.ANGLE_FORCE_GROUP: "angles",
        structure.RB_TORSION_FORCE_GROUP: "rb torsions",
        structure.DIHEDRAL_FORCE_GROUP: "periodic torsions",
        structure.IMPROPER_FORCE_GROUP: "impropers",
    }
    found = set()
    for force in list(system.getForces()):
        if isinstance(force, openmm.NonbondedForce):
            found |= {"lj", "coulomb"}
            system.addForce(_lennard_jones_only(force))
            _coulomb_only(force, mesh)
        elif isinstance(force, openmm.CustomNonbondedForce):
            force.setUseLongRangeCorrection(False)
            force.setForceGroup(TERMS.index("lj"))
        elif force.getForceGroup() in bonded:
            term = bonded[force.getForceGroup()]
            found.add(term)
            force.setForceGroup(TERMS.index(term))
        else:
            raise ValueError(f"no term for {force.getName()} of group {force.getForceGroup()}")
    return system, found


def _lennard_jones_only(force: openmm.NonbondedForce) -> openmm.NonbondedForce:
    """Return a copy without charges, cut off plainly where the box is periodic."""
    lj = copy.deepcopy(force)
    for i in range(lj.getNumParticles()):
        _, sigma, epsilon = lj.getParticleParameters(i)
        lj.setParticleParameters(i, 0.0, sigma, epsilon)
    for n in range(lj.getNumExceptions()):
        i, j, _, sigma, epsilon = lj.getExceptionParameters(n)
        lj.setExceptionParameters(n, i, j, 0.0, sigma, epsilon)
    if lj.getNonbondedMethod() == openmm.NonbondedForce.PME:
        lj.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    lj.setUseDispersionCorrection(False)
    lj.setForceGroup(TERMS.index("lj"))
    return lj


def _coulomb_only(force: openmm.NonbondedForce, mesh: Mesh | None) -> None:
    """Take the Lennard-Jones part away from a force, and set its Ewald parameters."""
    for i in range(force.getNumParticles()):
        charge, _, _ = force.getParticleParameters(i)
        force.setParticleParameters(i, charge, 0.5, 0.0)
    for n in range(force.getNumExceptions()):
        i, j, product, _, _ = force.getExceptionParameters(n)
        force.setExceptionParameters(n, i, j, product, 0.5, 0.0)
    if mesh is not None:
        force.setPMEParameters(mesh.alpha_per_nm, mesh.points, mesh.points, mesh.points)
    force.setForceGroup(TERMS.index("coulomb"))


def _replace_lennard_jones(system: openmm.System, structure: Any) -> None:
    """Put one force in the place of those that ParmEd 4.3 makes where there are [ nonbond_params ].

    Theirs counts Lennard-Jones twice under geometric mixing, and a type that has no pair term itself swallows a later
    one with the same sigma and epsilon that has.
    """
    forces = list(system.getForces())
    (exclusions,) = [force for force in forces if isinstance(force, openmm.NonbondedForce)]
    custom = [n for n, force in enumerate(forces) if isinstance(force, openmm.CustomNonbondedForce)]
    for n in reversed(custom):
        system.removeForce(n)
    types = {atom.atom_type.name: atom.atom_type for atom in structure.atoms}
    names = list(types)
    sigma, epsilon = mixed_parameters(types, structure.combining_rule == "geometric")
    pair = openmm.CustomNonbondedForce("4*e*(x^2-x); x=(s/r)^6; s=sigma(kind1, kind2); e=epsilon(kind1, kind2)")
    for title, table in (("sigma", sigma), ("epsilon", epsilon)):
        pair.addTabulatedFunction(title, openmm.Discrete2DFunction(len(names), len(names), table.ravel().tolist()))
    pair.addPerParticleParameter("kind")
    for atom in structure.atoms:
        pair.addParticle([names.index(atom.atom_type.name)])
    for n in range(exclusions.getNumExceptions()):
        pair.addExclusion(*exclusions.getExceptionParameters(n)[:2])
    if exclusions.getNonbondedMethod() == openmm.NonbondedForce.PME:
        pair.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
        pair.setCutoffDistance(exclusions.getCutoffDistance())
    system.addForce(pair)


def mixed_parameters(types: dict[str, Any], geometric: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sigma in nm and epsilon in kJ/mol of every two of ParmEd's atom types, pair terms included."""
    own_sigma = np.array([one.sigma * NM_PER_ANGSTROM for one in types.values()])
    own_epsilon = np.array([one.epsilon * KJ_PER_KCAL for one in types.values()])
    sigma = np.sqrt(np.outer(own_sigma, own_sigma)) if geometric else np.add.outer(own_sigma, own_sigma) / 2
    epsilon = np.sqrt(np.outer(own_epsilon, own_epsilon))
    for i, one in enumerate(types.values()):
        for j, other in enumerate(types):
            if other in one.nbfix:
                r_min, depth = one.nbfix[other][:2]
                sigma[i, j], epsilon[i, j] = r_min * NM_PER_ANGSTROM * 2 ** (-1 / 6), depth * KJ_PER_KCAL
    return sigma, epsilon
