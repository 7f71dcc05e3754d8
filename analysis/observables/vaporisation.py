"""The heat of vaporisation of a pure liquid, from the liquid and one molecule alone.

Definition: dH_vap = <E_vapour> - <E_liquid> / N + R T, E the potential energies of one molecule in an empty box and of
the liquid of N molecules, both with the same bonds constrained; the vapour is taken as an ideal gas and the liquid's
own volume is left out (R T stands for p V of the vapour). The liquid's energy holds the correction for dispersion
beyond the cut-off; the vapour has no other molecules and none.
Uncertainty: 95 % half-widths of both means from consecutive blocks (Student's t), combined in quadrature.
Wrong when a conformer that matters is never reached in one of the two; the correlation time of the vapour's energy
stands in its note. Quantum corrections of the vibrations are left out. The time step does not cancel: the vapour's
stochastic integrator samples stiff vibrations better than the liquid's leap-frog does at 2 fs.
Source: Wang and Hou, J. Chem. Theory Comput. 7, 2151, 2011 (the formula without quantum terms).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import constants

from analysis.energies import read_energies
from analysis.experiment import deviation_rows
from analysis.read import Reading
from analysis.run import Run, RunError
from analysis.statistics import (
    FloatArray,
    block_average,
    block_error,
    block_note,
    statistical_inefficiency,
)
from analysis.table import Row, row

NEEDS_POSITIONS = False  # computed also where molecules cross a box that is not known
PARAMETERS: dict[str, Any] = {
    "liquid_blocks": 5,
    "vapour_blocks": 20,  # a single molecule forgets within a few ten ps, its run is a thousand times as long
    "settling_ps": 200.0,  # left out at the start of the vapour, at most a tenth of it
    "correlation_points": 20000,
}

UNIT = "kJ/mol"
DOUBT = "too few"
"""What `block_note` says of an error that does not hold."""
GAS_CONSTANT_KJ_PER_MOL_K = constants.R / constants.kilo


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the heat of vaporisation and its parts, the liquid from `start_frame` on; nothing without a vapour.

    Rows in kJ/mol, label "": "heat_of_vaporisation", "vapour_energy" and "liquid_energy" (both per molecule);
    "deviation_from_experiment" (%, label heat_of_vaporisation; where a measured value is given).

    NaN with the reason where the energies of one of the two are missing, unreadable or too few for an error.

    Raises:
        RunError: the liquid has more than one kind of molecule.
    """
    if run.vapour_energy is None:
        return []
    if len(run.species) != 1:
        raise RunError("a heat of vaporisation is that of a pure liquid, this one has several kinds of molecules")
    try:
        vapour = vapour_row(read_energies(run.folder / run.vapour_energy))
    except (RunError, ValueError) as error:
        vapour = row("vapour_energy", "", math.nan, UNIT, note=f"vapour: {error}")
    try:
        liquid = liquid_row(reading.energies, float(reading.time_ps[start_frame]), run.n_molecules)
    except RunError as error:
        liquid = row("liquid_energy", "", math.nan, UNIT, note=str(error))
    heat = heat_row(vapour, liquid, run.temperature_K)
    return [heat, *deviation_rows(run, heat), vapour, liquid]


def heat_row(vapour: Row, liquid: Row, temperature_K: float) -> Row:
    """Return the heat of vaporisation from the two energies per molecule, with what makes it doubtful or unknown."""
    value = vapour["value"] - liquid["value"] + GAS_CONSTANT_KJ_PER_MOL_K * temperature_K
    doubts = [str(one["note"]) for one in (vapour, liquid) if DOUBT in one["note"] or math.isnan(one["value"])]
    error = math.hypot(vapour["error"], liquid["error"])
    return row("heat_of_vaporisation", "", value, UNIT, error, note="; ".join(doubts))


def vapour_row(energies: pd.DataFrame) -> Row:
    """Return the mean potential energy of the single molecule, with its correlation time in the note.

    Raises:
        ValueError: fewer than ten energies a block.
    """
    time_ps = energies["time_ps"].to_numpy(dtype=np.float64)
    blocks = PARAMETERS["vapour_blocks"]
    if time_ps.size < 10 * blocks:
        raise ValueError(f"{time_ps.size} energies of the vapour, at least {10 * blocks} are needed")
    kept = time_ps >= min(PARAMETERS["settling_ps"], time_ps[-1] / 10.0)
    energy: FloatArray = energies["Potential"].to_numpy(dtype=np.float64)[kept]
    interval_ps = float(np.diff(time_ps).mean())
    means, width = block_average(energy, PARAMETERS["correlation_points"])
    correlation_ps = (statistical_inefficiency(means) * width - 1.0) / 2.0 * interval_ps
    note = f"{time_ps[-1] / constants.kilo:.4g} ns, correlation time {correlation_ps:.2g} ps"
    doubt = block_note(energy, interval_ps, blocks)
    mean, error = block_error(energy, blocks)
    return row("vapour_energy", "", mean, UNIT, error, note="; ".join(one for one in (note, doubt) if one))


def liquid_row(energies: pd.DataFrame, start_ps: float, n_molecules: int) -> Row:
    """Return the mean potential energy of the liquid per molecule from `start_ps` on.

    Raises:
        RunError: there are no energies.
    """
    kept = energies[(energies["time_ps"] >= start_ps - 1e-6) & np.isfinite(energies["Potential"])]
    energy: FloatArray = kept["Potential"].to_numpy(dtype=np.float64) / n_molecules
    if energy.size == 0:
        raise RunError("the liquid's energies are missing, so that nothing can be held against its vapour")
    interval_ps, blocks = (
        float(np.diff(kept["time_ps"]).mean()) if energy.size > 1 else math.nan,
        PARAMETERS["liquid_blocks"],
    )
    mean, error = block_error(energy, blocks)
    return row("liquid_energy", "", mean, UNIT, error, note=block_note(energy, interval_ps, blocks))
