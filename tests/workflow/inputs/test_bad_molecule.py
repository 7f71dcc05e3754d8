"""Mistakes in a molecule's folder are told, also in one that no configured system uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

MOLECULES = "forcefields/opls-aa/molecules"
DME = f"{MOLECULES}/DME/molecule.yaml"

MISFIT = "{criterion: bond length, reached: 0.03, limit: 0.02, unit: angstrom}"
CASES = [
    ("name: DME", "name: DMEE", "name = DMEE", "the folder is called `DME`"),
    ("name: DME", "name: dimethoxy", "name = dimethoxy", "a .gro file keeps no more"),
    ("kind: solvent", "kind: solvant", "kind = solvant", "Did you mean `solvent`?"),
    ("charge: 0", "charge: 1", "charge = 1", "the charge of a solvent is zero"),
    ("charge: 0", "charge: 0.5", "charge = 0.5", "whole number"),
    ("status: literature", "status: litterature", "status = litterature", "Did you mean `literature`?"),
    ("status: literature", f"status: derived\nmisfit: [{MISFIT}]", "status = derived", "provisional"),
    ("density_kg_per_m3: 861.8", "density_kg_per_m3: -1", "density_kg_per_m3 = -1", "larger than 0"),
    ("density_kg_per_m3: 861.8", "density: 861.8", "density = 861.8", "Did you mean `density_"),
    (" jorgensen1996,", " jorgensen1997,", "sources", "Did you mean `jorgensen1996`?"),
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


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("reached: 0.03", "reached: 0.01", r"misfit[1].reached = 0.01: 0.01 is within the limit of 0.02"),
        ("reached: 0.03", "reached: much", r"misfit[1].reached = much: this must be a number"),
        (", unit: angstrom", "", r"misfit[1].unit: the key is missing"),
        ("limit:", "limits:", r"Did you mean `limit`?"),
    ],
)
def test_a_misfit_is_a_number_beyond_its_limit(project: Project, old: str, new: str, told: str) -> None:
    project.edit(DME, "status: literature", f"status: provisional\nstatus_note: x\nmisfit: [{MISFIT}]")
    project.load()
    project.edit(DME, old, new)
    assert any(told in line for line in project.problems()), project.problems()


def test_a_site_names_atoms_that_exist(project: Project) -> None:
    project.edit(DME, "atoms: [O1, O2]", "atoms: [O1, O9]")
    assert "sites: O9 not among the atoms of DME.itp" in project.problem()


def test_charges_that_miss_the_declared_one(project: Project) -> None:
    path = f"{MOLECULES}/PF6/molecule.yaml"
    project.edit(path, "charge: -1", "charge: -2")
    assert path in project.problem() and "declared" in project.problem()


def test_a_type_that_two_molecules_define_differently(project: Project) -> None:
    project.edit(f"{MOLECULES}/EC/atomtypes.itp", "0.242    0.06276", "0.25    0.06276")
    line = project.problem()
    assert line.startswith(f"{MOLECULES}/EC/atomtypes.itp:") and "atom type c_HC" in line
    assert "EC defines the type as at.num 1 mass 1.008 sigma 0.25" in line and "another type name" in line


def test_all_mistakes_of_several_molecules_are_told_at_once(project: Project) -> None:
    (project.root / MOLECULES / "TFSI" / "TFSI.pdb").unlink()
    (project.root / MOLECULES / "TFSI" / "atomtypes.itp").unlink()
    project.edit(DME, "charge: 0", "charge: 0.5")
    project.edit(DME, " jorgensen1996,", " jorgensen1997,")
    project.edit(f"{MOLECULES}/PF6/PF6.itp", "P1       1    1.3400", "P1       1    1.4000")
    project.edit(f"{MOLECULES}/DOL/atomtypes.itp", "0.35   0.276144", "0.35   0.3")
    project.edit(f"{MOLECULES}/EC/atomtypes.itp", "c_C       6", "c_O       6")
    project.edit(f"{MOLECULES}/PEO/bonded.yaml", "r0_nm: 0.1529", "r0_nm: nan")
    told = "\n".join(project.problems())
    for wanted in (
        "TFSI/TFSI.pdb: the file does not exist",
        "TFSI/atomtypes.itp: the file does not exist",
        "charge = 0.5: this must be a whole number",
        "`jorgensen1997` is not in references.bib",
        "the charges of PF6.itp add up to -0.940000 e, declared is -1 e",
        "atom type e_CT: ",
        "atom type c_O: the type is defined twice with different values",
        "bonds[1].r0_nm = nan: this must be a number",
    ):
        assert wanted in told, (wanted, told)


def test_numbers_that_gromacs_would_not_take_stop_before_anything_runs(project: Project) -> None:
    project.edit(f"{MOLECULES}/DME/DME.itp", "  1   5  1  0.1410   267776.0", "  1   5  1  nan   267776.0")
    assert "DME.itp:32: [ bonds ] = 1 5 1 nan 267776.0: `nan` is not a number" in project.problem()


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


@pytest.mark.parametrize("status", ["provisional", "derived"])
def test_parameters_that_are_not_published_need_a_note(project: Project, status: str) -> None:
    project.edit(DME, "status: literature", f"status: {status}")
    assert "status_note: the key is missing" in project.problem()
