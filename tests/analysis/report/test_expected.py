"""Results that are not what the configuration asks for do not pass for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.report import build
from analysis.run import RunError
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, SIX, make_run, make_tables, write_system


def _expected_page(folder: Path, expected: object) -> Page:
    for system in SIX[:2]:
        run = make_run(system)
        write_system(folder, run, make_tables(run), replicas=3)
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    out, arguments = folder / "report.html", ["--systems", *SIX[:2], "--replicas", "3"]
    assert (
        main(["report", str(folder), *arguments, "--out", str(out), "--expected", str(folder / "expected.json")]) == 0
    )
    return Page(out)


def _marks(page: Page) -> list[str]:
    return [one["text"] for one in page.elements if one["attributes"].get("class") == "badge mark"]


def test_results_of_an_earlier_configuration_are_marked(tmp_path: Path) -> None:
    now, before = ({"production_hash": name, "production_ns": 10.0} for name in ("c2c2", "c3c3"))
    expected = {ETHER: {"1": now, "2": before, "3": before}, SIX[1]: {"1": now, "2": now, "3": now}}
    page = _expected_page(tmp_path, expected)
    text = page.find(data_remarks=ETHER)[0]["text"]
    assert "replicas 2 and 3 are from an earlier configuration" in text
    assert not page.find(data_remarks=SIX[1])
    mark = "from an earlier configuration"
    assert set(_marks(page)) == {mark}
    assert page.find(id="glance-table")[0]["text"].count(mark) == 1
    assert page.find(data_about=ETHER)[0]["text"].count(mark) == 1
    assert mark not in page.find(data_about=SIX[1])[0]["text"]


def test_shorter_runs_are_marked(tmp_path: Path) -> None:
    whole, longer = ({"production_hash": "c2c2", "production_ns": length} for length in (10.0, 50.0))
    expected = {ETHER: {"1": longer, "2": longer}, SIX[1]: {"1": whole | {"production_ns": 1.0}}}
    page = _expected_page(tmp_path, expected)
    text = page.find(data_remarks=ETHER)[0]["text"]
    assert "replica 1: 10 of 50 ns" in text and "replica 3" not in text
    assert set(_marks(page)) == {"10 of 50 ns"}
    assert not page.find(data_remarks=SIX[1])


def test_without_an_expectation_a_run_is_measured_by_its_own(tmp_path: Path) -> None:
    run = make_run(ETHER) | {"production_ns_done": 2.5}
    write_system(tmp_path, run, make_tables(run))
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert "replica 1: 2.5 of 10 ns" in page.find(data_remarks=ETHER)[0]["text"]


@pytest.mark.parametrize("text", ["[", "[]", '{"a": 1}', '{"a": {"1": 2}}', '{"a": {"1": {"production_ns": "x"}}}'])
def test_an_expectation_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "expected.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"expected\.json"):
        build(tmp_path, [ETHER], 1, tmp_path / "report.html", tmp_path / "expected.json")
