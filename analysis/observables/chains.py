"""Sizes of the polymer chains: radius of gyration, end-to-end distance, distance to their own periodic copies.

Definitions:
    Rg = sqrt(sum_a m_a |r_a - r_com|^2 / sum_a m_a) of the whole chain, averaged over chains and frames;
    end-to-end: distance between the two heavy atoms with most bonds between them;
    own copy: smallest distance between heavy atoms of a chain and of its nearest periodic copy; its smallest value in
    the run is given too. Below the reach of the forces (the cut-off) a chain feels itself, below 0.35 nm it touches
    itself: its size is then that of the box, not of the chain.
Chains are looked at in at most 1,000 evenly spaced frames (analysis/read.py): they change shape slowly.
Uncertainty: 95 % half-width of the mean from five consecutive parts of the run and from the chains (analysis of
variance, Student's t; analysis/shells.py): chains that keep the shape they were packed in, cis or trans, fluctuate
little and differ much. The note tells where that spread decides, where a series has not settled or parts are
correlated. A quarter too small with two such chains; one alone has an error from the parts only: replicas, packed
afresh, show what it is. Wrong where bonds are missing and a chain is longer than half the box.
Source: Rubinstein and Colby, Polymer Physics, Oxford University Press, 2003, sections 2.2 and 2.4.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.reading import Reading
from analysis.run import Run
from analysis.shells import MIN_CHAINS, PARTS, mean_with_error
from analysis.statistics import FloatArray, detect_stationarity
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {"parts": PARTS}

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
            rows += _rows(run, reading, quantity, name, sizes[:, :, index], first)
        smallest = float(sizes[first:, :, -1].min()) if first < len(sizes) else math.nan
        note = "" if math.isfinite(smallest) else _why_unknown(reading, first)
        rows.append(row("own_copy_distance_min", name, smallest, "nm", note=note))
    return rows


def _rows(run: Run, reading: Reading, quantity: str, name: str, sizes: FloatArray, first: int) -> list[Row]:
    """Return the mean and the series of one quantity of the chains of a species, (S, chains)."""
    series = sizes.mean(axis=1)
    if not np.isfinite(series).all() or first >= series.size:
        return [row(quantity, name, math.nan, "nm", note=_why_unknown(reading, first))]
    sample_ps = float(np.diff(reading.sample_frames[:2]).sum()) * reading.interval_ps
    mean, error, doubt = mean_with_error(sizes[first:], sample_ps, "chains", MIN_CHAINS)
    note = "; ".join(text for text in (_drift(run, series[first:]), doubt) if text)
    rows = [row(quantity, name, mean, "nm", error, note=note)]
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


def _drift(run: Run, kept: FloatArray) -> str:
    """Return what must be said of a series that has not settled."""
    found = None if run.preview else detect_stationarity(kept)
    return "" if found is None or found.stationary else f"not stationary: {found.reason}"
