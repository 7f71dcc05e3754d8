"""A small molecule's files read into a Topology; everything that cannot be read is a problem with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow.audit.topology import AuditAtom, Term, Topology
from workflow.inputs.problems import Place, Problems
from workflow.itp import AtomType, parse_atoms, parse_atomtypes
from workflow.itp_rows import Row, number, read_rows, read_text, whole

SECTIONS = ("moleculetype", "atoms", "bonds", "pairs", "angles", "dihedrals")
EXCLUDED_BONDS = "3"

# Kind of term -> section, number of atoms, GROMACS function, number of values, how a line is written.
FORMS = {
    "bonds": ("bonds", 2, "1", 2, "i j 1 r0/nm k/(kJ mol-1 nm-2)"),
    "pairs": ("pairs", 2, "1", 0, "i j 1"),
    "angles": ("angles", 3, "1", 2, "i j k 1 theta0/deg k/(kJ mol-1 rad-2)"),
    "torsions": ("dihedrals", 4, "3", 6, "i j k l 3 C0 C1 C2 C3 C4 C5 (Ryckaert-Bellemans, kJ/mol)"),
    "impropers": ("dihedrals", 4, "4", 3, "i j k l 4 phase/deg k/(kJ mol-1) multiplicity"),
}
TERM_OF_KIND = {kind: kind.removesuffix("s") for kind in FORMS}


def read_types(folder: Path, problems: Problems) -> dict[str, tuple[AtomType, Place]]:
    """The atom types of a molecule's folder with their places."""
    file, before = folder / "atomtypes.itp", len(problems)
    types = parse_atomtypes(read_rows(file, problems), problems)
    if not types and len(problems) == before:
        problems.add(Place(file, 0), "[ atomtypes ]", None, "the file holds no atom types", "List those of the atoms")
    return types


def read_molecule(folder: Path, name: str, problems: Problems) -> Topology | None:
    """The Topology of a small molecule, without the terms that cannot be read; None when it has no atoms."""
    itp, pdb = folder / f"{name}.itp", folder / f"{name}.pdb"
    types = read_types(folder, problems)
    before = len(problems)
    rows = read_rows(itp, problems)
    all_rows = len(problems) == before
    atoms = tuple(
        AuditAtom(atom.name, atom.name, atom.type, atom.charge_e, atom.mass_u, place)
        for atom, place in parse_atoms(rows, problems)
    )
    if not atoms and len(problems) == before:
        problems.add(Place(itp, 0), "[ atoms ]", None, "the molecule has no atoms", "List them")
    _check_header(rows, itp, name, problems)
    _check_names(atoms, types, problems)
    numbered = sum(row.section == "atoms" for row in rows)
    terms, known = _read_all_terms(rows, atoms, numbered, problems)
    xyz_nm = read_pdb(pdb, [atom.name for atom in atoms], itp, problems)
    if not atoms or numbered != len(atoms):
        return None
    return Topology(
        name,
        itp,
        folder / "atomtypes.itp",
        atoms,
        types,
        bonds=terms["bonds"],
        pairs=terms["pairs"],
        angles=terms["angles"],
        torsions=terms["torsions"],
        impropers=terms["impropers"],
        xyz_nm=xyz_nm,
        pdb_file=pdb,
        bonds_are_known=all_rows and known["bonds"],
        terms_are_known=all_rows and all(known.values()),
    )


def _read_all_terms(
    rows: Sequence[Row], atoms: Sequence[AuditAtom], numbered: int, problems: Problems
) -> tuple[dict[str, tuple[Term, ...]], dict[str, bool]]:
    """The terms of every kind, and whether each kind was read without a problem."""
    terms: dict[str, tuple[Term, ...]] = {}
    known: dict[str, bool] = {}
    for kind in FORMS:
        told = len(problems)
        terms[kind] = read_terms(rows, kind, atoms, numbered, problems)
        known[kind] = len(problems) == told
    return terms, known


def _check_header(rows: Sequence[Row], itp: Path, name: str, problems: Problems) -> None:
    for row in rows:
        if row.section == "atomtypes":
            remedy = "Move the types into atomtypes.itp, or let `./sheath molecule import` make the folder"
            problems.add(row.place, "[ atomtypes ]", row.fields[0], "types stand in a file of their own", remedy)
            break
    odd = {row.section: row.place for row in reversed(rows) if row.section not in (*SECTIONS, "atomtypes")}
    for section, place in odd.items():
        problems.add(place, f"[ {section} ]", None, "this section is not known here", f"Use {', '.join(SECTIONS)}")
    headers = [row for row in rows if row.section == "moleculetype"]
    if rows and [row.fields for row in headers] != [(name, EXCLUDED_BONDS)]:
        place = headers[0].place if headers else Place(itp, 0)
        shown = "; ".join(" ".join(row.fields) for row in headers) or None
        problem = f"the itp needs one [ moleculetype ] that holds `{name} {EXCLUDED_BONDS}`"
        problems.add(place, "[ moleculetype ]", shown, problem, f"Write `{name}  {EXCLUDED_BONDS}`")


def _check_names(atoms: Sequence[AuditAtom], types: dict[str, tuple[AtomType, Place]], problems: Problems) -> None:
    seen: set[str] = set()
    unknown = {atom.type: atom for atom in reversed(atoms) if types and atom.type not in types}
    for kind, atom in unknown.items():
        problems.add(atom.place, f"atom {atom.name}", kind, "this type is not in atomtypes.itp", "Define it there")
    for atom in atoms:
        if atom.name in seen:
            problems.add(atom.place, f"atom {atom.name}", None, "two atoms have this name", "Rename one")
        seen.add(atom.name)


def read_terms(
    rows: Sequence[Row], kind: str, atoms: Sequence[AuditAtom], numbered: int, problems: Problems
) -> tuple[Term, ...]:
    """The terms of one kind; a line that is wrong or stands twice becomes a problem and is left out."""
    section, width, function, n_values, form = FORMS[kind]
    found: dict[tuple[int, ...], Term] = {}
    for row in (row for row in rows if row.section == section):
        if section == "dihedrals" and not _is_of_kind(row, kind):
            continue
        try:
            indices = tuple(whole(text) - 1 for text in row.fields[:width])
            if len(row.fields) != width + 1 + n_values:
                raise ValueError(f"this line has {len(row.fields)} fields, not {width + 1 + n_values}")
            if row.fields[width] != function:
                raise ValueError(f"function {row.fields[width]} is not used here, function {function} is")
            if len(set(indices)) < width or not all(0 <= i < numbered for i in indices):
                raise ValueError(f"the atoms must be {width} different ones of 1 to {numbered}")
            values = tuple(number(text) for text in row.fields[width + 1 :])
        except ValueError as error:
            problems.add(row.place, f"[ {section} ]", " ".join(row.fields), str(error), f"Write `{form}`")
            continue
        label = "-".join(atoms[i].name if i < len(atoms) else str(i + 1) for i in indices)
        term = Term(indices, values, label, row.place)
        key = indices if kind == "impropers" else min(indices, indices[::-1])
        first = found.setdefault(key, term)
        if first is not term:
            problem = f"the term stands twice, first in line {first.place.line}, and would count twice"
            problems.add(row.place, f"{TERM_OF_KIND[kind]} {label}", None, problem, "Delete one of them")
    return tuple(found.values())


def _is_of_kind(row: Row, kind: str) -> bool:
    """Whether a row of `[ dihedrals ]` is an improper (functions 2 and 4) or a torsion (every other one)."""
    return (len(row.fields) > 4 and row.fields[4] in ("2", "4")) == (kind == "impropers")


def read_pdb(path: Path, names: Sequence[str], itp: Path, problems: Problems) -> NDArray[np.float64] | None:
    """Coordinates (n, 3) in nm from a PDB file; None, and a problem, when they or the atoms' order are wrong."""
    text = read_text(path, problems)
    if text is None:
        return None
    before = len(problems)
    found: list[tuple[str, list[float]]] = []
    for line_number, line in enumerate(text.splitlines(), 1):
        if not re.match(r"(ATOM  |HETATM)", line):
            continue
        try:
            found.append((line[12:16].strip(), [number(line[i : i + 8].strip()) / 10 for i in (30, 38, 46)]))
        except ValueError as error:
            place, remedy = Place(path, line_number), "Write x, y, z in angstrom in columns 31 to 54"
            problems.add(place, "coordinates", line[30:54].strip(), str(error), remedy)
            found.append((line[12:16].strip(), [0.0, 0.0, 0.0]))
    given = [name for name, _ in found]
    if names and given != list(names):
        odd = next((i for i, pair in enumerate(zip(given, names, strict=False)) if pair[0] != pair[1]), None)
        if odd is None:
            problem = f"it has {len(given)} atoms, {itp.name} has {len(names)}"
        else:
            problem = f"atom {odd + 1} is {given[odd]}, in {itp.name} it is {names[odd]}"
        problems.add(Place(path, 0), "atoms", None, problem, f"Give both the same atoms in the order of {itp.name}")
    if len(problems) > before:
        return None
    return np.array([xyz for _, xyz in found])
