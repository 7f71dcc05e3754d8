"""Boxes of DOL/DME-LiTFSI of several sizes, each prepared for the protocol as usually run and for the fast one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflow import gromacs
from workflow.inputs import Inputs, load
from workflow.speed import prepare
from workflow.workfolder import write_text

ROOT = Path(__file__).parents[2]
SYSTEM = "dol-dme-litfsi"
ATOMS_PER_PAIR = 154.1
"""Of the whole electrolyte, per pair of ions."""


@dataclass(frozen=True)
class Box:
    """One size: its atoms, and the run inputs of both protocols, which last until they are stopped."""

    atoms: int
    usual: Path
    fast: Path


def make_box(atoms: int, folder: Path, threads: int) -> Box:
    """Return a box of about so many atoms, packed and minimised where it does not lie in the folder yet."""
    made: dict[str, Path] = {}
    for protocol in ("paper", "fast"):
        work = folder / f"{atoms}-{protocol}"
        inputs = _inputs(folder, protocol, round(atoms / ATOMS_PER_PAIR))
        if not (work / "speed.tpr").is_file():
            work.mkdir(parents=True, exist_ok=True)
            prepare(inputs, SYSTEM, work, threads)
        made[protocol] = work / "speed.tpr"
    return Box(inputs.compositions[SYSTEM].n_atoms, made["paper"], made["fast"])


def _inputs(folder: Path, protocol: str, pairs: int) -> Inputs:
    """Return the configuration as it ships, for one system of so many pairs."""
    overlay = folder / f"{protocol}-{pairs}.yaml"
    wanted = f"systems: [{SYSTEM}]\nprotocol: {protocol}\noverride: {{box: {{salt_pairs: {pairs}}}}}\n"
    write_text(overlay, f"preview: true\nresults: benchmark\n{wanted}")
    return load(ROOT, [overlay])


@contextmanager
def engine(program: str | None) -> Iterator[None]:
    """Use this GROMACS; None: the one that Sheath finds by itself."""
    before = os.environ.get("SHEATH_GMX")
    if program is not None:
        os.environ["SHEATH_GMX"] = program
    gromacs.find_gmx.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("SHEATH_GMX", None)
        if before is not None:
            os.environ["SHEATH_GMX"] = before
        gromacs.find_gmx.cache_clear()
