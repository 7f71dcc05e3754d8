"""Molecules become whole, and paths of known displacement are recovered in a box that breathes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.read import load_reading, read
from analysis.run import load_run
from analysis.unwrap import Bonds, Unwrapper, bond_tree, centres_of_mass, make_whole, minimum_image

from .conftest import gas_document, run_document, species_entry, write_run

BONDS = [(1, 0), (1, 2), (2, 3), (3, 0), (2, 4)]  # a ring of four with a tail
MASSES = (12.0, 14.0, 16.0, 1.0, 19.0)
SHAPE_NM = np.array([[0, 0, 0], [0.15, 0, 0], [0.15, 0.15, 0], [0, 0.15, 0], [0.25, 0.25, 0.1]])


def _broken(rng: np.random.Generator, n: int, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = SHAPE_NM + rng.random((n, 1, 3)) * box
    return whole, whole % box


def test_molecules_across_the_boundary_are_made_whole() -> None:
    rng = np.random.default_rng(1)
    box = np.array([1.0, 1.2, 0.9])
    whole, broken = _broken(rng, 50, box)
    assert np.abs(broken - whole).max() > 0.5
    mended = make_whole(broken, box, bond_tree(5, BONDS))
    shapes = mended - mended[:, :1]
    assert np.allclose(shapes, SHAPE_NM, atol=1e-12)
    assert np.allclose(mended[:, 0], broken[:, 0])


def test_a_chain_longer_than_the_box_is_made_whole() -> None:
    n = 30
    straight = np.zeros((1, n, 3))
    straight[0, :, 0] = 0.15 * np.arange(n)
    box = np.array([1.0, 1.0, 1.0])
    mended = make_whole(straight % box, box, bond_tree(n, [(i, i + 1) for i in range(n - 1)]))
    assert np.allclose(mended, straight)


def test_centre_of_mass_equals_that_of_the_whole_molecule(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    box = np.array([1.0, 1.2, 0.9])
    _, broken = _broken(rng, 20, box)
    species = [species_entry("Li", "cation", 1), species_entry("R", "solvent", 20, MASSES, bonds=BONDS)]
    path = write_run(tmp_path, run_document(species, []), np.zeros((2, 101, 3)), np.ones((2, 3)))
    run = load_run(path)
    bonds = Bonds(run)
    positions = np.concatenate([np.ones((1, 3)), broken.reshape(100, 3)]).astype(np.float32)
    vectors = bonds.vectors(positions, box)
    centres = positions[bonds.roots] + centres_of_mass(bonds, run) @ vectors
    mended = make_whole(broken, box, bond_tree(5, BONDS))
    assert np.allclose(centres[0], 1.0)
    assert np.allclose(centres[1:], np.average(mended, axis=1, weights=MASSES), atol=1e-6)
    longest = np.abs(SHAPE_NM[[1, 3, 2, 4]] - SHAPE_NM[[0, 0, 1, 2]]).max()
    _, found = bonds.centres(positions[None], box[None], centres_of_mass(bonds, run))
    assert found == pytest.approx(longest, abs=1e-6)
    assert bonds.unconnected == {}


def test_an_atom_that_no_bond_leads_to_is_linked_to_the_one_before_it() -> None:
    tree = bond_tree(6, [(0, 2), (4, 3)])
    assert sorted(zip(tree.parents, tree.children, tree.bonded, strict=True)) == [
        (0, 1, False), (0, 2, True), (2, 3, False), (3, 4, True), (4, 5, False)
    ]  # fmt: skip
    rng, box = np.random.default_rng(3), np.full(3, 1.5)
    whole = np.cumsum(rng.normal(scale=0.1, size=(20, 6, 3)), axis=1)
    mended = make_whole(whole % box, box, tree)
    np.testing.assert_allclose(mended - mended[:, :1], whole - whole[:, :1], atol=1e-12)


def _walk(rng: np.random.Generator, n_frames: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return boxes (F, 3), true paths (F, n, 3) and what a trajectory would hold of them (F, n, 3).

    The box breathes by 5 %. Walkers scatter about nothing: their paths are free, as if the box were not there,
    and each frame holds them shifted by whole lengths of that frame's box, as dynamics writes them.
    """
    boxes = np.repeat(2.0 * (1 + 0.05 * rng.standard_normal((n_frames, 1))), 3, axis=1)
    steps = rng.normal(scale=0.1, size=(n_frames, n, 3))
    steps -= steps.mean(axis=1, keepdims=True)
    wrapped = np.empty_like(steps)
    paths = np.cumsum(steps, axis=0)
    wrapped[0] = paths[0] % boxes[0]
    for t in range(1, n_frames):
        wrapped[t] = (wrapped[t - 1] + steps[t]) % boxes[t]
    return boxes, paths, wrapped


def test_known_paths_are_recovered_where_counting_boxes_fails() -> None:
    boxes, paths, wrapped = _walk(np.random.default_rng(5), 2000, 20)
    unwrapper = Unwrapper(np.ones(20))
    found = np.array([unwrapper.step(r, box) for r, box in zip(wrapped, boxes, strict=True)])
    assert np.allclose(found - found[0], paths - paths[0], atol=1e-9)
    images = np.zeros((20, 3))
    lattice = [wrapped[0]]
    for before, now, box in zip(wrapped[:-1], wrapped[1:], boxes[1:], strict=True):
        images -= np.rint((now - before) / box)
        lattice.append(now + images * box)
    assert np.abs(np.array(lattice) - lattice[0] - (paths - paths[0])).max() > 0.5


def test_paths_through_a_trajectory_file(tmp_path: Path) -> None:
    boxes, paths, wrapped = _walk(np.random.default_rng(6), 400, 12)
    document = gas_document(2, 10)
    document["species"][1]["masses_u"] = [6.94]
    run = load_run(write_run(tmp_path / "run", document, wrapped, boxes))
    read(run, tmp_path / "reading")
    com = np.asarray(load_reading(tmp_path / "reading").com_nm, dtype=float)
    # The file holds three decimals of a nm: rounding adds up like a walk, far below one step of 0.1 nm.
    assert np.abs((com - com[0]) - (paths - paths[0])).max() < 0.03


def test_frames_at_once_give_what_frame_by_frame_gives() -> None:
    boxes, _, wrapped = _walk(np.random.default_rng(9), 50, 7)
    one, many = Unwrapper(np.arange(1.0, 8.0)), Unwrapper(np.arange(1.0, 8.0))
    expected = np.array([one.step(r, box) for r, box in zip(wrapped, boxes, strict=True)])
    found = np.concatenate([many.steps(wrapped[a:b], boxes[a:b]) for a, b in ((0, 1), (1, 20), (20, 50))])
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert many.largest_step == pytest.approx(one.largest_step)


def test_the_drift_of_the_whole_system_is_removed_by_mass() -> None:
    rng = np.random.default_rng(7)
    masses = np.array([1.0, 10.0, 100.0])
    start = rng.random((3, 3))
    box = np.full(3, 3.0)
    unwrapper = Unwrapper(masses)
    relative = np.array([[5.0, 0, 0], [0, -0.5, 0], [-0.05, 0.05, 0]])  # adds up to nothing by mass
    for t in range(200):
        true = start + 0.002 * t * relative
        found = unwrapper.step((true + 0.05 * t) % box, box)
        if t == 0:
            origin = found
        assert np.allclose(found - origin, true - start, atol=1e-9)


def test_minimum_image_is_the_shortest_copy() -> None:
    box = np.array([1.0, 2.0, 3.0])
    vectors = np.random.default_rng(8).normal(scale=5.0, size=(100, 3))
    short = minimum_image(vectors, box)
    assert np.all(np.abs(short) <= box / 2)
    assert np.allclose((vectors - short) / box, np.rint((vectors - short) / box))


def test_the_copy_of_a_point_that_a_file_holds_does_not_matter() -> None:
    """In a box that breathes by 5 %, wrapped points and points any number of boxes away give the same paths."""
    rng = np.random.default_rng(6)
    boxes = 2.0 * (1 + 0.05 * rng.standard_normal((50, 3)))
    wrapped = (rng.random((1, 9, 3)) + rng.normal(0, 0.02, (50, 9, 3)).cumsum(axis=0)) * boxes[:, None] % boxes[:, None]
    elsewhere = wrapped + rng.integers(-3, 4, (50, 9, 1)) * boxes[:, None]
    masses = np.ones(9)
    first, second = Unwrapper(masses).steps(wrapped, boxes), Unwrapper(masses).steps(elsewhere, boxes)
    assert np.allclose(first - first[0], second - second[0], atol=1e-9)
