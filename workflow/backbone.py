"""A chain put together from bond lengths, angles and torsions, without clashes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workflow.cis_trans import cis_next
from workflow.connectivity import neighbours
from workflow.inputs.molecules import Molecule
from workflow.internal_coordinates import Vector, beside, between, place
from workflow.itp import ForceFieldError, read_atomtypes
from workflow.polymers import Chain, atom_name, chain_topology, parameters, polymer_of

PLANAR_DEG = {"c": 0.0, "t": 180.0}
STAGGERED_DEG = {"t": 180.0, "+": 60.0, "-": -60.0}
STAGGERED_SPREAD_DEG = 15.0  # uniform; keeps two chains of one sequence from being the same
# Atoms four or more bonds apart may not come closer. Below van der Waals contact, as a minimisation follows,
# and below the 0.18 nm of the two hydrogens across a cis bond; two cis bonds in a row come closer than this.
# Fluorine is smaller than other heavy atoms: along the zigzag of -CF2-CH2- two stand 0.255 nm apart, as in its crystal.
CLASH_NM = {"HH": 0.16, "FH": 0.20, "HX": 0.20, "FF": 0.24, "FX": 0.25, "XX": 0.27}
FLUORINE = 9
STEPS_PER_TORSION = 30  # a search that takes longer is stuck in a curl and starts anew
SIDE_GROUP_REMEDY = (
    "Remedy: a side group may have one heavy atom and its hydrogens (CH3, OH, F); leave out what is beyond it, or "
    "choose another polymer."
)


class Backbone:
    """A chain being grown: topology, path of heavy atoms, internal coordinates of `bonded.yaml`.

    The backbone runs through the atoms that join units, at both ends of the chain on to the heavy atom that is most
    bonds away and has more than one bond. What hangs on it is an atom, with its hydrogens if it is a heavy one (CH3).
    Of two atoms beside the path the one listed first always stands on the same side, seen along the chain: units that
    list them in one order give an isotactic chain.
    """

    def __init__(self, molecule: Molecule, monomers: int) -> None:
        polymer, monomers = polymer_of(molecule, monomers)
        self.cis_probability = polymer.cis_probability
        self.molecule = molecule
        self.topology: Chain = chain_topology(molecule, monomers)
        atoms = self.topology.atoms
        self.near = neighbours(len(atoms), self.topology.bonds)
        self.is_hydrogen = np.array([atom.name.startswith("H") for atom in atoms])
        self.heavy = frozenset(np.flatnonzero(~self.is_hydrogen).tolist())
        self.path = self._path()
        self.far = _four_bonds_apart(self.near)
        self.contact_nm = _contacts(self._kinds())
        self._check_path()

    def _path(self) -> list[int]:
        """The backbone: from the end of the head over the atoms that join units to the end of the tail."""
        assert self.molecule.polymer is not None
        last, first = self.molecule.polymer.join
        units = self.topology.unit_of_atom
        names = [atom.name for atom in self.topology.atoms]
        leaves = names.index(atom_name(last, 1))
        enters = names.index(atom_name(first, units[-1] + 1))
        start = self._end(leaves, [i for i in sorted(self.heavy) if units[i] == 0])
        end = self._end(enters, [i for i in sorted(self.heavy, reverse=True) if units[i] == units[-1]])
        return _route(self.near, start, end)

    def _end(self, join: int, unit: Sequence[int]) -> int:
        """The heavy atom of a unit most bonds away from the one that joins it; none with a single bond (F)."""
        lengths = {i: len(_route(self.near, join, i)) for i in unit if i == join or len(self.near[i]) > 1}
        return max(lengths, key=lambda i: lengths[i])

    def _check_path(self) -> None:
        path = set(self.path)
        if len(path) < 4:
            problem = f"the backbone, through the atoms of `join`, has {len(path)} atoms and must have four or more"
            raise ForceFieldError(f"{self.molecule.name}: {problem}. Remedy: correct `join`, `bonds` or min_monomers.")
        wide = [i for i in sorted(self.heavy - path) if path.isdisjoint(self.near[i]) or len(self._heavy_near(i)) > 1]
        if wide:
            names = ", ".join(self.topology.atoms[i].name for i in wide[:4])
            raise ForceFieldError(
                f"{self.molecule.name}: side groups of more than one heavy atom, and rings, cannot be drawn: {names} "
                f"(the backbone is {'-'.join(self.topology.atoms[i].name for i in self.path[:6])}...). "
                f"{SIDE_GROUP_REMEDY}"
            )

    def _heavy_near(self, atom: int) -> frozenset[int]:
        return self.heavy.intersection(self.near[atom])

    def _kinds(self) -> list[str]:
        """H, F or X (any other) for every atom."""
        types = read_atomtypes(self.molecule.folder / "atomtypes.itp")
        numbers = [types[atom.type].atomic_number for atom in self.topology.atoms]
        return [
            "H" if hydrogen else "F" if number == FLUORINE else "X"
            for hydrogen, number in zip(self.is_hydrogen, numbers, strict=True)
        ]

    def bond(self, i: int, j: int) -> float:
        types = [self.topology.atoms[k].type for k in (i, j)]
        return float(parameters(self.molecule, "bonds", types)["r0_nm"])

    def angle(self, i: int, j: int, k: int) -> float:
        types = [self.topology.atoms[n].type for n in (i, j, k)]
        return float(parameters(self.molecule, "angles", types)["theta0_deg"])

    def built(self, letters: str) -> Vector | None:
        """The planar chain of these torsions; None when it clashes."""
        xyz = self._first_three()
        for count, letter in enumerate(letters):
            before, xyz = xyz, xyz.copy()
            self._add_backbone(xyz, count + 3, PLANAR_DEG[letter])
            if self._clashes(xyz, before):
                return None
        return xyz

    def grow(self, rng: np.random.Generator) -> tuple[str, Vector] | None:
        """One chain, torsion by torsion, as (letters, coordinates); None when it does not come to an end.

        At a clash the other letters are tried in random order, and when none is left the torsion before it.
        """
        states = [("", self._first_three())]
        choices = [self._choices(rng, "")]
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
            choices.append(self._choices(rng, letters + letter))
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

    def _choices(self, rng: np.random.Generator, letters: str) -> list[tuple[str, float]]:
        if self.cis_probability is not None:
            share = cis_next(letters, len(self.path) - 3, self.cis_probability)
            order = "ct" if rng.random() < share else "tc"
            # A clash of the drawn letter leaves the other one; a bond that was never to be cis stays out.
            allowed = [x for x in order if x == "t" or share > 0]
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


def _contacts(kinds: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[CLASH_NM["".join(sorted((a, b)))] for a in kinds] for b in kinds])
