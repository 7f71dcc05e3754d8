"""The parts of a system's file: salt, solvents, additives and chains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from workflow.inputs.fields import Fields
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place, Problems, listing, nearest

SALT_AMOUNTS = ("mol_per_L", "mol_per_L_solvent", "count")
LEAST_MOL_PER_L = 0.01
# Per litre of solvent there is no limit but what dissolves: solvate ionic liquids have more than 10.
MOST_MOL_PER_L = {"mol_per_L": 10.0, "mol_per_L_solvent": 30.0}
LEAST_CHARGE_SCALE = 0.5  # electronic polarisation screens by 1/sqrt(eps_inf), about 0.7 to 0.8
MOST_CHAINS_WT_PERCENT = 60.0
CHAIN_AMOUNTS = ("wt_percent", "count_like", "count")


@dataclass(frozen=True)
class Salt:
    """Ions of one formula unit and the amount, given in exactly one of the three ways; the scale of their charges."""

    ions: tuple[tuple[str, int], ...]
    mol_per_L: float | None
    mol_per_L_solvent: float | None
    count: int | None
    charge_scale: float = 1.0


@dataclass(frozen=True)
class Additive:
    """An additive and its share of the electrolyte's mass (chains not counted)."""

    molecule: str
    wt_percent: float


@dataclass(frozen=True)
class Chains:
    """Chains of one kind: their length and their amount, given in exactly one of the three ways.

    `wt_percent` is relative to the electrolyte without chains; `count_like` names a system whose number of
    chains and monomers is taken over. `monomers` is None only while `count_like` has not been followed. `uncharged`
    chains have no partial charges: the control that tells chemistry from excluded volume.
    """

    molecule: str
    monomers: int | None
    wt_percent: float | None
    count_like: str | None
    count: int | None
    uncharged: bool = False


def read_salt(fields: Fields, molecules: Mapping[str, Molecule | None]) -> Salt | None:
    """The salt, neutral as a formula unit and with its amount given once; None for a liquid without salt."""
    below = fields.table_of("salt", required=False)
    if below is None:
        return None
    before = len(fields.problems)
    ions: dict[str, tuple[Molecule, int]] = {}
    inner = below.table_of("ions")
    for name in inner.table.entries if inner is not None else ():
        assert inner is not None
        stoichiometry = inner.integer(name)
        molecule = _known(fields.problems, inner.place(name), inner.full(name), name, molecules)
        if molecule is not None and molecule.charge_e == 0:
            inner.add(name, f"`{name}` is no ion", "Name it under `solvents` or `additives`")
        elif molecule is not None and stoichiometry is not None:
            ions[name] = (molecule, stoichiometry)
    amounts = {
        key: below.number(key, required=False, above=0, most=most, unit="mol/L") for key, most in MOST_MOL_PER_L.items()
    }
    for key, value in amounts.items():
        if value is not None and value < LEAST_MOL_PER_L:
            problem = f"a box that can be run holds hardly an ion below {LEAST_MOL_PER_L:g} mol/L"
            below.add(key, problem, f"Write {LEAST_MOL_PER_L:g} or more, in mol/L")
    count = below.integer("count", required=False)
    scale = below.number("charge_scale", required=False, least=LEAST_CHARGE_SCALE, most=1.0)
    _exactly_one(below, SALT_AMOUNTS, fields.full("salt"))
    below.finish()
    # An ion whose own file has problems is missing here: its charge is not known until they are mended.
    if len(fields.problems) > before or inner is None or len(ions) < len(inner.table.entries):
        return None
    _check_neutral(below, ions)
    ordered = sorted(ions, key=lambda name: ions[name][0].charge_e < 0)
    return Salt(tuple((name, ions[name][1]) for name in ordered), **amounts, count=count, charge_scale=scale or 1.0)


def _check_neutral(fields: Fields, ions: Mapping[str, tuple[Molecule, int]]) -> None:
    charges = {name: molecule.charge_e for name, (molecule, _) in ions.items()}
    left = sum(charges[name] * number for name, (_, number) in ions.items())
    if not ions:
        fields.add("ions", "the ions are missing", "Name one cation and one anion, as `{Li: 1, TFSI: 1}`")
        return
    common = math.gcd(*(number for _, number in ions.values()))
    if left == 0 and common > 1:
        reduced = ", ".join(f"{name}: {number // common}" for name, (_, number) in ions.items())
        problem = f"all numbers of this formula unit can be divided by {common}, so each mol would be {common}"
        fields.add("ions", problem, f"Write {{{reduced}}}")
    if left == 0:
        return
    cations = [name for name in ions if charges[name] > 0]
    anions = [name for name in ions if charges[name] < 0]
    if len(cations) != 1 or len(anions) != 1:
        remedy = "Name one cation and one anion whose charges add up to zero"
    else:
        plus, minus = charges[cations[0]], -charges[anions[0]]
        common = math.gcd(plus, minus)
        remedy = f"Write {{{cations[0]}: {minus // common}, {anions[0]}: {plus // common}}}"
    fields.add("ions", f"the salt leaves a charge of {left:+d} e", remedy)


def read_solvents(fields: Fields, molecules: Mapping[str, Molecule | None]) -> tuple[str, ...]:
    """The solvents: known, neutral, named once and with the density that turns volumes into molecules."""
    names: list[str] = []
    for item in fields.texts("solvents"):
        name = item.text
        molecule = _known(fields.problems, item.place, fields.full("solvents"), name, molecules)
        if name in names:
            fields.problems.add(item.place, fields.full("solvents"), name, "this solvent is named twice", "Keep one")
        elif molecule is not None:
            _check_solvent(fields.problems, item.place, fields.full("solvents"), molecule)
        names.append(name)
    return tuple(names)


def _check_solvent(problems: Problems, place: Place, key: str, molecule: Molecule) -> None:
    if molecule.kind != "solvent":
        problems.add(place, key, molecule.name, f"its kind is {molecule.kind}, not solvent", "Name a solvent")
    elif molecule.density_kg_per_m3 is None:
        problem = "a volume (volume_ratio, mol_per_L) needs the pure liquid's density, which this molecule lacks"
        problems.add(place, key, molecule.name, problem, "Add density_kg_per_m3 and its source to its molecule.yaml")


def read_additives(
    fields: Fields, molecules: Mapping[str, Molecule | None], solvents: tuple[str, ...]
) -> tuple[Additive, ...]:
    """The additives, each neutral, named once and not also a solvent."""
    additives: list[Additive] = []
    for below in fields.tables("additives"):
        name = below.text("molecule")
        wt_percent = _weight_percent(below)
        if name is not None:
            place, key = below.place("molecule"), below.full("molecule")
            molecule = _known(fields.problems, place, key, name, molecules)
            if name in solvents or name in [one.molecule for one in additives]:
                below.add("molecule", "this molecule is named already in this system", "Name each molecule once")
            elif molecule is not None:
                _check_solvent(fields.problems, place, key, molecule)
        below.finish()
        if name is not None and wt_percent is not None:
            additives.append(Additive(name, wt_percent))
    if sum(one.wt_percent for one in additives) >= 100:
        fields.add("additives", "together they are 100 wt% or more", "Reduce their shares")
    return tuple(additives)


def read_chains(fields: Fields, molecules: Mapping[str, Molecule | None]) -> Chains | None:
    """The chains of a system, or None when it has none."""
    below = fields.table_of("chains", required=False)
    if below is None:
        return None
    name = below.text("molecule")
    wt_percent = _weight_percent(below, required=False)
    if wt_percent is not None and wt_percent > MOST_CHAINS_WT_PERCENT:
        problem = (
            f"chains are at most {MOST_CHAINS_WT_PERCENT:g} wt% of the electrolyte: there it is no longer a liquid"
        )
        below.add("wt_percent", problem, f"Write {MOST_CHAINS_WT_PERCENT:g} or less")
    count_like = below.name("count_like", required=False)
    count = below.integer("count", required=False)
    monomers = below.integer("monomers", required=not below.has("count_like"))
    _exactly_one(below, CHAIN_AMOUNTS, below.prefix)
    uncharged = bool(below.flag("uncharged")) if below.has("uncharged") else False
    below.finish()
    molecule = None
    if name is not None:
        molecule = _known(fields.problems, below.place("molecule"), below.full("molecule"), name, molecules)
    if molecule is not None and molecule.polymer is None:
        below.add("molecule", f"its kind is {molecule.kind}, not polymer", "Name a polymer")
    elif molecule is not None and molecule.polymer is not None and monomers is not None:
        _check_monomers(below, molecule, molecule.polymer.min_monomers, monomers)
    return Chains(name or "", monomers, wt_percent, count_like, count, uncharged)


def _check_monomers(fields: Fields, molecule: Molecule, least: int, monomers: int) -> None:
    # Imported here: polymers import the inputs, which use this module.
    from workflow.polymers import MAX_MONOMERS

    if monomers < least:
        problem = f"a chain of {molecule.name} has at least {least} monomers"
        fields.add("monomers", problem, f"Write {least} or more")
    elif monomers > MAX_MONOMERS:
        problem = f"a chain has at most {MAX_MONOMERS} monomers, as many as a .gro file can name"
        fields.add("monomers", problem, f"Write {MAX_MONOMERS} or less")


def _weight_percent(fields: Fields, required: bool = True) -> float | None:
    value = fields.number("wt_percent", required=required, above=0, unit="wt%")
    if value is not None and value >= 100:
        fields.add("wt_percent", "a share of the mass is below 100 wt%", "Write a number between 0 and 100")
        return None
    return value


def _exactly_one(fields: Fields, keys: tuple[str, ...], name: str) -> None:
    """Exactly one of the keys must have a value."""
    given = [key for key in keys if fields.has(key)]
    if len(given) > 1:
        problem = f"the amount is given more than once ({' and '.join(given)})"
        fields.add(given[-1], problem, f"Keep one of: {listing(keys)}")
    elif not given:
        fields.problems.add(fields.table.place, name, None, "no amount is given", f"Give one of: {listing(keys)}")


def _known(
    problems: Problems, place: Place, key: str, name: str, molecules: Mapping[str, Molecule | None]
) -> Molecule | None:
    """The molecule of this name; an unknown one is a problem with the nearest name."""
    if name not in molecules:
        known = sorted(molecules)
        remedy = f"{nearest(name, known)}Known molecules: {listing(known)}"
        problems.add(place, key, name, f"there is no molecule `{name}` in the force field", remedy)
    return molecules.get(name)
