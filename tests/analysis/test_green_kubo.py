"""Viscosity of pressures whose correlations, and so the integral, are known exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import constants
from scipy.signal import lfilter

from analysis import green_kubo
from analysis.green_kubo import TO_MPA_S, fit_integral, running_integrals, shear_components, viscosity, viscosity_of
from analysis.pressures import Pressures
from tests.analysis.moving_ions import ion, is_honest, normal_deviates, run_of

VOLUME_NM3, TEMPERATURE_K = 40.0, 298.0
Modes = Sequence[tuple[float, float]]


def relaxing(
    seed: int,
    segments: int = 10,
    samples: int = 4000,
    interval_ps: float = 0.05,
    modes: Modes = ((80.0, 1.0), (30.0, 8.0)),
) -> tuple[Pressures, float]:
    """Pressures of modes (amplitude in bar, relaxation time in ps), and their viscosity in mPa s.

    All five shear components have C(t) = sum a^2 exp(-t / tau), the trace fluctuates by itself. The trapezoids of the
    sampled C are known: a^2 dt [1/2 + m / (1 - m)] with m = exp(-dt / tau).
    """
    rng = np.random.default_rng(seed)
    shear, integral = np.zeros((segments, samples, 5)), 0.0
    for amplitude, tau in modes:
        memory = math.exp(-interval_ps / tau)
        noise = rng.standard_normal(shear.shape) * math.sqrt(1 - memory**2)
        noise[:, 0] /= math.sqrt(1 - memory**2)
        shear += amplitude * lfilter([1.0], [1.0, -memory], noise, axis=1)
        integral += amplitude**2 * interval_ps * (0.5 + memory / (1 - memory))
    xy, xz, yz, difference, last = np.moveaxis(shear, -1, 0)
    trace = 300 * rng.standard_normal((segments, samples))
    zz = 2 / math.sqrt(3) * last
    xx, yy = difference - last / math.sqrt(3), -difference - last / math.sqrt(3)
    pressure = np.stack([xx + trace, yy + trace, zz + trace, xy, xz, yz], axis=-1)
    all_alike = np.full(segments, VOLUME_NM3), np.full(segments, TEMPERATURE_K)
    si = VOLUME_NM3 * 1e-27 / (constants.k * TEMPERATURE_K) * integral * 1e10 * 1e-12
    return Pressures(pressure, interval_ps, *all_alike), si * 1e3


def write_pressures(folder: Path, pressures: Pressures) -> Path:
    """The file that the workflow leaves beside run.json."""
    path = folder / "viscosity" / "pressure.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(
        path,
        pressure_bar=pressures.pressure_bar.astype(np.float32),
        interval_ps=pressures.interval_ps,
        volume_nm3=pressures.volume_nm3,
        temperature_K=pressures.temperature_K,
    )
    return path


def test_the_trace_is_no_shear_and_the_five_components_are_alike() -> None:
    assert np.all(shear_components(np.array([7.0, 7.0, 7.0, 0.0, 0.0, 0.0])) == 0.0)
    # a pure shear of unit size turned into each component has the same norm
    angle = math.pi / 4
    turned = np.array([math.sin(2 * angle), -math.sin(2 * angle), 0.0, 0.0, 0.0, 0.0])
    assert np.linalg.norm(shear_components(turned)) == pytest.approx(1.0)
    along_z = np.array([-1.0, -1.0, 2.0, 0.0, 0.0, 0.0]) / math.sqrt(3)
    assert np.linalg.norm(shear_components(along_z)) == pytest.approx(1.0)


def test_the_running_integral_is_exact_for_a_constant_pressure() -> None:
    """C = p^2 at all lags, in one of five components: the integral is V p^2 t / (5 k T)."""
    pressure = np.zeros((5, 100, 6))
    pressure[..., 3] = 2.0
    found = running_integrals(Pressures(pressure, 0.5, np.full(5, VOLUME_NM3), np.full(5, TEMPERATURE_K)))
    exact = TO_MPA_S * VOLUME_NM3 / TEMPERATURE_K * 4.0 / 5 * 0.5 * np.arange(50)
    np.testing.assert_allclose(found, np.tile(exact, (5, 1)), rtol=1e-9, atol=1e-15)


def test_the_mean_integral_of_known_modes() -> None:
    pressures, exact = relaxing(2, segments=200, samples=2000)
    running = running_integrals(pressures)
    late = running[:, int(60 / 0.05 * 0.5) :].mean(axis=1)
    assert abs(late.mean() - exact) < 3 * late.std() / math.sqrt(len(late)) < 0.15 * exact


def test_two_exponentials_come_back() -> None:
    lag = np.linspace(0.5, 40.0, 200)
    integral = 1.5 * (0.3 * (1 - np.exp(-lag / 0.8)) + 0.7 * (1 - np.exp(-lag / 9.0)))
    fitted = fit_integral(lag, integral, 0.5)
    assert fitted is not None
    assert fitted == pytest.approx((1.5, integral[-1]), rel=1e-4)


def test_a_viscosity_comes_back() -> None:
    pressures, exact = relaxing(3, segments=30)
    found = viscosity(pressures)
    assert found.plateau
    assert abs(found.value_mpas - exact) < 2 * found.half_width < 0.6 * exact
    assert found.segments == 30 and found.end_ps < 100.0


@pytest.mark.slow
def test_the_error_is_honest() -> None:
    """Spread of z over 200 repeats of ten segments of 200 ps: Student's t with nine degrees of freedom."""
    found = []
    for seed in range(200):
        pressures, exact = relaxing(seed)
        one = viscosity(pressures)
        if one.plateau:
            found.append((one.value_mpas - exact, one.half_width))
    assert len(found) >= 180
    deviation, half_width = np.array(found).T
    z = normal_deviates(deviation, half_width, 9)
    assert is_honest(z), (z.std(ddof=1), z.mean())


def test_segments_shorter_than_the_relaxation_give_a_lower_bound() -> None:
    bounds = []
    for seed in range(5):
        pressures, exact = relaxing(seed, segments=40, samples=400, modes=((30.0, 1.0), (30.0, 100.0)))
        found = viscosity(pressures)
        assert not found.plateau
        bounds.append(found.value_mpas / exact)
    assert np.mean(bounds) < 0.5


def test_few_segments_are_cut_into_parts() -> None:
    pressures, exact = relaxing(4, segments=1, samples=40_000)
    found = viscosity(pressures)
    assert found.segments == green_kubo.MIN_SEGMENTS
    assert abs(found.value_mpas - exact) < 2 * found.half_width


def test_pressures_without_shear_do_not_crash() -> None:
    pressures, _ = relaxing(5)
    still = viscosity(replace(pressures, pressure_bar=np.zeros_like(pressures.pressure_bar)))
    assert still.value_mpas == 0.0 and not still.plateau


@pytest.mark.parametrize("samples", [4, 20, 60])
def test_very_short_segments_do_not_crash(samples: int) -> None:
    pressures, _ = relaxing(6, segments=5, samples=samples)
    assert math.isfinite(viscosity(pressures).value_mpas)


def test_a_run_without_pressures_has_no_viscosity(tmp_path: Path) -> None:
    run = run_of([ion("Na", "cation", 1)], folder=tmp_path)
    assert viscosity_of(run, VOLUME_NM3) is None
    pressures, _ = relaxing(7)
    write_pressures(tmp_path, pressures)
    found = viscosity_of(run, VOLUME_NM3)
    assert found is not None
    assert found.value_mpas == pytest.approx(viscosity(pressures).value_mpas, rel=1e-4)
    assert viscosity_of(run, VOLUME_NM3) is found  # not computed twice
