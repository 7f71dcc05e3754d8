"""The whole audit of a molecule's folder, as a user's new molecule is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from workflow.audit.bonded import check_bonded
from workflow.audit.chemistry import FormulaError, bond_orders
from workflow.audit.completeness import check_completeness
from workflow.audit.composition import check_declared, check_names_and_masses
from workflow.audit.content import check_charge
from workflow.audit.drawing import check_drawing
from workflow.audit.findings import Findings
from workflow.audit.geometry import check_geometry, check_minimised
from workflow.audit.nonbonded import check_alike, check_charges_and_types
from workflow.audit.reading import read_types
from workflow.audit.topology import Topology
from workflow.inputs.molecule_files import (
    bibliography,
    charge_is_known,
    check_content,
    read_declared,
)
from workflow.inputs.molecules import Molecule
from workflow.inputs.parameter_sets import all_folders
from workflow.inputs.problems import Place, Problems
from workflow.itp import AtomType, check_types_agree

Types = Mapping[str, tuple[AtomType, Place]]


def check_folders(root: Path, folders: Iterable[Path]) -> Findings:
    """Check molecules' folders, which need not be part of the force field; never raises for what they hold.

    Every atom type is also held against those of the force field's other molecules.
    """
    findings = Findings(root)
    known = bibliography(root, findings.errors)
    for folder in folders:
        check_folder(folder.resolve(), known, types_of_others(root, folder.resolve()), findings)
    return findings


def types_of_others(root: Path, folder: Path) -> dict[str, Types]:
    """The atom types of the force field's other molecules."""
    others = {name: one for name, one in all_folders(root).items() if one.resolve() != folder}
    return {name: read_types(one, Problems(root)) for name, one in others.items() if (one / "atomtypes.itp").is_file()}


def check_folder(folder: Path, known: frozenset[str], others: Mapping[str, Types], findings: Findings) -> None:
    """Check one molecule's folder."""
    if not folder.is_dir():
        problem = "this is no folder" if folder.exists() else "the folder does not exist"
        findings.error(Place(folder, 0), "", None, problem, "Name a molecule's folder")
        return
    before = len(findings.errors)
    molecule = read_declared(folder, known, findings.errors)
    if molecule is not None and molecule.licence.lower().startswith("not stated"):
        place, remedy = Place(folder / "molecule.yaml", 0), "Say there under which one the parameters may be passed on"
        findings.warn(place, "licence", molecule.licence, "no licence is stated", remedy)
    known_charge_e = molecule.charge_e if molecule and charge_is_known(molecule, findings.errors) else None
    topologies = check_content(folder, molecule, findings.errors)
    if topologies:
        known_as = folder.name if folder.name not in others else f"{folder.parent.name}/{folder.name}"
        check_types_agree({**others, known_as: topologies[0].types}, findings.errors)
    for topology in topologies:
        check_topology(topology, molecule, known_charge_e, findings)
        if len(findings.errors) == before:
            check_minimised(topology, findings)
    if topologies and molecule is not None and molecule.polymer is not None and len(findings.errors) == before:
        check_drawing(molecule, findings)


def check_topology(topology: Topology, molecule: Molecule | None, charge_e: int | None, findings: Findings) -> None:
    """Every check of a molecule or chain that could be read, the cheap ones: fit for thousands of mutants.

    `molecule` is what is declared and `charge_e` its charge, None where that could not be read.
    """
    check_names_and_masses(topology, findings)
    if molecule is not None:
        monomers = _monomers(topology, molecule) if topology.is_chain else None
        check_declared(topology, molecule, charge_e, monomers, findings)
    check_charge(topology, charge_e, findings.errors)
    check_charges_and_types(topology, findings)
    if not topology.bonds_are_known:
        return
    if topology.terms_are_known:
        check_completeness(topology, findings)
    orders = None
    if molecule is not None and molecule.smiles is not None and not topology.is_chain:
        try:
            orders = bond_orders(topology.symbols, topology.bonded_pairs, molecule.smiles)
        except FormulaError:
            orders = None  # told by check_declared
    check_bonded(topology, orders, findings)
    check_alike(topology, findings)
    check_geometry(topology, findings)


def _monomers(topology: Topology, molecule: Molecule) -> int:
    assert molecule.polymer is not None
    sizes = {part: len(unit["atoms"]) for part, unit in molecule.polymer.units.items()}
    return 2 + (len(topology.atoms) - sizes["head"] - sizes["tail"]) // sizes["middle"]
