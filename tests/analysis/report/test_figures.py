"""The figures overlay what belongs together, name their units and are drawn by a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.report import build
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import CARBONATE, ETHER, make_run, make_tables, write_system


def test_variants_of_one_electrolyte_share_a_figure_and_keep_their_colours(full: Page) -> None:
    def colours(key: str) -> dict[str, str]:
        traces = full.figures[key]["data"]
        return {one["name"]: one["line"]["color"] for one in traces if one.get("showlegend")}

    shell = colours(f"rdf-{ETHER}-Li-O(DME)")
    assert list(shell) == ["bare", "PAB", "PIB"] and len(set(shell.values())) == 3
    assert shell == colours(f"msd-{CARBONATE}-Li") == colours(f"density-{ETHER}")


def test_the_contact_distance_of_each_kind_is_drawn(full: Page) -> None:
    for key, distance_nm in ((f"rdf-{ETHER}-Li-O(DME)", 0.28), (f"rdf-{CARBONATE}-Li-P(PF6)", 0.40)):
        lines = [one["x0"] for one in full.figures[key]["layout"]["shapes"] if one["type"] == "line"]
        assert set(lines) == {distance_nm}


def test_the_first_minimum_of_each_system_is_marked_on_both_curves(full: Page) -> None:
    """Li-O(DOL) is the fourth site: its peak lies at 0.26 nm, its minimum at 0.32 nm, in three systems."""
    traces = full.figures[f"rdf-{ETHER}-Li-O(DOL)"]["data"]
    marks = [one for one in traces if one.get("mode") == "markers"]
    assert [one["name"] for one in marks[::2]] == [f"{name}: first minimum" for name in ("bare", "PAB", "PIB")]
    assert {one["yaxis"] for one in marks} == {"y", "y2"} and len(marks) == 6
    assert all(one["x"] == [pytest.approx(0.32)] and one["error_x"]["array"] == [0.0042] for one in marks)
    lines = [one for one in traces if one["mode"] == "lines" and one["yaxis"] == "y2" and one.get("fill") is None]
    curve = lines[0]
    assert marks[1]["y"] == [pytest.approx(np.interp(0.32, curve["x"], curve["y"]), rel=1e-3)]


def test_a_minimum_above_the_axis_is_not_marked_and_bands_of_cn_do_not_narrow(tmp_path: Path) -> None:
    run = make_run(ETHER)
    tables = make_tables(run)
    far = [one | {"value": 0.8} if one["quantity"] == "first_minimum" else one for one in tables["rdf"]]
    far = [one | {"error": 0.0} if one["quantity"] == "running_cn" and one["x"] > 0.33 else one for one in far]
    write_system(tmp_path, run, tables | {"rdf": far})
    traces = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html")).figures[f"rdf-{ETHER}-Li-O(DOL)"]["data"]
    assert [one["yaxis"] for one in traces if one["mode"] == "markers"] == ["y"]
    (band,) = [one for one in traces if one.get("fill") and one["yaxis"] == "y2"]
    half = len(band["x"]) // 2
    widths = np.array(band["y"][:half]) - np.array(band["y"][half:])[::-1]
    assert band["x"][half - 1] > 0.8 and (np.diff(widths) > -1e-2 * widths.max()).all()


def test_the_only_curve_is_no_dashed_line(tmp_path: Path) -> None:
    run = make_run(ETHER) | {"system": "mine", "protocol": "not said"}
    write_system(tmp_path, run, make_tables(run))
    figures = Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html")).figures
    (dash,) = {one["line"]["dash"] for one in figures["msd-mine-Li"]["data"] if one.get("showlegend")}
    assert dash == "solid"


def test_the_fitted_window_is_drawn_only_where_there_is_one(full: Page, preview: Page) -> None:
    def windows(page: Page, key: str) -> list[list[float]]:
        return [one["x"] for one in page.figures[key]["data"] if one["name"].endswith("fitted")]

    drawn = windows(full, f"msd-{ETHER}-Li")
    assert len(drawn) == 3 and all(min(x) >= 200 and max(x) <= 2500 for x in drawn)
    assert not windows(full, f"msd-{CARBONATE}-Li") and not windows(preview, f"msd-{ETHER}-Li")


def test_axes_name_their_units(full: Page) -> None:
    for key, figure in full.figures.items():
        titles = {v["title"]["text"] for k, v in figure["layout"].items() if "axis" in k and "title" in v}
        counts = ("per cation", "coordination number", "share", "%", "m²/s") if key.startswith("bars-") else ()
        assert any(unit in title for title in titles for unit in ("/ nm", "/ ps", *counts)), key
