"""One pass over a trajectory: what every observable needs, stored so that each then takes seconds."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis import kernels
from analysis.cutoffs import ion_of
from analysis.energies import ENERGY_COLUMNS, energies_beside, energies_of
from analysis.frames import read_header
from analysis.joining import join_pairs, join_paths
from analysis.neighbours import BIN_NM, PAIR_DTYPE, pair_cutoffs_nm
from analysis.part import Part, Plan, read_part
from analysis.reading import Reading, load_reading, step_note
from analysis.run import SPACING_TOLERANCE, Run, RunError, open_universe
from analysis.survey import longest_even, usable_times, usual_spacing
from analysis.units import PS_PER_NS
from analysis.unwrap import Bonds
from analysis.workers import HUNG_S, Died, run_all
from analysis.xtc import xtc_frames, xtc_lost_bytes

__all__ = ["ENERGY_COLUMNS", "PAIR_DTYPE", "Progress", "Reading", "load_reading", "read"]

Progress = Callable[[int, int], None]
"""Called now and then with the frames done and the frames in all."""

MIN_FRAMES = 10
MAX_BLOCKS = 50
MAX_SAMPLES = 1000
"""Chains and hydrogen bonds are looked at in at most about so many frames: they change slowly."""


def read(run: Run, folder: Path, progress: Progress = lambda done, total: None, processes: int = 1) -> None:
    """Read a trajectory once and store what `load_reading` returns; `folder` appears whole or not at all.

    Of a trajectory with frames that cannot be used (broken off, damaged, not numbers, without a box, a gap in time,
    time that goes back) the longest even stretch is read; one that is longer than the run's production_ns as far as
    that; the reading's notes say so, and that an energy file cannot be used, whose table is then empty. Each of
    `processes` reads its share of the frames.

    Raises:
        RunError: fewer than 10 usable frames; a box that is not rectangular; files that are missing or do not fit
            run.json; `folder` holds something else or cannot be written.
    """
    if folder.exists() and not (folder.is_dir() and (_is_reading(folder) or not any(folder.iterdir()))):
        raise RunError(f"{folder}: exists and is no reading of a trajectory; it is left as it is. Remedy: --out FOLDER")
    unfinished = folder.with_name(f".{folder.name}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
    except OSError as error:
        remedy = "Remedy: another place with --out, or --work of ./sheath report"
        raise RunError(f"{folder}: cannot be written ({error.strerror}). {remedy}") from error
    try:
        _read_trajectory(run, unfinished, progress, processes)
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _is_reading(folder: Path) -> bool:
    """Return whether a folder was written by `read`."""
    return (folder / "reading.json").is_file()


def _read_trajectory(run: Run, folder: Path, progress: Progress, processes: int) -> None:
    """Make the one pass and write all that is kept into an existing folder."""
    energies, lost = energies_of(run)
    with open_universe(run) as universe:
        trajectory = universe.trajectory
        n_frames, goes_on = _frames_asked_for(run, trajectory)
        plan = _plan(trajectory, 0, n_frames)
        parts, reason = _read_frames(run, trajectory, plan, folder, progress, processes)
        good = _frames_of(parts)
        # Frames up to the first bad one are the longest stretch when they are more than half.
        if reason and good < n_frames - good:
            # The last good frame is where the rest may begin.
            start = max(good - 1, 0)
            times = usable_times(run, trajectory, plan.has_box, start, n_frames, progress)
            spacing_ps = usual_spacing(times, plan.spacing_ps)
            first, last = longest_even(times, spacing_ps)
            if last - first > good:
                plan = _plan(trajectory, start + first, start + last, spacing_ps)
                parts, _ = _read_frames(run, trajectory, plan, folder, progress, processes)
    used = _frames_of(parts)
    if used < MIN_FRAMES:
        raise _too_few(run, used, reason)
    time_ps = np.concatenate([part.time_ps for part in parts])
    if goes_on:
        energies = energies[energies["time_ps"] <= time_ps[-1] + (time_ps[1] - time_ps[0]) / 2]
    boxes = np.concatenate([part.box_nm for part in parts])
    energies, odd = energies_beside(run, energies, time_ps, boxes if plan.has_box else np.full_like(boxes, np.nan))
    energies.to_csv(folder / "energies.csv", index=False)
    notes = [
        *goes_on,
        *_lost_notes(run),
        *_cut_notes(plan.first, time_ps, n_frames, reason),
        *_short_notes(run, time_ps, n_frames),
        *lost,
        *odd,
    ]
    _store(run, folder, plan, parts, notes)


def _frames_of(parts: Sequence[Part]) -> int:
    return sum(part.time_ps.size for part in parts)


def _plan(trajectory: Any, first: int, last: int, spacing_ps: float | None = None) -> Plan:
    """Return the plan for some frames of a trajectory; their spacing is that of the first two when not given."""
    headers = [read_header(trajectory, min(first + step, last - 1)) for step in range(2)]
    looked_at = [read_header(trajectory, int(frame)) for frame in np.linspace(first, last - 1, 9)]
    has_box = sum(header.has_box for header in looked_at) > len(looked_at) / 2
    if spacing_ps is None:
        spacing_ps = headers[1].time_ps - headers[0].time_ps
    n_frames = last - first
    edges = np.linspace(0, n_frames, min(MAX_BLOCKS, n_frames) + 1).astype(np.int64)
    blocks = np.repeat(np.arange(edges.size - 1), np.diff(edges))
    return Plan(first, last, spacing_ps, has_box, blocks, max(1, math.ceil(n_frames / MAX_SAMPLES)))


def _read_frames(
    run: Run, trajectory: Any, plan: Plan, folder: Path, progress: Progress, processes: int
) -> tuple[list[Part], str]:
    """Return the parts that belong together, from the first frame of the plan on, and why they end before its last.

    When a process died over a damaged frame, the frames before it are read again without it.
    """
    com_path = folder / "com_nm.npy"
    np.lib.format.open_memmap(com_path, mode="w+", dtype=np.float32, shape=(plan.n_frames, run.n_molecules, 3)).flush()
    edges = np.linspace(0, plan.n_frames, max(1, min(processes, plan.n_frames)) + 1).astype(int)
    pieces = []
    for index, span in enumerate(pairwise(edges)):
        pair_folder = folder / f"pairs{index}"
        shutil.rmtree(pair_folder, ignore_errors=True)
        pair_folder.mkdir()
        pieces.append(partial(read_part, run, trajectory, plan, span, com_path, pair_folder))
    kernels.load()
    found = run_all(pieces, lambda done: progress(done, plan.n_frames), HUNG_S)
    parts: list[Part] = []
    for index, part in enumerate(found):
        if isinstance(part, Died):
            return _read_before(run, trajectory, plan, (folder, progress, processes), int(edges[index]) + part.done)
        if isinstance(part, str):
            return parts, part
        parts.append(part)
        if part.reason:
            return parts, part.reason
    return parts, ""


def _read_before(
    run: Run, trajectory: Any, plan: Plan, how: tuple[Path, Progress, int], good: int
) -> tuple[list[Part], str]:
    """Return the parts before a frame that ends the process that reads it."""
    reason = f"frame {plan.first + good + 1} is damaged"
    if good < 1:
        return [], reason
    parts, other = _read_frames(run, trajectory, plan.before(good), *how)
    return parts, other or reason


def _frames_asked_for(run: Run, trajectory: Any) -> tuple[int, list[str]]:
    """Return how many frames to read, and a note when the trajectory is longer than the run is asked to be.

    A run whose length was lowered after it had gone further keeps its long trajectory.
    """
    n_frames = int(trajectory.n_frames)
    if n_frames < MIN_FRAMES:
        raise _too_few(run, n_frames, "")
    start_ps, next_ps = (read_header(trajectory, frame).time_ps for frame in (0, 1))
    interval_ps = run.frame_interval_ps or next_ps - start_ps  # the first two frames may be the odd ones
    if not run.production_ns or interval_ps <= 0:  # noticed when it is read
        return n_frames, []
    n_asked = int(run.production_ns * PS_PER_NS / interval_ps + SPACING_TOLERANCE) + 1
    if n_asked >= n_frames:
        return n_frames, []
    last, end = (start_ps + (n - 1) * interval_ps for n in (n_frames, n_asked))
    return n_asked, [f"trajectory goes on to {last:g} ps; read up to {end:g} ps as configured"]


def _too_few(run: Run, n_frames: int, reason: str) -> RunError:
    """Return the error for a trajectory that is too short."""
    path = run.folder / run.trajectory
    why = f" ({reason})" if reason else ""
    return RunError(f"{path}: {n_frames} readable frames, but the analysis needs at least {MIN_FRAMES}{why}")


def _cut_notes(first: int, time_ps: NDArray[np.float64], n_frames: int, reason: str) -> list[str]:
    """Return what the report should say about frames that could not be used."""
    if not reason:
        return []
    if first == 0:
        return [
            f"trajectory cut short: {time_ps.size} of {n_frames} frames readable, up to {time_ps[-1]:g} ps; {reason}"
        ]
    return [
        f"trajectory cut: only frames {first + 1} to {first + time_ps.size} of {n_frames} are used, "
        f"{time_ps[0]:g} to {time_ps[-1]:g} ps, the longest even stretch; {reason}"
    ]


def _lost_notes(run: Run) -> list[str]:
    """Return what the report should say about stretches of XTC files that hold no frame."""
    lost = {path: xtc_lost_bytes(path) for path in run.trajectory_paths if path.suffix == ".xtc"}
    return [
        f"trajectory cut short: {path.name} is damaged or broken off; {100 * n_bytes / path.stat().st_size:.2g} % of "
        "it hold no frame"
        for path, n_bytes in lost.items()
        if n_bytes and xtc_frames(path)[0]
    ]


def _short_notes(run: Run, time_ps: NDArray[np.float64], n_frames: int) -> list[str]:
    """Return what the report should say about a trajectory that is whole but shorter than it should be."""
    if time_ps.size < n_frames:
        return []
    done_ns = run.production_ns_done or 0.0
    asked_ps = PS_PER_NS * min(done_ns, run.production_ns or done_ns)
    length_ps = time_ps[-1] - time_ps[0]
    if length_ps + 1.5 * (time_ps[1] - time_ps[0]) < asked_ps:
        return [f"trajectory cut short: it covers {length_ps:g} ps, run.json says {asked_ps:g} ps"]
    return []


def _store(run: Run, folder: Path, plan: Plan, parts: Sequence[Part], notes: list[str]) -> None:
    """Write what was read: paths and pairs of all parts joined, the arrays, and the document that names them."""
    join_pairs(folder, len(parts), len(parts[0].pair_labels))
    largest_step = join_paths(folder / "com_nm.npy", parts, run)
    boxes = np.concatenate([part.box_nm for part in parts])
    n_bins = min(part.counts.shape[2] - 1 for part in parts)
    if plan.has_box:
        n_bins = min(n_bins, int(np.floor(boxes.min() / 2 / BIN_NM + 1e-9)))
    n_frames = len(boxes)
    blocks = plan.block_of_frame[:n_frames]
    n_blocks = int(blocks[-1]) + 1
    arrays: dict[str, ArrayLike] = {
        "time_ps": np.concatenate([part.time_ps for part in parts]),
        "box_nm": boxes if plan.has_box else np.full_like(boxes, np.nan),
        "bin_edges_nm": np.arange(n_bins + 1) * BIN_NM,
        "counts": sum(part.counts[:n_blocks, :, :n_bins] for part in parts),
        "norm": sum(part.norm[:n_blocks] for part in parts) * float(plan.has_box),
        "block_edges_frame": np.searchsorted(blocks, np.arange(n_blocks + 1)),
        "molecule_species": np.repeat(np.arange(len(run.species)), [s.count for s in run.species]),
        "sample_frames": np.arange(0, n_frames, plan.sample_every),
    }
    arrays |= {name: np.concatenate([part.series[name] for part in parts]) for name in parts[0].series}
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
    far = step_note(largest_step)
    document = {
        "system": run.system,
        "replica": run.replica,
        "labels": parts[0].labels,
        "pair_labels": parts[0].pair_labels,
        "pair_cutoffs_nm": pair_cutoffs_nm(run),
        "hydrogen_bonds": parts[0].hydrogen_bonds,
        "notes": [*notes, *run.notes, *_missing_notes(run, plan), *([far] if far else [])],
        "largest_step": largest_step,
    }
    (folder / "reading.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _missing_notes(run: Run, plan: Plan) -> list[str]:
    """Return what the report should say about a trajectory without a box, and about molecules without bonds."""
    notes = []
    if run.cation is not None and not ion_of(run.find_species(run.cation).masses_u):
        notes.append(f"{run.cation}: an ion of unknown radius; its contact distances are those of lithium")
    if not plan.has_box:
        notes.append(
            "the trajectory has no box: distances and paths are those of the positions as they stand in the file, "
            "right only when nothing crosses a boundary; no g(r), density or conductivity"
        )
    for name, count in Bonds(run).unconnected.items():
        notes.append(
            f"{name}: no bond leads to {count} of its {run.find_species(name).n_atoms} atoms; each was taken to be "
            "less than half a box from the atom before it"
        )
    return notes
