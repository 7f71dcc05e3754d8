"""g(r) is one in an ideal gas, shells of a lattice lie where geometry says, peaks are not made of noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.observables.rdf import PARAMETERS, compute, curve_of, merge_bins
from analysis.read import Reading, load_reading, read
from analysis.run import Run, load_run
from analysis.table import frame

from .conftest import gas_document, write_run
from .contact_runs import normal_deviates


def _read(folder: Path, document: dict[str, Any], positions: Any, boxes: Any) -> tuple[Run, Reading]:
    run = load_run(write_run(folder / "run", document, positions, boxes))
    read(run, folder / "reading")
    return run, load_reading(folder / "reading")


def _table(run: Run, reading: Reading, label: str = "Li-O(G)") -> pd.DataFrame:
    table = frame(compute(run, reading, 0), system="s", replica=1)
    return table[table["label"] == label]


def _gas(folder: Path, seed: int, n_frames: int = 200) -> tuple[Run, Reading]:
    """Return an ideal gas in a box whose volume breathes by 30 %, far more than any liquid's."""
    rng = np.random.default_rng(seed)
    boxes = np.repeat(2.0 * (1 + 0.1 * rng.uniform(-1, 1, size=(n_frames, 1))), 3, axis=1)
    positions = rng.random((n_frames, 120, 3)) * boxes[:, None]
    return _read(folder, gas_document(20, 100), positions, boxes)


def test_g_of_an_ideal_gas_is_one_within_its_error(tmp_path: Path) -> None:
    run, reading = _gas(tmp_path, 1)
    table = _table(run, reading)
    g = table[(table["quantity"] == "g") & (table["x"] > 0.2)]
    within = (g["value"] - 1).abs() <= g["error"]
    assert 0.90 <= within.mean() <= 0.99
    curve = merge_bins(curve_of(run, reading, "Li-O(G)", 0), len(reading.bin_edges_nm) - 1)
    whole, parts = curve.g()
    assert whole[0] == pytest.approx(1, abs=4 * parts.std() / np.sqrt(len(parts)))
    assert whole[0] == pytest.approx(1, abs=0.01)
    # Normalised with the mean volume instead, the same counts give <V><1/V>, 1 % too much.
    volumes = np.prod(reading.box_nm, axis=1)
    assert volumes.mean() * (1 / volumes).mean() > 1.008


@pytest.mark.parametrize("seed", range(5))
def test_noise_makes_no_peak(tmp_path: Path, seed: int) -> None:
    run, reading = _gas(tmp_path, 100 + seed, n_frames=20)
    for label in ("Li-O(G)", "Li-Li"):
        table = _table(run, reading, label)
        features = table[table["quantity"].isin(["first_peak", "first_minimum"])]
        assert features["value"].isna().all()
        assert (features["note"] == "no peak stands out").all()


def test_running_number_of_an_ideal_gas_is_density_times_volume(tmp_path: Path) -> None:
    run, reading = _gas(tmp_path, 2)
    table = _table(run, reading)
    running = table[table["quantity"] == "running_cn"]
    density = (100 / np.prod(reading.box_nm, axis=1)).mean()
    expected = density * 4 / 3 * np.pi * running["x"] ** 3
    far = running["x"] > 0.5
    assert np.abs(running["value"] / expected - 1)[far].max() < 0.02
    g = table[table["quantity"] == "g"]
    width = g["x"].diff().iloc[1]
    assert width == pytest.approx(PARAMETERS["row_bins"] * 0.002)
    assert len(g) == len(running)
    assert running["value"].is_monotonic_increasing


@pytest.mark.slow
def test_errors_of_g_and_of_the_running_number_are_honest(tmp_path: Path) -> None:
    """Ideal gas, 200 repeats, within the listed pairs (parts and cations) and beyond (parts)."""
    found: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for seed in range(200):
        folder = tmp_path / str(seed)
        folder.mkdir()
        table = _table(*_gas(folder, 1000 + seed, n_frames=50))
        for quantity, x in (("g", 0.302), ("g", 0.602), ("running_cn", 0.3), ("running_cn", 0.6)):
            rows = table[(table["quantity"] == quantity) & ((table["x"] - x).abs() < 1e-6)]
            found.setdefault((quantity, x), []).append((rows["value"].iloc[0], rows["error"].iloc[0]))
    density = 100 / 8.0 * np.mean(1 / np.linspace(0.9, 1.1, 100_001) ** 3)
    for (quantity, x), values in found.items():
        means, errors = np.array(values).T
        truth = float(1.0 if quantity == "g" else density * 4 / 3 * np.pi * x**3)
        z = normal_deviates(means, errors, truth, dof=4 if x > 0.4 else 23)
        assert 0.8 < z.std() < 1.2, (quantity, x, z.std())
        assert abs(z.mean()) < 4 * z.std() / np.sqrt(z.size), (quantity, x, z.mean())


def test_cations_have_a_g_among_themselves(tmp_path: Path) -> None:
    run, reading = _gas(tmp_path, 4)
    table = _table(run, reading, "Li-Li")
    g = table[(table["quantity"] == "g") & (table["x"] > 0.3)]
    assert 0.90 <= ((g["value"] - 1).abs() <= g["error"]).mean() <= 0.99
    assert g["value"].mean() == pytest.approx(1, abs=0.02)
    # 19 others within the box, each pair seen from both its cations
    box = reading.box_nm.min()
    running = table[table["quantity"] == "running_cn"].iloc[-1]
    expected = 19 * 4 / 3 * np.pi * running["x"] ** 3 * (1 / np.prod(reading.box_nm, axis=1)).mean()
    assert running["x"] == pytest.approx(box / 2, abs=0.004)
    assert running["value"] == pytest.approx(expected, rel=0.02)
    assert "Li-Li" not in reading.pairs


def test_a_single_cation_has_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    run, reading = _read(tmp_path, gas_document(1, 20), rng.random((20, 21, 3)) * 2, np.full((20, 3), 2.0))
    table = _table(run, reading, "Li-Li")
    assert len(table) == 2 and table["value"].isna().all() and (table["note"] == "a single cation").all()


def test_shells_that_never_change_have_the_error_of_the_cations_that_differ(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    cations = lattice(2, 1.5)
    # one oxygen at each second cation, two at the others, for ever; every oxygen trembles a little
    partners = np.concatenate([cations + np.array([0.2, 0, 0]), cations[::2] + np.array([0, 0.2, 0])])
    still = np.concatenate([cations, partners])
    positions = still + 0.002 * rng.normal(size=(100, len(still), 3))
    run, reading = _read(tmp_path, gas_document(8, 12), positions, np.full((100, 3), 3.0))
    table = _table(run, reading)
    running = table[(table["quantity"] == "running_cn") & (table["x"] > 0.29) & (table["x"] < 0.31)]
    assert running["value"].to_numpy() == pytest.approx(1.5)
    # half of eight cations have one, half two: s = sqrt(2/7), t(0.975, 7) = 2.365
    assert running["error"].to_numpy() == pytest.approx(2.365 * np.sqrt(2 / 7 / 8), rel=1e-3)
    peak = table[(table["quantity"] == "g") & ((table["x"] - 0.2).abs() < 0.003)]
    assert len(peak) and (peak["error"] / peak["value"]).max() > 0.2


def lattice(n: int, spacing_nm: float) -> np.ndarray:
    """Return the points of a simple cubic lattice of n^3 points, the first at the origin."""
    return spacing_nm * np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


def test_shells_of_a_simple_cubic_lattice(tmp_path: Path) -> None:
    a = 0.301
    points = lattice(6, a)
    rng = np.random.default_rng(5)
    positions = points + rng.random((20, 1, 3)) * a  # the lattice moves as a whole
    boxes = np.full((20, 3), 6 * a)
    run, reading = _read(tmp_path, gas_document(1, 215), positions % boxes[:, None], boxes)
    table = _table(run, reading)
    running = table[table["quantity"] == "running_cn"].set_index("x")["value"]
    for radius, shells in ((0.9, 0), (1.2, 6), (1.6, 18), (1.85, 26), (2.1, 32), (2.3, 56)):
        assert running.iloc[np.searchsorted(running.index, radius * a)] == shells
    peak = table[table["quantity"] == "first_peak"].iloc[0]
    assert peak["value"] == pytest.approx(a, abs=0.001)
    assert "beyond the contact distance of 0.28 nm" in peak["note"]
    minimum = table[table["quantity"] == "first_minimum"].iloc[0]["value"]
    assert minimum == pytest.approx((1 + np.sqrt(2)) / 2 * a, abs=0.003)


def test_peak_and_its_error_from_a_broad_shell(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    n_frames, n_cations, box = 100, 10, 3.0
    centres = rng.random((n_frames, n_cations, 1, 3)) * box
    directions = rng.normal(size=(n_frames, n_cations, 4, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    radii = rng.normal(0.2, 0.01, size=(n_frames, n_cations, 4, 1))
    sites = (centres + radii * directions).reshape(n_frames, -1, 3)
    positions = np.concatenate([centres[:, :, 0], sites], axis=1) % box
    table = _table(*_read(tmp_path, gas_document(10, 40), positions, np.full((n_frames, 3), box)))
    peak = table[table["quantity"] == "first_peak"].iloc[0]
    # g = n(r) / r^2: the maximum lies 2 sigma^2 / r below that of the distances, 1 pm here.
    assert peak["value"] == pytest.approx(0.199, abs=max(0.001, peak["error"]))
    assert 0 < peak["error"] < 0.004
    assert peak["note"] == ""


def test_only_blocks_after_the_start_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    positions = rng.random((100, 30, 3)) * 2.0
    positions[:50, :5] = 0.5
    positions[:50, 5:] = 0.7
    run, reading = _read(tmp_path, gas_document(5, 25), positions, np.full((100, 3), 2.0))
    bin_of_pairs = int(np.sqrt(3) * 0.2 / 0.002)
    assert curve_of(run, reading, "Li-O(G)", 0).counts.sum(axis=0)[bin_of_pairs] > 6000
    late = curve_of(run, reading, "Li-O(G)", 50)
    assert late.counts.sum(axis=0)[bin_of_pairs] < 100
    assert late.cation_frames.sum() == 50 * 5
    assert curve_of(run, reading, "Li-O(G)", 51).cation_frames.sum() == 48 * 5
    assert curve_of(run, reading, "Li-O(G)", 99).cation_frames.sum() == 2 * 5


def test_a_shell_that_is_renewed_slowly_says_that_errors_are_too_small(tmp_path: Path) -> None:
    """Cations far apart that all lose two of their four neighbours in the middle of the run."""
    rng = np.random.default_rng(11)
    n_frames, box = 100, 4.0
    centres = np.tile(lattice(2, 2.0)[None, :, None], (n_frames, 1, 1, 1))
    directions = rng.normal(size=(n_frames, 8, 4, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    radii = rng.normal(0.2, 0.01, size=(n_frames, 8, 4, 1))
    radii[50:, :, 2:] += 0.2
    sites = (centres + radii * directions).reshape(n_frames, -1, 3)
    positions = np.concatenate([centres[:, :, 0], sites], axis=1) % box
    table = _table(*_read(tmp_path, gas_document(8, 32), positions, np.full((n_frames, 3), box)))
    features = table[table["quantity"].isin(["first_peak", "first_minimum"])]
    assert len(features) == 2 and features["value"].notna().all()
    doubt = "error from too few independent samples (block of 20 ps, correlation time "
    assert features["note"].str.contains(doubt, regex=False).all()
