"""The page tells where and when the jobs of each run worked, and the hashes of what they read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.report import build
from analysis.table import row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import DENSITY, ETHER, make_run, write_system

JOBS = [
    {"step": "produce", "host": "<n1>", "slurm_job": "17", "threads": 8, "begun": "2026-11-01T10:00:00Z",
     "ended": "2026-11-01T12:00:00Z", "outcome": "OutOfTime", "gromacs": "/opt/gmx"},
    {"step": "produce", "host": "n2", "slurm_job": None, "threads": 8, "begun": "2026-11-01T12:01:00Z",
     "ended": None, "outcome": None},
]  # fmt: skip


def page(results: Path, text: str | None) -> Page:
    write_system(results, make_run(ETHER), {"thermodynamics": [row("density", "", *DENSITY[:1], "kg/m^3", 1.0)]})
    if text is not None:
        (results / ETHER / "r1" / "provenance.json").write_text(text, encoding="utf-8")
    return Page(build(results, [ETHER], 1, results / "report.html"))


def test_jobs_and_hashes_stand_with_the_replica(tmp_path: Path) -> None:
    text = page(tmp_path, json.dumps({"jobs": JOBS, "inputs": {"config.yaml": "0123456789abcdef" * 4}})).body
    assert "<n1>, Slurm job 17, 8 threads, /opt/gmx, 2026-11-01T10:00:00Z to 2026-11-01T12:00:00Z: OutOfTime" in text
    assert "n2, 8 threads, 2026-11-01T12:01:00Z to no end: killed, or at work" in text
    assert "SHA-256 of config.yaml" in text and "0123456789abcdef" in text


@pytest.mark.parametrize("text", [None, "{", "[]", '{"jobs": 3, "inputs": {}}', '{"jobs": [1], "inputs": 2}'])
def test_a_page_without_usable_provenance_is_written(tmp_path: Path, text: str | None) -> None:
    assert "Job, produce" not in page(tmp_path, text).body
