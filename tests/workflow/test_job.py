"""How a simulation script ends: cleanly, with a message that the report can quote, or stopped on request."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workflow import job
from workflow.gromacs import GromacsError
from workflow.job import FAILURE_FILE, RunJob
from workflow.mdrun import Interrupted
from workflow.packing import PackingError


@pytest.fixture(autouse=True)
def quiet_logger() -> Iterator[None]:
    """Take away the handlers that a script adds."""
    yield
    for handler in list(job.LOGGER.handlers):
        handler.close()
        job.LOGGER.removeHandler(handler)


def arguments(folder: Path, *extra: str) -> list[str]:
    return [
        "--system", "dol-dme-litfsi", "--replica", "1", "--out", str(folder / "r1"), "--work", str(folder / "work"),
        "--log", str(folder / "log.txt"), *extra,
    ]  # fmt: skip


def raising(error: BaseException) -> Callable[[RunJob], None]:
    def step(run: RunJob) -> None:
        raise error

    return step


def test_success_removes_the_reason_of_an_earlier_failure(tmp_path: Path) -> None:
    assert job.run(raising(PackingError("too dense")), "production", arguments(tmp_path)) == 1
    assert (tmp_path / "r1" / FAILURE_FILE).read_text() == "too dense\n"
    assert job.run(lambda run: None, "production", arguments(tmp_path)) == 0
    assert not (tmp_path / "r1" / FAILURE_FILE).exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GromacsError("Too many LINCS warnings"), "Too many LINCS warnings"),
        (OSError(errno.ENOSPC, "No space left on device", "work/x"), "No space left on device: work/x. Remedy"),
        (OSError(errno.EACCES, "Permission denied", "r1"), "Permission denied: r1. Remedy"),
    ],
)
def test_failures_that_a_user_can_mend_have_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, words: str
) -> None:
    assert job.run(raising(error), "production", arguments(tmp_path)) == 1
    said = capsys.readouterr().err + (tmp_path / "log.txt").read_text()
    assert words in said
    assert "Traceback" not in said
    assert words in (tmp_path / "r1" / FAILURE_FILE).read_text()


def test_a_defect_leaves_its_traceback_in_the_log_and_its_name_in_the_report(tmp_path: Path) -> None:
    assert job.run(raising(ZeroDivisionError("oops")), "production", arguments(tmp_path)) == 1
    assert "Traceback" in (tmp_path / "log.txt").read_text()
    assert "ZeroDivisionError: oops" in (tmp_path / "r1" / FAILURE_FILE).read_text()


def test_stopped_on_request_is_no_failure(tmp_path: Path) -> None:
    assert job.run(raising(Interrupted("stopped on request")), "production", arguments(tmp_path)) == 130
    assert not (tmp_path / "r1" / FAILURE_FILE).exists()


def test_bad_input_is_told_without_a_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("replicas: 0\n")
    with caplog.at_level(logging.ERROR, "sheath"):
        assert job.run(lambda run: None, "production", arguments(tmp_path, "--configfile", str(bad))) == 2
    assert "replicas" in caplog.text


@pytest.mark.parametrize("planned", [["--physics", "0123456789abcdef"], ["--production-ns", "7"]])
def test_inputs_edited_while_snakemake_runs_are_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], planned: list[str]
) -> None:
    assert job.run(raising(AssertionError("started")), "production", arguments(tmp_path, *planned)) == 1
    assert "edited while Snakemake was running" in capsys.readouterr().err
