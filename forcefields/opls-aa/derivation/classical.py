"""Energies of the derived parameters in vacuum: topologies as the workflow writes them, evaluated by OpenMM."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow.forcefield import write_topology
from workflow.inputs import Molecule

Torsion = tuple[tuple[int, int, int, int], float]
HOLD_KJ_PER_MOL_RAD2 = 2.0e4  # a held torsion is off by at most 0.2 degrees
ENERGY, HOLDER = 0, 1  # force groups
RELAXED_KJ_PER_MOL_NM = 0.5  # leaves less than 0.01 kJ/mol in the softest torsions


class Vacuum:
    """Molecules in vacuum, all pairs, no cut-off. `parts` are (molecule, count, monomers), as for `write_topology`."""

    def __init__(self, parts: Sequence[tuple[Molecule, int, int | None]], mixing_rule: str = "geometric") -> None:
        import openmm
        from openmm import unit

        self._mm, self._unit = openmm, unit
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ParmEd warns of optional parts that are not used here
            import parmed

            top = Path(folder, "vacuum.top")
            write_topology(top, parts, mixing_rule, "vacuum")
            system = parmed.gromacs.GromacsTopologyFile(str(top)).createSystem(
                nonbondedMethod=openmm.app.NoCutoff, constraints=None, rigidWater=False
            )
        for force in system.getForces():
            force.setForceGroup(ENERGY)
        self._holder = openmm.CustomTorsionForce("k*d^2; d=min(dt, 2*3.14159265358979-dt); dt=abs(theta-theta0)")
        self._holder.addGlobalParameter("k", 0.0)
        self._holder.addPerTorsionParameter("theta0")
        self._holder.setForceGroup(HOLDER)
        self._system = system
        self._context: Any = None

    def add_to_pairs(
        self, pairs: Iterable[tuple[int, int]], c12_kJ_per_mol_nm12: float, c6_kJ_per_mol_nm6: float
    ) -> None:
        """Add C12/r^12 - C6/r^6 between these atoms, beside what the topology has for them.

        A force of its own, by atoms: ParmEd takes atom types with equal Lennard-Jones terms for one type.
        """
        force = self._mm.CustomBondForce("c12/r^12-c6/r^6")
        force.addPerBondParameter("c12")
        force.addPerBondParameter("c6")
        for i, j in pairs:
            force.addBond(i, j, [c12_kJ_per_mol_nm12, c6_kJ_per_mol_nm6])
        force.setForceGroup(ENERGY)
        self._system.addForce(force)
        self._context = None

    def energy_kJ_per_mol(self, xyz_A: NDArray[np.float64]) -> float:
        """Return the potential energy, without that of held torsions."""
        context = self._ready(())
        context.setPositions(xyz_A / 10)
        return self._energy(context)

    def minimise(self, xyz_A: NDArray[np.float64], held: Iterable[Torsion] = ()) -> tuple[NDArray[np.float64], float]:
        """Return the nearest minimum in angstrom and its energy in kJ/mol; `held` torsions keep their angles."""
        context = self._ready(tuple(held))
        context.setPositions(xyz_A / 10)
        self._mm.LocalEnergyMinimizer.minimize(context, RELAXED_KJ_PER_MOL_NM, 0)
        found = context.getState(getPositions=True).getPositions(asNumpy=True)
        return np.asarray(found.value_in_unit(self._unit.angstrom), float), self._energy(context)

    def _energy(self, context: Any) -> float:
        state = context.getState(getEnergy=True, groups={ENERGY})
        return float(state.getPotentialEnergy().value_in_unit(self._unit.kilojoule_per_mole))

    def _ready(self, held: tuple[Torsion, ...]) -> Any:
        """A context with these torsions held; OpenMM wants a new one when their number changes."""
        key = tuple(atoms for atoms, _ in held)
        if self._context is None or self._context[0] != key:
            system = self._mm.XmlSerializer.clone(self._system)
            if held:
                holder = self._mm.XmlSerializer.clone(self._holder)
                for atoms, angle_deg in held:
                    holder.addTorsion(*atoms, [np.radians(angle_deg)])
                system.addForce(holder)
            platform = self._mm.Platform.getPlatformByName("Reference")
            context = self._mm.Context(system, self._mm.VerletIntegrator(0.001), platform)
            self._context = (key, context, system)
        _, context, system = self._context
        if held:
            holder = system.getForce(system.getNumForces() - 1)
            for number, (atoms, angle_deg) in enumerate(held):
                holder.setTorsionParameters(number, *atoms, [np.radians(angle_deg)])
            holder.updateParametersInContext(context)
            context.setParameter("k", HOLD_KJ_PER_MOL_RAD2)
        return context
