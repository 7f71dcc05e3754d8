"""GROMACS `.itp` text: the few sections this project uses, read into plain tuples and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class ForceFieldError(Exception):
    """A force-field file, or a topology made from it, is wrong; the text names the file and the item."""


@dataclass(frozen=True)
class Atom:
    """One atom of a molecule; the charge is in elementary charges, the mass in unified atomic mass units."""

    name: str
    type: str
    charge_e: float
    mass_u: float


@dataclass(frozen=True)
class AtomType:
    """One line of `[ atomtypes ]`: element, mass and Lennard-Jones parameters of a type."""

    name: str
    atomic_number: int
    mass_u: float
    sigma_nm: float
    epsilon_kJ_per_mol: float


Section = tuple[str, tuple[tuple[str, ...], ...]]


def sections(text: str) -> tuple[Section, ...]:
    """Split itp text into (section name, rows of fields), in order; comments and empty lines are dropped.

    A section that stands twice is returned twice. Raises ForceFieldError for a preprocessor line or for data
    before the first section: the files here are plain, so that what is written is what is simulated.
    """
    found: list[tuple[str, list[tuple[str, ...]]]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split(";", 1)[0].strip()
        if not line:
            continue
        if line.startswith("["):
            found.append((line.strip("[] \t"), []))
        elif line.startswith("#") or not found:
            raise ForceFieldError(f"line {number}: `{line}` is not allowed here. Remedy: plain sections only.")
        else:
            found[-1][1].append(tuple(line.split()))
    return tuple((name, tuple(rows)) for name, rows in found)


def rows_of(text: str, name: str) -> tuple[tuple[str, ...], ...]:
    """All rows of every section called `name`, in order."""
    return tuple(row for title, rows in sections(text) if title == name for row in rows)


def read_atomtypes(path: Path) -> dict[str, AtomType]:
    """Read the `[ atomtypes ]` of one molecule, by name. Raises ForceFieldError for a bad line."""
    types: dict[str, AtomType] = {}
    for row in rows_of(_text(path), "atomtypes"):
        try:
            name, number, mass, _charge, _ptype, sigma, epsilon = row
            kind = AtomType(name, int(number), float(mass), float(sigma), float(epsilon))
        except ValueError as error:
            raise ForceFieldError(
                f"{path}: `{' '.join(row)}` is not `name at.num mass charge A sigma epsilon`: {error}."
            ) from error
        if types.setdefault(name, kind) != kind:
            raise ForceFieldError(f"{path}: type {name} is defined twice with different values.")
    return types


def merge_atomtypes(folders: Iterable[tuple[str, Path]]) -> dict[str, AtomType]:
    """Merge the atom types of several molecules, given as (molecule name, folder).

    Raises ForceFieldError that names the type and both molecules when the same type has two meanings.
    """
    merged: dict[str, AtomType] = {}
    first: dict[str, str] = {}
    for molecule, folder in folders:
        for name, kind in read_atomtypes(folder / "atomtypes.itp").items():
            if merged.setdefault(name, kind) != kind:
                raise ForceFieldError(
                    f"atom type {name} of {molecule} differs from that of {first[name]}: "
                    f"{kind} and {merged[name]}. "
                    "Remedy: give one of them another type name."
                )
            first.setdefault(name, molecule)
    return merged


def read_atoms(path: Path) -> tuple[Atom, ...]:
    """Read `[ atoms ]` of a molecule's itp in order. Raises ForceFieldError for a bad or misnumbered line."""
    atoms: list[Atom] = []
    for row in rows_of(_text(path), "atoms"):
        try:
            number, kind, _resnr, _residue, name, _cgnr, charge, mass = row
            atom = Atom(name, kind, float(charge), float(mass))
        except ValueError as error:
            raise ForceFieldError(f"{path}: bad [ atoms ] line `{' '.join(row)}`: {error}.") from error
        if int(number) != len(atoms) + 1:
            raise ForceFieldError(f"{path}: atom {name} has number {number}, expected {len(atoms) + 1}.")
        atoms.append(atom)
    if not atoms:
        raise ForceFieldError(f"{path}: no [ atoms ].")
    return tuple(atoms)


def read_bonds(path: Path) -> tuple[tuple[int, int], ...]:
    """Read `[ bonds ]` as 0-based index pairs, the smaller first."""
    pairs = ((int(row[0]) - 1, int(row[1]) - 1) for row in rows_of(_text(path), "bonds"))
    return tuple((min(pair), max(pair)) for pair in pairs)


def atomtypes_text(types: Sequence[AtomType]) -> str:
    """The `[ atomtypes ]` section for these types."""
    lines = ["[ atomtypes ]", "; name  at.num    mass    charge  ptype  sigma/nm  epsilon/(kJ mol-1)"]
    lines += [
        f"{t.name:8s} {t.atomic_number:3d} {t.mass_u:9.3f} 0.0 A {t.sigma_nm:.8g} {t.epsilon_kJ_per_mol:.8g}"
        for t in types
    ]
    return "\n".join(lines) + "\n"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ForceFieldError(f"{path}: cannot be read: {error.strerror}.") from error
