"""Produce one replica: NPT at the length asked for, and the manifest that the analysis reads."""

from __future__ import annotations

from pathlib import Path

from workflow import gromacs, job, mdrun
from workflow.inputs.plan import identity
from workflow.job import RunJob
from workflow.manifest import write_manifest
from workflow.protocol import production_stage, stage_mdp, without_length
from workflow.workfolder import exclusive, physics_hash, publish, write_text


def work_folder(run: RunJob) -> Path:
    """Return where the production of a run is made; raises OSError when it is not equilibrated."""
    mdp = stage_mdp(run.inputs, run.system, run.replica, production_stage(run.inputs, run.system))
    identity_of_run = identity(run.inputs, run.system, run.replica, "production")
    start = [(run.out / name).read_bytes() for name in ("system.top", "equilibrated.gro")]
    return run.work_root / physics_hash([identity_of_run, *start, without_length(mdp)])


def produce(run: RunJob) -> None:
    """Write `traj.xtc`, `energy.edr`, `conf.gro` and, last, `run.json` of one replica.

    A longer `production_ns` continues from the checkpoint: the work folder's name does not depend on it.
    """
    top, start, state = (run.out / name for name in ("system.top", "equilibrated.gro", "equilibrated.cpt"))
    stage = production_stage(run.inputs, run.system)
    mdp, work = stage_mdp(run.inputs, run.system, run.replica, stage), work_folder(run)
    reporter = run.reporter(work)
    with exclusive(work, run.name) as lock:
        if not mdrun.is_done(work, stage):
            write_text(work / f"{stage.name}.mdp", mdp)
            tpr = gromacs.grompp(work, stage.name, start, top, state)
            task = mdrun.Job(work, lock, run.threads, run.inputs.config.checkpoint_interval_min, reporter, 0.0)
            mdrun.run_stage(task, stage, tpr)
        found = mdrun.checkpoint_of(work, stage.name)
        done_ns = (found[1] if found else 0) * stage.timestep_fs / 1e6
        write_manifest(work / "run.json", run, done_ns)
        reporter.report(now=True, stage=stage.name, done_ps=done_ns * 1000, asked_ps=stage.length_ps, state="finished")
        publish(
            [
                (work / "production.xtc", run.out / "traj.xtc"),
                (work / "production.edr", run.out / "energy.edr"),
                (work / "production.gro", run.out / "conf.gro"),
                (work / "run.json", run.out / "run.json"),
            ]
        )


if __name__ == "__main__":
    raise SystemExit(job.run(produce, "production"))
