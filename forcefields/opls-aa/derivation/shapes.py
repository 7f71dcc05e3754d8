"""What a plain model of charges, Lennard-Jones and harmonic terms does to the conformers: energies and bond lengths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.bonded import Key, Relaxed, measure, terms
from derivation.hessians import imaginary_per_cm
from derivation.oligomers import chain_of
from derivation.starts import KJ_PER_MOL, torsion_deg
from workflow.inputs import Molecule


@dataclass(frozen=True)
class Shape:
    """A conformer: energies above the one of its length that DFT finds best, and what else is known of it.

    Energies in kJ/mol, `dft` NaN when it has not been computed. `turned_deg` is the largest turn of a backbone torsion
    when the force field relaxes it. `imaginary_per_cm` are the imaginary frequencies, None without a Hessian.
    """

    name: str
    dft_kJ_per_mol: float
    mm_kJ_per_mol: float
    turned_deg: float
    imaginary_per_cm: list[float] | None


@dataclass(frozen=True)
class Spread:
    """Lengths in angstrom of one type of bond over all conformers: (shortest, longest), by DFT and by force field."""

    types: Key
    dft_A: tuple[float, float]
    mm_A: tuple[float, float]


def shapes(reached: Sequence[Relaxed]) -> list[Shape]:
    """Return every conformer, in the order of their names."""
    found = []
    for length in sorted({one.conformer.units or 0 for one in reached}):
        those = [one for one in reached if (one.conformer.units or 0) == length]
        dft = np.array([_dft_kJ_per_mol(one.conformer.name) for one in those])
        mm = np.array([one.energy_kJ_per_mol for one in those])
        best = int(np.nanargmin(dft)) if np.isfinite(dft).any() else 0
        for one, a, b in zip(those, dft - dft[best], mm - mm[best], strict=True):
            name = one.conformer.name
            found.append(Shape(name, float(a), float(b), _turned_deg(one), imaginary_per_cm(name)))
    return sorted(found, key=lambda one: one.name)


def rms_kJ_per_mol(found: Sequence[Shape]) -> float:
    """Return the root-mean-square deviation, every length taken from its own mean; NaN when nothing can be compared."""
    by_length: dict[int, list[float]] = defaultdict(list)
    for one in found:
        if np.isfinite(one.dft_kJ_per_mol):
            by_length[chain_of(one.name).units].append(one.mm_kJ_per_mol - one.dft_kJ_per_mol)
    left = [value - np.mean(values) for values in by_length.values() if len(values) > 1 for value in values]
    return float(np.sqrt(np.mean(np.square(left)))) if left else float("nan")


def spreads(molecule: Molecule, reached: Sequence[Relaxed]) -> list[Spread]:
    """Return the shortest and longest of every type of B-N bond."""
    found: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    for one in reached:
        for key, atoms in terms(molecule, one.conformer.units, "bonds"):
            if not any(kind.startswith("b_H") for kind in key):
                lengths = [10 * measure(xyz, atoms) for xyz in (one.conformer.xyz_A, one.xyz_A)]
                found[key].append((lengths[0], lengths[1]))
    return [Spread(key, _ends(values, 0), _ends(values, 1)) for key, values in found.items()]


def _ends(values: Sequence[tuple[float, float]], column: int) -> tuple[float, float]:
    those = [value[column] for value in values]
    return min(those), max(those)


def _dft_kJ_per_mol(name: str) -> float:
    return raw.energy_Ha(name) * KJ_PER_MOL if raw.has_energy(name) else float("nan")


def _turned_deg(one: Relaxed) -> float:
    fours = chain_of(one.conformer.name).torsions
    turns: NDArray[np.float64] = np.array(
        [torsion_deg(one.xyz_A, four) - torsion_deg(one.conformer.xyz_A, four) for four in fours]
    )
    return float(np.abs((turns + 180) % 360 - 180).max()) if len(turns) else 0.0
