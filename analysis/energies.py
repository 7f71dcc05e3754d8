"""The energy file of a run (GROMACS .edr) as a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.run import RunError

ENERGY_COLUMNS = ["time_ps", "Density", "Temperature", "Pressure", "Potential", "Volume"]
"""ps, kg/m^3, K, bar, kJ/mol, nm^3; the names are those of GROMACS."""

NO_ENERGIES = "no energies"
"""How the note of a reading begins when the run's energy file cannot be used; the reason follows."""

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
