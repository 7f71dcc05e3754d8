"""Faults on a real Slurm: whatever happens, the final trajectory is the one that was asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end import harness
from tests.slurm import submitted
from tests.slurm.cluster import Cluster, missing_programs, wait_for
from workflow.speed import performance

pytestmark = [pytest.mark.slow, pytest.mark.slurm]
slurm_only = pytest.mark.slurm_only
FRAMES = 60  # of 300: a fault comes after these
USABLE_S = 48.0  # of a job of one minute: Python begins, and mdrun stops ten seconds before the end
SECONDS_PER_DAY = 86400.0


def test_jobs_shorter_than_the_simulation_go_on_by_themselves(cluster: Cluster, equilibrated_copy: Path) -> None:
    """Under a limit of one minute the simulation takes three to four jobs; none of them uses up a retry."""
    (log,) = equilibrated_copy.glob("work/*/compress.log")
    length_ps = 20 * round(performance(log) * 1000 / SECONDS_PER_DAY * USABLE_S * 3.3 / 20)
    overlays = submitted.longer(equilibrated_copy, length_ps / 1000)
    limit = ("--set-resources", "produce:runtime=1", "--retries", "0")
    with submitted.started(cluster, equilibrated_copy, overlays, *limit) as process:
        submitted.assert_ends_well(process, equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 1
    assert submitted.restarts(cluster, "1") >= 2
    harness.assert_continuous(equilibrated_copy / harness.RUN / "traj.xtc", length_ps, 0.2)


def test_killed_mdrun_goes_on_in_its_job(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        (mdrun,) = harness.processes("mdrun", equilibrated_copy)
        before = harness.kept_until_checkpoint(equilibrated_copy)
        os.kill(mdrun, signal.SIGKILL)
        submitted.assert_ends_well(process, equilibrated_copy)
    assert "was killed (signal 9)" in submitted.output_of(equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 1
    harness.assert_resumed(equilibrated_copy, before)


def test_killed_snakemake_leaves_one_writer(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    before = harness.kept_until_checkpoint(equilibrated_copy)
    orphan, _ = submitted.running_job(cluster)
    with submitted.started(cluster, equilibrated_copy, overlays) as second:
        while second.poll() is None:
            assert len(harness.processes("mdrun", equilibrated_copy)) <= 1, "two mdruns at once"
            time.sleep(0.1)
        submitted.assert_ends_well(second, equilibrated_copy)
    assert f"jobs of an earlier start are ended ({orphan})" in submitted.output_of(equilibrated_copy)
    harness.assert_resumed(equilibrated_copy, before)


@slurm_only
def test_job_over_its_limit_is_submitted_again(cluster: Cluster, equilibrated_copy: Path) -> None:
    """An mdrun that hangs does not stop in time: Slurm kills the job, and the next goes on from the checkpoint."""
    overlays = submitted.longer(equilibrated_copy, 0.06)
    limit = ("--set-resources", "produce:runtime=1")
    with submitted.started(cluster, equilibrated_copy, overlays, *limit) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        (mdrun,) = harness.processes("mdrun", equilibrated_copy)
        os.kill(mdrun, signal.SIGSTOP)
        before = harness.kept_until_checkpoint(equilibrated_copy)
        submitted.assert_ends_well(process, equilibrated_copy)
    assert "TIMEOUT" in submitted.output_of(equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 2
    harness.assert_resumed(equilibrated_copy, before)


@slurm_only
def test_cancelled_job_is_submitted_again(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        before = harness.kept_until_checkpoint(equilibrated_copy)
        cluster.ask("scancel", submitted.running_job(cluster)[0])
        submitted.assert_ends_well(process, equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 2
    harness.assert_resumed(equilibrated_copy, before)


@slurm_only
def test_lost_node_is_replaced_by_another(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        before = harness.kept_until_checkpoint(equilibrated_copy)
        job, node = submitted.running_job(cluster)
        cluster.lose_node(node)
        assert not harness.processes("mdrun", equilibrated_copy)
        submitted.assert_ends_well(process, equilibrated_copy)
    assert cluster.state(node).startswith("down")
    assert submitted.restarts(cluster, job) == 1
    harness.assert_resumed(equilibrated_copy, before)


@slurm_only
def test_controller_away_for_five_seconds_is_not_noticed(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        cluster.stop_controller()
        time.sleep(5)
        cluster.start_controller()
        submitted.assert_ends_well(process, equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 1
    harness.assert_continuous(equilibrated_copy / harness.RUN / "traj.xtc", 60, 0.2)


@slurm_only
def test_controller_away_for_long_is_told_and_the_same_command_goes_on(
    cluster: Cluster, equilibrated_copy: Path
) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        cluster.stop_controller()
        wait_for(lambda: "Slurm does not answer" in submitted.output_of(equilibrated_copy), 120)
        cluster.start_controller()
        wait_for(lambda: "Slurm answers again" in submitted.output_of(equilibrated_copy), 120)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with submitted.started(cluster, equilibrated_copy, overlays) as second:
        submitted.assert_ends_well(second, equilibrated_copy)
    harness.assert_continuous(equilibrated_copy / harness.RUN / "traj.xtc", 60, 0.2)


@slurm_only
def test_checkpoint_cut_short_falls_back_to_the_one_before(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays, "--retries", "0") as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        cluster.ask("scancel", submitted.running_job(cluster)[0])
        assert process.wait(submitted.END_LIMIT_S) != 0
    wait_for(lambda: submitted.all_ended(cluster), 60)
    before = harness.kept_until_checkpoint(equilibrated_copy)
    checkpoint = harness.production_work(equilibrated_copy) / "production.cpt"
    os.truncate(checkpoint, checkpoint.stat().st_size // 2)
    with submitted.started(cluster, equilibrated_copy, overlays) as second:
        submitted.assert_ends_well(second, equilibrated_copy)
    assert "cannot be read; trying the checkpoint before it" in submitted.output_of(equilibrated_copy)
    harness.assert_resumed(equilibrated_copy, before)


@slurm_only
def test_second_snakemake_on_one_folder_is_refused(cluster: Cluster, equilibrated_copy: Path) -> None:
    overlays = submitted.longer(equilibrated_copy, 0.06)
    with submitted.started(cluster, equilibrated_copy, overlays) as process:
        harness.wait_for(harness.halfway(equilibrated_copy, FRAMES))
        second = subprocess.run(
            submitted.command(equilibrated_copy, overlays), env=cluster.env, cwd=harness.ROOT,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert second.returncode != 0
        assert "another Sheath works on this folder" in second.stdout + second.stderr
        submitted.assert_ends_well(process, equilibrated_copy)
    assert submitted.submissions(equilibrated_copy) == 1
    harness.assert_continuous(equilibrated_copy / harness.RUN / "traj.xtc", 60, 0.2)


@slurm_only
def test_disk_full_during_mdrun_then_space_again(finished_copy: Path) -> None:
    """On a disk with room for a few frames every attempt fails; with room again the same command goes on.

    The cluster lives in the mount namespace of the small disk, one for each of the two commands.
    """
    if missing := missing_programs():
        assert os.environ.get("CI") != "true", f"not installed: {missing}"
        pytest.skip(f"Slurm's {', '.join(missing)} not installed. Remedy: make test-slurm")
    disk = finished_copy.parent / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size for path in finished_copy.rglob("*") if path.is_file())
    workflow = submitted.command(disk / "run", submitted.longer(finished_copy, 0.06), "--retries", "1")
    namespace = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    script = harness.ROOT / "tests" / "end_to_end" / "full_disk.sh"
    done = subprocess.run(
        ["unshare", *namespace, "bash", str(script), str(disk), str(finished_copy), str(size),
         sys.executable, "-m", "tests.slurm.cluster", *workflow],
        capture_output=True, text=True, timeout=submitted.END_LIMIT_S, check=False, stdin=subprocess.DEVNULL,
        cwd=harness.ROOT,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert "FIRST EXIT 1" in output, output
    assert "SECOND EXIT 0" in output, output
    assert "has been submitted with SLURM jobid" in output.split("FIRST EXIT")[0], output
    harness.assert_continuous(finished_copy.parent / "out.xtc", 60, 0.2)
