"""Packmol: molecules placed at random, without overlap, in a cubic box."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from MDAnalysis.lib.distances import self_capped_distance
from numpy.typing import NDArray

PACKMOL_TOLERANCE_NM = 0.20
SHORTEST_CONTACT_NM = 0.15  # between molecules; Packmol's tolerance less its own slack
TIME_LIMIT_S = 600


class PackingError(Exception):
    """Packmol is missing or could not pack this box; the text says what to change."""


@dataclass(frozen=True)
class Block:
    """One kind of molecule to be packed: PDB text, how many copies, atoms in one copy."""

    pdb: str
    count: int
    n_atoms: int


def find_packmol() -> str:
    """Return Packmol's path; raises PackingError when it is missing."""
    path = shutil.which("packmol")
    if path is None:
        raise PackingError("Packmol is missing: no packmol on the PATH. Remedy: run `make install`.")
    return path


def pack(blocks: Sequence[Block], box_edge_nm: float, seed: int, folder: Path) -> NDArray[np.float64]:
    """Pack the blocks into a cubic periodic box and return the positions, (n_atoms, 3) in nm.

    Half the tolerance stays free at the walls, so that images across the boundary do not overlap.
    Raises PackingError when Packmol finds no packing, the atom count is wrong or atoms overlap.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = _script(blocks, box_edge_nm, seed, folder)
    (folder / "packmol.inp").write_text(script, encoding="ascii")
    command = [find_packmol()]
    try:
        # A real file: Packmol rewinds its standard input, which a pipe cannot do.
        with (folder / "packmol.inp").open() as handle:
            done = subprocess.run(
                command, stdin=handle, capture_output=True, text=True, timeout=TIME_LIMIT_S, cwd=folder, check=False
            )
    except subprocess.TimeoutExpired as error:
        raise PackingError(_cannot(box_edge_nm, f"gave up after {TIME_LIMIT_S} s")) from error
    (folder / "packmol.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if "Success!" not in done.stdout or not (folder / "packed.pdb").is_file():
        raise PackingError(_cannot(box_edge_nm, f"see {folder / 'packmol.log'}"))
    xyz_nm = _positions(folder / "packed.pdb")
    _check(xyz_nm, blocks, box_edge_nm)
    return xyz_nm


def _cannot(box_edge_nm: float, why: str) -> str:
    return (
        f"Packmol cannot pack the molecules into a box of {box_edge_nm:.2f} nm ({why}). "
        "Remedy: lower packing_density_fraction in the configuration (0.6 is usual), or use fewer or shorter chains."
    )


def _script(blocks: Sequence[Block], box_edge_nm: float, seed: int, folder: Path) -> str:
    margin = PACKMOL_TOLERANCE_NM * 10 / 2
    edge = box_edge_nm * 10 - margin
    lines = [f"tolerance {PACKMOL_TOLERANCE_NM * 10}", "filetype pdb", "output packed.pdb", f"seed {seed}", "nloop 200"]
    for index, block in enumerate(blocks):
        (folder / f"block{index}.pdb").write_text(block.pdb, encoding="ascii")
        lines += [
            f"structure block{index}.pdb",
            f"  number {block.count}",
            f"  inside box {margin} {margin} {margin} {edge} {edge} {edge}",
            "end structure",
        ]
    return "\n".join(lines) + "\n"


def _positions(pdb: Path) -> NDArray[np.float64]:
    rows = [
        (float(line[30:38]), float(line[38:46]), float(line[46:54]))
        for line in pdb.read_text(encoding="ascii").splitlines()
        if line.startswith(("ATOM", "HETATM"))
    ]
    return np.array(rows).reshape(-1, 3) / 10


def _check(xyz_nm: NDArray[np.float64], blocks: Sequence[Block], box_edge_nm: float) -> None:
    expected = sum(block.count * block.n_atoms for block in blocks)
    if len(xyz_nm) != expected:
        raise PackingError(f"Packmol placed {len(xyz_nm)} atoms instead of {expected}; its output cannot be used.")
    copies = [block.n_atoms for block in blocks for _ in range(block.count)]
    molecule = np.repeat(np.arange(len(copies)), copies)
    box = np.array([box_edge_nm * 10] * 3 + [90.0] * 3, dtype=np.float32)
    pairs, distances = self_capped_distance(
        (xyz_nm * 10).astype(np.float32), SHORTEST_CONTACT_NM * 10, box=box, return_distances=True
    )
    close = distances[molecule[pairs[:, 0]] != molecule[pairs[:, 1]]]
    if close.size:
        raise PackingError(_cannot(box_edge_nm, f"two molecules came as close as {close.min() / 10:.3f} nm"))
