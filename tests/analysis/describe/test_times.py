"""Frames that will not be measured are told before: by `describe`, with the stretch that `read` then measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from analysis.describe import looking
from analysis.describe.describe import describe
from analysis.describe.document import write_document
from analysis.describe.times import left_out, span_ps, usual_interval
from analysis.describe.trr import trr_times
from analysis.read import read
from analysis.reading import load_reading
from analysis.run import load_run

from .liquids import Liquid, liquid, request, universe_of, write_pdb, write_trajectory

ORDER = ["Na"] * 2 + ["PF6"] * 2 + ["EC"] * 4
N_FRAMES = 40
EVEN = np.arange(float(N_FRAMES))


def written(folder: Path, name: str, times: Sequence[float] | np.ndarray, bad: Sequence[int] = ()) -> tuple[Path, Path]:
    """A liquid's PDB, and its trajectory with these times, one coordinate of the frames `bad` no number."""
    one: Liquid = liquid(ORDER, n_frames=len(times))
    universe = universe_of(one)
    frames = one.wrapped_nm
    frames[list(bad), 3, 1] = np.nan
    pdb = write_pdb(folder / "a.pdb", universe)
    return pdb, write_trajectory(folder / name, universe, frames, one.box_nm, times)


TIMES = {
    "a gap": np.concatenate([EVEN[:15], EVEN[15:] + 8.0]),
    "back": np.concatenate([EVEN[:25], EVEN[10:25]]),
    "twice": np.sort(np.concatenate([EVEN, [9.0, 10.0]])),
    "first two": np.concatenate([[-7.5], EVEN]),
}
WORDS = {
    "a gap": ("frames 16 to 40 of 40", "frame 16 comes 9 ps after the one before, others 1 ps"),
    "back": ("frames 1 to 25 of 40", "frame 26 goes back from 24 to 10 ps"),
    "twice": ("frames 13 to 42 of 42", "frame 11 repeats 9 ps; frame 13 repeats 10 ps"),
    "first two": ("frames 2 to 41 of 41", "frame 2 comes 7.5 ps after the one before, others 1 ps"),
}


@pytest.mark.parametrize("suffix", [".xtc", ".trr"])
@pytest.mark.parametrize("case", TIMES)
def test_the_stretch_that_is_told_is_the_one_that_is_read(tmp_path: Path, case: str, suffix: str) -> None:
    times = TIMES[case]
    document, notes = describe(request(*written(tmp_path, f"a{suffix}", times)))
    (told,) = [note for note in notes if "measured will be" in note]
    assert all(words in told for words in WORDS[case])
    assert document["frame_interval_ps"] == 1.0
    del document["production_ns"]  # as `report` does: it is what was found, not what was asked for
    write_document(document, tmp_path / "run.json")
    read(load_run(tmp_path / "run.json"), tmp_path / "reading")
    time_ps = load_reading(tmp_path / "reading").time_ps
    first, last = (int(number) for number in WORDS[case][0].split()[1:4:2])
    assert np.array_equal(time_ps, times[first - 1 : last])


@pytest.mark.parametrize("suffix", [".dcd", ".trr"])
def test_coordinates_that_are_no_numbers_are_told(tmp_path: Path, suffix: str) -> None:
    _, notes = describe(request(*written(tmp_path, f"a{suffix}", EVEN, bad=[10, 11, 30])))
    (told,) = [note for note in notes if "measured will be" in note]
    assert "frames 13 to 30 of 40, 12 to 29 ps" in told
    assert told.count("has coordinates that are not numbers") == 3


def test_shuffled_frames_have_the_spacing_of_their_times_in_order(tmp_path: Path) -> None:
    shuffled = np.random.default_rng(0).permutation(EVEN)
    document, notes = describe(request(*written(tmp_path, "a.xtc", shuffled)))
    assert (document["frame_interval_ps"], document["production_ns"]) == (1.0, 0.039)
    (told,) = [note for note in notes if "in order" in note]
    assert "of 40 frames no 10 are in order" in told


def test_of_a_long_file_some_frames_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "_MOST_FRAMES", 14)
    pdb, dcd = written(tmp_path, "a.dcd", EVEN, bad=[3])
    document, notes = describe(request(pdb, dcd))
    assert document["frame_interval_ps"] == pytest.approx(1.0)
    (told,) = [note for note in notes if "looked at" in note]
    assert "1 of 14 frames that were looked at cannot be used, the first: frame 4 has coordinates" in told
    _, trr = written(tmp_path, "a.trr", TIMES["a gap"])
    _, notes = describe(request(pdb, trr))
    assert any("frame 16 comes 9 ps after" in note for note in notes)


def test_a_trr_file_tells_its_times_in_either_precision(tmp_path: Path) -> None:
    _, trr = written(tmp_path, "a.trr", TIMES["back"])
    assert np.array_equal(trr_times(trr), TIMES["back"])
    trr.write_bytes(trr.read_bytes()[:-10])
    assert trr_times(trr).size in (N_FRAMES - 1, N_FRAMES)
    # A frame of two atoms in double precision: box of 72 bytes, positions of 48.
    sizes = [0, 0, 72, 0, 0, 0, 0, 48, 0, 0, 2, 7, 0]
    head = b"".join(int(n).to_bytes(4, "big") for n in (1993, 13, 12)) + b"GMX_trn_file"
    head += b"".join(int(n).to_bytes(4, "big") for n in sizes)
    frames = [head + np.array([t, 0.0], dtype=">f8").tobytes() + bytes(120) for t in (0.1, 0.3)]
    trr.write_bytes(b"".join(frames))
    assert np.array_equal(trr_times(trr), [0.1, 0.3])


def test_even_times_in_single_precision_leave_nothing_out() -> None:
    times = (32.0 + 0.1 * np.arange(5000)).astype(np.float32).astype(np.float64)
    assert usual_interval(times) == pytest.approx(0.1, rel=1e-6)
    assert left_out(times, usual_interval(times), {}) == []
    assert span_ps(times, 0.1) == (times[0], times[-1])


def test_one_frame_damaged_or_alone_decides_nothing() -> None:
    times = EVEN.copy()
    times[[0, -1]] = 1e30, np.nan
    assert usual_interval(times) == 1.0
    assert left_out(EVEN[:1], 0.0, {}) == []
