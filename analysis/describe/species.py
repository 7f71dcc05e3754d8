"""The species of a system: names, charges, roles and sites, guessed and corrected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.describe.atoms import Atoms, formal_charge_e, formula_of
from analysis.describe.chains import LONG_BACKBONE, backbone, is_chain_of_boron_and_nitrogen
from analysis.describe.elements import CATION_CHARGES_E
from analysis.describe.molecules import Bonds, Kind, kinds_of
from analysis.describe.sites import Site, guess_sites
from analysis.run import RunError

ANIONS: dict[str, str] = {
    "C2F6NO4S2": "TFSI", "F2NO4S2": "FSI", "F6P": "PF6", "BF4": "BF4", "ClO4": "ClO4", "NO3": "NO3", "CF3O3S": "OTf",
    "C4F10NO4S2": "BETI", "C4BO8": "BOB", "C2BF2O4": "DFOB", "AsF6": "AsF6", "CNS": "SCN", "BH4": "BH4",
    "C6F3N4": "TDI", "F2O2P": "DFP",
}  # fmt: skip
"""Formula -> name of anions with one charge: named so without a residue name, charged so without charges."""

NEUTRAL_E = 0.02
"""A molecule whose charges add up to less counts as neutral: what rounding in a file leaves is spread over it."""

NO_NAMES = {"", "UNK", "UNL", "MOL", "LIG", "RES", "SYSTEM", "OTHER", "X", "XXX"}
_CHARGE_DIGITS = 6
_SAME_CHARGE_E = 2e-4
_ROUNDED_E = 2e-3


@dataclass(frozen=True)
class Corrections:
    """What the user says; species are addressed by the name that they have after `names`."""

    names: Mapping[str, str] = field(default_factory=dict)
    charges_e: Mapping[str, float] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """One species: atoms (count, n) of the trajectory; charges_e is None where they are not known."""

    name: str
    role: str
    atoms: NDArray[np.int64]
    bonds: Bonds
    elements: tuple[str, ...]
    masses_u: tuple[float, ...]
    names: tuple[str, ...]
    charge_e: float
    charges_e: tuple[float, ...] | None
    sites: tuple[Site, ...]
    notes: tuple[str, ...]


def species_of_atoms(atoms: Atoms, corrections: Corrections) -> list[Found]:
    """Return the species in the order of their first atoms.

    Molecules of one species have the same elements, masses, residue names and bonds, and the same net charge.

    Raises:
        RunError: another name for a species that there is not.
    """
    kinds = kinds_of(_codes(atoms), atoms.bonds)
    kinds = [part for kind in kinds for part in _by_charge(kind, atoms.charges_e)]
    proposed = [_proposed_name(kind, atoms) for kind in kinds]
    own = _unique(proposed, kinds, atoms)
    unknown = [name for name in corrections.names if name not in own]
    if unknown:
        raise RunError(f"the species are {', '.join(own)}; --name names {', '.join(unknown)}, which is none of them")
    names = [corrections.names.get(name, name) for name in own]
    return [_found(kind, name, atoms, corrections) for kind, name in zip(kinds, names, strict=True)]


def _codes(atoms: Atoms) -> NDArray[np.int64]:
    """Return a number per atom, equal for atoms that may correspond to each other in two molecules."""
    residues = atoms.residues if atoms.residues is not None else np.full(atoms.elements.size, "")
    keys = zip(atoms.elements.tolist(), np.round(atoms.masses_u, 2).tolist(), residues.tolist(), strict=True)
    numbers: dict[tuple[str, float, str], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _by_charge(kind: Kind, charges_e: NDArray[np.float64] | None) -> list[Kind]:
    """Return the molecules of a kind apart by their net charge, to 0.1 e."""
    if charges_e is None:
        return [kind]
    net = np.round(charges_e[kind.atoms].sum(axis=1), 1) + 0.0
    _, first = np.unique(net, return_index=True)
    return [Kind(kind.atoms[net == net[index]], kind.bonds) for index in sorted(first)]


def _proposed_name(kind: Kind, atoms: Atoms) -> str:
    """Return a name: the element of a single atom, the residue's name if it has a meaning, else the formula."""
    elements = atoms.elements[kind.atoms[0]].tolist()
    if len(elements) == 1:
        return str(elements[0])
    formula = formula_of(elements)
    residues = set() if atoms.residues is None else set(atoms.residues[kind.atoms[0]].tolist())
    name = re.sub(r"[^A-Za-z0-9_.+]", "_", residues.pop()) if len(residues) == 1 else ""
    if name.upper() in NO_NAMES or not re.match(r"[A-Za-z0-9]", name) or name.isdigit():
        return ANIONS.get(formula, formula)
    return name


def _unique(proposed: Sequence[str], kinds: Sequence[Kind], atoms: Atoms) -> list[str]:
    """Return the names; where several species have one, formulas and then numbers are added."""
    times = Counter(proposed)
    formulas = [formula_of(atoms.elements[kind.atoms[0]].tolist()) for kind in kinds]
    names = [
        f"{name}_{formula}" if times[name] > 1 and name != formula else name
        for name, formula in zip(proposed, formulas, strict=True)
    ]
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        names[index] = name if seen[name] == 1 else f"{name}_{seen[name]}"
    return names


def _found(kind: Kind, name: str, atoms: Atoms, corrections: Corrections) -> Found:
    """Return one species with everything that is guessed of it."""
    elements = tuple(atoms.elements[kind.atoms[0]].tolist())
    charge_e, charges_e, notes = _charges(name, kind, elements, atoms.charges_e, corrections)
    role = corrections.roles.get(name) or _role(elements, kind.bonds, charge_e)
    return Found(
        name=name,
        role=role,
        atoms=kind.atoms,
        bonds=kind.bonds,
        elements=elements,
        masses_u=tuple(float(mass) for mass in atoms.masses_u[kind.atoms[0]]),
        names=_names(kind, atoms.names),
        charge_e=charge_e,
        charges_e=charges_e,
        sites=tuple(guess_sites(elements, kind.bonds, role == "polymer")),
        notes=tuple(notes),
    )


def _names(kind: Kind, names: NDArray[np.str_] | None) -> tuple[str, ...]:
    """Return the atoms' names; none when the molecules do not agree, so that nothing is compared with them."""
    if names is None or not (names[kind.atoms] == names[kind.atoms[0]]).all():
        return ()
    return tuple(names[kind.atoms[0]].tolist())


def _charges(
    name: str,
    kind: Kind,
    elements: Sequence[str],
    known_e: NDArray[np.float64] | None,
    corrections: Corrections,
) -> tuple[float, tuple[float, ...] | None, list[str]]:
    """Return a molecule's charge, those of its atoms (None when not known), and what must be said about them."""
    said = corrections.charges_e.get(name)
    if known_e is None:
        charge = float(_formal(elements)) if said is None else said
        return charge, (charge,) if len(elements) == 1 else None, []
    of_molecules = known_e[kind.atoms]
    charges = np.round(of_molecules.mean(axis=0), _CHARGE_DIGITS)
    notes = []
    if np.abs(of_molecules - charges).max() > _SAME_CHARGE_E:
        notes.append(f"{name}: charges differ between its molecules; their mean is taken")
    net = round(float(charges.sum()), _CHARGE_DIGITS)
    if said is not None and abs(said - net) > 1e-3:
        if len(elements) == 1:
            return said, (said,), notes
        return (
            said,
            None,
            [*notes, f"{name}: charge {said:g} e as given; the atoms' own add up to {net:g} and are left out"],
        )
    whole = float(round(net))
    target = whole if abs(net - whole) < (NEUTRAL_E if whole == 0 else _ROUNDED_E) else net
    if abs(net - target) > _ROUNDED_E:
        notes.append(f"{name}: charges add up to {net:g} e, taken as neutral")
    charges = charges - (net - target) / charges.size if net != target else charges
    return target, tuple(round(float(q), 9) for q in charges), notes


def _formal(elements: Sequence[str]) -> int:
    """Return the formal charge where a topology has none: of single atoms and known anions, else 0."""
    if len(elements) == 1:
        return formal_charge_e(elements[0])
    return -1 if formula_of(elements) in ANIONS else 0


def _role(elements: Sequence[str], bonds: Bonds, charge_e: float) -> str:
    """Return cation, anion, polymer or solvent."""
    if abs(charge_e) > NEUTRAL_E:
        return "cation" if charge_e > 0 else "anion"
    path = backbone(elements, bonds)
    chain = len(path) >= LONG_BACKBONE or is_chain_of_boron_and_nitrogen(elements, path)
    return "polymer" if chain else "solvent"


def choose_cation(species: Sequence[Found]) -> str | None:
    """Return the name of the cation that distances are measured from: the metal with most ions, lithium first."""
    single = [one for one in species if one.role == "cation" and len(one.elements) == 1]
    order = list(CATION_CHARGES_E)
    ranked = sorted(
        single,
        key=lambda one: (
            one.elements[0] != "Li",
            -len(one.atoms),
            order.index(one.elements[0]) if one.elements[0] in order else len(order),
        ),
    )
    return ranked[0].name if ranked else None


def with_sites(species: Found, sites: Sequence[Site]) -> Found:
    """Return a species with these sites in place of guessed ones of the same name or with the same atoms."""
    taken = {atom for site in sites for atom in site.atoms}
    names = {site.name for site in sites}
    kept = [
        Site(site.name, site.kind, tuple(atom for atom in site.atoms if atom not in taken))
        for site in species.sites
        if site.name not in names
    ]
    return replace(species, sites=(*(site for site in kept if site.atoms), *sites))
