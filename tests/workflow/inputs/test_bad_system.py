"""Every mistake in a system's file is told with file, line, key, value and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.inputs import InputError
from workflow.itp import ForceFieldError

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

BASE = "systems/ether.yaml"
PAB = "systems/ether-pab.yaml"
PIB = "systems/ether-pib.yaml"

CASES = [
    (BASE, "temperature_K: 298", "temperature: 298", "temperature = 298", "not known", "`temperature_K`"),
    (BASE, "temperature_K: 298", "temperature_K: 0", "temperature_K = 0", "larger than 0", "Write"),
    (
        BASE,
        "temperature_K: 298",
        "temperature_K: 25",
        "temperature_K = 25",
        "liquid below 150 K",
        "not degrees Celsius",
    ),
    (BASE, "temperature_K: 298", "temperature_K: 25 C", "temperature_K = 25 C", "a number in K", "unit"),
    (BASE, "temperature_K: 298", "temperature_K: warm", "temperature_K = warm", "a number in K", "plain number"),
    (BASE, "pressure_atm: 1", "pressure_atm: -1", "pressure_atm = -1", "larger than 0", "Write"),
    (BASE, "temperature_K: 298", "temperature_K: 2001", "temperature_K = 2001", "at most 2000 K", "2000 or less"),
    (BASE, "pressure_atm: 1", "pressure_atm: 100001", "pressure_atm = 100001", "at most 100000 atm", "or less"),
    (BASE, "temperature_K: 298", "temperature_K: !!float 298", "temperature_K = !!float", "tags", "plain value"),
    (BASE, "[DOL, DME]", "[DOL, DMF]", "solvents = DMF", "no molecule `DMF`", "Did you mean `DME`?"),
    (BASE, "[DOL, DME]", "[DOL, DOL]", "solvents = DOL", "named twice", "Keep one"),
    (BASE, "[DOL, DME]", "[DOL, TFSI]", "solvents = TFSI", "kind is anion, not solvent", "Name a solvent"),
    (BASE, "[DOL, DME]", "DOL", "solvents = DOL", "a list", "[a, b]"),
    (BASE, "volume_ratio: 1:1", "volume_ratio: 1:1:1", "= 1:1:1", "3 parts for 2 solvents", "as `1:1`"),
    (BASE, "volume_ratio: 1:1", "volume_ratio: 1:0", "volume_ratio = 1:0", "larger than 0", "Leave"),
    (BASE, "volume_ratio: 1:1", "volume_ratio: 1/1", "volume_ratio = 1/1", "parts by volume", "`1:1`"),
    (BASE, "volume_ratio: 1:1", "volume_ratio: 1:-1", "volume_ratio = 1:-1", "parts by volume", "positive"),
    (BASE, "volume_ratio: 1:1", "volume_ratio: 61", "volume_ratio = 61", "1 parts for 2", "as `1:1`"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 2, TFSI: 1}", "{Li: 2, TFSI: 1}", "charge of +1 e", "{Li: 1, TFSI: 1}"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 1}", "salt.ions = {Li: 1}", "charge of +1 e", "one cation and one anion"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 2, TFSI: 2}", "{Li: 2, TFSI: 2}", "divided by 2", "Write {Li: 1, TFSI: 1}"),
    (BASE, "{Li: 1, TFSI: 1}", "{}", "salt.ions = {}", "ions are missing", "one cation and one anion"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 1, TFS: 1}", "salt.ions.TFS = TFS", "no molecule", "Did you mean `TFSI`?"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 1, NO: 1}", "salt.ions.NO = NO", "no molecule `NO`", "Known molecules"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 1, DME: 1}", "salt.ions.DME = 1", "no ion", "`solvents`"),
    (BASE, "{Li: 1, TFSI: 1}", "{Li: 0, TFSI: 1}", "salt.ions.Li = 0", "at least 1", "Write 1"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: -1.0", "salt.mol_per_L = -1.0", "larger than 0", "Write"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: 0", "salt.mol_per_L = 0", "larger than 0", "Write"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: 11", "salt.mol_per_L = 11", "at most 10 mol/L", "Write 10 or less"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: 0.001", "salt.mol_per_L = 0.001", "below 0.01 mol/L", "0.01 or more"),
    (BASE, "mol_per_L: 1.0", "mol_per_L_solvent: 31", "mol_per_L_solvent = 31", "at most 30 mol/L", "or less"),
    (BASE, "mol_per_L: 1.0", "mol_per_l: 1.0", "salt.mol_per_l = 1.0", "not known", "Did you mean `mol_per_L`?"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: 9.5", "salt.mol_per_L = 9.5", "salt alone fills", "lower concentration"),
    (BASE, "salt_pairs: 40", "salt_pairs: 0", "box.salt_pairs = 0", "at least 1", "Write 1"),
    (BASE, "salt_pairs: 40", "salt_pairs: 10", "box.salt_pairs = 10", "too small: twice the cut-off", "salt_pairs or"),
    (BASE, "title: 1 M LiTFSI in DOL/DME", "title: ''", "title", "text in one line", "short text"),
    (PAB, "molecule: PAB", "molecule: PABO", "chains.molecule = PABO", "no molecule", "Did you mean `PAB`?"),
    (PAB, "molecule: PAB", "molecule: DME", "chains.molecule = DME", "kind is solvent, not polymer", "Name a polymer"),
    (PAB, "monomers: 10", "monomers: 1", "chains.monomers = 1", "at least 2 monomers", "Write 2 or more"),
    (PAB, "monomers: 10", "monomers: 40", "chains.monomers = 40", "too small: a stretched chain", "salt_pairs or"),
    (PAB, "monomers: 10", "monomers: 360", "chains.monomers = 360", "at most 359 monomers", "Write 359 or less"),
    (PAB, "wt_percent: 10", "wt_percent: 61", "chains.wt_percent = 61", "at most 60 wt%", "Write 60 or less"),
    (BASE, "salt_pairs: 40", "salt_pairs: 100000", "box.salt_pairs = 100000", "more than the 2000000", "or less"),
    (BASE, "salt_pairs: 40", "total_atoms: 3000000", "box.total_atoms = 3000000", "more than the 2000000", "or less"),
    (PAB, "wt_percent: 10", "count: 1000000", "chains.count = 1000000", "more than the 2000000", "or less"),
    (PAB, "wt_percent: 10", "wt_percent: 0", "chains.wt_percent = 0", "larger than 0", "Write"),
    (PAB, "wt_percent: 10", "wt_percent: 100", "chains.wt_percent = 100", "below 100", "between 0 and 100"),
    (PAB, "wt_percent: 10", "wt_percent: 0.01", "wt_percent = 0.01", "round to none", "box.salt_pairs"),
    (PAB, "extends: ether", "extends: ethers", "extends = ethers", "no such system", "Did you mean `ether`?"),
    (PAB, "extends: ether", "extends: ../ether", "extends = ../ether", "misread", "letters"),
    (PAB, "extends: ether", "extends: ether-pab", "extends = ether-pab", "in a circle", "Break the circle"),
    (PIB, "like: ether-pab", "like: ether", "chains.count_like = ether", "has no chains", "has chains"),
    (PIB, "like: ether-pab", "like: eter-pab", "eter-pab", "no file systems/eter-pab.yaml", "`ether-pab`"),
    (PIB, "like: ether-pab", "like: ether-pib", "count_like = ether-pib", "in a circle", "wt_percent or count"),
]


@pytest.mark.parametrize(("file", "old", "new", "what", "problem", "remedy"), CASES, ids=[case[2] for case in CASES])
def test_mistake_is_told_with_its_line(
    project: Project, file: str, old: str, new: str, what: str, problem: str, remedy: str
) -> None:
    line = project.edit(file, old, new)
    told = [text for text in project.problems() if text.startswith(f"{file}:{line}: ")]
    assert any(what in text and problem in text and remedy in text for text in told), project.problems()


def test_a_mistake_in_a_base_is_told_once(project: Project) -> None:
    project.edit(BASE, "temperature_K: 298", "temperature_K: 0")
    assert project.problem().startswith(f"{BASE}:2: temperature_K = 0")


@pytest.mark.parametrize("second", ["count: 40", "mol_per_L_solvent: 1"])
def test_an_amount_given_twice(project: Project, second: str) -> None:
    line = project.edit(BASE, "  mol_per_L: 1.0\n", f"  mol_per_L: 1.0\n  {second}\n")
    told = project.problems()[0]
    assert told.startswith(f"{BASE}:{line + 1}: salt.{second.replace(': ', ' = ')}: the amount is given more than once")
    assert "Keep one of: mol_per_L, mol_per_L_solvent, count" in told


def test_no_amount_of_salt(project: Project) -> None:
    project.edit(BASE, "  mol_per_L: 1.0\n", "")
    assert "salt: no amount is given. Give one of: mol_per_L, mol_per_L_solvent, count" in project.problem()


def test_too_many_monomers_are_one_message(project: Project) -> None:
    project.edit(PAB, "monomers: 10", "monomers: 5000")
    assert project.problem().startswith(f"{PAB}:5: chains.monomers = 5000: a chain has at most 359 monomers")


def test_chains_that_cannot_be_put_together_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ForceFieldError("PAB: the units' charges leave 0.1 e.")

    monkeypatch.setattr("workflow.composition.compose", refuse)
    told = project.problems()
    assert f"{PAB}:5: chains.monomers = 10: PAB: the units' charges leave 0.1 e. Change the length" in "\n".join(told)


def test_no_salt(project: Project) -> None:
    project.edit(BASE, "salt:\n  ions: {Li: 1, TFSI: 1}\n  mol_per_L: 1.0\n", "")
    told = project.problem()  # a liquid without salt is one too, but its box is not counted in salt pairs
    assert "box.salt_pairs = 40: there is no salt" in told and "or add the salt under `salt`" in told


def test_a_salt_of_two_charges_is_told_its_neutral_form(project: Project) -> None:
    molecules = "forcefields/opls-aa/molecules"
    for file in ("atomtypes.itp", "Li.itp"):
        assert (project.root / molecules / "Li" / file).is_file()
    project.edit(f"{molecules}/Li/molecule.yaml", "charge: 1", "charge: 2")
    itp = (project.root / molecules / "Li/Li.itp").read_text()
    rows = [line for line in itp.splitlines() if line.split()[:1] == ["1"]]
    assert len(rows) == 1
    project.write(f"{molecules}/Li/Li.itp", itp.replace(rows[0], "1 i_Li 1 Li Li 1 2.0 6.94"))
    assert "leaves a charge of +1 e. Write {Li: 1, TFSI: 2}" in project.problem()


def test_ratio_with_a_solvent_without_density(project: Project) -> None:
    path = project.root / "forcefields/opls-aa/molecules/DME/molecule.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("density")]
    path.write_text("\n".join(kept) + "\n")
    told = project.problem()
    assert told.startswith(
        f"{BASE}:7: solvents = DME: a volume (volume_ratio, mol_per_L) needs the pure liquid's density"
    )
    assert "Add density_kg_per_m3" in told


def test_size_of_the_box_given_twice(project: Project) -> None:
    line = project.edit(BASE, "  salt_pairs: 40\n", "  salt_pairs: 40\n  total_atoms: 7000\n")
    assert f"{BASE}:{line + 1}: box.total_atoms = 7000: the size is given twice" in project.problem()


def test_no_size_of_the_box(project: Project) -> None:
    project.edit(BASE, "box:\n  salt_pairs: 40\n", "box: {}\n")
    assert "the size of the box is not given. Give salt_pairs" in project.problem()


def test_counted_salt_needs_total_atoms(project: Project) -> None:
    project.edit(BASE, "mol_per_L: 1.0", "count: 40")
    assert any("salt.count says already" in line and "total_atoms" in line for line in project.problems())


def test_a_longer_circle(project: Project) -> None:
    project.edit(BASE, "title: 1 M", "extends: ether-pib\ntitle: 1 M")
    told = project.problems()
    assert any("in a circle (ether -> ether-pib -> ether)" in line for line in told)


def test_chains_that_follow_others_have_their_length(project: Project) -> None:
    line = project.edit(PIB, "  count_like: ether-pab\n", "  count_like: ether-pab\n  monomers: 9\n")
    told = project.problem()
    assert told.startswith(
        f"{PIB}:{line + 1}: chains.monomers = 9: chains that follow `ether-pab` have its 10 monomers"
    )


def test_chains_that_follow_each_other(project: Project) -> None:
    project.edit(PAB, "  monomers: 10\n  wt_percent: 10\n", "  count_like: ether-pib\n")
    assert any("follow each other in a circle" in line for line in project.problems())


def test_the_salt_pairs_named_for_a_small_box_do(project: Project) -> None:
    project.edit(BASE, "salt_pairs: 40", "salt_pairs: 10")
    told = next(line for line in project.problems() if "cut-off" in line)
    needed = int(told.split("Write ")[1].split()[0])
    project.edit(BASE, "salt_pairs: 10", f"salt_pairs: {needed}")
    project.edit(PAB, "monomers: 10", "monomers: 4")
    assert project.load().compositions["ether"].predicted_edge_nm >= 3.4
    project.edit(BASE, f"salt_pairs: {needed}", f"salt_pairs: {needed - 2}")
    assert any("cut-off" in line for line in project.problems())


def test_a_small_box_given_as_atoms(project: Project) -> None:
    project.edit(BASE, "salt_pairs: 40", "total_atoms: 1000")
    told = next(line for line in project.problems() if "cut-off" in line)
    needed = int(told.split("Write ")[1].split()[0])
    project.edit(BASE, "total_atoms: 1000", f"total_atoms: {needed}")
    assert not [line for line in _told(project) if "cut-off" in line]


def _told(project: Project) -> list[str]:
    try:
        project.load()
    except InputError as error:
        return str(error).splitlines()
    return []


def test_a_solvent_that_rounds_badly_names_a_box_that_does_not(project: Project) -> None:
    project.edit(BASE, "volume_ratio: 1:1", "volume_ratio: 1:400")
    told = next(line for line in project.problems() if "whole molecules miss" in line)
    assert told.startswith(f"{BASE}:10: box.salt_pairs = 40")
    needed = int(told.split("box.salt_pairs: ")[1])
    project.edit(BASE, "salt_pairs: 40", f"salt_pairs: {needed}")
    ratio = project.load().compositions["ether"].reached["volume_ratio"]
    assert ratio[0] == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[{molecule: EC, wt_percent: 0}]", "additives[1].wt_percent = 0"),
        ("[{molecule: EC}]", "additives[1].wt_percent: the key is missing"),
        ("[{molecule: DME, wt_percent: 1}]", "named already in this system"),
        ("[{molecule: DMSO, wt_percent: 1}]", "no molecule `DMSO`"),
        ("[{molecule: Li, wt_percent: 1}]", "kind is cation, not solvent"),
        ("[{molecule: EC, wt_percent: 60}, {molecule: DEC, wt_percent: 40}]", "100 wt% or more"),
        ("EC", "additives = EC: this must be a list"),
    ],
)
def test_bad_additives(project: Project, text: str, told: str) -> None:
    project.edit(BASE, "volume_ratio: 1:1\n", f"volume_ratio: 1:1\nadditives: {text}\n")
    assert any(f"{BASE}:9: " in line and told in line for line in project.problems()), project.problems()


@pytest.mark.parametrize("left_out", ["value", "unit", "source", "quantity"])
def test_a_published_value_is_complete(project: Project, left_out: str) -> None:
    keys = {"quantity": "conductivity", "value": "1", "unit": "mS/cm", "source": "doi:10.1/x"}
    text = ", ".join(f"{key}: {value}" for key, value in keys.items() if key != left_out)
    project.edit(BASE, "box:\n", f"published: [{{{text}}}]\nbox:\n")
    assert f"published[1].{left_out}: the key is missing" in project.problem()
