"""Sizes of the polymer chains: radius of gyration, end-to-end distance, distance to their own periodic copies.

Definitions:
    Rg = sqrt(sum_a m_a |r_a - r_com|^2 / sum_a m_a) of the whole chain, averaged over chains and frames;
    end-to-end: distance between the two heavy atoms with most bonds between them;
    own copy: smallest distance between heavy atoms of a chain and of its nearest periodic copy; its smallest value in
    the run is given too. Below the reach of the forces (the cut-off) a chain feels itself, below 0.35 nm it touches
    itself: its size is then that of the box, not of the chain.
Chains are looked at in at most 1,000 evenly spaced frames (analysis/read.py): they change shape slowly.
Uncertainty: 95 % half-width of the mean over five consecutive parts of the run (Student's t); the note tells where a
series has not settled or parts are correlated. Chains that never leave the shape they were packed in have small errors
and wrong means: only replicas, packed afresh, show that. Wrong where bonds are missing and a chain is longer than half
the box.
Source: Rubinstein and Colby, Polymer Physics, Oxford University Press, 2003, sections 2.2 and 2.4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.reading import Reading
from analysis.run import Run
from analysis.statistics import FloatArray, block_error, block_note, detect_stationarity
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "parts": 5,
}

QUANTITIES = ("radius_of_gyration", "end_to_end_distance", "own_copy_distance")
"""In the order of `Reading.chain_sizes`."""
NO_BOX = "no box, so no periodic copies"


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the sizes of the chains of every polymer species; nothing without chains.

    Rows, label species, in nm: "radius_of_gyration", "end_to_end_distance", "own_copy_distance", means over chains
    and frames from `start_frame` on, and "own_copy_distance_min", the smallest of any chain in the run, without an
    error. The series of all three, "<quantity>_series" (x: time in ps), are over the whole run, averaged over chains.
    """
    rows: list[Row] = []
    first = int(np.searchsorted(reading.sample_frames, start_frame))
    for name, sizes in reading.chain_sizes.items():
        for index, quantity in enumerate(QUANTITIES):
            rows += _rows(run, reading, quantity, name, sizes[:, :, index].mean(axis=1), first)
        smallest = float(sizes[first:, :, -1].min()) if first < len(sizes) else math.nan
        note = "" if math.isfinite(smallest) else _why_unknown(reading, first)
        rows.append(row("own_copy_distance_min", name, smallest, "nm", note=note))
    return rows


def _rows(run: Run, reading: Reading, quantity: str, name: str, series: FloatArray, first: int) -> list[Row]:
    """Return the mean and the series of one quantity."""
    if not np.isfinite(series).all() or first >= series.size:
        return [row(quantity, name, math.nan, "nm", note=_why_unknown(reading, first))]
    mean, error = block_error(series[first:], PARAMETERS["parts"])
    rows = [row(quantity, name, mean, "nm", error, note=_doubt(run, reading, series, first))]
    times = reading.time_ps[reading.sample_frames]
    for index, (time_ps, value) in enumerate(zip(times, series, strict=True)):
        note = "before the start" if index < first else ""
        rows.append(row(f"{quantity}_series", name, value, "nm", x=time_ps, x_unit="ps", note=note))
    return rows


def _why_unknown(reading: Reading, first: int) -> str:
    """Return why there is no value for the samples from `first` on."""
    if first >= reading.sample_frames.size:
        return "no frames after the start"
    return "no heavy atoms" if np.isfinite(reading.box_nm).all() else NO_BOX


def _doubt(run: Run, reading: Reading, series: FloatArray, first: int) -> str:
    """Return what must be said of a mean over a series of samples: drift, and parts that are not independent."""
    kept = series[first:]
    interval_ps = float(np.diff(reading.sample_frames[:2]).sum()) * reading.interval_ps
    notes = [block_note(kept, interval_ps, PARAMETERS["parts"])]
    if not run.preview:
        found = detect_stationarity(kept)
        notes.insert(0, "" if found.stationary else f"not stationary: {found.reason}")
    return "; ".join(note for note in notes if note)
