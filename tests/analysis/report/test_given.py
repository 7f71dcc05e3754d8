"""A page about given runs: what was analysed, whose cation, and nothing that these runs do not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis.report import build
from analysis.report.given import PAGE_MARK, is_our_page
from analysis.table import row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, make_tables, write_system

_OURS_ALONE = ("protocol", "versions", "hashes", "seeds", "stages", "cutoff_nm", "mixing_rule", "timestep_fs")


def given(system: str, **changes: Any) -> dict[str, Any]:
    """Return a run.json as the report about given runs leaves it beside its tables."""
    run = {key: value for key, value in make_run(ETHER).items() if key not in _OURS_ALONE}
    counts = {"counts": run["composition"]["counts"], "warnings": ["no bonds: <guessed>"]}
    run |= {"system": system, "title": system, "composition": counts, "monomers": None}
    run |= {"structure": "/far/away/topol.tpr", "trajectory": ["/far/away/a.xtc", "/far/away/b.xtc"]}
    run |= {"production_ns": 0.2, "production_ns_done": 0.09, "frame_interval_ps": 0.4}
    return run | {"analysed": {"frames": 226, "first_ps": 10.0, "last_ps": 100.0}} | changes


def write(results: Path, run: dict[str, Any], *, replicas: int = 1) -> None:
    write_system(results, run, make_tables(run | {"monomers": None}), replicas=replicas)


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """One given run, of which less than a half was used."""
    write(tmp_path, given("mine"))
    return Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html"))


def test_what_was_analysed_and_from_which_files(page: Page) -> None:
    assert "0.09 of 0.2 ns used" in page.find(id="what-ran")[0]["text"]
    about = page.find(data_about="mine")[0]
    assert "open" in about["attributes"]
    for words in ("0.09 of 0.2 ns", "226, from 10 to 100 ps", "0.4 ps", "topol.tpr", "a.xtc, b.xtc"):
        assert words in about["text"], words
    assert "far" not in about["text"]
    assert "no bonds: <guessed>" in page.find(data_notes="mine")[0]["text"]


def test_nothing_is_shown_of_what_nobody_knows(page: Page) -> None:
    about = page.find(data_about="mine")[0]["text"]
    for word in ("Cut-off", "Protocol", "Mixing rule", "Program", "Asked", "Production done", "not said"):
        assert word not in about, word
    for word in ("bare", "As the paper", "the paper"):
        assert word not in page.body, word


def test_terms_are_defined(page: Page) -> None:
    (definitions,) = page.find(id="definitions")
    for term in ("SSIP, CIP, AGG", "Residence time", "Haven ratio", "Onsager coefficients"):
        assert term in definitions["text"]


def test_the_straight_line_is_named_after_the_paper_only_for_its_protocol(tmp_path: Path) -> None:
    for name, run in (("mine", given("mine")), ("ours", make_run(ETHER) | {"system": "ours"})):
        tables = make_tables(run | {"monomers": None})
        tables["diffusion"].append(row("D_plain_fit", "Li", 0.8, "1e-10 m^2/s", 0.1))
        write_system(tmp_path, run, tables)
        body = Page(build(tmp_path, [name], 1, tmp_path / f"{name}.html")).body
        assert ("As the paper would" in body) == (name == "ours")
        assert "one run, straight line" in body


def test_each_system_stands_under_its_own_cation(tmp_path: Path) -> None:
    write(tmp_path, given("lithium"))
    run = given("sodium", cation="Na")
    run["species"] = [
        one | ({"name": "Na", "masses_u": [22.99]} if one["name"] == "Li" else {}) for one in run["species"]
    ]
    tables = {
        name: [one | {"label": one["label"].replace("Li", "Na")} for one in rows]
        for name, rows in make_tables(run).items()
    }
    write_system(tmp_path, run, tables)
    page = Page(build(tmp_path, ["lithium", "sodium"], {"lithium": 1, "sodium": 1}, tmp_path / "report.html"))
    (table,) = page.find(id="glance-table")
    for words in ("Cation: neighbours", "First cation–O(solvent)", "D of the cation"):
        assert words in table["text"]
    assert "Li: neighbours" not in table["text"]
    (line,) = [one["text"] for one in page.elements if one["tag"] == "tr" and one["text"].startswith("sodium")][:1]
    assert "Na" in line and "Li" not in line
    assert "from Na: O 0.306 nm" in page.find(id="definitions")[0]["text"]


def test_replicas_are_counted_for_each_system(tmp_path: Path) -> None:
    counts = {"one": 1, "two": 2}
    for name, n in counts.items():
        write(tmp_path, given(name, production_ns_done=0.2), replicas=n)
    page = Page(build(tmp_path, list(counts), counts, tmp_path / "report.html"))
    assert "2 systems, 1 and 2 replicas:" in page.find(id="what-ran")[0]["text"]
    assert not page.find(data_remarks="one") and not page.find(data_remarks="two")
    assert "numbers from" not in page.body
    text = page.find(id="glance")[0]["text"]
    assert "With 1 replica of a system" in text and "With 2 replicas of a system" in text


def test_which_replica_an_extreme_is_from_is_no_warning(tmp_path: Path) -> None:
    run = given("mine", production_ns_done=0.2)
    tables = make_tables(run)
    notes = ("smallest in r1", "smallest in r1; r2: cut short")
    for number, note in enumerate(notes):
        folder = tmp_path / str(number)
        end = row("trajectory_end", "", 99.6, "ps", note=note)
        write_system(folder, run, tables | {"thermodynamics": [*tables["thermodynamics"], end]}, replicas=2)
        page = Page(build(folder, ["mine"], {"mine": 2}, folder / "report.html"))
        told = [one["text"] for one in page.find(data_remarks="mine")]
        assert [text.removeprefix("mine") for text in told] == ([] if number == 0 else ["r2: cut short"])


def test_when_nothing_could_be_measured_no_workflow_is_spoken_of(tmp_path: Path) -> None:
    (tmp_path / "mine" / "r1").mkdir(parents=True)
    (tmp_path / "mine" / "r1" / "failure.txt").write_text("analysis: no XTC", encoding="utf-8")
    page = Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html"))
    for word in ("workflow", "Lithium", "yet"):
        assert word not in page.body, word
    assert "no XTC" in page.body and "mend the run.json" in page.body


def test_our_pages_are_known_by_their_mark(tmp_path: Path) -> None:
    assert is_our_page(build(tmp_path, ["mine"], 1, tmp_path / "report.html"))
    (tmp_path / "other.html").write_text("<html>thesis</html>", encoding="utf-8")
    assert not is_our_page(tmp_path / "other.html") and not is_our_page(tmp_path / "absent.html")
    assert PAGE_MARK in (tmp_path / "report.html").read_text(encoding="utf-8")
