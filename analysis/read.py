"""One pass over a trajectory: what every observable needs, stored so that each then takes seconds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.energies import ENERGY_COLUMNS, read_energies
from analysis.neighbours import BIN_NM, PAIR_DTYPE, Neighbours
from analysis.run import Run, RunError, open_universe
from analysis.units import nm
from analysis.unwrap import CentreOfMass, Unwrapper

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = ["ENERGY_COLUMNS", "PAIR_DTYPE", "Progress", "Reading", "load_reading", "read"]

Progress = Callable[[int, int], None]
"""Called after each frame with the frames done and the frames in all."""

MIN_FRAMES = 10
MAX_BLOCKS = 50
SPACING_TOLERANCE = 0.01
"""Largest deviation of a frame's time from even spacing, in intervals."""


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

    @property
    def n_frames(self) -> int:
        """Number of frames F."""
        return int(self.time_ps.size)

    def first_block(self, start_frame: int) -> int:
        """Return the first block that begins at or after `start_frame`, or the last block if none does."""
        starts = self.block_edges_frame[:-1]
        return min(int(np.searchsorted(starts, start_frame)), starts.size - 1)


def read(run: Run, folder: Path, progress: Progress = lambda done, total: None) -> None:
    """Read a trajectory once and store what `load_reading` returns; `folder` appears whole or not at all.

    A trajectory that breaks off is read as far as it goes, and the reading's notes say so.

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
        energies.to_csv(partial / "energies.csv", index=False)
        _read_trajectory(run, partial, progress)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_reading(folder: Path) -> bool:
    """Return whether a folder was written by `read`."""
    return (folder / "reading.json").is_file()


def _read_trajectory(run: Run, folder: Path, progress: Progress) -> None:
    """Make the one pass and write all but the energies into an existing folder."""
    with open_universe(run) as universe:
        n_frames = universe.trajectory.n_frames
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
        for frame, (time, box, positions) in enumerate(_frames(run, universe)):
            if neighbours is None:
                neighbours = Neighbours(run, edges.size - 1, float(box.min()) / 2, folder / "pairs")
            neighbours.add(frame, int(block_of_frame[frame]), positions, box)
            wrapped = np.concatenate([centre(positions, box) for centre in centres])
            com_nm[frame] = unwrapper.step(wrapped, box)
            times.append(time)
            boxes.append(box)
            progress(frame + 1, n_frames)
        com_nm.flush()
    if neighbours is None or len(times) < MIN_FRAMES:
        raise _too_few(run, len(times))
    _store(run, folder, neighbours, np.array(times), np.array(boxes), edges)


def _too_few(run: Run, n_frames: int) -> RunError:
    """Return the error for a trajectory that is too short."""
    path = run.folder / run.trajectory
    return RunError(f"{path}: {n_frames} readable frames, but the analysis needs at least {MIN_FRAMES}")


def _frames(run: Run, universe: Universe) -> Iterator[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield time in ps, box lengths and positions in nm of each frame, checked, as far as they can be read.

    Raises:
        RunError: see `read`.
    """
    path = run.folder / run.trajectory
    frames, times = iter(universe.trajectory), list[float]()
    for number in count(1):
        try:
            timestep = next(frames)
        except (StopIteration, OSError, EOFError):
            # A file that was cut ends the iteration early, with or without an error; `_store` tells.
            return
        where, time = f"{path}: frame {number}", float(timestep.time)
        # The first two frames give the spacing.
        times = [*times[:2], *times[2:][-1:], time]
        _check_time(where, times)
        if timestep.dimensions is None or not np.all(np.asarray(timestep.dimensions[:3]) > 0):
            raise RunError(f"{where} (time {time:g} ps) has no box")
        if not np.allclose(timestep.dimensions[3:], 90.0, atol=1e-3):
            raise RunError(f"{where} (time {time:g} ps): the box is not rectangular, which is not supported")
        positions = nm(timestep.positions)
        if not np.isfinite(positions).all():
            raise RunError(f"{where} (time {time:g} ps) has coordinates that are not numbers")
        yield time, nm(timestep.dimensions[:3]), positions


def _check_time(where: str, times: Sequence[float]) -> None:
    """Refuse a frame whose time repeats, goes back or is off the even spacing.

    `times` holds the first two frames, the one before this one, and this one, as far as there are.
    """
    if len(times) < 2:
        return
    before, now = times[-2:]
    if now <= before:
        raise RunError(
            f"{where} is at {now:g} ps, but the frame before it at {before:g} ps: the trajectory repeats or "
            "goes back. Remedy: join its parts again without overlap (gmx trjcat)"
        )
    spacing = times[1] - times[0]
    # Times are stored in single precision.
    rounding = 4 * float(np.finfo(np.float32).eps) * abs(now)
    if abs(now - before - spacing) > SPACING_TOLERANCE * spacing + rounding:
        raise RunError(
            f"{where} comes {now - before:g} ps after the one before, the first two are {spacing:g} ps "
            "apart: frames must be evenly spaced"
        )


def _store(
    run: Run,
    folder: Path,
    neighbours: Neighbours,
    times: NDArray[np.float64],
    boxes: NDArray[np.float64],
    edges: NDArray[np.int64],
) -> None:
    """Write arrays and reading.json; blocks without frames are left out, bins beyond half the box too."""
    neighbours.flush()
    n_frames = int(edges[-1])
    n_blocks = int(np.searchsorted(edges, times.size))
    edges = np.minimum(edges[: n_blocks + 1], times.size)
    n_bins = min(neighbours.n_bins, int(np.floor(boxes.min() / 2 / BIN_NM + 1e-9)))
    np.savez(
        folder / "arrays.npz",
        time_ps=times,
        box_nm=boxes,
        bin_edges_nm=np.arange(n_bins + 1) * BIN_NM,
        counts=neighbours.counts[:n_blocks, :, :n_bins],
        norm=neighbours.norm[:n_blocks],
        block_edges_frame=edges,
        molecule_species=np.repeat(np.arange(len(run.species)), [s.count for s in run.species]),
    )
    notes = _notes(run, times, n_frames)
    document = {"system": run.system, "replica": run.replica, "labels": neighbours.labels, "notes": notes}
    (folder / "reading.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _notes(run: Run, times: NDArray[np.float64], n_frames: int) -> list[str]:
    """Return what the report should say about a trajectory that is shorter than it should be."""
    if times.size < n_frames:
        return [f"trajectory cut short: {times.size} of {n_frames} frames readable, up to {times[-1]:g} ps"]
    asked_ps = 1000 * (run.production_ns_done or 0.0)
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
    )


def _load_pairs(path: Path) -> NDArray[np.void]:
    """Return the pairs of one label as a read-only memory map."""
    if path.stat().st_size == 0:
        return np.empty(0, dtype=PAIR_DTYPE)
    return np.memmap(path, dtype=PAIR_DTYPE, mode="r")
