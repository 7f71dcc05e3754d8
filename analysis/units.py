"""Units of the analysis: nm, ps, u, e, kJ/mol, K, bar; the one place where other units become these."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import constants

PS_PER_NS = 1000.0

NM2_PER_PS_IN_M2_PER_S = 1e-18 / 1e-12
"""One nm^2/ps in m^2/s."""

D_UNIT = "1e-10 m^2/s"
NM2_PER_PS_IN_D_UNIT = NM2_PER_PS_IN_M2_PER_S / 1e-10
"""One nm^2/ps in the unit in which diffusion coefficients are printed."""

PER_NM3_IN_MOL_PER_L = 1.0 / (constants.N_A * 1e-24)
"""One particle per nm^3 in mol/L (1 nm^3 = 1e-24 L)."""


def nm(array_in_angstrom: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return lengths in nm of lengths in Angstrom (MDAnalysis' unit), as float64 of the same shape.

    The only place of the analysis where Angstrom become nm.
    """
    lengths: NDArray[np.float64] = np.asarray(array_in_angstrom, dtype=np.float64)
    return lengths * float(constants.angstrom / constants.nano)


CONDUCTIVITY_UNIT = "mS/cm"
E2_NM2_PER_PS_IN_MS_NM3_K_PER_CM = (
    constants.e**2 * NM2_PER_PS_IN_M2_PER_S / (constants.k * constants.nano**3) / constants.milli * constants.centi
)
"""One e^2 nm^2/ps over k, nm^3 and K, in mS/cm."""
