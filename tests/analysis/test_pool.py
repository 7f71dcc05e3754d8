"""Pooled values are means, and their errors never smaller than the scatter of the replicas says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.pool import pool, pool_folders
from analysis.run import RunError
from analysis.table import POOLED_COLUMNS, Row, frame, read_csv, row, write_csv


def _tables(*replicas: list[Row]) -> list[pd.DataFrame]:
    return [frame(rows, system="s", replica=index + 1) for index, rows in enumerate(replicas)]


def _one(value: float, error: float = 0.1, note: str = "") -> list[Row]:
    return [row("cn", "Li-O(DME)", value, "1", error, note=note)]


def test_one_replica_keeps_its_own() -> None:
    pooled = pool(_tables(_one(4.0, 0.3, "preview")), "s")
    assert list(pooled.columns) == POOLED_COLUMNS
    assert pooled.iloc[0][["value", "error", "note", "n"]].tolist() == [4.0, 0.3, "preview", 1]


def test_scatter_between_replicas_when_it_is_larger() -> None:
    pooled = pool(_tables(_one(4.0), _one(5.0), _one(3.0)), "s")
    assert pooled["value"][0] == 4.0
    assert pooled["n"][0] == 3
    assert pooled["error"][0] == pytest.approx(4.302653 * 1.0 / math.sqrt(3))


def test_errors_of_the_runs_when_these_are_larger() -> None:
    pooled = pool(_tables(_one(4.0, 0.3), _one(4.0, 0.6), _one(4.0, 0.6)), "s")
    assert pooled["error"][0] == pytest.approx(0.9 / 3)


def test_two_replicas_use_students_quantile() -> None:
    pooled = pool(_tables(_one(4.0), _one(4.2)), "s")
    assert pooled["error"][0] == pytest.approx(12.7062 * 0.1, rel=1e-4)


def test_intervals_of_pooled_means_cover_the_truth() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(3, 1000))
    tables = _tables(*([row("cn", str(i), value, "1", 0.0) for i, value in enumerate(values)] for values in samples))
    pooled = pool(tables, "s")
    assert 0.93 <= (pooled["value"].abs() <= pooled["error"]).mean() <= 0.97


def test_what_was_not_determined_is_not_counted_but_said() -> None:
    pooled = pool(_tables(_one(4.0), _one(math.nan, math.nan, "subdiffusive"), _one(4.4)), "s")
    assert pooled["value"][0] == pytest.approx(4.2)
    assert pooled["n"][0] == 2
    assert pooled["note"][0] == "r2: subdiffusive"
    none = pool(_tables(*[_one(math.nan, math.nan, "subdiffusive")] * 3), "s")
    assert math.isnan(none["value"][0])
    assert math.isnan(none["error"][0])
    assert none["n"][0] == 0
    assert none["note"][0] == "subdiffusive"


def test_a_single_determined_replica_keeps_its_error() -> None:
    pooled = pool(_tables(_one(4.0, 0.7), _one(math.nan, math.nan, "subdiffusive")), "s")
    assert pooled.iloc[0][["value", "error", "n"]].tolist() == [4.0, 0.7, 1]


def test_a_missing_error_leaves_the_scatter() -> None:
    pooled = pool(_tables(_one(4.0, math.nan), _one(4.2)), "s")
    assert pooled["error"][0] == pytest.approx(12.7062 * 0.1, rel=1e-4)


def test_curves_meet_at_equal_x_and_differing_notes_are_named() -> None:
    def curve(xs: list[float], note: str) -> list[Row]:
        return [row("g", "Li-O(DME)", x, "1", 0.1, x=x, x_unit="nm", note=note) for x in xs]

    pooled = pool(_tables(curve([0.1, 0.3], "a"), curve([0.1, 0.2, 0.3], "b")), "s")
    assert pooled["x"].tolist() == [0.1, 0.2, 0.3]
    assert pooled["n"].tolist() == [2, 1, 2]
    assert pooled["note"].tolist() == ["r1: a; r2: b", "r2: b", "r1: a; r2: b"]


def test_folders_of_replicas_become_one_folder(tmp_path: Path) -> None:
    for replica, value in ((1, 4.0), (2, 4.4)):
        folder = tmp_path / f"r{replica}"
        write_csv(frame(_one(value), system="s", replica=replica), folder / "coordination.csv")
        write_csv(frame(_one(1.0), system="s", replica=replica), folder / f"only{replica}.csv")
    out = tmp_path / "pooled"
    write_csv(frame(_one(9.0), system="s", replica=1), out / "stale.csv")
    folders = [str(tmp_path / "r1"), str(tmp_path / "r2")]
    assert main(["pool", *folders, "--system", "s", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["coordination.csv", "only1.csv", "only2.csv"]
    assert read_csv(out / "coordination.csv")["value"][0] == pytest.approx(4.2)


def test_what_cannot_be_pooled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        pool_folders([tmp_path / "absent"], "s", tmp_path / "out")
    with pytest.raises(RunError, match="no table"):
        pool_folders([tmp_path], "s", tmp_path / "out")
    write_csv(frame(_one(1.0), system="other", replica=1), tmp_path / "cn.csv")
    with pytest.raises(RunError, match="is of system other, not of s"):
        pool_folders([tmp_path], "s", tmp_path / "out")
