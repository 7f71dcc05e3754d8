"""Boxes that are too narrow and chains that meet their image are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workflow import box
from workflow.forcefield import TopologySummary, molecule_atoms
from workflow.gro import write_gro
from workflow.inputs.plan import Inputs
from workflow.job import RunError, RunJob

SYSTEM = "dol-dme-litfsi-pab"


def job(inputs: Inputs, folder: Path) -> RunJob:
    return RunJob(inputs, SYSTEM, 1, folder, folder, 1)


def structure(inputs: Inputs, folder: Path, edge_nm: float, chain_length_nm: float) -> Path:
    """Write the preview box with all molecules at one point but the chains, which are straight along x."""
    composition, residues, positions = inputs.compositions[SYSTEM], [], []
    for name, count in composition.counts:
        molecule = inputs.molecules[name]
        polymer = molecule.kind == "polymer"
        names = [atom.name for atom in molecule_atoms(molecule, composition.monomers if polymer else None)]
        xyz = np.zeros((len(names), 3))
        xyz[:, 0] = np.linspace(0, chain_length_nm, len(names)) if polymer else 0.0
        for _ in range(count):
            residues.append((name, names))
            positions.append(xyz % edge_nm)
    write_gro(folder / "box.gro", residues, np.concatenate(positions), edge_nm)
    return folder / "box.gro"


def test_a_good_box_passes(preview_inputs: Inputs, tmp_path: Path) -> None:
    box.check_box(structure(preview_inputs, tmp_path, 2.8, 1.0), job(preview_inputs, tmp_path))


def test_a_narrow_box_is_refused_with_the_factor_that_helps(preview_inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"2\.30 nm wide.*needs 2\.50 nm.*multiply the box size"):
        box.check_box(structure(preview_inputs, tmp_path, 2.3, 0.5), job(preview_inputs, tmp_path))


def test_a_chain_near_its_own_image_is_refused_also_when_wrapped(preview_inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"1\.00 nm away from its own periodic image"):
        box.check_box(structure(preview_inputs, tmp_path, 3.0, 2.0), job(preview_inputs, tmp_path))


def test_constraints_must_be_those_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "nvt.log"
    log.write_text("Initializing LINear Constraint Solver\nThe number of constraints is 120\n")
    right = TopologySummary(n_atoms=250, n_hydrogens=120, n_bonds=240, n_molecules=10, charge_e=0.0, mass_u=1.0)
    box.check_constraints(log, right, "h-bonds")
    box.check_constraints(log, replace(right, n_hydrogens=80, n_bonds=120), "all-bonds")
    with pytest.raises(RunError, match=r"120 bonds.*133 hydrogen"):
        box.check_constraints(log, replace(right, n_hydrogens=133), "h-bonds")
    with pytest.raises(RunError, match=r"120 bonds.*240 bonds"):
        box.check_constraints(log, right, "all-bonds")
