"""Many structures in one text file: concatenated .xyz frames whose comment line is `name key=value ...`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Structure:
    """One frame: `name`, element `symbols`, coordinates `xyz_A` (n, 3) in angstrom and what the comment line says."""

    name: str
    symbols: tuple[str, ...]
    xyz_A: NDArray[np.float64]
    said: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> dict[str, Structure]:
    """Return the structures of a file by name. Raises ValueError when the file is damaged."""
    lines = path.read_text(encoding="ascii").splitlines()
    found: dict[str, Structure] = {}
    at = 0
    while at < len(lines):
        count = int(lines[at])
        name, *words = lines[at + 1].split()
        rows = [line.split() for line in lines[at + 2 : at + 2 + count]]
        if len(rows) != count or name in found:
            raise ValueError(f"{path}, line {at + 1}: the frame {name} is cut or stands twice")
        xyz = np.array([[float(x) for x in row[1:4]] for row in rows])
        said = dict(word.split("=", 1) for word in words)
        found[name] = Structure(name, tuple(row[0] for row in rows), xyz, said)
        at += 2 + count
    return found


def text_of(structure: Structure) -> str:
    """Return one frame as text, coordinates to 1e-5 angstrom."""
    comment = " ".join([structure.name, *[f"{key}={value}" for key, value in structure.said.items()]])
    pairs = zip(structure.symbols, structure.xyz_A, strict=True)
    rows = [f"{s:2s} {x[0]:10.5f} {x[1]:10.5f} {x[2]:10.5f}" for s, x in pairs]
    return "\n".join([str(len(rows)), comment, *rows]) + "\n"
