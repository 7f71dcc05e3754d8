"""New numbers in the text of a small molecule's itp and pdb; layout and comments stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from derivation.bonded import canonical

Terms = Mapping[tuple[str, ...], tuple[float, float]]  # atom types -> r0 or theta0, and k
WIDTH = {"bonds": 2, "angles": 3}  # atoms of a term; its function, value and constant follow


def with_numbers(text: str, charges_e: Mapping[str, float], terms: Mapping[str, Terms]) -> str:
    """Return an itp with these charges (by N, HN, B, HB) and these bonds and angles, with as many decimals as before.

    Raises KeyError when the itp has a term that `terms` lacks.
    """
    lines: list[str] = []
    section, types = "", []
    for line in text.split("\n"):
        data = line.split(";", 1)[0].strip()
        fields = data.split()
        if data.startswith("["):
            section = data.strip("[] ")
        elif fields and section == "atoms":
            types.append(fields[1])
            line = _put(line, 6, charges_e[fields[1].removeprefix("b_")])
        elif fields and section in WIDTH:
            width = WIDTH[section]
            key = canonical(tuple(types[int(number) - 1] for number in fields[:width]))
            for column, value in zip((width + 1, width + 2), terms[section][key], strict=True):
                line = _put(line, column, value)
        lines.append(line)
    return "\n".join(lines)


def _put(line: str, column: int, value: float) -> str:
    """Replace one field by a number that ends where the field ended, as far as there is room."""
    begin, end = list(re.finditer(r"\S+", line))[column].span()
    decimals = len(line[begin:end].partition(".")[2])
    new = f"{value:.{decimals}f}".rjust(end - begin)
    room = len(line[:begin]) - len(line[:begin].rstrip()) - 1
    begin -= min(room, len(new) - (end - begin))
    return line[:begin] + new + line[end:]


def with_coordinates(text: str, xyz_A: NDArray[np.float64]) -> str:
    """Return a pdb with these coordinates (n, 3) in angstrom, about their mean. Raises ValueError for other counts."""
    rows = iter(xyz_A - xyz_A.mean(axis=0))
    lines = []
    for line in text.split("\n"):
        if line.startswith(("ATOM", "HETATM")):
            row = next(rows, None)
            if row is None:
                raise ValueError(f"the pdb has more atoms than the {len(xyz_A)} given")
            line = line[:30] + "".join(f"{x:8.3f}" for x in row) + line[54:]
        lines.append(line)
    if next(rows, None) is not None:
        raise ValueError(f"the pdb has fewer atoms than the {len(xyz_A)} given")
    return "\n".join(lines)
