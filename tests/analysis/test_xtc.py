"""Frames of XTC files are found where MDAnalysis finds them, and also behind what is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import XTCFile

from analysis.read import load_reading, read
from analysis.run import load_run
from analysis.xtc import xtc_frames, xtc_lost_bytes

from .conftest import gas_document, write_run

N_FRAMES = 60


@pytest.fixture
def trajectory(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    start = rng.random((1, 58, 3)) * 2
    positions = start + np.cumsum(rng.normal(scale=0.01, size=(N_FRAMES, 58, 3)), axis=0)
    path = write_run(tmp_path / "run", gas_document(8, 50), positions, np.full((N_FRAMES, 3), 2.0))
    return path.parent / "traj.xtc"


@pytest.mark.parametrize("n_atoms", [1, 9, 10, 500])
def test_frames_are_where_mdanalysis_finds_them(tmp_path: Path, n_atoms: int) -> None:
    path = tmp_path / "some.xtc"
    rng = np.random.default_rng(n_atoms)
    with XTCFile(str(path), "w") as file:
        for number in range(7):
            file.write(rng.random((n_atoms, 3)).astype(np.float32), np.eye(3, dtype=np.float32), number, number, 1000)
    with XTCFile(str(path)) as file:
        expected = np.array(file.offsets)
    found, frames = xtc_frames(path)
    assert found == n_atoms and np.array_equal(frames, expected) and xtc_lost_bytes(path) == 0


def test_what_is_no_xtc_has_no_frames(tmp_path: Path) -> None:
    for content in (b"", b"text", b"text" * 100):
        (tmp_path / "file").write_bytes(content)
        assert xtc_frames(tmp_path / "file")[0] == 0
        (tmp_path / "file").unlink()


@pytest.mark.parametrize("damage", ["noise", "zeros", "hole", "end"])
def test_the_frames_beside_a_damaged_stretch_are_measured(trajectory: Path, tmp_path: Path, damage: str) -> None:
    _, frames = xtc_frames(trajectory)
    content = bytearray(trajectory.read_bytes())
    # from the middle of the 21st frame over the beginning of the 22nd into it
    low, high = int(frames[20]) + 200, int(frames[21]) + 100
    if damage == "hole":
        del content[low:high]
    elif damage == "end":
        del content[low:]
    else:
        content[low:high] = np.random.default_rng(1).bytes(high - low) if damage == "noise" else bytes(high - low)
    trajectory.write_bytes(content)
    lost = 2 if damage != "end" else N_FRAMES - 20
    assert xtc_frames(trajectory)[1].size == N_FRAMES - lost
    assert xtc_lost_bytes(trajectory) > 0
    read(load_run(trajectory.with_name("run.json")), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    expected = np.arange(20.0) if damage == "end" else np.arange(22.0, N_FRAMES)
    assert np.array_equal(reading.time_ps, expected)
    assert any("traj.xtc is damaged or broken off" in note for note in reading.notes)
