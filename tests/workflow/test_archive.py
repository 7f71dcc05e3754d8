"""An archive holds all that a paper's repository needs and nothing from elsewhere; its hashes are right."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from workflow import command, owner
from workflow.inputs.results_folder import LOCK_NAME

SYSTEM = "dol-dme-litfsi"
TRAJECTORY = b"t" * 300_000


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Some results of one run."""
    folder = tmp_path / "results"
    run = folder / SYSTEM / "r1"
    (run / "observables").mkdir(parents=True)
    (folder / SYSTEM / "observables").mkdir()
    for path in ("report.html", f"{SYSTEM}/observables/rdf.csv", f"{SYSTEM}/r1/observables/rdf.csv"):
        (folder / path).write_text(path, encoding="utf-8")
    for name in ("run.json", "system.top", "conf.gro", "secret.txt"):
        (run / name).write_text(name, encoding="utf-8")
    (run / "traj.xtc").write_bytes(TRAJECTORY)
    (folder / LOCK_NAME).touch()
    return folder


def run(directory: Path, *options: str) -> int:
    return command.main(["archive", "--directory", str(directory), str(directory / "paper.tar.gz"), *options])


def unpacked(path: Path) -> dict[str, bytes]:
    """Return name in the archive, without the folder on top -> content; all are plain files."""
    with tarfile.open(path) as tar:
        members = tar.getmembers()
        assert all(one.isfile() and one.name.startswith("paper/") and ".." not in one.name for one in members)
        found = {one.name.removeprefix("paper/"): tar.extractfile(one) for one in members}
        return {name: stream.read() for name, stream in found.items() if stream is not None}


def test_inputs_results_and_hashes_are_there(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(results.parent) == 0
    said = capsys.readouterr().out
    files = unpacked(results.parent / "paper.tar.gz")
    for name in (
        "inputs/config.yaml",
        f"inputs/systems/{SYSTEM}.yaml",
        "inputs/forcefields/opls-aa/molecules/DME/DME.itp",
        "inputs/forcefields/opls-aa/references.bib",
        "inputs/workflow/mdp/production.mdp",
        "inputs/requirements.lock",
        "results/report.html",
        f"results/{SYSTEM}/observables/rdf.csv",
        f"results/{SYSTEM}/r1/run.json",
        f"results/{SYSTEM}/r1/observables/rdf.csv",
        "README",
    ):
        assert name in files, name
    assert not [name for name in files if name.endswith(("traj.xtc", "secret.txt")) or "molecules/G2/" in name]
    assert "--trajectories adds 0.3 MB" in said and "warning: ec-dec-lipf6 r1 has not finished" in said
    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert {line[66:]: line[:64] for line in lines} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }


def test_parameter_sets_come_along(results: Path) -> None:
    results.rename(results.with_name("sensitivity"))
    assert run(results.parent, "--configfile", "sensitivity.yaml") == 0
    files = unpacked(results.parent / "paper.tar.gz")
    for name in ("alternatives/dang/Li/Li.itp", "alternatives/ligpargen/EC/EC.itp", "molecules/DME/DME.itp"):
        assert f"inputs/forcefields/opls-aa/{name}" in files, name


def test_trajectories_come_along_when_asked_for(results: Path) -> None:
    assert run(results.parent, "--trajectories") == 0
    assert unpacked(results.parent / "paper.tar.gz")[f"results/{SYSTEM}/r1/traj.xtc"] == TRAJECTORY


def test_the_same_files_give_the_same_bytes(results: Path) -> None:
    out = results.parent / "paper.tar.gz"
    run(results.parent)
    first = out.read_bytes()
    out.unlink()
    (results / "report.html").touch()
    run(results.parent)
    assert out.read_bytes() == first


def test_links_are_not_followed(results: Path, tmp_path: Path) -> None:
    outside = tmp_path / "private"
    outside.write_text("key", encoding="utf-8")
    (results / "claims.csv").symlink_to(outside)
    (results / SYSTEM / "observables" / "x.csv").symlink_to(outside)
    assert run(results.parent) == 0
    assert b"key" not in unpacked(results.parent / "paper.tar.gz").values()


def test_what_is_there_is_not_replaced_and_nothing_half_is_left(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = results.parent / "paper.tar.gz"
    out.write_text("mine", encoding="utf-8")
    assert run(results.parent) == 1
    assert "this file exists" in capsys.readouterr().err and out.read_text(encoding="utf-8") == "mine"
    command.main(["archive", "--directory", str(results.parent), str(results.parent / "no" / "paper.tar.gz")])
    assert "cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in results.parent.iterdir()) == ["paper.tar.gz", "results"]


def test_no_results_and_results_in_use_are_refused(
    results: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert run(empty) == 1 and list(empty.iterdir()) == []
    assert "no results yet" in capsys.readouterr().err
    with (results / LOCK_NAME).open("a+") as held:
        assert owner.user_of(held, results) is None
        owner.write(held)
        assert run(results.parent) == 1
    assert "Sheath works on this folder" in capsys.readouterr().err
    assert not (results.parent / "paper.tar.gz").exists()
