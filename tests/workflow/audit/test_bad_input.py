"""Files that cannot be read, in every way that comes to mind: each is told in one line, and never a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.audit.conftest import Molecules

Break = Callable[["Molecules"], object]


def replaced(name: str, file: str, old: str, new: str) -> Break:
    """A text that occurs once in a molecule's file is another one."""
    return lambda molecules: molecules.edit(name, file, old, new)


def in_itp(old: str, new: str) -> Break:
    """A text that occurs once in DME's itp is another one."""
    return replaced("DME", "DME.itp", old, new)


def removed(name: str, file: str) -> Break:
    """A file is missing."""
    return lambda molecules: (molecules.folder(name) / file).unlink()


def a_folder(name: str, file: str) -> Break:
    """A folder stands where a file should."""

    def change(molecules: Molecules) -> None:
        removed(name, file)(molecules)
        (molecules.folder(name) / file).mkdir()

    return change


def holding(name: str, file: str, content: bytes) -> Break:
    """A file holds something else altogether."""
    return lambda molecules: (molecules.folder(name) / file).write_bytes(content)


O1 = "   5  e_OS      1   DME     O1       5   -0.4000   15.999"
CASES: list[tuple[str, Break, str]] = [
    ("no molecule.yaml", removed("DME", "molecule.yaml"), r"DME/molecule.yaml: the file does not exist"),
    ("no atom types", removed("DME", "atomtypes.itp"), r"DME/atomtypes.itp: the file does not exist"),
    ("no itp", removed("DME", "DME.itp"), r"DME/DME.itp: the file does not exist"),
    ("no pdb", removed("DME", "DME.pdb"), r"DME/DME.pdb: the file does not exist"),
    ("no bonded.yaml", removed("PEO", "bonded.yaml"), r"PEO/bonded.yaml: the file does not exist"),
    ("itp is a folder", a_folder("DME", "DME.itp"), r"DME/DME.itp: this is a folder, not a file"),
    ("yaml is a folder", a_folder("DME", "molecule.yaml"), r"DME/molecule.yaml: this is a folder"),
    ("pdb is a folder", a_folder("DME", "DME.pdb"), r"DME/DME.pdb: this is a folder"),
    ("itp in Latin-1", holding("DME", "DME.itp", b"; \xe9t\xe9\n[ atoms ]\n"), r"DME.itp:1: the file is not UTF-8"),
    ("pdb is binary", holding("DME", "DME.pdb", b"\x00\xff\xfe" * 9), r"DME.pdb:1: the file is not UTF-8"),
    ("itp is UTF-16", holding("DME", "DME.itp", "[ atoms ]".encode("utf-16")), r"DME.itp:1: the file is not UTF-8"),
    ("itp is empty", holding("DME", "DME.itp", b""), r"DME.itp: \[ atoms \]: the molecule has no atoms"),
    ("yaml is empty", holding("DME", "molecule.yaml", b""), r"molecule.yaml:1: the file holds no keys"),
    ("yaml is a list", holding("DME", "molecule.yaml", b"- a\n"), r"molecule.yaml:1: the file holds no keys"),
    ("charge is half", replaced("DME", "molecule.yaml", "charge: 0", "charge: 0.5"), r"charge = 0.5: .*whole number"),
    ("charge is text", replaced("DME", "molecule.yaml", "charge: 0", "charge: none"), r"charge = none: .*whole number"),
    ("no sources", replaced("DME", "molecule.yaml", "sources: [j", "sourcs: [j"), r"sources: the key is missing"),
    ("unknown key", replaced("DME", "molecule.yaml", "licence:", "license:"), r"license .*Did you mean `licence`"),
    ("unknown source", replaced("DME", "molecule.yaml", " jorgensen1996,", " jorgensen96,"), r"jorgensen1996"),
    ("unknown key of a chain", replaced("PEO", "bonded.yaml", "impropers:", "improper:"), r"improper .*`impropers`"),
    ("entry without a value", replaced("PEO", "bonded.yaml", "r0_nm: 0.1529, ", ""), r"bonds\[1\].r0_nm: the key is"),
    ("entry with NaN", replaced("PEO", "bonded.yaml", "0.1529", ".nan"), r"r0_nm = .nan: .*finite number"),
    ("entry with text", replaced("PEO", "bonded.yaml", "224262.4", "stiff"), r"k_kJ_per_mol_nm2 = stiff"),
    ("entry twice", replaced("PEO", "bonded.yaml", "angles:\n", "  - {types: [e_OS, e_CT], r0_nm: 1, "
     "k_kJ_per_mol_nm2: 1}\nangles:\n"), r"bonds e_OS-e_CT: there are two entries for these types"),
    ("entry missing", replaced("PEO", "bonded.yaml", "  - {types: [e_CT, e_CT], r0_nm: 0.1529, "
     "k_kJ_per_mol_nm2: 224262.4}\n", ""), r"bonds: no entry for e_CT-e_CT"),
    ("type of a unit unknown", replaced("PEO", "atomtypes.itp", "e_OS", "e_OO"), r"e_OS of unit head is not in"),
    ("unit's atom unknown", replaced("PEO", "molecule.yaml", "join: [Cb, Ca]", "join: [Cx, Ca]"), r"names the atom Cx"),
    ("charge NaN", in_itp(O1, O1.replace("-0.4000", "nan")), r"DME.itp:14: .*`nan` is not a number"),
    ("charge 1_0", in_itp(O1, O1.replace("-0.4000", "1_0")), r"`1_0` is not a number"),
    ("charge with comma", in_itp(O1, O1.replace(".4000", ",4")), r"`-0,4` is not a number"),
    ("mass infinite", in_itp(O1, O1.replace("15.999", "1e999")), r"`1e999` is far too large"),
    ("atom without mass", in_itp(O1, O1.replace("15.999", "")), r"has 7 fields, not 8"),
    ("atoms misnumbered", in_itp(O1, O1.replace("   5  e", "   9  e")), r"number 9, expected 5"),
    ("atom's name twice", in_itp(O1, O1.replace("O1 ", "O2 ")), r"atom O2: two atoms have"),
    ("type unknown", in_itp(O1, O1.replace("e_OS", "e_XX")), r"atom O1 = e_XX: this type is not"),
    ("type twice", replaced("DME", "atomtypes.itp", "e_HC      1", "e_OS      1"), r"e_OS: .*defined twice"),
    ("type with text", replaced("DME", "atomtypes.itp", "0.50208", "strong"), r"`strong` is not a number"),
    ("type negative", replaced("DME", "atomtypes.itp", "0.50208", "-0.50208"), r"sigma and epsilon not below"),
    ("type with another column", replaced("DME", "atomtypes.itp", "e_OS ", "e_OS OS "), r"has 8 fields, not 7"),
    ("bond to nobody", in_itp("  5   6  1  0.1410", "  5  66  1  0.1410"), r"different ones of 1 to"),
    ("bond to itself", in_itp("  5   6  1  0.1410", "  5   5  1  0.1410"), r"different ones of 1 to"),
    ("bond from zero", in_itp("  5   6  1  0.1410", "  0   6  1  0.1410"), r"different ones of 1 to"),
    ("bond of letters", in_itp("  5   6  1  0.1410", "  O   C  1  0.1410"), r"`O` is not a whole"),
    ("bond twice", in_itp("[ pairs ]", "6 5 1 0.1410 267776\n[ pairs ]"), r"C2-O1: .*stands twice"),
    ("bond without values", in_itp("  5   6  1  0.1410   267776.0", "  5  6  1"), r"has 3 fields"),
    ("bond of function 2", in_itp("  5   6  1  0.1410", "  5   6  2  0.1410"), r"function 1 is"),
    ("torsion of type 9", replaced("EC", "EC.itp", "  4   5   8   1  3  ", "  4   5   8   1  9  "), r"function 3 is"),
    ("improper of type 2", replaced("EC", "EC.itp", "  1   4   2   3  4  ", "  1   4   2   3  2  "), r"function 4 is"),
    ("line cut off", replaced("EC", "EC.itp", "  1   4   2   3  4  180.0  43.932  2", "1 4"), r"\[ dihedrals \] = 1 "),
    ("text before a section", in_itp("[ moleculetype ]", ""), r"before the first section"),
    ("another molecule's name", in_itp("DME     3", "DMX     3"), r"holds `DME 3`"),
    ("two bonds excluded", in_itp("DME     3", "DME     2"), r"holds `DME 3`"),
    ("header not closed", in_itp("[ angles ]", "[ angles"), r"no section header"),
    ("section not known", in_itp("[ pairs ]", "[ exclusions ]"), r"\[ exclusions \]: .*not known"),
    ("types in the itp", in_itp("[ moleculetype ]", "[ atomtypes ]\na 1 1 0 A 1 1\n"
     "[ moleculetype ]"), r"molecule import"),
    ("section among types", replaced("DME", "atomtypes.itp", "[ atomtypes ]", "[ x ]\n1 2\n[ atomtypes ]"), r"only \["),
    ("line continued", in_itp(O1, O1 + " \\"), r"cannot be continued"),
    ("pdb with text", replaced("DME", "DME.pdb", "-2.613   0.450", " x.613   0.450"), r"`x.613` is not a number"),
    ("pdb with NaN", replaced("DME", "DME.pdb", "-2.613   0.450", "   nan   0.450"), r"`nan` is not a number"),
    ("pdb with an atom less", replaced("DME", "DME.pdb", "HETATM   16", "REMARK   16"), r"15 atoms, DME.itp has 16"),
    ("#ifdef", in_itp("[ angles ]", "#ifdef FLEXIBLE\n[ angles ]"), r"= #ifdef FLEXIBLE: .*not used"),
    ("#define", in_itp("[ angles ]", "#define K 3\n[ angles ]"), r"= #define K 3: .*not used"),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_file_is_told_in_one_line(molecules: Molecules, broken: Break, told: str) -> None:
    broken(molecules)
    names = ("DME", "EC", "PEO")
    lines = molecules.errors(*names)
    assert any(re.search(told, line) for line in lines), lines
    assert all(re.match(r"forcefields/opls-aa/molecules/\w+/\S+: ", line) for line in lines)
    assert all("\n" not in line and re.search(r"\. [A-Z].", line) for line in lines)  # a problem and a remedy


def test_many_bad_files_are_told_in_one_run(molecules: Molecules) -> None:
    removed("TFSI", "TFSI.pdb")(molecules)
    replaced("DME", "molecule.yaml", "charge: 0", "charge: 0.5")(molecules)
    in_itp(O1, O1.replace("-0.4000", "nan"))(molecules)
    replaced("EC", "atomtypes.itp", "c_C       6", "c_O       6")(molecules)
    replaced("DOL", "atomtypes.itp", "0.35   0.276144", "0.35   0.3")(molecules)
    replaced("DOL", "molecule.yaml", "density_dol", "density_doll")(molecules)
    replaced("PF6", "molecule.yaml", "licence:", "license:")(molecules)
    a_folder("Li", "Li.itp")(molecules)
    wanted = [
        r"TFSI/TFSI.pdb: the file does not exist",
        r"DME/molecule.yaml:\d+: charge = 0.5",
        r"DME/DME.itp:14: .*`nan`",
        r"EC/atomtypes.itp:\d+: atom type c_O: the type is defined twice",
        r"EC/EC.itp:\d+: atom C2 = c_C: this type is not in atomtypes.itp",
        r"DOL/atomtypes.itp:\d+: atom type e_CT: .*DOL defines .* epsilon 0.3, DME as",
        r"DOL/molecule.yaml:\d+: density_source = density_doll: .*Did you mean `density_dol`",
        r"PF6/molecule.yaml:\d+: license",
        r"Li/Li.itp: this is a folder",
    ]
    lines = molecules.errors("TFSI", "DME", "EC", "DOL", "PF6", "Li")
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in lines), (pattern, lines)


def test_a_molecule_folder_that_is_a_file_or_missing(molecules: Molecules) -> None:
    (molecules.folder("DME") / "DME.itp").rename(molecules.folder("XYZ"))
    assert any("this is no folder" in line for line in molecules.errors("XYZ"))
    assert any("the folder does not exist" in line for line in molecules.errors("ZYX"))


def test_a_bibliography_that_is_missing(molecules: Molecules) -> None:
    (molecules.root / "forcefields/opls-aa/references.bib").unlink()
    assert any("references.bib: the bibliography cannot be read" in line for line in molecules.errors("DME"))
