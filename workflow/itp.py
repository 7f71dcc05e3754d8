"""GROMACS `.itp` text: the few sections this project uses, read into plain tuples and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.problems import Place, Problems
from workflow.itp_rows import Row, number, read_lines, read_rows, whole


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

    def __str__(self) -> str:
        """The values as they stand in a file."""
        return (
            f"at.num {self.atomic_number} mass {self.mass_u:g} sigma {self.sigma_nm:g} "
            f"epsilon {self.epsilon_kJ_per_mol:g}"
        )


Section = tuple[str, tuple[tuple[str, ...], ...]]
TYPE_FORM = "name at.num mass charge A sigma/nm epsilon/(kJ mol-1)"
ATOM_FORM = "nr type resnr residue atom cgnr charge mass"
CHARGE_COLUMN = ATOM_FORM.split().index("charge")


def sections(text: str) -> tuple[Section, ...]:
    """Split itp text into (section name, rows of fields), in order; comments and empty lines are dropped.

    A section that stands twice is returned twice. Raises ForceFieldError for a preprocessor line or for data
    before the first section: a written topology is plain, so that what is written is what is simulated.
    """
    found: list[tuple[str, list[tuple[str, ...]]]] = []
    for line_number, raw in enumerate(text.split("\n"), 1):
        line = raw.split(";", 1)[0].strip()
        if not line:
            continue
        if line.startswith("["):
            found.append((line.strip("[] \t"), []))
        elif line.startswith("#") or not found:
            raise ForceFieldError(f"line {line_number}: `{line}` is not allowed here. Remedy: plain sections only.")
        else:
            found[-1][1].append(tuple(line.split()))
    return tuple((name, tuple(rows)) for name, rows in found)


def rows_of(text: str, name: str) -> tuple[tuple[str, ...], ...]:
    """All rows of every section called `name`, in order."""
    return tuple(row for title, rows in sections(text) if title == name for row in rows)


def parse_atomtypes(rows: Iterable[Row], problems: Problems) -> dict[str, tuple[AtomType, Place]]:
    """The types in rows of `[ atomtypes ]`, by name, with their places; what is wrong becomes a problem."""
    types: dict[str, tuple[AtomType, Place]] = {}
    for row in rows:
        if row.section != "atomtypes":
            problems.add(row.place, "", f"[ {row.section} ]", "only [ atomtypes ] stands in this file", "Move it")
            continue
        try:
            name, atomic_number, mass, _charge, _ptype, sigma, epsilon = row.fields
            kind = AtomType(name, whole(atomic_number), number(mass), number(sigma), number(epsilon))
            if kind.atomic_number < 1 or kind.mass_u <= 0 or kind.sigma_nm < 0 or kind.epsilon_kJ_per_mol < 0:
                raise ValueError("element and mass are above zero, sigma and epsilon not below")
        except ValueError as error:
            shown = " ".join(row.fields)
            problems.add(row.place, "[ atomtypes ]", shown, _what(error, row, 7), f"Write `{TYPE_FORM}`")
            continue
        first, place = types.setdefault(name, (kind, row.place))
        if first != kind:
            problem = f"the type is defined twice with different values, here {kind}, in line {place.line} {first}"
            problems.add(row.place, f"atom type {name}", None, problem, "Keep one of them")
    return types


def _what(error: ValueError, row: Row, wanted: int) -> str:
    given = len(row.fields)
    return f"this line has {given} fields, not {wanted}" if given != wanted else str(error)


def parse_atoms(rows: Iterable[Row], problems: Problems) -> tuple[tuple[Atom, Place], ...]:
    """The atoms in the rows of `[ atoms ]`, with their places; a wrong line becomes a problem and is left out."""
    atoms: list[tuple[Atom, Place]] = []
    for count, row in enumerate((row for row in rows if row.section == "atoms"), 1):
        try:
            index, kind, _resnr, _residue, name, _cgnr, charge, mass = row.fields
            atom = Atom(name, kind, number(charge), number(mass))
            if whole(index) != count:
                raise ValueError(f"atom {name} has number {index}, expected {count}")
        except ValueError as error:
            problems.add(
                row.place, "[ atoms ]", " ".join(row.fields), _what(error, row, 8), f"Write `{ATOM_FORM}`, from 1 on"
            )
            continue
        atoms.append((atom, row.place))
    return tuple(atoms)


def read_atomtypes(path: Path) -> dict[str, AtomType]:
    """Read the `[ atomtypes ]` of one molecule, by name. Raises ForceFieldError that tells every bad line."""
    problems = Problems(Path())
    types = parse_atomtypes(read_rows(path, problems), problems)
    _raise_if_any(problems)
    return {name: kind for name, (kind, _) in types.items()}


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


def check_types_agree(
    types_by_molecule: Mapping[str, Mapping[str, tuple[AtomType, Place]]], problems: Problems
) -> set[str]:
    """Record every atom type that two molecules define differently; the names of the molecules concerned.

    The molecule that comes later in the mapping is the one whose file the problem names.
    """
    first: dict[str, tuple[str, AtomType]] = {}
    concerned: set[str] = set()
    for molecule, types in types_by_molecule.items():
        for name, (kind, place) in types.items():
            other, known = first.setdefault(name, (molecule, kind))
            if known != kind:
                problem = f"{molecule} defines the type as {kind}, {other} as {known}: one name, two meanings"
                problems.add(place, f"atom type {name}", None, problem, "Give one of them another type name")
                concerned |= {molecule, other}
    return concerned


def read_atoms(path: Path) -> tuple[Atom, ...]:
    """Read `[ atoms ]` of a molecule's itp in order. Raises ForceFieldError that tells every bad line."""
    problems = Problems(Path())
    atoms = parse_atoms(read_rows(path, problems), problems)
    _raise_if_any(problems)
    if not atoms:
        raise ForceFieldError(f"{path}: no [ atoms ].")
    return tuple(atom for atom, _ in atoms)


def read_bonds(path: Path) -> tuple[tuple[int, int], ...]:
    """Read `[ bonds ]` as 0-based index pairs, the smaller first. Raises ForceFieldError for a bad line."""
    problems = Problems(Path())
    rows = read_rows(path, problems)
    _raise_if_any(problems)
    try:
        pairs = [(whole(row.fields[0]) - 1, whole(row.fields[1]) - 1) for row in rows if row.section == "bonds"]
    except (ValueError, IndexError) as error:
        raise ForceFieldError(f"{path}: [ bonds ] has a line without two atom numbers: {error}.") from error
    return tuple((min(pair), max(pair)) for pair in pairs)


def whole_text(path: Path) -> str:
    """The text of an itp with what it includes in place, as it is put into a topology. Raises ForceFieldError."""
    problems = Problems(Path())
    text = "".join(line.text for line in read_lines(path, problems))
    _raise_if_any(problems)
    return text


def with_scaled_charges(text: str, factor: float) -> str:
    """The text of an itp with every charge in `[ atoms ]` multiplied by a factor."""
    lines, inside = text.splitlines(keepends=True), False
    for i, line in enumerate(lines):
        content = line.partition(";")[0].split()
        if content[:1] == ["["]:
            inside = content[1:2] == ["atoms"]
        elif inside and len(content) > CHARGE_COLUMN:
            content[CHARGE_COLUMN] = f"{float(content[CHARGE_COLUMN]) * factor:.10g}"
            lines[i] = f"{'  '.join(content)}\n"
    return "".join(lines)


def _raise_if_any(problems: Problems) -> None:
    if problems.found:
        raise ForceFieldError("\n".join(one.text(problems.root) for one in problems.found))


def atomtypes_text(types: Sequence[AtomType]) -> str:
    """The `[ atomtypes ]` section for these types."""
    lines = ["[ atomtypes ]", "; name  at.num    mass    charge  ptype  sigma/nm  epsilon/(kJ mol-1)"]
    lines += [
        f"{t.name:8s} {t.atomic_number:3d} {t.mass_u:9.3f} 0.0 A {t.sigma_nm:.8g} {t.epsilon_kJ_per_mol:.8g}"
        for t in types
    ]
    return "\n".join(lines) + "\n"
