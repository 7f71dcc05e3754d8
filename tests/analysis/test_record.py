"""The record of pure liquids: one row per liquid, property and mixing rule, from results alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from analysis.__main__ import main
from analysis.record import record
from analysis.run import RunError
from analysis.table import row
from tests.analysis.report.synthetic import ETHER, make_pure, make_pure_tables, make_run, make_tables, write_system


def write(results: Path, name: str = "pure-x", **changes: Any) -> None:
    run = make_pure(name) | changes
    write_system(results, run, make_pure_tables(run))
    os.utime(results / name / "r1" / "run.json", (1.75e9, 1.75e9))  # 2025-06-15


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.split("## What ran")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_one_row_per_liquid_property_and_mixing_rule(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "pure-x-lb", mixing_rule="lorentz-berthelot", base="pure-x")
    header, _, *found = rows(record(tmp_path))
    assert len(found) == 6
    assert len({(one[0], one[1], one[3]) for one in found}) == 6
    density = dict(zip(header, found[0], strict=True))
    assert density["Liquid"] == "X" and density["Mixing"] == "geometric" and density["T / K"] == "298.15"
    assert density["Computed"] == "1010.0 ± 2.0" and density["Measured"] == "1000 ± 1"
    assert density["Deviation / %"] == "1.00 ± 0.20" and density["Met"] == "yes" and density["ns"] == "3"
    assert density["Date"] == "2025-06-15"
    heat = dict(zip(header, found[1], strict=True))
    assert heat["Deviation / %"] == "12.0 ± 1.0" and heat["Met"] == "no"
    permittivity = dict(zip(header, found[2], strict=True))
    assert permittivity["Remarks"].startswith("not converged") and permittivity["Met"] == "no (expectation)"


def test_versions_physics_and_sources_stand_below(tmp_path: Path) -> None:
    write(tmp_path)
    text = record(tmp_path)
    assert "GROMACS 2022.5" in text and "c2c2" in text and "126 X" in text
    assert "`handbook`: mean / of many" in text.replace("|", "/")


def test_the_same_results_give_the_same_record(tmp_path: Path) -> None:
    write(tmp_path)
    assert record(tmp_path) == record(tmp_path)


def test_other_systems_are_left_out_and_nothing_to_compare_is_said(tmp_path: Path) -> None:
    run = make_run(ETHER)
    write_system(tmp_path, run, make_tables(run))
    (tmp_path / "logs").mkdir()
    with pytest.raises(RunError, match="no finished system there has a measured value"):
        record(tmp_path)
    write(tmp_path)
    assert ETHER not in record(tmp_path)


def test_the_command_writes_it_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "validation")
    out = tmp_path / "VALIDATION.md"
    assert main(["validation", str(tmp_path / "validation"), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == record(tmp_path / "validation")
    assert main(["validation", str(tmp_path / "nothing"), "--out", str(out)]) == 2
    assert "nothing: No such file" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"validation", "VALIDATION.md"}


def test_a_value_that_was_not_determined_is_told(tmp_path: Path) -> None:
    run = make_pure("pure-x")
    tables = make_pure_tables(run)
    tables["dielectric"] = [
        row("dielectric_constant", "", float("nan"), "1", note="no"),
        row("deviation_from_experiment", "dielectric_constant", float("nan"), "%", note="no"),
    ]
    write_system(tmp_path, run, tables)
    assert "not determined" in record(tmp_path)
    assert json.loads((tmp_path / "pure-x/r1/run.json").read_text())["cation"] is None
