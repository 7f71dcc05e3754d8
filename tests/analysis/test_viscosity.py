"""The rows of the viscosity; its estimate is tested in test_green_kubo.py."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.observables import viscosity
from analysis.run import Published, Run, RunError
from analysis.table import Row
from tests.analysis.moving_ions import ion, of, reading_of, run_of
from tests.analysis.test_green_kubo import relaxing, write_pressures

MEASURED = Published("viscosity", 2.0, "mPa s", "a book", math.nan, math.nan, False, "")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of([ion("Na", "cation", 2)], folder=tmp_path, published=(MEASURED,))


def rows_of(run: Run) -> list[Row]:
    return viscosity.compute(run, reading_of(run, np.zeros((20, 2, 3))), 0)


def test_without_pressures_there_are_no_rows(run: Run) -> None:
    assert rows_of(run) == []


def test_value_curve_and_deviation_from_experiment(run: Run) -> None:
    pressures, exact = relaxing(3, segments=30)
    write_pressures(run.folder, pressures)
    rows = rows_of(run)
    found, end = of(rows, "viscosity"), of(rows, "viscosity_integral_end")["value"]
    assert found["unit"] == "mPa s" and abs(found["value"] - exact) < 2 * found["error"]
    assert found["note"].startswith("30 segments")
    deviation = of(rows, "deviation_from_experiment")
    assert deviation["value"] == pytest.approx(100 * (found["value"] / 2.0 - 1))
    curve = [one for one in rows if one["quantity"] == "viscosity_running"]
    x = np.array([one["x"] for one in curve])
    assert np.all(np.diff(x) > 0) and x[-1] <= 100.0
    near = min(curve, key=lambda one: abs(one["x"] - end))
    assert near["value"] == pytest.approx(found["value"], rel=0.25)


def test_a_lower_bound_says_so_and_is_not_compared(run: Run) -> None:
    pressures, _ = relaxing(1, segments=8, samples=400, modes=((30.0, 1.0), (30.0, 100.0)))
    write_pressures(run.folder, pressures)
    rows = rows_of(run)
    assert of(rows, "viscosity")["note"].startswith("lower bound: the integral has no plateau")
    assert "few segments" in of(rows, "viscosity")["note"]
    assert not [one for one in rows if one["quantity"] == "deviation_from_experiment"]


def test_a_preview_has_none(run: Run) -> None:
    pressures, _ = relaxing(1)
    write_pressures(run.folder, pressures)
    (one,) = rows_of(replace(run, preview=True))
    assert math.isnan(one["value"]) and one["note"] == "preview"


def test_damaged_files_are_told(run: Run) -> None:
    (run.folder / "viscosity").mkdir()
    (run.folder / "viscosity" / "pressure.npz").write_bytes(b"broken")
    with pytest.raises(RunError, match="cannot be read"):
        rows_of(run)


def test_an_unknown_volume_is_told(run: Run) -> None:
    pressures, _ = relaxing(1)
    write_pressures(run.folder, replace(pressures, volume_nm3=np.full(10, np.nan)))
    (one,) = rows_of(run)
    assert math.isnan(one["value"]) and one["note"].startswith("the volume is not known")
