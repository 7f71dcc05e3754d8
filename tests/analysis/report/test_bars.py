"""Systems side by side: the figures hold the numbers of the tables, with their intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from analysis.report import build
from analysis.table import row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import D_LITHIUM, ETHER, SIX, make_run, make_tables, write_system
from tests.analysis.report.test_compared import CONTROL, PAB, write


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of an electrolyte, bare and with PAB, with ion pairs and residence times."""
    folder = tmp_path_factory.mktemp("pair")
    for system in SIX[:2]:
        run = make_run(system)
        extra = [row("speciation", f"Li-{state}", 0.1 + 0.2 * n, "1", 0.05) for n, state in enumerate(("AGG", "SSIP"))]
        stays = [
            row("residence_time_intermittent", "Li-DME", 120.0, "ps", 30.0),
            row("residence_time_intermittent", "Li-O(DME)", 110.0, "ps", 30.0),
            row("residence_lower_bound_intermittent", "Li-TFSI", 900.0, "ps"),
        ]
        write_system(folder, run, make_tables(run) | {"speciation": extra, "residence": stays})
    return Page(build(folder, SIX[:2], 1, folder / "report.html"))


def traces(page: Page, key: str) -> dict[str, Any]:
    return {one["name"]: one for one in page.figures[key]["data"]}


def test_bars_stack_the_tables_numbers_with_their_errors(pair: Page) -> None:
    figure = pair.figures[f"bars-neighbours-{ETHER}"]
    assert figure["layout"]["barmode"] == "stack"
    found = traces(pair, f"bars-neighbours-{ETHER}")
    assert found["DME"]["x"] == ["bare", "PAB"] and found["DME"]["y"] == [1.1, 1.1]
    assert found["DME"]["error_y"]["array"] == [0.04, 0.04]
    assert found["PAB"]["y"] == [None, 1.1]
    assert found["DME"]["marker"]["color"] != found["TFSI"]["marker"]["color"]


def test_sites_of_one_species_share_its_colour_and_differ_in_pattern(pair: Page) -> None:
    found = traces(pair, f"bars-cn-{ETHER}")
    oxygen, fluorine = found["Li–O(TFSI)"]["marker"], found["Li–F(TFSI)"]["marker"]
    assert oxygen["color"] == fluorine["color"] == traces(pair, f"bars-neighbours-{ETHER}")["TFSI"]["marker"]["color"]
    assert oxygen["pattern"]["shape"] != fluorine["pattern"]["shape"]


def test_ion_pairs_diffusion_and_residence_carry_intervals_or_say_at_least(pair: Page) -> None:
    assert traces(pair, f"bars-pairs-{ETHER}")["SSIP"]["error_y"]["array"] == [0.05, 0.05]
    d = traces(pair, f"bars-D-{ETHER}")["bare"]
    place = d["x"].index("Li")
    assert (d["y"][place], d["error_y"]["array"][place]) == D_LITHIUM
    stays = traces(pair, f"bars-residence-{ETHER}")
    assert stays["bare"]["x"] == ["Li–DME"], "whole molecules, not their sites again"
    assert stays["bare, at least"]["y"] == [900.0] and stays["bare, at least"]["error_y"]["array"] == [None]


def test_without_a_diffusion_coefficient_there_is_no_figure_of_it(full: Page, preview: Page) -> None:
    assert "bars-D-ec-dec-lipf6" not in full.figures
    assert not [key for key in preview.figures if key.startswith("bars-D")]


def test_differences_are_filled_only_where_resolved(tmp_path: Path) -> None:
    page = Page(build(tmp_path, write(tmp_path, 3), 3, tmp_path / "report.html"))
    found = page.figures[f"bars-differences-{ETHER}"]["data"]
    assert {one["name"] for one in found} >= {"PAB less bare"}
    (whole,) = [one for one in found if one["name"] == "PAB less bare"]
    place = whole["y"].index("Coordination number Li–O(DME)")
    assert math.isclose(whole["x"][place], -100 / 3, rel_tol=0.02)
    assert whole["marker"]["symbol"][place] == "circle"
    text = page.find(data_pair=f"{PAB}-less-{ETHER}", data_differs="cn")[0]["text"]
    assert "−1.000" in text and len(found) == 3 and CONTROL in page.body
