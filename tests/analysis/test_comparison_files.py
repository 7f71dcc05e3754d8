"""Which systems are compared with which, and the files that it leaves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.comparison_files import CHARGES, EXCLUDED_VOLUME, FIRST, VARIANT, compare_folder, pairs
from analysis.pool import pool_folders
from analysis.run_schema import RunError
from analysis.sampling import BETWEEN
from analysis.table import frame, row, write_csv
from tests.analysis.replicas import document, write_replicas

CN = ("cn", "Li-O(G)")
CLAIMS = [
    {"id": "C1", "text": "falls", "source": "doi:10.1/x",
     "parts": [{"quantity": "cn", "label": "Li-O(G)", "direction": "down", "threshold": None}]}
]  # fmt: skip


def test_a_control_splits_chemistry_from_excluded_volume() -> None:
    runs = {
        "e": document("e", None, chains=False),
        "e-pab": document("e-pab", "e", chains=True),
        "e-pab-uncharged": document("e-pab-uncharged", "e-pab", chains=True, uncharged=True),
    }
    assert set(pairs(runs)) == {
        ("e-pab", "e", VARIANT),
        ("e-pab", "e-pab-uncharged", CHARGES),
        ("e-pab-uncharged", "e", EXCLUDED_VOLUME),
    }
    assert list(pairs({name: runs[name] for name in ("e", "e-pab")})) == [("e-pab", "e", VARIANT)]
    assert list(pairs({"e": runs["e"]})) == []


def test_systems_that_extend_each_other_in_a_circle_end() -> None:
    runs = {"a": document("a", "b", chains=False), "b": document("b", "a", chains=False)}
    assert set(pairs(runs)) == {("a", "b", VARIANT), ("b", "a", VARIANT)}


def test_the_parts_of_a_difference_add_up(tmp_path: Path) -> None:
    """Chain less none = (chain less uncharged chain) + (uncharged chain less none)."""
    systems = ["e", "e-pab", "e-pab-uncharged"]
    write_replicas(tmp_path, document("e", None, chains=False), {CN: [4.0, 4.1, 4.2]})
    write_replicas(tmp_path, document("e-pab", "e", chains=True, claims=CLAIMS), {CN: [3.0, 3.3, 3.1]})
    control = document("e-pab-uncharged", "e-pab", chains=True, uncharged=True)
    write_replicas(tmp_path, control, {CN: [3.9, 3.7, 3.6]})
    compare_folder(tmp_path, systems, 3, tmp_path / "comparisons.csv")
    value = pd.read_csv(tmp_path / "comparisons.csv").set_index("about")["value"].to_dict()
    assert value[VARIANT] == pytest.approx(value[CHARGES] + value[EXCLUDED_VOLUME])
    verdicts = pd.read_csv(tmp_path / "claims.csv")
    assert verdicts[["system", "base", "claim", "verdict"]].to_numpy().tolist() == [["e-pab", "e", "C1", "confirmed"]]
    assert verdicts["control"].tolist() == ["e-pab-uncharged"]
    assert verdicts["control_value"].tolist() == pytest.approx([value[EXCLUDED_VOLUME]])


def test_a_system_without_numbers_or_a_base_gives_empty_tables(tmp_path: Path) -> None:
    write_replicas(tmp_path, document("e", None, chains=False), {CN: [4.0]})
    compare_folder(tmp_path, ["e", "missing"], 3, tmp_path / "comparisons.csv")
    assert pd.read_csv(tmp_path / "comparisons.csv").empty and pd.read_csv(tmp_path / "claims.csv").empty


def test_a_spoilt_table_is_left_out(tmp_path: Path) -> None:
    write_replicas(tmp_path, document("e", None, chains=False), {CN: [4.0, 4.1]})
    write_replicas(tmp_path, document("e-pab", "e", chains=True), {CN: [3.0, 3.1]})
    (tmp_path / "e" / "r2" / "observables" / "measured.csv").write_text("a,b\n", encoding="utf-8")
    compare_folder(tmp_path, ["e", "e-pab"], 2, tmp_path / "comparisons.csv")
    (row,) = pd.read_csv(tmp_path / "comparisons.csv").to_dict("records")
    assert (row["n"], row["base_n"], row["judged"]) == (2, 1, "not resolved, one run")


def test_a_spoilt_run_is_told(tmp_path: Path) -> None:
    write_replicas(tmp_path, document("e", None, chains=False), {CN: [4.0]})
    (tmp_path / "e" / "r1" / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json: cannot be read"):
        compare_folder(tmp_path, ["e"], 1, tmp_path / "comparisons.csv")


def test_systems_without_a_base_are_compared_with_the_one_they_name() -> None:
    runs = {
        "a": document("a", None, chains=False),
        "b": document("b", "elsewhere", chains=False, compared_with="a"),
        "c": document("c", "b", chains=False, compared_with="a"),
    }
    assert list(pairs(runs)) == [("b", "a", FIRST), ("c", "b", VARIANT)]
    assert list(pairs({"b": runs["b"]})) == []


def test_bound_and_free_cations_are_compared_between_charged_and_uncharged_chains(tmp_path: Path) -> None:
    for run, shift in (
        (document("e-pab", "e", chains=True), 0.0),
        (document("e-pab-uncharged", "e-pab", chains=True, uncharged=True), 2.0),
    ):
        write_replicas(tmp_path, run, {CN: [4.0, 4.1, 4.2]})
        for replica in (1, 2, 3):
            rows = [row("D_bound", "Li", shift + 0.1 * replica, "D", 0.1, lag, "ps") for lag in (100.0, 1000.0)]
            rows += [row("g", "Li-O(G)", 1.0, "1", 0.1, 0.01 * i, "nm") for i in range(20)]
            folder = tmp_path / str(run["system"]) / f"r{replica}" / "observables"
            write_csv(frame(rows, system=str(run["system"]), replica=replica), folder / "mechanism.csv")
    compare_folder(tmp_path, ["e-pab", "e-pab-uncharged"], 3, tmp_path / "comparisons.csv")
    table = pd.read_csv(tmp_path / "comparisons.csv")
    assert table["about"].unique().tolist() == [CHARGES]
    found = table[table["quantity"] == "D_bound"]
    assert found["label"].tolist() == ["Li, 100 ps", "Li, 1000 ps"]
    assert found["value"].tolist() == pytest.approx([-2.0, -2.0]) and set(found["judged"]) == {"resolved"}
    assert set(table["quantity"]) == {"cn", "D_bound"}


def test_what_errors_need_is_written_beside(tmp_path: Path) -> None:
    run = document("e", None, chains=False, production_ns_done=5.0)
    write_replicas(tmp_path, run, {CN: [3.0, 4.0, 5.0]})
    pool_folders([tmp_path / "e" / f"r{n}" / "observables" for n in (1, 2, 3)], "e", tmp_path / "e" / "observables")
    write_replicas(tmp_path, document("p", None, chains=False, preview=True), {CN: [3.0]})
    compare_folder(tmp_path, ["e", "p"], 3, tmp_path / "comparisons.csv")
    (found,) = pd.read_csv(tmp_path / "longer.csv").to_dict("records")
    assert (found["system"], found["quantity"], found["run_ns"], found["error_from"]) == ("e", "cn", 5.0, BETWEEN)
    assert found["needed_ns"] == pytest.approx(5.0 * (found["relative"] / 0.1) ** 2)
