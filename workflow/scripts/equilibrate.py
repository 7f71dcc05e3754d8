"""Equilibrate one replica: minimise, NVT, compress to 1 atm, 400 K at constant volume, NPT."""

from __future__ import annotations

from pathlib import Path

from workflow import gromacs, job, mdrun
from workflow.box import check_box, check_constraints
from workflow.equilibration_record import equilibration_record
from workflow.forcefield import check_topology
from workflow.gro import is_whole
from workflow.inputs.plan import identity
from workflow.job import RunJob
from workflow.protocol import equilibration_stages, minimisation_mdp, production_stage, stage_mdp
from workflow.workfolder import exclusive, physics_hash, publish, write_text


def equilibrate(run: RunJob) -> None:
    """Write `equilibrated.gro`, its checkpoint and `equilibration.csv` of one replica."""
    top, packed = run.out / "system.top", run.out / "packed.gro"
    stages = equilibration_stages(run.inputs, run.system)
    mdps = [stage_mdp(run.inputs, run.system, run.replica, stage) for stage in stages]
    minimisation = minimisation_mdp(run.inputs)
    identity_of_run = identity(run.inputs, run.system, run.replica, "equilibration")
    work = run.work_root / physics_hash([identity_of_run, top.read_bytes(), packed.read_bytes(), minimisation, *mdps])
    reporter = run.reporter(work)
    with exclusive(work, run.name) as lock:
        later_ps = sum(stage.length_ps for stage in stages) + production_stage(run.inputs, run.system).length_ps
        interval_min = run.inputs.config.checkpoint_interval_min
        task = mdrun.Job(work, lock, run.threads, interval_min, reporter, later_ps)
        write_text(work / "minimise.mdp", minimisation)
        structure = work / "minimise.gro"
        if not is_whole(structure):
            structure = mdrun.minimise(task, gromacs.grompp(work, "minimise", packed, top))
        state: Path | None = None
        for stage, mdp in zip(stages, mdps, strict=True):
            later_ps -= stage.length_ps
            task = mdrun.Job(work, lock, run.threads, interval_min, reporter, later_ps)
            if not mdrun.is_done(work, stage):
                write_text(work / f"{stage.name}.mdp", mdp)
                mdrun.run_stage(task, stage, gromacs.grompp(work, stage.name, structure, top, state))
            structure, state = work / f"{stage.name}.gro", work / f"{stage.name}.cpt"
        constraints = run.inputs.config.dynamics.constraints
        check_constraints(work / f"{stages[0].name}.log", check_topology(top, packed), constraints)
        check_box(structure, run)
        write_text(work / "equilibration.csv", equilibration_record(work, stages))
        assert state is not None  # there is always an NVT stage
        names = ("equilibration.csv", "equilibrated.cpt", "equilibrated.gro")
        sources = (work / "equilibration.csv", state, structure)
        publish((source, run.out / name) for source, name in zip(sources, names, strict=True))


if __name__ == "__main__":
    raise SystemExit(job.run(equilibrate, "equilibration"))
