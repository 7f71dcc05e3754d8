"""Packmol: molecules placed at random, without overlap, in a cubic box."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from MDAnalysis.lib.distances import self_capped_distance
from numpy.typing import NDArray

PACKMOL_TOLERANCE_NM = 0.20
SHORTEST_CONTACT_NM = 0.15  # between molecules; Packmol's tolerance less its own slack


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


def pack(
    blocks: Sequence[Block],
    box_edge_nm: float,
    seed: int,
    folder: Path,
    lock: IO[str] | None = None,
    wait: Callable[[subprocess.Popen[str]], int] = subprocess.Popen.wait,
) -> NDArray[np.float64]:
    """Pack the blocks into a cubic periodic box and return the positions, (n_atoms, 3) in nm.

    Half the tolerance stays free at the walls, so that images across the boundary do not overlap. Packmol inherits
    `lock`, which it so holds to its end; `wait` waits for it and returns its exit code.
    Raises PackingError when Packmol finds no packing, the atom count is wrong or atoms overlap.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packmol.inp").write_text(_script(blocks, box_edge_nm, seed, folder), encoding="ascii")
    (folder / "packed.pdb").unlink(missing_ok=True)
    log = folder / "packmol.log"
    # A real file: Packmol rewinds its standard input, which a pipe cannot do.
    with (folder / "packmol.inp").open() as script, log.open("w") as output:
        process = subprocess.Popen(
            [find_packmol()],
            stdin=script,
            stdout=output,
            stderr=output,
            text=True,
            cwd=folder,
            pass_fds=(lock.fileno(),) if lock else (),
        )
        wait(process)
    said = log.read_text(encoding="utf-8", errors="replace")
    if "Success!" not in said or not (folder / "packed.pdb").is_file():
        raise PackingError(_cannot(box_edge_nm, f"see {log}"))
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
