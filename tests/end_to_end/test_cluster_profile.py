"""The profile for clusters on a machine without one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end import harness

pytestmark = pytest.mark.slow
PROFILE = harness.ROOT / "slurm" / "config.yaml"


def snakemake(folder: Path, profile: str, *extra: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--profile", profile, "--directory", str(folder), *extra]
    env = os.environ | ({"PATH": path} if path else {})
    return subprocess.run(
        [*command, "--configfile", str(harness.TINY)], cwd=harness.ROOT, env=env,
        capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_lines_that_users_edit_are_right_once_they_are_no_comments(tmp_path: Path) -> None:
    lines = re.compile(r"^( *)# ((?:gres|slurm_partition|slurm_account|constraint): .*)$", re.MULTILINE)
    text, count = lines.subn(r"\1\2", PROFILE.read_text(encoding="utf-8"))
    assert count == 5
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    done = snakemake(tmp_path / "run", str(tmp_path), "-n", "-p")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slurm_account=my_project, slurm_partition=main, constraint=zen4" in done.stdout + done.stderr


def test_simulations_have_the_threads_of_the_profile(tmp_path: Path) -> None:
    done = snakemake(tmp_path, "slurm", "-n")
    assert done.returncode == 0, done.stdout + done.stderr
    output = done.stdout + done.stderr
    assert "1 run on 8 cores, 1 at a time, each on 8 of them" in output


def test_without_slurm_there_is_one_message(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for path in (path for part in os.environ["PATH"].split(os.pathsep) for path in Path(part).glob("*")):
        if path.name not in {"squeue", "sbatch", "sacct", "sinfo"} and not (programs / path.name).is_symlink():
            (programs / path.name).symlink_to(path)
    done = snakemake(tmp_path / "run", "slurm", path=str(programs))
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Slurm does not answer" in output and "login node" in output and "Nothing was started" in output
    assert "Traceback" not in output
    assert not (tmp_path / "run" / "work").exists()


def test_a_number_of_jobs_beside_cores_is_no_cluster(tmp_path: Path) -> None:
    done = harness.run(tmp_path, "--jobs", "3", "-n", cores=2)
    assert "1 run on 2 cores" in done.stdout + done.stderr
