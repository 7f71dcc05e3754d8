"""A LigParGen pair becomes a molecule of the force field."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflow.audit import ligpargen_pair as pair
from workflow.audit.new_molecule import Wanted, import_pair
from workflow.inputs.problems import Problems
from workflow.itp import read_atoms, read_atomtypes, rows_of

if TYPE_CHECKING:
    from tests.workflow.audit.conftest import Molecules

WANTED = Wanted("DMC", "solvent", "COC(=O)OC", ("dodda2017",), title="dimethyl carbonate", licence="free")


def imported(
    molecules: Molecules, itp: str | None = None, gro: str | None = None, wanted: Wanted = WANTED
) -> tuple[Path | None, list[str]]:
    """Import a pair; the new folder and what is told, or None and the problems."""
    (molecules.root / "X.itp").write_text(pair.itp() if itp is None else itp)
    (molecules.root / "X.gro").write_text(pair.gro() if gro is None else gro)
    problems = Problems(molecules.root)
    done = import_pair(molecules.root, molecules.root / "X.itp", molecules.root / "X.gro", wanted, problems)
    if done is None:
        assert problems.found
        assert not molecules.folder(wanted.name).exists() or wanted.name == "EC"
        return None, [one.text(molecules.root) for one in problems.found]
    assert not problems.found
    return done


def test_a_pair_becomes_a_molecule_that_the_audit_accepts(molecules: Molecules) -> None:
    folder, told = imported(molecules)
    assert folder == molecules.folder("DMC")
    assert sorted(path.name for path in folder.iterdir()) == ["DMC.itp", "DMC.pdb", "atomtypes.itp", "molecule.yaml"]
    assert molecules.check("DMC").lines() == []
    assert any("charges added up to 0.0001 e" in line for line in told)
    assert any("density_kg_per_m3" in line for line in told)


def test_atoms_are_named_by_element_and_number_and_types_are_shared_and_unique(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    atoms = read_atoms(folder / "DMC.itp")
    assert [atom.name for atom in atoms] == ["C1", "O1", "C2", "O2", "O3", "C3", "H1", "H2", "H3", "H4", "H5", "H6"]
    types = read_atomtypes(folder / "atomtypes.itp")
    assert list(types) == ["DMC_C1", "DMC_O1", "DMC_C2", "DMC_O2", "DMC_H1"]
    for atom, kind, element in zip(atoms, pair.KINDS, pair.ELEMENTS, strict=True):
        found = types[atom.type]
        assert (found.sigma_nm, found.epsilon_kJ_per_mol) == pair.LJ[kind]
        assert found.atomic_number == {"C": 6, "O": 8, "H": 1}[element]


def test_charges_add_up_exactly_and_are_the_nearest_that_are_equal_for_atoms_alike(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    text = (folder / "DMC.itp").read_text()
    charges = [Decimal(row[6]) for row in rows_of(text, "atoms")]
    assert sum(charges) == 0
    raw = np.array([float(charge) for charge in pair.CHARGES])
    groups = [[0, 5], [1, 4], [2], [3], [6, 7, 8, 9, 10, 11]]
    for group in groups:
        assert len({charges[i] for i in group}) == 1
    # The nearest in the sense of least squares under these conditions: the mean of each group, shifted alike.
    wanted = np.empty(12)
    for group in groups:
        wanted[group] = raw[group].mean()
    wanted -= raw.sum() / 12
    assert np.abs(np.array(charges, dtype=float) - wanted).max() < 1.5e-6


def test_every_term_keeps_its_values(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    ours, theirs = (folder / "DMC.itp").read_text(), pair.itp()
    for section, width in (("bonds", 2), ("angles", 3), ("pairs", 2)):
        assert [[float(x) for x in row] for row in rows_of(ours, section)] == [
            [float(x) for x in row] for row in rows_of(theirs, section)
        ], width
    for row, raw in zip(sorted(rows_of(ours, "dihedrals")), sorted(rows_of(theirs, "dihedrals")), strict=True):
        assert row[:5] == raw[:5]
        assert [float(x) for x in row[5:]] == pytest.approx([float(x) for x in raw[5:]], abs=2e-3)
        if row[4] == "3":
            assert sum(float(x) for x in row[5:]) == pytest.approx(0, abs=1e-9)  # trans has no energy


def test_the_structure_is_in_angstrom_and_minimised(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    lines = [line for line in (folder / "DMC.pdb").read_text().splitlines() if line.startswith("HETATM")]
    xyz = np.array([[float(line[i : i + 8]) for i in (30, 38, 46)] for line in lines])
    start = 10 * np.array(pair.XYZ_NM)
    for i, j in pair.BONDS:
        assert np.linalg.norm(xyz[i] - xyz[j]) == pytest.approx(np.linalg.norm(start[i] - start[j]), abs=0.1)
        assert np.linalg.norm(xyz[i] - xyz[j]) == pytest.approx(10 * pair.entry(pair.BOND_OF, (i, j))[0], abs=0.02)


def test_a_gro_in_angstrom_is_noticed(molecules: Molecules) -> None:
    folder, told = imported(molecules, gro=pair.gro(per_nm=10))
    assert folder is not None and any("was in angstrom" in line for line in told)
    assert molecules.check("DMC").lines() == []


def test_fourier_torsions_are_the_same_as_ryckaert_bellemans(molecules: Molecules) -> None:
    fourier = []
    for line in pair.itp().splitlines():
        fields = line.split()
        if len(fields) == 11 and fields[4] == "3":
            v1, v2, v3 = pair.entry(pair.TORSION_OF, tuple(int(x) - 1 for x in fields[:4]))
            line = " ".join([*fields[:4], "5", f"{v1} {v2} {v3} 0"])
        fourier.append(line)
    folder, _ = imported(molecules, itp="\n".join(fourier))
    assert folder is not None
    in_fourier = (folder / "DMC.itp").read_text()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    imported(molecules)
    in_series = (folder / "DMC.itp").read_text()
    for one, two in zip(rows_of(in_fourier, "dihedrals"), rows_of(in_series, "dihedrals"), strict=True):
        assert one[:5] == two[:5]
        assert [float(x) for x in one[5:]] == pytest.approx([float(x) for x in two[5:]], abs=2e-3)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("   0.6201 ", "   0.6301 ", "the charges add up to 0.0101 e"),
        ("0.0204 12.0110", "nan 12.0110", "`nan` is not a number"),
        ("opls_800  C800", "opls_899  C800", "atom C00 = opls_800: this type is not in [ atomtypes ]"),
        ("opls_803  O803    15.9990", "opls_803  O803    150.9990", "no element has this mass"),
        ("UNK                   3", "UNK                   2", "one molecule that excludes three bonds"),
        ("[ pairs ]", "[ virtual_sites3 ]\n1 2 3 4 1 1 1\n[ pairs ]", "[ virtual_sites3 ]: this section cannot be"),
        ("[ pairs ]", '#include "posre.itp"\n[ pairs ]', "posre.itp: the file does not exist"),
        ("[ pairs ]", "[ pairs ]\n 1 99 1", "the atoms must be 2 different ones of 1 to 12"),
    ],
)
def test_an_itp_that_cannot_be_imported_is_told_and_nothing_written(
    molecules: Molecules, old: str, new: str, told: str
) -> None:
    assert pair.itp().count(old) == 1
    folder, lines = imported(molecules, itp=pair.itp().replace(old, new))
    assert folder is None and any(told in line for line in lines), lines


def test_two_different_definitions_of_one_type_are_refused_and_both_told(molecules: Molecules) -> None:
    lines = pair.itp().splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == ["opls_803"])
    other = lines[at].replace("9.00000E-01", "3.76560E+00")
    assert other != lines[at]
    for text in ([*lines[: at + 1], other, *lines[at + 1 :]], [*lines[:at], other, *lines[at:]]):
        folder, told = imported(molecules, itp="\n".join(text))
        (line,) = told
        assert folder is None and "atom type opls_803: the type is defined twice" in line
        assert "9.00000E-01" in line and "3.76560E+00" in line and f"in line {at + 1} " in line
    folder, told = imported(molecules, itp="\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]]))
    assert folder is not None  # the same twice says nothing else


@pytest.mark.parametrize(
    ("gro", "told"),
    [
        (pair.gro(per_nm=3), "its bonds are 3.0"),
        (pair.gro().replace("C00", "C99"), "are not those of the itp"),
        (pair.gro().replace("   0.233", "     nan"), "`nan` is not a number"),
        ("", "are not those of the itp"),
    ],
)
def test_a_gro_that_does_not_belong_to_the_itp(molecules: Molecules, gro: str, told: str) -> None:
    folder, lines = imported(molecules, gro=gro)
    assert folder is None and any(told in line for line in lines), lines


def test_what_is_said_about_the_molecule_is_checked_all_at_once(molecules: Molecules) -> None:
    wanted = Wanted("EC", "solvant", "COC(=O)OC", ("doda2017",), status="good", density_kg_per_m3=1069.0)
    _, lines = imported(molecules, wanted=wanted)
    told = "\n".join(lines)
    for words in ("this molecule exists", "solvant: this is not known", "Did you mean `dodda2017`", "--status = good"):
        assert words in told
    assert "a density and its source go together" in told
    _, lines = imported(molecules, wanted=Wanted("DMC", "solvent", "C(", ("dodda2017",)))
    assert any("--smiles = C(" in line for line in lines)


def test_a_smiles_of_another_molecule_is_found_by_the_audit(molecules: Molecules) -> None:
    folder, lines = imported(molecules, wanted=Wanted("DMC", "solvent", "CCC(=O)OO", ("dodda2017",)))
    assert folder is None and any("are not those of the SMILES" in line for line in lines)
    assert not list(molecules.folder("DMC").parent.glob(".DMC*"))
    folder, _ = imported(molecules)  # the corrected one is imported
    assert folder is not None


def test_what_the_audit_finds_is_told_with_the_line_of_the_given_file_and_nothing_written(molecules: Molecules) -> None:
    lines = pair.itp().splitlines()
    at = next(i for i, line in enumerate(lines) if "0.1230 477000.000" in line)
    folder, told = imported(molecules, itp=pair.itp().replace("0.1230 477000.000", "1.2300 477000.000"))
    assert folder is None and any(line.startswith(f"X.itp:{at + 1}: bond ") for line in told), told


def test_everything_that_is_wrong_is_told_at_once(molecules: Molecules) -> None:
    itp = pair.itp().replace("   0.6201 ", "   0.9201 ").replace("UNK                   3", "UNK                   2")
    itp = itp.replace("[ pairs ]", "[ pairs ]\n 1 99 1")
    wanted = Wanted("DMC", "solvent", "COC(=O)OC", ("doda2017",), density_kg_per_m3=1069.0, density_source="nope")
    folder, lines = imported(molecules, itp=itp, gro=pair.gro().replace("C00", "C99"), wanted=wanted)
    told = "\n".join(lines)
    assert folder is None
    for words in (
        "--source = doda2017", "--density-source = nope", "excludes three bonds", "charges add up to 0.3001 e",
        "are not those of the itp", "the atoms must be 2 different ones",
    ):  # fmt: skip
        assert words in told, words


def test_a_wrong_number_is_told_beside_an_unknown_source(molecules: Molecules) -> None:
    itp = pair.itp().replace("0.1230 477000.000", "1.2300 477000.000")
    wanted = Wanted("DMC", "solvent", "COC(=O)OC", ("doda2017",))
    _, lines = imported(molecules, itp=itp, wanted=wanted)
    assert any("--source = doda2017" in one for one in lines) and any(": bond " in one for one in lines), lines


def test_oxygens_that_are_bonded_differently_are_sites_of_their_own(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    text = (folder / "molecule.yaml").read_text()
    assert "{name: O_carbonyl, kind: O, atoms: [O2]}" in text and "{name: O_ether, kind: O, atoms: [O1, O3]}" in text


def test_the_names_of_the_given_file_stand_beside_the_atoms(molecules: Molecules) -> None:
    folder, _ = imported(molecules)
    assert folder is not None
    lines = [line for line in (folder / "DMC.itp").read_text().splitlines() if " DMC_" in line]
    assert [line.split()[-1] for line in lines] == [pair.name_of(i) for i in range(12)]


def test_a_licence_that_is_not_stated_is_a_warning(molecules: Molecules) -> None:
    _, told = imported(molecules, wanted=Wanted("DMC", "solvent", "COC(=O)OC", ("dodda2017",)))
    assert any("to do: licence" in line for line in told)
    (line,) = molecules.check("DMC").lines()
    assert line.startswith("warning: ") and "no licence is stated" in line


def test_a_name_that_is_a_path_is_refused_without_following_it(molecules: Molecules) -> None:
    _, lines = imported(molecules, wanted=Wanted("../x", "solvent", "COC(=O)OC", ("dodda2017",)))
    assert lines[0].startswith("forcefields/opls-aa/molecules: --name = ../x: this name does not fit")
