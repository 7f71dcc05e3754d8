"""The audit's own energy of one molecule, against OpenMM; its minimum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openmm
import parmed
import pytest
from openmm import unit

from workflow.audit.energy import Energy, relaxed
from workflow.audit.topology import Topology
from workflow.forcefield import write_topology
from workflow.inputs.molecule_files import bibliography, check_content, read_declared
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Problems

ROOT = Path(__file__).resolve().parents[3]
MOLECULES = ROOT / "forcefields/opls-aa/molecules"


def read(name: str) -> tuple[Molecule, Topology]:
    problems = Problems(ROOT)
    molecule = read_declared(MOLECULES / name, bibliography(ROOT, problems), problems)
    (topology,) = check_content(MOLECULES / name, molecule, problems)
    assert molecule is not None and not problems.found
    return molecule, topology


@pytest.mark.parametrize("name", ["EC", "TFSI"])
def test_energy_is_that_of_openmm(name: str, tmp_path: Path) -> None:
    molecule, topology = read(name)
    assert topology.xyz_nm is not None
    xyz_nm = topology.xyz_nm + np.random.default_rng(5).normal(0, 0.005, topology.xyz_nm.shape)
    write_topology(tmp_path / "one.top", [(molecule, 1, None)], "geometric", name)
    top = parmed.gromacs.GromacsTopologyFile(str(tmp_path / "one.top"))
    system = top.createSystem(nonbondedMethod=openmm.app.NoCutoff)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(xyz_nm)
    theirs = context.getState(getEnergy=True).getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    assert Energy(topology).of(xyz_nm[None])[0] == pytest.approx(theirs, rel=2e-5)


def test_gradient_is_the_slope_of_the_energy_and_zero_at_the_minimum() -> None:
    _, topology = read("EC")
    energy = Energy(topology)
    assert topology.xyz_nm is not None
    start = topology.xyz_nm + np.random.default_rng(6).normal(0, 0.01, topology.xyz_nm.shape)
    step = np.random.default_rng(7).normal(0, 1, start.shape)
    slope = (energy.of((start + 1e-6 * step)[None]) - energy.of((start - 1e-6 * step)[None]))[0] / 2e-6
    assert float(np.sum(energy.gradient(start) * step)) == pytest.approx(slope, rel=1e-4)
    minimum = relaxed(energy, start)
    assert np.abs(energy.gradient(minimum)).max() < 3.0  # kJ/mol/nm, a tenth of what the pdb's rounding makes
    lengths = [np.linalg.norm(xyz[:, None] - xyz[None], axis=2) for xyz in (minimum, topology.xyz_nm)]
    assert np.abs(lengths[0] - lengths[1]).max() < 0.002  # the structure that comes with EC, turned
