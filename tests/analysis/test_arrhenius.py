"""Activation energies of rates that follow Arrhenius exactly: no bias, and intervals as wide as they say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import constants, stats

from analysis.arrhenius import CURVED, arrhenius

T_K = np.array([280.0, 298.0, 320.0, 345.0, 373.0])
ENERGY_KJ = 17.5
PREFACTOR = 900.0
N = 3000
HALF_WIDTHS = 1.959964  # standard errors


def exact(temperatures_K: NDArray[np.float64] = T_K) -> NDArray[np.float64]:
    """Return rates that follow Arrhenius."""
    logarithms = -ENERGY_KJ * constants.kilo / (constants.R * temperatures_K)
    return np.asarray(PREFACTOR * np.exp(logarithms), dtype=np.float64)


def test_exact_rates_give_the_energy_and_the_line() -> None:
    rates = exact()
    line = arrhenius(list(T_K), list(rates), list(rates * [0.02, 0.3, 0.1, 0.05, 0.2]))
    assert line.energy_kJ_per_mol == pytest.approx(ENERGY_KJ, rel=1e-9)
    assert line.values([300.0, 500.0]) == pytest.approx(exact(np.array([300.0, 500.0])), rel=1e-9)
    assert line.p_straight == pytest.approx(1.0)


def test_two_errors_alone_decide_as_the_difference_of_two_logarithms_does() -> None:
    """With one temperature known far worse than the others the slope is that of the two others."""
    rates, x = exact(np.array([280.0, 320.0, 373.0])), 1 / np.array([280.0, 373.0])
    line = arrhenius([280.0, 320.0, 373.0], list(rates), list(rates * [0.05, 1e4, 0.08]))
    expected = np.hypot(0.05, 0.08) / (x[0] - x[1]) * constants.R / constants.kilo
    assert line.error_kJ_per_mol == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_known_errors_give_z_of_spread_one(share: float) -> None:
    rng = np.random.default_rng(11)
    sigmas = exact() * share * np.array([2.0, 1.0, 0.5, 1.0, 2.0])
    lines = [
        arrhenius(list(T_K), list(rates), list(HALF_WIDTHS * sigmas))
        for rates in exact() + sigmas * rng.standard_normal((N, T_K.size))
    ]
    z = np.array([HALF_WIDTHS * (one.energy_kJ_per_mol - ENERGY_KJ) / one.error_kJ_per_mol for one in lines])
    assert abs(z.mean()) < 4 / np.sqrt(N) + 0.1 * share / 0.05  # of second order in the errors
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * N) + 0.02
    assert np.mean(np.abs(z) < HALF_WIDTHS) == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / N) + 0.005)
    p = np.array([one.p_straight for one in lines])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=4 * np.sqrt(0.95 * 0.05 / N) + 0.005)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_intervals_from_replicas_hold(n: int) -> None:
    """Errors from n replicas by Student's t, as pooled tables have them."""
    rng = np.random.default_rng(12)
    noise = np.array([0.05, 0.1, 0.15, 0.1, 0.05])
    inside = []
    for _ in range(N):
        runs = exact() * (1 + noise * rng.standard_normal((n, T_K.size)))
        errors = stats.t.ppf(0.975, n - 1) * runs.std(axis=0, ddof=1) / np.sqrt(n)
        line = arrhenius(list(T_K), list(runs.mean(axis=0)), list(errors))
        inside.append(abs(line.energy_kJ_per_mol - ENERGY_KJ) <= line.error_kJ_per_mol)
    assert np.mean(inside) > 0.93 - 4 * np.sqrt(0.95 * 0.05 / N)


def test_rates_that_bend_are_told() -> None:
    bent = 900 * np.exp(-700.0 / (T_K - 180.0))  # Vogel, Fulcher and Tammann
    assert arrhenius(list(T_K), list(bent), list(0.05 * bent)).p_straight < CURVED
    assert arrhenius(list(T_K), list(bent), list(2.0 * bent)).p_straight > CURVED


@pytest.mark.parametrize(
    ("temperatures", "values", "errors"),
    [
        ([300.0, 310.0], [1.0, 2.0], [0.1, 0.1]),
        ([300.0, 310.0, 310.0], [1.0, 2.0, 2.0], [0.1, 0.1, 0.1]),
        ([300.0, 310.0, 320.0], [1.0, -2.0, 3.0], [0.1, 0.1, 0.1]),
        ([300.0, 310.0, 320.0], [1.0, 2.0, 3.0], [0.1, 0.0, 0.1]),
        ([300.0, 310.0, 320.0], [1.0, 2.0, 3.0], [0.1, float("nan"), 0.1]),
        ([300.0, 310.0, float("inf")], [1.0, 2.0, 3.0], [0.1, 0.1, 0.1]),
    ],
)
def test_what_makes_no_line_is_refused(temperatures: list[float], values: list[float], errors: list[float]) -> None:
    with pytest.raises(ValueError, match=r"positive|needs 3"):
        arrhenius(temperatures, values, errors)
