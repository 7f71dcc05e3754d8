"""The start of the stationary part of a run, from made-up readings."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analysis.read import PAIR_DTYPE, Reading
from analysis.run import Run, SiteGroup, Species
from analysis.stationarity import coordination_series, find_start
from analysis.table import Row
from tests.ideal_systems import ar1

N_FRAMES = 1000
N_CATIONS = 4
Array = NDArray[np.float64]


def species(name: str, role: str, count: int) -> Species:
    return Species(name, name, role, count, 0.0, "literature", (1.0, 1.0), (0.0, 0.0), ("A1", "A2"), ())


def make_run(*, preview: bool = False, kind: str = "O") -> Run:
    sites = (SiteGroup("O(DME)", "DME", kind, (0,)), SiteGroup("F(DME)", "DME", "F", (1,)))
    members = (species("Li", "cation", N_CATIONS), species("DME", "solvent", 50))
    return Run(Path(), "s", 1, 298.0, "Li", "", "", members, sites, preview=preview)


def pairs_of(contacts: NDArray[np.int64], distance_nm: float) -> NDArray[np.void]:
    frames = np.repeat(np.arange(contacts.size), contacts)
    pairs = np.zeros(frames.size, PAIR_DTYPE)
    pairs["frame"], pairs["distance_nm"] = frames, distance_nm
    return pairs


def make_reading(contacts: NDArray[np.int64], density: Array, potential: Array) -> Reading:
    time_ps = 500.0 + np.arange(N_FRAMES, dtype=np.float64)
    none = np.zeros(0)
    # energies are stored twice as often as frames, and from before the first frame on
    energy_ps = np.linspace(400.0, time_ps[-1], 2 * N_FRAMES)
    energies = pd.DataFrame({"time_ps": energy_ps, "Pressure": 1.0, "Volume": 30.0})
    energies["Temperature"] = 298.0 + ar1(2 * N_FRAMES, 2, 99)
    energies["Density"], energies["Potential"] = np.repeat(density, 2), np.repeat(potential, 2)
    return Reading(
        time_ps=time_ps, box_nm=np.full((N_FRAMES, 3), 3.0), bin_edges_nm=none, histograms={}, norm={},
        block_edges_frame=np.zeros(0, int), block_of_frame=np.zeros(0, int),
        pairs={"Li-O(DME)": pairs_of(contacts, 0.2), "Li-F(DME)": pairs_of(contacts, 0.29)},
        com_nm=np.zeros((N_FRAMES, 54, 3), np.float32), molecule_species=np.repeat([0, 1], [4, 50]), energies=energies,
    )  # fmt: skip


def noisy_contacts(mean: Array | float, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).poisson(np.broadcast_to(mean, N_FRAMES)).astype(np.int64)


def row_of(rows: list[Row], quantity: str, label: str) -> Row:
    (found,) = (one for one in rows if one["quantity"] == quantity and one["label"] == label)
    return found


def test_only_contacts_count_and_per_cation() -> None:
    contacts = noisy_contacts(10.0, seed=1)
    series = coordination_series(make_run(), make_reading(contacts, ar1(N_FRAMES, 5, 1), ar1(N_FRAMES, 5, 2)))
    # F at 0.29 nm is beyond the contact distance of 0.28 nm
    np.testing.assert_allclose(series["Li-DME"], contacts / N_CATIONS)


def test_the_slowest_series_sets_the_start() -> None:
    frames = np.arange(N_FRAMES)
    contacts = noisy_contacts(12 + 40 * np.exp(-frames / 60), seed=2)
    reading = make_reading(contacts, 1100 + ar1(N_FRAMES, 4, 3), -1e5 + ar1(N_FRAMES, 4, 4))
    start, rows = find_start(make_run(), reading)
    assert 100 <= start <= 400
    found = row_of(rows, "stationary_from", "Li-DME")
    assert found["value"] == pytest.approx(reading.time_ps[start]) and found["unit"] == "ps"
    assert row_of(rows, "stationary_from", "density")["value"] <= found["value"]
    assert row_of(rows, "stationary", "all")["value"] == 1.0
    assert row_of(rows, "start", "all")["value"] == reading.time_ps[start]


def test_a_drifting_series_is_named_and_half_is_left_out() -> None:
    density = 1100 + ar1(N_FRAMES, 4, 5) + np.linspace(0, 8, N_FRAMES)
    start, rows = find_start(make_run(), make_reading(noisy_contacts(12.0, 6), density, ar1(N_FRAMES, 4, 7)))
    assert start == N_FRAMES // 2
    verdict = row_of(rows, "stationary", "all")
    assert verdict["value"] == 0.0 and "density" in verdict["note"] and "Li-DME" not in verdict["note"]
    found = row_of(rows, "stationary_from", "density")
    assert math.isnan(found["value"]) and found["note"].startswith("not stationary")


def test_a_thermostat_that_was_turned_during_the_run_is_named() -> None:
    reading = make_reading(noisy_contacts(12.0, 1), 1100 + ar1(N_FRAMES, 4, 3), ar1(N_FRAMES, 4, 7))
    reading.energies["Temperature"] += np.linspace(0, 5, 2 * N_FRAMES)
    _, rows = find_start(make_run(), reading)
    assert row_of(rows, "stationary", "all")["note"].startswith("never settle: temperature;")


def test_a_partner_that_never_touches_is_stationary() -> None:
    quiet = np.zeros(N_FRAMES, dtype=np.int64)
    start, rows = find_start(make_run(), make_reading(quiet, ar1(N_FRAMES, 4, 8), ar1(N_FRAMES, 4, 9)))
    assert start < N_FRAMES // 2
    assert row_of(rows, "stationary_from", "Li-DME")["value"] == 500.0


def test_a_preview_is_not_judged() -> None:
    drifting = np.linspace(0, 8, N_FRAMES)
    start, rows = find_start(make_run(preview=True), make_reading(noisy_contacts(12.0, 6), drifting, drifting))
    assert start == 0
    assert [one["note"] for one in rows] == ["preview: not judged"]


def test_a_site_without_a_contact_distance_is_left_out() -> None:
    reading = make_reading(noisy_contacts(12.0, 6), ar1(N_FRAMES, 4, 8), ar1(N_FRAMES, 4, 9))
    series = coordination_series(make_run(kind="S"), reading)
    assert not series["Li-DME"].any()  # F never touches, the other site does not count
    _, rows = find_start(make_run(kind="S"), reading)
    assert row_of(rows, "stationary", "all")["value"] == 1.0


def test_a_liquid_without_ions_is_judged_by_density_and_energy_alone() -> None:
    reading = make_reading(noisy_contacts(20.0, 1), 1000 + ar1(N_FRAMES, 5, 2), -5e4 + 100 * ar1(N_FRAMES, 5, 3))
    pure = replace(make_run(), cation=None, species=make_run().species[1:])
    _, rows = find_start(pure, reading)
    assert [one["label"] for one in rows] == ["density", "potential_energy", "temperature", "all", "all"]
    assert row_of(rows, "stationary", "all")["value"] == 1
    start, rows = find_start(pure, replace(reading, energies=reading.energies.iloc[:0]))
    assert start == 0 and math.isnan(row_of(rows, "stationary", "all")["value"])
