"""The energy file of a run (GROMACS .edr) as a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.run import Run, RunError

ENERGY_COLUMNS = ["time_ps", "Density", "Temperature", "Pressure", "Potential", "Volume"]
"""ps, kg/m^3, K, bar, kJ/mol, nm^3; the names are those of GROMACS."""

NO_ENERGIES = "no energies"
"""How the note of a reading begins when the run's energy file cannot be used; the reason follows."""

VOLUME_TOLERANCE = 2e-4
"""Relative difference of two volumes that is rounding: files hold edges of a box with five digits or more."""
GIVEN_TOLERANCE = 0.05
"""Of a box that was given by hand for the whole run: it stands for one that fluctuates, and may have few digits."""

BOX_INSTEAD = "Volume and density are those of the trajectory's box"

EDR_MAGIC = -55555
"""First number of an energy file."""

_UNITS = {"Density": "kg/m^3", "Temperature": "K", "Pressure": "bar", "Potential": "kJ/mol", "Volume": "nm^3"}


def read_energies(path: Path | None) -> pd.DataFrame:
    """Return the table with `ENERGY_COLUMNS` of an .edr file; without rows when `path` is None.

    A term that the file lacks (Density and Volume at constant volume) is NaN. Of records with the same
    time, as a run continued from a checkpoint can leave them, the last one counts.

    Raises:
        RunError: the file is missing or unreadable, or a term has another unit than GROMACS gives it.
    """
    if path is None:
        return pd.DataFrame({column: np.empty(0) for column in ENERGY_COLUMNS})
    terms, units = read_terms(path, "energies")
    for name, unit in _UNITS.items():
        if name in terms and units[name] != unit:
            raise RunError(f"{path}: {name} is in {units[name]}, expected {unit}")
    times = np.asarray(terms["Time"], dtype=float)
    columns = {name: np.asarray(terms.get(name, np.full(times.size, np.nan)), dtype=float) for name in _UNITS}
    table = pd.DataFrame({"time_ps": times, **columns})
    return table.drop_duplicates("time_ps", keep="last").sort_values("time_ps", ignore_index=True)


def energies_of(run: Run) -> tuple[pd.DataFrame, list[str]]:
    """Return the table of energies, and a note when the run's file cannot be used: the table is then empty."""
    try:
        return read_energies(run.folder / run.energy if run.energy else None), []
    except RunError as error:
        return read_energies(None), [f"{NO_ENERGIES}: {error}"]


def energies_beside(
    run: Run, energies: pd.DataFrame, time_ps: NDArray[np.float64], box_nm: NDArray[np.float64]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the energies that go with a trajectory of these times (F,) and boxes (F, 3), and what is odd about them.

    At the times of both, the volumes must agree. Where any do not, volume and density become NaN, for the box to tell;
    where most do not, the energies are those of another run and none are left. A box of NaN tells nothing.
    """
    if energies.empty:
        return energies, []
    table, notes, name = energies, [], Path(str(run.energy)).name
    times, slack_ps = energies["time_ps"].to_numpy(), 1e-4 + 2e-7 * np.abs(time_ps)
    nearest = np.clip(np.searchsorted(times, time_ps - slack_ps), 0, times.size - 1)
    told, volume = energies["Volume"].to_numpy()[nearest], box_nm.prod(axis=1)
    common = (np.abs(times[nearest] - time_ps) <= slack_ps) & np.isfinite(told) & np.isfinite(volume)
    tolerance = GIVEN_TOLERANCE if run.opening.get("box_nm") else VOLUME_TOLERANCE
    differ = np.flatnonzero(common & (np.abs(told - volume) > tolerance * volume))
    if differ.size:
        first = differ[0]
        where = (
            f"{name}: at {differ.size} of {common.sum()} times of both its volume is not that of the trajectory's box "
            f"({told[first]:.6g} and {volume[first]:.6g} nm³ at {time_ps[first]:g} ps)"
        )
        if differ.size > common.sum() / 2:
            return read_energies(None), [f"{NO_ENERGIES}: {where}: it belongs to another run. {BOX_INSTEAD}"]
        table, notes = energies.assign(Volume=np.nan, Density=np.nan), [f"{where}. {BOX_INSTEAD}"]
    if not covers(energies, time_ps):
        reach = f"{times[0]:g} to {times[-1]:g} ps, the trajectory from {time_ps[0]:g} to {time_ps[-1]:g} ps"
        notes.append(f"energies cut short: {name} reaches from {reach}. {BOX_INSTEAD}")
    return table, notes


def covers(energies: pd.DataFrame, time_ps: NDArray[np.float64]) -> bool:
    """Return whether energies reach from the first to the last of these times, but for a step of either."""
    times = energies["time_ps"].to_numpy(dtype=np.float64)
    if times.size < 2:
        return False
    step_ps = 1.5 * max(float(np.median(np.diff(times))), float(np.diff(time_ps[:2]).sum()))
    return bool(times[0] < time_ps[0] + step_ps and times[-1] > time_ps[-1] - step_ps)


def read_terms(path: Path, what: str) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:
    """Return the terms of an .edr file by GROMACS' names, and their units; `what` names in messages what is wanted.

    Raises:
        RunError: the file is missing or unreadable.
    """
    import pyedr

    if not path.is_file():
        raise RunError(f"{path}: there is no such file")
    with path.open("rb") as stream:
        magic = int.from_bytes(stream.read(4), "big", signed=True)
    if magic != EDR_MAGIC:
        # pyedr would take whatever stands there for the number of terms, and fill the memory.
        raise RunError(f"{path}: this is no GROMACS energy file")
    try:
        return pyedr.edr_to_dict(str(path)), pyedr.get_unit_dictionary(str(path))
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
        raise RunError(f"{path}: the {what} cannot be read ({str(error) or 'it breaks off'})") from error
