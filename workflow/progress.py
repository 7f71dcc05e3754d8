"""Progress of running systems: one line on the terminal, one small file per work folder for `./sheath status`."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from workflow.workfolder import PROGRESS_FILE, write_text

LOGGER = logging.getLogger("sheath")
PRINT_INTERVAL_S = 20.0
WRITE_INTERVAL_S = 5.0
LOG_TAIL_BYTES = 65536


@dataclass(frozen=True)
class Progress:
    """Where one run stands; `state` is running, waiting, finished or failed, times are Unix seconds."""

    system: str
    replica: int
    results: str
    atoms: int
    threads: int
    cutoff_nm: float
    timestep_fs: float
    stage: str = "start"
    done_ps: float = 0.0
    asked_ps: float = 0.0
    later_ps: float = 0.0  # stages of the same run that follow
    ns_per_day: float | None = None
    state: str = "running"
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    updated_s: float = field(default_factory=time.time)

    @property
    def seconds_left(self) -> float | None:
        """Expected time to the end of this job's stages, from the speed measured so far."""
        if not self.ns_per_day:
            return None
        return (self.asked_ps - self.done_ps + self.later_ps) / 1000 / self.ns_per_day * 86400

    def line(self) -> str:
        """Return the one line that people read."""
        if not self.asked_ps:  # packing and the like have no length
            return f"[{self.system} r{self.replica}] {self.stage}"
        unit, scale = ("ns", 1000.0) if self.asked_ps >= 1000 else ("ps", 1.0)
        done = f"{self.done_ps / scale:.2f} of {self.asked_ps / scale:.2f} {unit}"
        speed = f"{self.ns_per_day:.1f} ns/day" if self.ns_per_day else "speed not yet known"
        left = self.seconds_left
        time_left = f"{duration(left)} left" if left is not None else "time left not yet known"
        return f"[{self.system} r{self.replica}] {self.stage}: {done}, {speed}, {time_left}"


def duration(seconds: float) -> str:
    """Return a time span as people say it: 40 s, 12 min, 3.5 h, 2.1 days."""
    for limit, unit, length in ((90, "s", 1), (5400, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}" if length < 3600 else f"{seconds / length:.1f} h"
    return f"{seconds / 86400:.1f} days"


def step_in_log(log: Path) -> int:
    """Return the last MD step that a GROMACS log reports, 0 when there is none."""
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            tail = handle.read().decode(errors="replace")
    except OSError:
        return 0
    steps = re.findall(r"\n\s+Step\s+Time\n\s+(\d+)\s", tail)
    return int(steps[-1]) if steps else 0


class Reporter:
    """Prints and stores the progress of one run, throttled; begins with what is known before mdrun starts."""

    def __init__(self, work: Path, first: Progress):
        self._path = work / PROGRESS_FILE
        self._progress = first
        self._printed = 0.0
        self._written = 0.0

    def report(self, now: bool = False, **changes: Any) -> None:
        """Store and print where the run stands, at most every few seconds unless `now`.

        `changes` are the fields of Progress that are new.
        """
        clock = time.monotonic()
        self._progress = replace(self._progress, updated_s=time.time(), **changes)
        if now or clock - self._written >= WRITE_INTERVAL_S:
            write_text(self._path, json.dumps(asdict(self._progress), indent=1))
            self._written = clock
        if now or clock - self._printed >= PRINT_INTERVAL_S:
            LOGGER.info(self._progress.line())
            self._printed = clock


def read_all(work_root: Path) -> list[Progress]:
    """Return the progress of every run under a work root, newest last; unreadable files are left out."""
    found = []
    for path in work_root.glob(f"*/{PROGRESS_FILE}"):
        try:
            found.append(Progress(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return sorted(found, key=lambda progress: progress.updated_s)


def is_alive(progress: Progress) -> bool:
    """Tell whether the process that wrote this progress still runs (known only on its own host)."""
    if progress.host != socket.gethostname():
        return time.time() - progress.updated_s < 120
    return Path(f"/proc/{progress.pid}").exists() if Path("/proc").is_dir() else _signal_reaches(progress.pid)


def _signal_reaches(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
