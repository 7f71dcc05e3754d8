"""Mean squared displacements and self-diffusion coefficients of the molecules of each species.

Definition: MSD(t) = < |R(t0 + t) - R(t0)|^2 > over all origins t0 and all molecules of a species, R the unwrapped
centre of mass with the drift of the whole system taken off; D = lim MSD / (6 t), from a straight line with free
intercept over the part where the exponent d ln MSD / d ln t is shown to be 1 (analysis/einstein.py).
Uncertainty: 95 % half-widths from the random-walk covariance, widened where molecules move together, the spread
between molecules, and five blocks. D is that of the periodic box; "D_infinite" adds what the box takes off
(analysis/finite_size.py) when the viscosity was measured. "D_plain_fit" is what a straight line through one run, as
often published, would have said. Source: Maginn et al., LiveCoMS 1, 6324, 2019; references in analysis/einstein.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from analysis.collective import Motion, motion_of, species_motion
from analysis.einstein import NORMAL_QUANTILE, Diffusion, Exponent, Fit, exponent
from analysis.finite_size import corrected_nm2_per_ps, correction_nm2_per_ps
from analysis.green_kubo import viscosity_of
from analysis.msd import FloatArray, MsdCurve, Positions, even_interval_ps
from analysis.read import Reading
from analysis.run import Run, RunError, Species
from analysis.table import Row, row
from analysis.units import D_UNIT, NM2_PER_PS_IN_D_UNIT

PARAMETERS: dict[str, Any] = {
    "plain_fit_span": (0.1, 0.9),  # of all lags; the window of D itself is that of analysis/einstein.py
}

PLAIN_NOTE = (
    "one run, straight line over 10-90 % of all lags, with the error that the line itself quotes: it holds the truth "
    "in under 1 % of cases"
)
MIN_FRAMES = 4


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return MSD, exponent and D of every species, from `start_frame` on.

    Rows, label = species: "msd" (x lag in ps, nm^2), "msd_exponent" (x lag in ps, 1), "D" (1e-10 m^2/s; NaN with
    the note "subdiffusive: ...", "not resolved: ..." or "preview"), "fit_window_start" and "fit_window_end" (ps),
    "D_sensitivity" (x: 1 the whole window, 2 and 3 its first and second half), "D_blocks" (mean of fits to five parts
    of the run), "D_infinite" (corrected for the size of the box; NaN without a viscosity), "D_plain_fit" (of the
    first replica only), "msd_at_1ns" (nm^2; NaN with the note "run too short" when 1 ns is more than half of what is
    analysed). Label "": "D_finite_size_at_1mPas" (the correction of the box at a viscosity of 1 mPa s; it goes as
    1 / viscosity).

    Raises:
        ValueError: frames that are not evenly spaced in time.
    """
    interval_ps = even_interval_ps(reading.time_ps)
    box_nm = reading.box_nm[start_frame:]
    rows: list[Row] = []
    for index, species in enumerate(run.species):
        if np.any(reading.molecule_species == index):
            reason = reading.step_note() or _too_short(reading.n_frames - start_frame)
            if reason:
                own = _without_numbers(species.name, reason, preview=run.preview)
            else:
                motion = species_motion(reading, index, start_frame, interval_ps)
                own = _rows_of(species.name, motion, preview=run.preview)
            rows += own if run.replica == 1 else [one for one in own if one["quantity"] != "D_plain_fit"]
            (found,) = (one for one in own if one["quantity"] == "D")
            rows.append(_infinite_row(run, species, found, box_nm))
    return [*rows, _size_row(run.temperature_K, box_nm)]


def _size_row(temperature_K: float, box_nm: FloatArray) -> Row:
    """Return the correction for the size of the box at a viscosity of 1 mPa s."""
    quantity = "D_finite_size_at_1mPas"
    if not len(box_nm) or not np.isfinite(box_nm).all():
        return row(quantity, "", math.nan, D_UNIT, note="no box")
    size = correction_nm2_per_ps(temperature_K, edge_nm(box_nm), 1.0) * NM2_PER_PS_IN_D_UNIT
    return row(quantity, "", size, D_UNIT, note="to be added to each D; goes as 1 / viscosity")


def edge_nm(box_nm: FloatArray) -> float:
    """Return the mean edge in nm of boxes (F, 3): the cubic root of the mean volume."""
    return float(box_nm.prod(axis=1).mean() ** (1 / 3))


def _infinite_row(run: Run, species: Species, found: Row, box_nm: FloatArray) -> Row:
    """Return D of a species without the effect of the box, or the reason why there is none."""
    quantity, name, reason = "D_infinite", species.name, ""
    if math.isnan(found["value"]):
        return row(quantity, name, math.nan, D_UNIT, note=str(found["note"]))
    if not np.isfinite(box_nm).all():
        return row(quantity, name, math.nan, D_UNIT, note="no box")
    try:
        measured = viscosity_of(run, float(box_nm.prod(axis=1).mean()))
    except RunError as error:
        measured, reason = None, f" ({error})"
    if measured is None or not measured.value_mpas > 0.0:
        reason = reason or " of this force field, from short runs that save the pressure"
        return row(quantity, name, math.nan, D_UNIT, note=f"needs the viscosity{reason}")
    in_nm2 = (found["value"] / NM2_PER_PS_IN_D_UNIT, found["error"] / NM2_PER_PS_IN_D_UNIT)
    eta = (measured.value_mpas, measured.half_width)
    value, error_nm2 = corrected_nm2_per_ps(in_nm2, eta, run.temperature_K, edge_nm(box_nm))
    notes = [f"viscosity {eta[0]:.3g} ± {eta[1]:.2g} mPa s"]
    if not measured.plateau:
        notes.insert(0, "upper bound: that viscosity is a lower bound")
    if species.role == "polymer":
        notes.append("the correction is for small molecules, doubtful for a chain")
    return row(
        quantity, name, value * NM2_PER_PS_IN_D_UNIT, D_UNIT, error_nm2 * NM2_PER_PS_IN_D_UNIT, note="; ".join(notes)
    )


def species_rows(name: str, positions: Positions, interval_ps: float, *, preview: bool) -> list[Row]:
    """Return all rows of one species from its unwrapped positions in nm, shape (F, M, 3)."""
    reason = _too_short(len(positions))
    if reason:
        return _without_numbers(name, reason, preview=preview)
    return _rows_of(name, motion_of(positions, interval_ps), preview=preview)


def _too_short(n_frames: int) -> str:
    return f"not resolved: only {n_frames} frames" if n_frames < MIN_FRAMES else ""


def _rows_of(name: str, motion: Motion, *, preview: bool) -> list[Row]:
    rows = _curve_rows(name, motion.curve, exponent(motion.curve))
    rows.append(_reference_row(name, motion))
    if preview:
        return rows + _diffusion_rows(name, Diffusion(None, "preview"))
    rows += _diffusion_rows(name, motion.diffusion)
    line = plain_fit(motion.curve)
    return rows if line is None else [*rows, row("D_plain_fit", name, *_in_d_unit(line), note=PLAIN_NOTE)]


def _without_numbers(name: str, reason: str, *, preview: bool) -> list[Row]:
    missing = [("D", D_UNIT), ("fit_window_start", "ps"), ("fit_window_end", "ps")]
    rows = [row(quantity, name, math.nan, unit, note="preview" if preview else reason) for quantity, unit in missing]
    return [*rows, row("msd_at_1ns", name, math.nan, "nm^2", note=reason)]


def plain_fit(curve: MsdCurve) -> Fit | None:
    """D as it is often published: an ordinary straight line through the MSD from 10 to 90 % of the lags of one run.

    The half-width is what the line's own standard error gives. It takes neighbouring lags for independent: measured
    for this project, of 150 runs of 40 ideal walkers over 1000 frames it held the true D in one (0.7 %), and D itself
    scattered by 13.9 %, that of `estimate` by 2.0 %. For comparison only. None with fewer than five lags.
    """
    every = curve.every_lag_nm2
    first, last = (round(part * (every.size - 1)) for part in PARAMETERS["plain_fit_span"])
    if last - first < 4 or curve.lag_frames.size == 0:
        return None
    interval_ps = float(curve.lag_ps[0] / curve.lag_frames[0])
    lags = np.arange(first, last + 1) * interval_ps
    line = stats.linregress(lags, every[first : last + 1])
    return Fit(float(line.slope) / 6, NORMAL_QUANTILE * float(line.stderr) / 6, float(lags[0]), float(lags[-1]))


def _curve_rows(name: str, curve: MsdCurve, slope: Exponent) -> list[Row]:
    msd = zip(curve.lag_ps, curve.msd_nm2, curve.half_width_nm2(), strict=True)
    beta = zip(slope.lag_ps, slope.beta, slope.half_width, strict=True)
    rows = [row("msd", name, value, "nm^2", error, lag, "ps") for lag, value, error in msd]
    return rows + [row("msd_exponent", name, value, "1", error, lag, "ps") for lag, value, error in beta]


def _reference_row(name: str, motion: Motion) -> Row:
    if motion.reference is None:
        return row("msd_at_1ns", name, math.nan, "nm^2", note="run too short")
    curve, at = motion.curve, motion.reference
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
        *(_sensitivity_row(name, number, other) for number, other in enumerate(result.sensitivity, start=1)),
        *_block_rows(name, result.blocks),
    ]


def _sensitivity_row(name: str, number: int, fit: Fit | None) -> Row:
    if fit is None:
        note = "too few lags in this part of the window"
        return row("D_sensitivity", name, math.nan, D_UNIT, x=number, x_unit="1", note=note)
    note = f"window {fit.start_ps:.4g}-{fit.end_ps:.4g} ps"
    return row("D_sensitivity", name, *_in_d_unit(fit), x=number, x_unit="1", note=note)


def _block_rows(name: str, blocks: Fit | None) -> list[Row]:
    if blocks is None:
        return [row("D_blocks", name, math.nan, D_UNIT, note="window too late for five blocks")]
    note = f"window {blocks.start_ps:.4g}-{blocks.end_ps:.4g} ps, five parts of the run"
    return [row("D_blocks", name, *_in_d_unit(blocks), note=note)]


def _in_d_unit(fit: Fit) -> tuple[float, str, float]:
    return fit.d_nm2_per_ps * NM2_PER_PS_IN_D_UNIT, D_UNIT, fit.half_width * NM2_PER_PS_IN_D_UNIT
