"""Speeds that were measured: by real mdruns, remembered, and forgotten when the engine changes."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from workflow import cores, processor, speed
from workflow.estimate import announcement, estimates
from workflow.inputs.plan import Inputs, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_some_seconds_of_real_mdrun_decide_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 3.0)
    inputs = load(ROOT, [ROOT / "preview.yaml"])
    told: list[str] = []
    (found,) = speed.measure(inputs, tmp_path, 1, 1, told.append)
    assert len(told) == 1  # both liquids are of one size
    assert 1 < found.ns_per_day < 5000
    assert speed.read_speeds(tmp_path) == [found]
    assert [path.name for path in tmp_path.iterdir()] == [speed.FILE_NAME]  # boxes and runs are gone
    planned = estimates(inputs, tmp_path, 1)
    assert all(one.measured for one in planned)
    first = planned[0]
    rate = found.ns_per_day * found.atoms
    assert first.seconds == pytest.approx(first.total_ns * first.atoms / rate * 86400)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen on this system")
def test_two_runs_side_by_side_never_share_a_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 4.0)
    monkeypatch.setattr(cores, "_folder", lambda: tmp_path)  # other tests that run now hold cores of their own
    seen: list[list[set[int]]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            seen.append([cores_of(process) for process in mdruns(tmp_path)])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        speed.measure(load(ROOT, [ROOT / "preview.yaml"]), tmp_path, 1, 2, lambda _: None)
    finally:
        over.set()
        watcher.join()
    pairs = [found for found in seen if len(found) == 2 and all(found)]
    assert len(pairs) >= 5
    for first, second in pairs:
        assert len(first) == len(second) == 1 and first != second


def mdruns(work: Path) -> list[Path]:
    """Return the processes that run an mdrun whose files lie below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if "mdrun" in words[:3] and any(word.startswith(str(work)) and "/speed" in word for word in words):
            found.append(entry)
    return found


def cores_of(process: Path) -> set[int]:
    """Return the cores on which any thread of a process may run; empty when it has just ended."""
    found: set[int] = set()
    for task in (process / "task").glob("*"):
        with contextlib.suppress(OSError):
            found |= os.sched_getaffinity(int(task.name))
    return found


def test_a_speed_counts_for_its_engine_processor_and_cutoff_only(default_inputs: Inputs, tmp_path: Path) -> None:
    here = speed.Speed(6165, 1, 2, 40.0, 1.2, 2.0, speed.engine(), processor.name(), "2026-11-23")
    path = tmp_path / speed.FILE_NAME
    for one, counts in (
        (here, True),
        (replace(here, gromacs="2020 SSE2 /opt/gmx"), False),
        (replace(here, processor="another"), False),
        (replace(here, cutoff_nm=1.0), False),
        (replace(here, timestep_fs=4.0), False),
    ):
        path.write_text(json.dumps([asdict(one)]))
        assert estimates(default_inputs, tmp_path, 1)[0].measured == counts
    path.write_text("[{")
    assert speed.read_speeds(tmp_path) == []


def test_the_plan_says_what_a_night_does(default_inputs: Inputs, tmp_path: Path) -> None:
    here = speed.Speed(6165, 1, 1, 40.0, 1.2, 2.0, speed.engine(), processor.name(), "2026-11-23")
    (tmp_path / speed.FILE_NAME).write_text(json.dumps([asdict(here)]))
    found = estimates(default_inputs, tmp_path, 1)
    share = 0.5 / (sum(one.seconds for one in found) / 86400)
    text = announcement(default_inputs, found, 1, 1)
    assert f"A night of 12 hours does {100 * share:.2g} % of it, about as much as {60 * share:.2g} ns" in text
    assert "measured here" in text
