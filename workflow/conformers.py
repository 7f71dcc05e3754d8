"""Shapes of polymer chains, drawn by seed: planar cis/trans ones, or gauche/trans starts of a hot run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow.connectivity import neighbours
from workflow.inputs.molecules import Molecule
from workflow.internal_coordinates import Vector, beside, between, place, torsion_deg
from workflow.itp import ForceFieldError
from workflow.polymers import Chain, chain_topology, parameters, polymer_of

PLANAR_DEG = {"c": 0.0, "t": 180.0}
STAGGERED_DEG = {"t": 180.0, "+": 60.0, "-": -60.0}
STAGGERED_SPREAD_DEG = 15.0  # uniform; keeps two chains of one sequence from being the same
# Atoms four or more bonds apart may not come closer. Below van der Waals contact, as a minimisation follows,
# and below the 0.18 nm of the two hydrogens across a cis bond; two cis bonds in a row come closer than this.
CLASH_NM = {"HH": 0.16, "HX": 0.20, "XX": 0.27}
MAX_ATTEMPTS_PER_CHAIN = 20
STEPS_PER_TORSION = 30  # a search that takes longer is stuck in a curl and starts anew


@dataclass(frozen=True)
class Conformer:
    """Coordinates (n, 3) in nm, centred on the mean, and the backbone torsions as one letter each.

    The letters are c (cis) and t (trans) for planar chains; None for a start of a gas-phase run, which
    forgets it.
    """

    xyz_nm: NDArray[np.float64]
    sequence: str | None


def draw(molecule: Molecule, monomers: int, count: int, seed: int) -> list[Conformer]:
    """Draw `count` clash-free conformers of a chain, the same ones for the same seed.

    With a `cis_probability` every inner backbone bond is cis with that probability, else trans, in one plane.
    Without one (`gas_phase`) torsions are trans, +gauche or -gauche with equal probability, plus or minus 15
    degrees. A torsion that brings atoms four or more bonds apart too close is drawn again, and the all-trans
    zigzag is rejected (except for planar chains with a single torsion); sequences repeat only when there are
    hardly any others. These rejections change the distribution: two cis bonds in a row always clash, so that
    the share of cis bonds is below `cis_probability`; `cis_share` gives what was drawn. Raises
    ForceFieldError when no clash-free chain is found.
    """
    chain = _Backbone(molecule, monomers)
    planar = chain.cis_probability is not None
    rng = np.random.default_rng(seed)
    found: list[Conformer] = []
    seen: set[str] = set()
    attempts = 0
    while len(found) < count and attempts < MAX_ATTEMPTS_PER_CHAIN * (len(found) + 2):
        attempts += 1
        grown = chain.grow(rng)
        if grown is None:
            continue
        letters, xyz = grown
        if set(letters) == {"t"} and not (planar and len(letters) == 1):
            continue
        # A sequence comes again only after many draws have brought nothing new: a short chain has few.
        if letters in seen and attempts < MAX_ATTEMPTS_PER_CHAIN * (len(found) + 1):
            continue
        seen.add(letters)
        found.append(Conformer(xyz - xyz.mean(axis=0), letters if planar else None))
    if len(found) < count:
        raise ForceFieldError(f"{molecule.name}: only {len(found)} of {count} clash-free chains of {monomers} found.")
    return found


def cis_share(sequences: Sequence[str]) -> float:
    """Share of cis bonds (c) in all bonds of these sequences; NaN when there is none."""
    letters = "".join(sequences)
    return letters.count("c") / len(letters) if letters else float("nan")


def sequence_from_coordinates(xyz_nm: NDArray[np.float64], molecule: Molecule, monomers: int) -> str:
    """Backbone torsions of a whole chain (n, 3), not broken across the box, head first, one letter each.

    Planar chains: c within 90 degrees of cis, else t. Others: t beyond 120 degrees, else + or - by sign.
    Raises ForceFieldError when the number of coordinates is not that of the chain.
    """
    chain = _Backbone(molecule, monomers)
    if xyz_nm.shape != (len(chain.topology.atoms), 3):
        raise ForceFieldError(
            f"{molecule.name}: coordinates of shape {xyz_nm.shape}, not ({len(chain.topology.atoms)}, 3)."
        )
    path = chain.path
    angles = [torsion_deg(*(np.asarray(xyz_nm[i], float) for i in path[k : k + 4])) for k in range(len(path) - 3)]
    if chain.cis_probability is not None:
        return "".join("c" if abs(angle) < 90 else "t" for angle in angles)
    return "".join("t" if abs(angle) > 120 else "+" if angle > 0 else "-" for angle in angles)


class _Backbone:
    """A chain being grown: topology, path of heavy atoms, internal coordinates of `bonded.yaml`.

    The backbone runs from the first heavy atom that the units list to the last one; what hangs on it is an atom,
    with its hydrogens if it is a heavy one (CH3). Of two atoms beside the path the one listed first always stands
    on the same side, seen along the chain: units that list them in one order give an isotactic chain.
    """

    def __init__(self, molecule: Molecule, monomers: int) -> None:
        polymer, monomers = polymer_of(molecule, monomers)
        self.cis_probability = polymer.cis_probability
        self.molecule = molecule
        self.topology: Chain = chain_topology(molecule, monomers)
        atoms = self.topology.atoms
        self.near = neighbours(len(atoms), self.topology.bonds)
        self.is_hydrogen = np.array([atom.name.startswith("H") for atom in atoms])
        heavy = np.flatnonzero(~self.is_hydrogen).tolist()
        self.path = _route(self.near, heavy[0], heavy[-1])
        self.far = _four_bonds_apart(self.near)
        self.contact_nm = _contacts(self.is_hydrogen)
        beside_path = set(self.path).union(*(self.near[i] for i in self.path))
        if len(self.path) < 4 or not beside_path.issuperset(heavy):
            raise ForceFieldError(
                f"{molecule.name}: the backbone, from the first heavy atom to the last, must have four atoms or more, "
                "and side groups one heavy atom each."
            )

    def bond(self, i: int, j: int) -> float:
        types = [self.topology.atoms[k].type for k in (i, j)]
        return float(parameters(self.molecule, "bonds", types)["r0_nm"])

    def angle(self, i: int, j: int, k: int) -> float:
        types = [self.topology.atoms[n].type for n in (i, j, k)]
        return float(parameters(self.molecule, "angles", types)["theta0_deg"])

    def grow(self, rng: np.random.Generator) -> tuple[str, Vector] | None:
        """One chain, torsion by torsion, as (letters, coordinates); None when it does not come to an end.

        At a clash the other letters are tried in random order, and when none is left the torsion before it.
        """
        states = [("", self._first_three())]
        choices = [self._choices(rng)]
        for _ in range(STEPS_PER_TORSION * len(self.path)):
            if not choices[-1]:
                states.pop()
                choices.pop()
                if not states:
                    return None
                continue
            letter, torsion = choices[-1].pop(0)
            letters, xyz = states[-1]
            trial = xyz.copy()
            self._add_backbone(trial, len(letters) + 3, torsion)
            if self._clashes(trial, xyz):
                continue
            states.append((letters + letter, trial))
            choices.append(self._choices(rng))
            if len(states) == len(self.path) - 2:
                return states[-1]
        return None

    def _first_three(self) -> Vector:
        path = self.path
        xyz = np.full((len(self.topology.atoms), 3), np.nan)
        xyz[path[0]] = 0.0
        xyz[path[1]] = (self.bond(path[0], path[1]), 0.0, 0.0)
        aside = np.array([0.0, 1.0, 0.0])  # any third point: fixes the plane of the first three atoms
        angle = self.angle(*path[:3])
        xyz[path[2]] = place(aside, xyz[path[0]], xyz[path[1]], self.bond(path[1], path[2]), angle, 180.0)
        self._add_aside(xyz, 0)
        self._add_aside(xyz, 1)
        return xyz

    def _choices(self, rng: np.random.Generator) -> list[tuple[str, float]]:
        if self.cis_probability is not None:
            order = "ct" if rng.random() < self.cis_probability else "tc"
            # A clash of the drawn letter leaves the other one; a bond that was never to be cis stays out.
            allowed = [x for x in order if x == "t" or self.cis_probability > 0]
            return [(letter, PLANAR_DEG[letter]) for letter in allowed]
        order_of = rng.permutation(list(STAGGERED_DEG))
        spread = rng.uniform(-STAGGERED_SPREAD_DEG, STAGGERED_SPREAD_DEG, len(order_of))
        return [(str(x), STAGGERED_DEG[str(x)] + float(d)) for x, d in zip(order_of, spread, strict=True)]

    def _add_backbone(self, xyz: Vector, k: int, torsion: float) -> None:
        a, b, c, d = self.path[k - 3 : k + 1]
        xyz[d] = place(xyz[a], xyz[b], xyz[c], self.bond(c, d), self.angle(b, c, d), torsion)
        self._add_aside(xyz, k - 1)
        if k == len(self.path) - 1:
            self._add_aside(xyz, k)

    def _add_aside(self, xyz: Vector, k: int) -> None:
        """What hangs on backbone atom k: staggered or planar at an end, else in or beside the plane."""
        path, centre = self.path, self.path[k]
        aside = [i for i in self.near[centre] if i not in path]
        inner = 0 < k < len(path) - 1
        if inner and len(aside) == 1:
            xyz[aside[0]] = between(xyz[path[k - 1]], xyz[centre], xyz[path[k + 1]], self.bond(centre, aside[0]))
        elif inner and len(aside) == 2:
            first, second = aside
            lengths, opening = (self.bond(centre, first), self.bond(centre, second)), self.angle(first, centre, second)
            xyz[first], xyz[second] = beside(xyz[path[k - 1]], xyz[centre], xyz[path[k + 1]], lengths, opening)
        else:
            step = 1 if k == 0 else -1
            self._add_around(xyz, path[k + 2 * step], path[k + step], centre, aside)
        for i in aside:  # what a heavy atom beside the path carries
            self._add_around(xyz, path[k - 1 if k else 1], centre, i, [j for j in self.near[i] if j != centre])

    def _add_around(self, xyz: Vector, a: int, b: int, end: int, atoms: Sequence[int]) -> None:
        """Atoms on an end, seen along b-end: staggered to a when tetrahedral, two of them in its plane."""
        offset = 0.0 if len(atoms) == 2 else 60.0
        for n, i in enumerate(atoms):
            torsion = offset + 360.0 * n / len(atoms)
            xyz[i] = place(xyz[a], xyz[b], xyz[end], self.bond(end, i), self.angle(b, end, i), torsion)

    def _clashes(self, trial: Vector, before: Vector) -> bool:
        new = np.flatnonzero(np.isnan(before[:, 0]) & ~np.isnan(trial[:, 0]))
        placed = np.flatnonzero(~np.isnan(trial[:, 0]))
        distance = np.linalg.norm(trial[new][:, None] - trial[placed][None], axis=2)
        grid = np.ix_(new, placed)
        return bool(np.any(self.far[grid] & (distance < self.contact_nm[grid])))


def _route(near: tuple[tuple[int, ...], ...], first: int, last: int) -> list[int]:
    """Atoms along the bonds from first to last, the shortest way; none where the bonds do not lead there."""
    routes, ends = {first: [first]}, [first]
    while ends and last not in routes:
        found = [(i, j) for i in ends for j in near[i] if j not in routes]
        routes |= {j: [*routes[i], j] for i, j in found}
        ends = [j for _, j in found]
    return routes.get(last, [])


def _four_bonds_apart(near: tuple[tuple[int, ...], ...]) -> NDArray[np.bool_]:
    n = len(near)
    bonded = np.zeros((n, n), dtype=bool)
    for i, ends in enumerate(near):
        bonded[i, list(ends)] = True
    reach = np.eye(n, dtype=bool) | bonded
    for _ in range(2):
        reach = reach | (reach.astype(np.int32) @ bonded.astype(np.int32) > 0)
    far: NDArray[np.bool_] = ~reach
    return far


def _contacts(is_hydrogen: NDArray[np.bool_]) -> NDArray[np.float64]:
    number = is_hydrogen.astype(int)[:, None] + is_hydrogen.astype(int)[None, :]
    by_number = np.array([CLASH_NM["XX"], CLASH_NM["HX"], CLASH_NM["HH"]])
    contact_nm: NDArray[np.float64] = by_number[number]
    return contact_nm
