"""Averages of made-up energies whose answers are worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.observables.thermodynamics import compute
from analysis.read import Reading
from analysis.run import Run, Species
from analysis.table import FAILED, Row
from tests.analysis.moving_ions import is_honest, normal_deviates
from tests.ideal_systems import ar1

N_FRAMES = 600
CHAINS = Species("PAB", "PAB", "polymer", 2, 0.0, "provisional", (500.0,), (0.0,), ("A",), ())
COMPOSITION = {"predicted_density_kg_per_m3": 1000.0, "predicted_volume_nm3": 29.0}


def make_run(folder: Path = Path(), *, chains: bool = False, **changes: Any) -> Run:
    members = (
        Species("Li", "Li", "cation", 10, 1.0, "literature", (7.0,), (1.0,), ("A",), ()),
        Species("X", "X", "anion", 10, -1.0, "literature", (93.0,), (-1.0,), ("A",), ()),
        *((CHAINS,) if chains else ()),
    )
    return Run(folder, "s", 1, 298.0, "Li", "", "", members, (), composition=COMPOSITION, **changes)


def make_energies(before: float = 0.0) -> pd.DataFrame:
    """Noise of 1 % around known means; the first 100 ps are off by `before` kg/m^3."""
    time_ps = np.arange(N_FRAMES, dtype=float)
    return pd.DataFrame({
        "time_ps": time_ps,
        "Density": 1020.0 + 2 * ar1(N_FRAMES, 3, 1) + np.where(time_ps < 100, before, 0.0),
        "Temperature": 298.0 + ar1(N_FRAMES, 1, 2),
        "Pressure": 1.0 + 300 * ar1(N_FRAMES, 1, 3),
        "Potential": -5e4 + 100 * ar1(N_FRAMES, 2, 4),
        "Volume": 30.0 + 0.05 * ar1(N_FRAMES, 3, 5),
    })  # fmt: skip


def make_reading(energies: pd.DataFrame) -> Reading:
    none = np.zeros(0)
    box_nm = np.full((N_FRAMES, 3), 30.0 ** (1 / 3))
    box_nm[17, 1] = 3.0
    return Reading(
        time_ps=np.arange(N_FRAMES, dtype=float), box_nm=box_nm, bin_edges_nm=none, histograms={}, norm={},
        block_edges_frame=np.zeros(0, int), block_of_frame=np.zeros(0, int), pairs={},
        com_nm=np.zeros((N_FRAMES, 20, 3), np.float32), molecule_species=np.repeat([0, 1], 10), energies=energies,
    )  # fmt: skip


def only(rows: list[Row], quantity: str, label: str = "") -> Row:
    (found,) = (one for one in rows if one["quantity"] == quantity and one["label"] == label)
    return found


def test_averages_have_units_and_errors_that_cover() -> None:
    rows = compute(make_run(), make_reading(make_energies()), 0)
    expected = {
        "density": (1020.0, "kg/m^3"),
        "temperature": (298.0, "K"),
        "pressure": (1.0, "bar"),
        "potential_energy": (-5e4, "kJ/mol"),
        "volume": (30.0, "nm^3"),
    }
    for quantity, (value, unit) in expected.items():
        found = only(rows, quantity)
        assert found["unit"] == unit
        assert 0 < found["error"] < 0.2 * max(abs(value), 300)
        assert abs(found["value"] - value) <= 2 * found["error"], quantity
    assert only(rows, "box_edge_min")["value"] == 3.0


def test_what_lies_before_the_start_is_left_out_of_averages_but_not_of_series() -> None:
    reading = make_reading(make_energies(before=-300.0))
    rows = compute(make_run(), reading, 100)
    assert only(rows, "density")["value"] == pytest.approx(1020.0, abs=1.0)
    series = [one for one in rows if one["quantity"] == "density_series"]
    assert min(one["value"] for one in series) < 800
    assert len(series) <= 500 and {one["label"] for one in series} == {"production"}


def test_density_deviation_and_concentration() -> None:
    rows = compute(make_run(), make_reading(make_energies()), 0)
    deviation = only(rows, "density_deviation")
    assert deviation["value"] == pytest.approx(2.0, abs=0.1) and deviation["unit"] == "%"
    assert deviation["error"] == pytest.approx(only(rows, "density")["error"] / 10.0)
    # 10 units in 30 nm^3: 10 / (6.02214076e23 * 30e-24 L)
    assert only(rows, "salt_concentration", "mol_per_L")["value"] == pytest.approx(0.55351, rel=1e-3)
    assert deviation["note"] == "predicted 1000.0 kg/m³"
    assert not [one for one in rows if one["quantity"] == "chain_apparent_volume"]


def test_apparent_volume_of_a_chain() -> None:
    rows = compute(make_run(chains=True), make_reading(make_energies()), 0)
    per_chain, molar = only(rows, "chain_apparent_volume"), only(rows, "chain_apparent_volume", "molar")
    # (30 - 29) nm^3 over 2 chains
    assert per_chain["value"] == pytest.approx(0.5, abs=0.01)
    assert per_chain["error"] == pytest.approx(only(rows, "volume")["error"] / 2)
    assert molar["value"] / per_chain["value"] == pytest.approx(602.214076)
    assert not [one for one in rows if one["quantity"] == "density_deviation"]


@pytest.mark.parametrize(
    ("quantity", "column", "unit"),
    [
        ("density", "Density", "kg/m^3/ns"),
        ("temperature", "Temperature", "K/ns"),
        ("pressure", "Pressure", "bar/ns"),
        ("potential_energy", "Potential", "kJ/mol/ns"),
    ],
)
def test_a_drift_is_found_with_its_slope_and_unit(quantity: str, column: str, unit: str) -> None:
    energies = make_energies()
    still = only(compute(make_run(), make_reading(energies), 0), f"{quantity}_drift")
    assert abs(still["value"]) <= 1.5 * still["error"]
    slope = 10 * still["error"]
    energies[column] += slope / 1000 * energies["time_ps"]
    moving = only(compute(make_run(), make_reading(energies), 0), f"{quantity}_drift")
    assert moving["value"] == pytest.approx(still["value"] + slope) and moving["unit"] == unit
    assert moving["error"] == pytest.approx(still["error"])


def test_a_series_that_never_changes_has_no_error_of_its_drift() -> None:
    drift = only(compute(make_run(), make_reading(make_energies().assign(Temperature=300.0)), 0), "temperature_drift")
    assert drift["value"] == 0 and math.isnan(drift["error"]) and drift["note"].startswith("never changed")
    few = only(compute(make_run(), make_reading(make_energies()), N_FRAMES - 3), "temperature_drift")
    assert math.isnan(few["value"]) and few["note"] == "3 values, too few for a drift"


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 15.0])
def test_errors_of_density_and_drift_are_honest(slope: float) -> None:
    """Correlated noise on a line: its mean with four degrees of freedom, its slope with so many that t is normal."""
    time_ps, found = np.arange(N_FRAMES, dtype=float), []
    line = slope / 1000 * (time_ps - time_ps.mean())
    for seed in range(300):
        noise = ar1(N_FRAMES, 3, seed)
        rows = compute(make_run(), make_reading(make_energies().assign(Density=1020.0 + 2 * noise + line)), 0)
        mean, drift = only(rows, "density"), only(rows, "density_drift")
        found.append((mean["value"] - 1020.0, mean["error"], drift["value"] - slope, drift["error"]))
    of_mean, mean_error, of_drift, drift_error = np.array(found).T
    assert is_honest(normal_deviates(of_drift, drift_error, N_FRAMES / 6.05 - 2))
    if slope == 0:  # a drift widens the scatter of the blocks: their error then is too large, and should be
        assert is_honest(normal_deviates(of_mean, mean_error, 4))


def test_without_an_energy_file_volume_and_density_come_from_the_box() -> None:
    rows = compute(make_run(), make_reading(make_energies().iloc[:0]), 100)
    assert only(rows, "volume")["value"] == pytest.approx(30.0)
    # 1000 u in 30 nm^3
    assert only(rows, "density")["value"] == pytest.approx(1000 * 1.66053907 / 30.0)
    for quantity in ("temperature", "pressure", "potential_energy"):
        assert math.isnan(only(rows, quantity)["value"]) and only(rows, quantity)["note"] == "no energy file"
    told = replace(make_reading(make_energies().iloc[:0]), notes=("frames lost", "no energies: x.edr: broken"))
    rows = compute(make_run(energy="x.edr"), told, 100)
    assert only(rows, "pressure")["note"] == "no energies: x.edr: broken"
    rows = compute(make_run(energy="x.edr"), make_reading(make_energies().assign(Pressure=np.nan)), 100)
    assert only(rows, "pressure")["note"] == "the energy file has no Pressure from the start on"
    assert not [one for one in rows if one["quantity"] in ("pressure_drift", "pressure_series")]


def test_what_energies_that_end_early_lack_comes_from_the_box() -> None:
    for last_ps, start in ((50, 100), (300, 100), (300, 0)):
        rows = compute(make_run(energy="x.edr"), make_reading(make_energies().iloc[:last_ps]), start)
        # 1000 u in 30 nm^3, and 10 units of salt
        assert only(rows, "density")["value"] == pytest.approx(1000 * 1.66053907 / 30.0, rel=1e-3)
        assert only(rows, "volume")["value"] == pytest.approx(30.0, rel=1e-3) and only(rows, "volume")["note"] == ""
        assert only(rows, "salt_concentration", "mol_per_L")["value"] == pytest.approx(0.55351, rel=1e-3)
        assert len([one for one in rows if one["quantity"] == "volume_series"]) == 300
        temperature, reach = only(rows, "temperature"), f"the energy file reaches only from 0 to {last_ps - 1} ps"
        known = last_ps > start
        assert math.isfinite(temperature["value"]) is known
        assert temperature["note"] == reach if known else temperature["note"].endswith(f"from the start on; {reach}")
    # without a box there is nothing else
    unknown = replace(make_reading(make_energies().iloc[:50]), box_nm=np.full((N_FRAMES, 3), np.nan))
    assert math.isnan(only(compute(make_run(energy="x.edr"), unknown, 100), "density")["value"])


def test_slow_series_say_that_their_error_is_too_small() -> None:
    energies = make_energies()
    energies["Density"] = 1020 + np.sin(np.arange(N_FRAMES) * 2 * math.pi / N_FRAMES)
    rows = compute(make_run(), make_reading(energies), 0)
    assert only(rows, "density")["note"].startswith("error from too few independent samples (block of 120 ps")
    assert only(rows, "temperature")["note"] == ""


def test_the_equilibration_is_shown_beside(tmp_path: Path) -> None:
    record = (
        "stage,time_ps,density_kg_per_m3,temperature_K,potential_kJ_per_mol\nnvt,0.0,400,300,-1\nnpt,5.0,900,298,-2\n"
    )
    (tmp_path / "equilibration.csv").write_text(record, encoding="utf-8")
    run = make_run(tmp_path, equilibration_energy="equilibration.csv")
    rows = compute(run, make_reading(make_energies()), 0)
    shown = [one for one in rows if one["label"] == "equilibration" and one["quantity"] == "density_series"]
    assert [(one["x"], one["value"]) for one in shown] == [(0.0, 400.0), (5.0, 900.0)]
    assert only(rows, "density")["value"] == pytest.approx(1020.0, abs=1.0)


@pytest.mark.parametrize("text", [None, "time_ps,nothing\n0,1\n"])
def test_a_broken_equilibration_record_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "equilibration.csv").write_text(text, encoding="utf-8")
    rows = compute(make_run(tmp_path, equilibration_energy="equilibration.csv"), make_reading(make_energies()), 0)
    (failed,) = (one for one in rows if one["quantity"] == FAILED)
    assert failed["label"] == "thermodynamics" and "equilibration.csv" in failed["note"]
    assert only(rows, "density")["value"] == pytest.approx(1020.0, abs=1.0)


def test_oddities_of_the_trajectory_are_told() -> None:
    reading = make_reading(make_energies())
    assert not [one for one in compute(make_run(), reading, 0) if one["quantity"] == "largest_step"]
    rows = compute(make_run(), replace(reading, notes=("one", "two"), largest_step=0.45), 0)
    end, step = only(rows, "trajectory_end"), only(rows, "largest_step")
    assert (end["value"], end["unit"], end["note"]) == (N_FRAMES - 1, "ps", "one; two")
    assert step["value"] == 0.45 and step["note"].startswith("frames too far apart")
    unknown = replace(reading, box_nm=np.full((N_FRAMES, 3), np.nan), largest_step=2.4e-7)
    assert not [one for one in compute(make_run(), unknown, 0) if one["quantity"] == "largest_step"]
