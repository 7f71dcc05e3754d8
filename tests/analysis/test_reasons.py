"""No number is missing without a reason: every observable on small runs that lack this or that, through run.json."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.energies import ENERGY_COLUMNS
from analysis.observe import find_observables
from analysis.read import load_reading, read
from analysis.report_runs import report_runs
from analysis.run import load_run
from analysis.stationarity import find_start
from analysis.table import Row

from .conftest import run_document, species_entry, write_run

BOX_NM = 2.4
COMPOSITION = {"predicted_density_kg_per_m3": 1000.0, "predicted_volume_nm3": 12.0}
PUBLISHED = [
    {"quantity": name, "value": 10.0, "unit": unit, "source": "x"}
    for name, unit in (("dielectric_constant", "1"), ("density", "kg/m^3"), ("heat_of_vaporisation", "kJ/mol"))
]
CHAIN_BONDS = [(i, i + 1) for i in range(4)] + [(i, i + 5) for i in range(5)]


def document(*, ions: int = 6, chains: bool = False, **changes: Any) -> dict[str, Any]:
    """Return run.json of salt in dimers G, or of dimers alone, with chains N-H or without."""
    species = [species_entry("G", "solvent", 30, (16.0, 12.0), bonds=[(0, 1)]) | {"charges_e": [-0.4, 0.4]}]
    sites = [{"label": "O(G)", "species": "G", "kind": "O", "atoms": [0]}]
    if ions:
        salt = [species_entry("Na", "cation", ions, (23.0,), 1.0), species_entry("X", "anion", ions, (19.0,), -1.0)]
        species, sites = [*salt, *species], [*sites, {"label": "F(X)", "species": "X", "kind": "F", "atoms": [0]}]
    if chains:
        species.append(species_entry("PAB", "polymer", 2, (14.0,) * 5 + (1.0,) * 5, bonds=CHAIN_BONDS))
        sites.append({"label": "N_middle(PAB)", "species": "PAB", "kind": "N", "atoms": [1, 2, 3]})
        sites.append({"label": "HN_middle(PAB)", "species": "PAB", "kind": "HN", "atoms": [6, 7, 8]})
    known = {"cation": "Na" if ions else None, "composition": COMPOSITION, "published": PUBLISHED}
    return run_document(species, sites, **(known | changes))


def written(folder: Path, described: dict[str, Any], n_frames: int = 60, *, box: bool = True) -> Path:
    """Write a run of these molecules, each a random walk of atoms 0.1 nm apart."""
    rng, frames = np.random.default_rng(1), []
    sizes = [len(entry["masses_u"]) for entry in described["species"] for _ in range(entry["count"])]
    places = rng.random((len(sizes), 3)) * BOX_NM
    for _ in range(n_frames):
        places = places + rng.normal(scale=0.03, size=places.shape)
        atoms = [place + rng.normal(scale=0.06, size=(n, 3)) for place, n in zip(places, sizes, strict=True)]
        frames.append(np.concatenate(atoms))
    positions = np.array(frames) % BOX_NM if box else np.array(frames)
    return write_run(folder, described, positions, np.full((n_frames, 3), BOX_NM * box))


def measured(run_json: Path, reading: Path) -> dict[str, list[Row]]:
    """Return the rows of every observable and of the stationarity, of a run.json on disk."""
    run = load_run(run_json)
    read(run, reading)
    loaded = load_reading(reading)
    start, rows = find_start(run, loaded)
    return {"stationarity": rows} | {name: compute(run, loaded, start) for name, compute in find_observables().items()}


def energies(n: int) -> pd.DataFrame:
    """Return energies of a run at constant volume."""
    table = pd.DataFrame(np.random.default_rng(2).normal(300.0, 1.0, (n, len(ENERGY_COLUMNS))), columns=ENERGY_COLUMNS)
    return table.assign(time_ps=np.arange(float(n)), Density=np.nan, Volume=np.nan)


def without(described: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the document with a key of all species emptied."""
    return described | {"species": [entry | {key: []} for entry in described["species"]]}


RUNS: dict[str, Callable[[Path], Path]] = {
    "ions": lambda folder: written(folder, document()),
    "ions without a box": lambda folder: written(folder, document(), box=False),
    "one cation": lambda folder: written(folder, document(ions=1)),
    "ten frames": lambda folder: written(folder, document(chains=True), 10),
    "a pure liquid": lambda folder: written(folder, document(ions=0, vapour_energy="vapour.edr")),
    "a pure liquid without a box": lambda folder: written(folder, document(ions=0), box=False),
    "a pure liquid without charges": lambda folder: written(folder, without(document(ions=0), "charges_e")),
    "chains": lambda folder: written(folder, document(chains=True, monomers=5)),
    "chains without a box": lambda folder: written(folder, document(chains=True, monomers=5), box=False),
    "chains without bonds or charges": lambda folder: written(
        folder, without(without(document(chains=True), "bonds"), "charges_e")
    ),
    "a preview": lambda folder: written(folder, document(chains=True, preview=True)),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("with_energies", [False, True])
def test_no_number_is_missing_without_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, with_energies: bool
) -> None:
    if with_energies:
        monkeypatch.setattr("analysis.energies.read_energies", lambda path: energies(60))
    tables = measured(RUNS[name](tmp_path / "run"), tmp_path / "reading")
    silent = [
        (table, entry["quantity"], entry["label"], entry["x"])
        for table, rows in tables.items()
        for entry in rows
        if np.isnan(entry["value"]) and not entry["note"]
    ]
    assert silent == []


USELESS: list[dict[str, Any]] = [
    {"label": "N(G)", "species": "G", "kind": "N", "atoms": []},
    {"label": "O_2(X)", "species": "X", "kind": "O", "atoms": [0, 4]},
    {"label": "N(DME)", "species": "DME", "kind": "N", "atoms": [0]},
]
SULPHUR: dict[str, Any] = {"label": "S(G)", "species": "G", "kind": "S", "atoms": [1]}


def test_sites_that_no_atom_matches_cost_nothing_and_reach_the_report(tmp_path: Path) -> None:
    path = written(tmp_path / "run", document(chains=True))
    whole = measured(path, tmp_path / "reading")
    described = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(described | {"sites": [*described["sites"], *USELESS]}), encoding="utf-8")
    for name, rows in measured(path, tmp_path / "other").items():
        same = [entry for entry in rows if entry["quantity"] != "trajectory_end"]
        # as text, where NaN equals NaN
        assert str(same) == str([entry for entry in whole[name] if entry["quantity"] != "trajectory_end"])
    described |= {"sites": [*described["sites"], *USELESS, SULPHUR], "published": []}
    path.write_text(json.dumps(described), encoding="utf-8")
    assert report_runs([path], tmp_path / "report.html", tmp_path / "work") == []
    page = html.unescape((tmp_path / "report.html").read_text(encoding="utf-8"))
    n_sites = len(described["sites"])
    for index, site in enumerate([*USELESS, SULPHUR], start=n_sites - len(USELESS) - 1):
        assert f"run.json: site {site['label']} (sites[{index}])" in page


def test_a_kind_without_a_contact_distance_has_a_radial_distribution_and_no_contacts(tmp_path: Path) -> None:
    path = written(tmp_path / "run", document(chains=True))
    described = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(described | {"sites": [*described["sites"], SULPHUR]}), encoding="utf-8")
    tables = measured(path, tmp_path / "reading")
    assert sum(entry["label"] == "Na-S(G)" and entry["quantity"] == "g" for entry in tables["rdf"]) > 100
    contacts = [entry for entry in tables["coordination"] if entry["label"] == "Na-S(G)"]
    assert all(np.isnan(entry["value"]) and "'S'" in entry["note"] for entry in contacts)
    assert any(entry["quantity"] == "cn" and np.isfinite(entry["value"]) for entry in tables["coordination"])
