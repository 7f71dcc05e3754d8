"""What the audit tells of a molecule that can be read: each message names the file, the line and the term."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflow import fluoropolymer

if TYPE_CHECKING:
    from tests.workflow.audit.conftest import Molecules

# Molecule, file, what stands there, what is written instead, the term that is named, words of problem and remedy.
CASES = [
    ("DME", "molecule.yaml", "C4H10O2", "C4H9O2", "formula = C4H9O2", "DME.itp has C4H10O2"),
    ("DME", "molecule.yaml", "C4H10O2", "C4H", "formula = C4H", "the formula means C4H"),
    ("DME", "molecule.yaml", "C4H10O2", "four carbons", "formula", "no formula such as C4H10O2"),
    ("PEO", "molecule.yaml", "H-CH2-O-CH2-(", "H-CH2-O-(", "formula", "a chain of 2 units has C4H10O2"),
    ("DME", "molecule.yaml", "COCCOC", "COCCO", "smiles = COCCO", "means C3H8O2, DME.itp has C4H10O2"),
    ("DME", "molecule.yaml", "COCCOC", "CCOCOC", "[ bonds ]", "not those of the SMILES. Correct"),
    ("DME", "molecule.yaml", "COCCOC", "C(", "smiles = C(", "no SMILES that RDKit can read"),
    ("DME", "molecule.yaml", "smiles: COCCOC", "smiles: null", "smiles", "Add it"),
    ("Li", "molecule.yaml", '"[Li+]"', '"[Li]"', "smiles = [Li]", "its charge is 0, declared is 1"),
    ("DME", "DME.itp", "1   DME     H1a ", "1   DME     X1a ", "atom X1a", "begin with H"),
    ("DME", "DME.itp", "O1       5   -0.4000   15.999", "O1       5   -0.4000   12.011", "mass of O1", "Write 15.999"),
    ("DME", "atomtypes.itp", "8     15.999", "8     15.000", "mass of type e_OS", "Write 15.999"),
    ("DME", "atomtypes.itp", "e_OS      8", "e_OS      80", "atom O1", "atomic number 80"),
    ("DME", "DME.itp", "O1       5   -0.4000", "O1       5   -0.3000", "charge = 0", "add up to 0.100000 e"),
    ("DME", "DME.itp", "  1   9  1\n", "", "pair C1-C3", "Add it to [ pairs ]"),
    ("DME", "DME.itp", "  1   9  1\n", "  1   9  1\n  1   5  1\n", "pair C1-O1", "not three bonds apart"),
    ("DME", "DME.itp", "  5   6   9  1   109.5   418.400  ; CT-CT-OS\n", "", "angle O1-C2-C3", "Add it to [ angles ]"),
    ("EC", "EC.itp", "  4   5   8   1  3  -1.15060   1.15060", ";", "torsion O3-C4-C5-O1", "six zeros"),
    ("EC", "EC.itp", "  1   4   2   3  4  180.0  43.932  2", "", "improper O1-O2-C2-O3", "phase 180"),
    ("EC", "EC.itp", "  180.0  43.932  2", "  0.0  43.932  2", "improper O1-O3-C2-O2", "Write 180 and 2"),
    ("EC", "EC.itp", "  180.0  43.932  2", "  180.0  10.5  2", "improper O1-O3-C2-O2 k", "kcal instead of kJ"),
    ("EC", "EC.itp", "  1   4   2   3  4", "  1   4   5   3  4", "improper O1-O3-C4-O2", "none of its atoms"),
    ("EC", "EC.itp", "0.1229   476976.0", "1.229   476976.0", "bond C2-O2 r0 = 1.229 nm", "angstrom instead of nm"),
    ("EC", "EC.itp", "0.1229   476976.0", "0.1229   114000.0", "bond C2-O2 k", "multiply by 4.184"),
    ("EC", "EC.itp", "0.1229   476976.0", "0.1229   1140.0", "bond C2-O2 k", "kcal/A^2"),
    ("EC", "EC.itp", "0.1229   476976.0", "0.1349   476976.0", "bond C2-O2 r0", "0.1226 nm long in EC.pdb"),
    ("EC", "EC.itp", "2   4  1   108.8", "2   4  1   1.899", "angle O1-C2-O3 theta0", "radian instead of degree"),
    ("EC", "EC.itp", "1   2   4  1   108.8", "1   2   4  1   128.8", "angle O1-C2-O3 theta0", "deg in EC.pdb"),
    ("EC", "EC.itp", "108.8   694.500", "108.8   166.0", "angle O1-C2-O3 k", "multiply by 4.184"),
    ("EC", "EC.itp", "1.15060   0.00000   0.00000", "1.15060   0.50000   0.00000", "torsion O3-C4-C5-O1", "add up to"),
    ("DME", "DME.itp", " 2   1   5  1   109.5   292.880", " 2   1   5  1   109.5   300", "angle H1a-C1-O1", "alike"),
    ("DME", "atomtypes.itp", "0.29    0.50208", "2.9    0.50208", "sigma of type e_OS of O1", "angstrom instead of nm"),
    ("DME", "atomtypes.itp", "0.29    0.50208", "0.29    0.12", "epsilon of type e_OS of O1", "multiply by 4.184"),
    ("Li", "atomtypes.itp", "0.212645", "0.425290", "sigma and epsilon of type i_Li", "published sets of Li"),
    ("PAB", "bonded.yaml", "impropers: []", "impropers:\n"
     "  - {centre: b_B, phase_deg: 180, k_kJ_per_mol: 4, multiplicity: 2}", "impropers b_B", "Delete the entry"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "term", "told"), CASES, ids=[f"{case[0]}-{case[4]}" for case in CASES]
)
def test_a_mistake_is_told_with_its_term_and_remedy(
    molecules: Molecules, name: str, file: str, old: str, new: str, term: str, told: str
) -> None:
    molecules.edit(name, file, old, new)
    errors = molecules.errors(name)
    assert any(term in line and told in line for line in errors), errors
    assert all(line.startswith(f"forcefields/opls-aa/molecules/{name}/") for line in errors)


def test_the_line_of_a_wrong_term_is_named(molecules: Molecules) -> None:
    line = molecules.edit("EC", "EC.itp", "0.1229   476976.0", "0.1229   114000.0")
    (error,) = molecules.errors("EC")
    assert error.startswith(f"forcefields/opls-aa/molecules/EC/EC.itp:{line}: bond C2-O2 k = 114000 kJ/mol/nm2: ")


def test_a_bond_that_is_missing_is_named_by_the_structure(molecules: Molecules) -> None:
    molecules.edit("DME", "DME.itp", "  6   9  1  0.1529   224262.4  ; CT-CT\n", "")
    errors = molecules.errors("DME")
    assert any("bond C2-C3" in line and "no bond joins them" in line for line in errors)
    assert any("more than one molecule" in line for line in errors)


def test_atoms_in_another_order_than_the_structure(molecules: Molecules) -> None:
    pdb = molecules.folder("EC") / "EC.pdb"
    lines = pdb.read_text().splitlines()
    lines[1], lines[2] = lines[2], lines[1]
    pdb.write_text("\n".join(lines) + "\n")
    assert any("atom 1 is C2, in EC.itp it is O1" in line for line in molecules.errors("EC"))


def test_a_structure_that_is_not_minimised_is_a_warning(molecules: Molecules) -> None:
    molecules.edit("EC", "EC.pdb", "1.510  -0.085  -0.202", "1.540  -0.085  -0.202")
    findings = molecules.check("EC")
    assert not findings.errors.found
    (line,) = findings.lines()
    assert line.startswith("warning: ") and "EC.pdb: structure" in line and "not minimised" in line


def test_charges_of_atoms_alike_may_differ_by_rounding_only(molecules: Molecules) -> None:
    molecules.edit("DME", "DME.itp", "H1a      2    0.0300", "H1a      2    0.0305")
    molecules.edit("DME", "DME.itp", "H1b      3    0.0300", "H1b      3    0.0295")
    assert not molecules.errors("DME")
    assert [line for line in molecules.check("DME").lines() if "charge of H1a" in line and "alike" in line]
    molecules.edit("DME", "DME.itp", "H1a      2    0.0305", "H1a      2    0.0500")
    molecules.edit("DME", "DME.itp", "H1b      3    0.0295", "H1b      3    0.0100")
    assert any("charge of H1a" in line for line in molecules.errors("DME"))


def test_opposite_angles_around_six_neighbours_may_be_left_out_others_not(molecules: Molecules) -> None:
    assert not molecules.errors("PF6")
    molecules.edit("PF6", "PF6.itp", "  2   1   4  1    90.0  1165.000  ; F-P-F\n", "")
    assert any("angle F1-P1-F3" in line and "missing" in line for line in molecules.errors("PF6"))


def test_a_type_that_another_molecule_defines_differently(molecules: Molecules) -> None:
    molecules.edit("DME", "atomtypes.itp", "0.35   0.276144", "0.35   0.3")
    (error,) = molecules.errors("DME")
    assert "atom type e_CT" in error and "one name, two meanings" in error and "epsilon 0.3" in error


def test_a_folder_outside_the_force_field_is_checked_with_its_types_against_it(molecules: Molecules) -> None:
    molecules.folder("DME").rename(molecules.root / "DME")
    molecules.folder("G2").rename(molecules.root / "G2")
    from workflow.audit.check import check_folders

    assert not check_folders(molecules.root, [molecules.root / "DME"]).errors.found


def test_everything_is_told_at_once(molecules: Molecules) -> None:
    molecules.edit("EC", "EC.itp", "0.1229   476976.0", "0.1229   114000.0")
    molecules.edit("EC", "EC.itp", "108.8   694.500", "108.8   166.0")
    molecules.edit("EC", "molecule.yaml", "C3H4O3", "C3H4O2")
    molecules.edit("EC", "atomtypes.itp", "0.296    0.87864", "2.96    0.87864")
    molecules.edit("DME", "DME.itp", "  1   9  1\n", "")
    errors = molecules.errors("EC", "DME")
    for term in ("bond C2-O2 k", "angle O1-C2-O3 k", "formula", "sigma of type c_O", "pair C1-C3"):
        assert any(term in line for line in errors), term
    assert len(errors) == 8  # c_O has another meaning now than in FEC and in VC, told where it stands in each


def test_chains_of_a_polymer_are_drawn_and_what_prevents_it_is_told_once(molecules: Molecules) -> None:
    fluoropolymer.write(molecules.folder("PVDF"))
    assert molecules.check("PVDF").lines() == []
    bonded = molecules.folder("PVDF") / "bonded.yaml"
    bonded.write_text(bonded.read_text().replace("theta0_deg: 112.7", "theta0_deg: 104.0"))
    (line,) = molecules.check("PVDF").lines()
    assert (
        "molecule.yaml: units: no run can build chains of 2 monomers" in line and "Correct lengths and angles" in line
    )


def test_one_mistake_of_a_polymer_is_told_once(molecules: Molecules) -> None:
    molecules.edit("PEO", "molecule.yaml", "H-CH2-O-CH2-(", "H-O-CH2-(")
    assert len(molecules.errors("PEO")) == 1
    text = (molecules.folder("PAB") / "bonded.yaml").read_text().splitlines()
    lacking = "types: [b_HN, b_N, b_B, b_HB]"
    kept = [line for line in text if lacking not in line and "types: [b_HB, b_B, b_N, b_HN]" not in line]
    assert len(kept) == len(text) - 1
    (molecules.folder("PAB") / "bonded.yaml").write_text("\n".join(kept) + "\n")
    assert len(molecules.errors("PAB")) == 1
