"""Build one replica: chain conformers, packed box, topology, the record of the composition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from workflow import conformers, job
from workflow.forcefield import check_topology, geometry_nm, molecule_atoms, write_topology
from workflow.gas_phase import hot_conformers
from workflow.gro import write_gro
from workflow.hydrogen_mass import repartition
from workflow.inputs import Inputs, Molecule
from workflow.inputs.plan import identity
from workflow.job import RunJob
from workflow.mdrun import Job, wait
from workflow.packing import Block, pack
from workflow.workfolder import exclusive, publish, write_text

CHAIN_DENSITY_KG_PER_M3 = 900.0  # only to size the dilute packing box
KEPT = ("system.top", "packed.gro", "composition.json")


def build(run: RunJob) -> None:
    """Write `system.top`, `packed.gro` and `composition.json` of one replica."""
    work = run.work_root / identity(run.inputs, run.system, run.replica, "build")
    with exclusive(work, run.name) as lock:
        if not all((work / name).is_file() for name in KEPT):
            _build(run, Job(work, lock, 1, run.inputs.config.checkpoint_interval_min, run.reporter(work), 0.0))
        publish((work / name, run.out / name) for name in KEPT)


def _build(run: RunJob, task: Job) -> None:
    inputs, composition = run.inputs, run.inputs.compositions[run.system]
    counts = [(inputs.molecule(run.system, name), count) for name, count in composition.counts if count > 0]
    blocks: list[Block] = []
    sequences: list[str] = []
    for molecule, count in counts:
        if molecule.kind == "polymer":
            xyz, names = _chains(run, molecule, count, task)
            blocks += [packed_block(molecule, composition.monomers, positions, 1) for positions in xyz]
            sequences += names
        else:
            blocks.append(packed_block(molecule, None, geometry_nm(molecule), count))
    edge_nm = _packing_edge_nm(run)
    seed = inputs.seed(run.system, run.replica, "packing")
    task.reporter.report(now=True, stage="packing")
    folder = task.work / "packmol"
    xyz_nm = pack(blocks, edge_nm, seed, folder, task.lock, lambda packmol: wait(packmol, task.reporter.report))
    write_box(inputs, run.system, counts, xyz_nm, edge_nm, task.work)
    record = composition.as_dict() | {"system": run.system, "replica": run.replica} | _record(counts, sequences)
    write_text(task.work / "composition.json", json.dumps(record, indent=1))


def write_box(
    inputs: Inputs,
    system: str,
    counts: Sequence[tuple[Molecule, int]],
    xyz_nm: NDArray[np.float64],
    edge_nm: float,
    work: Path,
) -> None:
    """Write topology and coordinates of a packed box and hold them against each other."""
    monomers = inputs.compositions[system].monomers
    contents = [(one, count, monomers if one.kind == "polymer" else None) for one, count in counts]
    write_topology(work / "system.top", contents, inputs.mixing_rule(system), system)
    if inputs.config.dynamics.is_repartitioned:
        repartition(work / "system.top", inputs.config.dynamics.hydrogen_mass_u)
    names = [(one.name, [atom.name for atom in molecule_atoms(one, length)]) for one, _, length in contents]
    molecules = [residue for residue, (_, count) in zip(names, counts, strict=True) for _ in range(count)]
    write_gro(work / "packed.gro", molecules, xyz_nm, edge_nm)
    check_topology(work / "system.top", work / "packed.gro")


def _record(counts: Sequence[tuple[Molecule, int]], sequences: Sequence[str]) -> dict[str, Any]:
    """Return the drawn cis/trans sequences and their share of cis bonds beside the one asked for."""
    asked = [one.polymer.cis_probability for one, _ in counts if one.polymer is not None]
    if not sequences:
        return {"chain_sequences": None, "chain_cis_share": None}
    return {
        "chain_sequences": list(sequences),
        "chain_cis_share": {"asked": asked[0], "drawn": conformers.cis_share(sequences)},
    }


def _chains(run: RunJob, molecule: Molecule, count: int, task: Job) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Return one conformer per chain, and the cis/trans sequences where the chain's bonds do not turn."""
    monomers = run.inputs.compositions[run.system].monomers
    assert monomers is not None  # a composition with chains has their length
    seed = run.inputs.seed(run.system, run.replica, "conformers")
    drawn = conformers.draw(molecule, monomers, count, seed)
    if molecule.polymer is not None and molecule.polymer.conformers == "gas_phase":
        task.reporter.report(now=True, stage="chain conformers")
        gas = replace(task, work=task.work / "gas_phase")
        return hot_conformers(molecule, monomers, [one.xyz_nm for one in drawn], seed, gas), []
    return [one.xyz_nm for one in drawn], [one.sequence or "" for one in drawn]


def packed_block(molecule: Molecule, monomers: int | None, xyz_nm: NDArray[np.float64], count: int) -> Block:
    """Return a molecule as Packmol takes it; atom names do not matter there, the order does."""
    lines = [
        f"HETATM{index % 100000:5d}  X   MOL A   1    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00"
        for index, (x, y, z) in enumerate(xyz_nm * 10, start=1)
    ]
    return Block("\n".join([*lines, "END"]) + "\n", count, len(molecule_atoms(molecule, monomers)))


def _packing_edge_nm(run: RunJob) -> float:
    """Return the edge of the dilute cube: the predicted volume over the packing density fraction."""
    composition = run.inputs.compositions[run.system]
    chain_mass_kg = (composition.mass_u - composition.electrolyte_mass_u) * constants.atomic_mass
    volume_nm3 = composition.predicted_volume_nm3 + chain_mass_kg / CHAIN_DENSITY_KG_PER_M3 / constants.nano**3
    return float((volume_nm3 / run.inputs.config.packing_density_fraction) ** (1 / 3))


if __name__ == "__main__":
    raise SystemExit(job.run(build, "build"))
