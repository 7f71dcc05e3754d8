"""mdrun that survives: resumes from its checkpoint, stops cleanly on signals, is done when the checkpoint says so."""

from __future__ import annotations

import logging
import math
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from workflow import gromacs, slurm
from workflow.gro import is_whole
from workflow.gromacs import GromacsError
from workflow.progress import Reporter, step_in_log
from workflow.protocol import Stage

LOGGER = logging.getLogger("sheath")
STOP_PATIENCE_S = 120  # a signalled mdrun ends at its next neighbour search and writes a checkpoint
POLL_INTERVAL_S = 0.2
SHORTEST_START_S = 5.0  # mdrun needs as long to begin


class Interrupted(Exception):
    """The run was asked to stop; a checkpoint was written."""


class MdrunError(GromacsError):
    """mdrun failed; `place` is where a next attempt would begin."""

    def __init__(self, text: str, place: str):
        super().__init__(text)
        self.place = place


class OutOfTime(Exception):
    """The time of this Slurm job is nearly over; another job goes on from the checkpoint at `place`."""

    def __init__(self, place: str):
        super().__init__(place)
        self.place = place


@dataclass(frozen=True)
class Job:
    """What one mdrun needs beside its stage: folder, lock that it inherits, threads, checkpoint interval."""

    work: Path
    lock: IO[str]
    threads: int
    checkpoint_interval_min: float
    reporter: Reporter
    later_ps: float  # length of the stages that follow, for the time left


def checkpoint_of(work: Path, name: str) -> tuple[Path, int] | None:
    """Return the newest readable checkpoint of a stage and its step, or None when the stage has none at all.

    Falls back to the checkpoint before, and says so. Raises GromacsError when there are checkpoints but none can be
    read: then a person must decide, nothing is computed again and nothing deleted.
    """
    paths = [path for path in (work / f"{name}.cpt", work / f"{name}_prev.cpt") if path.is_file()]
    for path in paths:
        step = gromacs.checkpoint_step(path)
        if step is not None:
            return path, step
        LOGGER.warning("%s cannot be read; trying the checkpoint before it", path)
    if paths:
        raise GromacsError(
            f"no checkpoint of stage {name} can be read by GROMACS {gromacs.find_gmx().version} (tried "
            f"{', '.join(map(str, paths))}); nothing was deleted. Remedy: use the GROMACS that wrote them, or move the "
            f"files {work / name}.* away to compute this stage again."
        )
    return None


def is_done(work: Path, stage: Stage) -> bool:
    """Tell whether a stage has reached its length: the checkpoint holds the last step, the structure is whole."""
    found = checkpoint_of(work, stage.name)
    return found is not None and found[1] >= stage.steps and is_whole(work / f"{stage.name}.gro")


def run_stage(job: Job, stage: Stage, tpr: Path) -> None:
    """Bring a stage that is not done to its length, from its checkpoint when there is one.

    Raises MdrunError when mdrun fails, OutOfTime when the Slurm job's time ends before the stage does, Interrupted when
    the process was asked to stop.
    """
    found = checkpoint_of(job.work, stage.name)
    begin = found[1] if found else 0
    left_s = slurm.seconds_left(time.time())
    usable_s = slurm.usable_seconds(left_s) if left_s is not None else math.inf
    if usable_s < SHORTEST_START_S:
        raise OutOfTime(_place(stage, begin))
    _prepare_files(job.work, stage.name, resuming=found is not None)
    flags = {"s": tpr, "deffnm": job.work / stage.name, "cpt": job.checkpoint_interval_min}
    if left_s is not None:
        flags["maxh"] = usable_s / 3600
    if found is not None:
        flags["cpi"] = found[0]
    log = job.work / "gromacs.log"
    process = gromacs.start_mdrun(log, job.lock, job.threads, **flags)
    code = _watch(process, job, stage, begin)
    if code == 0 and is_done(job.work, stage):
        return
    found = checkpoint_of(job.work, stage.name)
    place = _place(stage, found[1] if found else 0)
    if code == 0 and left_s is not None:
        raise OutOfTime(place)
    text = _tail(job.work / f"{stage.name}.log") + _tail(log)
    words = gromacs.fatal_message(text)
    raise MdrunError(f"mdrun {_ended(code)} in stage {stage.name} (see {log}): {words}", place)


def _place(stage: Stage, step: int) -> str:
    return f"stage {stage.name}, {step * stage.timestep_fs / 1000:g} of {stage.length_ps:g} ps"


def _ended(code: int) -> str:
    """Return in words how mdrun ended; a system that blows up crashes it as often as GROMACS notices."""
    if code == -signal.SIGKILL:
        return "was killed (signal 9), often for want of memory,"
    return f"crashed (signal {-code})" if code < 0 else f"stopped with exit code {code}"


def _prepare_files(work: Path, name: str, resuming: bool) -> None:
    """Make a stage's files ready for mdrun: appended to when resuming, out of the way when not.

    The last structure always goes: it is of an earlier end, or a stump. A file that also has a published name is
    parted from it first, so that what another results folder shows does not grow.
    """
    (work / f"{name}.gro").unlink(missing_ok=True)
    for path in (work / f"{name}.{suffix}" for suffix in ("xtc", "edr", "log")):
        if not path.is_file():
            continue
        if not resuming:
            path.replace(path.with_name(f"{path.name}.without-checkpoint"))
        elif path.stat().st_nlink > 1:
            copy = path.with_name(f".{path.name}.new")
            shutil.copyfile(path, copy)
            copy.replace(path)


def minimise(job: Job, tpr: Path) -> Path:
    """Minimise the energy and return the relaxed structure; repeated from the start when interrupted.

    Raises MdrunError when mdrun fails, Interrupted when the process was asked to stop.
    """
    structure = job.work / "minimise.gro"
    if is_whole(structure):
        return structure
    log = job.work / "gromacs.log"

    def tell() -> None:
        job.reporter.report(stage="minimise", later_ps=job.later_ps)

    run_once("the minimisation", log, job.lock, job.threads, tell, s=tpr, deffnm=job.work / "minimise")
    if not is_whole(structure):
        raise MdrunError(f"the minimisation failed: {gromacs.fatal_message(_tail(log))}", "the minimisation")
    return structure


def run_once(
    what: str, log: Path, lock: IO[str], threads: int, tell: Callable[[], None] = lambda: None, **flags: Any
) -> None:
    """Run an mdrun that has no stages to its end, its output appended to `log`; `flags` as `gromacs.start_mdrun` has.

    Raises MdrunError, with `what` and GROMACS' own words, when it fails; Interrupted when asked to stop.
    """
    if wait(gromacs.start_mdrun(log, lock, threads, **flags), tell) != 0:
        raise MdrunError(f"{what} failed, see {log}: {gromacs.fatal_message(_tail(log))}", what)


def _watch(process: subprocess.Popen[str], job: Job, stage: Stage, begin: int) -> int:
    """Wait for mdrun, telling its progress; speed counts the steps of this start only."""
    started, ps_per_step = time.monotonic(), stage.timestep_fs / 1000
    log = job.work / f"{stage.name}.log"

    def tell(now: bool = False) -> None:
        step = min(max(step_in_log(log), begin), stage.steps)
        elapsed_days = (time.monotonic() - started) / 86400
        speed = (step - begin) * ps_per_step / 1000 / elapsed_days if step > begin else None
        job.reporter.report(
            now,
            stage=stage.name,
            done_ps=step * ps_per_step,
            asked_ps=stage.length_ps,
            later_ps=job.later_ps,
            ns_per_day=speed,
        )

    tell(now=True)
    code = wait(process, tell)
    tell(now=True)
    return code


def wait(process: subprocess.Popen[str], tell: Callable[[], None] = lambda: None) -> int:
    """Wait for a process, calling `tell` meanwhile; asked to stop, let it end cleanly and raise Interrupted."""
    try:
        while process.poll() is None:
            time.sleep(POLL_INTERVAL_S)
            tell()
    except (KeyboardInterrupt, Interrupted) as stop:
        process.terminate()
        try:
            process.wait(STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise Interrupted("stopped on request; the same command goes on from the last checkpoint") from stop
    return process.returncode


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into Interrupted, so that mdrun is stopped cleanly before this process ends."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Interrupted(signal.Signals(number).name)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tail(path: Path, size_bytes: int = 200_000) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - size_bytes))
        return handle.read().decode(errors="replace")
