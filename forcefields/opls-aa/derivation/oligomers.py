"""Atoms, bonds and starting coordinates of H(NH2-BH2)nH (PAB), H(NH-BH)nH (PIB) and ammonia borane (AB).

Atoms are in the order of the chains that the workflow builds from `molecules/PAB` and `molecules/PIB`, so that DFT
results and topologies match index by index (held by tests/forcefields/test_derivation.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

# Bond lengths in angstrom and backbone angles in degrees of the built chain; any minimiser improves them.
BN_A = {"PAB": 1.58, "PIB": 1.44}
NH_A, BH_A = 1.02, 1.20
ANGLES_DEG = {"PAB": {"N": 115.0, "B": 110.0}, "PIB": {"N": 125.0, "B": 121.0}}


@dataclass(frozen=True)
class Oligomer:
    """One chain: `symbols`, `bonds` (0-based pairs), `unit` of every atom, and its heavy atoms in order."""

    kind: str
    units: int
    symbols: tuple[str, ...]
    bonds: tuple[tuple[int, int], ...]
    unit: tuple[int, ...]
    backbone: tuple[int, ...]

    @property
    def torsions(self) -> tuple[tuple[int, int, int, int], ...]:
        """Backbone torsions N-B-N-B, B-N-B-N, ... as atom indices, from head to tail."""
        b = self.backbone
        return tuple((b[i], b[i + 1], b[i + 2], b[i + 3]) for i in range(len(b) - 3))


def oligomer(kind: str, units: int) -> Oligomer:
    """Return the chain H(NH2-BH2)nH (`PAB`) or H(NH-BH)nH (`PIB`); one unit of PAB is ammonia borane."""
    per_atom = {"PAB": 2, "PIB": 1}[kind]
    symbols: list[str] = []
    bonds: list[tuple[int, int]] = []
    unit: list[int] = []
    backbone: list[int] = []
    for number in range(units):
        for element in "NB":
            heavy = len(symbols)
            if backbone:
                bonds.append((backbone[-1], heavy))
            backbone.append(heavy)
            symbols.append(element)
            cap = (number == 0 and element == "N") + (number == units - 1 and element == "B")
            for _ in range(per_atom + cap):
                bonds.append((heavy, len(symbols)))
                symbols.append("H")
            unit += [number] * (len(symbols) - heavy)
    return Oligomer(kind, units, tuple(symbols), tuple(bonds), tuple(unit), tuple(backbone))


def chain_of(name: str) -> Oligomer:
    """Return the chain of a structure such as `PAB-n4-c1`; that of `AB-c1` is one unit of PAB."""
    kind = name.split("-")[0]
    return oligomer("PAB", 1) if kind == "AB" else oligomer(kind, int(name.split("-n")[1][0]))


def coordinates_A(chain: Oligomer, torsions_deg: Sequence[float]) -> NDArray[np.float64]:
    """Return built coordinates (n, 3) in angstrom, not minimised, for these backbone torsions (0 is cis)."""
    heavy = _backbone_A(chain, torsions_deg)
    xyz = np.zeros((len(chain.symbols), 3))
    for place, index in enumerate(chain.backbone):
        xyz[index] = heavy[place]
        hydrogens = [j for i, j in chain.bonds if i == index and chain.symbols[j] == "H"]
        neighbours = [heavy[k] - heavy[place] for k in (place - 1, place + 1) if 0 <= k < len(heavy)]
        length_A = NH_A if chain.symbols[index] == "N" else BH_A
        for hydrogen, direction in zip(hydrogens, _directions(neighbours, len(hydrogens)), strict=True):
            xyz[hydrogen] = heavy[place] + length_A * direction
    return xyz


def _backbone_A(chain: Oligomer, torsions_deg: Sequence[float]) -> list[NDArray[np.float64]]:
    length_A, angles_deg = BN_A[chain.kind], ANGLES_DEG[chain.kind]
    elements = [chain.symbols[i] for i in chain.backbone]
    placed = [np.zeros(3), np.array([length_A, 0.0, 0.0])]
    for i in range(2, len(elements)):
        angle = np.radians(angles_deg[elements[i - 1]])
        torsion = np.radians(torsions_deg[i - 3] if i > 2 else 180.0)
        axis = _unit(placed[-1] - placed[-2])
        before = placed[-2] - placed[-3] if i > 2 else np.array([0.0, 1.0, 0.0])
        normal = _unit(np.cross(before, axis))
        side = np.cross(normal, axis)
        turned = np.cos(torsion) * side + np.sin(torsion) * normal
        placed.append(placed[-1] + length_A * (-np.cos(angle) * axis + np.sin(angle) * turned))
    return placed


def _directions(neighbours: list[NDArray[np.float64]], count: int) -> list[NDArray[np.float64]]:
    """Unit vectors for `count` hydrogens that keep away from the bonded heavy atoms and from each other."""
    rng = np.random.default_rng(count)
    trials = rng.normal(size=(4000, count, 3))
    trials /= np.linalg.norm(trials, axis=2, keepdims=True)
    fixed = np.broadcast_to([_unit(one) for one in neighbours], (4000, len(neighbours), 3))
    everything = np.concatenate([fixed, trials], axis=1)
    gaps = [
        np.linalg.norm(everything[:, i] - everything[:, j], axis=1)
        for i, j in combinations(range(everything.shape[1]), 2)
    ]
    return list(trials[np.min(gaps, axis=0).argmax()])


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
