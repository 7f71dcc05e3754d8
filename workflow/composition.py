"""From amounts as a chemist says them to whole numbers of molecules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.solution import DENSITY_1_U_PER_NM3, CompositionError, Part, Solution, part, solution_of

if TYPE_CHECKING:
    from workflow.inputs.molecules import Molecule
    from workflow.inputs.systems import System

__all__ = ["Composition", "CompositionError", "compose"]

MAX_DEVIATION = 0.05  # of the salt's concentration and of each solvent's share: more stops the run
MAX_SHARE_DEVIATION = 0.10  # of an additive or of chains: more is a warning
MOST_ATOMS = 2_000_000  # more would run for months on any machine this is meant for
MOST_UNITS = 20000  # a remedy is looked for up to this many formula units of salt


@dataclass(frozen=True)
class Composition:
    """Whole numbers of molecules and what they amount to.

    `counts` is in topology order (cations, anions, solvents, additives, chains). The electrolyte is
    everything but the chains; its predicted volume is the sum of pure volumes plus the salt's apparent molar
    volume. In `asked` and `reached`, `mol_per_L` and `mol_per_L_solvent` (absent without salt) are those of the salt
    solution before additives and chains, `additives_wt_percent` is of the electrolyte and `chains_wt_percent` the
    chains' mass relative to the electrolyte's.
    """

    counts: tuple[tuple[str, int], ...]
    monomers: int | None
    n_atoms: int
    mass_u: float
    electrolyte_mass_u: float
    predicted_volume_nm3: float
    asked: dict[str, Any]
    reached: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def predicted_density_kg_per_m3(self) -> float:
        """Density of the electrolyte without chains at the predicted volume."""
        return self.electrolyte_mass_u / self.predicted_volume_nm3 * DENSITY_1_U_PER_NM3

    @property
    def predicted_edge_nm(self) -> float:
        """Edge of the cube that holds the electrolyte without chains."""
        return math.cbrt(self.predicted_volume_nm3)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "counts": dict(self.counts),
            "monomers": self.monomers,
            "n_atoms": self.n_atoms,
            "mass_u": self.mass_u,
            "electrolyte_mass_u": self.electrolyte_mass_u,
            "predicted_volume_nm3": self.predicted_volume_nm3,
            "predicted_density_kg_per_m3": self.predicted_density_kg_per_m3,
            "asked": self.asked,
            "reached": self.reached,
            "warnings": list(self.warnings),
        }


def compose(system: System, molecules: Mapping[str, Molecule], n_chains: int | None = None) -> Composition:
    """Whole numbers of molecules for a system.

    Salt and solvents follow from their amounts and the size of the box alone (see `solution_of`), so they are
    the same with and without additives or chains. Additives make up their wt% of the electrolyte: with w the
    sum of all their shares, the electrolyte's mass is that of salt and solvents divided by 1 - w. Chains come
    on top.

    `n_chains` is the number of chains taken over from another system; with `count_like`, `chains.monomers`
    must be filled in.

    Raises
    ------
    CompositionError
        When salt or a solvent is off by more than 5 % after rounding, when chains round to none, when an
        amount is impossible, or when there are more than 2,000,000 atoms.
    """
    warnings: list[str] = []
    solution = solution_of(system, molecules)
    _check_rounding(system, solution)
    additives = _additive_amounts(system, molecules, solution, warnings)
    electrolyte = solution.amounts(solution.units) + additives
    chains = _chain_amount(system, molecules, _mass_u(electrolyte), n_chains, solution, warnings)
    everything = electrolyte + chains
    _check_atoms(system, solution, _atoms(electrolyte), _atoms(everything))
    return Composition(
        counts=tuple((one.name, count) for one, count in everything),
        monomers=system.chains.monomers if system.chains is not None else None,
        n_atoms=_atoms(everything),
        mass_u=_mass_u(everything),
        electrolyte_mass_u=_mass_u(electrolyte),
        predicted_volume_nm3=sum(one.volume_nm3 * count for one, count in electrolyte),
        asked=_asked(system),
        reached=_reached(system, solution, additives, chains),
        warnings=tuple(warnings),
    )


def _mass_u(amounts: list[tuple[Part, int]]) -> float:
    return sum(one.mass_u * count for one, count in amounts)


def _atoms(amounts: list[tuple[Part, int]]) -> int:
    return sum(one.n_atoms * count for one, count in amounts)


def _check_atoms(system: System, solution: Solution, electrolyte: int, everything: int) -> None:
    """Stop when the box has more atoms than can be run."""
    if everything <= MOST_ATOMS:
        return
    problem = f"the box would have {everything} atoms, more than the {MOST_ATOMS} that can be run"
    count = system.chains.count if system.chains is not None else None
    if count is not None and (most := (MOST_ATOMS - electrolyte) * count // (everything - electrolyte)) >= 1:
        raise CompositionError("chains.count", problem, f"Write {most} or less")
    # Molecules are rounded one kind at a time, which the last thousandth leaves room for.
    units = max(int(0.999 * solution.units * MOST_ATOMS / everything), 1)
    key = "box.total_atoms" if system.salt_pairs is None else "box.salt_pairs"
    raise CompositionError(key, problem, f"{_box_remedy(system, solution, units)} or less")


def _smallest_units(least: int, good: Callable[[int], bool]) -> int | None:
    """The smallest number of formula units (molecules, without salt) above `least` that is good."""
    return next((units for units in range(least + 1, MOST_UNITS) if good(units)), None)


def _box_remedy(system: System, solution: Solution, units: int | None) -> str:
    """How to ask for a box of so many formula units (molecules), in the way in which this system gives its size."""
    if units is None:
        return "No box of a size that can be run meets it: change the amounts"
    if system.salt is not None and system.salt.count is not None:
        return f"Write salt.count: {units} and box.total_atoms: {math.ceil(units * solution.atoms_per_unit)}"
    if system.salt_pairs is None:
        return f"Write box.total_atoms: {math.ceil(units * solution.atoms_per_unit)}"
    return f"Write box.salt_pairs: {units}"


def _check_rounding(system: System, solution: Solution) -> None:
    """Stop when whole molecules miss the salt's concentration or a solvent's share by too much."""
    deviation = solution.deviation(solution.units)
    if deviation <= MAX_DEVIATION:
        return
    units = _smallest_units(solution.units, lambda units: solution.deviation(units) <= MAX_DEVIATION)
    what = "formula units of salt" if system.salt is not None else "molecules"
    missed = "the concentration or the volume ratio" if system.salt is not None else "the volume ratio"
    problem = (
        f"with {solution.units} {what}, whole molecules miss {missed} "
        f"by {100 * deviation:.0f} % (at most {100 * MAX_DEVIATION:.0f} % is accepted)"
    )
    key = "box.total_atoms" if system.salt_pairs is None else "box.salt_pairs"
    raise CompositionError(key, problem, _box_remedy(system, solution, units))


def _rounded_share(
    what: str, wanted: float, system: System, solution: Solution, warnings: list[str]
) -> tuple[int, str]:
    """A wanted number as a whole one, with a warning when it rounds badly, and the remedy for it."""

    def good(units: int) -> bool:
        scaled = wanted * units / solution.units
        return round(scaled) >= 1 and abs(round(scaled) / scaled - 1) <= MAX_SHARE_DEVIATION

    count = round(wanted)
    if good(solution.units):
        return count, ""
    remedy = _box_remedy(system, solution, _smallest_units(solution.units, good))
    off = f"{count}, {100 * (count / wanted - 1):+.0f} % off" if count else "zero, so the box holds none"
    warnings.append(f"{what}: {wanted:.2f} molecules round to {off}. {remedy}")
    return count, remedy


def _additive_amounts(
    system: System,
    molecules: Mapping[str, Molecule],
    solution: Solution,
    warnings: list[str],
) -> list[tuple[Part, int]]:
    base_mass_u = _mass_u(solution.amounts(solution.units))
    electrolyte_mass_u = base_mass_u / (1 - sum(one.wt_percent for one in system.additives) / 100)
    found = []
    for additive in system.additives:
        one = part(molecules[additive.molecule])
        wanted = additive.wt_percent / 100 * electrolyte_mass_u / one.mass_u
        what = f"{additive.wt_percent:g} wt% of {one.name}"
        found.append((one, _rounded_share(what, wanted, system, solution, warnings)[0]))
    return found


def _chain_amount(
    system: System,
    molecules: Mapping[str, Molecule],
    electrolyte_mass_u: float,
    n_chains: int | None,
    solution: Solution,
    warnings: list[str],
) -> list[tuple[Part, int]]:
    chains = system.chains
    if chains is None:
        return []
    one = part(molecules[chains.molecule], chains.monomers)
    if chains.wt_percent is None:
        count = chains.count if n_chains is None else n_chains
        assert count is not None  # an amount is given: the reader sees to it
        return [(one, count)]
    wanted = chains.wt_percent / 100 * electrolyte_mass_u / one.mass_u
    what = f"{chains.wt_percent:g} wt% of {one.name}"
    count, remedy = _rounded_share(what, wanted, system, solution, warnings)
    if count == 0:
        raise CompositionError("chains.wt_percent", f"{wanted:.2f} chains round to none", remedy)
    return [(one, count)]


def _asked(system: System) -> dict[str, Any]:
    """What was asked for, without the ways of asking that were not used."""
    chains, salt = system.chains, system.salt
    asked = {
        "mol_per_L": salt.mol_per_L if salt else None,
        "mol_per_L_solvent": salt.mol_per_L_solvent if salt else None,
        "salt_count": salt.count if salt else None,
        "salt_pairs": system.salt_pairs,
        "total_atoms": system.total_atoms,
        "solvents": list(system.solvents),
        "volume_ratio": list(system.volume_ratio),
        "additives_wt_percent": {one.molecule: one.wt_percent for one in system.additives} or None,
        "chains_wt_percent": chains.wt_percent if chains else None,
        "chains_count_like": chains.count_like if chains else None,
        "chains": chains.count if chains else None,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _reached(
    system: System,
    solution: Solution,
    additives: list[tuple[Part, int]],
    chains: list[tuple[Part, int]],
) -> dict[str, Any]:
    """What the whole numbers of molecules amount to; the volume ratio has the sum of the one asked for."""
    volumes = solution.solvent_volumes_nm3(solution.units)
    scale = sum(system.volume_ratio) / sum(volumes)
    electrolyte_mass_u = _mass_u(solution.amounts(solution.units) + additives)
    reached: dict[str, Any] = {}
    if system.salt is not None:
        reached["salt_count"] = solution.units
        reached["mol_per_L"] = solution.mol_per_L(solution.units)
        reached["mol_per_L_solvent"] = solution.mol_per_L_solvent(solution.units)
    reached["volume_ratio"] = [one * scale for one in volumes]
    if additives:
        shares = {one.name: 100 * count * one.mass_u / electrolyte_mass_u for one, count in additives}
        reached["additives_wt_percent"] = shares
    for one, count in chains:
        reached["chains_wt_percent"] = 100 * count * one.mass_u / electrolyte_mass_u
        reached["chains"] = count
    return reached
