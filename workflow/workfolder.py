"""Work folders: where mdrun lives, out of Snakemake's reach, one per identity of the physics.

A folder's name is a hash of everything that decides the trajectory except its length. Changed physics
therefore never meets an old checkpoint, and a run that only became longer goes on from its own.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from workflow import owner

LOGGER = logging.getLogger("sheath")
WAIT_MESSAGE_INTERVAL_S = 20
PROGRESS_FILE = "progress.json"  # written every few seconds by whoever works in the folder
NO_HARD_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK)


def physics_hash(parts: Iterable[str | bytes]) -> str:
    """Return 16 hexadecimal digits that identify the given texts and their order."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


@contextmanager
def exclusive(folder: Path, who: str) -> Iterator[IO[str]]:
    """Hold the folder's lock; wait, and say so, while another process or job (an orphaned mdrun) works there.

    Yields the open lock file, to be inherited by mdrun. Host, process and Slurm job are written into it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as handle:
        next_message = 0.0
        while (other := owner.user_of(handle, folder / PROGRESS_FILE)) is not None:
            if time.monotonic() >= next_message:
                LOGGER.info("[%s] waiting: %s still works in %s", who, other, folder)
                next_message = time.monotonic() + WAIT_MESSAGE_INTERVAL_S
            time.sleep(1)
        owner.write(handle)
        try:
            yield handle
        finally:
            owner.clear(handle)


def publish(pairs: Iterable[tuple[Path, Path]]) -> None:
    """Hard-link finished work files to their declared names, in the given order (the manifest last).

    A link, not a move: mdrun must find its files again when the run is made longer. Where the file
    system has no hard links, the file is copied.
    """
    for source, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(source):
            continue  # renaming one link of a file over another does nothing and would leave the first
        fresh = target.with_name(f".{target.name}.new")
        fresh.unlink(missing_ok=True)
        try:
            fresh.hardlink_to(source)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            shutil.copyfile(source, fresh)
        fresh.replace(target)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
