"""Memory of the observables: at most 16 bytes for each molecule and frame, and a constant; time linear in frames."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import stationarity
from analysis.observe import find_observables
from analysis.read import PAIR_DTYPE, Reading
from analysis.run import Run, SiteGroup
from tests.analysis.contact_runs import contact_reading, contact_run, species

BYTES_PER_MOLECULE_AND_FRAME = 16
N_CATIONS, N_SOLVENT = 20, 240  # as dilute as 1 mol/L in DOL/DME
OF_ENERGIES = ("thermodynamics", "vaporisation")
SITES = [SiteGroup("O(G)", "G", "O", (0,)), SiteGroup("F(X)", "X", "F", (0,))]


def long_reading(n_frames: int) -> tuple[Run, Reading]:
    """Return a run in which every cation holds three solvents and an anion, one of which changes now and then."""
    run = contact_run(
        [species("Li", "cation", N_CATIONS), species("G", "solvent", N_SOLVENT), species("X", "anion", N_CATIONS)],
        SITES,
    )
    short = contact_reading(run, {}, 50)
    edges = np.linspace(0, n_frames, 51).astype(np.int64)
    rng = np.random.default_rng(1)
    pairs: dict[str, NDArray[np.void]] = {}
    for label, n_sites, per_cation in (("Li-O(G)", N_SOLVENT, 3), ("Li-F(X)", N_CATIONS, 1)):
        steps = rng.integers(0, 2, size=(n_frames, N_CATIONS, 1)) * (rng.random((n_frames, N_CATIONS, 1)) < 0.01)
        first = rng.integers(0, n_sites, size=(1, N_CATIONS, 1))
        site = np.sort((first + np.cumsum(steps, axis=0) + 7 * np.arange(per_cation)) % n_sites, axis=2)
        found = np.empty(site.size, dtype=PAIR_DTYPE)
        found["frame"] = np.repeat(np.arange(n_frames), N_CATIONS * per_cation)
        found["cation"] = np.tile(np.repeat(np.arange(N_CATIONS), per_cation), n_frames)
        found["site"], found["distance_nm"] = site.ravel(), 0.2
        pairs[label] = found
    walks = np.cumsum(rng.normal(scale=0.02, size=(n_frames, run.n_molecules, 3)), axis=0, dtype=np.float32)
    kinds = np.repeat(np.arange(3), [N_CATIONS, N_SOLVENT, N_CATIONS])
    return run, replace(
        short,
        time_ps=np.arange(n_frames, dtype=np.float64),
        box_nm=np.full((n_frames, 3), 3.0),
        histograms={**short.histograms, "Li-Li": np.zeros_like(short.histograms["Li-O(G)"])},
        norm={**short.norm, "Li-Li": np.ones(50)},
        block_edges_frame=edges,
        block_of_frame=np.repeat(np.arange(50), np.diff(edges)),
        pairs=pairs,
        com_nm=walks,
        molecule_species=kinds,
    )


def cost(n_frames: int) -> tuple[dict[str, int], float]:
    """Return the largest memory in bytes that each observable takes, and the processor's time of all in seconds."""
    run, reading = long_reading(n_frames)
    start, _ = stationarity.find_start(run, reading)
    largest, seconds = {}, 0.0
    for name, compute in find_observables().items():
        if name in OF_ENERGIES:
            continue
        tracemalloc.start()
        began = time.process_time()
        assert compute(run, reading, start) is not None
        seconds += time.process_time() - began
        largest[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return largest, seconds


@pytest.mark.slow
def test_memory_and_time_grow_with_the_frames_and_no_faster() -> None:
    cost(1000)  # imports
    (few, few_s), (many, many_s) = cost(10_000), cost(40_000)
    n_molecules = 2 * N_CATIONS + N_SOLVENT
    growth = {name: (many[name] - few[name]) / 30_000 / n_molecules for name in few}
    assert max(growth.values()) <= BYTES_PER_MOLECULE_AND_FRAME, growth
    assert max(growth.values()) > 4  # what is kept of each frame does show
    assert max(few.values()) < 500e6
    # four times the frames: 16 times the time where it is quadratic
    assert many_s < 8 * few_s
