"""Salt and solvents per formula unit, and what rounding to whole molecules does to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scipy import constants

if TYPE_CHECKING:
    from workflow.inputs.molecules import Molecule
    from workflow.inputs.system_parts import Salt
    from workflow.inputs.systems import System

NM3_PER_L: float = (constants.deci / constants.nano) ** 3
AVOGADRO_PER_MOL: float = constants.N_A
NM3_PER_ML_PER_MOL: float = (constants.centi / constants.nano) ** 3 / constants.N_A
DENSITY_1_U_PER_NM3: float = constants.atomic_mass / constants.nano**3  # kg/m^3


class CompositionError(Exception):
    """Amounts that whole molecules cannot meet; `key` and `remedy` say what to change."""

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{key}: {problem}. {remedy}")
        self.key = key
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Part:
    """One kind of molecule as composing needs it; `volume_nm3` is what one molecule adds to the liquid."""

    name: str
    n_atoms: int
    mass_u: float
    volume_nm3: float


@dataclass(frozen=True)
class Solution:
    """Salt and solvents: `per_unit` molecules of each solvent for each of `units` formula units of salt.

    Without salt (no `ions`) a unit is one molecule of the mixture, and `per_unit` are mole fractions.
    """

    ions: tuple[tuple[Part, int], ...]
    solvents: tuple[Part, ...]
    shares: tuple[float, ...]
    per_unit: tuple[float, ...]
    units: int
    asked_mol_per_L: float | None
    asked_mol_per_L_solvent: float | None

    @property
    def salt_volume_nm3(self) -> float:
        """Apparent volume of one formula unit."""
        return sum(part.volume_nm3 * number for part, number in self.ions)

    @property
    def atoms_per_unit(self) -> float:
        """Atoms of salt and solvents per formula unit of salt."""
        return _atoms(self.ions) + sum(n * one.n_atoms for n, one in zip(self.per_unit, self.solvents, strict=True))

    def amounts(self, units: int) -> list[tuple[Part, int]]:
        """Whole numbers of each ion and solvent for so many formula units."""
        ions = [(part, units * number) for part, number in self.ions]
        return ions + [(part, round(units * n)) for n, part in zip(self.per_unit, self.solvents, strict=True)]

    def solvent_volumes_nm3(self, units: int) -> tuple[float, ...]:
        """Volume of each pure solvent after rounding."""
        return tuple(count * part.volume_nm3 for part, count in self.amounts(units)[len(self.ions) :])

    def mol_per_L(self, units: int) -> float:
        """Predicted mol of salt per litre of solution after rounding."""
        return concentration(units, sum(self.solvent_volumes_nm3(units)) + units * self.salt_volume_nm3)

    def mol_per_L_solvent(self, units: int) -> float:
        """Mol of salt per litre of the solvents before the salt, after rounding."""
        return concentration(units, sum(self.solvent_volumes_nm3(units)))

    def deviation(self, units: int) -> float:
        """The largest relative deviation of concentration and solvents' shares from those asked for."""
        volumes = self.solvent_volumes_nm3(units)
        if not all(volumes):
            return 1.0
        worst = [abs(one / sum(volumes) / share - 1) for one, share in zip(volumes, self.shares, strict=True)]
        if self.asked_mol_per_L is not None:
            worst.append(abs(self.mol_per_L(units) / self.asked_mol_per_L - 1))
        if self.asked_mol_per_L_solvent is not None:
            worst.append(abs(self.mol_per_L_solvent(units) / self.asked_mol_per_L_solvent - 1))
        return max(worst)


def concentration(units: int, volume_nm3: float) -> float:
    """Mol per litre of so many formula units in a volume; infinite in no volume."""
    return units / (AVOGADRO_PER_MOL * volume_nm3 / NM3_PER_L) if volume_nm3 > 0 else math.inf


@lru_cache(maxsize=1024)
def part(molecule: Molecule, monomers: int | None = None) -> Part:
    """Atoms, mass and volume of one molecule; the volume of a chain is not predicted (0)."""
    # Imported here: the force field imports the inputs, which use this module.
    from workflow.forcefield import molecule_atoms

    atoms = molecule_atoms(molecule, monomers)
    mass_u = sum(atom.mass_u for atom in atoms)
    volume_nm3 = 0.0
    if molecule.kind in ("cation", "anion"):
        volume_nm3 = (molecule.apparent_molar_volume_mL_per_mol or 0.0) * NM3_PER_ML_PER_MOL
    elif molecule.density_kg_per_m3 is not None and molecule.kind != "polymer":
        volume_nm3 = mass_u * DENSITY_1_U_PER_NM3 / molecule.density_kg_per_m3
    return Part(molecule.name, len(atoms), mass_u, volume_nm3)


def solution_of(system: System, molecules: Mapping[str, Molecule]) -> Solution:
    """Amounts of salt and solvents of a system, additives and chains left aside.

    With N_s formula units of apparent molar volume phi at c mol per litre of solution, the pure solvents take
    V = N_s / (c N_A) - N_s phi / N_A, shared by `volume_ratio`; at c per litre of solvent, V = N_s / (c N_A).
    With a given number of formula units, the solvents fill up `total_atoms`; without salt they are all there is.

    Raises
    ------
    CompositionError
        When an anion has no apparent molar volume, or the salt leaves no room for solvent.
    """
    salt = system.salt
    ions = tuple((_ion(molecules[name]), number) for name, number in salt.ions) if salt is not None else ()
    solvents = tuple(part(molecules[name]) for name in system.solvents)
    shares = tuple(one / sum(system.volume_ratio) for one in system.volume_ratio)
    per_volume = [share / one.volume_nm3 for share, one in zip(shares, solvents, strict=True)]
    if salt is None:
        per_unit = tuple(one / sum(per_volume) for one in per_volume)
        return Solution((), solvents, shares, per_unit, _units(system, (), solvents, per_unit), None, None)
    if salt.count is not None:
        per_unit, units = _filled(system, salt.count, ions, solvents, per_volume), salt.count
    else:
        volume_nm3 = _solvent_volume_per_unit_nm3(salt, ions)
        per_unit = tuple(volume_nm3 * one for one in per_volume)
        units = system.salt_pairs or _units(system, ions, solvents, per_unit)
    return Solution(ions, solvents, shares, per_unit, units, salt.mol_per_L, salt.mol_per_L_solvent)


def _ion(molecule: Molecule) -> Part:
    if molecule.kind == "anion" and molecule.apparent_molar_volume_mL_per_mol is None:
        problem = f"the solution's volume needs the salt's apparent molar volume, which {molecule.name} lacks"
        remedy = "Add apparent_molar_volume_mL_per_mol and its source to its molecule.yaml"
        raise CompositionError("salt.ions", problem, remedy)
    return part(molecule)


def _atoms(ions: tuple[tuple[Part, int], ...]) -> int:
    return sum(one.n_atoms * number for one, number in ions)


def _solvent_volume_per_unit_nm3(salt: Salt, ions: tuple[tuple[Part, int], ...]) -> float:
    if salt.mol_per_L_solvent is not None:
        return NM3_PER_L / (salt.mol_per_L_solvent * AVOGADRO_PER_MOL)
    assert salt.mol_per_L is not None  # exactly one amount is given: the reader sees to it
    volume_nm3 = NM3_PER_L / (salt.mol_per_L * AVOGADRO_PER_MOL)
    salt_volume_nm3 = sum(one.volume_nm3 * number for one, number in ions)
    if volume_nm3 <= salt_volume_nm3:
        most = NM3_PER_L / (salt_volume_nm3 * AVOGADRO_PER_MOL)
        problem = f"the salt alone fills the litre at {most:.3g} mol/L"
        raise CompositionError("salt.mol_per_L", problem, "Write a lower concentration, or use mol_per_L_solvent")
    return volume_nm3 - salt_volume_nm3


def _units(
    system: System,
    ions: tuple[tuple[Part, int], ...],
    solvents: tuple[Part, ...],
    per_unit: tuple[float, ...],
) -> int:
    """Formula units (molecules, without salt) that come nearest to the total number of atoms asked for."""
    assert system.total_atoms is not None  # a size is given: the reader sees to it
    atoms = _atoms(ions) + sum(n * one.n_atoms for n, one in zip(per_unit, solvents, strict=True))
    units = round(system.total_atoms / atoms)
    if units < 1:
        problem = f"one {'formula unit of salt with its solvent' if ions else 'molecule'} has {atoms:.0f} atoms"
        raise CompositionError("box.total_atoms", problem, f"Write at least {math.ceil(20 * atoms)}")
    return units


def _filled(
    system: System, count: int, ions: tuple[tuple[Part, int], ...], solvents: tuple[Part, ...], per_volume: list[float]
) -> tuple[float, ...]:
    """Solvent molecules per formula unit, of which there are `count`, that fill up the total number of atoms."""
    assert system.total_atoms is not None
    left = system.total_atoms - count * _atoms(ions)
    if left <= 0:
        problem = f"{count} formula units of salt leave no atoms for the solvents"
        raise CompositionError("box.total_atoms", problem, "Write a larger number")
    atoms_per_volume = sum(n * one.n_atoms for n, one in zip(per_volume, solvents, strict=True))
    return tuple(left * one / atoms_per_volume / count for one in per_volume)
