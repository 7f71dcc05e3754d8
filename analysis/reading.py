"""What one pass over a trajectory left: stored by analysis/read.py, the ground of every observable."""

from __future__ import annotations

import json
import math
import mmap
from bisect import bisect_left
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.hydrogen_bonding import HYDROGEN_BONDS
from analysis.neighbours import PAIR_DTYPE
from analysis.run import RunError

CHAIN_SIZES = "chain_sizes:"
_PAIRS_KEPT = 4_000_000
"""With more pairs (64 MB) than this in all, those within contact are picked out of the files again and again."""
UNKNOWN_BOUNDARY = (
    "molecules lie across a boundary, or jump through it, of a box that the trajectory does not tell: distances, "
    "contacts and paths are not known. Remedy: ./sheath describe ... --box X Y Z (nm), the edges of the box"
)
LARGEST_STEP = 0.4
"""Box lengths; beyond, a step may have been longer than half a box and been taken for a shorter one."""


@dataclass(frozen=True)
class Reading:
    """What one pass over a trajectory left; F frames, M molecules, B blocks of frames, K distance bins.

    Labels are "<cation>-<site label>", e.g. "Li-O(DME)", one for each site group that does not belong to
    the cation's own species (also for groups that are empty in a frame). Distances of the cations among themselves
    are under "<cation>-<cation>", both ways of a pair counted, without a list of pairs.

    Attributes:
        time_ps: (F,) time of each frame as in the trajectory.
        box_nm: (F, 3) box lengths; NaN in a trajectory without a box.
        bin_edges_nm: (K+1,) edges of the distance bins, 0 to at most half the smallest box length.
        histograms: label -> (B, K) number of pairs.
        norm: label -> (B,) sum over the block's frames of N_cation N_site / V, in nm^-3 (of cations among themselves
            N (N - 1) / V); g = histogram / (norm * shell volume). 0 without a box.
        block_edges_frame: (B+1,) block b holds the frames block_edges_frame[b] to block_edges_frame[b+1]-1.
        block_of_frame: (F,) the block of each frame.
        pairs: label -> structured array of `PAIR_DTYPE` (read-only memory map), sorted by frame: all pairs
            up to the label's distance in `pair_cutoffs_nm`. `site` counts molecule by molecule: molecule = site //
            (sites per molecule).
        pair_cutoffs_nm: label -> distance below which all pairs are listed.
        com_nm: (F, M, 3) float32 memory map: unwrapped centres of mass, system drift removed.
        molecule_species: (M,) index into run.species.
        energies: table with `ENERGY_COLUMNS`; no rows when the run has no energy file.
        notes: remarks for the report, e.g. that the trajectory was cut short.
        largest_step: largest component of a minimum-image step of a molecule's centre of mass between two
            frames, in box lengths (at most 0.5; near 0 without a box); NaN when not known.
        unknown_boundary: why, without a box, nothing that needs positions can be right; empty when it can.
        dipole_e_nm: (F, 3) dipole moment of all molecules together; None for a liquid with ions.
        dipole_square_e2_nm2: (F,) square of a molecule's dipole moment, averaged over the molecules; or None.
        sample_frames: (S,) the frames in which chains and hydrogen bonds were looked at.
        chain_sizes: species -> (S, chains, 3): radius of gyration, end-to-end distance, distance between heavy atoms
            of a chain and of its nearest periodic copy, in nm.
        chain_clusters: (S, 2) chains in the largest cluster, number of clusters; None without chains.
        hydrogen_bonds: "<donor site>-<acceptor site>", e.g. "HN_middle(PAB)-O(DME)" -> (S, donating molecules) number
            of bonds of each.
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
    unknown_boundary: str = ""
    dipole_e_nm: NDArray[np.float64] | None = None
    dipole_square_e2_nm2: NDArray[np.float64] | None = None
    sample_frames: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    chain_sizes: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    chain_clusters: NDArray[np.int64] | None = None
    hydrogen_bonds: dict[str, NDArray[Any]] = field(default_factory=dict)
    pair_cutoffs_nm: dict[str, float] = field(default_factory=dict)
    _near: dict[tuple[str, float], NDArray[np.void]] = field(default_factory=dict, repr=False, compare=False)

    def near(self, label: str, distance_nm: float, first: int, last: int, within_nm: float = 0.0) -> NDArray[np.void]:
        """Return the pairs of a label below a distance, of the frames first to last - 1.

        Of a run that is not too long they are picked out once, and those below `within_nm` with them, from which nearer
        ones are picked.

        Raises:
            RunError: not all pairs up to there are listed.
        """
        listed_nm = self.pair_cutoffs_nm.get(label, math.inf)
        if distance_nm > listed_nm:
            raise RunError(
                f"{label}: pairs were stored up to {listed_nm:g} nm when the trajectory was read, {distance_nm:g} nm "
                "are asked for; read it again"
            )
        if sum(len(pairs) for pairs in self.pairs.values()) > _PAIRS_KEPT:
            return _nearer(between(self.pairs[label], first, last), distance_nm)
        for nm in sorted({max(within_nm, distance_nm), distance_nm}, reverse=True):
            if (label, nm) not in self._near:
                self._near[label, nm] = _nearer(self._near.get((label, within_nm), self.pairs[label]), nm)
        return between(self._near[label, distance_nm], first, last)

    @property
    def n_frames(self) -> int:
        """Number of frames F."""
        return int(self.time_ps.size)

    @property
    def interval_ps(self) -> float:
        """Time between frames; NaN for a single frame."""
        return mean_interval_ps(self.time_ps)

    def step_note(self) -> str:
        """Return why molecules cannot be followed through the boundary of the box; empty when they can."""
        return self.unknown_boundary or step_note(self.largest_step)

    def first_block(self, start_frame: int) -> int:
        """Return the first block that begins at or after `start_frame`, or the last block if none does."""
        starts = self.block_edges_frame[:-1]
        return min(int(np.searchsorted(starts, start_frame)), starts.size - 1)


def mean_interval_ps(time_ps: NDArray[np.float64]) -> float:
    """Return the time between evenly spaced frames: the shortest number that agrees with them; NaN for a single frame.

    Files hold times in single precision: a difference of two depends on when the run began, and the lags of replicas
    would not agree.
    """
    if time_ps.size < 2:
        return math.nan
    mean = float(time_ps[-1] - time_ps[0]) / (time_ps.size - 1)
    rounding = 2 * float(np.finfo(np.float32).eps * np.abs(time_ps).max()) / (time_ps.size - 1)
    shorter = (float(f"{mean:.{digits}g}") for digits in range(1, 8))
    return next((one for one in shorter if abs(one - mean) <= 1e-6 * abs(mean) + rounding), mean)


def between(pairs: NDArray[np.void], first: int, last: int) -> NDArray[np.void]:
    """Return the pairs of the frames first to last - 1."""
    frames = pairs["frame"]  # every fourth number of the table, which NumPy's search would copy first
    return pairs[bisect_left(frames, first) : bisect_left(frames, last)]


def _nearer(pairs: NDArray[np.void], distance_nm: float) -> NDArray[np.void]:
    """Return the pairs below a distance, as a plain array."""
    plain = np.asarray(pairs)  # a memory map is several times slower to pick from
    picked = plain[plain["distance_nm"] < np.float32(distance_nm)]
    release(pairs)
    return picked


def release(mapped: NDArray[Any]) -> None:
    """Give back the memory of what was read of a memory map: it would count as memory of this process."""
    if isinstance(mapped, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def step_note(largest_step: float) -> str:
    """Return why molecules whose largest step has so many box lengths cannot be followed; empty when they can."""
    if math.isinf(largest_step):
        return UNKNOWN_BOUNDARY
    if not largest_step > LARGEST_STEP:
        return ""
    return f"frames too far apart to follow the molecules (largest step {largest_step:.2g} box lengths)"


def load_reading(folder: Path) -> Reading:
    """Return what `analysis.read.read` stored.

    Raises:
        RunError: the folder holds no complete reading.
    """
    try:
        document = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz") as stored:
            arrays = {name: stored[name] for name in stored.files}
        energies = pd.read_csv(folder / "energies.csv", dtype=float)
        com_nm = np.load(folder / "com_nm.npy", mmap_mode="r")
        # A reading of an older version lacks some of these.
        labels, pair_labels = list(document["labels"]), list(document["pair_labels"])
        chains = _chains(document, arrays)
        cutoffs = {label: float(nm) for label, nm in document["pair_cutoffs_nm"].items()}
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{folder}: no complete reading of a trajectory ({error})") from error
    edges = arrays["block_edges_frame"]
    largest_step = float(document.get("largest_step", math.nan))
    return Reading(
        time_ps=arrays["time_ps"],
        box_nm=arrays["box_nm"],
        bin_edges_nm=arrays["bin_edges_nm"],
        histograms={label: arrays["counts"][:, index] for index, label in enumerate(labels)},
        norm={label: arrays["norm"][:, index] for index, label in enumerate(labels)},
        block_edges_frame=edges,
        block_of_frame=np.repeat(np.arange(edges.size - 1), np.diff(edges)),
        pairs={label: _load_pairs(folder / "pairs" / f"{index}.bin") for index, label in enumerate(pair_labels)},
        com_nm=com_nm[: arrays["time_ps"].size],
        molecule_species=arrays["molecule_species"],
        energies=energies,
        notes=tuple(document["notes"]),
        largest_step=largest_step if math.isfinite(largest_step) else math.nan,
        unknown_boundary=UNKNOWN_BOUNDARY if math.isinf(largest_step) else "",
        dipole_e_nm=arrays.get("dipole"),
        dipole_square_e2_nm2=arrays.get("dipole_square"),
        pair_cutoffs_nm=cutoffs,
        **chains,
    )


def _chains(document: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the fields of a reading that are about chains and hydrogen bonds."""
    sizes = {name.removeprefix(CHAIN_SIZES): own for name, own in arrays.items() if name.startswith(CHAIN_SIZES)}
    return {
        "sample_frames": arrays["sample_frames"],
        "chain_sizes": sizes,
        "chain_clusters": arrays.get("chain_clusters"),
        "hydrogen_bonds": {label: arrays[f"{HYDROGEN_BONDS}{label}"] for label in document["hydrogen_bonds"]},
    }


def _load_pairs(path: Path) -> NDArray[np.void]:
    """Return the pairs of one label as a read-only memory map."""
    if path.stat().st_size == 0:
        return np.empty(0, dtype=PAIR_DTYPE)
    return np.memmap(path, dtype=PAIR_DTYPE, mode="r")
