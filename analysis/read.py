"""One pass over a trajectory: what every observable needs, stored so that each then takes seconds."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.dipole import TotalDipole
from analysis.energies import ENERGY_COLUMNS, read_energies
from analysis.neighbours import BIN_NM, PAIR_DTYPE, Neighbours
from analysis.run import SPACING_TOLERANCE, Run, RunError, frames, open_universe
from analysis.unwrap import CentreOfMass, Unwrapper

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = ["ENERGY_COLUMNS", "PAIR_DTYPE", "Progress", "Reading", "load_reading", "read"]

Progress = Callable[[int, int], None]
"""Called after each frame with the frames done and the frames in all."""

MIN_FRAMES = 10
PS_PER_NS = 1000.0
MAX_BLOCKS = 50
LARGEST_STEP = 0.4
"""Box lengths; beyond, a step may have been longer than half a box and been taken for a shorter one."""


@dataclass(frozen=True)
class Reading:
    """What one pass over a trajectory left; F frames, M molecules, B blocks of frames, K distance bins.

    Labels are "<cation>-<site label>", e.g. "Li-O(DME)", one for each site group that does not belong to
    the cation's own species (also for groups that are empty in a frame).

    Attributes:
        time_ps: (F,) time of each frame as in the trajectory.
        box_nm: (F, 3) box lengths.
        bin_edges_nm: (K+1,) edges of the distance bins, 0 to at most half the smallest box length.
        histograms: label -> (B, K) number of pairs.
        norm: label -> (B,) sum over the block's frames of N_cation N_site / V, in nm^-3;
            g = histogram / (norm * shell volume).
        block_edges_frame: (B+1,) block b holds the frames block_edges_frame[b] to block_edges_frame[b+1]-1.
        block_of_frame: (F,) the block of each frame.
        pairs: label -> structured array of `PAIR_DTYPE` (read-only memory map), sorted by frame: all pairs
            within 0.45 nm. `site` counts molecule by molecule: molecule = site // (sites per molecule).
        com_nm: (F, M, 3) float32 memory map: unwrapped centres of mass, system drift removed.
        molecule_species: (M,) index into run.species.
        energies: table with `ENERGY_COLUMNS`; no rows when the run has no energy file.
        notes: remarks for the report, e.g. that the trajectory was cut short.
        largest_step: largest component of a minimum-image step of a molecule's centre of mass between two
            frames, in box lengths (at most 0.5); NaN when not known.
        dipole_e_nm: (F, 3) dipole moment of all molecules together; None for a liquid with ions.
        dipole_square_e2_nm2: (F,) square of a molecule's dipole moment, averaged over the molecules; or None.
    """

    time_ps: NDArray[np.float64]
    box_nm: NDArray[np.float64]
    bin_edges_nm: NDArray[np.float64]
    histograms: dict[str, NDArray[np.int64]]
    norm: dict[str, NDArray[np.float64]]
    block_edges_frame: NDArray[np.int64]
    block_of_frame: NDArray[np.int64]
    pairs: dict[str, NDArray[np.void]]
    com_nm: NDArray[np.float32]
    molecule_species: NDArray[np.int64]
    energies: pd.DataFrame
    notes: tuple[str, ...] = ()
    largest_step: float = math.nan
    dipole_e_nm: NDArray[np.float64] | None = None
    dipole_square_e2_nm2: NDArray[np.float64] | None = None

    @property
    def n_frames(self) -> int:
        """Number of frames F."""
        return int(self.time_ps.size)

    @property
    def interval_ps(self) -> float:
        """Time between frames; NaN for a single frame."""
        return float(np.median(np.diff(self.time_ps))) if self.n_frames > 1 else math.nan

    def step_note(self) -> str:
        """Return why molecules cannot be followed through the boundary of the box; empty when they can."""
        return step_note(self.largest_step)

    def first_block(self, start_frame: int) -> int:
        """Return the first block that begins at or after `start_frame`, or the last block if none does."""
        starts = self.block_edges_frame[:-1]
        return min(int(np.searchsorted(starts, start_frame)), starts.size - 1)


def step_note(largest_step: float) -> str:
    """Return why molecules whose largest step has so many box lengths cannot be followed; empty when they can."""
    if not largest_step > LARGEST_STEP:
        return ""
    return f"frames too far apart to follow the molecules (largest step {largest_step:.2g} box lengths)"


def read(run: Run, folder: Path, progress: Progress = lambda done, total: None) -> None:
    """Read a trajectory once and store what `load_reading` returns; `folder` appears whole or not at all.

    A trajectory that breaks off is read as far as it goes, one that is longer than the run's production_ns
    as far as that; the reading's notes say so.

    Raises:
        RunError: fewer than 10 frames; frames that repeat, go back or are unevenly spaced; coordinates or
            boxes that are not numbers; a box that is not rectangular; molecules whose bonds do not connect
            them; files that are missing or do not fit run.json; `folder` holds something else.
    """
    if folder.exists() and not (folder.is_dir() and (_is_reading(folder) or not any(folder.iterdir()))):
        raise RunError(f"{folder}: exists and is no reading of a trajectory; it is left as it is")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "pairs").mkdir(parents=True)
    try:
        energies = read_energies(run.folder / run.energy if run.energy else None)
        end_ps = _read_trajectory(run, partial, progress)
        energies[energies["time_ps"] <= end_ps].to_csv(partial / "energies.csv", index=False)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_reading(folder: Path) -> bool:
    """Return whether a folder was written by `read`."""
    return (folder / "reading.json").is_file()


def _read_trajectory(run: Run, folder: Path, progress: Progress) -> float:
    """Make the one pass, write all but the energies into an existing folder; return where energies end, in ps."""
    with open_universe(run) as universe:
        n_frames, goes_on = _frames_asked_for(run, universe)
        if n_frames < MIN_FRAMES:
            raise _too_few(run, n_frames)
        edges = np.linspace(0, n_frames, min(MAX_BLOCKS, n_frames) + 1).astype(np.int64)
        block_of_frame = np.repeat(np.arange(edges.size - 1), np.diff(edges))
        centres = [CentreOfMass.of(species, run.atom_indices(species.name)) for species in run.species]
        unwrapper = Unwrapper(np.repeat([s.mass_u for s in run.species], [s.count for s in run.species]))
        com_nm = np.lib.format.open_memmap(
            folder / "com_nm.npy", mode="w+", dtype=np.float32, shape=(n_frames, run.n_molecules, 3)
        )
        times: list[float] = []
        boxes: list[NDArray[np.float64]] = []
        neighbours: Neighbours | None = None
        dipole = TotalDipole(run)
        for frame, (time, box, positions) in enumerate(islice(frames(run, universe), n_frames)):
            if neighbours is None:
                neighbours = Neighbours(run, edges.size - 1, float(box.min()) / 2, folder / "pairs")
            neighbours.add(frame, int(block_of_frame[frame]), positions, box)
            wrapped = np.concatenate([centre(positions, box) for centre in centres])
            com_nm[frame] = unwrapper.step(wrapped, box)
            dipole.add(positions, box)
            times.append(time)
            boxes.append(box)
            progress(frame + 1, n_frames)
        com_nm.flush()
    if neighbours is None or len(times) < MIN_FRAMES:
        raise _too_few(run, len(times))
    far = step_note(unwrapper.largest_step)
    notes = [*goes_on, *_notes(run, np.array(times), n_frames), *([far] if far else [])]
    document = {"system": run.system, "replica": run.replica, "labels": neighbours.labels, "notes": notes}
    document["largest_step"] = unwrapper.largest_step
    (folder / "reading.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _store(run, folder, neighbours, dipole, np.array(times), np.array(boxes), edges)
    return times[-1] + (times[1] - times[0]) / 2 if goes_on else math.inf


def _frames_asked_for(run: Run, universe: Universe) -> tuple[int, list[str]]:
    """Return how many frames to read, and a note when the trajectory is longer than the run is asked to be.

    A run whose length was lowered after it had gone further keeps its long trajectory.
    """
    n_frames = int(universe.trajectory.n_frames)
    if n_frames < MIN_FRAMES or not run.production_ns:
        return n_frames, []
    start_ps, next_ps = (float(universe.trajectory[frame].time) for frame in (0, 1))
    interval_ps = next_ps - start_ps
    if interval_ps <= 0:  # refused when it is read
        return n_frames, []
    n_asked = int(run.production_ns * PS_PER_NS / interval_ps + SPACING_TOLERANCE) + 1
    if n_asked >= n_frames:
        return n_frames, []
    last, end = (start_ps + (n - 1) * interval_ps for n in (n_frames, n_asked))
    return n_asked, [f"trajectory goes on to {last:g} ps; read up to {end:g} ps as configured"]


def _too_few(run: Run, n_frames: int) -> RunError:
    """Return the error for a trajectory that is too short."""
    path = run.folder / run.trajectory
    return RunError(f"{path}: {n_frames} readable frames, but the analysis needs at least {MIN_FRAMES}")


def _store(
    run: Run,
    folder: Path,
    neighbours: Neighbours,
    dipole: TotalDipole,
    times: NDArray[np.float64],
    boxes: NDArray[np.float64],
    edges: NDArray[np.int64],
) -> None:
    """Write the arrays; blocks without frames are left out, bins beyond half the box too."""
    neighbours.flush()
    n_blocks = int(np.searchsorted(edges, times.size))
    edges = np.minimum(edges[: n_blocks + 1], times.size)
    n_bins = min(neighbours.n_bins, int(np.floor(boxes.min() / 2 / BIN_NM + 1e-9)))
    arrays: dict[str, ArrayLike] = {
        "time_ps": times,
        "box_nm": boxes,
        "bin_edges_nm": np.arange(n_bins + 1) * BIN_NM,
        "counts": neighbours.counts[:n_blocks, :, :n_bins],
        "norm": neighbours.norm[:n_blocks],
        "block_edges_frame": edges,
        "molecule_species": np.repeat(np.arange(len(run.species)), [s.count for s in run.species]),
    }
    if dipole.known:
        arrays |= {"dipole": dipole.total_e_nm, "dipole_square": dipole.mean_square_e2_nm2}
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


def _notes(run: Run, times: NDArray[np.float64], n_frames: int) -> list[str]:
    """Return what the report should say about a trajectory that is shorter than it should be."""
    if times.size < n_frames:
        return [f"trajectory cut short: {times.size} of {n_frames} frames readable, up to {times[-1]:g} ps"]
    done_ns = run.production_ns_done or 0.0
    asked_ps = PS_PER_NS * min(done_ns, run.production_ns or done_ns)
    length_ps = times[-1] - times[0]
    if length_ps + 1.5 * (times[1] - times[0]) < asked_ps:
        return [f"trajectory cut short: it covers {length_ps:g} ps, run.json says {asked_ps:g} ps"]
    return []


def load_reading(folder: Path) -> Reading:
    """Return what `read` stored.

    Raises:
        RunError: the folder holds no complete reading.
    """
    try:
        document = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz") as stored:
            arrays = {name: stored[name] for name in stored.files}
        energies = pd.read_csv(folder / "energies.csv", dtype=float)
        com_nm = np.load(folder / "com_nm.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        raise RunError(f"{folder}: no complete reading of a trajectory ({error})") from error
    labels: list[str] = document["labels"]
    edges = arrays["block_edges_frame"]
    return Reading(
        time_ps=arrays["time_ps"],
        box_nm=arrays["box_nm"],
        bin_edges_nm=arrays["bin_edges_nm"],
        histograms={label: arrays["counts"][:, index] for index, label in enumerate(labels)},
        norm={label: arrays["norm"][:, index] for index, label in enumerate(labels)},
        block_edges_frame=edges,
        block_of_frame=np.repeat(np.arange(edges.size - 1), np.diff(edges)),
        pairs={label: _load_pairs(folder / "pairs" / f"{index}.bin") for index, label in enumerate(labels)},
        com_nm=com_nm[: arrays["time_ps"].size],
        molecule_species=arrays["molecule_species"],
        energies=energies,
        notes=tuple(document["notes"]),
        largest_step=float(document.get("largest_step", math.nan)),
        dipole_e_nm=arrays.get("dipole"),
        dipole_square_e2_nm2=arrays.get("dipole_square"),
    )


def _load_pairs(path: Path) -> NDArray[np.void]:
    """Return the pairs of one label as a read-only memory map."""
    if path.stat().st_size == 0:
        return np.empty(0, dtype=PAIR_DTYPE)
    return np.memmap(path, dtype=PAIR_DTYPE, mode="r")
