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
    """The potential of one conformer in Hartree/e at points, with the design matrix (points, labels) in 1/Bohr."""

    name: str
    design: NDArray[np.float64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class ChargeFit:
    """Charges in e by label, and the relative root-mean-square error of the potential of each conformer."""

    charges_e: Mapping[Label, float]
    rrms: Mapping[str, float]

    def unit_e(self, part: str, kind: str) -> float:
        """Return the charge of a whole unit."""
        return sum(self.charges_e[label] * n for label, n in unit_counts(kind, part).items())


def labels_of(chain: Oligomer) -> list[Label]:
    """Return the label of every atom: its unit's part of the chain, and its element or the element that it sits on."""
    on = {j: chain.symbols[i] for i, j in chain.bonds if chain.symbols[j] == "H"}
    part = {0: "head", chain.units - 1: "tail"} if chain.units > 1 else {0: "whole"}
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
    kind = name.split("-")[0]
    stored = raw.arrays(name, "potential")
    distances = np.linalg.norm(stored["points_A"][:, None] - raw.geometries()[name].xyz_A[None], axis=2) / BOHR_A
    labels, columns = labels_of(chain_of(name)), all_labels(kind)
    design = np.zeros((len(distances), len(columns)))
    for atom, label in enumerate(labels):
        design[:, columns.index(label)] += 1 / distances[:, atom]
    return Potential(name, design, stored["potential_au"])


def fit(kind: str, potentials: Sequence[Potential], constrained: bool = True) -> ChargeFit:
    """Fit one set of charges to all conformers, each with the same weight.

    With `constrained` False only the whole chains are neutral, so that the charge of a middle unit shows what the
    constraint hides. Raises ValueError without conformers.
    """
    if not potentials:
        raise ValueError(f"no potential of {kind} has been computed yet")
    columns = all_labels(kind)
    normal, right = np.zeros((len(columns), len(columns))), np.zeros(len(columns))
    for one in potentials:
        weight = 1 / float(one.value @ one.value)
        normal += weight * one.design.T @ one.design
        right += weight * one.design.T @ one.value
    # The restraint of Bayly et al. counts against one conformer's sum of squared potentials.
    scale = RESTRAINT_AU * len(potentials) / float(np.mean([one.value @ one.value for one in potentials]))
    heavy = np.array([not label[1].startswith("H") for label in columns], float)
    rows = _constraints(kind, columns, sorted({chain_of(p.name).units for p in potentials}), constrained)
    charges = np.zeros(len(columns))
    for _ in range(ITERATIONS):
        stiffness = np.diag(scale * heavy / np.sqrt(charges**2 + TIGHTNESS_E**2))
        charges = _solve(normal + stiffness, right, rows)
    rrms = {
        p.name: float(np.sqrt(np.mean((p.design @ charges - p.value) ** 2) / np.mean(p.value**2))) for p in potentials
    }
    return ChargeFit(dict(zip(columns, charges.tolist(), strict=True)), rrms)


def _constraints(kind: str, columns: Sequence[Label], lengths: Sequence[int], constrained: bool) -> NDArray[np.float64]:
    def row(**times: int) -> list[float]:
        counts = {label: n * times[part] for part in times for label, n in unit_counts(kind, part).items()}
        return [float(counts.get(label, 0)) for label in columns]

    if kind == "AB":
        return np.array([row(whole=1)])
    if constrained:
        return np.array([row(middle=1), row(head=1, tail=1)])
    if len(lengths) > 1:
        raise ValueError("chains of several lengths cannot all be neutral unless their middle units are")
    return np.array([row(head=1, middle=lengths[0] - 2, tail=1)])


def _solve(normal: NDArray[np.float64], right: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares with every row's sum zero (Lagrange multipliers)."""
    n, m = len(right), len(rows)
    matrix = np.block([[normal, rows.T], [rows, np.zeros((m, m))]])
    # Labels that no conformer has (a dimer's middle unit) would make it singular.
    return np.asarray(np.linalg.lstsq(matrix, np.concatenate([right, np.zeros(m)]), rcond=None)[0][:n])
