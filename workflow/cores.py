"""Each mdrun on cores of its own: several runs side by side never share one while others are idle.

Cores are taken by locks on files that all processes of this user on this machine see, so that runs of one Snakemake, of
several, and of several cluster jobs on one node keep apart. A lock ends with the process that holds it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

SIBLINGS = "/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"


@contextmanager
def own_cores(wanted: int, folder: Path | None = None) -> Iterator[list[int]]:
    """Bind this process, and what it starts, to so many free cores; yield their numbers.

    Nothing is bound, and nothing yielded, when fewer are free or where cores cannot be chosen (not on Linux): the
    system then shares them out as ever.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield []
        return
    before = os.sched_getaffinity(0)
    with ExitStack() as held:
        taken: list[int] = []
        for core in _neighbours_together(sorted(before)):
            lock = _lock(folder or _folder(), core)
            if lock is not None:
                held.enter_context(lock)
                taken.append(core)
            if len(taken) == wanted:
                break
        if len(taken) < wanted:
            held.close()
            yield []
            return
        os.sched_setaffinity(0, taken)
        try:
            yield taken
        finally:
            os.sched_setaffinity(0, before)


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"sheath-cores-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _lock(folder: Path, core: int) -> IO[str] | None:
    """Return the lock of a core, or None when another process has it."""
    try:
        handle = (folder / str(core)).open("a")
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def _neighbours_together(cores: Sequence[int]) -> list[int]:
    """Return cores so ordered that the hardware threads of one physical core follow each other."""
    return sorted(cores, key=lambda core: (_first_sibling(core), core))


def _first_sibling(core: int) -> int:
    try:
        text = Path(SIBLINGS.format(core=core)).read_text(encoding="ascii")
        return int(text.replace("-", ",").split(",")[0])
    except (OSError, ValueError):
        return core
