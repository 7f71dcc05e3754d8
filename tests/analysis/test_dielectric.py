"""The dielectric constant of dipoles whose fluctuations are known exactly, and the honesty of its error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import constants

from analysis.observables import dielectric
from analysis.read import Reading, load_reading, read
from analysis.run import load_run
from analysis.table import Row
from tests.analysis.conftest import write_run
from tests.analysis.moving_ions import is_honest, normal_deviates
from tests.analysis.test_dipole import BOX_NM, CHARGE_E, LENGTH_NM, dipoles_document
from tests.ideal_systems import free_dipoles, ornstein_uhlenbeck

TEMPERATURE_K = 298.0
DEBYE_PER_E_NM = 48.0320
MOMENT_C_M = CHARGE_E * LENGTH_NM * constants.e * 1e-9
MEASURED = {"quantity": "dielectric_constant", "value": 10.0, "unit": "1", "source": "x"}


def langevin(n_dipoles: int, moment_C_m: float) -> float:
    """Dielectric constant of free dipoles: eps - 1 = N mu^2 / (3 eps_0 V k T)."""
    volume_m3 = (BOX_NM * 1e-9) ** 3
    thermal: float = 3 * constants.epsilon_0 * volume_m3 * constants.k * TEMPERATURE_K
    return 1 + n_dipoles * moment_C_m**2 / thermal


def only(rows: list[Row], quantity: str) -> Row:
    (found,) = (one for one in rows if one["quantity"] == quantity)
    return found


@pytest.fixture(scope="module")
def rotors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reading]:
    """A run of 20 free rotors read from its trajectory, molecules lying across the boundary."""
    folder, n, frames = tmp_path_factory.mktemp("rotors"), 20, 3000
    directions = free_dipoles(frames, n, 1.0, seed=5)
    start = np.random.default_rng(6).uniform(0, BOX_NM, (frames, n, 3))
    pairs = np.stack([start, start + LENGTH_NM * directions], axis=2).reshape(frames, 2 * n, 3)
    document = dipoles_document(n, published=[MEASURED])
    path = write_run(folder, document, pairs % BOX_NM, np.full((frames, 3), BOX_NM))
    read(load_run(path), folder / "reading")
    return path, load_reading(folder / "reading")


def test_free_rotors_have_the_dielectric_constant_of_langevin(rotors: tuple[Path, Reading]) -> None:
    path, reading = rotors
    rows = dielectric.compute(load_run(path), reading, 0)
    found, exact = only(rows, "dielectric_constant"), langevin(20, MOMENT_C_M)
    assert exact > 5  # so that a percent of eps is a percent of the fluctuation
    assert abs(found["value"] - exact) < found["error"]
    assert found["error"] < 0.08 * exact
    assert found["note"] == ""
    assert only(rows, "dipole_correlation_time")["value"] == pytest.approx(0, abs=0.2)
    assert only(rows, "molecular_dipole")["value"] == pytest.approx(CHARGE_E * LENGTH_NM * DEBYE_PER_E_NM, rel=0.01)


def test_the_deviation_from_experiment_is_that_of_the_value(rotors: tuple[Path, Reading]) -> None:
    path, reading = rotors
    rows = dielectric.compute(load_run(path), reading, 0)
    found, deviation = only(rows, "dielectric_constant"), only(rows, "deviation_from_experiment")
    assert deviation["value"] == pytest.approx(100 * (found["value"] / 10 - 1))
    assert (deviation["error"], deviation["unit"]) == (pytest.approx(10 * found["error"]), "%")


def repeated(correlation_times: float, repeats: int = 300) -> tuple[np.ndarray, float]:
    """Value and half-width of repeated runs of so many correlation times (repeats, 2), and the exact value."""
    frames = 1500
    moments = ornstein_uhlenbeck(frames, repeats, 1.0, frames / correlation_times, 1.0, seed=11)
    volume_nm3 = np.full(frames, 20.0)
    scale = (constants.e * 1e-9) ** 2 / (3 * constants.epsilon_0 * 20e-27 * constants.k * TEMPERATURE_K)
    found = [
        dielectric.dielectric_constant(one, volume_nm3, TEMPERATURE_K, dielectric.correlated_frames(one))
        for one in moments.transpose(1, 0, 2)
    ]
    return np.array(found), 1 + 3 * scale  # each component of M has the variance 1 (e nm)^2


@pytest.mark.parametrize("correlation_times", [100.0, 300.0])
def test_the_error_of_a_converged_run_is_honest(correlation_times: float) -> None:
    found, exact = repeated(correlation_times)
    assert is_honest(normal_deviates(found[:, 0] - exact, found[:, 1], 4))
    assert abs(found[:, 0].mean() - exact) / (exact - 1) < 0.015


def test_the_mean_that_is_taken_off_leaves_no_bias() -> None:
    """Without the correction a run of 40 correlation times would give 5 % too little."""
    found, exact = repeated(40.0)
    assert abs(found[:, 0].mean() - exact) / (exact - 1) < 0.02


def test_a_short_run_says_that_it_is_not_converged(rotors: tuple[Path, Reading]) -> None:
    path, reading = rotors
    slow = ornstein_uhlenbeck(reading.n_frames, 1, 1.0, 100.0, 1.0, seed=3)[:, 0]
    rows = dielectric.compute(load_run(path), replace(reading, dipole_e_nm=slow), 0)
    assert only(rows, "dielectric_constant")["note"].startswith("not converged: 3000 ps are ")
    fast = ornstein_uhlenbeck(reading.n_frames, 1, 1.0, 20.0, 1.0, seed=3)[:, 0]
    rows = dielectric.compute(load_run(path), replace(reading, dipole_e_nm=fast), 0)
    assert only(rows, "dielectric_constant")["note"] == ""
    assert only(rows, "dipole_correlation_time")["value"] == pytest.approx(20, rel=0.4)


def test_a_mixture_has_none_and_says_why(rotors: tuple[Path, Reading]) -> None:
    """Of pure liquids only: with a second solvent, or with chains, there is a reason and no number."""
    path, reading = rotors
    run = load_run(path)
    for role in ("solvent", "polymer"):
        other = replace(run.species[0], name="Y", role=role)
        (found,) = dielectric.compute(replace(run, species=(*run.species, other)), reading, 0)
        assert found["quantity"] == "dielectric_constant" and np.isnan(found["value"])
        assert found["note"] == "a mixture: only that of pure liquids is given"


def test_the_dipole_of_a_molecule_is_a_root_mean_square_with_an_honest_error(rotors: tuple[Path, Reading]) -> None:
    """Mean squares that differ widely from frame to frame: exponential ones of mean 4 have the root 2, not 1.77."""
    path, reading = rotors
    run, rng, found = load_run(path), np.random.default_rng(4), []
    unit = dielectric.E_NM_IN_DEBYE**2
    for _ in range(300):
        squares = rng.exponential(4.0 / unit, reading.n_frames)
        rows = dielectric.compute(run, replace(reading, dipole_square_e2_nm2=squares), 0)
        found.append((only(rows, "molecular_dipole")["value"], only(rows, "molecular_dipole")["error"]))
    values, errors = np.array(found).T
    assert values.mean() == pytest.approx(2.0, abs=4 * values.std() / np.sqrt(300))
    assert is_honest(normal_deviates(values - 2.0, errors, 4))


def test_without_charges_or_box_there_is_a_reason(rotors: tuple[Path, Reading]) -> None:
    path, reading = rotors
    rows = dielectric.compute(load_run(path), replace(reading, box_nm=np.full_like(reading.box_nm, np.nan)), 0)
    for quantity in ("dielectric_constant", "deviation_from_experiment"):
        assert np.isnan(only(rows, quantity)["value"]) and only(rows, quantity)["note"] == "no box, so no volume"
    assert np.isfinite(only(rows, "molecular_dipole")["value"])
    (unknown,) = dielectric.compute(load_run(path), replace(reading, dipole_e_nm=None), 0)
    assert np.isnan(unknown["value"]) and unknown["note"] == "charges are not known"


def test_a_liquid_with_ions_has_none(gas_run: Path, tmp_path: Path) -> None:
    read(load_run(gas_run), tmp_path / "reading")
    assert dielectric.compute(load_run(gas_run), load_reading(tmp_path / "reading"), 0) == []
