"""Coordination numbers of arrangements that can be counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.cutoffs import CONTACT_NM, IONS
from analysis.observables.coordination import compute
from analysis.read import load_reading, read
from analysis.run import Run, SiteGroup, load_run
from analysis.table import frame

from .conftest import gas_document, run_document, species_entry, write_run
from .contact_runs import contact_reading, contact_run, normal_deviates, species, telegraph
from .test_rdf import lattice


def _table(folder: Path, document: dict[str, Any], positions: Any, boxes: Any, start_frame: int = 0) -> pd.DataFrame:
    run = load_run(write_run(folder / "run", document, positions, boxes))
    read(run, folder / "reading")
    rows = compute(run, load_reading(folder / "reading"), start_frame)
    return frame(rows, system="s", replica=1)


def _value(table: pd.DataFrame, quantity: str, label: str, x: float | None = None) -> float:
    chosen = table[(table["quantity"] == quantity) & (table["label"] == label)]
    if x is not None:
        chosen = chosen[np.isclose(chosen["x"], x)]
    assert len(chosen) == 1, chosen
    return float(chosen["value"].iloc[0])


@pytest.mark.parametrize(("spacing_nm", "expected"), [(0.27, 6), (0.19, 18), (0.155, 26), (0.29, 0)])
def test_neighbours_in_a_simple_cubic_lattice(tmp_path: Path, spacing_nm: float, expected: int) -> None:
    positions = np.tile(lattice(6, spacing_nm), (12, 1, 1))
    table = _table(tmp_path, gas_document(1, 215), positions, np.full((12, 3), 6 * spacing_nm))
    assert _value(table, "cn", "Li-O(G)") == expected
    assert _value(table, "cn_integral", "Li-O(G)") == expected
    assert _value(table, "cn_molecule", "Li-G") == expected
    assert _value(table, "cn_total", "Li-all") == expected
    assert _value(table, "cn_probability", "Li-O(G)", expected) == 1
    cn = table[table["quantity"] == "cn"].iloc[0]
    # A lattice never moves: its number is exact, but the run does not tell how much it could have varied.
    assert np.isnan(cn["error"])
    assert cn["note"] == ("no contact" if expected == 0 else "never changed: no error can be given")


def test_the_band_shows_what_lies_at_the_edge(tmp_path: Path) -> None:
    positions = np.tile(lattice(6, 0.29), (12, 1, 1))
    table = _table(tmp_path, gas_document(1, 215), positions, np.full((12, 3), 6 * 0.29))
    assert _value(table, "cn", "Li-O(G)") == 0
    assert _value(table, "cn_band", "Li-O(G)", 0.30) == 6
    assert _value(table, "cn_band", "Li-O(G)", 0.26) == 0


def test_counting_and_integral_agree_in_a_gas(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    boxes = np.repeat(1.5 * (1 + 0.05 * rng.uniform(-1, 1, size=(103, 1))), 3, axis=1)
    positions = rng.random((103, 90, 3)) * boxes[:, None]
    table = _table(tmp_path, gas_document(10, 80), positions, boxes, start_frame=17)
    cn = table[table["quantity"] == "cn"].iloc[0]
    assert _value(table, "cn_integral", "Li-O(G)") == pytest.approx(cn["value"], rel=1e-6)
    density = (80 / np.prod(boxes, axis=1)).mean()
    expected = density * 4 / 3 * np.pi * 0.28**3
    assert abs(cn["value"] - expected) < 2 * cn["error"] < 0.5
    shares = table[table["quantity"] == "cn_probability"]
    assert shares["value"].sum() == pytest.approx(1)
    assert (shares["value"] * shares["x"]).sum() == pytest.approx(cn["value"])


@pytest.mark.parametrize("ion", IONS)
def test_counting_and_integral_agree_for_every_cation(tmp_path: Path, ion: str) -> None:
    """Contact distances of other ions fall on edges of bins too, for every kind of site."""
    rng, kinds = np.random.default_rng(1), list(CONTACT_NM)
    species = [species_entry("M", "cation", 5, (IONS[ion][0],), 1.0)]
    species += [species_entry(f"S{kind}", "solvent", 60) for kind in kinds]
    sites = [{"label": kind, "species": f"S{kind}", "kind": kind, "atoms": [0]} for kind in kinds]
    positions = rng.random((30, 5 + 60 * len(kinds), 3)) * 1.5
    document = run_document(species, sites) | {"cation": "M"}
    table = _table(tmp_path, document, positions, np.full((30, 3), 1.5))
    for kind in kinds:
        counted, integral = (_value(table, name, f"M-{kind}") for name in ("cn", "cn_integral"))
        assert counted == pytest.approx(integral, abs=1e-12), kind
        assert counted > 0.3


@pytest.fixture
def shell(tmp_path: Path) -> pd.DataFrame:
    """Return the table of two Li: one held by both O of one DME and one F of an anion, one by its P alone."""
    species = [
        species_entry("Li", "cation", 2, charge_e=1.0),
        species_entry("PF", "anion", 2, (31.0, 19.0), -1.0, [(0, 1)]),
        species_entry("DME", "solvent", 2, (16.0, 12.0, 16.0), bonds=[(0, 1), (1, 2)]),
        species_entry("PAB", "polymer", 1, (1.0, 11.0, 1.0), bonds=[(0, 1), (1, 2)]),
    ]
    sites = [
        {"label": "F(PF)", "species": "PF", "kind": "F", "atoms": [1]},
        {"label": "P(PF)", "species": "PF", "kind": "P", "atoms": [0]},
        {"label": "O(DME)", "species": "DME", "kind": "O", "atoms": [0, 2]},
        {"label": "HB_head(PAB)", "species": "PAB", "kind": "HB", "atoms": [0]},
        {"label": "HB_middle(PAB)", "species": "PAB", "kind": "HB", "atoms": [2]},
    ]
    one, two = np.array([0.1, 0.1, 0.1]), np.array([2.0, 2.0, 2.0])
    x, y, z = np.eye(3)
    atoms = [
        one, two,
        one - 0.35 * z, one - 0.2 * z,  # across the boundary of the box
        two - 0.35 * z, two - 0.45 * z,
        one + 0.2 * x, one + 0.2 * (x + y), one + 0.2 * y,
        two + 0.5 * x, two + 0.6 * x, two + 0.7 * x,
        two + 0.2 * x, two + 0.2 * (x + y), two + 0.2 * y,
    ]  # fmt: skip
    positions = np.tile(np.array(atoms), (12, 1, 1)) % 4.0
    return _table(tmp_path, run_document(species, sites), positions, np.full((12, 3), 4.0))


def test_sites_and_molecules_of_a_mixed_shell(shell: pd.DataFrame) -> None:
    assert _value(shell, "cn", "Li-O(DME)") == 1.0  # two on the one, none on the other
    assert _value(shell, "cn_probability", "Li-O(DME)", 2) == 0.5
    assert _value(shell, "cn_probability", "Li-O(DME)", 0) == 0.5
    assert _value(shell, "cn_molecule", "Li-DME") == 0.5  # both O are of one molecule
    assert _value(shell, "cn", "Li-F(PF)") == 0.5
    assert _value(shell, "cn", "Li-P(PF)") == 1.0
    assert _value(shell, "cn_molecule", "Li-PF") == 0.5  # as in speciation through F alone, not where only P is near
    assert _value(shell, "cn_molecule_probability", "Li-PF", 1) == 0.5


def test_a_chain_that_touches_twice_is_one_molecule(shell: pd.DataFrame) -> None:
    assert _value(shell, "cn", "Li-HB_head(PAB)") == 0.5
    assert _value(shell, "cn", "Li-HB_middle(PAB)") == 0.5
    assert _value(shell, "cn_molecule", "Li-PAB") == 0.5


def test_the_total_leaves_out_what_only_sits_behind(shell: pd.DataFrame) -> None:
    # O 1.0 + F 0.5 + two HB 1.0; P, behind the fluorines, does not count.
    assert _value(shell, "cn_total", "Li-all") == 2.5


def test_error_and_series_follow_the_time(tmp_path: Path) -> None:
    n_frames = 1500
    together = np.arange(n_frames) >= 750
    positions = np.zeros((n_frames, 2, 3))
    positions[:, 1, 0] = np.where(together, 0.2, 1.0)
    table = _table(tmp_path, gas_document(1, 1), positions, np.full((n_frames, 3), 3.0), start_frame=300)
    cn = table[table["quantity"] == "cn"].iloc[0]
    assert cn["value"] == pytest.approx(750 / 1200)
    # Parts of 240 frames: 0, 1/8, 1, 1, 1.
    parts = np.array([0, 0.125, 1, 1, 1])
    assert cn["error"] == pytest.approx(2.7764 * parts.std(ddof=1) / np.sqrt(5), rel=1e-3)
    series = table[table["quantity"] == "cn_series"]
    assert len(series) == 500
    assert series["x"].iloc[[0, -1]].tolist() == [1.0, 1498.0]
    assert series["value"].tolist() == [0.0] * 250 + [1.0] * 250
    assert (series["note"] == "before the start").sum() == 100


def test_a_kind_without_contact_distance_has_no_coordination_number(tmp_path: Path) -> None:
    table = _table(tmp_path, gas_document(1, 1, kind="S"), np.ones((12, 2, 3)), np.full((12, 3), 3.0))
    assert table["quantity"].tolist() == ["cn"] and table["value"].isna().all()
    assert table["note"].str.contains("'S'").all()


def test_contacts_that_change_once_say_that_their_error_is_too_small(tmp_path: Path) -> None:
    near = np.arange(400) >= 200
    positions = np.zeros((400, 2, 3))
    positions[:, 1, 0] = np.where(near, 0.2, 1.0)
    table = _table(tmp_path, gas_document(1, 1), positions, np.full((400, 3), 3.0))
    for quantity in ("cn", "cn_integral", "cn_molecule", "cn_total"):
        (note,) = table[table["quantity"] == quantity]["note"]
        assert note.startswith("error from too few independent samples (block of 80 ps, correlation time "), quantity
        assert note.endswith("independent samples in all)")


def test_contacts_that_change_often_say_nothing(tmp_path: Path) -> None:
    positions = np.zeros((400, 2, 3))
    positions[:, 1, 0] = np.where(np.random.default_rng(2).random(400) < 0.5, 0.2, 1.0)
    table = _table(tmp_path, gas_document(1, 1), positions, np.full((400, 3), 3.0))
    assert table[table["quantity"] == "cn"]["note"].tolist() == [""]


def test_denticity_is_told_of_the_molecules_in_contact(shell: pd.DataFrame) -> None:
    assert _value(shell, "denticity", "Li-DME", 2) == 1.0
    assert _value(shell, "denticity", "Li-DME", 1) == 0.0
    assert _value(shell, "denticity_mean", "Li-DME") == 2.0
    assert _value(shell, "denticity", "Li-PF", 1) == 1.0  # P does not coordinate
    assert _value(shell, "denticity_mean", "Li-PAB") == 2.0


def _contact_table(run: Run, touching: dict[str, Any], n_frames: int) -> pd.DataFrame:
    return frame(compute(run, contact_reading(run, touching, n_frames), 0), system="s", replica=1)


def test_denticity_of_independent_atoms_and_its_error() -> None:
    """Three atoms, each in contact with p = 1/4: two touch in 3 p^2 (1-p) / (1 - (1-p)^3)."""
    site = SiteGroup("O(G3)", "G3", "O", (0, 1, 2))
    run = contact_run([species("Li", "cation", 12), species("G3", "solvent", 2, 3)], [site])
    touched = 1 - 0.75**3
    exact = {
        ("denticity", 1.0): (3 * 0.25 * 0.75**2 / touched, 15.0),
        ("denticity", 2.0): (3 * 0.25**2 * 0.75 / touched, 15.0),
        ("denticity_mean", None): (0.75 / touched, 15.0),
        ("cn_probability", 0.0): (0.75**6, 15.0),
        ("cn_probability", 2.0): (15 * 0.25**2 * 0.75**4, 15.0),
        ("cn_molecule_probability", 1.0): (2 * touched * (1 - touched), 15.0),
        ("cn_total", None): (1.5, 15.0),
        ("cn_drift", None): (0.0, 1e6),  # carried to the normal distribution already
    }
    found: dict[tuple[str, float | None], list[tuple[float, float]]] = {key: [] for key in exact}
    for seed in range(200):
        reading = contact_reading(run, {"O(G3)": telegraph(100, (12, 6), 0.6, 0.2, seed)}, 100)
        rows = compute(run, reading, 0)
        assert sum(one["value"] for one in rows if one["quantity"] == "denticity") == pytest.approx(1)
        for (quantity, x), own in found.items():
            one = next(one for one in rows if one["quantity"] == quantity and x in (None, round(one["x"], 6)))
            own.append((one["value"], one["error"]))
    for key, (truth, freedom) in exact.items():
        values, errors = np.array(found[key]).T
        z = normal_deviates(values, errors, truth, freedom)
        assert 0.8 < z.std() < 1.2 and abs(z.mean()) < 4 * z.std() / np.sqrt(z.size), (key, z.std(), z.mean())


def test_many_atoms_are_counted_together_and_none_is_said() -> None:
    site = SiteGroup("O(G9)", "G9", "O", tuple(range(9)))
    run = contact_run([species("Li", "cation", 2), species("G9", "solvent", 1, 9)], [site])
    held = np.zeros((20, 2, 9), dtype=bool)
    none = _contact_table(run, {"O(G9)": held}, 20)
    assert none[none["quantity"] == "denticity"]["note"].tolist() == ["no contact"] * 6
    held[:, 0] = True
    held[:, 1, :2] = True
    table = _contact_table(run, {"O(G9)": held}, 20)
    shares = table[table["quantity"] == "denticity"]
    assert shares["value"].tolist() == [0, 0.5, 0, 0, 0, 0.5]
    assert shares["note"].iloc[-1] == "or more"


def test_the_drift_of_a_coordination_number_is_judged() -> None:
    run = contact_run([species("Li", "cation", 20), species("G", "solvent", 10)], [SiteGroup("O(G)", "G", "O", (0,))])
    steady = telegraph(400, (20, 10), 0.1, 0.1, seed=1)
    rising = steady & (np.random.default_rng(0).random((400, 20, 10)) < np.linspace(0.2, 1, 400)[:, None, None])
    for contacts, note in ((steady, ""), (rising, "drifts")):
        table = _contact_table(run, {"O(G)": contacts}, 400)
        drift = table[table["quantity"] == "cn_drift"].iloc[0]
        series = contacts.sum(axis=2).mean(axis=1)
        assert drift["value"] == pytest.approx(series[-200:].mean() - series[:133].mean())
        assert drift["note"] == note
        assert (abs(drift["value"]) > drift["error"]) == bool(note)


def test_a_preview_is_not_judged_for_drift() -> None:
    sites = [SiteGroup("O(G)", "G", "O", (0,))]
    run = contact_run([species("Li", "cation", 20), species("G", "solvent", 10)], sites, preview=True)
    table = _contact_table(run, {"O(G)": telegraph(100, (20, 10), 0.1, 0.1, seed=1)}, 100)
    assert "cn_drift" not in set(table["quantity"])


def test_without_a_cation_there_are_no_rows() -> None:
    run = contact_run([species("G", "solvent", 10)], [SiteGroup("O(G)", "G", "O", (0,))])
    assert compute(run, contact_reading(run, {}, 20), 0) == []
