"""Evaporate a pure liquid: one molecule alone in an empty box, for the heat of vaporisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workflow import gromacs, job, mdrun
from workflow.forcefield import check_topology, geometry_nm, molecule_atoms, write_topology
from workflow.gro import write_gro
from workflow.hydrogen_mass import repartition
from workflow.inputs.plan import identity
from workflow.job import RunError, RunJob
from workflow.manifest import VAPOUR_ENERGY
from workflow.protocol import VAPOUR_CUTOFF_NM, vapour_mdp, vapour_stage, without_length
from workflow.workfolder import exclusive, physics_hash, publish, write_text

BOX_EDGE_NM = 6.0  # wider than the cut-off twice; a molecule of this size never meets its image
ROOM_TO_STRETCH = 1.5  # the longest distance in a molecule may become so much longer than in its file


def evaporate(run: RunJob) -> None:
    """Write `system.top` and `energy.edr` of one molecule at the liquid's temperature, with the liquid's constraints.

    The molecule starts as its PDB file has it; it is not heated, which could carry it over a barrier that no molecule
    of the liquid crosses. A longer `vapour_ns` goes on from the checkpoint.
    """
    inputs, system = run.inputs, run.inputs.systems[run.system]
    if not inputs.has_vapour(run.system):
        raise RunError(f"{run.system} is no pure liquid or lengths.vapour_ns is 0, so there is no vapour to simulate.")
    molecule = inputs.molecule(run.system, system.solvents[0])
    xyz_nm = geometry_nm(molecule)
    _check_size(molecule.name, xyz_nm)
    stage, mdp = vapour_stage(inputs, run.system), vapour_mdp(inputs, run.system, run.replica)
    run.out.mkdir(parents=True, exist_ok=True)
    top, atoms = run.out / "system.top", molecule_atoms(molecule)
    write_topology(top, [(molecule, 1, None)], inputs.mixing_rule(run.system), f"one {molecule.name}")
    if inputs.config.dynamics.is_repartitioned:
        repartition(top, inputs.config.dynamics.hydrogen_mass_u)
    identity_of_run = identity(inputs, run.system, run.replica, "vapour")
    work = run.work_root / physics_hash([identity_of_run, top.read_bytes(), without_length(mdp), str(BOX_EDGE_NM)])
    with exclusive(work, f"{run.name} vapour") as lock:
        reporter = run.vapour_reporter(work, len(atoms))
        if not mdrun.is_done(work, stage):
            start = work / "start.gro"
            write_gro(start, [(molecule.name, [atom.name for atom in atoms])], xyz_nm + BOX_EDGE_NM / 2, BOX_EDGE_NM)
            check_topology(top, start)
            write_text(work / f"{stage.name}.mdp", mdp)
            tpr = gromacs.grompp(work, stage.name, start, top)
            task = mdrun.Job(work, lock, run.threads, inputs.config.checkpoint_interval_min, reporter, 0.0)
            mdrun.run_stage(task, stage, tpr)
        reporter.report(now=True, stage=stage.name, done_ps=stage.length_ps, asked_ps=stage.length_ps, state="finished")
        publish([(work / f"{stage.name}.edr", run.out / VAPOUR_ENERGY)])


def _check_size(name: str, xyz_nm: NDArray[np.float64]) -> None:
    """Raise RunError when a pair of atoms could get beyond the cut-off."""
    longest_nm = float(np.linalg.norm(xyz_nm[:, None] - xyz_nm[None], axis=2).max())
    if longest_nm * ROOM_TO_STRETCH > VAPOUR_CUTOFF_NM:
        raise RunError(
            f"{name} is {longest_nm:.2f} nm long, too long for the cut-off of {VAPOUR_CUTOFF_NM} nm in its vapour. "
            "Remedy: set lengths.vapour_ns to 0, which leaves the vapour out."
        )


if __name__ == "__main__":
    raise SystemExit(job.run(evaporate, "vapour"))
