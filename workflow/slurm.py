"""What Slurm is asked about jobs: how long this one may still run, whether another lives, to run this one again.

Snakemake submits the jobs (slurm/config.yaml). Nothing here needs accounting: squeue, scontrol and scancel suffice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

START_VARIABLE = "SHEATH_START"  # which start of Snakemake a job belongs to
START_JOB_VARIABLE = "SHEATH_START_JOB"  # the Slurm job in which Snakemake itself was started, if any
ANSWER_LIMIT_S = 60
NOT_RUNNING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT")
SHORTEST_MARGIN_S, LONGEST_MARGIN_S, MARGIN_SHARE = 10.0, 300.0, 0.05


def job_id() -> str | None:
    """Return the Slurm job that this process runs in, or None."""
    return os.environ.get("SLURM_JOB_ID")


def seconds_left(now_s: float) -> float | None:
    """Return how long this job may still run; None without a limit, outside of Slurm, or when Slurm does not answer."""
    job = job_id()
    if job is None:
        return None
    answer = _ask("squeue", "--noheader", "--job", job, "--format", "%e", SLURM_TIME_FORMAT="%s")
    end_s = (answer or "").strip()
    return float(end_s) - now_s if end_s.isdigit() else None


def usable_seconds(left_s: float) -> float:
    """Return how much of the time that is left a simulation may use; the rest is for its end: checkpoint and files."""
    return left_s - min(LONGEST_MARGIN_S, max(SHORTEST_MARGIN_S, MARGIN_SHARE * left_s))


def lives(job: str) -> bool | None:
    """Tell whether a job has processes now; None when Slurm does not answer."""
    answer = _ask("squeue", "--noheader", "--job", job, "--format", "%T")
    if answer is None:
        return None
    return any(state not in NOT_RUNNING for state in answer.split())


def run_again() -> bool:
    """Put this job back into the queue, as it is; Slurm then ends it. False when Slurm refuses.

    Only jobs that Snakemake submitted are: in somebody's own job script this would start everything again.
    """
    job = job_id()
    if job is None or START_VARIABLE not in os.environ or job == os.environ.get(START_JOB_VARIABLE):
        return False
    return _ask("scontrol", "requeue", job) is not None


def unfinished(name: str) -> dict[str, str] | None:
    """Return the jobs of this name that wait or run, each with why it waits; None when Slurm does not answer."""
    answer = _ask("squeue", "--noheader", "--name", name, "--format", "%i|%r")
    if answer is None:
        return None
    return {job: reason for job, _, reason in (line.strip().partition("|") for line in answer.splitlines())}


def cancel(jobs: Iterable[str]) -> None:
    """Ask jobs to end; mdrun then writes a checkpoint."""
    _ask("scancel", *jobs)


def _ask(*command: str, **environment: str) -> str | None:
    """Return what one of Slurm's programs says, nothing for a job that it no longer knows, None when it fails."""
    try:
        done = subprocess.run(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return "" if "Invalid job id" in done.stderr else None
    return done.stdout
