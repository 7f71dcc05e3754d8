"""One finished tiny run, made once and copied for each test that goes on from it, here or on a cluster."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end import harness


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the tiny electrolyte was run from nothing to its report."""
    folder = tmp_path_factory.mktemp("finished")
    done = harness.run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return folder


@pytest.fixture
def finished_copy(finished_run: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished run that a test may change."""
    copy = tmp_path / "run"
    shutil.copytree(finished_run, copy, symlinks=True, copy_function=shutil.copy2)
    return copy


@pytest.fixture
def equilibrated_copy(finished_copy: Path) -> Path:
    """Return a copy in which production has not begun."""
    shutil.rmtree(harness.production_work(finished_copy))
    for name in ("traj.xtc", "energy.edr", "conf.gro", "run.json"):
        (finished_copy / harness.RUN / name).unlink()
    return finished_copy


@pytest.fixture
def long_production(equilibrated_copy: Path) -> Callable[[], tuple[Path, ...]]:
    """Return the overlays of a production long enough to be killed halfway."""
    path = harness.overlay(equilibrated_copy, "lengths: {production_ns: 0.06}\n")
    return lambda: (harness.TINY, path)
