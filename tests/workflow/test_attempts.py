"""Attempts at one place: two, then it is given up until the same command is given again."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.attempts import Attempts
from workflow.slurm import START_VARIABLE


def test_second_failure_at_one_place_is_the_last(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "one.json")
    assert attempts.again("step 100", "LINCS")
    assert attempts.given_up is None
    assert not attempts.again("step 100", "LINCS again")
    assert attempts.given_up == "LINCS again"


def test_progress_starts_the_count_anew(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "one.json")
    assert all(attempts.again(f"step {step}", "killed") for step in range(50))


def test_jobs_of_one_start_know_of_each_other_and_a_new_start_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.json"
    monkeypatch.setenv(START_VARIABLE, "first")
    assert Attempts(path).again("step 100", "LINCS")
    assert not Attempts(path).again("step 100", "LINCS")
    assert Attempts(path).given_up == "LINCS"
    monkeypatch.setenv(START_VARIABLE, "second")
    assert Attempts(path).given_up is None
    assert Attempts(path).again("step 100", "LINCS")
    Attempts(path).forget()
    assert not path.exists()


def test_what_cannot_be_read_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(START_VARIABLE, "first")
    path = tmp_path / "one.json"
    for text in ("", "[]", "{}", '{"start": "first"'):
        path.write_text(text)
        assert Attempts(path).given_up is None
