"""What the three simulation scripts share: arguments, the run they work on, and honest failure."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow import slurm
from workflow.attempts import Attempts
from workflow.cores import own_cores
from workflow.forcefield import ForceFieldError
from workflow.gromacs import GromacsError
from workflow.inputs import InputError, Inputs, identity, load
from workflow.mdrun import Interrupted, MdrunError, OutOfTime, stop_signals
from workflow.packing import PackingError
from workflow.progress import Progress, Reporter
from workflow.protocol import VAPOUR_CUTOFF_NM
from workflow.provenance import recorded
from workflow.workfolder import write_text

ROOT = Path(__file__).resolve().parent.parent
STORAGE_REMEDY = (
    "Remedy: free space or allow writing there, then give the same command again; nothing that was computed is lost."
)
OVERLAY_VARIABLE = "SHEATH_CONFIGFILES"
FAILURE_FILE = "failure.txt"
TIME_REMEDY = "Remedy: raise the `runtime` of this rule in slurm/config.yaml and give the same command again."
BLOWN_UP = ("LINCS", "ettle", "SHAKE", "nfinite", "not finite", "blow", "Water molecule", "has moved", "crashed")
INTERRUPTED = 130
REQUEUE_PATIENCE_S = 60
LOGGER = logging.getLogger("sheath")


class RunError(Exception):
    """A run cannot go on for a physical reason (box too small, chain meets its image); the text says the remedy."""


@dataclass(frozen=True)
class RunJob:
    """One replica of one system: the inputs, where its results go and where its work folders are."""

    inputs: Inputs
    system: str
    replica: int
    out: Path
    work_root: Path
    threads: int

    def reporter(self, work: Path, beside: str = "") -> Reporter:
        """Return what tells the progress of this run's work folder; `beside` names what is not the run itself."""
        atoms, config = self.inputs.compositions[self.system].n_atoms, self.inputs.config
        name = f"{self.system} {beside}" if beside else self.system
        return self._reporter(work, name, atoms, config.cutoff_nm)

    def vapour_reporter(self, work: Path, atoms: int) -> Reporter:
        """Return what tells the progress of the vapour, under a name of its own: it runs beside the liquid."""
        return self._reporter(work, f"{self.system} vapour", atoms, VAPOUR_CUTOFF_NM)

    def _reporter(self, work: Path, name: str, atoms: int, cutoff_nm: float) -> Reporter:
        config = self.inputs.config
        fixed = (name, self.replica, config.results, atoms, self.threads, cutoff_nm, config.dynamics.timestep_fs)
        return Reporter(work, Progress(*fixed))

    @property
    def name(self) -> str:
        """Return the name that people see, e.g. `dol-dme-litfsi r1`."""
        return f"{self.system} r{self.replica}"


def run(step: Callable[[RunJob], None], stage: str, arguments: Sequence[str] | None = None) -> int:
    """Run one script, which brings a run to `stage`, on the run that the command line names; return the exit code.

    A failure is one clear message on standard error and in `<results>/<system>/r<k>/failure.txt`, which
    the report quotes; there is no traceback for what a user can mend.
    """
    options = _options(arguments)
    try:
        _log_to(options.log)
        inputs = load(ROOT, options.configfile or overlays())
    except (InputError, OSError) as error:
        LOGGER.error("%s", error)
        return 2
    job = RunJob(inputs, options.system, options.replica, options.out, options.work, options.threads)
    name = f"{inputs.config.results}-{job.system}-r{job.replica}-{step.__name__}"
    attempts = Attempts(options.work / "attempts" / f"{name}.json")
    if attempts.given_up is not None:
        return _fail(job, attempts.given_up)
    try:
        _check_unchanged(job, stage, options)
        (job.out / FAILURE_FILE).unlink(missing_ok=True)
        noted = recorded(job.out, step.__name__, job.threads, inputs, job.system)
        with noted, stop_signals(), own_cores(job.threads):
            _until_done(step, job, attempts)
    except (Interrupted, KeyboardInterrupt):
        return _stopped(job)
    except OutOfTime as stop:
        return _go_on_later(job, attempts, stop)
    except (GromacsError, PackingError, ForceFieldError, RunError) as error:
        message = _with_remedy(error)
        attempts.give_up(message)
        return _fail(job, message)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            where = error.filename or job.work_root
            return _fail(job, f"{error.strerror}: {where}. {STORAGE_REMEDY}")
        return _unexpected(job, error)
    except Exception as error:  # the boundary: the report must name this run, the log must hold the traceback
        return _unexpected(job, error)
    return 0


def _until_done(step: Callable[[RunJob], None], job: RunJob, attempts: Attempts) -> None:
    """Do a step, again from the last checkpoint when mdrun failed; not a second time without progress."""
    while True:
        try:
            step(job)
            attempts.forget()
            return
        except MdrunError as error:
            if not attempts.again(error.place, str(error)):
                raise GromacsError(f"{error} It was tried twice from {error.place}.") from error
            LOGGER.warning("[%s] %s Trying once more from %s", job.name, error, error.place)


def _stopped(job: RunJob) -> int:
    """Tell that the run was stopped from outside, and why when it was for a time limit."""
    # Ctrl-C reaches mdrun, this process and Snakemake, which then ends its jobs: a second signal can come while the
    # first is dealt with, so what is told does not depend on which one ended this.
    left_s = slurm.seconds_left(time.time())
    if left_s is not None and left_s < 0:
        return _fail(job, f"the job's time limit came before it could stop by itself. {TIME_REMEDY}")
    LOGGER.info("[%s] stopped on request; the same command goes on from the last checkpoint", job.name)
    return INTERRUPTED


def _go_on_later(job: RunJob, attempts: Attempts, stop: OutOfTime) -> int:
    """Let another Slurm job go on from the checkpoint; fail when the last one did not get any further."""
    too_short = f"the job's time ends before any progress is made ({stop.place}). {TIME_REMEDY}"
    if not attempts.again(stop.place, too_short):
        return _fail(job, too_short)
    if slurm.run_again():
        LOGGER.info("[%s] the job's time is over at %s; the next job goes on from there", job.name, stop.place)
        time.sleep(REQUEUE_PATIENCE_S)  # Slurm ends this process
    else:
        LOGGER.info("[%s] the job's time is over at %s; the same command goes on from there", job.name, stop.place)
    return INTERRUPTED


def _with_remedy(error: Exception) -> str:
    """Return what went wrong and, where GROMACS' own words are all there is, what to try."""
    message = str(error)
    if not isinstance(error, GromacsError) or "Remedy" in message:
        return message
    if any(word in message for word in BLOWN_UP):
        return (
            f"{message} The system blew up. Remedy: check its molecules (`./sheath molecule check`); else lower "
            "packing_density_fraction, or lengthen nvt_ps and compress_ps."
        )
    return f"{message} Remedy: mend what GROMACS names, then give the same command again; what was computed is kept."


def overlays() -> list[Path]:
    """Return the overlays that the Snakefile was given, from the environment (see workflow/start.py).

    They are no arguments, since Snakemake would then run everything again when a file is named by another path.
    """
    return [Path(path) for path in os.environ.get(OVERLAY_VARIABLE, "").split(os.pathsep) if path]


def _check_unchanged(job: RunJob, stage: str, options: argparse.Namespace) -> None:
    """Raise RunError when the inputs on disk are no longer those that Snakemake planned with."""
    planned = (options.physics, options.production_ns)
    now = (identity(job.inputs, job.system, job.replica, stage), job.inputs.config.lengths.production_ns)
    if any(one is not None and one != other for one, other in zip(planned, now, strict=True)):
        raise RunError(
            "the inputs were edited while Snakemake was running, so this job was not started. Remedy: give the same "
            "command again; it goes on with the inputs as they are now."
        )


def _unexpected(job: RunJob, error: Exception) -> int:
    LOGGER.exception("[%s] unexpected error, a defect of Sheath", job.name)
    return _fail(
        job, f"unexpected error, a defect of Sheath ({type(error).__name__}: {error}); the log has the details"
    )


def _fail(job: RunJob, message: str) -> int:
    LOGGER.error("[%s] failed: %s", job.name, message)
    try:
        write_text(job.out / FAILURE_FILE, message + "\n")
    except OSError as error:
        LOGGER.error("[%s] the reason could not be written for the report: %s", job.name, error)
    return 1


def _log_to(path: Path | None) -> None:
    """Send messages to standard error and, when a path is given, to that file as well."""
    logging.raiseExceptions = False  # a closed terminal or a full disk must not end the simulation
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path))
    for handler in handlers:
        LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", required=True)
    parser.add_argument("--replica", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="results folder of this replica")
    parser.add_argument("--work", type=Path, required=True, help="root of the work folders")
    parser.add_argument("--physics", help="hash of the physics that the job was planned with")
    parser.add_argument("--production-ns", type=float, help="length of production that the job was planned with")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--log", type=Path, help="file that keeps what is printed")
    parser.add_argument("--configfile", type=Path, action="append", default=[], help="overlay on config.yaml")
    return parser.parse_args(arguments)
