"""The page shows differences, verdicts and how much longer; it makes no claim that three replicas did not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.observe import mark_preview
from analysis.report import build
from analysis.report.longer import MOST_LINES
from analysis.report.names import line_name
from analysis.table import Row, frame, row, write_csv
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, make_tables, write_system

PAB, CONTROL = f"{ETHER}-pab", f"{ETHER}-pab-uncharged"
CLAIMS = [
    {"id": "C1", "text": "fewer <oxygens>", "source": "doi:10.1/x",
     "parts": [{"quantity": "cn", "label": "Li-O(DME)", "direction": "down", "threshold": None}]},
    {"id": "C6", "text": "held", "source": "doi:10.1/x",
     "parts": [{"quantity": "motif_share", "label": "Li-(O)2-N(middle)", "direction": "above", "threshold": 0.05}]},
]  # fmt: skip


def rows_of(cn: float, replica: int, with_motif: bool) -> list[Row]:
    """The numbers of one replica: a coordination number around `cn`, and a share of the motif of zero."""
    scatter = (0.0, 0.04, -0.03)[replica - 1]
    rows = [row("cn", "Li-O(DME)", cn + scatter, "1", 0.02), row("density", "", 1100 + cn, "kg/m^3", 0.5)]
    rows.append(row("holder", "Li-solvent", 0.8 + scatter, "1", 0.02))
    if with_motif:
        rows.append(row("motif_share", "Li-(O)2-N(middle)", 0.0, "1", 0.004))
    return rows


def tables_without_curves(run: dict[str, Any]) -> dict[str, list[Row]]:
    """The tables that the tests know, without the curves, whose figures take long to draw."""
    return {name: [one for one in rows if np.isnan(one["x"])] for name, rows in make_tables(run).items()}


def write(results: Path, replicas: int, *, preview: bool = False) -> list[str]:
    """Write an electrolyte, its variant with chains and the control, all replicas, as the workflow leaves them."""
    for system, cn in ((ETHER, 3.0), (PAB, 2.0), (CONTROL, 2.6)):
        run: dict[str, Any] = make_run(PAB if system == CONTROL else system, preview=preview)
        run |= {"system": system, "title": system}
        if system == PAB:
            run["claims"] = CLAIMS
        if system == CONTROL:
            run["base"] = PAB
            run["species"] = [one | {"uncharged": one["role"] == "polymer"} for one in run["species"]]
        write_system(results, run, tables_without_curves(run), replicas=replicas)
        for replica in range(1, replicas + 1):
            rows = rows_of(cn, replica, system != ETHER)
            rows = [mark_preview(one) for one in rows] if preview else rows
            folder = results / system / f"r{replica}"
            write_csv(frame(rows, system=system, replica=replica), folder / "observables" / "measured.csv")
            (folder / "run.json").write_text(json.dumps(run | {"replica": replica}), encoding="utf-8")
    return [ETHER, PAB, CONTROL]


def page(folder: Path, replicas: int, *, preview: bool = False) -> Page:
    systems = write(folder, replicas, preview=preview)
    return Page(build(folder, systems, replicas, folder / "report.html"))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of three replicas of each."""
    return page(tmp_path_factory.mktemp("three"), 3)


def difference(shown: Page, system: str, base: str, quantity: str) -> str:
    (found,) = shown.find(data_pair=f"{system}-less-{base}", data_differs=quantity)
    return " ".join(found["text"].split())


def test_the_three_differences_of_a_control_are_shown_and_add_up(three: Page) -> None:
    whole, chemistry, room = (
        float(difference(three, *pair, "cn").partition(" ±")[0].replace("−", "-"))
        for pair in ((PAB, ETHER), (PAB, CONTROL), (CONTROL, ETHER))
    )
    assert whole == pytest.approx(chemistry + room) == pytest.approx(-1.0)
    assert "excluded volume" in three.body and "chemistry" in three.body
    assert "3 differences judged in 3 families" in three.body and "about 0.15 of the families" in three.body
    assert "Not compared, as only one of the two has them: PAB in" in three.body
    assert "resolved" in three.body


def test_verdicts_stand_on_the_page_with_their_parts(three: Page) -> None:
    def verdict(claim: str) -> str:
        (found,) = three.find(data_claim=claim, data_about_system=PAB)
        return str(found["text"])

    assert verdict("C1") == "confirmed"
    assert verdict("C6") == "contradicted"
    assert "or a D that is not determined, prevents it, but not “contradicted”" in three.body
    assert "fewer <oxygens>" in three.body
    assert f"control without charges ({CONTROL}): 0.0000 ± 0.0051" in " ".join(three.body.split())
    assert f"control without charges ({CONTROL}): −0.400 ± 0.080" in " ".join(three.body.split())
    assert not three.find(data_about_system=CONTROL), "a control is not what the paper speaks of"


@pytest.mark.parametrize(("replicas", "words"), [(1, "not resolved, one run"), (2, "not resolved, two runs")])
def test_fewer_than_three_replicas_get_no_verdict(tmp_path: Path, replicas: int, words: str) -> None:
    shown = page(tmp_path, replicas)
    verdicts = [one["text"] for one in shown.elements if "data-claim" in one["attributes"]]
    assert verdicts == [words, words]
    cell = difference(shown, PAB, ETHER, "cn")
    assert ("no interval" in cell and "error within the runs alone: ± 0.028" in cell) == (replicas == 1)


def test_a_preview_shows_neither_differences_nor_verdicts(tmp_path: Path) -> None:
    shown = page(tmp_path, 3, preview=True)
    assert not [one for one in shown.elements if "data-pair" in one["attributes"]]
    verdicts = {one["text"] for one in shown.elements if "data-claim" in one["attributes"]}
    assert verdicts == {"preview: not judged"}
    assert "preview: nothing is compared" in shown.body and "How much longer: what" not in shown.body


def test_how_much_longer_names_time_and_replicas(tmp_path: Path) -> None:
    run = make_run(ETHER)
    tables = tables_without_curves(run)
    tables["conductivity"] = [row("conductivity", "", 10.0, "mS/cm", 4.0)]
    tables["viscosity"] = [row("viscosity", "", 2.0, "mPa s", 0.1)]
    write_system(tmp_path, run, tables)
    shown = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert "Conductivity, collective± 40 %: 160 ns a run or 16 replicas" in shown.body
    assert "Viscosity± 5 %: enough" in shown.body
    longer = shown.find(id="longer")[0]["text"]
    assert longer.index("Conductivity, collective") < longer.index("Viscosity"), "the furthest from ten percent first"


def test_how_much_longer_is_of_all_numbers_and_limited_in_length(tmp_path: Path) -> None:
    run = make_run(ETHER)
    tables = tables_without_curves(run)
    tables["speciation"] = [row("holder", f"Li-{i}", 0.5, "1", 0.06 + 0.001 * i) for i in range(MOST_LINES + 20)]
    tables["further"] = [row("viscosity", "", 2.0, "mPa s", 1.0), row("cn", "Li-zero", 0.0, "1", 0.1)]
    write_system(tmp_path, run, tables)
    build(tmp_path, [ETHER], 1, tmp_path / "report.html")
    (found,) = Page(tmp_path / "report.html").find(id="longer")
    longer = found["text"]
    assert (
        longer.index("Viscosity± 50 %") < longer.index(f"Held by {MOST_LINES + 19}") < longer.index("more numbers in")
    )
    assert "Held by 0±" not in longer and "Li–zero" not in longer


def test_new_observables_have_headings_and_names(tmp_path: Path) -> None:
    run = make_run(PAB)
    tables = tables_without_curves(run)
    tables["speciation"] = [row("holder", "Li-solvent", 0.8, "1", 0.1), row("shell", "Li(DME)2(TFSI)", 0.2, "1", 0.1)]
    tables["speciation"].append(row("speciation", "Li-SSIP", 0.5, "1", 0.1))
    tables["residence"] = [row("residence_time_continuous", "Li-DME", np.nan, "ps", note="tau > 2 ns (lower bound)")]
    tables["chains"] = [row("radius_of_gyration", "PAB", 0.5, "nm", 0.1)]
    write_system(tmp_path, run, tables)
    shown = Page(build(tmp_path, [PAB], 1, tmp_path / "report.html"))
    assert "Li(DME)2(TFSI)" in shown.body and "tau > 2 ns (lower bound)" in shown.cell(
        PAB, "residence_time_continuous", "Li-DME"
    )
    headings = [one["text"].strip() for one in shown.elements if one["attributes"].get("class") == "heading"]
    for heading in ("Who holds the cation (share of the cations)", "Ion pairs (share of the cations)",
                    "First shells (share of the cations)", "How long partners stay",
                    "The chains themselves"):  # fmt: skip
        assert heading in headings
    assert "0.50 ± 0.10" in shown.cell(PAB, "radius_of_gyration", "PAB")


def test_a_curve_of_a_few_points_is_a_row_each(tmp_path: Path) -> None:
    run = make_run(PAB)
    tables = tables_without_curves(run)
    tables["mechanism"] = [
        row("mobility_bound_to_free", "Li", value, "1", 0.1, lag, "ps") for value, lag in ((0.4, 100.0), (0.6, 1000.0))
    ]
    write_system(tmp_path, run, tables)
    shown = Page(build(tmp_path, [PAB], 1, tmp_path / "report.html"))
    assert "0.40 ± 0.10" in shown.cell(PAB, "mobility_bound_to_free", "Li, 100 ps")
    assert "0.60 ± 0.10" in shown.cell(PAB, "mobility_bound_to_free", "Li, 1000 ps")


def test_names_of_clusters_say_chains_once() -> None:
    assert line_name("clusters", "chains") == "Clusters of chains"
    assert line_name("largest_cluster", "chains") == "Largest cluster, chains in it"
