"""Trajectories with gaps, repeats, damage or nonsense in them: the longest even stretch is read, and that is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import XTCFile

from analysis.__main__ import _progress
from analysis.read import load_reading, read
from analysis.run import RunError, load_run
from analysis.survey import longest_even, usual_spacing

from .conftest import gas_document, run_document, species_entry, write_run
from .readings import assert_same


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 1, 2, 3], (0, 4)),
        ([0, 1, np.nan, 3, 4, 5], (3, 6)),
        ([np.nan, np.nan], (0, 0)),
        ([0, 1, 2, 2, 3, 4, 5], (3, 7)),
        ([5, 6, 7, 0, 1, 2], (0, 3)),
        ([0, 2, 3, 4, 7], (1, 4)),
        ([4], (0, 1)),
    ],
)
def test_the_longest_even_stretch(times: list[float], expected: tuple[int, int]) -> None:
    assert longest_even(np.array(times, dtype=float), 1.0) == expected


def test_the_usual_spacing_is_that_of_most_frames() -> None:
    assert usual_spacing(np.array([0, 5, 6, 7, np.nan, 8, 2, 3.0]), 9.0) == 1.0
    assert usual_spacing(np.array([np.nan, 1.0]), 9.0) == 9.0


UNEVEN = {
    "repeated": ([*range(12), 11, *range(12, 40)], (12, 41), "frame 13 (time 11 ps) comes after one at 11 ps"),
    "back": ([*range(30), *range(10, 22)], (0, 30), "frame 31 (time 10 ps) comes after one at 29 ps"),
    "gap": ([*range(12), *range(50, 80)], (12, 42), "frame 13 (time 50 ps) comes 39 ps after the one before"),
    "gap at the start": ([0, *range(5, 30)], (1, 26), "frame 3 (time 6 ps) comes 1 ps after the one before"),
}


@pytest.mark.parametrize("name", UNEVEN)
@pytest.mark.parametrize("processes", [1, 2])
def test_of_uneven_frames_the_longest_even_stretch_is_read(tmp_path: Path, name: str, processes: int) -> None:
    times, (first, last), words = UNEVEN[name]
    positions = np.random.default_rng(1).random((len(times), 4, 3))
    boxes = np.full((len(times), 3), 3.0)
    path = write_run(tmp_path / "run", gas_document(2, 2), positions, boxes, np.array(times))
    read(load_run(path), tmp_path / "reading", processes=processes)
    reading = load_reading(tmp_path / "reading")
    assert np.array_equal(reading.time_ps, times[first:last])
    assert words in reading.notes[0] and "cut" in reading.notes[0]
    alone = write_run(tmp_path / "alone", gas_document(2, 2), positions[first:last], boxes[first:last])
    read(load_run(alone), tmp_path / "other")
    assert_same(reading, load_reading(tmp_path / "other"))


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (range(9), "9 readable frames, but the analysis needs at least 10"),
        (np.arange(40) ** 2, r"2 readable frames.*frame 3 \(time 4 ps\) comes 3 ps after the one before"),
    ],
)
def test_fewer_than_ten_even_frames_are_refused(tmp_path: Path, times: Any, words: str) -> None:
    n = len(list(times))
    path = write_run(
        tmp_path / "run", gas_document(2, 2), np.ones((n, 4, 3)), np.full((n, 3), 3.0), np.array(list(times))
    )
    with pytest.raises(RunError, match=words):
        read(load_run(path), tmp_path / "reading")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("trajectory", ["traj.trr", "traj.xtc"])
def test_frames_that_are_not_numbers_or_have_no_box_are_left_out(tmp_path: Path, trajectory: str) -> None:
    positions, boxes = np.random.default_rng(2).random((40, 4, 3)), np.full((40, 3), 3.0)
    boxes[31] = 0.0
    if trajectory == "traj.trr":  # the other format cannot even hold them
        positions[5, 2, 1] = np.nan
    path = write_run(tmp_path / "run", gas_document(2, 2, trajectory=trajectory), positions, boxes)
    read(load_run(path), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    first, words = (6, "has coordinates that are not numbers") if trajectory == "traj.trr" else (0, "has no box")
    assert np.array_equal(reading.time_ps, np.arange(first, 31))
    assert words in reading.notes[0]


def test_coordinates_that_are_never_numbers_are_refused(tmp_path: Path) -> None:
    positions = np.ones((12, 4, 3))
    positions[:, 2, 1] = np.nan
    path = write_run(tmp_path / "run", gas_document(2, 2, trajectory="traj.trr"), positions, np.full((12, 3), 3.0))
    with pytest.raises(
        RunError, match=r"0 readable frames.*frame 1 \(time 0 ps\) has coordinates that are not numbers"
    ):
        read(load_run(path), tmp_path / "reading")


def test_without_a_box_distances_and_paths_are_those_of_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    positions = np.round(5.0 + np.cumsum(rng.normal(scale=0.02, size=(20, 8, 3)), axis=0) + rng.random((8, 3)), 3)
    path = write_run(tmp_path / "run", gas_document(3, 5), positions, np.zeros((20, 3)))
    read(load_run(path), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert np.isnan(reading.box_nm).all() and not reading.norm["Li-O(G)"].any()
    assert "has no box" in reading.notes[0]
    distances = np.linalg.norm(positions[:, :3, None] - positions[:, None, 3:], axis=3)
    assert len(reading.pairs["Li-O(G)"]) == (distances < 0.33).sum() > 0
    shares = np.array([6.94] * 3 + [16.0] * 5)
    drift = np.einsum("m,fmk->fk", shares / shares.sum(), positions)
    np.testing.assert_allclose(reading.com_nm, positions - (drift - drift[0])[:, None], atol=2e-6)


def test_damage_in_the_middle_of_a_file_costs_only_the_frames_that_it_hits(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    shape = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])
    start = rng.random((40, 1, 3)) * 2 + shape
    positions = (start + np.cumsum(rng.normal(scale=0.01, size=(60, 40, 1, 3)), axis=0)).reshape(60, 120, 3)
    species = [species_entry("W", "solvent", 40, (16.0, 1.0, 1.0), bonds=[(0, 1), (0, 2)])]
    path = write_run(tmp_path / "run", run_document(species, [], cation=None), positions, np.full((60, 3), 2.0))
    trajectory = path.parent / "traj.xtc"
    whole, (offset, end) = trajectory.read_bytes(), xtc_offsets(trajectory)[[20, 21]]
    for seed in range(8):
        damaged = bytearray(whole)
        at = offset + 92 + int(np.random.default_rng(seed).integers(end - offset - 200))
        damaged[at : at + 64] = np.random.default_rng(seed).bytes(64)
        trajectory.write_bytes(damaged)
        read(load_run(path), tmp_path / "reading")
        reading = load_reading(tmp_path / "reading")
        # Numbers that are wrong but possible cannot be told from right ones.
        assert reading.n_frames == 60 or np.array_equal(reading.time_ps, np.arange(21.0, 60.0))
        assert reading.n_frames == 60 or "frame 21" in reading.notes[0]


def xtc_offsets(path: Path) -> np.ndarray:
    with XTCFile(str(path)) as file:
        return np.array(file.offsets)


def test_a_second_look_at_the_frames_tells_how_far_it_is(tmp_path: Path) -> None:
    """Read up to the first gap, looked at from there, then read from there: 3 passes, each told to its end."""
    times = np.array([*range(12), *range(50, 80)])
    path = write_run(
        tmp_path / "run", gas_document(2, 2), np.ones((42, 4, 3)), np.full((42, 3), 3.0), times.astype(float)
    )
    told: list[tuple[int, int]] = []
    read(load_run(path), tmp_path / "reading", lambda done, total: told.append((done, total)))
    passes = list(dict.fromkeys(total for _, total in told))
    assert passes == [42, 31, 30]
    assert (31, 31) in told and (30, 30) in told


def test_time_left_is_that_of_the_present_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 20.0, 40.0, 100.0, 111.0])
    monkeypatch.setattr("analysis.__main__.time.monotonic", lambda: next(clock))
    show = _progress("gas r1")
    show(0, 100)  # nothing is read yet, and nothing can be said of the time
    show(40, 100)
    show(0, 60)
    show(30, 60)
    assert capsys.readouterr().err.splitlines() == [
        "gas r1: read 40 of 100 frames, 60 s left",
        "gas r1: read 30 of 60 frames, 11 s left",
    ]
