"""What the head of a DCD file tells: who wrote it, how many frames it should have, steps between two of them.

(bytes from the beginning, in the order of bytes in which the first number is 84)
    0 length 84 | 4 "CORD" | 8 frames | 12 first step | 16 steps between frames | 44 time step
    92 length of the remarks | 96 number of remarks | 100 remarks of 80 characters
The unit of the time step is that of the program: 48.888 fs (AKMA) for CHARMM, NAMD, OpenMM and MDAnalysis, that of
`units` for LAMMPS, which writes "Created by LAMMPS" in its first remark.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_LENGTH = 84
_REMARKS_AT, _REMARK = 100, 80
_AKMA_PROGRAMS = ("NAMD", "CHARMM", "OPENMM", "MDANALYSIS")


@dataclass(frozen=True)
class DcdHead:
    """Frames that the head tells, steps between two frames, all remarks in capitals."""

    n_frames: int
    steps: int
    remarks: str

    @property
    def by_lammps(self) -> bool:
        """Whether LAMMPS says that it wrote the file."""
        return "LAMMPS" in self.remarks

    @property
    def is_akma(self) -> bool:
        """Whether the remarks name a program that counts time in AKMA units."""
        return any(program in self.remarks for program in _AKMA_PROGRAMS)


def dcd_head(path: Path) -> DcdHead | None:
    """Return the head of a DCD file; None when it has none of the usual form."""
    with path.open("rb") as stream:
        head = stream.read(_REMARKS_AT)
        order = next((order for order in "<>" if head[:8] == struct.pack(order + "i", _LENGTH) + b"CORD"), None)
        if order is None or len(head) < _REMARKS_AT:
            return None
        n_frames, _, steps = struct.unpack_from(order + "3i", head, 8)
        (n_remarks,) = struct.unpack_from(order + "i", head, _REMARKS_AT - 4)
        text = stream.read(_REMARK * min(max(n_remarks, 0), 100))
    return DcdHead(n_frames, steps, text.decode("ascii", errors="replace").upper())
