"""Runs and readings made of given paths, for what is measured from centres of mass and contacts alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.read import PAIR_DTYPE, Reading
from analysis.run import Run, SiteGroup, Species
from analysis.table import Row

FloatArray = NDArray[np.float64]
BOX_NM = 3.0


def ion(name: str, role: str, count: int, charge_e: float = 0.0, mass_u: float = 10.0) -> Species:
    """A species of single atoms."""
    return Species(name, name, role, count, charge_e, "literature", (mass_u,), (charge_e,), ("A1",), ())


def run_of(species: Sequence[Species], sites: Sequence[SiteGroup] = (), **changes: Any) -> Run:
    """A run of these species, the first of which is the cation."""
    settings: dict[str, Any] = {
        "folder": Path("/nowhere"), "system": "s", "replica": 1, "temperature_K": 298.0, "cation": species[0].name,
        "structure": "", "trajectory": "", "species": tuple(species), "sites": tuple(sites),
    }  # fmt: skip
    return Run(**(settings | changes))


def reading_of(run: Run, paths_nm: FloatArray, interval_ps: float = 1.0, **changes: Any) -> Reading:
    """The reading of these paths (F, M, 3); box of 3 nm, no contacts unless given."""
    frames, none = len(paths_nm), np.zeros(0)
    edges = np.linspace(0, frames, min(frames, 50) + 1).astype(np.int64)
    settings: dict[str, Any] = {
        "time_ps": np.arange(frames) * interval_ps, "box_nm": np.full((frames, 3), BOX_NM), "bin_edges_nm": none,
        "histograms": {}, "norm": {}, "block_edges_frame": edges,
        "block_of_frame": np.repeat(np.arange(edges.size - 1), np.diff(edges)), "pairs": {},
        "com_nm": paths_nm.astype(np.float32), "energies": pd.DataFrame(),
        "molecule_species": np.repeat(np.arange(len(run.species)), [one.count for one in run.species]),
    }  # fmt: skip
    return Reading(**(settings | changes))


def pairs_of(touching: NDArray[np.bool_]) -> NDArray[np.void]:
    """Stored pairs 0.2 nm apart where a site touches a cation, from (F, N_cation, N_site)."""
    frame, cation, site = np.nonzero(touching)
    pairs = np.empty(frame.size, dtype=PAIR_DTYPE)
    pairs["frame"], pairs["cation"], pairs["site"], pairs["distance_nm"] = frame, cation, site, 0.2
    return pairs


def of(rows: Sequence[Row], quantity: str, label: str | None = None, x: float | None = None) -> Row:
    """The one row of a quantity, and of a label and an abscissa where given."""
    (found,) = (
        one
        for one in rows
        if one["quantity"] == quantity and label in (None, one["label"]) and x in (None, float(one["x"]))
    )
    return found


def normal_deviates(deviation: FloatArray, half_width: FloatArray, freedom: float) -> FloatArray:
    """z = inverse normal of Student's distribution of deviation / standard error."""
    errors = half_width / stats.t.ppf(0.975, freedom)
    # logarithms and symmetry keep the far tails finite
    tail = stats.t.logsf(np.abs(deviation) / errors, freedom)
    return np.asarray(np.sign(deviation) * stats.norm.isf(np.exp(np.maximum(tail, -700.0))))


def is_honest(z: FloatArray) -> bool:
    """Whether z has spread 0.8 to 1.2 and a mean within 4 sampling errors of zero."""
    spread = float(z.std(ddof=1))
    return 0.8 <= spread <= 1.2 and abs(float(z.mean())) <= 4 * spread / np.sqrt(z.size)
