"""The static dielectric constant of a liquid without ions, from the fluctuations of its dipole moment.

Definition: eps = 1 + (<M^2> - <M>^2) / (3 eps_0 <V> k T), M the dipole moment of all molecules from charges and whole
molecules, for a periodic box in a conductor, as in GROMACS' Ewald sums. <M> is that of the run, which takes part of
the fluctuation away; the variance is corrected for it with the run's independent samples n: times n / (n - 1).
Uncertainty: 95 % half-width of the mean of (M - <M>)^2 over five consecutive parts (Student's t).
Wrong when the run is short against the correlation time of M: "not converged" below 50 of them. Fixed charges have no
electronic polarisation, which alone makes about 2 of every liquid: weakly polar liquids come out low.
Of pure liquids only, NaN for a mixture: those are what is compared with experiment, and chains turn more slowly than
these runs last.
The dipole moment of a molecule is the root of the mean of its square over molecules and frames; its error, to first
order, that of the mean square over twice the root.
Source: Neumann, Mol. Phys. 50, 841, 1983.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import constants

from analysis.experiment import deviation_rows
from analysis.read import Reading
from analysis.run import Run
from analysis.statistics import FloatArray, block_error, block_note, statistical_inefficiency
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "correlation_times": 50.0,  # a shorter run is told not to be converged
}

E_NM_IN_C_M = constants.e * constants.nano
E_NM_IN_DEBYE = E_NM_IN_C_M * constants.c / 1e-21
"""One e nm in debye, which is 1e-21 C m^2/s over the speed of light."""


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the dielectric constant and what it rests on, from `start_frame` on; nothing for a liquid with ions.

    NaN of a mixture, without a box or without charges, the note says which.

    Rows, label "": "dielectric_constant" (1), "dipole_correlation_time" (ps; of M, without an error),
    "deviation_from_experiment" (%, label dielectric_constant; where a measured value is given);
    "molecular_dipole" (D, label species; root mean square in the liquid).
    """
    if run.has_ions:
        return []
    if len(run.species) > 1:
        return [row("dielectric_constant", "", math.nan, "1", note="a mixture: only that of pure liquids is given")]
    if reading.dipole_e_nm is None or reading.dipole_square_e2_nm2 is None:
        return [row("dielectric_constant", "", math.nan, "1", note="charges are not known")]
    total = reading.dipole_e_nm[start_frame:]
    g = correlated_frames(total)
    value, error = dielectric_constant(total, reading.box_nm[start_frame:].prod(axis=1), run.temperature_K, g)
    time_ps = (g - 1.0) / 2.0 * reading.interval_ps
    if math.isnan(value):
        reason = "fewer than two independent samples" if np.isfinite(reading.box_nm).all() else "no box, so no volume"
        computed = row("dielectric_constant", "", math.nan, "1", note=reason)
    else:
        note = _note(total, time_ps, reading.interval_ps)
        computed = row("dielectric_constant", "", value, "1", error, note=note)
    square, width = block_error(reading.dipole_square_e2_nm2[start_frame:] * E_NM_IN_DEBYE**2)
    root = math.sqrt(square)
    dipole = row("molecular_dipole", run.species[0].name, root, "D", width / (2 * root) if root > 0 else math.nan)
    time = row("dipole_correlation_time", "", time_ps, "ps")
    return [computed, *deviation_rows(run, computed), time, dipole]


def correlated_frames(total_e_nm: FloatArray) -> float:
    """Return how many frames of M, shape (F, 3), count as one independent sample: the mean over its components."""
    return float(np.mean([statistical_inefficiency(component) for component in total_e_nm.T]))


def dielectric_constant(
    total_e_nm: FloatArray, volume_nm3: FloatArray, temperature_K: float, g: float
) -> tuple[float, float]:
    """Return the dielectric constant and its 95 % half-width from M (F, 3) in e nm and volumes (F,) in nm^3.

    `g` is the number of frames that count as one sample; NaN when there are not two samples.
    """
    samples = len(total_e_nm) / g
    if samples <= 1.0:
        return math.nan, math.nan
    squares = ((total_e_nm - total_e_nm.mean(axis=0)) ** 2).sum(axis=1) * samples / (samples - 1.0)
    mean, error = block_error(squares)
    volume_m3 = float(volume_nm3.mean()) * constants.nano**3
    scale = E_NM_IN_C_M**2 / (3.0 * constants.epsilon_0 * volume_m3 * constants.k * temperature_K)
    return 1.0 + scale * mean, scale * error


def _note(total_e_nm: FloatArray, time_ps: float, interval_ps: float) -> str:
    """Return what must be said of the value: a run too short for it, parts that are correlated."""
    length_ps = len(total_e_nm) * interval_ps
    squares = ((total_e_nm - total_e_nm.mean(axis=0)) ** 2).sum(axis=1)
    notes = [block_note(squares, interval_ps)]
    if length_ps < PARAMETERS["correlation_times"] * time_ps:
        notes.insert(
            0,
            f"not converged: {length_ps:.4g} ps are {length_ps / time_ps:.2g} correlation times of the dipole moment "
            f"({time_ps:.3g} ps), at least {PARAMETERS['correlation_times']:.0f} are needed",
        )
    return "; ".join(note for note in notes if note)
