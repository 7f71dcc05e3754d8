"""Where the frames of an XTC file begin, also in a file with damaged stretches, which are passed over.

A frame is magic number, atoms, step, time, box and coordinates: (bytes from the frame's beginning, big-endian)
    0 magic 1995 | 4 atoms | 8 step | 12 time in ps | 16 box, nine numbers | 52 atoms again
    more than 9 atoms: 56 precision, limits, smallest | 88 length | 92 compressed coordinates, padded to four bytes
    else: 56 coordinates, twelve bytes for each atom
MDAnalysis finds frames by the lengths alone, and no frame of a file in which one of them is damaged.
"""

from __future__ import annotations

import mmap
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 1995
TIME_AT = 12
_HEAD = struct.Struct(">ii44xi32xi")  # magic, atoms, atoms again, length
_PLAIN_AT = 56
_PLAIN_ATOMS = 9
_MOST_BYTES_PER_ATOM = 15
"""The library that unpacks a frame has room for so many."""


def xtc_frames(path: Path) -> tuple[int, NDArray[np.int64]]:
    """Return the number of atoms and where the frames begin, in bytes; (0, none) for what is no XTC file.

    A frame that breaks off with the file, whose length cannot be right or that has other atoms than the first one is
    passed over, to the next place that looks like the beginning of a frame.

    Raises:
        OSError: the file cannot be read.
    """
    n_atoms, frames, _ = _scanned(path)
    return n_atoms, frames


def xtc_ends(path: Path) -> NDArray[np.int64]:
    """Return where the same frames end, in bytes.

    Raises:
        OSError: the file cannot be read.
    """
    return _scanned(path)[2]


def xtc_lost_bytes(path: Path) -> int:
    """Return how many bytes of an XTC file belong to no frame: what is damaged or broken off.

    Raises:
        OSError: the file cannot be read.
    """
    _, frames, ends = _scanned(path)
    return path.stat().st_size - int((ends - frames).sum())


def _scanned(path: Path) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    # Also through a link: MDAnalysis is given one.
    path = path.resolve()
    known = path.stat()
    return _scan(path, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=64)
def _scan(path: Path, size: int, mtime_ns: int) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return number of atoms, beginnings and ends, found once as long as size and time of the file stay."""
    none = np.empty(0, dtype=np.int64)
    if size < _PLAIN_AT:
        return 0, none, none
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        magic, n_atoms = struct.unpack_from(">ii", data, 0)
        if magic != MAGIC or n_atoms < 1:
            return 0, none, none
        beginning = struct.pack(">ii", MAGIC, n_atoms)
        found, ends, at = [], [], 0
        while 0 <= at < len(data):
            end = _end(data, at, beginning, n_atoms)
            if end:
                found.append(at)
                ends.append(end)
            at = end or data.find(beginning, at + 4)
    return n_atoms, np.array(found, dtype=np.int64), np.array(ends, dtype=np.int64)


def _end(data: mmap.mmap, at: int, beginning: bytes, n_atoms: int) -> int:
    """Return where the frame ends that begins at a place, 0 when there is no whole one.

    Behind it the next one must begin, or the file end.
    """
    if n_atoms <= _PLAIN_ATOMS:
        end = at + _PLAIN_AT + 12 * n_atoms
        if end > len(data) or data[at : at + 8] != beginning:
            return 0
    else:
        if at + _HEAD.size > len(data):
            return 0
        magic, atoms, again, length = _HEAD.unpack_from(data, at)
        most = _MOST_BYTES_PER_ATOM * n_atoms
        if magic != MAGIC or not atoms == again == n_atoms or not 0 < length <= most:
            return 0
        end = at + _HEAD.size + (length + 3) // 4 * 4
    return end if end == len(data) or data[end : end + 8] == beginning else 0
