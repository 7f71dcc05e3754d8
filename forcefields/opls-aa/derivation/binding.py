"""How Li+ is held: DFT's complexes against those of the force field, minimised in vacuum from DFT's geometries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from derivation import raw
from derivation.classical import Vacuum
from derivation.raw import Coordinates
from derivation.starts import KJ_PER_MOL, SCAN_UNITS, SMALL
from derivation.xyz_file import Structure
from workflow.inputs import Molecule

ORDERED_KJ_PER_MOL = 2 * 4.184  # DFT gaps between sites beyond this are to be reproduced in their order
TOUCH_A = {"H": 2.2, "B": 2.5, "N": 2.5, "O": 2.4}


@dataclass(frozen=True)
class Place:
    """One complex: what Li+ touches and the energy above the best complex of the same chain, by DFT and by MM."""

    name: str
    touches_dft: str
    touches_mm: str
    dft_kJ_per_mol: float
    mm_kJ_per_mol: float


@dataclass(frozen=True)
class Holder:
    """Binding energy of Li+ to one partner in its best complex, relative to the partner's best conformer, kJ/mol."""

    name: str
    dft_kJ_per_mol: float
    mm_kJ_per_mol: float

    @property
    def misfit_kJ_per_mol(self) -> float:
        return self.mm_kJ_per_mol - self.dft_kJ_per_mol


def places(kind: str, chain: Molecule, lithium: Molecule) -> list[Place]:
    """Return the complexes of a chain that DFT has finished, most stable by DFT first."""
    names = [name for name in _complexes(kind) if _has_energy(name)]
    if not names:
        return []
    vacuum = Vacuum([(lithium, 1, None), (chain, 1, SCAN_UNITS)])
    dft = np.array([raw.energy_Ha(name, "binding_energy") for name in names]) * KJ_PER_MOL
    found = [vacuum.minimise(raw.geometries()[name].xyz_A) for name in names]
    mm = np.array([energy for _, energy in found])
    rows = [
        Place(name, touches(raw.geometries()[name]), touches(raw.geometries()[name], xyz), float(a), float(b))
        for name, (xyz, _), a, b in zip(names, found, dft - dft.min(), mm - mm.min(), strict=True)
    ]
    return sorted(rows, key=lambda row: row.dft_kJ_per_mol)


def touches(one: Structure, xyz_A: Coordinates | None = None) -> str:
    """Return what the first atom (Li+) touches, such as `2 H(B), 1 N`."""
    xyz = one.xyz_A if xyz_A is None else xyz_A
    distances = np.linalg.norm(xyz[1:] - xyz[0], axis=1)
    words = []
    for number, (symbol, distance) in enumerate(zip(one.symbols[1:], distances, strict=True), start=1):
        if distance < TOUCH_A.get(symbol, 2.4):
            words.append(symbol if symbol != "H" else f"H({_carrier(one, number)})")
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words))) or "nothing"


def _carrier(one: Structure, hydrogen: int) -> str:
    distances = np.linalg.norm(one.xyz_A - one.xyz_A[hydrogen], axis=1)
    heavy = [i for i, symbol in enumerate(one.symbols) if symbol not in ("H", "Li")]
    return one.symbols[min(heavy, key=lambda i: distances[i])]


def wrong_orders(found: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return the pairs of sites that DFT separates by more than 2 kcal/mol and the force field orders otherwise."""
    return [
        (a, b)
        for i, a in enumerate(found)
        for b in found[i + 1 :]
        if b.dft_kJ_per_mol - a.dft_kJ_per_mol > ORDERED_KJ_PER_MOL and b.mm_kJ_per_mol <= a.mm_kJ_per_mol
    ]


def holders(molecules: Mapping[str, Molecule]) -> list[Holder]:
    """Return what binds Li+ and how strongly, for every partner that DFT has finished."""
    lithium = molecules["Li"]
    found = []
    for name in (*SMALL, "AB", "PAB", "PIB"):
        complexes = [one for one in _complexes(name) if _has_energy(one)]
        bare = [one for one in _bare(name) if _has_energy(one)]
        if not (complexes and bare and _has_energy(LITHIUM)) or name not in molecules:
            continue
        units = SCAN_UNITS if molecules[name].polymer else None
        together = Vacuum([(lithium, 1, None), (molecules[name], 1, units)])
        alone = Vacuum([(molecules[name], 1, units)])
        found.append(Holder(name, _dft_kJ_per_mol(complexes, bare), _mm_kJ_per_mol(together, complexes, alone, bare)))
    return found


LITHIUM = "Li"


def _dft_kJ_per_mol(complexes: Sequence[str], bare: Sequence[str]) -> float:
    best = [min(raw.energy_Ha(one, "binding_energy") for one in names) for names in (complexes, bare)]
    return (best[0] - best[1] - raw.energy_Ha(LITHIUM, "binding_energy")) * KJ_PER_MOL


def _mm_kJ_per_mol(together: Vacuum, complexes: Sequence[str], alone: Vacuum, bare: Sequence[str]) -> float:
    bound = min(together.minimise(raw.geometries()[one].xyz_A)[1] for one in complexes)
    # The partner may relax to a better conformer in the force field after Li+ has left it.
    free = [raw.geometries()[one].xyz_A for one in bare] + [raw.geometries()[one].xyz_A[1:] for one in complexes]
    return bound - min(alone.minimise(xyz)[1] for xyz in free)


def _complexes(name: str) -> list[str]:
    return [one for one in raw.geometries() if one.startswith((f"Li-{name}-n{SCAN_UNITS}-s", f"Li-{name}-s"))]


def _bare(name: str) -> list[str]:
    return [one for one in raw.geometries() if one.startswith((f"{name}-n{SCAN_UNITS}-c", f"{name}-c"))]


def _has_energy(name: str) -> bool:
    return raw.has_energy(name, "binding_energy")
