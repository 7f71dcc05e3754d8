"""Mistakes in a molecule's folder are told, also in one that no configured system uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

MOLECULES = "forcefields/opls-aa/molecules"
DME = f"{MOLECULES}/DME/molecule.yaml"

CASES = [
    ("name: DME", "name: DMEE", "name = DMEE", "the folder is called `DME`"),
    ("name: DME", "name: dimethoxy", "name = dimethoxy", "a .gro file keeps no more"),
    ("kind: solvent", "kind: solvant", "kind = solvant", "Did you mean `solvent`?"),
    ("charge: 0", "charge: 1", "charge = 1", "the charge of a solvent is zero"),
    ("charge: 0", "charge: 0.5", "charge = 0.5", "whole number"),
    ("status: literature", "status: litterature", "status = litterature", "Did you mean `literature`?"),
    ("density_kg_per_m3: 861.8", "density_kg_per_m3: -1", "density_kg_per_m3 = -1", "larger than 0"),
    ("density_kg_per_m3: 861.8", "density: 861.8", "density = 861.8", "Did you mean `density_"),
    ("[jorgensen1996,", "[jorgensen1997,", "sources", "Did you mean `jorgensen1996`?"),
    ("{name: O, kind: O,", "{name: O, kind: Q,", "sites[1].kind = Q", "Use one of"),
    ("{name: O, kind: O,", "{name: O;rm, kind: O,", "sites[1].name = O;rm", "misread"),
]


@pytest.mark.parametrize(("old", "new", "what", "told"), CASES, ids=[case[1] for case in CASES])
def test_mistake_is_told_with_its_line(project: Project, old: str, new: str, what: str, told: str) -> None:
    line = project.edit(DME, old, new)
    lines = [text for text in project.problems() if text.startswith(f"{DME}:{line}: ")]
    assert any(what in text and told in text for text in lines), project.problems()


def test_a_system_does_not_blame_its_molecule_twice(project: Project) -> None:
    project.edit(DME, "kind: solvent", "kind: solvant")
    assert project.problem().startswith(DME)


@pytest.mark.parametrize("file", ["DME.itp", "DME.pdb", "atomtypes.itp"])
def test_missing_file(project: Project, file: str) -> None:
    (project.root / MOLECULES / "DME" / file).unlink()
    assert project.problem().startswith(f"{MOLECULES}/DME/{file}: the file does not exist")


def test_missing_parameters_of_a_chain(project: Project) -> None:
    (project.root / MOLECULES / "PAB" / "bonded.yaml").unlink()
    assert project.problem().startswith(f"{MOLECULES}/PAB/bonded.yaml: the file does not exist")


def test_a_site_names_atoms_that_exist(project: Project) -> None:
    project.edit(DME, "atoms: [O1, O2]", "atoms: [O1, O9]")
    assert "sites: O9 not among the atoms of DME.itp" in project.problem()


def test_charges_that_miss_the_declared_one(project: Project) -> None:
    path = f"{MOLECULES}/PF6/molecule.yaml"
    project.edit(path, "charge: -1", "charge: -2")
    assert path in project.problem() and "declared" in project.problem()


def test_a_molecule_that_no_system_uses_is_checked_too(project: Project) -> None:
    folder = project.root / MOLECULES / "XYZ"
    folder.mkdir()
    assert project.problem() == f"{MOLECULES}/XYZ/molecule.yaml: the file does not exist. Create it or correct its name"


def test_cis_probability_is_a_probability(project: Project) -> None:
    path = project.root / MOLECULES / "PIB" / "molecule.yaml"
    lines = [
        "conformers: {cis_probability: 1.5}" if one.startswith("conformers:") else one
        for one in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")
    assert "conformers.cis_probability = 1.5: a probability is at most 1" in project.problem()


def test_molecules_as_declared(project: Project) -> None:
    molecules = project.load().molecules
    assert {"Li", "TFSI", "PF6", "DME", "DOL", "EC", "DEC", "PAB", "PIB"} <= set(molecules)
    assert molecules["TFSI"].charge_e == -1
    pab, pib = molecules["PAB"].polymer, molecules["PIB"].polymer
    assert pab is not None and pib is not None
    assert pab.conformers == "gas_phase" and pab.cis_probability is None
    assert pib.conformers == "cis_trans" and pib.cis_probability is not None and 0 < pib.cis_probability < 1
    assert set(pab.units) == {"head", "middle", "tail"}
