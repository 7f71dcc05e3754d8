"""The innermost loops of the pass over a trajectory, compiled by numba.

tests/analysis/test_kernels.py holds the same arithmetic written with NumPy. The first call after an installation
compiles for some seconds; the machine code is kept on disk.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

PAIR_DTYPE = np.dtype([("frame", "<i4"), ("cation", "<i4"), ("site", "<i4"), ("distance_nm", "<f4")])
"""One cation-site pair: frame, index of the cation, index within the site group, distance."""


@numba.njit(cache=True)
def count_pairs(
    positions: Any, boxes: Any, blocks: Any, cations: Any, sites: Any, limits: Any, counts: Any, numbers: Any, out: Any
) -> int:
    """Count the distances of some cations to all sites of a group; return how many are below the cut-off.

    positions: (F, n_atoms, 3) float32; boxes: (F, 3) float32 lengths; blocks: (F,) row of counts that each frame is
    counted in; cations, sites: indices of atoms. limits: bins per nm (float32), the bin that takes whatever lies
    beyond (int32), the cut-off (float32). counts: (blocks, bins) int64. numbers: of the first frame and of the first
    cation; out: PAIR_DTYPE, receives the close pairs by frame, cation and site.
    """
    per_bin, last_bin, cutoff = limits
    beyond = np.float32(last_bin)
    at = np.empty((3, sites.size), np.float32)
    row = np.empty(sites.size, np.float32)
    bins = np.empty(sites.size, np.int32)
    centre = np.empty(3, np.float32)
    found = 0
    for frame in range(positions.shape[0]):
        lengths, histogram = boxes[frame], counts[blocks[frame]]
        inverse = np.float32(1.0) / lengths
        for site in range(sites.size):
            for axis in range(3):
                x = positions[frame, sites[site], axis]
                at[axis, site] = x - np.rint(x * inverse[axis]) * lengths[axis]
        along_x, along_y, along_z = at
        edge_x, edge_y, edge_z = lengths
        for cation in range(cations.size):
            for axis in range(3):
                x = positions[frame, cations[cation], axis]
                centre[axis] = x - np.rint(x * inverse[axis]) * lengths[axis]
            centre_x, centre_y, centre_z = centre
            # A loop without branches, which the compiler turns into vector instructions.
            for site in range(sites.size):
                x, y, z = abs(along_x[site] - centre_x), abs(along_y[site] - centre_y), abs(along_z[site] - centre_z)
                x, y, z = min(x, edge_x - x), min(y, edge_y - y), min(z, edge_z - z)
                row[site] = np.sqrt(x * x + y * y + z * z)
                bins[site] = np.int32(min(row[site] * per_bin, beyond))
            for site in range(sites.size):
                histogram[bins[site]] += 1
                if row[site] < cutoff:
                    out[found].frame = numbers[0] + frame
                    out[found].cation = numbers[1] + cation
                    out[found].site = site
                    out[found].distance_nm = row[site]
                    found += 1
    return found


@numba.njit(cache=True)
def centres(positions: Any, tree: Any, starts: Any, weights: Any, boxes: Any, out: Any, longest: Any) -> None:
    """Write the centres of mass of all molecules, and the largest component of a bond in nm of each frame.

    positions: (F, n_atoms, 3) and boxes (F, 3), float32; tree: first atom of each molecule, parent and child of each
    tree bond, and whether it is a real one; molecule m has the bonds starts[m] to starts[m + 1] - 1 with their weights.
    out: (F, M, 3); longest: (F,). A coordinate that is no number makes its molecule's centre one that is none.
    """
    roots, parents, children, bonded = tree
    for frame in range(positions.shape[0]):
        atoms = positions[frame]
        edge_x, edge_y, edge_z = boxes[frame]
        per_x, per_y, per_z = np.float32(1.0) / boxes[frame]
        # The axes apart, so that the processor works on the three at once.
        most_x = most_y = most_z = np.float32(0.0)
        for molecule in range(roots.size):
            sum_x = sum_y = sum_z = np.float32(0.0)
            for bond in range(starts[molecule], starts[molecule + 1]):
                child, parent, weight = children[bond], parents[bond], weights[bond]
                x = atoms[child, 0] - atoms[parent, 0]
                y = atoms[child, 1] - atoms[parent, 1]
                z = atoms[child, 2] - atoms[parent, 2]
                x -= np.rint(x * per_x) * edge_x
                y -= np.rint(y * per_y) * edge_y
                z -= np.rint(z * per_z) * edge_z
                sum_x += weight * x
                sum_y += weight * y
                sum_z += weight * z
                if bonded[bond]:
                    most_x, most_y, most_z = max(most_x, abs(x)), max(most_y, abs(y)), max(most_z, abs(z))
            root = roots[molecule]
            out[frame, molecule, 0] = atoms[root, 0] + sum_x
            out[frame, molecule, 1] = atoms[root, 1] + sum_y
            out[frame, molecule, 2] = atoms[root, 2] + sum_z
        longest[frame] = max(most_x, most_y, most_z)


@numba.njit(cache=True)
def unwrap(
    points: Any, boxes: Any, periodic: Any, before: Any, paths: Any, shares: Any, origin: Any, out: Any
) -> float:
    """Continue paths (M, 3) over the frames of points (F, M, 3); return the largest step in box lengths.

    before: (M, 3) the points of the frame before, in its box. Both are left as they are after the last frame.
    boxes: (F, 3) and whether there is one along each axis. out: (F, M, 3) receives the paths with the drift of the
    mean, weighted with shares (M,) and begun at origin (3,), taken out.
    """
    largest = 0.0
    drift = np.empty(3)
    for frame in range(points.shape[0]):
        drift[:] = 0.0
        for point in range(points.shape[1]):
            for axis in range(3):
                edge = boxes[frame, axis]
                inverse = 1.0 / edge
                x = points[frame, point, axis]
                if periodic[axis]:
                    x -= edge * np.floor(x * inverse)
                step = x - before[point, axis]
                step -= edge * np.rint(step * inverse)
                largest = max(largest, abs(step) * inverse)
                before[point, axis] = x
                paths[point, axis] += step
                drift[axis] += shares[point] * paths[point, axis]
        for axis in range(3):
            drift[axis] -= origin[axis]
        for point in range(points.shape[1]):
            for axis in range(3):
                out[frame, point, axis] = paths[point, axis] - drift[axis]
    return largest


@cache
def load() -> None:
    """Compile the loops, or load them from disk, so that processes forked later have them already."""
    positions, lengths, none = np.zeros((1, 2, 3), np.float32), np.ones((1, 3), np.float32), np.zeros(0, np.int64)
    atoms, counts = np.zeros(1, np.int64), np.zeros((1, 2), np.int64)
    limits = (np.float32(1.0), np.int32(1), np.float32(1.0))
    count_pairs(positions, lengths, atoms, atoms, atoms, limits, counts, (0, 0), np.zeros(1, PAIR_DTYPE))
    tree, starts = (atoms, none, none, np.zeros(0, np.bool_)), np.zeros(2, np.int32)
    points = np.zeros((1, 1, 3))
    centres(positions, tree, starts, np.zeros(0, np.float32), lengths, points, np.zeros(1))
    state = (points[0].copy(), points[0].copy(), np.ones(1), np.zeros(3))
    for out in (np.zeros((1, 1, 3), np.float32), np.zeros((1, 1, 3))):
        unwrap(points, np.ones((1, 3)), np.ones(3, np.bool_), *state, out)
