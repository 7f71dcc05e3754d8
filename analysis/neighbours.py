"""Distances from every cation to every site, frame by frame: histograms and the list of close pairs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis import kernels
from analysis.frames import edges
from analysis.run import Run

BIN_NM = 0.002
"""Width of the distance bins."""
PAIR_CUTOFF_NM = 0.45
"""Pairs closer than this are stored one by one."""
PAIR_DTYPE = np.dtype([("frame", "<i4"), ("cation", "<i4"), ("site", "<i4"), ("distance_nm", "<f4")])
"""One cation-site pair: frame, index of the cation, index within the site group, distance."""

_DISTANCES_AT_ONCE = 20_000  # arrays of this size stay in a core's cache
_PAIRS_AT_ONCE = 500_000


class Neighbours:
    """Accumulates pair counts per block of frames and writes close pairs to one file per label.

    Site groups of the cation's own species are left out; a group of another species always gets its label,
    with zeros when nothing comes near. The last label is that of the cations with each other, whose close pairs are
    not written; both ways of a pair are counted. Without a cation there are no labels and nothing is counted.
    Distances are in single precision, as files hold positions: rounding, 3e-7 nm, decides where a pair on the edge
    of a bin is counted, and histogram and list agree.
    """

    def __init__(self, run: Run, n_blocks: int, r_max_nm: float, pair_folder: Path) -> None:
        """Begin for distances below `r_max_nm`, writing pair files into an existing folder."""
        sites = run.partner_sites()
        none = np.empty(0, dtype=np.int64)
        self._cations = run.atom_indices(run.cation).ravel() if run.cation is not None else none
        groups = [run.site_indices(site) for site in sites]
        self.pair_labels = [run.pair_label(site) for site in sites]
        self.labels = list(self.pair_labels)
        self._group_sizes = np.array([group.size for group in groups], dtype=np.int64)
        self._pairs_in_all = self._cations.size * self._group_sizes
        self._n_sites = int(self._group_sizes.sum())
        if run.cation is not None:
            self.labels.append(f"{run.cation}-{run.cation}")
            groups.append(self._cations)
            self._pairs_in_all = np.append(self._pairs_in_all, self._cations.size * (self._cations.size - 1))
        self.n_bins = max(1, int(np.floor(r_max_nm / BIN_NM + 1e-9)))
        self.norm: NDArray[np.float64] = np.zeros((n_blocks, len(groups)))
        self.counts: NDArray[np.int64] = np.zeros((n_blocks, len(groups), self.n_bins + 1), dtype=np.int64)
        self._columns = np.concatenate([*groups, none]).astype(np.int64)
        sizes = [group.size for group in groups]
        self._label_of_column = np.repeat(np.arange(len(groups), dtype=np.int16), sizes)
        self._first_bin_of_column = self._label_of_column.astype(np.int32) * np.int32(self.n_bins + 1)
        first_column = np.cumsum(sizes, dtype=np.int64) - sizes
        self._site_of_column = np.arange(self._columns.size) - np.repeat(first_column, sizes)
        self._folder = pair_folder
        self._waiting: list[tuple[int, NDArray[np.int64], NDArray[np.float32]]] = []
        self._n_waiting = 0
        self._rows = min(self._cations.size, max(1, _DISTANCES_AT_ONCE // max(1, self._columns.size)))
        self._scratch = np.empty((3, self._rows, self._columns.size), dtype=np.float32)
        self._close = np.empty(self._rows * self._columns.size, dtype=np.int64)
        self._close_nm = np.empty(self._rows * self._columns.size, dtype=np.float32)
        self._bins = np.empty((self._rows, self._columns.size), dtype=np.int32)
        for index in range(len(self.pair_labels)):
            (pair_folder / f"{index}.bin").touch()

    def add(self, frame: int, block: int, positions: NDArray[np.float32], box: NDArray[np.float64]) -> None:
        """Count one frame: positions of all atoms (n_atoms, 3) and box lengths (3,) in nm."""
        self.norm[block] += self._pairs_in_all / box.prod()
        if self._columns.size == 0:
            return
        for first in range(0, self._cations.size, self._rows):
            cations = self._cations[first : first + self._rows]
            close, distances = self._close_pairs(block, positions, cations, box)
            self._waiting.append((frame, close + first * self._columns.size, distances))
            self._n_waiting += close.size
        # Every cation is at no distance from itself.
        self.counts[block, -1, 0] -= self._cations.size
        if self._n_waiting > _PAIRS_AT_ONCE:
            self.flush()

    def _close_pairs(
        self, block: int, positions: NDArray[np.float32], cations: NDArray[np.int64], box: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Count the distances of some cations; return row * columns + column of those within the cut-off, and them."""
        if kernels.HAS_NUMBA:
            where = (positions, box.astype(np.float32), cations, self._columns, self._first_bin_of_column)
            limits = (np.float32(1.0 / BIN_NM), np.int32(self.n_bins), np.float32(PAIR_CUTOFF_NM))
            out = (self._close, self._close_nm)
            found = kernels.count_pairs(*where, limits, self.counts[block].ravel(), out)
            return self._close[:found].copy(), self._close_nm[:found].copy()
        lengths = box.astype(np.float32)
        sites = np.ascontiguousarray(_wrapped(positions.take(self._columns, axis=0), box).T)
        distances = self._distances(_wrapped(positions.take(cations, axis=0), box), sites, lengths)
        self._count(block, distances)
        close = np.flatnonzero(distances < np.float32(PAIR_CUTOFF_NM))
        return close, distances.take(close)

    def _distances(
        self, cations: NDArray[np.float32], sites: NDArray[np.float32], lengths: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the minimum-image distances (cations, columns); the next call overwrites them.

        cations (rows, 3) and sites (3, columns) are wrapped, so that no difference is longer than a box.
        """
        total, along, other = self._scratch[:, : len(cations)]
        for axis in range(3):
            out = along if axis else total
            np.subtract(sites[axis], cations[:, axis, None], out=out)
            np.abs(out, out=out)
            np.subtract(lengths[axis], out, out=other)
            np.minimum(out, other, out=out)
            np.multiply(out, out, out=out)
            if axis:
                np.add(total, along, out=total)
        distances: NDArray[np.float32] = np.sqrt(total, out=total)
        return distances

    def _count(self, block: int, distances: NDArray[np.float32]) -> None:
        """Add distances (cations, columns) to the histograms of a block."""
        # The last bin takes whatever lies beyond r_max.
        scaled = np.multiply(distances, np.float32(1.0 / BIN_NM), out=self._scratch[1, : len(distances)])
        np.minimum(scaled, np.float32(self.n_bins), out=scaled)
        bins = self._bins[: len(distances)]
        np.copyto(bins, scaled, casting="unsafe")
        bins += self._first_bin_of_column
        counts = self.counts[block]
        counts += np.bincount(bins.ravel().astype(np.intp), minlength=counts.size).reshape(counts.shape)

    def flush(self) -> None:
        """Write the pairs put aside to their files."""
        if not self._n_waiting:
            return
        frames = np.repeat([frame for frame, _, _ in self._waiting], [flat.size for _, flat, _ in self._waiting])
        cation, column = np.divmod(np.concatenate([flat for _, flat, _ in self._waiting]), self._columns.size)
        labels = self._label_of_column[column]
        # A stable sort of short integers takes linear time and keeps the order in time.
        order = np.argsort(labels, kind="stable")
        order = order[: np.count_nonzero(column < self._n_sites)]
        pairs = np.empty(order.size, dtype=PAIR_DTYPE)
        pairs["frame"] = frames[order]
        pairs["cation"] = cation[order]
        pairs["site"] = self._site_of_column[column[order]]
        pairs["distance_nm"] = np.concatenate([distances for _, _, distances in self._waiting])[order]
        edges = np.searchsorted(labels[order], np.arange(len(self.pair_labels) + 1))
        for index, (low, high) in enumerate(pairwise(edges)):
            if high > low:
                with (self._folder / f"{index}.bin").open("ab") as stream:
                    stream.write(pairs[low:high].tobytes())
        self._waiting.clear()
        self._n_waiting = 0


def _wrapped(positions: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return periodic copies of positions (N, 3) within half a box about the origin."""
    lengths = edges(box)
    images = np.rint(positions * (np.float32(1.0) / lengths))
    images *= lengths
    wrapped: NDArray[np.float32] = positions - images
    return wrapped
