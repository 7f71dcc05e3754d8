"""Atomic charges by a joint restrained fit to the electrostatic potentials of many conformers (RESP).

Bayly, Cieplak, Cornell, Kollman, J. Phys. Chem. 97 (1993) 10269: minimise the squared error of the potential plus a
hyperbolic restraint on heavy atoms. Atoms that are equivalent in a liquid share one charge from the beginning, so that
one stage suffices. Constraints: a middle unit is neutral, and so are the two end units together, so that chains of
any length are neutral; ammonia borane is one unit, neutral as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.oligomers import Oligomer, chain_of
from derivation.optimise import BOHR_A

RESTRAINT_AU, TIGHTNESS_E = 0.0005, 0.1  # weight and width of the hyperbola of Bayly et al. (first stage)
ITERATIONS = 50

PARTS = {"PAB": ("head", "middle", "tail"), "PIB": ("head", "middle", "tail"), "AB": ("whole",)}

Label = tuple[str, str]  # (head | middle | tail | whole, N | B | HN | HB)


@dataclass(frozen=True)
class Potential:
    """The potential of one conformer in Hartree/e at points, and 1/distance (points, atoms) in 1/Bohr."""

    name: str
    inverse: NDArray[np.float64]
    value: NDArray[np.float64]

    def design(self, columns: Sequence[Label], apart: bool = False) -> NDArray[np.float64]:
        """The design matrix (points, labels): what a charge of 1 e on every atom of a label gives."""
        labels = labels_of(chain_of(self.name), apart)
        members = np.array([[label == column for column in columns] for label in labels], float)
        return np.asarray(self.inverse @ members)


@dataclass(frozen=True)
class ChargeFit:
    """Charges in e by label, and the relative root-mean-square error of the potential of each conformer."""

    charges_e: Mapping[Label, float]
    rrms: Mapping[str, float]

    def unit_e(self, part: str, kind: str) -> float:
        """Return the charge of a whole unit; `part` may be `middle 2`, the chain's third unit."""
        counts = unit_counts(kind, part.split()[0])
        return sum(self.charges_e[part, atom] * n for (_, atom), n in counts.items())

    def largest_middle_e(self, kind: str) -> float:
        """Return the largest magnitude of the charge of a middle unit, whichever its position."""
        parts = {part for part, _ in self.charges_e if part.startswith("middle")}
        return max(abs(self.unit_e(part, kind)) for part in parts)


def labels_of(chain: Oligomer, apart: bool = False) -> list[Label]:
    """Return the label of every atom: its unit's part of the chain, and its element or the element that it sits on.

    `apart` numbers the middle units, so that each position has charges of its own.
    """
    on = {j: chain.symbols[i] for i, j in chain.bonds if chain.symbols[j] == "H"}
    part = {0: "head", chain.units - 1: "tail"} if chain.units > 1 else {0: "whole"}
    middle = {unit: f"middle {unit}" for unit in range(1, chain.units - 1)} if apart else {}
    part = middle | part
    return [
        (part.get(chain.unit[i], "middle"), symbol if symbol != "H" else f"H{on[i]}")
        for i, symbol in enumerate(chain.symbols)
    ]


def unit_counts(kind: str, part: str) -> dict[Label, int]:
    """Return how many atoms of each label one unit of this part has."""
    labels = _labels(kind)
    return {label: labels.count(label) for label in dict.fromkeys(labels) if label[0] == part}


def all_labels(kind: str) -> list[Label]:
    """Return all labels of a chain, head to tail."""
    return list(dict.fromkeys(_labels(kind)))


def _labels(kind: str) -> list[Label]:
    return labels_of(chain_of("AB" if kind == "AB" else f"{kind}-n3"))


def potential_of(name: str) -> Potential:
    """Return the committed potential of a conformer such as `PAB-n4-c1`."""
    stored = raw.arrays(name, "potential")
    distances = np.linalg.norm(stored["points_A"][:, None] - raw.geometries()[name].xyz_A[None], axis=2) / BOHR_A
    return Potential(name, 1 / distances, stored["potential_au"])


def fit(kind: str, potentials: Sequence[Potential], constrained: bool = True) -> ChargeFit:
    """Fit one set of charges to all conformers, each with the same weight.

    With `constrained` False only the whole chains are neutral and every unit has charges of its own, so that those of
    the middle units show what the constraint hides: with shared ones +0.1 and -0.1 e would cancel. The chains are then
    of one length. Raises ValueError without conformers.
    """
    if not potentials:
        raise ValueError(f"no potential of {kind} has been computed yet")
    lengths = sorted({chain_of(one.name).units for one in potentials})
    if not constrained and len(lengths) > 1:
        raise ValueError("chains of several lengths cannot all be neutral unless their middle units are")
    apart = not constrained
    columns = list(dict.fromkeys(labels_of(chain_of(potentials[0].name), True))) if apart else all_labels(kind)
    designs = [one.design(columns, apart) for one in potentials]
    normal, right = np.zeros((len(columns), len(columns))), np.zeros(len(columns))
    for one, design in zip(potentials, designs, strict=True):
        weight = 1 / float(one.value @ one.value)
        normal += weight * design.T @ design
        right += weight * design.T @ one.value
    # The restraint of Bayly et al. counts against one conformer's sum of squared potentials.
    scale = RESTRAINT_AU * len(potentials) / float(np.mean([one.value @ one.value for one in potentials]))
    heavy = np.array([not label[1].startswith("H") for label in columns], float)
    rows = _constraints(kind, columns, constrained)
    charges = np.zeros(len(columns))
    for _ in range(ITERATIONS):
        stiffness = np.diag(scale * heavy / np.sqrt(charges**2 + TIGHTNESS_E**2))
        charges = _solve(normal + stiffness, right, rows)
    rrms = {
        p.name: float(np.sqrt(np.mean((design @ charges - p.value) ** 2) / np.mean(p.value**2)))
        for p, design in zip(potentials, designs, strict=True)
    }
    return ChargeFit(dict(zip(columns, charges.tolist(), strict=True)), rrms)


def _constraints(kind: str, columns: Sequence[Label], constrained: bool) -> NDArray[np.float64]:
    """Rows whose product with the charges is zero: the units' charges, or that of the whole chain."""

    def row(*parts: str) -> list[float]:
        of = [(label[0].split()[0], label[1]) for label in columns]
        counts = [unit_counts(kind, part)[part, atom] if part in parts else 0 for part, atom in of]
        return [float(count) for count in counts]

    if kind == "AB":
        return np.array([row("whole")])
    return np.array([row("middle"), row("head", "tail")] if constrained else [row("head", "middle", "tail")])


def _solve(normal: NDArray[np.float64], right: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares with every row's sum zero (Lagrange multipliers)."""
    n, m = len(right), len(rows)
    matrix = np.block([[normal, rows.T], [rows, np.zeros((m, m))]])
    # Labels that no conformer has (a dimer's middle unit) would make it singular.
    return np.asarray(np.linalg.lstsq(matrix, np.concatenate([right, np.zeros(m)]), rcond=None)[0][:n])
