"""Density, temperature, pressure, energy and volume, and what the density says about the composition.

Definition: time averages of what GROMACS wrote, from the start of the stationary part on. The density deviation of
an electrolyte without chains is rho / rho_predicted - 1, rho_predicted = mass / (volumes of the pure solvents + the
salt's apparent molar volume); the apparent volume of a chain is (<V> - predicted volume without chains) / chains;
the salt concentration is salt units / (N_A <V>), a salt unit holding the fewest ions of one species of ion.
Uncertainty: 95 % half-width from five consecutive blocks (Student's t). Predictions have no error of their own
here: a deviation within a few per cent is theirs as much as the model's.
Wrong when a block is shorter than the correlation time of the volume; the note says so when it may be.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import constants, stats

from analysis.energies import read_energies
from analysis.experiment import deviation_rows, measured
from analysis.read import Reading
from analysis.run import Run, RunError
from analysis.statistics import FloatArray, block_average, block_error, block_note, statistical_inefficiency
from analysis.table import Row, row
from analysis.units import PER_NM3_IN_MOL_PER_L

PARAMETERS: dict[str, Any] = {
    "blocks": 5,
    "series_points": 500,  # a series is thinned to at most so many means
}

QUANTITIES = {
    "density": ("Density", "kg/m^3"),
    "temperature": ("Temperature", "K"),
    "pressure": ("Pressure", "bar"),
    "potential_energy": ("Potential", "kJ/mol"),
    "volume": ("Volume", "nm^3"),
}
NM3_IN_ML_PER_MOL = constants.N_A * constants.nano**3 / (constants.centi**3)
_RECORD_COLUMNS = {
    "time_ps": "time_ps",
    "density_kg_per_m3": "Density",
    "temperature_K": "Temperature",
    "potential_kJ_per_mol": "Potential",
}


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return averages from the time of `start_frame` on, and the series they come from.

    Rows, label "" unless told: "density", "temperature", "pressure", "potential_energy" (of the whole box),
    "volume"; "deviation_from_experiment" (%, label density; where a measured value is given); "density_drift" (kg/m^3
    per ns); "density_deviation" (%, systems without chains and without a measured density);
    "chain_apparent_volume" (nm^3, and mL/mol with label "molar"; systems with chains); "salt_concentration" (mol/L of
    the box, label mol_per_L); "box_edge_min" (nm, the smallest in the whole trajectory), "largest_step" (1, of a
    molecule between two frames, in box lengths), "trajectory_end" (ps, the note says what is odd about the
    trajectory); "density_series" and so on (x time in ps, label "production" or "equilibration"; consecutive means).
    What the energy file lacks is left out, except density and volume, which then come from masses and the box of
    each frame.

    Raises:
        RunError: the equilibration record is missing, unreadable or lacks a column.
    """
    energies = _with_box(run, reading)
    start_ps = float(reading.time_ps[start_frame])
    kept = energies[energies["time_ps"] >= start_ps - 1e-6]
    spacing_ps = float(np.diff(kept["time_ps"]).mean()) if len(kept) > 1 else math.nan
    blocks = PARAMETERS["blocks"]
    rows = []
    for quantity, (column, unit) in QUANTITIES.items():
        values = _known(kept, column)
        if values.size:
            mean, error = block_error(values, blocks)
            computed = row(quantity, "", mean, unit, error, note=block_note(values, spacing_ps, blocks))
            rows += [computed, *deviation_rows(run, computed)]
    rows += _density_rows(run, kept) + _volume_rows(run, kept)
    rows += _trajectory_rows(reading)
    rows += _series_rows(energies, "production")
    if run.equilibration_energy is not None:
        rows += _series_rows(equilibration_record(run), "equilibration")
    return rows


def _trajectory_rows(reading: Reading) -> list[Row]:
    """Extremes of what happened, not estimates: they have no error."""
    step = reading.largest_step
    return [
        row("box_edge_min", "", float(reading.box_nm.min()), "nm"),
        *([] if math.isnan(step) else [row("largest_step", "", step, "1", note=reading.step_note())]),
        row("trajectory_end", "", float(reading.time_ps[-1]), "ps", note="; ".join(reading.notes)),
    ]


def equilibration_record(run: Run) -> pd.DataFrame:
    """Return time_ps, Density, Temperature, Potential (and more from an .edr file) of the equilibration.

    Raises:
        RunError: the file is missing, unreadable or lacks a column.
    """
    path = run.folder / str(run.equilibration_energy)
    if path.suffix == ".edr":
        return read_energies(path)
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: the equilibration cannot be read ({error})") from error
    missing = sorted(set(_RECORD_COLUMNS) - set(table.columns))
    if missing:
        raise RunError(f"{path}: lacks the columns {', '.join(missing)}")
    return pd.DataFrame({name: table[column].astype(float) for column, name in _RECORD_COLUMNS.items()})


def _with_box(run: Run, reading: Reading) -> pd.DataFrame:
    """Return the energies, or with no energy file a table of volume and density from the trajectory."""
    inside = reading.energies["time_ps"] >= reading.time_ps[0] - 1e-6
    table: pd.DataFrame = reading.energies.loc[inside].copy()
    if table.empty:
        table = pd.DataFrame(np.nan, index=range(reading.n_frames), columns=list(reading.energies.columns))
        table["time_ps"] = reading.time_ps
    missing = table["Volume"].isna()
    if missing.any():
        volume_nm3 = np.interp(table["time_ps"], reading.time_ps, reading.box_nm.prod(axis=1))
        table["Volume"] = table["Volume"].where(~missing, volume_nm3)
    density = run.mass_u * constants.atomic_mass / (table["Volume"] * constants.nano**3)
    table["Density"] = table["Density"].where(table["Density"].notna(), density)
    return table


def _known(table: pd.DataFrame, column: str) -> FloatArray:
    values = table[column].to_numpy(dtype=np.float64)
    return np.asarray(values[np.isfinite(values)])


def _density_rows(run: Run, kept: pd.DataFrame) -> list[Row]:
    """Drift of the density, and its deviation from the prediction for an electrolyte without chains."""
    density, time_ps = _known(kept, "Density"), kept["time_ps"].to_numpy(dtype=np.float64)
    if density.size == 0:
        return []
    drift, error = _slope_per_ns(time_ps, density)
    rows = [row("density_drift", "", drift, "kg/m^3/ns", error)]
    predicted = run.composition.get("predicted_density_kg_per_m3")
    if predicted and not _chains(run) and measured(run, "density") is None:
        mean, half_width = block_error(100 * (density / float(predicted) - 1), PARAMETERS["blocks"])
        rows.append(row("density_deviation", "", mean, "%", half_width, note=f"predicted {float(predicted):.1f} kg/m³"))
    return rows


def _slope_per_ns(time_ps: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Slope of a straight line per ns and its 95 % half-width, the error widened for correlated residuals."""
    if values.size < 4 or np.ptp(time_ps) == 0.0:
        return math.nan, math.nan
    time_ns = (time_ps - time_ps.mean()) * (constants.pico / constants.nano)
    squares = float(time_ns @ time_ns)
    slope = float(time_ns @ values) / squares
    residual = values - values.mean() - slope * time_ns
    means, width = block_average(residual, 2000)
    n_eff = max(values.size / (statistical_inefficiency(means) * width), 3.0)
    error = math.sqrt(float(residual @ residual) / squares / (n_eff - 2.0))
    return slope, float(stats.t.ppf(0.975, n_eff - 2.0)) * error


def _chains(run: Run) -> int:
    return sum(species.count for species in run.species if species.role == "polymer")


def _volume_rows(run: Run, kept: pd.DataFrame) -> list[Row]:
    """What the volume says: apparent volume of a chain, concentration of the salt."""
    volume = _known(kept, "Volume")
    if volume.size == 0:
        return []
    rows = []
    predicted, chains = run.composition.get("predicted_volume_nm3"), _chains(run)
    if predicted and chains:
        mean, error = block_error((volume - float(predicted)) / chains, PARAMETERS["blocks"])
        rows.append(row("chain_apparent_volume", "", mean, "nm^3", error, note="per chain"))
        molar = mean * NM3_IN_ML_PER_MOL, error * NM3_IN_ML_PER_MOL
        rows.append(row("chain_apparent_volume", "molar", molar[0], "mL/mol", molar[1], note="per mol of chains"))
    ions = [species.count for species in run.species if species.role in ("cation", "anion")]
    if ions:
        mean, error = block_error(min(ions) * PER_NM3_IN_MOL_PER_L / volume, PARAMETERS["blocks"])
        rows.append(row("salt_concentration", "mol_per_L", mean, "mol/L", error))
    return rows


def _series_rows(table: pd.DataFrame, label: str) -> list[Row]:
    rows = []
    for quantity, (column, unit) in QUANTITIES.items():
        if column not in table or not (known := table[np.isfinite(table[column])]).size:
            continue
        points, _ = block_average(known[["time_ps", column]].to_numpy(dtype=np.float64), PARAMETERS["series_points"])
        rows += [row(f"{quantity}_series", label, value, unit, x=time, x_unit="ps") for time, value in points]
    return rows
