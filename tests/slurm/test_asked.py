"""What a real Slurm answers about jobs, and what is concluded from it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.cluster import ROOT, Cluster, wait_for
from workflow import owner, slurm, start, watch

pytestmark = [pytest.mark.slurm]
ELSEWHERE = "node-of-another-machine"


@pytest.fixture
def inside(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Let this process use the cluster."""
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    return cluster


def submit(cluster: Cluster, *options: str, name: str = "one", command: str = "sleep 600") -> str:
    return cluster.ask(
        "sbatch", "--parsable", "--output=/dev/null", "--job-name", name, *options, "--wrap", command
    ).strip()


def in_job(cluster: Cluster, expression: str, *options: str) -> str:
    """Return what an expression is in a job of its own."""
    code = f"import time; from workflow import slurm; print({expression})"
    return cluster.ask("srun", *options, "env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code).strip()


def test_time_left_is_that_of_the_job(cluster: Cluster) -> None:
    assert 50 < float(in_job(cluster, "slurm.seconds_left(time.time())", "--time=1")) <= 60
    assert in_job(cluster, "slurm.seconds_left(time.time())", "--time=UNLIMITED") == "None"


@pytest.mark.slow
def test_a_job_lives_while_it_has_processes(inside: Cluster) -> None:
    running, waiting = submit(inside), submit(inside, "--begin=now+1hour")
    wait_for(lambda: slurm.lives(running) is True, 20)
    assert slurm.lives(waiting) is False
    assert slurm.lives("999999") is False
    slurm.cancel([running])
    wait_for(lambda: slurm.lives(running) is False, 20)
    inside.stop_controller()
    assert slurm.lives(running) is None


def test_a_folder_belongs_to_a_job_on_another_machine_while_that_lives(inside: Cluster, tmp_path: Path) -> None:
    job = submit(inside)
    wait_for(lambda: slurm.lives(job) is True, 20)
    with (tmp_path / "lock").open("a+") as handle:
        handle.write(json.dumps({"host": ELSEWHERE, "pid": 1, "job": job}))
        handle.flush()
        assert owner.user_of(handle, tmp_path / "progress.json") == f"Slurm job {job}, process 1 on {ELSEWHERE}"
        slurm.cancel([job])
        wait_for(lambda: slurm.lives(job) is False, 20)
        assert owner.user_of(handle, tmp_path / "progress.json") is None


def test_jobs_of_an_earlier_start_are_ended_and_no_others(inside: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    mine, waiting, other = submit(inside), submit(inside, "--begin=now+1hour"), submit(inside, name="two")
    wait_for(lambda: slurm.lives(mine) is True, 20)
    start.end_leftover_jobs("one")
    assert slurm.unfinished("one") == {}
    assert list(slurm.unfinished("two") or {}) == [other]
    said = capsys.readouterr().err
    assert mine in said and waiting in said
    start.end_leftover_jobs("one")
    assert not capsys.readouterr().err


def test_a_job_runs_again_unless_it_is_somebodys_own_script(cluster: Cluster, tmp_path: Path) -> None:
    """Only jobs that Snakemake submitted put themselves back; Snakemake in a job of one's own does not."""
    code = "from workflow import slurm; import time; print(slurm.run_again(), flush=True); time.sleep(30)"
    (tmp_path / "again.py").write_text(code)
    start_job = {"submitted": '""', "own": "$SLURM_JOB_ID"}
    jobs = {
        name: submit(
            cluster, "--requeue", f"--output={tmp_path}/{name}.log", "--open-mode=append",
            command=f"SHEATH_START=x SHEATH_START_JOB={value} PYTHONPATH={ROOT} {sys.executable} {tmp_path}/again.py",
        )
        for name, value in start_job.items()
    }  # fmt: skip
    wait_for(lambda: (tmp_path / "own.log").is_file() and (tmp_path / "own.log").read_text() == "False\n", 30)
    wait_for(lambda: "Restarts=1" in cluster.ask("scontrol", "show", "job", jobs["submitted"]), 30)
    assert "Restarts=0" in cluster.ask("scontrol", "show", "job", jobs["own"])


@pytest.fixture
def watched() -> tuple[watch.Watch, list[str]]:
    """Return a watch over jobs of one name, and the list of what it says and does."""
    said: list[str] = []
    stop: Callable[[], None] = lambda: said.append("stopped")  # noqa: E731
    return watch.Watch("one", said.append, stop), said


@pytest.mark.slow
def test_silence_of_slurm_is_told_once_and_its_end_too(inside: Cluster, watched: tuple[watch.Watch, list[str]]) -> None:
    looking, said = watched
    submit(inside)
    looking.look(0)
    assert said == []
    inside.stop_controller()
    looking.look(20)
    looking.look(40)
    assert said == [watch.SILENT]
    inside.start_controller()
    wait_for(lambda: slurm.unfinished("one") is not None, 30)
    looking.look(60)
    assert said[1:] == ["Slurm answers again, after 40 s."]


def test_a_job_that_will_never_start_is_told_once(inside: Cluster, watched: tuple[watch.Watch, list[str]]) -> None:
    looking, said = watched
    submit(inside, "--begin=now+1hour")  # waits for something that comes
    looking.look(0)
    assert said == []
    held = submit(inside, "--hold")
    looking.look(20)
    looking.look(40)
    (text,) = said
    assert f"job {held} will not start" in text and "JobHeldUser" in text


def test_snakemake_that_waits_for_nothing_is_stopped(inside: Cluster, watched: tuple[watch.Watch, list[str]]) -> None:
    looking, said = watched
    job = submit(inside)
    wait_for(lambda: slurm.lives(job) is True, 20)
    looking.look(0)
    looking.look(2 * watch.IDLE_LIMIT_S)
    assert said == []
    slurm.cancel([job])
    wait_for(lambda: slurm.unfinished("one") == {}, 20)
    begin = time.monotonic()
    looking.look(begin)
    looking.look(begin + watch.IDLE_LIMIT_S - 1)
    assert said == []
    looking.look(begin + watch.IDLE_LIMIT_S + 1)
    assert said == [watch.FORGOTTEN, "stopped"]
