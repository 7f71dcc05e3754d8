"""Runs and readings made straight from contacts that a test decides on, without a trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.cutoffs import CONTACT_NM
from analysis.read import PAIR_DTYPE, Reading
from analysis.run import Run, SiteGroup, Species
from tests.analysis import moving_ions

FAR_NM = 0.02  # beyond the contact distance

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


def species(name: str, role: str, count: int, n_atoms: int = 1) -> Species:
    """Return a species of `n_atoms` atoms."""
    charge = {"cation": 1.0, "anion": -1.0}.get(role, 0.0)
    return Species(name, name, role, count, charge, "", (1.0,) * n_atoms, (charge / n_atoms,) * n_atoms, (), ())


def contact_run(kinds: Sequence[Species], sites: Sequence[SiteGroup], **changes: Any) -> Run:
    """Return a run of these species, the first one the cation."""
    document: dict[str, Any] = {
        "folder": Path(),
        "system": "synthetic",
        "replica": 1,
        "temperature_K": 298.0,
        "cation": kinds[0].name if kinds[0].role == "cation" else None,
        "structure": "",
        "trajectory": "",
        "species": tuple(kinds),
        "sites": tuple(sites),
    }
    return Run(**(document | changes))


def lasting_contacts(run: Run, listed: Sequence[tuple[str, int, int]], n_frames: int = 100) -> dict[str, BoolArray]:
    """Return contacts from (site label, cation, number of the site) that always hold."""
    touching: dict[str, BoolArray] = {}
    for label, cation, number in listed:
        site = next(one for one in run.sites if one.label == label)
        n_sites = run.find_species(site.species).count * len(site.atoms)
        held = touching.setdefault(label, np.zeros((n_frames, run.n_cations, n_sites), dtype=bool))
        held[:, cation, number] = True
    return touching


def contact_reading(run: Run, touching: Mapping[str, BoolArray], n_frames: int, interval_ps: float = 1.0) -> Reading:
    """Return a reading in which sites touch cations as told: site label -> (F, N_cation, N_site); others never do.

    Sites without contact lie just beyond, in every second frame, so that a wrong distance would show.
    """
    pairs: dict[str, NDArray[np.void]] = {}
    edges = np.linspace(0, n_frames, min(50, n_frames) + 1).astype(np.int64)
    histograms = {}
    for site in run.partner_sites():
        n_sites = run.find_species(site.species).count * len(site.atoms)
        near = touching.get(site.label, np.zeros((n_frames, run.n_cations, n_sites), dtype=bool))
        listed = near | (np.arange(n_frames) % 2 == 0)[:, None, None]
        frame, cation, number = np.nonzero(listed)
        found = np.empty(frame.size, dtype=PAIR_DTYPE)
        found["frame"], found["cation"], found["site"] = frame, cation, number
        distance = CONTACT_NM.get(site.kind, 0.3) + np.where(near[listed], -FAR_NM, FAR_NM)
        found["distance_nm"] = distance
        pairs[run.pair_label(site)] = found
        block = np.searchsorted(edges, frame, side="right") - 1
        counts = np.zeros((edges.size - 1, 250), dtype=np.int64)
        np.add.at(counts, (block, (distance / 0.002).astype(int)), 1)
        histograms[run.pair_label(site)] = counts
    return Reading(
        time_ps=np.asarray(np.arange(n_frames) * interval_ps, dtype=np.float64),
        box_nm=np.full((n_frames, 3), 3.0),
        bin_edges_nm=np.asarray(np.arange(251) * 0.002, dtype=np.float64),
        histograms=histograms,
        norm={label: np.ones(edges.size - 1) for label in histograms},
        block_edges_frame=edges,
        block_of_frame=np.repeat(np.arange(edges.size - 1), np.diff(edges)),
        pairs=pairs,
        com_nm=np.zeros((n_frames, 0, 3), dtype=np.float32),
        molecule_species=np.empty(0, dtype=np.int64),
        energies=pd.DataFrame({"time_ps": [], "Density": [], "Potential": []}),
    )


def telegraph(n_frames: int, shape: tuple[int, ...], p_off: float, p_on: float, seed: int) -> BoolArray:
    """Independent contacts that end with p_off and begin with p_on per frame, stationary from the start: (F, *shape).

    P(contact) = p_on / (p_on + p_off); its correlation falls as (1 - p_on - p_off)^k.
    """
    rng = np.random.default_rng(seed)
    state = rng.random(shape) < p_on / (p_on + p_off)
    out = np.empty((n_frames, *shape), dtype=bool)
    for frame in range(n_frames):
        out[frame] = state
        chance = rng.random(shape)
        state = np.where(state, chance >= p_off, chance < p_on)
    return out


def normal_deviates(estimates: FloatArray, half_widths: FloatArray, truth: float, dof: float) -> FloatArray:
    """Deviations of estimates in units of their own error, carried from Student's t to the normal distribution."""
    return moving_ions.normal_deviates(estimates - truth, half_widths, dof)
