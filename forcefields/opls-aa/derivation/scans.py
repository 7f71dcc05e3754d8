"""Relaxed torsion scans: the points that DFT has finished, and which of them belong to one profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.mirror import image_of, images
from derivation.oligomers import oligomer
from derivation.starts import KJ_PER_MOL, SCAN_STEP_DEG, SCAN_UNITS, STARTS, torsion_deg
from derivation.xyz_file import Structure, read

JUMP_DEG = 60.0  # another backbone torsion that turns by more between two neighbouring points has left its conformer

Atoms = tuple[int, int, int, int]


@dataclass(frozen=True)
class Scan:
    """One torsion's relaxed scan: angles in degrees, DFT geometries in angstrom, energies in kJ/mol above the lowest.

    `beside` are the chain's other backbone torsions. `is_ring` says that the last point is the first one's neighbour.
    """

    name: str
    atoms: Atoms
    angles_deg: NDArray[np.float64]
    xyz_A: list[NDArray[np.float64]]
    energies_kJ_per_mol: NDArray[np.float64]
    beside: tuple[Atoms, ...] = ()
    is_ring: bool = True


def scanned(kind: str) -> dict[str, Atoms]:
    """Return the atoms of every torsion that is scanned, by the scan's name; a small molecule has none."""
    chain = oligomer("PAB", 1) if kind == "AB" else oligomer(kind, SCAN_UNITS)
    return {f"{kind}-n{SCAN_UNITS}-t{number}": atoms for number, atoms in enumerate(chain.torsions, start=1)}


def scans(kind: str) -> list[Scan]:
    """Return the scans whose points are all there."""
    found = []
    mirrored = images(read(STARTS))
    every = scanned(kind)
    for name, atoms in every.items():
        points = sorted(_points(f"{name}@", mirrored), key=_angle)
        try:
            energies = np.array([raw.energy_Ha(mirrored.get(one.name, one.name)) for one in points]) * KJ_PER_MOL
        except KeyError:
            continue
        if len(points) < 360 // SCAN_STEP_DEG:
            continue
        angles = np.array([_angle(one) for one in points])
        beside = tuple(four for four in every.values() if four != atoms)
        found.append(Scan(name, atoms, angles, [one.xyz_A for one in points], energies - energies.min(), beside))
    return found


def connected(scan: Scan) -> Scan:
    """Return the longest run of points between which no other backbone torsion jumps; of equal ones the most extended.

    A chain that folds half-way round has two profiles, of the straight and of the folded chain; the step between them
    is a difference of conformers and tells nothing of the torsion.
    """
    count = len(scan.angles_deg)
    jumps = [i for i in range(count) if turned_deg(scan.xyz_A[i], scan.xyz_A[(i + 1) % count], scan.beside) > JUMP_DEG]
    ends = [jumps[-1] - count, *jumps] if jumps else [-1, count - 1]
    runs = [[i % count for i in range(a + 1, b + 1)] for a, b in pairwise(ends)]
    best = max(runs, key=lambda run: (len(run), np.mean([_extent_A(scan.xyz_A[i]) for i in run])))
    energies = scan.energies_kJ_per_mol[best]
    return replace(
        scan,
        angles_deg=scan.angles_deg[best],
        xyz_A=[scan.xyz_A[i] for i in best],
        energies_kJ_per_mol=energies - energies.min(),
        is_ring=not jumps,
    )


def left_out(scan: Scan) -> list[float]:
    """Return the angles in degrees of the points that `connected` leaves out."""
    return sorted(set(scan.angles_deg.tolist()) - set(connected(scan).angles_deg.tolist()))


def barrier_kJ_per_mol(scan: Scan) -> float:
    """Return the largest rise between two neighbouring minima, above the higher of the two; 0 with fewer than two.

    Above the higher one, as a difference between conformers is no barrier. The ends of an open run count as minima:
    beyond them the energy may still fall, so that the barrier is a lower bound there.
    """
    e = scan.energies_kJ_per_mol
    before, after = np.roll(e, 1), np.roll(e, -1)
    if not scan.is_ring:
        before[0] = after[-1] = np.inf
    minima = np.flatnonzero((e <= before) & (e < after)).tolist()
    if len(minima) < 2:
        return 0.0
    pairs = list(pairwise(minima))
    if scan.is_ring:
        pairs.append((minima[-1], minima[0] + len(e)))
    around = np.concatenate([e, e])
    return max(float(around[a : b + 1].max() - max(around[a], around[b])) for a, b in pairs)


def turned_deg(one: NDArray[np.float64], other: NDArray[np.float64], fours: Sequence[Atoms]) -> float:
    """Return the largest turn of one of these torsions between two geometries, in degrees."""
    turns = np.array([torsion_deg(other, four) - torsion_deg(one, four) for four in fours])
    return float(np.abs((turns + 180) % 360 - 180).max(initial=0.0))


def _extent_A(xyz_A: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(xyz_A[:, None] - xyz_A[None], axis=2).max())


def _points(prefix: str, mirrored: Mapping[str, str]) -> list[Structure]:
    """Return the relaxed geometries of the scan points so named, with those that are images of another's."""
    known = raw.geometries()
    computed = [one for name, one in known.items() if name.startswith(prefix)]
    return computed + [
        image_of(known[twin], name)
        for name, twin in mirrored.items()
        if name.startswith(prefix) and twin in known and name not in known
    ]


def _angle(one: Structure) -> float:
    return float(one.said["held_deg"])
