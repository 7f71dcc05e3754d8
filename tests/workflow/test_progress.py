"""Progress lines, times, logs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from workflow import progress, workfolder
from workflow.progress import Progress

ONE = Progress("a", 1, "results", 7000, 2, 1.2, 2.0, "production", 2500.0, 10000.0, ns_per_day=100.0)


def test_line_tells_stage_length_speed_and_time_left() -> None:
    # 7.5 ns at 100 ns/day are 1.8 hours
    assert ONE.line() == "[a r1] production: 2.50 of 10.00 ns, 100.0 ns/day, 1.8 h left"


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (600, "10 min"), (7200, "2.0 h"), (864000, "10.0 days")])
def test_durations(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text


def test_last_step_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "md.log"
    assert progress.step_in_log(log) == 0
    log.write_text("\n           Step           Time\n            100        0.20000\n"
                   "\n           Step           Time\n           2000        4.00000\n\n   Energies\n")  # fmt: skip
    assert progress.step_in_log(log) == 2000


def test_reporter_writes_what_status_reads(tmp_path: Path) -> None:
    reporter = progress.Reporter(tmp_path / "abc", Progress("a", 1, "results", 7000, 2, 1.2, 2.0))
    reporter.report(now=True, stage="nvt", done_ps=1.0, asked_ps=100.0, later_ps=50.0, ns_per_day=10.0)
    (found,) = progress.read_all(tmp_path)
    assert (found.system, found.stage, found.done_ps, found.pid) == ("a", "nvt", 1.0, os.getpid())
    assert progress.is_alive(found)
    assert abs(found.updated_s - time.time()) < 10
    assert found.seconds_left == pytest.approx(149 / 1000 / 10 * 86400)


def test_damaged_progress_files_are_left_out(tmp_path: Path) -> None:
    for name, text in (("a", "{"), ("b", json.dumps({"system": "x"}))):
        (tmp_path / name).mkdir()
        (tmp_path / name / workfolder.PROGRESS_FILE).write_text(text)
    assert progress.read_all(tmp_path) == []
