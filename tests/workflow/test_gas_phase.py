"""A chain that was hot in the gas phase: whole, different each time, never the straight zigzag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workflow.conformers import draw
from workflow.forcefield import molecule_atoms, molecule_bonds
from workflow.gas_phase import hot_conformers
from workflow.inputs.plan import Inputs
from workflow.mdrun import Job
from workflow.progress import Progress, Reporter
from workflow.workfolder import exclusive


@pytest.mark.slow
def test_hot_conformers_are_whole_coiled_and_different(default_inputs: Inputs, tmp_path: Path) -> None:
    molecule, monomers, count = default_inputs.molecules["PAB"], 8, 4
    starts = [one.xyz_nm for one in draw(molecule, monomers, count, 5)]
    reporter = Reporter(tmp_path, Progress("a", 1, "results", 0, 1, 1.2, 2.0))
    with exclusive(tmp_path, "test") as lock:
        found = hot_conformers(molecule, monomers, starts, 5, Job(tmp_path / "gas_phase", lock, 1, 1.0, reporter, 0.0))
    assert len(found) == count
    bonds = np.array(molecule_bonds(molecule, monomers))
    heavy = [not atom.name.startswith("H") for atom in molecule_atoms(molecule, monomers)]
    straight_nm = 0.158 * np.sin(np.radians(110) / 2) * (sum(heavy) - 1)
    ends = [np.flatnonzero(heavy)[0], np.flatnonzero(heavy)[-1]]
    for xyz_nm in found:
        lengths = np.linalg.norm(xyz_nm[bonds[:, 0]] - xyz_nm[bonds[:, 1]], axis=1)
        assert lengths.min() > 0.08
        assert lengths.max() < 0.20  # a torn or wrapped chain has a bond as long as its box
        assert np.linalg.norm(xyz_nm[ends[1]] - xyz_nm[ends[0]]) < 0.8 * straight_nm
    distances = [np.linalg.norm(one[:, None] - one[None], axis=2) for one in found]
    assert all(np.abs(distances[i] - distances[0]).max() > 0.05 for i in range(1, count))
