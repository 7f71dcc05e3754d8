"""The page says what the tables say, marks what must not be quoted, and loads nothing."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from analysis.report import build
from analysis.report.formatting import with_interval
from analysis.table import row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import (
    CARBONATE,
    D_LITHIUM,
    DENSITY,
    ETHER,
    SIX,
    make_run,
    make_tables,
    write_six,
    write_system,
)


@pytest.mark.parametrize(
    ("value", "half_width", "text"),
    [
        (1131.234, 2.345, "1131.2 ± 2.3"),
        (1131.234, 123.4, "1130 ± 120"),
        (0.8123, 0.0967, "0.812 ± 0.097"),
        (0.8123, 0.0996, "0.81 ± 0.10"),
        (-0.52, 0.996, "−0.5 ± 1.0"),
        (4.0, math.nan, "4 (no interval)"),
        (5.0, 123456.0, "0 ± 120000"),
        (-3.0, 110.0, "0 ± 110"),
        (-0.001, 0.5, "0.00 ± 0.50"),
        (5.0, 1.234e12, "5 ± 1.2e+12"),
    ],
)
def test_the_interval_decides_the_digits(value: float, half_width: float, text: str) -> None:
    assert with_interval(value, half_width) == text


def test_numbers_on_the_page_are_those_of_the_tables(full: Page) -> None:
    assert with_interval(*DENSITY) in full.cell(ETHER, "density", "")
    assert full.cell(ETHER, "cn", "Li-O(DOL)").startswith("4.234 ± 0.046")
    assert with_interval(*D_LITHIUM) in full.cell(ETHER, "D", "Li")
    assert "0.79 ± 0.12 in the window 200-700 ps" in full.cell(ETHER, "D", "Li")
    assert "1.460 ± 0.050 at 0.26 nm" in full.cell(ETHER, "cn", "Li-O(DOL)")
    assert "window 200–2500 ps" in full.cell(ETHER, "D", "Li")
    assert "0.412 ± 0.031" in full.cell(f"{ETHER}-pab", "chain_apparent_volume", "")
    assert "0.9973 ± 0.0021" in full.cell(ETHER, "salt_concentration", "mol_per_L")
    assert "1.116" in full.cell(ETHER, "salt_concentration", "mol_per_L_solvent")
    assert "from 1250 ps on" in full.find(data_verdict=ETHER)[0]["text"]


def test_the_first_minimum_stands_beside_the_contact_distance(full: Page) -> None:
    """CN up to the first minimum of g(r) with its place, and the word where that lies behind a farther peak."""
    near, far = full.cell(ETHER, "cn", "Li-O(TFSI)"), full.cell(SIX[1], "cn", "Li-N_head(PAB)")
    assert re.search(r"\d ± 0\.\d+ up to the first minimum of g\(r\) at 0\.2600 ± 0\.0042 nm(?!,)", near)
    assert "behind a peak beyond contact" not in near
    assert "(interval from parts of the run alone) up to the first minimum of g(r) at 0.3600 ± 0.0042 nm, behind" in far


def test_the_first_peak_at_a_glance_is_the_nearest_oxygen_of_a_solvent(full: Page) -> None:
    (table,) = full.find(id="glance-table")
    # The anion's oxygen peaks at 0.20 nm, nearer than either solvent.
    assert "0.2600 ± 0.0021" in table["text"]
    assert "0.2000 ± 0.0021" not in table["text"]


def test_subdiffusive_is_said_with_the_displacement_and_without_a_number(full: Page) -> None:
    text = full.cell(CARBONATE, "D", "Li")
    assert text == "subdiffusive MSD after 1 ns: (0.432 ± 0.032) nm²"


def test_a_preview_is_marked_everywhere_and_makes_no_claims(preview: Page, full: Page) -> None:
    assert "PREVIEW" in preview.find(id="preview-band")[0]["text"]
    assert not full.find(id="preview-band")
    values = [one for one in preview.elements if "value" in one["attributes"].get("class", "").split()]
    marked = [one for one in values if "preview" in one["attributes"]["class"].split()]
    assert len(marked) > 100
    assert len(marked) == len([one for one in values if "±" in one["text"] or one["text"] in ("1.116", "3.912")])
    assert not [one for one in full.elements if one["attributes"].get("class") == "badge"]
    assert "preview: not judged" in preview.find(data_verdict=ETHER)[0]["text"]


def test_a_preview_withholds_a_diffusion_coefficient_that_a_table_holds(tmp_path: Path) -> None:
    run = make_run(ETHER, preview=True)
    tables = make_tables(run)
    tables["diffusion"] = [row("D", "Li", 7.7531, "1e-10 m^2/s", 0.1)]
    write_system(tmp_path, run, tables)
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert page.cell(ETHER, "D", "") == "preview: no D"
    assert "7.75" not in page.body


def test_every_number_on_provisional_parameters_carries_a_dagger(full: Page) -> None:
    band = full.find(id="provisional-band")[0]["text"]
    assert "PAB, in dol-dme-litfsi-pab, ec-dec-lipf6-pab" in " ".join(band.split())
    missed = "bond length 0.035 angstrom (limit 0.02); torsion of <B-N> 2.5 kJ/mol (limit 1); error 0.18 (limit 0.15)"
    assert f"It misses: {missed}" in band
    assert band.count("misses") == 1
    cells = [one for one in full.elements if "data-system" in one["attributes"]]
    for one in cells:
        depends = one["attributes"]["data-system"].endswith(("-pab", "-pib"))
        exact = one["attributes"]["data-label"] == "mol_per_L_solvent"
        has_number = "±" in one["text"] or "3.912" in one["text"]
        assert ("†" in one["text"]) == (depends and has_number and not exact), one
    (published,) = full.find(**{"data-misfit": "DEC"})
    assert published["text"] == "DEC: published parameters, which miss: heat of vaporisation 7.2 % (limit 5)"


def test_a_failed_system_is_named_with_its_reason_and_the_others_are_shown(tmp_path: Path) -> None:
    write_six(tmp_path, only=(0, 5))
    (tmp_path / SIX[2] / "r1").mkdir(parents=True)
    (tmp_path / SIX[2] / "r1" / "failure.txt").write_text("grompp: <b>bad</b> box", encoding="utf-8")
    page = Page(build(tmp_path, SIX, 1, tmp_path / "out" / "report.html"))
    assert "replica 1 failed: grompp: <b>bad</b> box" in page.find(data_unfinished=SIX[2])[0]["text"]
    assert "not finished" in page.find(data_unfinished=SIX[4])[0]["text"]
    assert "Without numbers: 4 of 6 systems" in page.body
    assert with_interval(*DENSITY) in page.cell(SIX[5], "density", "")


def test_a_missing_base_leaves_its_variants_together(tmp_path: Path) -> None:
    write_six(tmp_path, only=(1, 2))
    page = Page(build(tmp_path, SIX, 1, tmp_path / "report.html"))
    assert len(page.find(id=f"numbers-{ETHER}")) == 1
    assert len(page.figures[f"msd-{ETHER}-Li"]["data"]) > len(page.figures[f"msd-{ETHER}-PAB"]["data"])


def test_unreadable_files_become_reasons(tmp_path: Path) -> None:
    write_six(tmp_path, only=(0, 1, 3))
    (tmp_path / SIX[0] / "r1" / "run.json").write_text('{"schema": 1', encoding="utf-8")
    (tmp_path / SIX[1] / "r1" / "run.json").write_text('{"schema": 1}', encoding="utf-8")
    (tmp_path / SIX[3] / "observables" / "rdf.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    page = Page(build(tmp_path, SIX, 1, tmp_path / "report.html"))
    assert "r1/run.json cannot be read" in page.find(data_unfinished=SIX[0])[0]["text"]
    assert "system is missing" in page.find(data_unfinished=SIX[1])[0]["text"]
    assert "rdf.csv cannot be read" in page.find(data_remarks=SIX[3])[0]["text"]
    assert with_interval(*DENSITY) in page.cell(SIX[3], "density", "")


def test_fewer_replicas_than_asked_for_are_told(tmp_path: Path) -> None:
    run = make_run(ETHER)
    write_system(tmp_path, run, make_tables(run), replicas=2)
    page = Page(build(tmp_path, [ETHER], 3, tmp_path / "report.html"))
    assert "numbers from 2 of 3 replicas" in page.find(data_remarks=ETHER)[0]["text"]


def test_a_drifting_system_is_never_stationary(tmp_path: Path) -> None:
    run = make_run(ETHER)
    tables = make_tables(run)
    tables["stationarity"] = [
        row("stationary_from", "density", 300.0, "ps"),
        row("stationary_from", "Li-DOL", math.nan, "ps", note="not stationary: drifts"),
        row("start", "all", 5000.0, "ps"),
        row("stationary", "all", 0.0, "1", note="not stationary: Li-DOL; the first half is left out"),
    ]
    write_system(tmp_path, run, tables)
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    text = page.find(data_verdict=ETHER)[0]["text"]
    assert text == "never stationary: Li–DOL; the first half is left out"


@pytest.mark.parametrize("systems", [[], SIX])
def test_a_page_about_nothing_says_so(tmp_path: Path, systems: list[str]) -> None:
    page = Page(build(tmp_path / "nowhere", systems, 1, tmp_path / "report.html"))
    assert "nothing to show yet" in page.find(id="nothing")[0]["text"]
    assert len([one for one in page.elements if "data-unfinished" in one["attributes"]]) == len(systems)


def test_a_hostile_title_is_text(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    run = make_run(ETHER, title=hostile)
    run["species"][1]["title"] = hostile
    write_system(tmp_path, run, make_tables(run))
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert hostile in page.body
    assert not [one for one in page.elements if one["tag"] == "img"]
    assert len([one for one in page.elements if one["tag"] == "script"]) == 6


def test_the_page_loads_nothing(full: Page) -> None:
    for element in full.elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            target = element["attributes"].get(name) or ""
            assert target.startswith(("#", "data:,")) or not target
    (style,) = [one["text"] for one in full.elements if one["tag"] == "style"]
    assert "url(" not in style and "@import" not in style
    (policy,) = [one for one in full.elements if "http-equiv" in one["attributes"]]
    assert policy["attributes"]["content"].startswith("default-src 'none'")
    assert sum("plotly.js v" in one["text"][:200] for one in full.elements if one["tag"] == "script") == 1


def test_what_ran_names_choices_seeds_versions_and_sequences(full: Page) -> None:
    about = full.find(data_about=f"{ETHER}-pib")[0]["text"]
    for text in ("cttct", "2022.5", "b0b0", "Seed, packing", "0.9876", "the box rounds <badly>", "4.0000 ± 0.0021 nm"):
        assert text in about
    assert "our choice" in full.find(id="ran")[0]["text"]


def test_the_same_results_give_the_same_page(tmp_path: Path) -> None:
    run = make_run(ETHER)
    write_system(tmp_path, run, make_tables(run))
    pages = [build(tmp_path, [ETHER], 1, tmp_path / name).read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]
    assert not list(tmp_path.glob(".*partial"))


def test_transport_of_previews_is_one_line(preview: Page, tmp_path: Path) -> None:
    for base in (ETHER, CARBONATE):
        assert preview.cell(base, "D", "") == "preview: no D"
    lines = [one["attributes"] for one in preview.elements if one["attributes"].get("data-quantity") == "D"]
    assert {one["data-label"] for one in lines} == {""}
    run = make_run(ETHER, preview=True)
    tables = make_tables(run)
    short = [row("msd_at_1ns", "Li", math.nan, "nm^2", note="preview; run too short")]
    write_system(tmp_path, run, tables | {"diffusion": [*short, row("D", "Li", math.nan, "1", note="preview")]})
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert not page.find(data_quantity="msd_at_1ns") and "run too short" not in page.body


def test_counts_are_grammatical(tmp_path: Path) -> None:
    run = make_run(ETHER)
    write_system(tmp_path, run, make_tables(run))
    one = Page(build(tmp_path, [ETHER], 1, tmp_path / "one.html")).body
    assert "Molecular dynamics of 1 system, 1 replica: " in one and "With 1 replica the" in one
    for text in ("1 replicas", "1 systems", "(1 rows)", "(1 figures"):
        assert text not in one
    several = Page(build(tmp_path, SIX[:2], 2, tmp_path / "two.html")).body
    assert "Molecular dynamics of 1 of 2 systems, 2 replicas: " in several
    assert "Without numbers: 1 of 2 systems" in several and "numbers from 1 of 2 replicas" in several


@pytest.mark.parametrize("where", ["run", "composition"])
def test_the_share_of_cis_bonds_is_told(tmp_path: Path, where: str) -> None:
    run = make_run(SIX[2])
    share = {"asked": 0.25, "drawn": 0.2 + 1e-9}
    if where == "run":
        run["chain_cis_share"] = share
    else:
        run["composition"]["chains_cis_share"] = share
    write_system(tmp_path, run, make_tables(run))
    page = Page(build(tmp_path, [SIX[2]], 1, tmp_path / "report.html"))
    assert "Share of cis bonds in the chains0.2 drawn, 0.25 asked" in page.find(data_about=SIX[2])[0]["text"]


def test_chains_without_a_share_of_cis_bonds_say_nothing_of_it(full: Page) -> None:
    assert "Share of cis" not in full.body
