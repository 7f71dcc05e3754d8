"""Who works in a folder: the lock on this machine, signs of life from others."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest

from workflow import owner


def lock_naming(folder: Path, **named: object) -> Path:
    path = folder / "lock"
    path.write_text(json.dumps(named))
    return path


def user_of(lock: Path) -> str | None:
    with lock.open("a+") as handle:
        return owner.user_of(handle, lock.with_name("progress.json"))


def test_a_lock_that_is_held_here_is_believed_before_its_text(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("a+") as held:
        assert owner.user_of(held, tmp_path / "progress.json") is None
        owner.write(held, slurm_jobs="abc")
        assert user_of(tmp_path / "lock") == f"process {os.getpid()} on {socket.gethostname()}"
        assert owner.read(held)["slurm_jobs"] == "abc"
    assert user_of(tmp_path / "lock") is None  # the process of the text lives, but holds no lock


@pytest.mark.parametrize(("age_s", "used"), [(5, True), (owner.FRESH_S + 60, False)])
def test_a_process_on_another_machine_is_believed_while_it_gives_signs(
    tmp_path: Path, age_s: float, used: bool
) -> None:
    lock = lock_naming(tmp_path, host="elsewhere", pid=7, job=None)
    sign = tmp_path / "progress.json"
    sign.touch()
    os.utime(sign, (time.time() - age_s,) * 2)
    assert user_of(lock) == ("process 7 on elsewhere" if used else None)
    assert user_of(lock) == ("process 7 on elsewhere" if used else None)  # asking changes nothing


def test_without_a_sign_nobody_is_there(tmp_path: Path) -> None:
    assert user_of(lock_naming(tmp_path, host="elsewhere", pid=7)) is None


def test_the_same_job_on_another_node_may_still_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    lock = lock_naming(tmp_path, host="elsewhere", pid=7, job="12")
    assert user_of(lock) is None
    (tmp_path / "progress.json").touch()
    assert user_of(lock) == "Slurm job 12, process 7 on elsewhere"


@pytest.mark.parametrize("text", ["", "not JSON", "[1]", '{"host"'])
def test_a_text_that_names_nobody_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    assert user_of(tmp_path / "lock") is None
