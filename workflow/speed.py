"""How fast the configured liquids run on this machine: some seconds of mdrun for each size of system.

A box of the electrolyte without its chains is packed a little less dense than the liquid, minimised and run as in
production, on as many threads and beside as many others as the real runs. A chain's atoms cost about what others do.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workflow import gromacs, processor
from workflow.cores import own_cores
from workflow.forcefield import geometry_nm, molecule_atoms
from workflow.inputs import Inputs, Molecule
from workflow.mdrun import run_once
from workflow.packing import pack
from workflow.protocol import MINIMISATION_STEPS, minimisation_mdp, speed_stage, stage_mdp
from workflow.scripts.build import packed_block, write_box
from workflow.workfolder import exclusive, write_text

FILE_NAME = "speed.json"
SECONDS = 10.0
PACKING_DENSITY_FRACTION = 0.85  # Packmol still packs it within seconds; the barostat does the rest in picoseconds
SAME_SIZE = 1.15  # systems whose numbers of atoms differ by less are measured once


@dataclass(frozen=True)
class Speed:
    """Speed of one mdrun in ns/day with so many of its kind beside it, and what it depends on."""

    atoms: int
    threads: int
    side_by_side: int
    ns_per_day: float
    cutoff_nm: float
    timestep_fs: float
    gromacs: str
    processor: str
    date: str


def read_speeds(work_root: Path) -> list[Speed]:
    """Return the speeds that were measured for these work folders with this GROMACS on this kind of processor."""
    try:
        found = [Speed(**one) for one in json.loads((work_root / FILE_NAME).read_text(encoding="utf-8"))]
        used = engine()
    except (OSError, ValueError, TypeError, gromacs.GromacsError):
        return []
    return [one for one in found if (one.gromacs, one.processor) == (used, processor.name())]


def engine() -> str:
    """Return the GROMACS in use in a few words. Raises GromacsError when there is none."""
    gmx = gromacs.find_gmx()
    return f"{gmx.version} {gmx.simd} {gmx.path}"


def measure(
    inputs: Inputs, work_root: Path, threads: int, side_by_side: int, tell: Callable[[str], None]
) -> list[Speed]:
    """Measure each size of system once, remember the speeds in the work root, and return them.

    Raises:
        GromacsError, PackingError: a box that cannot be made or run.
    """
    speeds: list[Speed] = []
    work_root.mkdir(parents=True, exist_ok=True)
    for system in sorted(inputs.config.systems, key=lambda name: inputs.compositions[name].n_atoms):
        atoms = sum(len(molecule_atoms(one, None)) * count for one, count in _small_molecules(inputs, system))
        if any(one.atoms / SAME_SIZE < atoms < one.atoms * SAME_SIZE for one in speeds):
            continue
        tell(f"measuring {system} ({atoms} atoms without chains) on {threads} threads, {side_by_side} at a time")
        with tempfile.TemporaryDirectory(prefix="speed-", dir=work_root) as folder:
            tpr = prepare(inputs, system, Path(folder), threads * side_by_side)
            ns_per_day = _run(tpr, Path(folder), threads, side_by_side)
        used, date = (engine(), processor.name()), time.strftime("%Y-%m-%d")
        protocol = (inputs.config.cutoff_nm, inputs.config.dynamics.timestep_fs)
        speeds.append(Speed(atoms, threads, side_by_side, ns_per_day, *protocol, *used, date))
    write_text(work_root / FILE_NAME, json.dumps([asdict(one) for one in speeds], indent=1))
    return speeds


def _small_molecules(inputs: Inputs, system: str) -> list[tuple[Molecule, int]]:
    """Return the molecules of a system that are no chains, and how many of each."""
    counts = inputs.compositions[system].counts
    found = [(inputs.molecule(system, name), count) for name, count in counts if count > 0]
    return [(one, count) for one, count in found if one.kind != "polymer"]


def prepare(inputs: Inputs, system: str, work: Path, threads: int) -> Path:
    """Return the run input, `speed.tpr`, of a minimised box of a system without its chains.

    Raises:
        GromacsError, PackingError: a box that cannot be made.
    """
    counts = _small_molecules(inputs, system)
    edge_nm = (inputs.compositions[system].predicted_volume_nm3 / PACKING_DENSITY_FRACTION) ** (1 / 3)
    blocks = [packed_block(one, None, geometry_nm(one), count) for one, count in counts]
    xyz_nm = pack(blocks, edge_nm, inputs.seed(system, 1, "speed"), work / "packmol")
    write_box(inputs, system, counts, xyz_nm, edge_nm, work)
    write_text(work / "minimise.mdp", minimisation_mdp(inputs))
    write_text(work / "speed.mdp", stage_mdp(inputs, system, 1, speed_stage(inputs, system)))
    top = work / "system.top"
    with exclusive(work, system) as lock:
        tpr = gromacs.grompp(work, "minimise", work / "packed.gro", top)
        flags: dict[str, Any] = {"s": tpr, "deffnm": work / "minimise", "nsteps": MINIMISATION_STEPS // 10}
        run_once("the minimisation", work / "gromacs.log", lock, threads, **flags)
    return gromacs.grompp(work, "speed", work / "minimise.gro", top)


def _run(tpr: Path, work: Path, threads: int, side_by_side: int) -> float:
    """Return the mean speed in ns/day of so many mdruns beside each other."""

    def one(number: int) -> float:
        own = work / str(number)
        with exclusive(own, str(number)) as lock, own_cores(threads):
            flags: dict[str, Any] = {"s": tpr, "deffnm": own / "speed", "maxh": SECONDS / 3600, "noconfout": True}
            run_once("mdrun", own / "gromacs.log", lock, threads, **flags)
        return performance(own / "speed.log")

    with ThreadPoolExecutor(side_by_side) as pool:
        found = list(pool.map(one, range(side_by_side)))
    return sum(found) / len(found)


def performance(log: Path) -> float:
    """Return the ns/day that GROMACS wrote at the end of its log."""
    found = re.search(r"^Performance:\s+([\d.]+)", log.read_text(encoding="utf-8", errors="replace"), re.M)
    if found is None:
        raise gromacs.GromacsError(f"{log}: GROMACS does not tell its speed")
    return float(found.group(1))
