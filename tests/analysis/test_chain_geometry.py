"""Sizes of chains of known shape, their distance to their own copies, and clusters drawn by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analysis.chain_geometry import ChainsOfSpecies, chain_ends, clusters, own_image_distance
from analysis.run import Species

SPACING_NM = 0.15


def rod(n: int, mass_u: float = 14.0) -> Species:
    """Return a straight chain of n heavy atoms with a hydrogen on each."""
    bonds = [(i, i + 1) for i in range(n - 1)] + [(i, n + i) for i in range(n)]
    masses = (mass_u,) * n + (1.008,) * n
    return Species("P", "rod", "polymer", 1, 0.0, "", masses, (0.0,) * 2 * n, ("A",) * 2 * n, tuple(bonds))


def rod_positions(n: int) -> np.ndarray:
    heavy = np.arange(n)[:, None] * np.array([SPACING_NM, 0, 0])
    return np.concatenate([heavy, heavy + np.array([0, 0.1, 0])])


def test_a_rod_has_the_radius_and_length_of_a_rod() -> None:
    n, box = 8, np.full(3, 3.0)
    chain = ChainsOfSpecies(rod(n), np.arange(4 * n).reshape(2, 2 * n))
    positions = np.concatenate([rod_positions(n) + np.array([2.5, 0.1, 0.2]), rod_positions(n)[:, [1, 2, 0]]]) % box
    sizes = chain.sizes(positions.astype(np.float32), box)
    masses, shape = np.array(rod(n).masses_u), rod_positions(n)
    centred = shape - np.average(shape, axis=0, weights=masses)
    radius = np.sqrt(np.average((centred**2).sum(axis=1), weights=masses))
    np.testing.assert_allclose(sizes[:, 0], radius, atol=1e-6)
    np.testing.assert_allclose(sizes[:, 1], (n - 1) * SPACING_NM, atol=1e-6)
    np.testing.assert_allclose(sizes[:, 2], 3.0 - (n - 1) * SPACING_NM, atol=1e-6)


def test_the_ends_of_a_chain_are_its_heavy_atoms_farthest_along_bonds() -> None:
    species = rod(5)
    assert chain_ends(species, np.arange(5)) == (0, 4)
    order = (2, 0, 4, 1, 3)  # the same chain with its atoms in another order
    bonds = tuple((order[a], order[b]) for a, b in species.bonds if b < 5)
    mixed = Species("P", "", "polymer", 1, 0.0, "", (14.0,) * 5, (0.0,) * 5, ("A",) * 5, bonds)
    assert chain_ends(mixed, np.arange(5)) == (2, 3)


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_own_copy_is_the_nearest_of_all_copies(seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = rng.uniform(0.8, 2.0, 3)
    whole = np.cumsum(rng.normal(scale=0.15, size=(6, 12, 3)), axis=1)
    images = np.array([n for n in product((-1, 0, 1), repeat=3) if any(n)]) * box
    apart = whole[:, :, None, None] - whole[:, None, :, None] - images
    expected = np.linalg.norm(apart, axis=-1).min(axis=(1, 2, 3))
    np.testing.assert_allclose(own_image_distance(whole, box), expected)


def test_clusters_are_joined_by_contacts_through_the_boundary() -> None:
    box = np.full(3, 4.0)
    # Chains 0 and 1 touch through the boundary, 1 and 2 inside the box, 3 is alone, 4 and 5 are a pair.
    first_atoms = np.array([[0.1, 1, 1], [3.9, 1, 1], [3.6, 1, 1], [2, 2, 2], [1, 3, 3], [1, 3.3, 3]])
    second_atoms = first_atoms + np.array([0, 0, 0.15])
    positions = np.stack([first_atoms, second_atoms], axis=1).reshape(-1, 3).astype(np.float32)
    assert clusters(positions, box, np.repeat(np.arange(6), 2)) == (3, 3)
    assert clusters(positions[:2], box, np.zeros(2, dtype=np.int64)) == (1, 1)
    apart = np.array([[0, 0, 0], [0.36, 0, 0]], dtype=np.float32)
    assert clusters(apart, box, np.arange(2)) == (1, 2)
