"""Hydrogen bonds placed by hand, and counted as a slow and plain program counts them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.hydrogen_bonding import HYDROGEN_BONDS, HydrogenBonds
from analysis.observables import hydrogen_bonds
from analysis.run import SiteGroup, load_run
from analysis.shells import mean_error
from analysis.unwrap import minimum_image

from .conftest import run_document, species_entry, write_run
from .contact_runs import telegraph
from .moving_ions import ion, is_honest, normal_deviates, reading_of, run_of

BOX = np.full(3, 2.0)


def amine_document(n_donors: int, n_acceptors: int) -> dict[str, Any]:
    """Return N-H molecules that also have an O, and molecules of one F."""
    donor = species_entry("D", "polymer", n_donors, (14.0, 1.0, 16.0), bonds=[(0, 1), (0, 2)])
    acceptor = species_entry("A", "solvent", n_acceptors, (19.0,))
    sites = [
        {"label": "HN(D)", "species": "D", "kind": "HN", "atoms": [1]},
        {"label": "O(D)", "species": "D", "kind": "O", "atoms": [2]},
        {"label": "F(A)", "species": "A", "kind": "F", "atoms": [0]},
    ]
    return run_document([donor, acceptor], sites, cation=None)


def counts(folder: Path, document: dict[str, Any], positions: np.ndarray) -> dict[str, int]:
    run = load_run(write_run(folder / "run", document, positions[None], BOX[None]))
    bonds = HydrogenBonds(run)
    bonds.add(positions.astype(np.float32), BOX)
    return {label: int(bonds.series()[f"{HYDROGEN_BONDS}{label}"][0].sum()) for label in bonds.labels}


@pytest.mark.parametrize(
    ("distance_nm", "angle", "bonded"),
    [(0.2, 180, 1), (0.249, 180, 1), (0.251, 180, 0), (0.2, 131, 1), (0.2, 129, 0), (0.24, 0, 0)],
)
def test_distance_and_angle_decide(tmp_path: Path, distance_nm: float, angle: float, bonded: int) -> None:
    hydrogen = np.array([1.98, 0.0, 1.0])  # the acceptor is on the other side of the boundary
    turned = np.radians(180 - angle)
    acceptor = hydrogen + distance_nm * np.array([np.cos(turned), np.sin(turned), 0])
    positions = np.array([hydrogen - [0.1, 0, 0], hydrogen, hydrogen - [0.1, 0.14, 0], acceptor]) % BOX
    assert counts(tmp_path, amine_document(1, 1), positions) == {"HN(D)-O(D)": 0, "HN(D)-F(A)": bonded}


def test_an_oxygen_of_the_same_molecule_does_not_count(tmp_path: Path) -> None:
    one = np.array([[0.5, 0.5, 0.5], [0.6, 0.5, 0.5], [0.8, 0.5, 0.5]])
    found = counts(tmp_path, amine_document(1, 1), np.concatenate([one, [[1.5, 1.5, 1.5]]]))
    assert found == {"HN(D)-O(D)": 0, "HN(D)-F(A)": 0}
    other = one + np.array([0, 0.9, 0])
    other[2] = one[1] + [0.2, 0, 0]
    one[2] = [0.3, 0.5, 0.5]
    found = counts(tmp_path, amine_document(2, 1), np.concatenate([one, other, [[1.5, 1.9, 1.5]]]))
    assert found == {"HN(D)-O(D)": 1, "HN(D)-F(A)": 0}


def test_a_crowd_is_counted_as_a_plain_program_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    donors, acceptors = 60, 150
    start = rng.random((donors, 1, 3)) * 2
    turns = rng.normal(size=(donors, 2, 3))
    arms = turns / np.linalg.norm(turns, axis=2, keepdims=True) * [[0.1], [0.14]]
    molecules = np.concatenate([start, start + arms], axis=1)
    positions = np.concatenate([molecules.reshape(-1, 3), rng.random((acceptors, 3)) * 2]) % BOX
    found = counts(tmp_path, amine_document(donors, acceptors), positions)
    nitrogen, hydrogen, oxygen = positions[: 3 * donors].reshape(donors, 3, 3).transpose(1, 0, 2)
    for label, others, own in (("HN(D)-O(D)", oxygen, True), ("HN(D)-F(A)", positions[3 * donors :], False)):
        expected: int = 0
        for i in range(donors):
            for j, other in enumerate(others):
                to_acceptor, to_nitrogen = minimum_image(np.array([other, nitrogen[i]]) - hydrogen[i], BOX)
                cosine = to_acceptor @ to_nitrogen / np.linalg.norm(to_acceptor) / np.linalg.norm(to_nitrogen)
                near = np.linalg.norm(to_acceptor) < 0.25 and np.degrees(np.arccos(cosine)) > 130
                expected += bool(near and not (own and i == j))
        assert found[label] == expected
    assert found["HN(D)-F(A)"] > 5


def test_without_donors_acceptors_or_bonds_there_is_nothing(tmp_path: Path) -> None:
    document = amine_document(1, 1)
    document["species"][0]["bonds"] = []
    run = load_run(write_run(tmp_path / "run", document, np.ones((1, 4, 3)), BOX[None]))
    bonds = HydrogenBonds(run)
    bonds.add(np.ones((4, 3), dtype=np.float32), BOX)
    assert bonds.labels == [] and bonds.series() == {}


@pytest.mark.slow
def test_an_ideal_gas_of_acceptors_has_the_number_of_bonds_of_the_cone_with_an_honest_error(tmp_path: Path) -> None:
    """Per donor the density times 2/3 pi r^3 (1 - cos 50 degrees), the cone within 50 degrees of straight on."""
    n_donors, n_acceptors, n_frames, repeats = 20, 100, 100, 200
    document = amine_document(n_donors, n_acceptors)
    document["sites"] = [site for site in document["sites"] if site["label"] != "O(D)"]
    run = load_run(write_run(tmp_path / "run", document, np.ones((1, 3 * n_donors + n_acceptors, 3)), BOX[None]))
    rng = np.random.default_rng(7)
    bonds = HydrogenBonds(run)
    donors = np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]]) + rng.random((n_donors, 1, 3)) * 2
    for _ in range(n_frames * repeats):
        positions = np.concatenate([donors.reshape(-1, 3), rng.random((n_acceptors, 3)) * 2]) % BOX
        bonds.add(positions.astype(np.float32), BOX)
    counts = bonds.series()[f"{HYDROGEN_BONDS}HN(D)-F(A)"].reshape(repeats, n_frames, n_donors)
    exact = n_acceptors / 8 * 2 / 3 * np.pi * 0.25**3 * (1 - np.cos(np.radians(50)))
    reading, found = reading_of(run, np.zeros((n_frames, run.n_molecules, 3))), []
    for own in counts:
        one = replace(reading, sample_frames=np.arange(n_frames), hydrogen_bonds={"HN(D)-F(A)": own})
        rows = {entry["label"]: entry for entry in hydrogen_bonds.compute(run, one, 0)}
        found.append((rows["HN(D)-all"]["value"] - exact, rows["HN(D)-F(A)"]["error"], freedom(own)))
    assert is_honest(np.array([normal_deviates(*one) for one in np.array(found)]))


def freedom(counts: np.ndarray) -> float:
    """Return the degrees of freedom of the error of counts (S, molecules)."""
    return float(mean_error(np.array([part.mean(axis=0) for part in np.array_split(counts, 5)])).freedom)


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [0.0, 0.02, 0.3], ids=["mobile", "in between", "frozen"])
def test_the_error_of_bonds_that_last_is_honest(frozen: float) -> None:
    """Bonds that form and break at given rates, ten times as long as frames are apart: the mean share is known.

    To those of each molecule comes a number of its own for the whole run, as packed chains keep their neighbours.
    """
    run = run_of(
        [ion("D", "solvent", 10), ion("A", "solvent", 10)],
        [SiteGroup("HN(D)", "D", "HN", (0,)), SiteGroup("O(A)", "A", "O", (0,))],
        cation=None,
    )
    reading, found = reading_of(run, np.zeros((600, 20, 3))), []
    for seed in range(300):
        counts = telegraph(600, (10,), 0.1, 0.05, seed) + frozen * np.random.default_rng(1000 + seed).normal(size=10)
        one = replace(reading, sample_frames=np.arange(600), hydrogen_bonds={"HN(D)-O(A)": counts})
        (row, _) = hydrogen_bonds.compute(run, one, 0)
        found.append((row["value"] - 1 / 3, row["error"], freedom(counts)))
    assert is_honest(np.array([normal_deviates(*one) for one in np.array(found)]))


def test_donors_without_bonds_give_a_reason() -> None:
    sites = [SiteGroup("HN(D)", "D", "HN", (0,)), SiteGroup("O(A)", "A", "O", (0,))]
    run = run_of([ion("D", "solvent", 10), ion("A", "solvent", 10)], sites, cation=None)
    (row,) = hydrogen_bonds.compute(run, reading_of(run, np.zeros((20, 20, 3))), 0)
    assert row["label"] == "HN(D)-all" and np.isnan(row["value"]) and row["note"].startswith("no bond leads to")
