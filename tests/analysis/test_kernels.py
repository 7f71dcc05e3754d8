"""Compiled loops and NumPy give the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis import kernels
from analysis.neighbours import Neighbours
from analysis.run import Run, load_run
from analysis.unwrap import Bonds, Unwrapper, centres_of_mass

from .conftest import run_document, species_entry, write_run

BOX = np.array([1.9, 2.0, 2.1])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run of 9 cations and 30 molecules of three atoms, a bond of which is missing."""
    species = [
        species_entry("Na", "cation", 9, (22.99,), charge_e=1.0),
        species_entry("W", "solvent", 30, (16.0, 1.0, 2.0), bonds=[(0, 1)]),
    ]
    sites = [{"label": "O(W)", "species": "W", "kind": "O", "atoms": [0, 2]}]
    return load_run(write_run(tmp_path / "run", run_document(species, sites), np.ones((1, 99, 3)), BOX[None]))


def positions(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((99, 3)) * 6 - 2).astype(np.float32)


def test_pairs(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "HAS_NUMBA", compiled)
        folder = tmp_path / str(compiled)
        folder.mkdir()
        counted = Neighbours(run, 1, 1.7, folder)
        for frame in range(20):
            counted.add(frame, 0, positions(frame), BOX * (1 + 0.01 * frame))
        counted.flush()
        found[compiled] = counted.counts, (folder / "0.bin").read_bytes()
    assert np.array_equal(found[True][0], found[False][0])
    assert found[True][1] == found[False][1] != b""
    assert found[True][0][0, 0].sum() == 20 * 9 * 60
    assert found[True][0][0, 1].sum() == 20 * 9 * 8


def test_centres(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bonds, found = Bonds(run), {}
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "HAS_NUMBA", compiled)
        out = np.empty((run.n_molecules, 3))
        found[compiled] = bonds.centres(positions(1), BOX, centres_of_mass(bonds, run), out), out
    assert found[True][0] == pytest.approx(found[False][0], abs=1e-6)
    np.testing.assert_allclose(found[True][1], found[False][1], atol=1e-6)


def test_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    wrapped, boxes = rng.random((40, 7, 3)) * 2, 2.0 + 0.1 * rng.random((40, 3))
    found = {}
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "HAS_NUMBA", compiled)
        unwrapper = Unwrapper(np.arange(1.0, 8.0))
        steady = [unwrapper.steps(wrapped[a:b], boxes[a:b]) for a, b in ((0, 1), (1, 17), (17, 40))]
        assert unwrapper.wrapped is not None and np.array_equal(unwrapper.wrapped, wrapped[-1])
        found[compiled] = np.concatenate(steady), unwrapper.largest_step
    np.testing.assert_allclose(found[True][0], found[False][0], atol=1e-12)
    assert found[True][1] == pytest.approx(found[False][1])
