"""Density, temperature, pressure, energy and volume, and what the density says about the composition.

Definition: time averages of what GROMACS wrote, from the start of the stationary part on. The density deviation of
an electrolyte without chains is rho / rho_predicted - 1, rho_predicted = mass / (volumes of the pure solvents + the
salt's apparent molar volume); the apparent volume of a chain is (<V> - predicted volume without chains) / chains;
the salt concentration is salt units / (N_A <V>), a salt unit holding the fewest ions of one species of ion.
A drift is the slope of a straight line through the series, per ns.
Uncertainty: 95 % half-width from five consecutive blocks (Student's t); of a drift that of the slope, with as many
independent residuals as their statistical inefficiency leaves, two of them used up by the line. Predictions have no
error of their own here: a deviation within a few per cent is theirs as much as the model's.
Wrong when a block is shorter than the correlation time of the volume; the note says so when it may be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import constants, stats

from analysis.energies import NO_ENERGIES, covers, read_energies
from analysis.experiment import deviation_rows, measured
from analysis.read import Reading
from analysis.run import Run, RunError
from analysis.statistics import (
    CONSTANT_TOLERANCE,
    MAX_POINTS,
    FloatArray,
    block_average,
    block_error,
    block_note,
    statistical_inefficiency,
)
from analysis.table import FAILED, Row, row
from analysis.units import PER_NM3_IN_MOL_PER_L, PS_PER_NS

NEEDS_POSITIONS = False  # computed also where molecules cross a box that is not known
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
DRIFTING = ("density", "temperature", "pressure", "potential_energy")
"""Whose drift is given; that of the volume is that of the density."""
FROM_BOX = ("Density", "Volume")
"""Columns that follow from masses and box where no energies tell them."""
NO_BOX = "neither a box nor energies tell it from the start on"
LEAST_FOR_DRIFT = 4
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
    "volume"; "deviation_from_experiment" (%, label density; where a measured value is given); "density_drift",
    "temperature_drift", "pressure_drift", "potential_energy_drift" (unit per ns); "density_deviation" (%, systems
    without chains and without a measured density);
    "chain_apparent_volume" (nm^3, and mL/mol with label "molar"; systems with chains); "salt_concentration" (mol/L of
    the box, label mol_per_L); "box_edge_min" (nm, the smallest in the whole trajectory), "largest_step" (1, of a
    molecule between two frames, in box lengths; not without a box), "trajectory_end" (ps, the note says what is odd
    about the trajectory, its energies and run.json); "density_series" and so on (x time in ps, label "production" or
    "equilibration"; consecutive means).
    What the energy file lacks is NaN with the reason, except density and volume: where it does not tell them over the
    whole trajectory they come from masses and the box of each frame. A record of the equilibration that cannot be used
    is one row of the quantity FAILED.
    """
    energies, volumes = _energies(run, reading), _volumes(run, reading)
    tables = {column: volumes if column in FROM_BOX else energies for column, _ in QUANTITIES.values()}
    start_ps = float(reading.time_ps[start_frame]) - 1e-6
    kept = {column: table[table["time_ps"] >= start_ps] for column, table in tables.items()}
    rows = []
    for quantity, (column, unit) in QUANTITIES.items():
        why, reach = _why_unknown(run, reading, column), _reach(reading, tables[column])
        computed = _mean_row(quantity, kept[column], column, unit, why, reach)
        rows += [computed, *deviation_rows(run, computed)]
        if quantity in DRIFTING and math.isfinite(computed["value"]):
            rows.append(_drift_row(quantity, kept[column], column, unit))
    rows += _density_rows(run, kept["Density"]) + _volume_rows(run, kept["Volume"])
    rows += _trajectory_rows(reading)
    rows += _series_rows(tables, "production")
    if run.equilibration_energy is not None:
        try:
            record = equilibration_record(run)
            rows += _series_rows({column: record for column, _ in QUANTITIES.values()}, "equilibration")
        except RunError as error:
            rows.append(row(FAILED, "thermodynamics", math.nan, "1", note=str(error)))
    return rows


def _why_unknown(run: Run, reading: Reading, column: str) -> str:
    """Return why there are no values of a column of the energies."""
    if column in FROM_BOX:
        return NO_BOX
    if run.energy is None:
        return "no energy file"
    unusable = [note for note in reading.notes if note.startswith(NO_ENERGIES)]
    return unusable[0] if unusable else f"the energy file has no {column} from the start on"


def _reach(reading: Reading, table: pd.DataFrame) -> str:
    """Return over how much of the trajectory the values of a table reach, when that is less than all."""
    if table.empty or covers(table, reading.time_ps):
        return ""
    return f"the energy file reaches only from {table['time_ps'].iloc[0]:g} to {table['time_ps'].iloc[-1]:g} ps"


def _mean_row(quantity: str, kept: pd.DataFrame, column: str, unit: str, why: str, reach: str) -> Row:
    values, blocks = _known(kept, column), PARAMETERS["blocks"]
    if values.size == 0:
        return row(quantity, "", math.nan, unit, note="; ".join(text for text in (why, reach) if text))
    spacing_ps = float(np.diff(kept["time_ps"]).mean()) if len(kept) > 1 else math.nan
    mean, error = block_error(values, blocks)
    doubt = block_note(values, spacing_ps, blocks)
    return row(quantity, "", mean, unit, error, note="; ".join(text for text in (reach, doubt) if text))


def _drift_row(quantity: str, kept: pd.DataFrame, column: str, unit: str) -> Row:
    """Return the slope of a series, of which there is at least one value."""
    known = kept[np.isfinite(kept[column])]
    time_ps, values = (known[name].to_numpy(dtype=np.float64) for name in ("time_ps", column))
    name, unit = f"{quantity}_drift", f"{unit}/ns"
    if values.size < LEAST_FOR_DRIFT:
        return row(name, "", math.nan, unit, note=f"{values.size} values, too few for a drift")
    slope, error = _slope_per_ns(time_ps, values)
    return row(name, "", slope, unit, error, note="" if error > 0 else "never changed: no error can be given")


def _trajectory_rows(reading: Reading) -> list[Row]:
    """Extremes of what happened, not estimates: they have no error."""
    step, edge_nm = reading.largest_step, float(reading.box_nm.min())
    known = math.isfinite(step) and math.isfinite(edge_nm)
    return [
        row("box_edge_min", "", edge_nm, "nm", note="no box" if math.isnan(edge_nm) else ""),
        *([row("largest_step", "", step, "1", note=reading.step_note())] if known else []),
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


def _energies(run: Run, reading: Reading) -> pd.DataFrame:
    """Return the energies from the first frame on; density from masses and volume where they lack it."""
    inside = reading.energies["time_ps"] >= reading.time_ps[0] - 1e-6
    table: pd.DataFrame = reading.energies.loc[inside].copy()
    table["Density"] = table["Density"].where(table["Density"].notna(), _density(run, table["Volume"]))
    return table


def _volumes(run: Run, reading: Reading) -> pd.DataFrame:
    """Return times, Volume and Density: of the energies where they tell them all along, else of the frames."""
    energies = _energies(run, reading)
    told = covers(energies, reading.time_ps) and bool(energies["Volume"].notna().all())
    if told or np.isnan(reading.box_nm).any():
        return energies
    volume = pd.Series(reading.box_nm.prod(axis=1))
    return pd.DataFrame({"time_ps": reading.time_ps, "Volume": volume, "Density": _density(run, volume)})


def _density(run: Run, volume_nm3: pd.Series) -> pd.Series:
    return pd.Series(run.mass_u * constants.atomic_mass / constants.nano**3 / volume_nm3)


def _known(table: pd.DataFrame, column: str) -> FloatArray:
    values = table[column].to_numpy(dtype=np.float64)
    return np.asarray(values[np.isfinite(values)])


def _density_rows(run: Run, kept: pd.DataFrame) -> list[Row]:
    """Deviation of the density from the prediction for an electrolyte without chains."""
    predicted = run.composition.get("predicted_density_kg_per_m3")
    if not predicted or _chains(run) or measured(run, "density") is not None:
        return []
    percent = 100 * (_known(kept, "Density") / float(predicted) - 1)
    return [_block_row("density_deviation", "", percent, "%", f"predicted {float(predicted):.1f} kg/m³")]


def _block_row(quantity: str, label: str, values: FloatArray, unit: str, note: str = "") -> Row:
    """Return the mean of something that follows from the box; NaN without one."""
    if values.size == 0:
        return row(quantity, label, math.nan, unit, note=NO_BOX)
    mean, error = block_error(values, PARAMETERS["blocks"])
    return row(quantity, label, mean, unit, error, note=note)


def _slope_per_ns(time_ps: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Slope of a straight line per ns and its 95 % half-width, the error widened for correlated residuals.

    The half-width is NaN for a series that never changes.
    """
    time_ns = (time_ps - time_ps.mean()) / PS_PER_NS
    squares = float(time_ns @ time_ns)
    deviation = values - values.mean()
    if np.ptp(values) <= CONSTANT_TOLERANCE * max(1.0, abs(float(values.mean()))):
        return 0.0, math.nan
    slope = float(time_ns @ deviation) / squares
    residual = deviation - slope * time_ns
    means, width = block_average(residual, MAX_POINTS)
    n_eff = max(values.size / (statistical_inefficiency(means) * width), 3.0)
    error = math.sqrt(float(residual @ residual) / squares / (n_eff - 2.0))
    return slope, float(stats.t.ppf(0.975, n_eff - 2.0)) * error


def _chains(run: Run) -> int:
    return sum(species.count for species in run.species if species.role == "polymer")


def _volume_rows(run: Run, kept: pd.DataFrame) -> list[Row]:
    """What the volume says: apparent volume of a chain, concentration of the salt."""
    volume, rows = _known(kept, "Volume"), []
    predicted, chains = run.composition.get("predicted_volume_nm3"), _chains(run)
    if predicted and chains:
        of_chain = (volume - float(predicted)) / chains
        rows.append(_block_row("chain_apparent_volume", "", of_chain, "nm^3", "per chain"))
        molar = of_chain * NM3_IN_ML_PER_MOL
        rows.append(_block_row("chain_apparent_volume", "molar", molar, "mL/mol", "per mol of chains"))
    of_role = [sum(one.count for one in run.species if one.role == role) for role in ("cation", "anion")]
    ions = [count for count in of_role if count]
    if ions:
        rows.append(_block_row("salt_concentration", "mol_per_L", min(ions) * PER_NM3_IN_MOL_PER_L / volume, "mol/L"))
    return rows


def _series_rows(tables: Mapping[str, pd.DataFrame], label: str) -> list[Row]:
    """Return the thinned series of all quantities; `tables` tells for each column where it stands."""
    rows = []
    for quantity, (column, unit) in QUANTITIES.items():
        table = tables[column]
        if column not in table or not (known := table[np.isfinite(table[column])]).size:
            continue
        points, _ = block_average(known[["time_ps", column]].to_numpy(dtype=np.float64), PARAMETERS["series_points"])
        rows += [row(f"{quantity}_series", label, value, unit, x=time, x_unit="ps") for time, value in points]
    return rows
