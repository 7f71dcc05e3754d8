"""Sample the pressure tensor of one replica in short runs at constant volume, for its viscosity.

Each segment starts from a frame of the production, spread evenly over it, with velocities of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow import gromacs, job, mdrun
from workflow.gro import box_nm
from workflow.inputs import identity
from workflow.job import RunError, RunJob
from workflow.protocol import PRESSURES, Stage, production_stage, viscosity_mdp, viscosity_stages
from workflow.workfolder import exclusive, physics_hash, publish

COMPONENTS = ("Pres-XX", "Pres-YY", "Pres-ZZ", "Pres-XY", "Pres-XZ", "Pres-YZ")


def sample_pressure(run: RunJob) -> None:
    """Write `viscosity/pressure.npz` of one replica; each segment that is done stays done.

    The file holds, for S segments of N samples: `pressure_bar` (S, N, 6) float32 in the order xx yy zz xy xz yz,
    `interval_ps`, `volume_nm3` (S,) and `temperature_K` (S,), the segments' means, and `production_hash`, which says to
    which production it belongs.
    """
    lengths = run.inputs.config.lengths
    if lengths.viscosity_segments == 0:
        raise RunError("lengths.viscosity_segments is 0, so there is no pressure to sample.")
    stages = viscosity_stages(run.inputs, run.system)
    times_ps = start_times_ps(lengths.viscosity_segments, production_stage(run.inputs, run.system).length_ps)
    production = identity(run.inputs, run.system, run.replica, "production")
    parts: list[str | bytes] = [production, repr(times_ps)]
    parts += [viscosity_mdp(run.inputs, run.system, run.replica, 0, stage) for stage in stages]
    work = run.work_root / physics_hash([*parts, (run.out / "system.top").read_bytes()])
    reporter, interval_min = run.reporter(work, "viscosity"), run.inputs.config.checkpoint_interval_min
    with exclusive(work, f"{run.name} viscosity") as lock:
        for number, time_ps in enumerate(times_ps):
            later_ps = (len(times_ps) - number - 1) * sum(stage.length_ps for stage in stages)
            task = mdrun.Job(work, lock, run.threads, interval_min, reporter, later_ps)
            if not _samples(work, number).is_file():
                _segment(run, task, stages, number, time_ps)
        _join([_samples(work, number) for number in range(len(times_ps))], production, work / PRESSURES.name)
        last = stages[-1]
        reporter.report(
            now=True, stage=last.name, done_ps=last.length_ps, asked_ps=last.length_ps, later_ps=0.0, state="finished"
        )
        publish([(work / PRESSURES.name, run.out / PRESSURES)])


def start_times_ps(segments: int, production_ps: float) -> tuple[float, ...]:
    """Return the times of the frames to start from: the middles of equal parts of the production."""
    return tuple((number + 0.5) * production_ps / segments for number in range(segments))


def _segment(run: RunJob, task: mdrun.Job, stages: tuple[Stage, ...], number: int, time_ps: float) -> None:
    """Run one segment and keep its pressures; its energy file, hundreds of times as large, goes."""
    work, top = task.work, run.out / "system.top"
    structure, state = _frame(run, work, number, time_ps), None
    for template in stages:
        stage = template.numbered(number)
        if not mdrun.is_done(work, stage):
            mdp = viscosity_mdp(run.inputs, run.system, run.replica, number, template)
            (work / f"{stage.name}.mdp").write_text(mdp, encoding="utf-8")
            mdrun.run_stage(task, stage, gromacs.grompp(work, stage.name, structure, top, state))
        structure, state = work / f"{stage.name}.gro", work / f"{stage.name}.cpt"
    energy = work / f"{stage.name}.edr"
    fresh = work / f".{_samples(work, number).name}"
    np.savez(fresh, allow_pickle=False, **_pressures(energy), volume_nm3=float(np.prod(box_nm(structure))))
    fresh.replace(_samples(work, number))
    energy.unlink()


def _frame(run: RunJob, work: Path, number: int, time_ps: float) -> Path:
    """Return the frame of the production nearest to a time as a structure file."""
    path = work / f"start{number:02d}.gro"
    if not path.is_file():
        fresh = path.with_name(f".{path.name}")
        flags = {"f": run.out / "traj.xtc", "s": run.out / "conf.gro", "o": fresh, "dump": time_ps}
        gromacs.run_tool("trjconv", work / "gromacs.log", answer="0", **flags)
        fresh.replace(path)
    return path


def _samples(work: Path, number: int) -> Path:
    return work / f"pressure{number:02d}.npz"


def _pressures(energy: Path) -> dict[str, NDArray[np.float32] | float]:
    """Return pressures (N, 6) in bar, their spacing in ps and the mean temperature of one segment."""
    import pyedr

    terms = pyedr.edr_to_dict(str(energy))
    times = np.asarray(terms["Time"], dtype=float)
    interval_ps = float(np.median(np.diff(times)))
    # The last step is always written, even off the spacing.
    even = int((times[-1] - times[0]) / interval_ps + 1e-3) + 1
    return {
        "pressure_bar": np.stack([terms[name][:even] for name in COMPONENTS], axis=1).astype(np.float32),
        "interval_ps": interval_ps,
        "temperature_K": float(np.mean(terms["Temperature"])),
    }


def _join(paths: list[Path], production: str, out: Path) -> None:
    loaded = []
    for path in paths:
        with np.load(path) as file:
            loaded.append({key: file[key] for key in file.files})
    fresh = out.with_name(f".{out.name}")
    np.savez_compressed(
        fresh,
        allow_pickle=False,
        production_hash=production,
        pressure_bar=np.stack([one["pressure_bar"] for one in loaded]),
        interval_ps=loaded[0]["interval_ps"],
        volume_nm3=np.array([one["volume_nm3"] for one in loaded]),
        temperature_K=np.array([one["temperature_K"] for one in loaded]),
    )
    fresh.replace(out)


if __name__ == "__main__":
    raise SystemExit(job.run(sample_pressure, "production"))
