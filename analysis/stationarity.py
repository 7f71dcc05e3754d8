"""From which frame on a run is stationary: the latest start over contacts, density, energy and temperature.

A run starts from a packed box; what the packing left behind must not enter any average. Every series gets its own
start and its own test for drift (analysis/statistics.py). A series that never settles is named, and half of the
run is discarded then: later is better, but nothing can be claimed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.cutoffs import CONTACT_NM
from analysis.read import Reading
from analysis.run import Run, SiteGroup
from analysis.shells import touching
from analysis.statistics import LATEST_START_FRACTION, FloatArray, Stationarity, detect_stationarity
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "few_samples": 5.0,  # fewer independent samples in what is kept are told
}

NOT_STATIONARY = "not stationary"
ENERGY_SERIES = {"density": "Density", "potential_energy": "Potential", "temperature": "Temperature"}
"""Series -> column of the table of energies. The pressure is left out: it follows every change within picoseconds."""


def find_start(run: Run, reading: Reading) -> tuple[int, list[Row]]:
    """Return the first frame of the stationary part and the rows that say how it was found.

    Series: contacts per cation with each partner species, e.g. "Li-DME" (none without ions); "density",
    "potential_energy" and "temperature". Rows:
    "stationary_from" per series (ps, time as in the trajectory; NaN with a note beginning "not stationary" when
    it never settles), "start" with label "all" (ps, where the averages begin) and "stationary" with label "all"
    (1 or 0, the note naming what never settles). A preview is not judged: frame 0.
    """
    if run.preview or reading.n_frames == 0:
        reason = "preview: not judged" if run.preview else "no frames: not judged"
        return 0, [row("stationary", "all", math.nan, "1", note=reason)]
    series = coordination_series(run, reading)
    series_ps = dict.fromkeys(series, reading.time_ps)
    for label, (time_ps, values) in _energy_series(reading).items():
        series[label], series_ps[label] = values, time_ps
    if not series:
        return 0, [row("stationary", "all", math.nan, "1", note="neither ions nor energies: not judged")]
    found = {label: detect_stationarity(values, len(series)) for label, values in series.items()}
    starts_ps = {label: float(series_ps[label][result.start_index]) for label, result in found.items()}
    drifting = [label for label, result in found.items() if not result.stationary]
    settled_ps = [starts_ps[label] for label in found if label not in drifting]
    start_frame = int(np.searchsorted(reading.time_ps, max(settled_ps, default=-math.inf) - 1e-6))
    half = int(LATEST_START_FRACTION * reading.n_frames)
    if drifting:
        start_frame = half
    start_frame = min(start_frame, half)
    rows = [_series_row(label, result, starts_ps[label]) for label, result in found.items()]
    note = f"never settle: {', '.join(drifting)}; the first half is left out" if drifting else ""
    rows.append(row("start", "all", float(reading.time_ps[start_frame]), "ps"))
    rows.append(row("stationary", "all", 0.0 if drifting else 1.0, "1", note=note))
    return start_frame, rows


def coordination_series(run: Run, reading: Reading) -> dict[str, FloatArray]:
    """Return "<cation>-<species>" -> contacts of all sites of that species per cation in each frame, (F,).

    Sites of a kind without a contact distance are left out; the run's notes tell them.
    """
    series: dict[str, FloatArray] = {}
    if reading.unknown_boundary:
        return series
    for site in (one for one in run.partner_sites() if one.kind in CONTACT_NM):
        counts = contact_series(run, reading, site)
        label = f"{run.cation}-{site.species}"
        series[label] = series[label] + counts if label in series else counts
    return series


def contact_series(run: Run, reading: Reading, site: SiteGroup) -> FloatArray:
    """Return the contacts of a site group per cation in each frame, CN(t), shape (F,).

    Raises:
        RunError: the site is of a kind without a contact distance.
    """
    counts = np.bincount(touching(run, reading, site)["frame"], minlength=reading.n_frames)
    return np.asarray(counts / run.n_cations)


def _energy_series(reading: Reading) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return label -> (time, values) of density, potential energy and temperature, where the run has them."""
    energies = reading.energies
    inside = energies["time_ps"].to_numpy(dtype=np.float64) >= reading.time_ps[0] - 1e-6
    chosen = {}
    for label, column in ENERGY_SERIES.items():
        if column not in energies:
            continue
        values = energies[column].to_numpy(dtype=np.float64)
        known = inside & np.isfinite(values)
        if known.any():
            chosen[label] = energies["time_ps"].to_numpy(dtype=np.float64)[known], values[known]
    return chosen


def _series_row(label: str, result: Stationarity, start_ps: float) -> Row:
    if not result.stationary:
        return row("stationary_from", label, math.nan, "ps", note=f"{NOT_STATIONARY}: {result.reason}")
    few = result.n_eff < PARAMETERS["few_samples"]
    note = f"only {result.n_eff:.1f} independent samples, a slow drift would not show" if few else ""
    return row("stationary_from", label, start_ps, "ps", note=note)
