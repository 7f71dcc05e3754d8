"""What failed, what is odd and what does not settle in some replica is told on the page."""

from __future__ import annotations

import math
from pathlib import Path

from analysis.pool import pool
from analysis.report import build
from analysis.report.formatting import with_interval
from analysis.table import Row, frame, row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import DENSITY, ETHER, make_run, make_tables, write_six, write_system


def test_what_could_not_be_measured_is_said_first(tmp_path: Path) -> None:
    run = make_run(ETHER)
    failed = [row("failed", "rdf", math.nan, "1", note="r1: ValueError: <no>")]
    write_system(tmp_path, run, make_tables(run) | {"rdf": failed})
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert "could not be measured: rdf: r1: ValueError: <no>" in page.find(data_remarks=ETHER)[0]["text"]
    assert not page.find(data_quantity="failed")
    assert with_interval(*DENSITY) in page.cell(ETHER, "density", "")


def test_a_system_of_which_nothing_could_be_measured_is_a_page_of_reasons(tmp_path: Path) -> None:
    run = make_run(ETHER)
    failed = {name: [row("failed", name, math.nan, "1", note="no")] for name in make_tables(run)}
    write_system(tmp_path, run, failed)
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert page.find(data_remarks=ETHER)[0]["text"].count("could not be measured") == 5


def test_a_failed_analysis_is_quoted(tmp_path: Path) -> None:
    write_six(tmp_path, only=(0,))
    (tmp_path / ETHER / "r1" / "failure.txt").write_text("analysis: conf.gro is damaged\n", encoding="utf-8")
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert "replica 1 failed: analysis: conf.gro is damaged" in page.find(data_remarks=ETHER)[0]["text"]


def test_oddities_of_a_trajectory_are_on_the_first_screen(tmp_path: Path) -> None:
    run = make_run(ETHER)
    tables = make_tables(run)
    tables["thermodynamics"].append(row("trajectory_end", "", 500.0, "ps", note="preview; trajectory goes on to 9 ps"))
    write_system(tmp_path, run, tables)
    page = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html"))
    assert page.find(data_remarks=ETHER)[0]["text"].endswith("trajectory goes on to 9 ps")
    assert page.cell(ETHER, "trajectory_end", "").startswith("500")


def test_the_verdict_of_replicas_is_that_of_the_worst(tmp_path: Path) -> None:
    def judged(start_ps: float, settles: bool) -> list[Row]:
        value, note = (50.0, "") if settles else (math.nan, "not stationary: drifts (z = 3.1)")
        return [
            row("stationary_from", "Li-DOL", value, "ps", note=note),
            row("start", "all", start_ps, "ps"),
            row("stationary", "all", float(settles), "1", note="" if settles else "never settle: Li-DOL"),
        ]

    def verdict_of(*replicas: list[Row]) -> str:
        run, folder = make_run(ETHER), tmp_path / str(len(list(tmp_path.iterdir())))
        tables = [frame(rows, system=ETHER, replica=index + 1) for index, rows in enumerate(replicas)]
        together = pool(tables, ETHER).drop(columns=["system", "n"]).to_dict("records")
        rows: list[Row] = [{str(name): value for name, value in one.items()} for one in together]
        write_system(folder, run, make_tables(run) | {"stationarity": rows}, replicas=3)
        page = Page(build(folder, [ETHER], 3, folder / "report.html"))
        return str(page.find(data_verdict=ETHER)[0]["text"])

    assert verdict_of(judged(100, True), judged(900, True), judged(200, True)) == "from 900 ps on"
    slow = judged(5000, False)
    assert (
        verdict_of(judged(100, True), slow, judged(200, True))
        == "never stationary: Li–DOL (r2); the first half is left out there"
    )
    assert (
        verdict_of(slow, judged(100, True), slow)
        == "never stationary: Li–DOL (r1+r3); the first half is left out there"
    )
    unjudged = [row("stationary", "all", math.nan, "1", note="no frames: not judged")]
    assert verdict_of(judged(100, True), unjudged) == "not judged: r2: no frames: not judged"


def test_runs_from_elsewhere_are_not_headed_with_our_question(tmp_path: Path) -> None:
    run = make_run(ETHER)
    write_system(tmp_path, {key: value for key, value in run.items() if key != "protocol"}, make_tables(run))
    body = Page(build(tmp_path, [ETHER], 1, tmp_path / "report.html")).body
    assert "Electrolytes: molecular dynamics" in body and "boron–nitrogen chains: molecular" not in body
