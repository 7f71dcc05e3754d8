"""What a periodic box takes off a diffusion coefficient."""

from __future__ import annotations

import math

import pytest

from analysis.finite_size import corrected_nm2_per_ps, correction_nm2_per_ps
from analysis.units import NM2_PER_PS_IN_D_UNIT


@pytest.mark.parametrize(("viscosity", "expected"), [(1.0, 1.2), (2.0, 0.62), (4.0, 0.31), (8.0, 0.16)])
def test_the_sizes_that_the_reference_gives(viscosity: float, expected: float) -> None:
    """298 K, 5 nm, by Yeh and Hummer (J. Phys. Chem. B 108, 15873, 2004) by hand, rounded to two digits."""
    found = correction_nm2_per_ps(298.0, 5.0, viscosity) * NM2_PER_PS_IN_D_UNIT
    assert found == pytest.approx(expected, abs=0.05 if viscosity == 1 else 0.006)


def test_it_goes_as_one_over_edge_and_viscosity() -> None:
    one = correction_nm2_per_ps(300.0, 3.0, 2.0)
    assert correction_nm2_per_ps(300.0, 6.0, 2.0) == pytest.approx(one / 2)
    assert correction_nm2_per_ps(300.0, 3.0, 6.0) == pytest.approx(one / 3)


def test_errors_of_both_enter() -> None:
    correction = correction_nm2_per_ps(300.0, 3.0, 2.0)
    value, error = corrected_nm2_per_ps((1e-4, 2e-5), (2.0, 0.5), 300.0, 3.0)
    assert value == pytest.approx(1e-4 + correction)
    assert error == pytest.approx(math.hypot(2e-5, correction / 4))


@pytest.mark.parametrize("bad", [(0.0, 3.0, 1.0), (300.0, -1.0, 1.0), (300.0, 3.0, math.nan)])
def test_what_is_not_positive_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="not positive"):
        correction_nm2_per_ps(*bad)
