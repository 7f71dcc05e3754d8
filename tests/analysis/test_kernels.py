"""The compiled loops give the numbers that the same arithmetic gives in NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.cutoffs import pair_cutoff_nm
from analysis.kernels import PAIR_DTYPE
from analysis.neighbours import BIN_NM, Neighbours
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


def minimum_image(vectors: np.ndarray, box: np.ndarray) -> np.ndarray:
    lengths = box.astype(np.float32)
    shortest: np.ndarray = vectors - np.rint(vectors * (np.float32(1.0) / lengths)) * lengths
    return shortest


def test_pairs_are_those_that_numpy_finds(run: Run, tmp_path: Path) -> None:
    frames = np.array([positions(seed) for seed in range(20)])
    boxes = np.array([BOX * (1 + 0.01 * number) for number in range(20)])
    blocks = np.repeat([0, 1], 10)
    counted = Neighbours(run, 2, 1.7, tmp_path)
    for part in (slice(0, 1), slice(1, 16), slice(16, 20)):
        counted.add(part.start, blocks[part], frames[part], boxes[part])
    counted.flush()
    cations, sites = frames[:, :9], frames[:, np.delete(np.arange(9, 99), np.s_[1::3])]
    expected, listed = np.zeros_like(counted.counts), []
    for number in range(20):
        for label, partners in enumerate((sites[number], cations[number])):
            apart = minimum_image(partners[None] - cations[number, :, None], boxes[number])
            distances = np.sqrt(np.einsum("csk,csk->cs", apart, apart))
            bins = np.minimum(distances / BIN_NM, counted.n_bins).astype(int)
            expected[blocks[number], label] += np.bincount(bins.ravel(), minlength=counted.n_bins + 1)
            close = zip(*np.nonzero(distances < pair_cutoff_nm("O", (22.99,))), strict=True)
            listed += [(number, c, s, distances[c, s]) for c, s in close if label == 0]
        expected[blocks[number], 1, 0] -= 9
    # Rounding may put a distance on the edge of a bin into the one beside it: seen as two bins that differ by one.
    assert np.abs(counted.counts - expected).sum() <= 2 * 3 and np.array_equal(counted.counts.sum(2), expected.sum(2))
    found = np.frombuffer((tmp_path / "0.bin").read_bytes(), dtype=PAIR_DTYPE)
    assert [(f, c, s) for f, c, s, _ in found.tolist()] == [(f, c, s) for f, c, s, _ in listed]
    np.testing.assert_allclose(found["distance_nm"], [nm for *_, nm in listed], atol=1e-6)
    assert len(listed) > 100


def test_centres_are_those_that_numpy_finds(run: Run) -> None:
    bonds = Bonds(run)
    weights = centres_of_mass(bonds, run)
    frames, boxes = np.array([positions(seed) for seed in (1, 2)]), np.array([BOX, 1.1 * BOX])
    found, longest = bonds.centres(frames, boxes, weights)
    for number in range(2):
        vectors = bonds.vectors(frames[number], boxes[number])
        np.testing.assert_allclose(found[number], frames[number][bonds.roots] + weights @ vectors, atol=1e-6)
        # of the two links of each molecule the second stands in for the missing bond
        assert longest[number] == pytest.approx(np.abs(vectors[::2]).max(), abs=1e-6)


def test_a_coordinate_that_is_no_number_shows_in_the_centre_of_its_molecule(run: Run) -> None:
    bonds = Bonds(run)
    for atom, molecule in ((3, 3), (9, 9), (10, 9), (98, 38)):
        frame = positions(1)
        frame[atom, 1] = np.nan if atom % 2 else np.inf
        (centres,), _ = bonds.centres(frame[None], BOX[None], centres_of_mass(bonds, run))
        assert np.flatnonzero(~np.isfinite(centres.sum(axis=1))).tolist() == [molecule]


def test_paths_are_those_that_numpy_finds() -> None:
    rng = np.random.default_rng(2)
    inside, boxes = rng.random((40, 7, 3)) * 2, 2.0 + 0.1 * rng.random((40, 3))
    masses = np.arange(1.0, 8.0)
    steps = np.diff(inside, axis=0)
    steps -= boxes[1:, None] * np.rint(steps / boxes[1:, None])
    paths = np.concatenate([inside[:1], inside[0] + np.cumsum(steps, axis=0)])
    drift = np.einsum("m,fmk->fk", masses / masses.sum(), paths)
    expected = paths - (drift - drift[0])[:, None]
    unwrapper = Unwrapper(masses)
    points = inside + rng.integers(-2, 3, size=inside.shape) * boxes[:, None]
    found = [unwrapper.steps(points[a:b], boxes[a:b]) for a, b in ((0, 1), (1, 17), (17, 40))]
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-12)
    np.testing.assert_allclose(unwrapper.steady, expected[-1], atol=1e-12)
    assert unwrapper.wrapped == pytest.approx(inside[-1], abs=1e-12)
    assert unwrapper.largest_step == pytest.approx((np.abs(steps) / boxes[1:, None]).max())
    single = np.empty((40, 7, 3), dtype=np.float32)
    assert Unwrapper(masses).steps(points, boxes, out=single) is single
    np.testing.assert_allclose(single, expected, atol=1e-6)
