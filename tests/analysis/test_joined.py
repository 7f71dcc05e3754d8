"""Several files are one trajectory: in order, every frame once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.run import RunError, load_run, open_universe

from .conftest import gas_document, write_run

Spans = list[tuple[int, int]]


def in_parts(folder: Path, spans: Spans, offsets: list[float] | None = None, **changes: Any) -> Path:
    """Write a walk of 30 frames, 2 ps apart, as parts that hold the frames of each span; return run.json."""
    rng = np.random.default_rng(8)
    walk = rng.normal(0, 0.05, (30, 5, 3)).cumsum(axis=0) + 1.0
    names = []
    for number, (first, last) in enumerate(spans):
        names.append(f"part{number}.xtc")
        document = gas_document(2, 3, trajectory=names[-1])
        times = 2.0 * np.arange(first, last) - (offsets[number] if offsets else 0.0)
        write_run(folder, document, walk[first:last], np.full((last - first, 3), 2.0), times)
    return write_run_json(folder, gas_document(2, 3, trajectory=names, **changes))


def write_run_json(folder: Path, document: dict[str, Any]) -> Path:
    import json

    path = folder / "run.json"
    path.write_text(json.dumps(document))
    return path


def read_all(path: Path) -> tuple[list[float], np.ndarray]:
    with open_universe(load_run(path)) as universe:
        frames = [(ts.time, ts.positions.copy()) for ts in universe.trajectory]
        assert len(universe.trajectory) == len(frames)
        assert [ts.time for ts in universe.trajectory[2:5]] == [time for time, _ in frames[2:5]]
        copy = universe.trajectory.copy()
        assert np.array_equal(copy[3].positions, frames[3][1])
        copy.close()
    return [time for time, _ in frames], np.array([xyz for _, xyz in frames])


@pytest.mark.parametrize("spans", [[(0, 10), (10, 30)], [(0, 15), (10, 30)], [(0, 11), (10, 21), (20, 30)]])
def test_parts_give_the_trajectory_that_was_cut(tmp_path: Path, spans: Spans) -> None:
    _, whole = read_all(in_parts(tmp_path / "whole", [(0, 16), (16, 30)]))
    times, joined = read_all(in_parts(tmp_path / "parts", spans))
    assert times == pytest.approx([2.0 * frame for frame in range(30)])
    assert np.array_equal(joined, whole)


def test_parts_whose_clock_begins_anew_are_counted(tmp_path: Path) -> None:
    """The first frame of the second part is the last of the first: it is there once."""
    opening = {"counted_interval_ps": 2.0}
    path = in_parts(tmp_path / "parts", [(0, 11), (10, 30)], [0.0, 20.0], opening=opening)
    times, joined = read_all(path)
    assert times == pytest.approx([2.0 * frame for frame in range(30)])
    _, whole = read_all(in_parts(tmp_path / "whole", [(0, 16), (16, 30)]))
    assert np.array_equal(joined, whole)


@pytest.mark.parametrize("spans", [[(10, 30), (0, 10)], [(0, 30), (10, 20)], [(0, 30), (0, 30)]])
def test_parts_that_do_not_follow_each_other_are_refused(tmp_path: Path, spans: Spans) -> None:
    path = in_parts(tmp_path, spans)
    with (
        pytest.raises(RunError, match=r"part1\.xtc covers .* after .*part0\.xtc .*Remedy: give them in order"),
        open_universe(load_run(path)),
    ):
        pass


def test_parts_of_different_systems_are_refused(tmp_path: Path) -> None:
    path = in_parts(tmp_path, [(0, 10), (10, 30)])
    write_run(tmp_path, gas_document(2, 4, trajectory="part1.xtc"), np.ones((3, 6, 3)), np.full((3, 3), 2.0))
    path = in_parts(tmp_path / "other", [(0, 10), (10, 30)])
    (tmp_path / "other" / "part1.xtc").write_bytes((tmp_path / "part1.xtc").read_bytes())
    with pytest.raises(RunError, match=r"part0\.xtc 5, .*part1\.xtc 6"), open_universe(load_run(path)):
        pass
