"""Conformers of a flexible chain from a short hot run of one chain in the gas phase."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from numpy.typing import NDArray

from workflow import gromacs, mdrun
from workflow.forcefield import check_topology, molecule_atoms, write_topology
from workflow.gro import write_gro
from workflow.inputs import Molecule
from workflow.protocol import GAS_PHASE_CUTOFF_NM, gas_phase_mdp
from workflow.workfolder import write_text

BOX_EDGE_NM = 2 * GAS_PHASE_CUTOFF_NM + 4  # larger than twice the cut-off plus any chain: it never meets its image
HEATING_PS = 5.0
SPACING_PS = 5.0  # at 800 K torsions turn within about a picosecond


def hot_conformers(
    molecule: Molecule, monomers: int, starts: Sequence[NDArray[np.float64]], seed: int, task: mdrun.Job
) -> list[NDArray[np.float64]]:
    """Return one snapshot per chain asked for, taken every 5 ps from one chain kept at 800 K in an empty box.

    `starts` are clash-free built structures, (n_atoms, 3) in nm, one per chain; the run begins at the first.
    Raises GromacsError when the run fails.
    """
    work = task.work
    work.mkdir(parents=True, exist_ok=True)
    top, count = work / "chain.top", len(starts)
    write_topology(top, [(molecule, 1, monomers)], "geometric", f"one {molecule.name} chain")
    gro = work / "chain.gro"
    names = [atom.name for atom in molecule_atoms(molecule, monomers)]
    write_gro(gro, [(molecule.name, names)], starts[0] - starts[0].mean(axis=0) + BOX_EDGE_NM / 2, BOX_EDGE_NM)
    check_topology(top, gro)
    length_ps = HEATING_PS + SPACING_PS * count
    _run(task, "gas_phase_minimise", gro, top, gas_phase_mdp("gas_phase_minimise", 0, 1, seed))
    mdp = gas_phase_mdp("gas_phase", length_ps, round(length_ps / SPACING_PS), seed)
    _run(task, "gas_phase", work / "gas_phase_minimise.gro", top, mdp)
    universe = mda.Universe(str(gro), str(work / "gas_phase.xtc"))
    frames = [frame.positions.astype(float) / 10 for frame in universe.trajectory[-count:]]
    return [_whole(xyz_nm) for xyz_nm in frames]


def _run(task: mdrun.Job, name: str, structure: Path, top: Path, mdp: str) -> None:
    work = task.work
    write_text(work / f"{name}.mdp", mdp)
    tpr = gromacs.grompp(work, name, structure, top)
    what = f"the gas-phase run ({name}) of one chain"

    def tell() -> None:
        task.reporter.report(stage="chain conformers")

    mdrun.run_once(what, work / "gromacs.log", task.lock, 1, tell, s=tpr, deffnm=work / name)


def _whole(xyz_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo the wrapping of a chain far smaller than half its box, and centre it."""
    moved = xyz_nm - xyz_nm[0]
    moved -= BOX_EDGE_NM * np.round(moved / BOX_EDGE_NM)
    return np.asarray(moved - moved.mean(axis=0))
