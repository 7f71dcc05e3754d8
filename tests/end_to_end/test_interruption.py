"""Killed in the middle, the same command goes on from the last checkpoint and loses nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end import harness

pytestmark = pytest.mark.slow
Overlays = Callable[[], tuple[Path, ...]]


def test_mdrun_killed_halfway_goes_on_by_itself(equilibrated_copy: Path, long_production: Overlays) -> None:
    process = harness.start(equilibrated_copy, overlays=long_production())
    try:
        harness.wait_for(harness.halfway(equilibrated_copy, 60))
        (mdrun,) = harness.processes("mdrun", equilibrated_copy)
        before = harness.kept_until_checkpoint(equilibrated_copy)
        os.kill(mdrun, signal.SIGKILL)
        assert process.wait(300) == 0
        output = (equilibrated_copy / "output.txt").read_text(encoding="utf-8")
        assert "was killed (signal 9)" in output
        assert "Trying once more" in output
        harness.assert_resumed(equilibrated_copy, before)
    finally:
        harness.kill_session(process)


def test_snakemake_killed_halfway_leaves_one_writer(equilibrated_copy: Path, long_production: Overlays) -> None:
    process = harness.start(equilibrated_copy, overlays=long_production())
    second = None
    try:
        harness.wait_for(harness.halfway(equilibrated_copy, 60))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        (orphan,) = harness.processes("mdrun", equilibrated_copy)
        second = harness.start(equilibrated_copy, overlays=long_production())
        while second.poll() is None:
            assert len(harness.processes("mdrun", equilibrated_copy)) <= 1, "two mdruns at once"
            time.sleep(0.1)
        assert second.returncode == 0, (equilibrated_copy / "output.txt").read_text(encoding="utf-8")
        assert "waiting:" in (equilibrated_copy / "output.txt").read_text(encoding="utf-8")
        assert not Path(f"/proc/{orphan}/cmdline").is_file() or not harness.processes("mdrun", equilibrated_copy)
        harness.assert_continuous(equilibrated_copy / harness.RUN / "traj.xtc", 60, 0.2)
    finally:
        harness.kill_session(process)
        if second is not None:
            harness.kill_session(second)


def test_everything_killed_as_in_a_power_loss(equilibrated_copy: Path, long_production: Overlays) -> None:
    process = harness.start(equilibrated_copy, overlays=long_production())
    harness.wait_for(harness.halfway(equilibrated_copy, 60))
    harness.kill_session(process)
    harness.wait_for(lambda: not harness.processes("mdrun", equilibrated_copy))
    before = harness.kept_until_checkpoint(equilibrated_copy)
    done = harness.run(equilibrated_copy, overlays=long_production())
    assert done.returncode == 0, done.stdout + done.stderr
    harness.assert_resumed(equilibrated_copy, before)


def test_control_c_stops_cleanly_and_goes_on(equilibrated_copy: Path, long_production: Overlays) -> None:
    process = harness.start(equilibrated_copy, overlays=long_production())
    try:
        harness.wait_for(harness.halfway(equilibrated_copy, 60))
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does on Ctrl-C
        assert process.wait(120) != 0
        assert not harness.processes("mdrun", equilibrated_copy)
        before = harness.kept_until_checkpoint(equilibrated_copy)
        output = (equilibrated_copy / "output.txt").read_text(encoding="utf-8")
        assert "goes on from the last checkpoint" in output
        assert "Traceback" not in output
        done = harness.run(equilibrated_copy, overlays=long_production())
        assert done.returncode == 0, done.stdout + done.stderr
        harness.assert_resumed(equilibrated_copy, before)
    finally:
        harness.kill_session(process)


def test_two_at_once_on_one_folder_are_refused(equilibrated_copy: Path, long_production: Overlays) -> None:
    process = harness.start(equilibrated_copy, overlays=long_production())
    try:
        harness.wait_for(harness.halfway(equilibrated_copy, 5))
        done = harness.run(equilibrated_copy, overlays=long_production())
        assert done.returncode != 0
        assert "another Sheath works on this folder" in done.stdout + done.stderr
        assert process.wait(300) == 0
    finally:
        harness.kill_session(process)
