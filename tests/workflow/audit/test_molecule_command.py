"""`./sheath molecule`, as people type it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workflow.audit import ligpargen_pair as pair
from workflow import command
from workflow.inputs.molecule_files import alternative_folders, molecule_folders

if TYPE_CHECKING:
    from tests.workflow.audit.conftest import Molecules

ROOT = Path(__file__).resolve().parents[3]


def sheath(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "sheath"), "molecule", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_all_molecules_are_checked_when_none_is_named(tmp_path: Path) -> None:
    done = sheath("check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    n_molecules = len(molecule_folders(ROOT)) + len(alternative_folders(ROOT))
    assert f"{n_molecules} molecules checked: 0 errors, 0 warnings." in done.stdout


def test_a_folder_anywhere_is_checked_and_every_error_told(tmp_path: Path) -> None:
    folder = tmp_path / "DME"
    shutil.copytree(ROOT / "forcefields/opls-aa/molecules/DME", folder)
    yaml = folder / "molecule.yaml"
    yaml.write_text(yaml.read_text().replace("charge: 0", "charge: 0.5").replace("licence:", "license:"))
    (folder / "DME.pdb").unlink()
    done = sheath("check", "DME", "EC", "nothing", cwd=tmp_path)
    assert done.returncode == 1 and not done.stderr
    lines = done.stdout.splitlines()
    for words in ("charge = 0.5", "license", "DME.pdb: the file does not exist", "nothing: the folder does not exist"):
        assert any(line.startswith("error: ") and words in line for line in lines), (words, lines)
    assert lines[-1] == "3 molecules checked: 5 errors, 0 warnings."


def test_a_pair_is_imported_and_checked(
    molecules: Molecules, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", molecules.root)
    itp, gro = molecules.root / "UNK.itp", molecules.root / "UNK.gro"
    itp.write_text(pair.itp())
    gro.write_text(pair.gro())
    arguments = ["molecule", "import", str(itp), str(gro), "--name", "DMC", "--kind", "solvent", "--smiles"]
    assert command.main([*arguments, "COC(=O)OC", "--source", "dodda2017"]) == 0
    said = capsys.readouterr().out
    assert "written: " in said and "DMC (12 atoms)" in said and "1 molecule checked: 0 errors" in said
    assert command.main([*arguments, "COC(=O)OC", "--source", "dodda2017"]) == 1
    said = capsys.readouterr().out
    assert "this molecule exists" in said and said.endswith("Nothing was written.\n")


def test_what_is_missing_on_the_command_line_is_told(tmp_path: Path) -> None:
    done = sheath("import", "X.itp", cwd=tmp_path)
    assert done.returncode == 2 and "--smiles" in done.stderr and "Traceback" not in done.stderr
    wanted = ["--name", "X", "--kind", "solvent", "--smiles", "C", "--source", "dodda2017"]
    done = sheath("import", "X.itp", "X.gro", *wanted, cwd=tmp_path)
    assert done.returncode == 1 and "X.itp: the file does not exist" in done.stdout and not done.stderr
    assert not (ROOT / "forcefields/opls-aa/molecules/X").exists()
