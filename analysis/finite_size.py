"""What the periodic box takes off a diffusion coefficient, and gives back.

D_infinite = D + xi k T / (6 pi eta L), xi = 2.837297 for a cubic box of edge L (Duenweg and Kremer, J. Chem. Phys. 99,
6983, 1993; Yeh and Hummer, J. Phys. Chem. B 108, 15873, 2004). The correction is the same for all species; eta has to
be the viscosity of the same force field, which depends little on the size of the box. Derived for small molecules:
a chain as long as the box breaks its assumptions. For a box that is not a cube L is the cubic root of its volume,
good while the edges differ by a few percent.
"""

from __future__ import annotations

import math

from scipy import constants

from analysis.units import NM2_PER_PS_IN_M2_PER_S

XI = 2.837297
"""Lattice constant of a cubic array of periodic images."""


def correction_nm2_per_ps(temperature_K: float, edge_nm: float, viscosity_mpas: float) -> float:
    """Return what is to be added to D of a periodic box, in nm^2/ps, see the module.

    Raises:
        ValueError: an argument is not positive.
    """
    if not (temperature_K > 0.0 and edge_nm > 0.0 and viscosity_mpas > 0.0):
        raise ValueError(f"not positive: {temperature_K:g} K, {edge_nm:g} nm or {viscosity_mpas:g} mPa s")
    drag = 6 * math.pi * viscosity_mpas * constants.milli * edge_nm * constants.nano
    return float(XI * constants.k * temperature_K / drag / NM2_PER_PS_IN_M2_PER_S)


def corrected_nm2_per_ps(
    diffusion: tuple[float, float], viscosity_mpas: tuple[float, float], temperature_K: float, edge_nm: float
) -> tuple[float, float]:
    """Return D_infinite and its 95 % half-width, from D (nm^2/ps) and the viscosity (mPa s), each with its half-width.

    The two errors are independent: half-width^2 = half-width(D)^2 + (correction * half-width(eta) / eta)^2.
    """
    correction = correction_nm2_per_ps(temperature_K, edge_nm, viscosity_mpas[0])
    return diffusion[0] + correction, math.hypot(diffusion[1], correction * viscosity_mpas[1] / viscosity_mpas[0])
