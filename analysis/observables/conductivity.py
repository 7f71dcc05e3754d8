"""Ionic conductivity and transference number, from single ions and from the motion of all of them together.

Definitions, z the charge of a molecule in e, V the mean volume, P = sum_i z_i R_i over all ions, P+ and P- its parts:
- Nernst-Einstein: sigma_NE = e^2 / (V k T) sum_s N_s z_s^2 D_s, as if every ion moved by itself;
- Einstein (collective): sigma = e^2 / (6 V k T) d<|dP|^2>/dt; Haven ratio = sigma_NE / sigma;
- Onsager coefficients in units of conductivity, L++ and L-- from |dP+|^2 and |dP-|^2, L+- from -dP+ . dP- (positive
  when cations and anions go together): sigma = L++ + L-- - 2 L+-, t+ = (L++ - L+-) / sigma; apparent t+ is the
  cations' part of sigma_NE.
Frame: barycentric (the reading's: the centre of mass of everything rests); t+ also relative to the neutral molecules
(their mean motion, weighted with mass, taken off), label "solvent": the frame of Hittorf's experiment.
Collective slopes are fitted (free intercept, GLS) from the lag at which the ions themselves diffuse, or a fiftieth of
the run, up to a twentieth of the run (a tenth, with five parts, when that leaves less than half a decade).
Uncertainty: 95 % half-widths from ten parts of the run (Student's t), jackknife for ratios. sigma_NE takes errors of D
as independent. Charges are those of the force field: scaled ones enter as such. Wrong in short runs, where a
collective slope is one noisy walk: above 30 %, or where the ions do not diffuse, there is none, and its note says what
came out; sigma_NE is that of the periodic box.
Source: Maginn et al., LiveCoMS 1, 6324, 2019; Fong et al., Macromolecules 54, 2575, 2021.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.collective import Slopes, charge_paths, collective_slopes, solvent_path, species_motion
from analysis.einstein import Diffusion
from analysis.experiment import deviation_rows
from analysis.msd import FloatArray, delete_one, even_interval_ps, jackknife_half_width
from analysis.read import Reading
from analysis.run import Run, Species
from analysis.statistics import half_width_95
from analysis.table import Row, join_notes, row
from analysis.units import CONDUCTIVITY_UNIT, E2_NM2_PER_PS_IN_MS_NM3_K_PER_CM

PARAMETERS: dict[str, Any] = {
    "not_converged": 0.3,  # 95 % half-width over value
}

MIN_FRAMES = 200
MOST_NET_CHARGE_E = 0.1  # rounding of scaled charges leaves less
QUANTITIES = ("conductivity_ne", "conductivity", "haven_ratio", "transference_apparent")


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return conductivities and transference numbers from `start_frame` on; nothing for a liquid without ions.

    Rows: "conductivity_ne", "conductivity" (collective), "haven_ratio" (label ""); "onsager" (labels "++", "--",
    "+-"), all mS/cm or 1; "deviation_from_experiment" (%) where the system names a measured conductivity;
    "transference_apparent" (label: cations), "transference_onsager" (labels "barycentric", "solvent"; NaN where the
    collective conductivity is not converged). What is not converged is NaN, with the reason and what came out as note.

    Raises:
        ValueError: frames that are not evenly spaced in time.
    """
    ions = [index for index, one in enumerate(run.species) if one.charge_e != 0.0]
    if not ions:
        return []
    reason = why_none(run, reading, start_frame)
    if reason:
        return [row(name, _label(run, name), math.nan, _unit(name), note=reason) for name in QUANTITIES]
    interval_ps = even_interval_ps(reading.time_ps)
    volume_nm3 = float(reading.box_nm[start_frame:].prod(axis=1).mean())
    scale = E2_NM2_PER_PS_IN_MS_NM3_K_PER_CM / (volume_nm3 * run.temperature_K)
    diffusion = {index: species_motion(reading, index, start_frame, interval_ps).diffusion for index in ions}
    single, rows = nernst_einstein(run, diffusion, scale)
    # NaN as soon as one ion does not diffuse
    start_ps = float(np.max([found.fit.start_ps if found.fit else math.nan for found in diffusion.values()]))
    currents = charge_paths(run, reading, start_frame)
    slopes = collective_slopes(currents, interval_ps, start_ps)
    collective = collective_rows(slopes, scale / 6, single, _charge_note([run.species[index] for index in ions]))
    rows += [*collective, *deviation_rows(run, collective[0])]
    return rows + transference_rows(run, reading, start_frame, interval_ps, currents, slopes, start_ps)


def why_none(run: Run, reading: Reading, start_frame: int) -> str:
    """Return why nothing can be said of the ions' motion; empty when something can."""
    net = sum(one.count * one.charge_e for one in run.species)
    if run.preview:
        return "preview"
    if abs(net) > MOST_NET_CHARGE_E:
        return f"the charges of all molecules add up to {net:+.3g} e: some are missing"
    if not np.isfinite(reading.box_nm).all():
        return "no box, so the volume is not known"
    if reading.n_frames - start_frame < MIN_FRAMES:
        return f"not resolved: only {reading.n_frames - start_frame} frames"
    return reading.step_note()


def _label(run: Run, quantity: str) -> str:
    """Return the label of a row: the cations for an apparent transference number, else nothing."""
    if not quantity.startswith("transference"):
        return ""
    return "+".join(one.name for one in run.species if one.charge_e > 0)


def _unit(quantity: str) -> str:
    return CONDUCTIVITY_UNIT if quantity.startswith("conductivity") else "1"


def _charge_note(ions: list[Species]) -> str:
    """Return which charges enter: formal ones, or those that the force field scales."""
    scaled = [one for one in ions if abs(one.charge_e - round(one.charge_e)) > 1e-3]
    if not scaled:
        return "formal charges"
    return "scaled charges: " + ", ".join(f"{one.name} {one.charge_e:+.3g} e" for one in scaled)


def nernst_einstein(run: Run, diffusion: dict[int, Diffusion], scale: float) -> tuple[tuple[float, float], list[Row]]:
    """Return sigma_NE with its half-width, and its rows; scale turns e^2 nm^2/ps into mS/cm."""
    positive, total, reasons = [0.0, 0.0], [0.0, 0.0], []
    for index, found in diffusion.items():
        species = run.species[index]
        if found.fit is None:
            reasons.append(f"{species.name} {found.note}")
            continue
        weight = species.count * species.charge_e**2 * scale
        total[0] += weight * found.fit.d_nm2_per_ps
        total[1] += (weight * found.fit.half_width) ** 2
        if species.charge_e > 0:
            positive[0] += weight * found.fit.d_nm2_per_ps
            positive[1] += (weight * found.fit.half_width) ** 2
    note, label = "; ".join(reasons), _label(run, "transference_apparent")
    if reasons:
        missing = [row("conductivity_ne", "", math.nan, CONDUCTIVITY_UNIT, note=note)]
        return (math.nan, math.nan), [*missing, row("transference_apparent", label, math.nan, "1", note=note)]
    single = (total[0], math.sqrt(total[1]))
    share = positive[0] / total[0]
    # of a / (a + b) with independent a and b
    error = math.sqrt((1 - share) ** 2 * positive[1] + share**2 * (total[1] - positive[1])) / total[0]
    note = f"{_charge_note([run.species[index] for index in diffusion])}; D of the periodic box"
    return single, [
        row("conductivity_ne", "", single[0], CONDUCTIVITY_UNIT, single[1], note=note),
        row("transference_apparent", label, share, "1", error, note="apparent, from D of single ions"),
    ]


def _collective_row(quantity: str, label: str, found: tuple[float, float], doubt: str, told: str) -> Row:
    """Return the row of a collective value with its half-width in mS/cm; without a value where there is a doubt."""
    if not doubt:
        return row(quantity, label, found[0], CONDUCTIVITY_UNIT, found[1], note=told)
    came_out = f"{found[0]:.2g} ± {found[1]:.2g} {CONDUCTIVITY_UNIT} came out"
    return row(quantity, label, math.nan, CONDUCTIVITY_UNIT, note=join_notes(doubt, came_out, told))


def not_converged(value: float, error: float, diffusive: bool = True) -> str:
    """Return why a collective value is not converged, empty when it is."""
    if not diffusive:
        return "not converged: the ions are not diffusive within the window"
    if value <= error:
        return "not converged: zero within its error"
    if error <= PARAMETERS["not_converged"] * value:
        return ""
    return f"not converged: error {100 * error / value:.0f} % of the value"


def collective_rows(slopes: Slopes, scale: float, single: tuple[float, float], charges: str) -> list[Row]:
    """Return the rows of the collective conductivity, the Haven ratio and the Onsager coefficients."""
    sum_of = np.array([1.0, 1.0, 2.0])
    value, error = scale * float(sum_of @ slopes.whole), scale * half_width_95(slopes.parts @ sum_of)
    doubt = not_converged(value, error, slopes.diffusive)
    rows = [_collective_row("conductivity", "", (value, error), doubt, join_notes(charges, slopes.note))]
    rows.append(_haven_row(value, error, single, doubt))
    largest = scale * float(np.abs(slopes.whole).max())  # L+- may well be zero
    for label, column, sign in (("++", 0, 1.0), ("--", 1, 1.0), ("+-", 2, -1.0)):
        own, width = sign * scale * slopes.whole[column], scale * half_width_95(slopes.parts[:, column])
        own_doubt = not_converged(largest if label == "+-" else own, width, slopes.diffusive)
        rows.append(_collective_row("onsager", label, (own, width), own_doubt, join_notes("barycentric", slopes.note)))
    return rows


def _haven_row(value: float, error: float, single: tuple[float, float], doubt: str) -> Row:
    """Return sigma_NE / sigma; relative errors add in squares, as if independent (which widens the interval)."""
    if math.isnan(single[0]):
        return row("haven_ratio", "", math.nan, "1", note="no Nernst-Einstein conductivity")
    if doubt:
        return row("haven_ratio", "", math.nan, "1", note=f"conductivity {doubt}")
    ratio = single[0] / value
    width = abs(ratio) * math.hypot(single[1] / single[0], error / value)
    return row("haven_ratio", "", ratio, "1", width, note="Nernst-Einstein over collective")


def transference_rows(
    run: Run,
    reading: Reading,
    start_frame: int,
    interval_ps: float,
    currents: FloatArray,
    slopes: Slopes,
    start_ps: float,
) -> list[Row]:
    """Return Onsager's t+ in the barycentric frame, and in that of the neutral molecules when there are any."""
    found = [("barycentric", slopes)]
    neutral = solvent_path(run, reading, start_frame)
    if neutral is not None:
        charges = np.array([0.0, 0.0])
        for species in run.species:
            charges[0 if species.charge_e > 0 else 1] += species.count * species.charge_e
        shifted = currents - charges[None, :, None] * neutral[:, None]
        found.append(("solvent", collective_slopes(shifted, interval_ps, start_ps)))
    return [_transference_row(label, own) for label, own in found]


def _transference_row(label: str, slopes: Slopes) -> Row:
    """Return t+ = (L++ - L+-) / (L++ + L-- - 2 L+-), with a jackknife over the parts of the run."""
    cation, every = np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0, 2.0])
    total, width = float(every @ slopes.whole), half_width_95(slopes.parts @ every)
    doubt = not_converged(total, width, slopes.diffusive)
    if doubt:
        return row("transference_onsager", label, math.nan, "1", note=f"conductivity {doubt}")
    value = float(cation @ slopes.whole) / total
    rest = delete_one(slopes.parts)
    replicates = (rest @ cation / (rest @ every))[:, None]
    error = float(jackknife_half_width(slopes.parts[:, :1], replicates)[0])
    # a transference number is a share: its error counts as it stands, also where the number is near zero
    note = join_notes(not_converged(1.0, error), f"frame: {label}", slopes.note)
    return row("transference_onsager", label, value, "1", error, note=note)
