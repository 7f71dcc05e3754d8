"""The files beside `molecule.yaml`, read and held against what it declares: what must be right before a run."""

from __future__ import annotations

from pathlib import Path

from workflow.audit.chains import read_chains
from workflow.audit.reading import read_molecule, read_types
from workflow.audit.topology import CHARGE_TOLERANCE_E, Topology
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place, Problems, listing


def read_content(folder: Path, molecule: Molecule | None, charge_e: int | None, problems: Problems) -> list[Topology]:
    """Read a molecule's folder as far as possible and record every problem of its files.

    `molecule` is what molecule.yaml declares, `charge_e` its charge; None where that could not be read. The result
    is one Topology for a small molecule and one per chain of two to five units for a polymer.
    """
    name = molecule.name if molecule is not None else folder.name
    if (molecule is not None and molecule.kind == "polymer") or (folder / "bonded.yaml").exists():
        if molecule is not None and molecule.polymer is not None:
            return read_chains(molecule, problems)
        read_types(folder, problems)
        return []
    topology = read_molecule(folder, name, problems)
    if topology is None:
        return []
    check_charge(topology, charge_e, problems)
    if molecule is not None:
        _check_sites(topology, molecule, problems)
    return [topology]


def check_charge(topology: Topology, charge_e: int | None, problems: Problems) -> None:
    """The charges must add up to the declared whole number; where none is known, to any whole number."""
    total_e = sum(atom.charge_e for atom in topology.atoms)
    wanted_e = round(total_e) if charge_e is None else charge_e
    if abs(total_e - wanted_e) <= CHARGE_TOLERANCE_E:
        return
    place = Place(topology.file.parent / "molecule.yaml", 0)
    problem = f"the charges of {topology.file.name} add up to {total_e:.6f} e, declared is {charge_e} e"
    if charge_e is None:
        problem = f"the charges of {topology.file.name} add up to {total_e:.6f} e, which is not a whole number"
    off = total_e - wanted_e
    remedy = f"Correct the charges of {topology.file.name} (they are {off:+.6f} e off) or `charge`"
    problems.add(place, "charge", charge_e, problem, remedy)


def _check_sites(topology: Topology, molecule: Molecule, problems: Problems) -> None:
    names = [atom.name for atom in topology.atoms]
    missing = sorted({atom for site in molecule.sites for atom in site.atoms} - set(names))
    if missing:
        problem = f"{listing(missing)} not among the atoms of {topology.file.name}"
        place = Place(molecule.folder / "molecule.yaml", 0)
        problems.add(place, "sites", None, problem, f"Use names of: {listing(sorted(names))}")
