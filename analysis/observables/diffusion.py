"""Mean squared displacements and self-diffusion coefficients of the molecules of each species.

Definition: MSD(t) = < |R(t0 + t) - R(t0)|^2 > over all origins t0 and all molecules of a species, R the unwrapped
centre of mass with the drift of the whole system taken off; D = lim MSD / (6 t), from a straight line with free
intercept over the part where the exponent d ln MSD / d ln t is shown to be 1 (analysis/einstein.py).
Uncertainty: 95 % half-widths from the random-walk covariance, the spread between molecules, and five blocks.
Wrong when molecules move together (errors too small: use replicas); D is that of the periodic box, without the
correction for its finite size. Source: Maginn et al., LiveCoMS 1, 6324, 2019; references in analysis/einstein.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import constants

from analysis.einstein import Criteria, Diffusion, Exponent, Fit, estimate, exponent
from analysis.msd import MsdCurve, Positions, log_spaced_lags, msd_curve
from analysis.read import Reading
from analysis.run import Run
from analysis.table import Row, row
from analysis.units import D_UNIT, NM2_PER_PS_IN_D_UNIT

PARAMETERS: dict[str, Any] = {
    "lags_per_decade": 16,
    "longest_lag_fraction": 0.5,  # of the analysed part of the run
    "window_exponent_min": 0.9,
    "window_exponent_half_width_max": 0.15,
    "window_msd_end_min_nm2": 0.3,  # about two diameters of a solvated ion, squared
}

REFERENCE_LAG_PS = constants.nano / constants.pico
MIN_FRAMES = 4


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return MSD, exponent and D of every species, from `start_frame` on.

    Rows, label = species: "msd" (x lag in ps, nm^2), "msd_exponent" (x lag in ps, 1), "D" (1e-10 m^2/s; NaN with
    the note "subdiffusive: ...", "not resolved: ..." or "preview"), "fit_window_start" and "fit_window_end" (ps),
    "D_sensitivity" (x: 1 the whole window, 2 and 3 its first and second half),
    "msd_at_1ns" (nm^2; NaN with the note "run too short" when 1 ns is more than half of what is analysed).

    Raises:
        ValueError: frames that are not evenly spaced in time.
    """
    interval_ps = frame_interval_ps(reading)
    rows: list[Row] = []
    for index, species in enumerate(run.species):
        members = np.flatnonzero(reading.molecule_species == index)
        if members.size:
            # the molecules of a species lie together: a slice does not copy the memory map
            positions = reading.com_nm[start_frame:, members[0] : members[-1] + 1]
            rows += species_rows(species.name, positions, interval_ps, preview=run.preview, lost=reading.step_note())
    return rows


def frame_interval_ps(reading: Reading) -> float:
    """Time between frames; NaN for a single frame. Raises ValueError when the frames are not evenly spaced."""
    steps = np.diff(reading.time_ps)
    if steps.size == 0:
        return math.nan
    interval = float(np.median(steps))
    if interval <= 0.0 or np.any(np.abs(steps - interval) > 0.01 * interval):
        raise ValueError(f"frames are not evenly spaced in time: steps from {steps.min():.6g} to {steps.max():.6g} ps")
    return interval


def species_rows(name: str, positions: Positions, interval_ps: float, *, preview: bool, lost: str = "") -> list[Row]:
    """Return all rows of one species from its unwrapped positions in nm, shape (F, M, 3).

    `lost` says why the positions are not the molecules' true paths; then there are no numbers.
    """
    if lost:
        return _without_numbers(name, "preview" if preview else lost, lost)
    if len(positions) < MIN_FRAMES:
        reason = "preview" if preview else f"not resolved: only {len(positions)} frames"
        return _without_numbers(name, reason, reason)
    lags = log_spaced_lags(len(positions), PARAMETERS["lags_per_decade"], PARAMETERS["longest_lag_fraction"])
    reference = round(REFERENCE_LAG_PS / interval_ps)
    long_enough = 1 <= reference <= (len(positions) - 1) // 2
    if long_enough:
        lags = np.union1d(lags, [reference])
    curve = msd_curve(positions, lags, interval_ps)
    rows = _curve_rows(name, curve, exponent(curve))
    rows.append(_reference_row(name, curve, reference if long_enough else None))
    if preview:
        return rows + _diffusion_rows(name, Diffusion(None, "preview"))
    return rows + _diffusion_rows(name, estimate(positions, interval_ps, curve, criteria()))


def _without_numbers(name: str, reason: str, msd_reason: str) -> list[Row]:
    missing = [("D", D_UNIT), ("fit_window_start", "ps"), ("fit_window_end", "ps")]
    rows = [row(quantity, name, math.nan, unit, note=reason) for quantity, unit in missing]
    return [*rows, row("msd_at_1ns", name, math.nan, "nm^2", note=msd_reason)]


def criteria() -> Criteria:
    """Return the rules of the fit window as PARAMETERS state them."""
    return Criteria(
        exponent_min=PARAMETERS["window_exponent_min"],
        half_width_max=PARAMETERS["window_exponent_half_width_max"],
        msd_end_min_nm2=PARAMETERS["window_msd_end_min_nm2"],
        latest_end_fraction=PARAMETERS["longest_lag_fraction"],
    )


def _curve_rows(name: str, curve: MsdCurve, slope: Exponent) -> list[Row]:
    msd = zip(curve.lag_ps, curve.msd_nm2, curve.half_width_nm2(), strict=True)
    beta = zip(slope.lag_ps, slope.beta, slope.half_width, strict=True)
    rows = [row("msd", name, value, "nm^2", error, lag, "ps") for lag, value, error in msd]
    return rows + [row("msd_exponent", name, value, "1", error, lag, "ps") for lag, value, error in beta]


def _reference_row(name: str, curve: MsdCurve, reference: int | None) -> Row:
    if reference is None:
        return row("msd_at_1ns", name, math.nan, "nm^2", note="run too short")
    at = int(np.searchsorted(curve.lag_frames, reference))
    return row("msd_at_1ns", name, curve.msd_nm2[at], "nm^2", curve.half_width_nm2()[at])


def _diffusion_rows(name: str, result: Diffusion) -> list[Row]:
    fit = result.fit
    if fit is None:
        reason = result.note
        return [
            row("D", name, math.nan, D_UNIT, note=reason),
            row("fit_window_start", name, math.nan, "ps", note=reason),
            row("fit_window_end", name, math.nan, "ps", note=reason),
        ]
    return [
        row("D", name, *_in_d_unit(fit), note=result.note),
        # limits that were chosen, not measured: they have no error
        row("fit_window_start", name, fit.start_ps, "ps"),
        row("fit_window_end", name, fit.end_ps, "ps"),
        *(
            row(
                "D_sensitivity",
                name,
                *_in_d_unit(other),
                x=number,
                x_unit="1",
                note=f"window {other.start_ps:.4g}-{other.end_ps:.4g} ps",
            )
            for number, other in enumerate(result.sensitivity, start=1)
        ),
    ]


def _in_d_unit(fit: Fit) -> tuple[float, str, float]:
    return fit.d_nm2_per_ps * NM2_PER_PS_IN_D_UNIT, D_UNIT, fit.half_width * NM2_PER_PS_IN_D_UNIT
