"""The whole workflow on a real Slurm: from nothing to the report, and with a system that blows up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import bad_apple, harness
from tests.slurm import submitted
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.slurm_only]


def test_from_nothing_to_the_report(cluster: Cluster, tmp_path: Path) -> None:
    """Build, equilibrate and produce are a job each, reading and measuring one together; the rest is local."""
    with submitted.started(cluster, tmp_path, (harness.TINY,), targets=()) as process:
        submitted.assert_ends_well(process, tmp_path)
    assert submitted.submissions(tmp_path) == 4
    assert (tmp_path / "tiny" / "report.html").is_file()
    harness.assert_continuous(tmp_path / harness.RUN / "traj.xtc", 40, 0.2)


def test_a_replica_that_blows_up_fails_alone_after_two_attempts(cluster: Cluster, finished_copy: Path) -> None:
    overlays = bad_apple.prepare(finished_copy)
    with submitted.started(cluster, finished_copy, overlays, targets=()) as process:
        returncode = process.wait(submitted.END_LIMIT_S)
    bad_apple.assert_fails_alone(finished_copy, returncode)
