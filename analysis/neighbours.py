"""Distances from every cation to every site, frame by frame: histograms and the list of close pairs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from MDAnalysis.lib.distances import distance_array
from numpy.typing import NDArray

from analysis.run import Run

BIN_NM = 0.002
"""Width of the distance bins."""
PAIR_CUTOFF_NM = 0.45
"""Pairs closer than this are stored one by one."""
PAIR_DTYPE = np.dtype([("frame", "<i4"), ("cation", "<i4"), ("site", "<i4"), ("distance_nm", "<f4")])
"""One cation-site pair: frame, index of the cation, index within the site group, distance."""

_DISTANCES_AT_ONCE = 2_000_000
_PAIRS_AT_ONCE = 1_000_000


class Neighbours:
    """Accumulates pair counts per block of frames and writes close pairs to one file per label.

    Site groups of the cation's own species are left out; a group of another species always gets its label,
    with zeros when nothing comes near. Without a cation there are no labels and nothing is counted.
    """

    def __init__(self, run: Run, n_blocks: int, r_max_nm: float, pair_folder: Path) -> None:
        """Begin for distances below `r_max_nm`, writing pair files into an existing folder."""
        sites = run.partner_sites()
        groups = [run.site_indices(site) for site in sites]
        self.labels = [run.pair_label(site) for site in sites]
        self.n_bins = max(1, int(np.floor(r_max_nm / BIN_NM + 1e-9)))
        self.norm: NDArray[np.float64] = np.zeros((n_blocks, len(groups)))
        self.counts: NDArray[np.int64] = np.zeros((n_blocks, len(groups), self.n_bins + 1), dtype=np.int64)
        none = np.empty(0, dtype=np.int64)
        self._cations = run.atom_indices(run.cation).ravel() if run.cation is not None else none
        self._columns = np.concatenate([*groups, none]).astype(np.int64)
        self._group_sizes = np.array([group.size for group in groups], dtype=np.int64)
        self._label_of_column = np.repeat(np.arange(len(groups)), self._group_sizes)
        first_column = np.cumsum(self._group_sizes) - self._group_sizes
        self._site_of_column = np.arange(self._columns.size) - np.repeat(first_column, self._group_sizes)
        self._folder = pair_folder
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.void]]] = []
        self._n_waiting = 0
        for index in range(len(groups)):
            (pair_folder / f"{index}.bin").touch()

    def add(self, frame: int, block: int, positions: NDArray[np.float64], box: NDArray[np.float64]) -> None:
        """Count one frame: positions of all atoms (n_atoms, 3) and box lengths (3,) in nm."""
        self.norm[block] += self._cations.size * self._group_sizes / np.prod(box)
        if self._columns.size == 0:
            return
        sites = positions[self._columns].astype(np.float32)
        dimensions = np.array([*box, 90.0, 90.0, 90.0], dtype=np.float32)
        rows = max(1, _DISTANCES_AT_ONCE // self._columns.size)
        for first in range(0, self._cations.size, rows):
            cations = positions[self._cations[first : first + rows]].astype(np.float32)
            self._count(frame, block, first, distance_array(cations, sites, box=dimensions))
        if self._n_waiting > _PAIRS_AT_ONCE:
            self.flush()

    def _count(self, frame: int, block: int, first_cation: int, distances: NDArray[np.float64]) -> None:
        """Add distances (cations, columns) to the histograms and put the close ones aside."""
        width = self.n_bins + 1
        # The last bin takes whatever lies beyond r_max.
        bins = np.minimum((distances * (1.0 / BIN_NM)).astype(np.int64), self.n_bins)
        bins += self._label_of_column * width
        counts = np.bincount(bins.ravel(), minlength=self._group_sizes.size * width)
        self.counts[block] += counts.reshape(self._group_sizes.size, width)
        cation, column = np.nonzero(distances < PAIR_CUTOFF_NM)
        pairs = np.empty(cation.size, dtype=PAIR_DTYPE)
        pairs["frame"] = frame
        pairs["cation"] = first_cation + cation
        pairs["site"] = self._site_of_column[column]
        pairs["distance_nm"] = distances[cation, column]
        self._waiting.append((self._label_of_column[column], pairs))
        self._n_waiting += pairs.size

    def flush(self) -> None:
        """Write the pairs put aside to their files."""
        if not self._waiting:
            return
        labels = np.concatenate([label for label, _ in self._waiting])
        pairs = np.concatenate([pair for _, pair in self._waiting])
        order = np.argsort(labels, kind="stable")
        edges = np.searchsorted(labels[order], np.arange(self._group_sizes.size + 1))
        for index, (low, high) in enumerate(pairwise(edges)):
            if high > low:
                with (self._folder / f"{index}.bin").open("ab") as stream:
                    stream.write(pairs[order[low:high]].tobytes())
        self._waiting.clear()
        self._n_waiting = 0
