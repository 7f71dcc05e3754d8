"""Distances from every cation to every site, frame by frame: histograms and the list of close pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis import kernels
from analysis.cutoffs import pair_cutoff_nm
from analysis.kernels import PAIR_DTYPE
from analysis.run import Run

__all__ = ["BIN_NM", "PAIR_DTYPE", "Neighbours", "pair_cutoffs_nm"]

BIN_NM = 0.002
"""Width of the distance bins."""

_DISTANCES_AT_ONCE = 2_000_000  # as many close pairs there is room for, of which next to none is ever touched
_PAIRS_WAITING = 500_000


def pair_cutoffs_nm(run: Run) -> dict[str, float]:
    """Return label -> distance below which pairs with a site group are listed, in the order of the groups."""
    if run.cation is None:
        return {}
    masses_u = run.find_species(run.cation).masses_u
    return {run.pair_label(site): pair_cutoff_nm(site.kind, masses_u) for site in run.partner_sites()}


class Neighbours:
    """Accumulates pair counts per block of frames and writes close pairs to one file per label.

    Site groups of the cation's own species are left out; a group of another species always gets its label,
    with zeros when nothing comes near. The last label is that of the cations with each other, whose close pairs are
    not written; both ways of a pair are counted. Without a cation there are no labels and nothing is counted.
    Distances are in single precision, as files hold positions: rounding, 3e-7 nm, decides where a pair on the edge
    of a bin is counted, and histogram and list agree. Which pairs are close: `pair_cutoffs_nm`.
    """

    def __init__(self, run: Run, n_blocks: int, r_max_nm: float, pair_folder: Path) -> None:
        """Begin for distances below `r_max_nm`, writing pair files into an existing folder."""
        sites = run.partner_sites()
        none = np.empty(0, dtype=np.int64)
        self._cations = run.atom_indices(run.cation).ravel() if run.cation is not None else none
        self._groups = [run.site_indices(site).astype(np.int64).ravel() for site in sites]
        self.pair_labels = [run.pair_label(site) for site in sites]
        self.labels = list(self.pair_labels)
        self._cutoffs_nm = list(pair_cutoffs_nm(run).values())
        self._pairs_in_all = self._cations.size * np.array([group.size for group in self._groups], dtype=np.int64)
        if run.cation is not None:
            self.labels.append(f"{run.cation}-{run.cation}")
            self._groups.append(self._cations)
            self._pairs_in_all = np.append(self._pairs_in_all, self._cations.size * (self._cations.size - 1))
        self.n_bins = max(1, int(np.floor(r_max_nm / BIN_NM + 1e-9)))
        self.norm: NDArray[np.float64] = np.zeros((n_blocks, len(self._groups)))
        self._counts: NDArray[np.int64] = np.zeros((len(self._groups), n_blocks, self.n_bins + 1), dtype=np.int64)
        self._paths = [pair_folder / f"{index}.bin" for index in range(len(self.pair_labels))]
        self._waiting: list[list[bytes]] = [[] for _ in self._paths]
        self._n_waiting = 0
        for path in self._paths:
            path.touch()

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return pairs by block, label and bin; the last bin holds whatever lies beyond."""
        return self._counts.swapaxes(0, 1)

    def add(
        self, first_frame: int, blocks: NDArray[np.int64], positions: NDArray[np.float32], boxes: NDArray[np.float64]
    ) -> None:
        """Count consecutive frames: block of each (F,), positions of all atoms (F, n_atoms, 3), box lengths (F, 3)."""
        np.add.at(self.norm, blocks, self._pairs_in_all / boxes.prod(axis=1)[:, None])
        lengths = boxes.astype(np.float32)
        for label, sites in enumerate(self._groups):
            n_frames = len(blocks)
            if n_frames * self._cations.size * sites.size > _DISTANCES_AT_ONCE:
                n_frames = 1
            for start in range(0, len(blocks), n_frames):
                span = slice(start, start + n_frames)
                self._count(label, first_frame + start, blocks[span], positions[span], lengths[span])
        if self._cations.size:
            # Every cation is at no distance from itself.
            np.subtract.at(self._counts[-1, :, 0], blocks, self._cations.size)
        if self._n_waiting > _PAIRS_WAITING:
            self.flush()

    def _count(
        self,
        label: int,
        first_frame: int,
        blocks: NDArray[np.int64],
        positions: NDArray[np.float32],
        lengths: NDArray[np.float32],
    ) -> None:
        """Count the distances to the sites of one label, and put its close pairs aside."""
        sites, written = self._groups[label], label < len(self._paths)
        n_rows = self._cations.size
        if n_rows * sites.size > _DISTANCES_AT_ONCE:
            n_rows = max(1, _DISTANCES_AT_ONCE // sites.size)
        cutoff_nm = np.float32(self._cutoffs_nm[label] if written else 0.0)
        limits = (np.float32(1.0 / BIN_NM), np.int32(self.n_bins), cutoff_nm)
        for first in range(0, self._cations.size, n_rows):
            cations = self._cations[first : first + n_rows]
            close = np.empty(len(blocks) * cations.size * sites.size if written else 1, dtype=PAIR_DTYPE)
            numbers = (first_frame, first)
            where = (positions, lengths, blocks, cations, sites)
            found = kernels.count_pairs(*where, limits, self._counts[label], numbers, close)
            if found:
                self._waiting[label].append(close[:found].tobytes())
                self._n_waiting += found

    def flush(self) -> None:
        """Write the pairs put aside to their files."""
        for path, waiting in zip(self._paths, self._waiting, strict=True):
            if waiting:
                with path.open("ab") as stream:
                    stream.writelines(waiting)
                waiting.clear()
        self._n_waiting = 0
