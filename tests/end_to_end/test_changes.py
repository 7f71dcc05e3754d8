"""A longer run computes only what is missing; changed physics starts afresh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyedr
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


def test_pressures_are_sampled_after_a_finished_run(finished_copy: Path) -> None:
    first = (finished_copy / harness.RUN / "traj.xtc").stat()
    sampled = harness.overlay(finished_copy, "lengths: {viscosity_segments: 3, viscosity_segment_ps: 10}\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, sampled))
    assert done.returncode == 0, done.stdout + done.stderr
    again = (finished_copy / harness.RUN / "traj.xtc").stat()
    assert (again.st_mtime_ns, again.st_ino) == (first.st_mtime_ns, first.st_ino)
    with np.load(finished_copy / harness.RUN / "viscosity" / "pressure.npz") as found:
        pressure_bar = found["pressure_bar"].astype(float)
        assert pressure_bar.shape[0] == 3 and pressure_bar.shape[2] == 6
        interval_ps = float(found["interval_ps"])
        assert interval_ps == pytest.approx(0.006) and pressure_bar.shape[1] == 10 // interval_ps + 1
        assert found["temperature_K"] == pytest.approx(298, abs=15)
        assert len(set(found["volume_nm3"].tolist())) == 3
    # Shear stresses vary as those of a liquid do (thousands of bar in so small a box) and differ between segments.
    assert 500 < pressure_bar[:, :, 3:].std() < 50000
    assert not np.allclose(pressure_bar[0], pressure_bar[1])
    assert not list((finished_copy / "work").glob("*/viscosity0*.edr"))


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


@pytest.mark.parametrize("change", ["override: {temperature_K: 350}\n", "mixing_rule: geometric\n"])
def test_changed_physics_starts_afresh(finished_copy: Path, change: str) -> None:
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
    hot = "350" in change
    assert ((finished_copy / harness.RUN / "system.top").read_bytes() == top) == hot
    energies = pyedr.edr_to_dict(str(finished_copy / harness.RUN / "energy.edr"))
    assert float(np.mean(energies["Temperature"])) == pytest.approx(350 if hot else 298, abs=12)


def test_a_lost_manifest_is_written_anew_without_simulating(finished_copy: Path) -> None:
    """A file published by a rerun that finds its work done is the same file."""
    trajectory = finished_copy / harness.RUN / "traj.xtc"
    before, frames = trajectory.stat().st_ino, trajectory.read_bytes()
    (finished_copy / harness.RUN / "run.json").unlink()
    done = harness.run(finished_copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (finished_copy / harness.RUN / "run.json").is_file()
    assert trajectory.read_bytes() == frames
    assert trajectory.stat().st_ino != before or trajectory.stat().st_nlink == 2


def test_a_structure_cut_short_is_written_anew(finished_copy: Path) -> None:
    work = harness.production_work(finished_copy)
    frames = (work / "production.xtc").read_bytes()
    whole = (work / "production.gro").read_text()
    (work / "production.gro").write_text(whole[:20000])
    (finished_copy / harness.RUN / "run.json").unlink()
    done = harness.run(finished_copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (finished_copy / harness.RUN / "conf.gro").read_text().splitlines()[1:] == whole.splitlines()[1:]
    assert (work / "production.xtc").read_bytes() == frames


def test_a_damaged_checkpoint_falls_back_and_says_so(finished_copy: Path) -> None:
    work = harness.production_work(finished_copy)
    checkpoint = work / "production.cpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:3000])
    longer = harness.overlay(finished_copy, "lengths: {production_ns: 0.045}\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, longer))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cannot be read; trying the checkpoint before it" in done.stdout + done.stderr
    harness.assert_continuous(finished_copy / harness.RUN / "traj.xtc", 45, 0.2)


def test_when_no_checkpoint_can_be_read_nothing_is_deleted(finished_copy: Path) -> None:
    work = harness.production_work(finished_copy)
    frames = (work / "production.xtc").read_bytes()
    for name in ("production.cpt", "production_prev.cpt"):
        (work / name).write_bytes(b"damaged" * 100)
    longer = harness.overlay(finished_copy, "lengths: {production_ns: 0.045}\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, longer))
    assert done.returncode != 0
    assert "nothing was deleted" in done.stdout + done.stderr
    assert (work / "production.xtc").read_bytes() == frames


def test_another_results_folder_leaves_the_first_as_it_was(finished_copy: Path) -> None:
    frames = (finished_copy / harness.RUN / "traj.xtc").read_bytes()
    longer = harness.overlay(finished_copy, "results: tiny2\nlengths: {production_ns: 0.045}\n")
    done = harness.run(finished_copy, overlays=(harness.TINY, longer))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (finished_copy / harness.RUN / "traj.xtc").read_bytes() == frames
    harness.assert_continuous(finished_copy / "tiny2/dol-dme-litfsi/r1/traj.xtc", 45, 0.2)
