"""Chains through a trajectory file: sizes, own copies, clusters and hydrogen bonds as rows with errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.chain_geometry import ChainsOfSpecies
from analysis.frames import NO_BOX_NM
from analysis.observables import chains, hydrogen_bonds
from analysis.read import load_reading, read
from analysis.reading import Reading
from analysis.run import Run, Species, load_run
from analysis.shells import mean_error
from analysis.table import Row
from tests.ideal_systems import ornstein_uhlenbeck

from .conftest import run_document, species_entry, write_run
from .moving_ions import is_honest, normal_deviates, reading_of, run_of

N_FRAMES, BOX = 60, np.full(3, 3.0)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Reading, np.ndarray]:
    """Return a run of two chains of five nitrogens with one hydrogen each, and four oxygens, in random motion."""
    rng = np.random.default_rng(1)
    bonds = [(i, i + 1) for i in range(4)] + [(i, i + 5) for i in range(5)]
    species = [
        species_entry("PAB", "polymer", 2, (14.0,) * 5 + (1.0,) * 5, bonds=bonds),
        species_entry("DME", "solvent", 4, (16.0,)),
    ]
    sites = [
        {"label": "HN_middle(PAB)", "species": "PAB", "kind": "HN", "atoms": [6, 7, 8]},
        {"label": "O(DME)", "species": "DME", "kind": "O", "atoms": [0]},
    ]
    heavy = np.cumsum(rng.normal(scale=0.08, size=(N_FRAMES, 2, 5, 3)), axis=2) + rng.random((N_FRAMES, 2, 1, 3)) * 3
    hydrogens = heavy + rng.normal(scale=0.06, size=heavy.shape)
    oxygens = hydrogens.reshape(N_FRAMES, 10, 3)[:, [1, 2, 6, 7]] + rng.normal(scale=0.12, size=(N_FRAMES, 4, 3))
    molecules = np.concatenate([heavy, hydrogens], axis=2)
    positions = np.concatenate([molecules.reshape(N_FRAMES, 20, 3), oxygens], axis=1)
    folder = tmp_path_factory.mktemp("chains")
    document = run_document(species, sites, cation=None)
    run = load_run(write_run(folder / "run", document, positions % BOX, np.tile(BOX, (N_FRAMES, 1))))
    read(run, folder / "reading", processes=2)
    return run, load_reading(folder / "reading"), molecules


def scalar(rows: Sequence[Row], quantity: str, label: str, column: str = "value") -> Any:
    """Return one column of the one row of a scalar."""
    (found,) = [one for one in rows if (one["quantity"], one["label"]) == (quantity, label) and np.isnan(one["x"])]
    return found[column]


def test_sizes_are_those_of_the_chains_that_were_written(measured: tuple[Run, Reading, np.ndarray]) -> None:
    run, reading, molecules = measured
    start = 20
    rows = chains.compute(run, reading, start)
    masses = np.array(run.species[0].masses_u)
    centred = molecules - np.average(molecules, axis=2, weights=masses)[:, :, None]
    radius = np.sqrt(np.average((centred**2).sum(axis=3), axis=2, weights=masses))
    length = np.linalg.norm(molecules[:, :, 4] - molecules[:, :, 0], axis=2)
    assert scalar(rows, "radius_of_gyration", "PAB") == pytest.approx(radius[start:].mean(), abs=1e-3)
    assert scalar(rows, "end_to_end_distance", "PAB") == pytest.approx(length[start:].mean(), abs=1e-3)
    assert scalar(rows, "radius_of_gyration", "PAB", "error") > 0
    smallest = scalar(rows, "own_copy_distance_min", "PAB")
    assert smallest == pytest.approx(reading.chain_sizes["PAB"][start:, :, 2].min())
    assert 1.5 < smallest < scalar(rows, "own_copy_distance", "PAB") < 3.0


def test_bonds_and_clusters_are_means_over_the_kept_frames(measured: tuple[Run, Reading, np.ndarray]) -> None:
    run, reading, _ = measured
    rows = hydrogen_bonds.compute(run, reading, 20)
    counts = reading.hydrogen_bonds["HN_middle(PAB)-O(DME)"]
    per_donor = scalar(rows, "hydrogen_bonds_per_donor", "HN_middle(PAB)-O(DME)")
    assert per_donor == pytest.approx(counts[20:].sum() / 40 / 6) and per_donor > 0.05
    assert counts.shape == (N_FRAMES, 2)
    assert scalar(rows, "hydrogen_bonds_per_donor", "HN_middle(PAB)-all") == per_donor
    largest, number = (scalar(rows, name, "chains") for name in ("largest_cluster", "clusters"))
    assert largest + number == pytest.approx(3.0)  # two chains: together (2, 1), or apart (1, 2)
    assert scalar(rows, "largest_cluster_share", "chains") == pytest.approx(largest / 2)


def test_chains_that_never_touch_get_no_error_but_a_reason(measured: tuple[Run, Reading, np.ndarray]) -> None:
    run, reading, _ = measured
    still = Reading(**{**vars(reading), "chain_clusters": np.tile([1, 2], (N_FRAMES, 1))})
    rows = hydrogen_bonds.compute(run, still, 0)
    assert scalar(rows, "clusters", "chains") == 2
    assert np.isnan(scalar(rows, "clusters", "chains", "error"))
    assert "never changed" in scalar(rows, "clusters", "chains", "note")


def test_without_chains_there_are_no_rows(gas_run: Path, tmp_path: Path) -> None:
    run = load_run(gas_run)
    read(run, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert chains.compute(run, reading, 0) == [] and hydrogen_bonds.compute(run, reading, 0) == []


def test_a_drift_is_told(measured: tuple[Run, Reading, np.ndarray]) -> None:
    run, reading, _ = measured
    grows = np.array(reading.chain_sizes["PAB"])
    grows[:, :, 0] += np.linspace(0, 1, N_FRAMES)[:, None]
    rows = chains.compute(run, Reading(**{**vars(reading), "chain_sizes": {"PAB": grows}}), 0)
    assert scalar(rows, "radius_of_gyration", "PAB", "note").startswith("not stationary")


def test_a_start_behind_the_last_sample_gives_a_reason(measured: tuple[Run, Reading, np.ndarray]) -> None:
    run, reading, _ = measured
    late = [*chains.compute(run, reading, N_FRAMES + 5), *hydrogen_bonds.compute(run, reading, N_FRAMES + 5)]
    assert late and all(np.isnan(entry["value"]) and entry["note"] for entry in late)


@pytest.mark.slow
@pytest.mark.parametrize("n_chains", [3, 8])
@pytest.mark.parametrize("frozen_nm", [0.0, 0.02, 0.5], ids=["mobile", "in between", "frozen"])
def test_the_error_of_the_radius_of_gyration_is_honest(n_chains: int, frozen_nm: float) -> None:
    """Chains of two atoms on a spring: Rg is half their distance, whose mean is sqrt(8 / pi) times its spread.

    To the Rg of each chain comes a number of its own for the whole run, as a shape that is packed and kept.
    """
    repeats, n_frames, spread_nm = 300, 300, 0.2
    species = Species("PAB", "PAB", "polymer", n_chains * repeats, 0.0, "", (14.0,) * 2, (0.0,) * 2, (), ((0, 1),))
    run = run_of([species], cation=None)
    of_species = ChainsOfSpecies(species, run.atom_indices("PAB"))
    arms = ornstein_uhlenbeck(n_frames, n_chains * repeats, spread_nm, 4.0, 1.0, seed=1)
    atoms = np.stack([0 * arms, arms], axis=2).reshape(n_frames, -1, 3).astype(np.float32)
    # without a box, so that no time goes into the distances to periodic copies
    sizes = np.array([of_species.sizes(frame, np.full(3, NO_BOX_NM)) for frame in atoms])
    sizes[:, :, 0] += frozen_nm * np.random.default_rng(2).normal(size=n_chains * repeats)
    reading = replace(reading_of(run, np.zeros((n_frames, 1, 3))), sample_frames=np.arange(n_frames))
    found = []
    for own in np.split(sizes, repeats, axis=1):
        rows = chains.compute(run, replace(reading, chain_sizes={"PAB": own}), 0)
        parts = np.array([part.mean(axis=0) for part in np.array_split(own[:, :, 0], 5)])
        told = [scalar(rows, "radius_of_gyration", "PAB", column) for column in ("value", "error")]
        found.append([*told, float(mean_error(parts).freedom)])
    value, half_width, freedom = np.array(found).T
    deviation = value - spread_nm * np.sqrt(2 / np.pi)
    z = np.array([normal_deviates(*one) for one in zip(deviation, half_width, freedom, strict=True)])
    assert is_honest(z), (z.std(ddof=1), z.mean())
    assert np.mean(np.abs(deviation) < half_width) > 0.9


def test_chains_that_keep_their_shape_have_the_error_of_their_spread(
    measured: tuple[Run, Reading, np.ndarray],
) -> None:
    run, reading, _ = measured
    rng = np.random.default_rng(3)
    shapes = 0.5 + 0.1 * np.array([-1.0, 1.0, -1.0, 1.0])[:, None] + 0.001 * rng.normal(size=(N_FRAMES, 4, 3))
    rows = chains.compute(run, replace(reading, chain_sizes={"PAB": shapes}), 0)
    # Student's t with three degrees of freedom, and the standard error of four numbers 0.1 off their mean
    error = 3.1824 * 0.1 * np.sqrt(4 / 3) / 2
    assert scalar(rows, "radius_of_gyration", "PAB", "error") == pytest.approx(error, rel=0.01)
    note = scalar(rows, "radius_of_gyration", "PAB", "note")
    assert note.startswith("error from the spread between the chains, ") and "cations" not in note
