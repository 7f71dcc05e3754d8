"""A page about given runs: what was analysed, whose cation, and nothing that these runs do not know."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from analysis.report import build
from analysis.report.given import PAGE_MARK, check_distinct, is_our_page
from analysis.run import Run, RunError
from analysis.table import frame, row, write_csv
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
    """One given run, of which less than a half was read and half of that is in the averages."""
    run = given("mine")
    settled = [row("start", "all", 55.0, "ps"), row("stationary", "all", 0.0, "1", note="never settle: Li-DOL")]
    write_system(tmp_path, run, make_tables(run) | {"stationarity": settled})
    return Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html"))


def test_what_was_analysed_and_from_which_files(page: Page) -> None:
    assert "0.09 of 0.2 ns read, averages over 0.045 ns" in page.find(id="what-ran")[0]["text"]
    about = page.find(data_about="mine")[0]
    assert "open" in about["attributes"]
    for words in (
        "0.09 of 0.2 ns",
        "Length in the averages0.045 ns",
        "226, from 10 to 100 ps",
        "0.4 ps",
        "topol.tpr",
        "a.xtc, b.xtc",
    ):
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
    # the first such line is that of the convergence light
    (line,) = [one["text"] for one in page.elements if one["tag"] == "tr" and one["text"].startswith("sodium")][1:2]
    assert "Na" in line and "Li" not in line
    assert "from Na: O 0.306 nm" in page.find(id="definitions")[0]["text"]


def test_rows_of_two_cations_name_theirs_and_what_only_one_has_is_told(tmp_path: Path) -> None:
    """A sodium salt beside a lithium salt, one solvent of which was described under another name."""
    first, second = given("lithium"), given("sodium", cation="Na", compared_with="lithium")
    renamed = {"Li": "Na", "DOL": "C3H6O2"}
    second["species"] = [one | {"name": renamed.get(one["name"], one["name"])} for one in second["species"]]
    masses = {"DOL": [16.0, 12.011], "C3H6O2": [12.01, 15.999], "DME": [12.0]}
    for run, cation in ((first, "Li"), (second, "Na")):
        run["species"] = [
            one
            | {"masses_u": own, "charges_e": [0.0] * len(own), "names": [f"X{number}" for number in range(len(own))]}
            if (own := masses.get(one["name"]))
            else one
            for one in run["species"]
        ]
        sites = [{"label": "O(DME)", "species": "DME", "kind": "O", "atoms": [0]}]
        sites += [{"label": "O_new(DME)", "species": "DME", "kind": "O", "atoms": [0]}] if cation == "Na" else []
        run["sites"] = sites
        numbers = [row("speciation", f"{cation}-SSIP", 0.5, "1", 0.1), row("density", "", 1000.0, "kg/m^3", 1.0)]
        write_system(tmp_path, run, {"speciation": numbers})
        write_csv(
            frame(numbers, system=run["system"], replica=1),
            tmp_path / run["system"] / "r1" / "observables" / "speciation.csv",
        )
    names = ["lithium", "sodium"]
    body = Page(build(tmp_path, names, dict.fromkeys(names, 1), tmp_path / "report.html")).body
    assert "Share Li–SSIP" in body and "Share Na–SSIP" in body and "Share SSIP" not in body
    told = "Not compared, as only one of the two has them: Na, C3H6O2, O new (DME) in sodium; Li, DOL in lithium."
    assert f"{told} C3H6O2 of sodium has the atoms of DOL of lithium" in body
    assert "--name C3H6O2=DOL" in body and "--name Na=Li" not in body


def test_a_variant_without_its_base_stands_under_its_own_name(tmp_path: Path) -> None:
    write(tmp_path, given("mine", base="absent"))
    page = Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html"))
    (section,) = page.find(id="numbers-absent")
    assert section["text"].strip().startswith("mine")
    assert "absent, which mine extends, has no numbers on this page: nothing is compared with it; give" in page.body


def test_a_column_that_nobody_has_a_number_for_is_left_out(page: Page, tmp_path: Path) -> None:
    assert "Deviation from the prediction" in page.find(id="glance-table")[0]["text"]
    run = given("bare")
    write_system(tmp_path, run, {"thermodynamics": [row("density", "", 1000.0, "kg/m^3", 1.0)]})
    (table,) = Page(build(tmp_path, ["bare"], {"bare": 1}, tmp_path / "bare.html")).find(id="glance-table")
    assert "Density" in table["text"] and "Stationary" in table["text"]
    assert "Deviation" not in table["text"] and "Salt" not in table["text"]


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


def test_replicas_from_one_trajectory_are_refused(tmp_path: Path) -> None:
    """One file by another way, a copy of it, or a part of it that two runs share; not files that begin alike."""
    first, copy, linked, other, empty = (tmp_path / f"{name}.xtc" for name in "abcde")
    first.write_bytes(bytes(200_000))
    copy.write_bytes(bytes(200_000))
    linked.symlink_to(first)
    other.write_bytes(bytes(199_999) + b"1")
    empty.touch()

    def check(*parts: tuple[Path, ...]) -> None:
        runs = [Mock(spec=Run, system="gas", trajectory_paths=one) for one in parts]
        check_distinct([(Path(f"{number}.json"), run) for number, run in enumerate(runs)])

    check((first, other), (empty,), (tmp_path / "absent.xtc",), (tmp_path / "lost.xtc",))
    for same in (first, copy, linked):
        with pytest.raises(RunError, match=f"0.json and 1.json: two replicas of gas .*{same.name}.*Remedy: leave one"):
            check((other, first), (same,))


def test_our_pages_are_known_by_their_mark(tmp_path: Path) -> None:
    assert is_our_page(build(tmp_path, ["mine"], 1, tmp_path / "report.html"))
    (tmp_path / "other.html").write_text("<html>thesis</html>", encoding="utf-8")
    assert not is_our_page(tmp_path / "other.html") and not is_our_page(tmp_path / "absent.html")
    assert PAGE_MARK in (tmp_path / "report.html").read_text(encoding="utf-8")
