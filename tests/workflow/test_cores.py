"""Cores that processes take for themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workflow import cores

HOLD = """
import sys
from pathlib import Path
from workflow.cores import own_cores
with own_cores(int(sys.argv[1]), Path(sys.argv[2])) as mine:
    print(*mine, flush=True)
    sys.stdin.read()
"""


def holder(wanted: int, folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds cores until its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(wanted), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def told(process: subprocess.Popen[str]) -> list[int]:
    assert process.stdout is not None
    return [int(word) for word in process.stdout.readline().split()]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_two_processes_never_get_the_same_core_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    both = [holder(1, tmp_path), holder(1, tmp_path)]
    first, second = (told(one) for one in both)
    assert len(first) == len(second) == 1
    assert first != second
    with cores.own_cores(len(os.sched_getaffinity(0)), tmp_path) as mine:
        assert mine == []  # not enough are free: nothing is bound
    for one in both:
        one.kill()
        one.communicate()
    with cores.own_cores(2, tmp_path) as mine:
        assert len(mine) == 2


def test_what_is_started_inherits_the_cores_and_they_are_free_again_afterwards(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    with cores.own_cores(1, tmp_path) as mine:
        asked = "import os; print(*os.sched_getaffinity(0))"
        child = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
        assert [int(word) for word in child.stdout.split()] == mine
    assert os.sched_getaffinity(0) == before
    with cores.own_cores(1, tmp_path) as again:
        assert again == mine


def test_hardware_threads_of_one_core_are_taken_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for core, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        (tmp_path / f"cpu{core}").write_text(siblings)
    monkeypatch.setattr(cores, "SIBLINGS", str(tmp_path / "cpu{core}"))
    assert cores._neighbours_together([0, 1, 2, 3]) == [0, 2, 1, 3]
