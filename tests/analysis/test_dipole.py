"""Dipole moments of molecules that lie across the boundary of the box, worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.dipole import TotalDipole
from analysis.read import load_reading, read
from analysis.run import load_run
from analysis.unwrap import Bonds
from tests.analysis.conftest import gas_document, run_document, species_entry, write_run
from tests.ideal_systems import free_dipoles

CHARGE_E, LENGTH_NM, BOX_NM = 0.5, 0.2, 2.0


def dipoles_document(count: int, **changes: Any) -> dict[str, Any]:
    entry = species_entry("X", "solvent", count, (10.0, 10.0), bonds=[(0, 1)]) | {"charges_e": [-CHARGE_E, CHARGE_E]}
    return run_document([entry], [], cation=None, **changes)


def test_molecules_have_their_dipoles_wherever_they_lie(tmp_path: Path) -> None:
    shape = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.02]])
    expected = 0.3 * shape[1] + 0.5 * shape[2]
    box = np.array([2.0, 3.0, 1.0])
    entry = species_entry("W", "solvent", 2, (16.0, 1.0, 1.0), bonds=[(0, 1), (0, 2)])
    document = run_document([entry | {"charges_e": [-0.8, 0.3, 0.5]}], [], cation=None)
    run = load_run(write_run(tmp_path, document, np.ones((1, 6, 3)), box[None]))
    bonds = Bonds(run)
    for corner in ((1.95, 2.95, 0.99), (0.02, 0.01, 0.97), (5.0, -4.0, 0.5)):
        whole = np.concatenate([shape + np.array(corner), shape[:, [1, 2, 0]]])
        dipole = TotalDipole(run, bonds)
        dipole.add(bonds.vectors((whole % box).astype(np.float32), box))
        np.testing.assert_allclose(dipole.total_e_nm[0], expected + expected[[1, 2, 0]], atol=1e-6)
        assert dipole.mean_square_e2_nm2[0] == pytest.approx(expected @ expected, abs=1e-6)


def test_one_pass_stores_the_dipole_of_every_frame(tmp_path: Path) -> None:
    directions = free_dipoles(12, 7, 1.0, seed=1)
    start = np.random.default_rng(2).uniform(0, BOX_NM, (12, 7, 3))
    pairs = np.stack([start, start + LENGTH_NM * directions], axis=2)
    path = write_run(tmp_path, dipoles_document(7), pairs.reshape(12, 14, 3) % BOX_NM, np.full((12, 3), BOX_NM))
    read(load_run(path), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert reading.dipole_e_nm is not None and reading.dipole_square_e2_nm2 is not None
    expected = CHARGE_E * LENGTH_NM * directions.sum(axis=1)
    np.testing.assert_allclose(reading.dipole_e_nm, expected, atol=7 * CHARGE_E * 0.001)  # .xtc keeps 0.001 nm
    np.testing.assert_allclose(reading.dipole_square_e2_nm2, (CHARGE_E * LENGTH_NM) ** 2, rtol=0.01)
    assert reading.histograms == {} and reading.pairs == {}


def test_a_liquid_with_ions_or_unknown_charges_has_none(tmp_path: Path, gas_run: Path) -> None:
    read(load_run(gas_run), tmp_path / "reading")
    assert load_reading(tmp_path / "reading").dipole_e_nm is None
    document = dipoles_document(2)
    document["species"][0]["charges_e"] = None
    path = write_run(tmp_path / "unknown", document, np.zeros((10, 4, 3)), np.full((10, 3), BOX_NM))
    run = load_run(path)
    assert not TotalDipole(run, Bonds(run)).known


def test_a_cation_may_be_missing_only_where_there_is_none(tmp_path: Path) -> None:
    document = gas_document(2, 3) | {"cation": None}
    path = write_run(tmp_path, document, np.zeros((10, 5, 3)), np.full((10, 3), BOX_NM))
    with pytest.raises(Exception, match="cation is missing, but one of the species has this role"):
        load_run(path)
