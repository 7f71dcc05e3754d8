"""The tidy table survives the way through a file, and only such tables are read."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from analysis.table import COLUMNS, frame, read_csv, row, write_csv


def test_round_trip(tmp_path: Path) -> None:
    rows = [
        row("cn", "Li-O(DME)", 4.123456789, "1", 0.25),
        row("g", "Li-O(DME)", 0.0, "1", 0.0, x=0.201, x_unit="nm"),
        row("D", "Li", math.nan, "1e-10 m^2/s", note='subdiffusive, "NaN", see\n MSD'),
        row("mass", "NA", 1e-30, "u"),
    ]
    table = frame(rows, system="NA", replica=2)
    write_csv(table, tmp_path / "new" / "table.csv")
    again = read_csv(tmp_path / "new" / "table.csv")
    assert list(again.columns) == COLUMNS
    pd.testing.assert_frame_equal(again, table, check_dtype=False, rtol=1e-8)
    assert again["label"][3] == "NA"
    assert again["system"][0] == "NA"
    assert math.isnan(again["x"][0])
    assert again["note"][2] == 'subdiffusive, "NaN", see MSD'
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["table.csv"]


def test_a_table_without_rows(tmp_path: Path) -> None:
    write_csv(frame([], system="s", replica=1), tmp_path / "empty.csv")
    assert read_csv(tmp_path / "empty.csv").empty


def test_other_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="not a table"):
        read_csv(path)
