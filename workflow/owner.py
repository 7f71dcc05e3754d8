"""Who works in a folder: one writer, by a lock and by the owner's name in it.

On many disks that machines share, a lock on one machine does not hold on another. The lock file therefore names its
owner, who is believed to work there only while the Slurm job lives or, without one, while a sign of life is fresh.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from workflow import slurm

NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
FRESH_S = 120.0


def user_of(handle: IO[str], sign: Path) -> str | None:
    """Take the lock of a folder and return None, or return who works there.

    Parameters
    ----------
    handle
        The open lock file.
    sign
        A file that the owner writes every few seconds.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = True
    except BlockingIOError:
        return described(read(handle))
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        locked = False
    owner = read(handle)
    if not owner or not _works(owner, sign, locked):
        return None
    if locked:
        fcntl.flock(handle, fcntl.LOCK_UN)
    return described(owner)


def read(handle: IO[str]) -> dict[str, Any]:
    """Return what a lock file says of its owner; nothing after a clean end."""
    handle.seek(0)
    with suppress(ValueError):
        found = json.loads(handle.read())
        return found if isinstance(found, dict) else {}
    return {}


def write(handle: IO[str], **more: str | None) -> None:
    """Name this process as the owner."""
    own = {"host": socket.gethostname(), "pid": os.getpid(), "job": slurm.job_id(), **more}
    clear(handle)
    handle.write(json.dumps(own))
    handle.flush()


def clear(handle: IO[str]) -> None:
    """Name nobody."""
    handle.seek(0)
    handle.truncate()
    handle.flush()


def described(owner: dict[str, Any]) -> str:
    """Return an owner as people read it."""
    if not owner:
        return "another process"
    job = f"Slurm job {owner['job']}, " if owner.get("job") else ""
    return f"{job}process {owner.get('pid')} on {owner.get('host')}"


def _works(owner: dict[str, Any], sign: Path, locked: bool) -> bool:
    """Tell whether the owner that a lock file names still works."""
    if owner.get("host") == socket.gethostname():
        return not locked and _exists(int(owner.get("pid", 0)))
    job = owner.get("job")
    if job and job != slurm.job_id():
        return slurm.lives(job) is not False  # without an answer, waiting is the safe side
    # The same job on another node before: a node that Slurm lost may still write.
    try:
        return time.time() - sign.stat().st_mtime < FRESH_S
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
