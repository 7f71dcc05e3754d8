"""The entries of a run.json, and its checks: every problem is told, each with the key it is about (run_keys.py)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analysis.run_keys import (
    CLAIM,
    MISFIT,
    NUMBER,
    OPENING,
    OPTIONAL,
    PART,
    PUBLISHED,
    REQUIRED,
    ROLES,
    SCHEMA,
    SITE,
    SPECIES,
    STAGE,
    SWEPT,
    Kinds,
)


@dataclass(frozen=True)
class Species:
    """One kind of molecule.

    role is cation, anion, solvent, additive or polymer; status says where the force field is from;
    bonds are pairs of atom indices within the molecule; charges are NaN where they are not known. atoms are the
    indices of all its atoms in the trajectory, molecule by molecule; empty when all molecules of all species lie
    one after the other, in the order of `species`.
    """

    name: str
    title: str
    role: str
    count: int
    charge_e: float
    status: str
    masses_u: tuple[float, ...]
    charges_e: tuple[float, ...]
    names: tuple[str, ...]
    bonds: tuple[tuple[int, int], ...]
    atoms: tuple[int, ...] = ()

    @property
    def n_atoms(self) -> int:
        """Atoms of one molecule."""
        return len(self.masses_u)

    @property
    def mass_u(self) -> float:
        """Mass of one molecule in u."""
        return float(sum(self.masses_u))


@dataclass(frozen=True)
class SiteGroup:
    """Equivalent atoms of one species, e.g. both O of DME; atoms are indices within one molecule."""

    label: str
    species: str
    kind: str
    atoms: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """One stage before production: ensemble, temperature in K, length in ps."""

    name: str
    ensemble: str
    temperature_K: float
    length_ps: float


@dataclass(frozen=True)
class Published:
    """A measured value to compare with; uncertainty is a half-width in `unit`, NaN when not told.

    temperature_K is NaN when it was measured at the run's temperature.
    """

    quantity: str
    value: float
    unit: str
    source: str
    uncertainty: float
    temperature_K: float
    other_composition: bool
    note: str


class RunError(Exception):
    """A run.json or its files cannot be used; the message says in one line what and why."""


def check_document(document: object) -> list[str]:
    """Return what is wrong with a parsed run.json, one sentence each; empty when all is well."""
    if not isinstance(document, dict):
        return ["must hold one JSON object"]
    if document.get("schema") != SCHEMA:
        return [f"schema = {document.get('schema')!r}, but this version reads schema {SCHEMA}"]
    problems = list(_check_keys(document, REQUIRED, ""))
    problems += _check_keys({k: v for k, v in document.items() if v is not None}, OPTIONAL, "", needed=False)
    if problems:
        return problems
    for index, entry in enumerate(document["species"]):
        problems += _check_species(entry, f"species[{index}]")
    problems += _check_files(document)
    for key, kinds in (("stages", STAGE), ("published", PUBLISHED), ("sweep", SWEPT)):
        for index, entry in enumerate(document.get(key) or ()):
            problems += _check_entry(entry, kinds, f"{key}[{index}]")
    for index, entry in enumerate(document.get("claims") or ()):
        problems += _check_claim(entry, f"claims[{index}]")
    return problems or [*_check_references(document), *_check_atom_lists(document["species"])]


def _check_files(document: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the trajectory's parts and with how they are to be opened."""
    parts = document["trajectory"]
    if isinstance(parts, list) and not (parts and all(isinstance(part, str) for part in parts)):
        yield "trajectory must be the name of a file or a list of such names"
    if not all(isinstance(name, str) for name in document.get("viscosity_energies") or ()):
        yield "viscosity_energies must be a list of names of files"
    opening = document.get("opening") or {}
    yield from _check_keys(opening, OPENING, "opening", needed=False)
    unknown = sorted(opening.keys() - OPENING.keys())
    if unknown:
        yield f"opening has unknown keys {', '.join(unknown)}; known are {', '.join(OPENING)}"
    box = opening.get("box_nm", [1, 1, 1])
    if not (len(box) == 3 and all(isinstance(edge, NUMBER) and edge > 0 for edge in box)):
        yield "opening.box_nm must be three positive lengths"


def _check_atom_lists(species: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the lists of atoms, which all species have or none."""
    lists = [entry.get("atoms") or [] for entry in species]
    if not any(lists):
        return
    for index, (entry, atoms) in enumerate(zip(species, lists, strict=True)):
        n_atoms = entry["count"] * len(entry["masses_u"])
        if len(atoms) != n_atoms:
            yield f"species[{index}].atoms has {len(atoms)} entries for {n_atoms} atoms (all species have them or none)"
    every = [atom for atoms in lists for atom in atoms]
    if not all(isinstance(atom, int) for atom in every) or sorted(every) != list(range(len(every))):
        yield "species[].atoms together must name every atom of the trajectory once, counted from 0"


def _check_keys(entry: dict[str, Any], kinds: Kinds, where: str, needed: bool = True) -> Iterator[str]:
    """Yield missing keys (when `needed`) and values of the wrong type."""
    for key, kind in kinds.items():
        name = f"{where}.{key}" if where else key
        if key not in entry:
            if needed:
                yield f"{name} is missing"
        elif not isinstance(entry[key], kind) or (isinstance(entry[key], bool) and kind is not bool):
            yield f"{name} = {entry[key]!r} has the wrong type"


def _check_entry(entry: object, kinds: Kinds, where: str) -> list[str]:
    """Return the problems of one entry of a list."""
    return list(_check_keys(entry, kinds, where)) if isinstance(entry, dict) else [f"{where} is no object"]


def _check_claim(entry: object, where: str) -> list[str]:
    """Return the problems of one entry of `claims`."""
    problems = _check_entry(entry, CLAIM, where)
    if problems or not isinstance(entry, dict):
        return problems
    for index, part in enumerate(entry["parts"]):
        problems += _check_entry(part, PART, f"{where}.parts[{index}]")
    return problems


def _check_species(entry: object, where: str) -> list[str]:
    """Return the problems of one entry of `species`."""
    problems = _check_entry(entry, SPECIES, where)
    if problems or not isinstance(entry, dict):
        return problems
    masses, n_atoms = entry["masses_u"], len(entry["masses_u"])
    if entry["role"] not in ROLES:
        problems.append(f"{where}.role = {entry['role']!r} is none of {', '.join(ROLES)}")
    if entry["count"] < 1:
        problems.append(f"{where}.count = {entry['count']} is not positive")
    if not masses or not all(isinstance(m, NUMBER) and math.isfinite(m) and m >= 0 for m in masses) or not sum(masses):
        problems.append(f"{where}.masses_u must be numbers, one positive and none negative")
    for key in ("charges_e", "names"):
        if len(entry.get(key) or masses) != n_atoms:
            problems.append(f"{where}.{key} has not one entry for each of the {n_atoms} masses")
    charges = entry.get("charges_e")
    if charges and not abs(sum(charges) - entry["charge_e"]) < 1e-3:
        problems.append(f"{where}.charges_e add up to {sum(charges):g}, not to charge_e {entry['charge_e']:g}")
    for bond in entry.get("bonds") or ():
        if not (isinstance(bond, list) and len(bond) == 2 and all(_is_atom(a, n_atoms) for a in bond)):
            problems.append(f"{where}.bonds has {bond!r}, which are not two atoms of the molecule")
    for index, misfit in enumerate(entry.get("misfits") or ()):
        problems += _check_entry(misfit, MISFIT, f"{where}.misfits[{index}]")
    return problems


def _is_atom(index: object, n_atoms: int) -> bool:
    """Return whether this is an atom index of a molecule."""
    return isinstance(index, int) and 0 <= index < n_atoms


def _check_cation(document: dict[str, Any], n_atoms: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with the cation, which only a liquid without ions may lack."""
    cation = document.get("cation")
    if cation is None:
        if any(entry["role"] == "cation" and n_atoms[entry["name"]] == 1 for entry in document["species"]):
            yield "cation is missing, but one of the species has this role"
    elif cation not in n_atoms:
        yield f"cation = {cation!r} is none of the species {', '.join(n_atoms)}"
    elif n_atoms[cation] != 1:
        yield f"cation = {cation!r} has several atoms; a cation must be a single atom"


def _check_references(document: dict[str, Any]) -> Iterator[str]:
    """Yield a cation that is none of the species, sites that are not as they should be, and names that occur twice."""
    n_atoms = {entry["name"]: len(entry["masses_u"]) for entry in document["species"]}
    if len(n_atoms) != len(document["species"]):
        yield "two species have the same name"
    yield from _check_cation(document, n_atoms)
    labels: set[str] = set()
    for index, site in enumerate(document["sites"]):
        where = f"sites[{index}]"
        problems = _check_entry(site, SITE, where)
        if problems:
            yield from problems
            continue
        if site["label"] in labels:
            yield f"{where}.label = {site['label']!r} occurs twice"
        labels.add(site["label"])
