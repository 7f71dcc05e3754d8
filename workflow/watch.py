"""A thread of the main process: a sign of life in the results folder's lock, and an eye on Slurm.

The executor plugin asks Slurm about its jobs every 10 to 180 s. Where Slurm does not answer it forgets them, and
Snakemake then waits for ever without a word (plugin 2.8.0). This thread tells both, and ends Snakemake when nothing can
come.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workflow import slurm

INTERVAL_S = 20.0
# Reasons for which a job waits until somebody changes something.
HOPELESS = re.compile(r"held|invalid|badconstraints|partition(config|timelimit|nodelimit)|perjob", re.IGNORECASE)
IDLE_LIMIT_S = 420.0  # longer than the plugin's longest pause, the wait for files and a submission together
SILENT = (
    "Slurm does not answer (`squeue` fails). Jobs that run go on, and nothing that was computed is lost. "
    "Remedy: wait; should Slurm stay away, stop with Ctrl-C and give the same command again later."
)
NEVER_STARTS = (
    "Slurm job {job} will not start by itself ({reason}). Remedy: when it asks for more than the cluster gives, stop "
    "with Ctrl-C, change runtime, threads, mem_mb, partition or account in slurm/config.yaml and give the same command "
    "again; a held job is freed with `scontrol release {job}`."
)
FORGOTTEN = (
    "no job of this start waits or runs in Slurm any more, but Snakemake does not see that they ended, as happens when "
    "Slurm did not answer for a while. Snakemake is ended now. Remedy: give the same command again; nothing is lost."
)


def begin(lock: Path, jobs: str | None) -> None:
    """Watch until this process ends; `jobs` is the name that its Slurm jobs have, if it submits any."""
    threading.Thread(target=_run, args=(lock, jobs), daemon=True).start()


def _run(lock: Path, jobs: str | None) -> None:
    # Not SIGINT: a Snakemake that a script started in the background ignores it.
    watch = Watch(jobs, _say, lambda: os._exit(1))
    while True:
        time.sleep(INTERVAL_S)
        with suppress(OSError):
            os.utime(lock)
        watch.look(time.monotonic())


class Watch:
    """What was seen of the jobs so far."""

    def __init__(self, jobs: str | None, say: Callable[[str], None], stop: Callable[[], None]):
        self._jobs, self._say, self._stop = jobs, say, stop
        self._told: set[str] = set()
        self._silent_since: float | None = None
        self._idle_since: float | None = None

    def look(self, now_s: float) -> None:
        """Ask Slurm, tell what changed, and stop when nothing has been under way for too long."""
        if self._jobs is None:
            return
        unfinished = slurm.unfinished(self._jobs)
        if unfinished is None:
            if self._silent_since is None:
                self._say(SILENT)
                self._silent_since = now_s
            return
        if self._silent_since is not None:
            self._say(f"Slurm answers again, after {now_s - self._silent_since:.0f} s.")
            self._silent_since = None
        for job, reason in unfinished.items():
            if HOPELESS.search(reason) and job not in self._told:
                self._say(NEVER_STARTS.format(job=job, reason=reason))
                self._told.add(job)
        if unfinished or _children():
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now_s
        elif now_s - self._idle_since > IDLE_LIMIT_S:
            self._say(FORGOTTEN)
            self._stop()
            self._idle_since = None


def _children() -> bool:
    """Tell whether this process runs anything itself, such as a local rule."""
    return any(path.read_text() for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"))


def _say(text: str) -> None:
    sys.stderr.write(f"Sheath: {text}\n")
    sys.stderr.flush()
