"""Cleaning: steps that are done may go, trajectories stay unless asked for, and nothing that is not ours is touched."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from workflow import clean, command, owner
from workflow.inputs import Inputs, identity
from workflow.inputs.results_folder import LOCK_NAME
from workflow.job import RunJob
from workflow.progress import Progress
from workflow.scripts.produce import work_folder
from workflow.workfolder import PROGRESS_FILE, publish

SYSTEM = "dol-dme-litfsi"
BUILD, EQUILIBRATION, GONE, OLD = ("b" * 16, "e" * 16, "0" * 16, "d" * 16)
BIG = b"x" * 200_000


def work(directory: Path, name: str, files: dict[str, bytes], **changes: object) -> Path:
    """Write a work folder with its progress, as a job leaves it."""
    folder = directory / "work" / name
    folder.mkdir(parents=True)
    progress = Progress(SYSTEM, 1, "results", 6165, 2, 1.2, 2.0, state="finished")
    (folder / PROGRESS_FILE).write_text(json.dumps(asdict(progress) | changes), encoding="utf-8")
    (folder / "lock").touch()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


@pytest.fixture
def done(tmp_path: Path, default_inputs: Inputs) -> Path:
    """A folder with one finished run: its three work folders, published; the production's name is the true one."""
    out = tmp_path / "results" / SYSTEM / "r1"
    (out.parent.parent).mkdir()
    (tmp_path / "results" / LOCK_NAME).touch()
    build = work(tmp_path, BUILD, {"system.top": b"top", "packed.gro": b"packed", "packmol.log": BIG})
    equilibration = work(tmp_path, EQUILIBRATION, {"npt.gro": b"start", "npt.trr": BIG})
    publish([(build / "system.top", out / "system.top"), (equilibration / "npt.gro", out / "equilibrated.gro")])
    name = work_folder(RunJob(default_inputs, SYSTEM, 1, out, tmp_path / "work", 1)).name
    run = {"production_ns_done": 10.0, "hashes": {"production": identity(default_inputs, SYSTEM, 1, "production")}}
    files = {"production.xtc": BIG, "production.cpt": b"state", "run.json": json.dumps(run).encode()}
    production = work(tmp_path, name, files)
    publish([(production / "production.xtc", out / "traj.xtc"), (production / "run.json", out / "run.json")])
    return tmp_path


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))


def run(directory: Path, *options: str) -> int:
    return command.main(["clean", "--directory", str(directory), *options])


def folders(directory: Path) -> set[str]:
    return {path.name for path in (directory / "work").iterdir()}


def test_steps_of_a_finished_run_go_only_when_agreed_and_the_results_stay(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, results = folders(done), sorted((done / "results").rglob("*"))
    assert run(done) == 0
    said = capsys.readouterr().out
    assert folders(done) == before and "Nothing was deleted" in said and "--yes deletes them" in said
    assert BUILD in said and EQUILIBRATION in said
    assert run(done, "--yes") == 0
    freed = capsys.readouterr().out
    assert folders(done) == before - {BUILD, EQUILIBRATION}
    assert sorted((done / "results").rglob("*")) == results
    assert (done / "results" / SYSTEM / "r1" / "system.top").read_bytes() == b"top"
    assert "0.4 MB" in freed, "two files of 0.2 MB had no other name"


def test_a_run_that_is_not_finished_keeps_its_steps(done: Path) -> None:
    manifest = done / "results" / SYSTEM / "r1" / "run.json"
    text = manifest.read_text(encoding="utf-8")
    for changed in (text.replace("10.0", "9.0"), "{", text.replace('"production": "', '"production": "0')):
        manifest.unlink()
        manifest.write_text(changed, encoding="utf-8")
        before = folders(done)
        assert run(done, "--yes", "--trajectories") == 0
        assert folders(done) == before


def test_a_trajectory_without_results_needs_its_own_word(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work(done, OLD, {"production.xtc": BIG, "production.cpt": b"state"})
    assert run(done, "--yes") == 0
    assert OLD in folders(done) and "--yes --trajectories deletes them" in capsys.readouterr().out
    assert run(done, "--yes", "--trajectories") == 0
    left = folders(done)
    assert OLD not in left and len(left) == 1, "the trajectory of the results and its checkpoint stay"


def test_the_place_where_a_configured_run_goes_on_is_never_offered(done: Path) -> None:
    for name in ("traj.xtc", "run.json"):
        (done / "results" / SYSTEM / "r1" / name).unlink()
    before = folders(done)
    assert run(done, "--yes", "--trajectories") == 0
    assert folders(done) == before


def test_runs_of_another_configuration_are_asked_for_by_themselves_and_other_results_are_left(
    done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work(done, GONE, {"nvt.gro": b"x"}, system="forgotten")
    work(done, "f" * 16, {"nvt.gro": b"x"}, system="forgotten", results="preview")
    work(done, "c" * 16, {"nvt.gro": b"x"}, replica=2)
    run(done)
    assert clean.OTHERS in capsys.readouterr().out
    run(done, "--yes")
    assert GONE not in folders(done) and "f" * 16 in folders(done) and "c" * 16 not in folders(done)


def test_what_is_in_use_stops_everything(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = folders(done)
    with (done / "work" / BUILD / "lock").open("a+") as held:
        assert owner.user_of(held, done) is None
        owner.write(held)
        assert run(done, "--yes") == 1
        assert f"process {os.getpid()}" in capsys.readouterr().err
    with (done / "results" / LOCK_NAME).open("a+") as held:
        assert owner.user_of(held, done) is None
        owner.write(held)
        assert run(done, "--yes") == 1
        assert "Sheath works on this folder" in capsys.readouterr().err
    assert folders(done) == before


def test_an_owner_on_another_machine_is_believed(done: Path) -> None:
    (done / "work" / BUILD / "lock").write_text(json.dumps({"host": "elsewhere", "pid": 7, "job": None}))
    before = folders(done)
    assert run(done, "--yes") == 1
    assert folders(done) == before


def test_links_and_folders_that_are_not_ours_are_not_touched(
    done: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    precious = elsewhere / "precious.xtc"
    precious.write_bytes(BIG)
    (elsewhere / PROGRESS_FILE).write_text((done / "work" / BUILD / PROGRESS_FILE).read_text(encoding="utf-8"))
    (done / "work" / ("1" * 16)).symlink_to(elsewhere)  # a link named like one of ours
    (done / "work" / BUILD / "link").symlink_to(elsewhere)  # a link inside one of ours
    (done / "work" / BUILD / "file.xtc").symlink_to(precious)
    (done / "work" / "mine").mkdir()  # a user's own folder
    no_progress = done / "work" / ("2" * 16)
    no_progress.mkdir()
    (no_progress / "data").write_bytes(BIG)
    linked_progress = done / "work" / ("3" * 16)
    linked_progress.mkdir()
    (linked_progress / PROGRESS_FILE).symlink_to(elsewhere / PROGRESS_FILE)
    odd = work(done, "4" * 16, {}, system="../../x", replica="1")
    linked_lock = work(done, "5" * 16, {"nvt.gro": b"x"}, system="forgotten")
    (linked_lock / "lock").unlink()
    (linked_lock / "lock").symlink_to(elsewhere / "new-lock")
    assert run(done, "--yes", "--trajectories") == 0
    assert BUILD not in folders(done)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["precious.xtc", PROGRESS_FILE]
    kept = {"1" * 16, "2" * 16, "3" * 16, odd.name, linked_lock.name, "mine"}
    assert kept <= folders(done) and (no_progress / "data").read_bytes() == BIG


def test_without_work_there_is_nothing_to_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--yes") == 0
    assert "Nothing is there that could go" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
