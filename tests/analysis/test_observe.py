"""Every file of observables/ is run; one that fails stops no other; a preview is marked as one."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import analysis.observables
from analysis import observe as observe_module
from analysis.__main__ import main
from analysis.observe import find_observables, mark_preview, observe
from analysis.read import Reading, load_reading, read
from analysis.run import Run, load_run
from analysis.table import Row, read_csv, row

from .conftest import gas_document, write_run


def _start(run: Run, reading: Reading) -> tuple[int, list[Row]]:
    return 3, [row("start", "all", float(reading.time_ps[3]), "ps", 0.0)]


def _good(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    return [row("start_seen", "all", start_frame, "1", 0.0, note="remark")]


def _bad(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    raise ValueError("nothing\nto see")


@pytest.fixture
def read_run(gas_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return run.json of a run that was read into `reading`, with a start found at frame 3."""
    read(load_run(gas_run), tmp_path / "reading")
    monkeypatch.setattr("analysis.stationarity.find_start", _start)
    return gas_run


def _observe(run_json: Path, tmp_path: Path) -> int:
    return main(["observe", str(run_json), str(tmp_path / "reading"), "--out", str(tmp_path / "observables")])


def test_where_molecules_cross_an_unknown_box_only_what_needs_no_positions_is_computed(
    read_run: Path, tmp_path: Path
) -> None:
    reading = load_reading(tmp_path / "reading")
    observe(load_run(read_run), replace(reading, unknown_boundary="no box"), tmp_path / "broken")
    observe(load_run(read_run), reading, tmp_path / "whole")
    broken, whole = (
        {path.stem: len(read_csv(path)) for path in (tmp_path / folder).glob("*.csv")} for folder in ("broken", "whole")
    )
    assert broken["coordination"] == broken["rdf"] == 0 < min(whole["coordination"], whole["rdf"])
    assert broken["thermodynamics"] == whole["thermodynamics"] > 0


def test_the_folder_is_the_registry() -> None:
    files = {path.stem for path in Path(analysis.observables.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(find_observables()) == files
    assert {"rdf", "coordination"} <= files


def test_one_failure_stops_no_other(
    read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(observe_module, "find_observables", lambda: {"bad": _bad, "good": _good})
    (tmp_path / "observables").mkdir()
    (tmp_path / "observables" / "bad.csv").write_text("old")
    assert _observe(read_run, tmp_path) == 0
    assert capsys.readouterr().err == "analysis: observable bad: ValueError: nothing to see\n"
    names = sorted(path.name for path in (tmp_path / "observables").iterdir())
    assert names == ["bad.csv", "good.csv", "stationarity.csv"]
    (failed,) = read_csv(tmp_path / "observables" / "bad.csv").to_dict("records")
    assert (failed["quantity"], failed["label"], failed["note"]) == ("failed", "bad", "ValueError: nothing to see")
    assert math.isnan(failed["value"])
    assert read_csv(tmp_path / "observables" / "good.csv")["value"][0] == 3
    assert read_csv(tmp_path / "observables" / "stationarity.csv")["value"][0] == 3


def _dies(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the observables are computed in turn")
def test_two_processes_write_the_same_tables_and_one_that_dies_loses_one(
    read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observables = {"bad": _bad, "dies": _dies, "good": _good, "more": _good}
    monkeypatch.setattr(observe_module, "find_observables", lambda: observables)
    run, reading = load_run(read_run), load_reading(tmp_path / "reading")
    folder = tmp_path / "observables"
    assert observe_module.observe(run, reading, folder, processes=2) == [
        "bad: ValueError: nothing to see",
        "dies: its process ended unexpectedly",
    ]
    assert read_csv(folder / "dies.csv")["note"].tolist() == ["its process ended unexpectedly"]
    for name in ("good", "more"):
        assert read_csv(folder / f"{name}.csv")["value"][0] == 3


def test_every_row_of_a_preview_says_so(read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe_module, "find_observables", lambda: {"good": _good})
    read_run.write_text(json.dumps(json.loads(read_run.read_text()) | {"preview": True}))
    assert _observe(read_run, tmp_path) == 0
    assert read_csv(tmp_path / "observables" / "good.csv")["note"].tolist() == ["preview; remark"]
    assert read_csv(tmp_path / "observables" / "stationarity.csv")["note"].tolist() == ["preview"]


def test_a_preview_is_marked_once() -> None:
    marked = mark_preview(row("D", "Li", float("nan"), "1", note="preview: not judged"))
    assert marked["note"] == "preview: not judged"


def test_rdf_and_coordination_of_a_run(read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {name: find_observables()[name] for name in ("rdf", "coordination")}
    monkeypatch.setattr(observe_module, "find_observables", lambda: wanted)
    assert _observe(read_run, tmp_path) == 0
    quantities = set()
    for name in wanted:
        table = read_csv(tmp_path / "observables" / f"{name}.csv")
        quantities |= set(table["quantity"])
        assert set(table["label"]) <= {"Li-O(G)", "Li-G", "Li-all", "Li-Li"}
        assert (table["unit"] != "").all()
    assert {"g", "running_cn", "first_peak", "cn", "cn_molecule", "cn_total", "cn_band"} <= quantities


def test_a_failure_is_said_beside_the_run_until_it_is_mended(
    read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe_module, "find_observables", lambda: {"good": _good})
    failure, reading = read_run.parent / "failure.txt", tmp_path / "reading"
    reading.rename(tmp_path / "elsewhere")
    assert _observe(read_run, tmp_path) == 2
    (line,) = failure.read_text().splitlines()
    assert line.startswith("analysis: ") and "no complete reading" in line
    assert _observe(read_run, tmp_path) == 2
    assert len(failure.read_text().splitlines()) == 1
    (tmp_path / "elsewhere").rename(reading)
    assert _observe(read_run, tmp_path) == 0
    assert not failure.exists()


def test_what_the_simulation_wrote_stays(read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe_module, "find_observables", lambda: {"good": _good})
    failure = read_run.parent / "failure.txt"
    failure.write_text("Too many LINCS warnings\n")
    assert main(["observe", str(read_run), str(tmp_path / "absent"), "--out", str(tmp_path / "observables")]) == 2
    assert [line.partition(":")[0] for line in failure.read_text().splitlines()] == [
        "Too many LINCS warnings",
        "analysis",
    ]
    assert _observe(read_run, tmp_path) == 0
    assert failure.read_text() == "Too many LINCS warnings\n"


def test_a_defect_is_noted_and_raised(read_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.stationarity.find_start", lambda run, reading: _bad(run, reading, 0))
    with pytest.raises(ValueError, match="nothing"):
        _observe(read_run, tmp_path)
    text = (read_run.parent / "failure.txt").read_text()
    assert text == "analysis: unexpected error, a defect of Sheath (ValueError: nothing to see)\n"


def test_a_failed_read_is_noted(tmp_path: Path) -> None:
    run_json = write_run(tmp_path / "run", gas_document(2, 2), np.ones((5, 4, 3)), np.full((5, 3), 3.0))
    assert main(["read", str(run_json), "--out", str(tmp_path / "reading")]) == 2
    assert "5 readable frames" in (tmp_path / "run" / "failure.txt").read_text()
    assert main(["read", str(tmp_path / "nowhere" / "run.json"), "--out", str(tmp_path / "reading")]) == 2
    assert not (tmp_path / "nowhere").exists()
