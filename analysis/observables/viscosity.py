"""Shear viscosity, from the pressure tensor of short runs at constant volume; only where it was sampled.

Definition: eta = V / (k T) * integral of < P_ab(0) P_ab(t) > over t, with five components and time decomposition, see
analysis/green_kubo.py. Uncertainty: 95 % half-width by a jackknife over the runs (Student's t).
Wrong when the runs are shorter than the liquid's relaxation: "lower bound" where the integral has not levelled off.
Source: Zhang, Otani and Maginn, J. Chem. Theory Comput. 11, 3537, 2015.
"""

from __future__ import annotations

import math
from typing import Any

from analysis.experiment import deviation_rows
from analysis.green_kubo import Viscosity, viscosity_of
from analysis.msd import log_spaced_lags
from analysis.pressures import pressure_files
from analysis.read import Reading
from analysis.run import Run
from analysis.table import Row, row

NEEDS_POSITIONS = False  # computed also where molecules cross a box that is not known
PARAMETERS: dict[str, Any] = {
    "lags_per_decade": 8,  # of the integral that is shown
    "segments_advised": 10,  # with fewer, the error is itself uncertain
}

UNIT = "mPa s"


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the viscosity of one run; nothing when its pressure was not sampled.

    Rows, label "": "viscosity" (mPa s; a lower bound where the note says so), "viscosity_integral_end" (ps, up to
    where the integral is known well enough), "viscosity_running" (x upper limit of the integral in ps, mPa s),
    "deviation_from_experiment" (%, label viscosity; where a measured value is given and the integral has a plateau).
    A preview has none. Volume and temperature are those of the sampled runs where their files tell.

    Raises:
        RunError: the files of pressures cannot be used.
    """
    if not pressure_files(run):
        return []
    if run.preview:
        return [row("viscosity", "", math.nan, UNIT, note="preview")]
    found = viscosity_of(run, float(reading.box_nm[start_frame:].prod(axis=1).mean()))
    if found is None:
        return []
    if not math.isfinite(found.value_mpas):
        return [row("viscosity", "", math.nan, UNIT, note="the volume is not known: no box, and none in the files")]
    value = row("viscosity", "", found.value_mpas, UNIT, found.half_width, note=_note(found))
    end = row("viscosity_integral_end", "", found.end_ps, "ps")
    curve = []
    for lag in log_spaced_lags(2 * len(found.lag_ps) - 1, PARAMETERS["lags_per_decade"]):
        at = (found.running_mpas[lag], UNIT, found.running_half_width[lag], found.lag_ps[lag], "ps")
        curve.append(row("viscosity_running", "", *at))
    return [value, *(deviation_rows(run, value) if found.plateau else []), end, *curve]


def _note(found: Viscosity) -> str:
    notes = [f"{found.segments} segments, integral up to {found.end_ps:.3g} ps"]
    if not found.plateau:
        notes.insert(0, "lower bound: the integral has no plateau")
    if found.segments < PARAMETERS["segments_advised"]:
        notes.append("few segments: the error is itself uncertain")
    return "; ".join(notes)
