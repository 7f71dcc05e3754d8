"""A report about liquids without ions: measured values beside computed ones, and nothing about a cation."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.report import build
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_pure, make_pure_tables, write_six, write_system

PURE = ["pure-x", "pure-x-lb"]


@pytest.fixture(scope="module")
def liquids(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a pure liquid under two mixing rules."""
    results = tmp_path_factory.mktemp("liquids")
    write_pure(results)
    return Page(build(results, PURE, 1, results / "report.html"))


def write_pure(results: Path) -> None:
    for name, rule, base in zip(PURE, ("geometric", "lorentz-berthelot"), (None, "pure-x"), strict=True):
        run = make_pure(name) | {"mixing_rule": rule, "base": base}
        write_system(results, run, make_pure_tables(run))


def line_of(page: Page, system: str, quantity: str) -> str:
    """Text of the table's line about one quantity of one system."""
    (deviation,) = page.find(data_experiment=system, data_compared=quantity)
    lines = [one for one in page.elements if one["tag"] == "tr" and deviation["text"] in one["text"]]
    (line,) = [one for one in lines if f"{system}," in one["text"] and one["text"].count("%") == 1]
    return " ".join(line["text"].split())


def test_every_measured_value_has_its_line(liquids: Page) -> None:
    assert len(liquids.find(id="experiment-table")) == 1
    assert len([one for one in liquids.elements if "data-experiment" in one["attributes"]]) == 6
    density = line_of(liquids, "pure-x", "density")
    for part in ("X, pure", "geometric", "1010.0 ± 2.0", "1000 ± 1", "handbook", "1.00 ± 0.20", "1.5 %", "yes"):
        assert part in density
    heat = line_of(liquids, "pure-x-lb", "heat_of_vaporisation")
    assert "lorentz-berthelot" in heat and "12.0 ± 1.0" in heat and heat.endswith("no")
    permittivity = line_of(liquids, "pure-x", "dielectric_constant")
    assert (
        "not converged" in permittivity and "uncertainty not told" in permittivity and "an expectation" in permittivity
    )


def test_nothing_is_said_about_a_cation(liquids: Page) -> None:
    assert "Liquids without ions" in liquids.body
    for word in ("None", "Lithium", "Coordination number", "g(r)", "mol per litre of solution", "salt_concentration"):
        assert word not in liquids.body.replace("without the salt", ""), word
    assert not liquids.find(id="shells")
    assert not liquids.find(href="#shells")
    assert "298.15 K" in liquids.find(id="what-ran")[0]["text"]
    assert set(liquids.figures) == {"bars-D-pure-x", "msd-pure-x-X"}


def test_the_base_of_two_mixing_rules_is_not_called_bare(liquids: Page) -> None:
    heads = [one["text"] for one in liquids.elements if one["tag"] == "th" and "pure-x" in one["text"]]
    assert any(head.startswith("base") for head in heads) and not any("bare" in head for head in heads)


def test_electrolytes_and_pure_liquids_stand_on_one_page(tmp_path: Path) -> None:
    write_pure(tmp_path)
    write_six(tmp_path, only=(0,))
    page = Page(build(tmp_path, [*PURE, ETHER], 1, tmp_path / "report.html"))
    assert "Lithium electrolytes" in page.body and "None" not in page.body
    assert page.find(id="shells") and page.find(id="experiment-table")
    (table,) = page.find(id="glance-table")
    assert "D of Li" in table["text"]


def test_electrolytes_alone_have_no_such_table(full: Page) -> None:
    assert not full.find(id="experiment-table") and "Pure liquids" not in full.body


def test_a_vapour_that_failed_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "pure-x" / "r1" / "vapour"
    folder.mkdir(parents=True)
    (folder / "failure.txt").write_text("too long for the cut-off\n", encoding="utf-8")
    page = Page(build(tmp_path, ["pure-x"], 1, tmp_path / "report.html"))
    assert "replica 1 (its vapour) failed: too long for the cut-off" in page.find(data_unfinished="pure-x")[0]["text"]
