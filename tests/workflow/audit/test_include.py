"""An `#include` stays inside its folder, and what it brings is simulated, checked and part of the run's identity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.forcefield import ForceFieldError, molecule_bonds, moleculetype_text, write_topology
from workflow.inputs.identity import _molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems

if TYPE_CHECKING:
    from tests.workflow.audit.conftest import Molecules
    from workflow.inputs import Molecule


def split(molecules: Molecules, line: str = '#include "bonds.itp"  ; the bonds') -> Path:
    """Put DME's bonds into a file of their own, which the itp includes; that file."""
    path = molecules.folder("DME") / "DME.itp"
    before, rest = path.read_text().split("[ bonds ]")
    bonds, after = rest.split("[ pairs ]")
    path.write_text(f"{before}{line}\n[ pairs ]{after}")
    included = path.with_name("bonds.itp")
    included.write_text(f"[ bonds ]{bonds.rstrip()}")  # no line feed at its end
    return included


def dme(molecules: Molecules) -> Molecule:
    """DME as planning reads it."""
    problems = Problems(molecules.root)
    molecule = read_molecules(molecules.root, problems)["DME"]
    assert molecule is not None, [one.text(molecules.root) for one in problems.found]
    return molecule


def test_what_is_included_is_part_of_the_molecule(molecules: Molecules, tmp_path: Path) -> None:
    whole = moleculetype_text(dme(molecules))
    bonds = molecule_bonds(dme(molecules))
    included = split(molecules)
    assert not molecules.check("DME").lines()
    assert molecule_bonds(dme(molecules)) == bonds
    write_topology(tmp_path / "system.top", [(dme(molecules), 1, None)], "geometric", "one DME")
    text = (tmp_path / "system.top").read_text()
    assert "#" not in text and "  1   5  1  0.1410   267776.0" in text
    rows = [" ".join(line.partition(";")[0].split()) for line in moleculetype_text(dme(molecules)).splitlines()]
    assert [row for row in rows if row] == [
        " ".join(code.split()) for line in whole.splitlines() if (code := line.partition(";")[0].strip())
    ]
    parts = _molecule(dme(molecules))
    included.write_text(included.read_text().replace("0.1529", "0.1530"))
    assert _molecule(dme(molecules)) != parts  # an old checkpoint is not met


def test_a_mistake_in_an_included_file_is_told_with_its_own_line(molecules: Molecules) -> None:
    included = split(molecules)
    text = included.read_text()
    included.write_text(text.replace("0.1529   224262.4", "0.1529   53600.0"))
    line = text[: text.index("0.1529")].count("\n") + 1
    (error,) = molecules.errors("DME")
    assert f"DME/bonds.itp:{line}: bond C2-C3 k = 53600" in error


def absolute(folder: Path) -> str:
    return str(folder / "bonds.itp")


def above(folder: Path) -> str:
    (folder.parent / "bonds.itp").write_text((folder / "bonds.itp").read_text())
    return "../bonds.itp"


def around(folder: Path) -> str:
    return f"../{folder.name}/bonds.itp"


def below(folder: Path) -> str:
    (folder / "parts").mkdir()
    (folder / "parts" / "bonds.itp").write_text((folder / "bonds.itp").read_text())
    return "parts/bonds.itp"


def linked_out(folder: Path) -> str:
    (folder.parent / "outside.itp").write_text((folder / "bonds.itp").read_text())
    (folder / "link.itp").symlink_to(folder.parent / "outside.itp")
    return "link.itp"


def linked_in_a_circle(folder: Path) -> str:
    (folder / "a.itp").symlink_to(folder / "b.itp")
    (folder / "b.itp").symlink_to(folder / "a.itp")
    return "a.itp"


def backslashes(folder: Path) -> str:
    return "..\\bonds.itp"


@pytest.mark.parametrize("name_of", [absolute, above, around, below, linked_out, linked_in_a_circle, backslashes])
def test_an_include_that_leaves_the_folder_is_refused(molecules: Molecules, name_of: Callable[[Path], str]) -> None:
    name = name_of(split(molecules).parent)
    path = molecules.folder("DME") / "DME.itp"
    text = path.read_text()
    path.write_text(text.replace("bonds.itp", name))
    line = text[: text.index("#include")].count("\n") + 1
    (error,) = molecules.errors("DME")  # and not also every term that the file would have brought
    assert f"DME.itp:{line}: #include = {name[:70]}" in error and "must lie in the molecule's folder itself" in error
    problems = Problems(molecules.root)
    assert read_molecules(molecules.root, problems)["DME"] is None  # planning refuses it as well
    assert any("must lie in the molecule's folder" in one.problem for one in problems.found)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bonds.txt", "only .itp files can be included"),
        ("none.itp", "DME/none.itp: the file does not exist"),
        ("DME.itp", "the file includes itself"),
        ("", "must lie in the molecule's folder itself"),
    ],
)
def test_an_include_that_cannot_be_followed_is_told(molecules: Molecules, name: str, told: str) -> None:
    included = split(molecules)
    included.with_name("bonds.txt").write_text(included.read_text())
    path = molecules.folder("DME") / "DME.itp"
    path.write_text(path.read_text().replace("bonds.itp", name))
    assert any(told in line for line in molecules.errors("DME"))


def test_files_that_include_each_other_end(molecules: Molecules) -> None:
    included = split(molecules)
    included.write_text(f'{included.read_text()}\n#include "more.itp"\n')
    included.with_name("more.itp").write_text('#include "bonds.itp"\n')
    (error,) = [line for line in molecules.errors("DME") if "#include" in line]
    assert "DME/more.itp:1: #include = bonds.itp: the file includes itself" in error


def test_a_directive_is_refused_where_the_topology_is_written(molecules: Molecules) -> None:
    molecule = dme(molecules)
    molecules.edit("DME", "DME.itp", "[ angles ]", "#ifdef FLEXIBLE\n[ angles ]")
    with pytest.raises(ForceFieldError, match="line = #ifdef FLEXIBLE: the preprocessor is not used"):
        moleculetype_text(molecule)
