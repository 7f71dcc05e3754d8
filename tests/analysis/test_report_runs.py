"""Runs from anywhere are measured, pooled, compared and reported; what was read once is not read again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import MDAnalysis as mda
import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.__main__ import main
from analysis.observe import observe
from analysis.read import read
from analysis.report_runs import report_runs
from analysis.run import RunError
from analysis.table import read_csv

from .conftest import gas

FRAMES = 40


def reading_state(work: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(work.glob("*/r*/reading/arrays.npz"))}


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two replicas of one gas and one run of a variant of it."""
    return [
        gas(tmp_path / "a1", 1, system="gas", replica=2),
        gas(tmp_path / "a2", 2, system="gas", replica=5),
        gas(tmp_path / "b", 3, system="variant", base="gas"),
    ]


def test_replicas_are_pooled_and_systems_stand_side_by_side(tmp_path: Path, runs: list[Path]) -> None:
    before = {path: sorted(path.parent.iterdir()) for path in runs}
    work, out = tmp_path / "work", tmp_path / "out" / "report.html"
    assert report_runs(runs, out, work) == []
    page = out.read_text(encoding="utf-8")
    assert "variant" in page
    assert "Na–O" in page
    pooled = read_csv(work / "gas" / "observables" / "coordination.csv")
    cn = pooled[(pooled.quantity == "cn") & (pooled.label == "Na-O(G)")].iloc[0]
    single = [
        read_csv(work / "gas" / f"r{n}" / "observables" / "coordination.csv").query("quantity == 'cn'").value.iloc[0]
        for n in (1, 2)
    ]
    assert cn["n"] == 2
    assert cn["value"] == pytest.approx(np.mean(single))
    assert (work / "comparisons.csv").is_file()
    assert {path: sorted(path.parent.iterdir()) for path in runs} == before


def test_all_cores_are_used_unless_told(tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    spies = {name: Mock(side_effect=work) for name, work in (("read", read), ("observe", observe))}
    for name, spy in spies.items():
        monkeypatch.setattr(f"analysis.report_runs.{name}", spy)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2}, raising=False)
    for number, (options, wanted) in enumerate((([], 3), (["--processes", "2"], 2))):
        main(["report-runs", str(runs[0]), "-o", str(tmp_path / f"{number}.html"), *options])
        assert [spy.call_args.args[3] for spy in spies.values()] == [wanted, wanted]


def test_a_trajectory_is_read_again_only_when_it_changed(tmp_path: Path, runs: list[Path]) -> None:
    work, out = tmp_path / "work", tmp_path / "report.html"
    report_runs(runs[:1], out, work)
    first = reading_state(work)
    report_runs(runs[:2], out, work)
    second = reading_state(work)
    assert len(first) == 1
    assert len(second) == 2
    assert first.items() <= second.items()
    gas(runs[0].parent, 7, system="gas", replica=2)
    report_runs(runs[:2], out, work)
    changed = [path for path, time in reading_state(work).items() if second[path] != time]
    assert changed == list(first)


def test_a_run_that_cannot_be_measured_does_not_stop_the_others(tmp_path: Path, runs: list[Path]) -> None:
    work, out = tmp_path / "work", tmp_path / "report.html"
    report_runs(runs, out, work)
    (runs[2].parent / "traj.xtc").write_bytes(b"no trajectory")
    failures = report_runs(runs, out, work)
    assert len(failures) == 1
    assert str(runs[2]) in failures[0]
    assert "this is no XTC trajectory" in out.read_text(encoding="utf-8")
    assert not list((work / "variant").glob("**/observables"))
    assert (work / "gas" / "observables" / "rdf.csv").is_file()
    report_runs(runs[:1], out, work)
    assert sorted(path.name for path in (work / "gas").glob("r*")) == ["r1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda runs, work: runs.append(gas(runs[0].parent / "copy", 9, system="gas", replica=2)), "--replica"),
        (lambda runs, work: runs[0].write_text("{"), "not valid JSON"),
        (lambda runs, work: (work.mkdir(), (work / "thesis.tex").touch()), "left as it is"),
        (lambda runs, work: runs[1].unlink(), "cannot be read"),
        (lambda runs, work: shutil.copy(runs[0].parent / "traj.xtc", runs[1].parent), "from the same trajectory"),
    ],
)
def test_what_cannot_be_reported_is_told_before_anything_is_measured(  # type: ignore[no-untyped-def]
    tmp_path: Path, runs: list[Path], change, words: str
) -> None:
    work = tmp_path / "work"
    change(runs, work)
    with pytest.raises(RunError, match=words):
        report_runs(runs, tmp_path / "report.html", work)
    assert not list(tmp_path.glob("work/*/r1"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a1/traj.xtc", "HTML page"),
        ("a1/run.json", "HTML page"),
        ("thesis.html", "no report of Sheath"),
        ("a1", "is a folder"),
        ("a1/traj.xtc/report.html", "is a file, not a folder"),
    ],
)
def test_no_file_of_others_is_replaced(tmp_path: Path, runs: list[Path], name: str, words: str) -> None:
    (tmp_path / "thesis.html").write_text("<html>five years of work</html>")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match=words) as told:
        report_runs(runs[:1], tmp_path / name, tmp_path / "work")
    assert "Remedy: " in str(told.value) and "\n" not in str(told.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_run_in_the_work_folder_is_refused(tmp_path: Path) -> None:
    work = tmp_path / "work"
    run = gas(work / "gas" / "r2", 1, system="gas")
    (work / ".sheath-runs").touch()
    with pytest.raises(RunError, match="lies in the work folder"):
        report_runs([run], tmp_path / "report.html", work)
    assert run.is_file()


def test_a_report_whose_trajectory_is_gone_is_left_as_it_is(tmp_path: Path, runs: list[Path]) -> None:
    out, work = tmp_path / "report.html", tmp_path / "work"
    report_runs(runs[:1], out, work)
    page, table = out.read_bytes(), (work / "gas" / "observables" / "rdf.csv").read_bytes()
    (runs[0].parent / "traj.xtc").unlink()
    with pytest.raises(RunError, match=r"traj\.xtc: there is no such file any more\. .*report\.html, .* Remedy:"):
        report_runs(runs[:1], out, work)
    assert out.read_bytes() == page and (work / "gas" / "observables" / "rdf.csv").read_bytes() == table


@pytest.mark.parametrize("system", ["../../evil", "/tmp/evil", "a/b", "..", "", ".hidden"])
def test_a_system_is_named_like_a_folder(tmp_path: Path, system: str) -> None:
    run = gas(tmp_path / "deep" / "in" / "a", 1, system=system)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError, match="cannot be the name of a folder"):
        report_runs([run], tmp_path / "deep" / "report.html", tmp_path / "deep" / "work")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature_K": 350.0}, "temperature_K is 298 and 350"),
        ({"base": "other"}, "base is not told and other"),
        ({"preview": True}, "preview is False and True"),
        ({"cation": None}, "cation is Na and not told"),
        ({"count": 39}, "species is 40 G .*39 G"),
        ({"charge_e": -1.0, "charges_e": [-1.0]}, r"species is .*\+0 e.*-1 e"),
        ({"name": "H"}, "species is 40 G .*40 H"),
    ],
)
def test_unlike_runs_are_no_replicas(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    first, second = (gas(tmp_path / f"r{n}", n, system="gas", replica=n) for n in (1, 2))
    document = json.loads(second.read_text())
    if "cation" in change:
        document["species"][0]["role"] = "solvent"
    if change.keys() & document.keys():
        document |= change
    else:
        document["species"][1] |= change
        document["sites"][0]["species"] = document["species"][1]["name"]
    second.write_text(json.dumps(document))
    with pytest.raises(RunError, match=words) as told:
        report_runs([first, second], tmp_path / "report.html", tmp_path / "work")
    for part in (str(first), str(second), "--system"):
        assert part in str(told.value)
    assert not (tmp_path / "work").exists()


def test_the_page_says_how_much_was_used_and_nothing_was_configured(tmp_path: Path) -> None:
    """Half a trajectory is told as half; one that is a frame longer than run.json says is read to its end."""
    half = gas(tmp_path / "half", 1, system="half", production_ns=0.08, production_ns_done=0.08)
    longer = gas(tmp_path / "longer", 2, system="longer", production_ns=0.038, production_ns_done=0.038)
    work, out = tmp_path / "work", tmp_path / "report.html"
    report_runs([half, longer], out, work)
    page = out.read_text(encoding="utf-8")
    assert "0.039 of 0.08 and 0.038 ns read, averages over 0.0" in page or "0.039 of 0.08 and 0.039 ns read" in page
    assert "as configured" not in page
    copy = json.loads((work / "longer" / "r1" / "run.json").read_text())
    assert copy["analysed"]["frames"] == FRAMES
    assert json.loads((work / "half" / "r1" / "run.json").read_text())["production_ns_done"] == 0.039
    before = reading_state(work)
    report_runs([half, longer], out, work)
    assert reading_state(work) == before


def test_a_listed_order_of_atoms_changes_no_number(tmp_path: Path) -> None:
    """The same gas with its atoms shuffled in the file and listed in run.json gives the same tables."""
    plain = gas(tmp_path / "plain", 4, system="plain")
    document = json.loads(plain.read_text()) | {"system": "shuffled"}
    order = np.random.default_rng(1).permutation(48)
    place = np.argsort(order)
    document["species"][0]["atoms"] = place[:8].tolist()
    document["species"][1]["atoms"] = place[8:].tolist()
    original = mda.Universe(str(plain.parent / "conf.gro"), str(plain.parent / "traj.xtc"))
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    atoms = original.atoms[order]
    with mda.Writer(str(shuffled / "traj.xtc"), 48) as writer:
        for timestep in original.trajectory:
            assert timestep.n_atoms == 48
            writer.write(atoms)
    original.trajectory[0]
    atoms.write(str(shuffled / "conf.gro"))
    (shuffled / "run.json").write_text(json.dumps(document))
    work = tmp_path / "work"
    assert report_runs([plain, shuffled / "run.json"], tmp_path / "report.html", work) == []
    for table in ("rdf", "coordination", "diffusion"):
        mine, theirs = (read_csv(work / name / "observables" / f"{table}.csv") for name in ("plain", "shuffled"))
        assert mine.drop(columns=["system", "error"]).equals(theirs.drop(columns=["system", "error"]))
        assert np.allclose(mine["error"], theirs["error"], rtol=1e-6, equal_nan=True)


def test_the_command_tells_where_the_report_is(
    tmp_path: Path, runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    assert main(["report-runs", str(runs[0]), "-o", str(out)]) == 0
    assert f"written: {out}" in capsys.readouterr().out
    assert (tmp_path / "report.work" / "gas" / "observables").is_dir()
    assert main(["report-runs", str(tmp_path / "absent.json"), "-o", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_systems_without_a_base_are_compared_with_the_first_and_the_page_says_so(tmp_path: Path) -> None:
    given = [gas(tmp_path / name, seed, system=name) for seed, name in enumerate(("one", "two", "three"), start=1)]
    given.append(gas(tmp_path / "four", 4, system="four", base="two"))
    work, out = tmp_path / "work", tmp_path / "report.html"
    report_runs(given[:1], out, work)
    before = reading_state(work)
    assert "first system given" not in out.read_text(encoding="utf-8")
    assert report_runs(given, out, work) == []
    assert before.items() <= reading_state(work).items(), "another system beside it is no reason to read again"
    found = pd.read_csv(work / "comparisons.csv")
    # what is a base itself stands for itself
    assert set(zip(found["system"], found["base"], strict=True)) == {("three", "one"), ("four", "two")}
    assert "compared with the first one given, one" in out.read_text(encoding="utf-8")
    report_runs(given[:2], out, work)
    read = reading_state(work)
    found = pd.read_csv(work / "comparisons.csv")
    assert set(zip(found["system"], found["base"], strict=True)) == {("two", "one")}
    report_runs(given[1::-1], out, work)
    assert reading_state(work) == read, "nor is another order"
    assert set(pd.read_csv(work / "comparisons.csv")["base"]) == {"two"}


def test_only_the_code_that_reads_has_the_trajectory_read_again(
    tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, work, out = tmp_path / "code" / "analysis", tmp_path / "work", tmp_path / "report.html"
    shutil.copytree(Path(analysis.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(analysis, "__file__", str(copy / "__init__.py"))
    report_runs(runs[:1], out, work)
    first = reading_state(work)
    for name in ("observables/rdf", "shells", "msd", "statistics", "pool", "comparison", "report/page"):
        with (copy / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write("# edited\n")
    report_runs(runs[:1], out, work)
    assert reading_state(work) == first
    with (copy / "unwrap.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    report_runs(runs[:1], out, work)
    assert reading_state(work) != first
