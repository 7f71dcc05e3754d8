"""Build one replica: chain conformers, packed box, topology, the record of the composition."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from workflow import conformers, job
from workflow.forcefield import check_topology, geometry_nm, molecule_atoms, write_topology
from workflow.gas_phase import hot_conformers
from workflow.gro import write_gro
from workflow.inputs import Molecule
from workflow.inputs.plan import identity
from workflow.job import RunJob
from workflow.packing import Block, pack
from workflow.workfolder import exclusive, publish, write_text

CHAIN_DENSITY_KG_PER_M3 = 900.0  # only to size the dilute packing box
KEPT = ("system.top", "packed.gro", "composition.json")


def build(run: RunJob) -> None:
    """Write `system.top`, `packed.gro` and `composition.json` of one replica."""
    work = run.work_root / identity(run.inputs, run.system, run.replica, "build")
    with exclusive(work, run.name):
        if not all((work / name).is_file() for name in KEPT):
            _build(run, work)
        publish((work / name, run.out / name) for name in KEPT)


def _build(run: RunJob, work: Path) -> None:
    inputs, composition = run.inputs, run.inputs.compositions[run.system]
    counts = [(inputs.molecules[name], count) for name, count in composition.counts if count > 0]
    blocks, sequences = [], []
    for molecule, count in counts:
        if molecule.kind == "polymer":
            xyz, names = _chains(run, molecule, count, work)
            blocks += [_block(molecule, composition.monomers, positions, 1) for positions in xyz]
            sequences += names
        else:
            blocks.append(_block(molecule, None, geometry_nm(molecule), count))
    edge_nm = _packing_edge_nm(run)
    xyz_nm = pack(blocks, edge_nm, inputs.seed(run.system, run.replica, "packing"), work / "packmol")
    polymer_length = {molecule.name: composition.monomers for molecule, _ in counts if molecule.kind == "polymer"}
    contents = [(molecule, count, polymer_length.get(molecule.name)) for molecule, count in counts]
    write_topology(work / "system.top", contents, inputs.config.mixing_rule, run.system)
    residues = [
        (molecule.name, [atom.name for atom in molecule_atoms(molecule, length)]) for molecule, _, length in contents
    ]
    molecules = [one for one, (_, count) in zip(residues, counts, strict=True) for _ in range(count)]
    write_gro(work / "packed.gro", molecules, xyz_nm, edge_nm)
    check_topology(work / "system.top", work / "packed.gro")
    record = composition.as_dict() | {
        "system": run.system,
        "replica": run.replica,
        "chain_sequences": sequences or None,
    }
    write_text(work / "composition.json", json.dumps(record, indent=1))


def _chains(run: RunJob, molecule: Molecule, count: int, work: Path) -> tuple[list[NDArray[np.float64]], list[str]]:
    """Return one conformer per chain, and the cis/trans sequences where the chain's bonds do not turn."""
    monomers = run.inputs.compositions[run.system].monomers
    assert monomers is not None  # a composition with chains has their length
    seed = run.inputs.seed(run.system, run.replica, "conformers")
    drawn = conformers.draw(molecule, monomers, count, seed)
    if molecule.polymer is not None and molecule.polymer.conformers == "gas_phase":
        return hot_conformers(molecule, monomers, [one.xyz_nm for one in drawn], seed, work / "gas_phase"), []
    return [one.xyz_nm for one in drawn], [one.sequence or "" for one in drawn]


def _block(molecule: Molecule, monomers: int | None, xyz_nm: NDArray[np.float64], count: int) -> Block:
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
