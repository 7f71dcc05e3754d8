"""A longer run computes only what is missing; changed physics starts afresh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.end_to_end import harness

pytestmark = pytest.mark.slow


def test_longer_production_continues(finished_copy: Path) -> None:
    before = harness.times_and_positions(finished_copy / harness.RUN / "traj.xtc")[1].copy()
    longer = harness.overlay(finished_copy, "lengths: {production_ns: 0.05}\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, longer))
    assert done.returncode == 0, done.stdout + done.stderr
    harness.assert_continuous(finished_copy / harness.RUN / "traj.xtc", 50, 0.2)
    after = harness.times_and_positions(finished_copy / harness.RUN / "traj.xtc")[1]
    assert np.array_equal(after[: len(before)], before)
    assert len(list((finished_copy / "work").glob("*/production.tpr"))) == 1


def test_more_replicas_compute_only_the_new_ones(finished_copy: Path) -> None:
    first = (finished_copy / harness.RUN / "traj.xtc").stat()
    more = harness.overlay(finished_copy, "replicas: 2\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, more))
    assert done.returncode == 0, done.stdout + done.stderr
    again = (finished_copy / harness.RUN / "traj.xtc").stat()
    assert (again.st_mtime_ns, again.st_ino) == (first.st_mtime_ns, first.st_ino)
    paths = [finished_copy / f"tiny/dol-dme-litfsi/r{replica}/packed.gro" for replica in (1, 2)]
    assert paths[0].read_bytes() != paths[1].read_bytes()
    pooled = pd.read_csv(finished_copy / "tiny/dol-dme-litfsi/observables/coordination.csv")
    assert (pooled[pooled.quantity == "cn"].n == 2).all()


@pytest.mark.parametrize(
    ("change", "built_again"),
    [
        ("override: {temperature_K: 350}\n", False),
        ("mixing_rule: geometric\n", True),
        ("seed: 7\n", True),
    ],
)
def test_changed_physics_starts_afresh(finished_copy: Path, change: str, built_again: bool) -> None:
    folders = set((finished_copy / "work").iterdir())
    old = (finished_copy / harness.RUN / "traj.xtc").read_bytes()
    top = (finished_copy / harness.RUN / "system.top").read_bytes()
    done = harness.run(
        finished_copy,
        overlays=(harness.TINY, harness.overlay(finished_copy, change)),
        targets=[str(harness.RUN / "run.json")],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    new = set((finished_copy / "work").iterdir()) - folders
    assert len([path for path in new if (path / "production.cpt").is_file()]) == 1
    assert (finished_copy / harness.RUN / "traj.xtc").read_bytes() != old
    harness.assert_continuous(finished_copy / harness.RUN / "traj.xtc", 40, 0.2)
    if change.startswith("mixing"):
        assert (finished_copy / harness.RUN / "system.top").read_bytes() != top
    if "350" in change:
        log = harness_temperature(finished_copy)
        assert log == pytest.approx(350, abs=12)


def harness_temperature(folder: Path) -> float:
    """Return the mean temperature of the production, from its energy file."""
    import pyedr

    energies = pyedr.edr_to_dict(str(folder / harness.RUN / "energy.edr"))
    return float(np.mean(energies["Temperature"]))
