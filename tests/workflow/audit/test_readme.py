"""What README says about adding a molecule is so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.workflow.audit import ligpargen_pair as pair
from workflow import command

if TYPE_CHECKING:
    import pytest

    from tests.workflow.audit.conftest import Molecules

ROOT = Path(__file__).resolve().parents[3]
SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Adding a molecule")[1].split("\n## ")[0]
SHELL, BY_HAND, POLYMER = re.findall(r"```\w*\n(.*?)```", SECTION, re.DOTALL)


def code(text: str) -> list[str]:
    """Lines without comments."""
    return [line for raw in text.splitlines() if (line := raw.split(" #")[0].split("#")[0].rstrip())]


def test_the_commands_and_the_eleven_lines_make_a_molecule(
    molecules: Molecules, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", molecules.root)
    monkeypatch.chdir(molecules.root)
    Path("UNK.itp").write_text(pair.itp())
    Path("UNK.gro").write_text(pair.gro())
    for line in code(SHELL):
        words = [word.strip("'") for word in line.split()]
        assert words[0] == "./sheath" and command.main(words[1:]) == 0, capsys.readouterr().out
    assert len(BY_HAND.splitlines()) == 11
    (molecules.folder("DMC") / "molecule.yaml").write_text(BY_HAND)
    assert molecules.check("DMC").lines() == []


def test_the_middle_unit_is_that_of_polyethylene_oxide() -> None:
    lines = iter((ROOT / "forcefields/opls-aa/molecules/PEO/molecule.yaml").read_text(encoding="utf-8").splitlines())
    for line in code(POLYMER):
        assert any(line == one.split(" #")[0].rstrip() for one in lines), f"{line} (in this order)"


def test_the_entry_quoted_is_one_of_polyethylene_oxide() -> None:
    (entry,) = re.findall(r"`(\{types: .*?\})`", SECTION)
    assert f"- {entry}" in (ROOT / "forcefields/opls-aa/molecules/PEO/bonded.yaml").read_text(encoding="utf-8")


def test_a_polymer_added_that_way_is_checked(molecules: Molecules) -> None:
    shutil.copytree(molecules.folder("PEO"), molecules.folder("POE"))
    molecules.edit("POE", "molecule.yaml", "name: PEO", "name: POE")
    assert molecules.check("POE").lines() == []
