"""Files in .gro format, GROMACS' coordinates: writing them, telling whole ones from stumps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow.workfolder import write_text


def is_whole(path: Path) -> bool:
    """Tell whether a .gro file exists with all its lines: one that was being written when mdrun died has not."""
    if not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        return len(lines) >= 3 and len(lines) == int(lines[1]) + 3 and len(lines[-1].split()) >= 3
    except ValueError:
        return False


def box_nm(path: Path) -> NDArray[np.float64]:
    """Return the edges (3,) of a rectangular box in nm, from the last line of a .gro file."""
    return np.array([float(word) for word in path.read_text(encoding="utf-8").splitlines()[-1].split()[:3]])


def write_gro(
    path: Path, molecules: Sequence[tuple[str, Sequence[str]]], xyz_nm: NDArray[np.float64], box_edge_nm: float
) -> None:
    """Write positions (n_atoms, 3) in nm in a cubic box.

    `molecules` holds, per molecule in order, its residue name and its atom names; a residue is a molecule.
    """
    lines, index = [], 0
    for number, (residue, names) in enumerate(molecules, start=1):
        for name in names:
            x, y, z = xyz_nm[index]
            index += 1
            lines.append(
                f"{number % 100000:5d}{residue[:5]:<5s}{name[:5]:>5s}{index % 100000:5d}{x:8.3f}{y:8.3f}{z:8.3f}"
            )
    if index != len(xyz_nm):
        raise ValueError(f"{index} atom names for {len(xyz_nm)} positions")
    edge = f"{box_edge_nm:10.5f}"
    write_text(path, "\n".join(["written by Sheath", f"{index:5d}", *lines, edge * 3]) + "\n")
