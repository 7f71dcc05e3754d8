"""Arrhenius lines: the activation energy of a rate that was measured at several temperatures.

ln v = ln A - E / (R T). E is R times minus the slope of the weighted least-squares line through ln v against 1 / T,
each value with the weight (v / e)^2, e its error. A value without an error has no weight and must be left out before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants, special

FEWEST_TEMPERATURES = 3
CURVED = 0.01
"""Level at which the points do not lie on a straight line."""
_NORMAL_95 = float(special.ndtri(0.975))
_KJ_PER_J = 1.0 / constants.kilo


@dataclass(frozen=True)
class Arrhenius:
    """A line through ln v against 1 / T.

    error_kJ_per_mol is the half-width of the 95 % interval of the energy; p_straight is the chance of points that lie
    at least as far from the line as these, were it straight.
    """

    energy_kJ_per_mol: float
    error_kJ_per_mol: float
    log_prefactor: float
    p_straight: float

    def values(self, temperatures_K: ArrayLike) -> NDArray[np.float64]:
        """Return the values of the line at some temperatures, in the unit of the values it was made of."""
        inverse = 1.0 / np.asarray(temperatures_K, dtype=np.float64)
        logarithms = self.log_prefactor - self.energy_kJ_per_mol / (constants.R * _KJ_PER_J) * inverse
        return np.asarray(np.exp(logarithms), dtype=np.float64)


def arrhenius(temperatures_K: Sequence[float], values: Sequence[float], errors: Sequence[float]) -> Arrhenius:
    """Return the Arrhenius line through values with these errors.

    Args:
        temperatures_K: temperatures in K, three different ones or more.
        values: positive values in any unit.
        errors: half-widths of their 95 % intervals in the same unit, positive.

    The interval of the energy is that of the errors, e / v each in ln v, carried through the line. It holds when the
    errors are small against the values (below 20 %) and independent; with errors from three replicas it holds 94 % of
    the time. Scatter about the line does not widen it: where it is larger than the errors explain, p_straight is small.

    Raises:
        ValueError: too few temperatures, or a number that is not positive and finite.
    """
    t, v, e = (np.asarray(one, dtype=np.float64) for one in (temperatures_K, values, errors))
    if not all(np.all(np.isfinite(one) & (one > 0)) for one in (t, v, e)):
        raise ValueError("temperatures, values and errors must be positive numbers")
    if np.unique(t).size < FEWEST_TEMPERATURES:
        raise ValueError(f"an Arrhenius line needs {FEWEST_TEMPERATURES} temperatures")
    x, y, half_widths = 1.0 / t, np.log(v), e / v
    weights = half_widths**-2
    centre = np.average(x, weights=weights)
    shares = weights * (x - centre) / (weights @ (x - centre) ** 2)  # slope = sum of shares times y
    slope, error = float(shares @ y), float(np.sqrt((shares**2) @ half_widths**2))
    intercept = float(np.average(y, weights=weights) - slope * centre)
    chi_squared = _NORMAL_95**2 * float(weights @ (y - intercept - slope * x) ** 2)
    joule_per_mol = constants.R * _KJ_PER_J
    p_straight = float(special.chdtrc(len(x) - 2, chi_squared))
    return Arrhenius(-slope * joule_per_mol, error * joule_per_mol, intercept, p_straight)
