"""The times of all frames of a TRR file, from their headers.

(bytes from a frame's beginning, big-endian) 0 magic 1993 | 4 and 8 length of the version's name, 12 characters |
24 thirteen numbers: ten sizes of what follows in bytes (the third is of the box, the eighth of the positions), atoms,
step, energies | 76 time and lambda in the precision of the positions | what follows
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 1993
_SIZES = struct.Struct(">i8x12x13i")
_BOX_NUMBERS, _BOX, _POSITIONS, _ATOMS = 9, 2, 7, 10


def trr_times(path: Path) -> NDArray[np.float64]:
    """Return the times (F,) in ps of the frames up to the first one whose header is damaged or breaks off."""
    times, at, size = [], 0, path.stat().st_size
    with path.open("rb") as stream:
        while at + _SIZES.size + 16 <= size:
            stream.seek(at)
            data = stream.read(_SIZES.size + 16)
            magic, *sizes = _SIZES.unpack_from(data)
            numbers = _BOX_NUMBERS if sizes[_BOX] else 3 * sizes[_ATOMS]
            if magic != MAGIC or numbers < 1 or min(sizes[:_ATOMS]) < 0:
                break
            double = (sizes[_BOX] or sizes[_POSITIONS]) // numbers == struct.calcsize("d")
            times.append(struct.unpack_from(">d" if double else ">f", data, _SIZES.size)[0])
            at += _SIZES.size + (16 if double else 8) + sum(sizes[:_ATOMS])
    return np.array(times, dtype=np.float64)
