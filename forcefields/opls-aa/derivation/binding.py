"""How Li+ is held: DFT's complexes against those of the force field, minimised in vacuum from DFT's geometries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from derivation import raw
from derivation.charges import PARTS, labels_of
from derivation.classical import Vacuum
from derivation.oligomers import chain_of
from derivation.raw import Coordinates
from derivation.starts import KJ_PER_MOL, SCAN_UNITS, SMALL, distance_print
from derivation.xyz_file import Structure
from workflow.inputs import Molecule

if TYPE_CHECKING:
    from derivation.pair_term import PairTerm

LITHIUM = "Li"
# OPLS' own rule, under which bonded terms are fitted, and the rule that production uses unless it is told otherwise.
RULES = ("geometric", "lorentz-berthelot")
SAME_A, SAME_KJ_PER_MOL = 0.05, 0.5  # complexes of one chain this near in all distances and in energy are one site
HYDRIDES = ("AB", "PAB", "PIB")
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


class Lab:
    """Li+ complexes and their partners in vacuum by the force field; every minimum is looked for once.

    With a `term`, C12 and C6 between Li+ and every hydrogen on boron change by what it says.
    """

    def __init__(self, molecules: Mapping[str, Molecule], term: PairTerm | None = None, rule: str = RULES[0]) -> None:
        self._molecules, self.term, self.rule = molecules, term, rule
        self._vacuums: dict[tuple[str, bool], Vacuum] = {}
        self._minima: dict[tuple[str, bool], tuple[Coordinates, float]] = {}

    def minimum(self, name: str, bound: bool) -> tuple[Coordinates, float]:
        """Return the minimum (angstrom, kJ/mol) from a DFT geometry; not `bound`, a complex goes without Li+."""
        if (name, bound) not in self._minima:
            self._minima[name, bound] = self._vacuum(name, bound).minimise(_from_dft(name, bound))
        return self._minima[name, bound]

    def with_term(self, term: PairTerm) -> Lab:
        """Return the same force field with the pair term; minima without Li+ are those already known."""
        other = Lab(self._molecules, term, self.rule)
        other._minima = {key: value for key, value in self._minima.items() if not key[1]}
        return other

    def at_dft_kJ_per_mol(self, name: str) -> float:
        """Return the energy at the DFT geometry of a complex or of a partner."""
        bound = name.startswith("Li-")
        return self._vacuum(name, bound).energy_kJ_per_mol(_from_dft(name, bound))

    def _vacuum(self, name: str, bound: bool) -> Vacuum:
        partner = partner_of(name)
        if (partner, bound) not in self._vacuums:
            molecule = self._molecules[partner]
            part = (molecule, 1, SCAN_UNITS if molecule.polymer else None)
            vacuum = Vacuum([(self._molecules["Li"], 1, None), part] if bound else [part], self.rule)
            if bound and self.term is not None:
                pairs = [(0, j) for j in hydridic(name)]
                vacuum.add_to_pairs(pairs, self.term.c12_change, self.term.c6_change)
            self._vacuums[partner, bound] = vacuum
        return self._vacuums[partner, bound]


def _from_dft(name: str, bound: bool) -> Coordinates:
    xyz = raw.geometries()[name].xyz_A
    return xyz[1:] if name.startswith("Li-") and not bound else xyz


def partner_of(name: str) -> str:
    """Return the molecule of a structure, or the one that holds Li+: PAB for `Li-PAB-n3-s1` and for `PAB-n3-c1`."""
    return name.removeprefix("Li-").split("-")[0]


def hydridic(name: str) -> list[int]:
    """Return the hydrogens on boron of a complex (Li+ is atom 0); empty for partners without boron."""
    if partner_of(name) not in PARTS:
        return []
    labels = labels_of(chain_of(name.removeprefix("Li-")))
    return [number for number, (_, atom) in enumerate(labels, start=1) if atom == "HB"]


def places(kind: str, lab: Lab) -> list[Place]:
    """Return the complexes of a chain that DFT has finished, most stable by DFT first."""
    names = complexes(kind)
    if not names:
        return []
    dft = np.array([raw.energy_Ha(name, "binding_energy") for name in names]) * KJ_PER_MOL
    found = [lab.minimum(name, bound=True) for name in names]
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


def judged_pairs(found: Sequence[Place]) -> int:
    """Return the number of pairs of sites that DFT separates by more than 2 kcal/mol."""
    return len(list(combinations(found, 2))) - len(close_pairs(found))


def close_pairs(found: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return the pairs of sites that DFT separates by less, which are not judged."""
    return [(a, b) for a, b in combinations(found, 2) if abs(b.dft_kJ_per_mol - a.dft_kJ_per_mol) <= ORDERED_KJ_PER_MOL]


def repeated(name: str) -> dict[str, str]:
    """Return the complexes of a partner that are a site of before once more, with the name of that."""
    known = [one for one in _named(name) if _has_energy(one)]
    first = complexes(name)
    return {one: next(other for other in first if _is_same(one, other)) for one in known if one not in first}


def contacts(name: str, count: int = 2) -> str:
    """Return the nearest neighbours of Li+ by DFT with their unit, such as `N of the head at 1.99`, in angstrom."""
    one = raw.geometries()[name]
    labels = labels_of(chain_of(name.removeprefix("Li-")))
    distances = np.linalg.norm(one.xyz_A[1:] - one.xyz_A[0], axis=1)
    nearest = sorted(np.argsort(distances)[:count].tolist(), key=lambda i: labels[i][1], reverse=True)
    said = [(labels[i][1].replace("HB", "H(B)"), labels[i][0], distances[i]) for i in nearest]
    return " and ".join(f"{atom} of the {part} at {distance:.2f}" for atom, part, distance in said)


def holders(lab: Lab) -> list[Holder]:
    """Return what binds Li+ and how strongly, for every partner that DFT has finished."""
    found = []
    for name in (*SMALL, *HYDRIDES):
        bare = [one for one in _bare(name) if _has_energy(one)]
        if complexes(name) and bare and _has_energy(LITHIUM):
            found.append(Holder(name, _dft_kJ_per_mol(complexes(name), bare), _mm_kJ_per_mol(lab, name, bare)))
    return found


def complexes(name: str) -> list[str]:
    """Return the complexes of a partner whose DFT energies are there, each site once, under its first name."""
    distinct: list[str] = []
    for one in filter(_has_energy, _named(name)):
        if not any(_is_same(one, other) for other in distinct):
            distinct.append(one)
    return distinct


def _named(name: str) -> list[str]:
    return [one for one in raw.geometries() if one.startswith((f"Li-{name}-n{SCAN_UNITS}-s", f"Li-{name}-s"))]


def _is_same(one: str, other: str) -> bool:
    prints = [distance_print(raw.geometries()[name]) for name in (one, other)]
    energies = [raw.energy_Ha(name, "binding_energy") * KJ_PER_MOL for name in (one, other)]
    return bool(np.abs(prints[0] - prints[1]).max() < SAME_A) and abs(energies[0] - energies[1]) < SAME_KJ_PER_MOL


def _dft_kJ_per_mol(bound: Sequence[str], bare: Sequence[str]) -> float:
    best = [min(raw.energy_Ha(one, "binding_energy") for one in names) for names in (bound, bare)]
    return (best[0] - best[1] - raw.energy_Ha(LITHIUM, "binding_energy")) * KJ_PER_MOL


def _mm_kJ_per_mol(lab: Lab, name: str, bare: Sequence[str]) -> float:
    bound = min(lab.minimum(one, bound=True)[1] for one in complexes(name))
    # The partner may relax to a better conformer in the force field after Li+ has left it.
    return bound - min(lab.minimum(one, bound=False)[1] for one in [*bare, *complexes(name)])


def _bare(name: str) -> list[str]:
    return [one for one in raw.geometries() if one.startswith((f"{name}-n{SCAN_UNITS}-c", f"{name}-c"))]


def _has_energy(name: str) -> bool:
    return raw.has_energy(name, "binding_energy")
