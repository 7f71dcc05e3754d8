"""The innermost loops of the pass over a trajectory, compiled by numba where it is installed.

Without numba NumPy does the same arithmetic in the same precision, array by array, in about twice the time; results
are equal (tests/analysis/test_kernels.py). The first call after an installation compiles for some seconds.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

HAS_NUMBA = importlib.util.find_spec("numba") is not None


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function compiled, the machine code kept on disk; as it is where numba is missing."""
    if not HAS_NUMBA:
        return function
    decorate = importlib.import_module("numba").njit(cache=True)
    ready: Callable[..., Any] = decorate(function)
    return ready


@compiled
def count_pairs(
    positions: Any, lengths: Any, cations: Any, columns: Any, first_bin: Any, limits: Any, counts: Any, out: Any
) -> int:
    """Count the distances of some cations to all columns in one frame; return how many are below the cut-off.

    positions: (n_atoms, 3) float32; lengths: (3,) float32 box lengths; cations, columns: indices of atoms; first_bin:
    (columns,) int32, where the histogram of a column begins in counts (int64). limits: bins per nm (float32), the bin
    that takes whatever lies beyond (int32), the cut-off (float32). out: two arrays that receive
    cation * n_columns + column and the distance.
    """
    per_bin, last_bin, cutoff = limits
    close, distances = out
    n_columns = columns.size
    inverse = np.float32(1.0) / lengths
    sites = np.empty((3, n_columns), np.float32)
    for column in range(n_columns):
        for axis in range(3):
            x = positions[columns[column], axis]
            sites[axis, column] = x - np.rint(x * inverse[axis]) * lengths[axis]
    along_x, along_y, along_z = sites[0], sites[1], sites[2]
    row = np.empty(n_columns, np.float32)
    centre = np.empty(3, np.float32)
    found = 0
    for cation in range(cations.size):
        for axis in range(3):
            x = positions[cations[cation], axis]
            centre[axis] = x - np.rint(x * inverse[axis]) * lengths[axis]
        # A loop without branches, which the compiler turns into vector instructions.
        for column in range(n_columns):
            x = abs(along_x[column] - centre[0])
            y = abs(along_y[column] - centre[1])
            z = abs(along_z[column] - centre[2])
            x, y, z = min(x, lengths[0] - x), min(y, lengths[1] - y), min(z, lengths[2] - z)
            row[column] = np.sqrt(x * x + y * y + z * z)
        for column in range(n_columns):
            distance = row[column]
            counts[first_bin[column] + min(np.int32(distance * per_bin), last_bin)] += 1
            if distance < cutoff:
                close[found] = cation * n_columns + column
                distances[found] = distance
                found += 1
    return found


@compiled
def centres(
    positions: Any,
    roots: Any,
    parents: Any,
    children: Any,
    starts: Any,
    weights: Any,
    bonded: Any,
    lengths: Any,
    out: Any,
) -> Any:
    """Write the centres of mass of all molecules of one frame; return the largest component of a bond in nm.

    Molecule m has the tree bonds starts[m] to starts[m + 1] - 1; the rest is as in analysis/unwrap.py. out: (M, 3).
    """
    longest = np.float32(0.0)
    inverse = np.float32(1.0) / lengths
    total = np.empty(3, np.float32)
    for molecule in range(roots.size):
        total[:] = 0.0
        for bond in range(starts[molecule], starts[molecule + 1]):
            for axis in range(3):
                apart = positions[children[bond], axis] - positions[parents[bond], axis]
                apart -= np.rint(apart * inverse[axis]) * lengths[axis]
                total[axis] += weights[bond] * apart
                if bonded[bond]:
                    longest = max(longest, abs(apart))
        for axis in range(3):
            out[molecule, axis] = positions[roots[molecule], axis] + total[axis]
    return longest


@compiled
def unwrap(wrapped: Any, before: Any, paths: Any, shares: Any, origin: Any, boxes: Any, out: Any) -> float:
    """Continue paths (M, 3) over the frames of wrapped (F, M, 3); return the largest step in box lengths.

    before: (M, 3) the wrapped positions of the frame before. Both are left as they are after the last frame. out:
    (F, M, 3) receives the paths with the drift of the mean, weighted with shares (M,) and begun at origin (3,), taken
    out.
    """
    largest = 0.0
    drift = np.empty(3)
    for frame in range(wrapped.shape[0]):
        drift[:] = 0.0
        for point in range(wrapped.shape[1]):
            for axis in range(3):
                edge = boxes[frame, axis]
                step = wrapped[frame, point, axis] - before[point, axis]
                step -= edge * np.rint(step / edge)
                largest = max(largest, abs(step) / edge)
                before[point, axis] = wrapped[frame, point, axis]
                paths[point, axis] += step
                drift[axis] += shares[point] * paths[point, axis]
        for point in range(wrapped.shape[1]):
            for axis in range(3):
                out[frame, point, axis] = paths[point, axis] - (drift[axis] - origin[axis])
    return largest


@cache
def load() -> None:
    """Compile the loops, or load them from disk, so that processes forked later have them already."""
    if not HAS_NUMBA:
        return
    positions, lengths, none = np.zeros((2, 3), np.float32), np.ones(3, np.float32), np.zeros(0, np.int64)
    atoms, counts = np.zeros(1, np.int64), np.zeros(2, np.int64)
    limits = (np.float32(1.0), np.int32(1), np.float32(1.0))
    close, distances = np.zeros(1, np.int64), np.zeros(1, np.float32)
    count_pairs(positions, lengths, atoms, atoms, np.zeros(1, np.int32), limits, counts, (close, distances))
    tree = (atoms, none, none, np.zeros(2, np.int32), np.zeros(0, np.float32), np.zeros(0, np.bool_))
    points = np.zeros((1, 1, 3))
    centres(positions, *tree, lengths, points[0])
    unwrap(points, points[0].copy(), points[0].copy(), np.ones(1), np.zeros(3), np.ones((1, 3)), np.zeros((1, 1, 3)))
