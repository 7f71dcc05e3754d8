"""Hydrogen bonds N-H...O and N-H...F between molecules, and the clusters that the chains form.

Definitions:
    a hydrogen bond joins a hydrogen on nitrogen to an O or F of another molecule when H...X is below 0.25 nm and the
    angle N-H...X above 130 degrees (analysis/hydrogen_bonding.py); given is their mean number per donor hydrogen of
    that kind. A hydrogen with two acceptors within reach counts twice.
    two chains belong to one cluster when heavy atoms of both are within 0.35 nm of each other, or a third chain joins
    them (analysis/chain_geometry.py); a chain alone is a cluster of one.
Both are looked at in at most 1,000 evenly spaced frames (analysis/read.py).
Uncertainty: 95 % half-width of the mean over five consecutive parts of the run (Student's t), of bonds also from the
molecules that donate them (analysis of variance; analysis/shells.py): chains that hardly move keep the neighbours that
they were packed with. The note tells where parts are correlated or that spread decides. Wrong as an energy: the
criterion is geometric, and a point-charge model has no covalent part.
Contacts N-H...H-B between chains are not hydrogen bonds to O or F and are not counted here; clusters contain them.
Source: Jeffrey, An Introduction to Hydrogen Bonding, Oxford University Press, 1997: angles above 130 degrees are
those of moderate hydrogen bonds (H...X 0.15 to 0.22 nm); 0.25 nm takes in the nearer ones of the weak (to 0.32 nm).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.hydrogen_bonding import ACCEPTOR_KINDS, DONOR_KIND
from analysis.reading import Reading
from analysis.run import Run
from analysis.shells import MIN_CHAINS, PARTS, mean_with_error
from analysis.statistics import FloatArray, block_error, block_note
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "parts": PARTS,
}

CHAINS = "chains"
NO_FRAMES = "no frames after the start"


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return hydrogen bonds and clusters of chains from `start_frame` on; nothing without donors or chains.

    NaN with the reason for donors without bonds.

    Rows (unit 1): "hydrogen_bonds_per_donor", label "HN_middle(PAB)-O(DME)" for every kind of donor and acceptor and
    "HN_middle(PAB)-all" for all acceptors of a donor; label "chains": "largest_cluster" (chains in it),
    "largest_cluster_share" (of all chains) and "clusters" (how many).
    """
    first = int(np.searchsorted(reading.sample_frames, start_frame))
    interval_ps = float(np.diff(reading.sample_frames[:2]).sum()) * reading.interval_ps
    rows: list[Row] = []
    for donor in (site for site in run.sites if site.kind == DONOR_KIND):
        own = {label: counts for label, counts in reading.hydrogen_bonds.items() if label.startswith(f"{donor.label}-")}
        n_hydrogens = run.site_indices(donor).size
        if own and n_hydrogens:
            own[f"{donor.label}-all"] = np.sum(list(own.values()), axis=0)
            for label, counts in own.items():
                per_donor = counts[first:] / len(donor.atoms)
                rows.append(_of_molecules("hydrogen_bonds_per_donor", label, per_donor, interval_ps))
        elif n_hydrogens and any(site.kind in ACCEPTOR_KINDS for site in run.sites):
            reason = "no bond leads to these hydrogens, so there are no angles"
            rows.append(row("hydrogen_bonds_per_donor", f"{donor.label}-all", math.nan, "1", note=reason))
    if reading.chain_clusters is not None:
        largest, number = reading.chain_clusters[first:].T.astype(float)
        n_chains = sum(sizes.shape[1] for sizes in reading.chain_sizes.values())
        rows.append(_row("largest_cluster", CHAINS, largest, interval_ps))
        rows.append(_row("largest_cluster_share", CHAINS, largest / n_chains, interval_ps))
        rows.append(_row("clusters", CHAINS, number, interval_ps))
    return rows


def _of_molecules(quantity: str, label: str, values: FloatArray, interval_ps: float) -> Row:
    """Return the mean of what each donating molecule has in each sampled frame (S, M), with its error and remark."""
    if len(values) == 0:
        return row(quantity, label, math.nan, "1", note=NO_FRAMES)
    mean, error, doubt = mean_with_error(values, interval_ps, "molecules", MIN_CHAINS)
    return row(quantity, label, mean, "1", error, note=doubt)


def _row(quantity: str, label: str, series: FloatArray, interval_ps: float) -> Row:
    """Return the mean of a series with its error, and what must be said of both."""
    if series.size == 0:
        return row(quantity, label, math.nan, "1", note=NO_FRAMES)
    mean, error = block_error(series, PARAMETERS["parts"])
    if np.isnan(error) and series.size >= PARAMETERS["parts"]:
        return row(quantity, label, mean, "1", note="never changed: no error can be given")
    return row(quantity, label, mean, "1", error, note=block_note(series, interval_ps, PARAMETERS["parts"]))
