"""A LigParGen pair (itp and gro) read into a Topology: types, names and charges as a molecule of this force field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow.audit.charges import MOST_OFF_E, Correction, corrected
from workflow.audit.chemistry import classes
from workflow.audit.elements import BY_NUMBER, Element
from workflow.audit.energy import Energy, relaxed
from workflow.audit.reading import FORMS, read_terms
from workflow.audit.topology import AuditAtom, Term, Topology
from workflow.inputs.problems import Place, Problems
from workflow.itp import AtomType, parse_atoms
from workflow.itp_rows import Row, number, read_rows, read_text

MASS_TOLERANCE_U = 0.1
ANGSTROM_PER_NM = 10.0
RawType = tuple[Element, tuple[float, float]]  # and sigma in nm, epsilon in kJ/mol
LIGPARGEN_TYPE = "name bondtype mass charge A sigma/nm epsilon/(kJ mol-1)"


@dataclass(frozen=True)
class Imported:
    """What a pair holds, in this force field's form, and what was changed on the way."""

    topology: Topology
    correction: Correction
    was_in_angstrom: bool
    names: tuple[str, ...]  # of the atoms, as LigParGen gave them


def read_pair(itp: Path, gro: Path, name: str, charge_e: int | None, problems: Problems) -> Imported | None:
    """Read a LigParGen pair as molecule `name` of the given charge; None, and problems, where it cannot be.

    Everything that can be told is told at once. `charge_e` is None where the charge is not known: nothing is imported.

    Atoms become element and number in their order (C1, H1, H2), types `name_C1` for each element with the same
    Lennard-Jones parameters; torsions of function 5 become function 3; impropers of zero are left out. The charges are
    corrected as `charges.corrected` tells. The structure is minimised in vacuo with the parameters.
    """
    before = len(problems)
    rows = _in_our_functions(read_rows(itp, problems))
    types = _read_types(rows, problems)
    raw = parse_atoms(rows, problems)
    if not raw and len(problems) == before:
        problems.add(Place(itp, 0), "[ atoms ]", None, "the itp has no atoms", "Give the itp that LigParGen made")
    if not raw or len(raw) != sum(row.section == "atoms" for row in rows):
        return None
    _check_one_molecule(rows, itp, problems)
    names = tuple(atom.name for atom, _ in raw)
    xyz = _read_gro(gro, names, problems)
    charges = [Decimal(row.fields[6]) for row in rows if row.section == "atoms"]
    _check_charge(charges, charge_e, itp, problems)
    unknown = [(atom, place) for atom, place in raw if atom.type not in types]
    for atom, place in unknown:
        problems.add(place, f"atom {atom.name}", atom.type, "this type is not in [ atomtypes ]", "Define it there")
    if unknown:
        return None
    topology = _topology(name, itp, gro, rows, [(types[atom.type], place) for atom, place in raw], problems)
    if xyz is None or charge_e is None:
        return None
    xyz_nm, was_in_angstrom = _in_nm(xyz, topology, problems)
    correction = corrected(charges, classes(topology.symbols, topology.bonded_pairs), charge_e)
    if len(problems) > before or correction is None:
        return None
    atoms = tuple(replace(a, charge_e=float(q)) for a, q in zip(topology.atoms, correction.charges_e, strict=True))
    topology = replace(topology, atoms=atoms, xyz_nm=xyz_nm)
    minimum_nm = np.round(relaxed(Energy(topology), xyz_nm), 4)
    return Imported(replace(topology, xyz_nm=minimum_nm), correction, was_in_angstrom, names)


def _topology(
    name: str, itp: Path, gro: Path, rows: Sequence[Row], raw: Sequence[tuple[RawType, Place]], problems: Problems
) -> Topology:
    """The molecule with names and types of ours, not yet with charges or a structure."""
    atoms, kinds = _renamed(name, raw)
    terms = {kind: read_terms(rows, kind, atoms, len(atoms), problems) for kind in FORMS}
    return Topology(
        name,
        itp,
        itp,
        tuple(atoms),
        kinds,
        bonds=terms["bonds"],
        pairs=terms["pairs"],
        angles=terms["angles"],
        torsions=tuple(_as_series(term) for term in terms["torsions"]),
        impropers=tuple(term for term in terms["impropers"] if term.values[1] != 0),
        pdb_file=gro,
    )


def _check_charge(charges: Sequence[Decimal], charge_e: int | None, itp: Path, problems: Problems) -> None:
    total_e = sum(charges, Decimal(0))
    if charge_e is not None and abs(total_e - charge_e) > MOST_OFF_E:
        problem = f"the charges add up to {total_e} e, too far from {charge_e} e for rounding"
        problems.add(Place(itp, 0), "charge", None, problem, "Ask LigParGen for this charge, or correct --smiles")


def _check_one_molecule(rows: Sequence[Row], itp: Path, problems: Problems) -> None:
    headers = [row for row in rows if row.section == "moleculetype"]
    if [row.fields[1:] for row in headers] != [("3",)]:
        shown = "; ".join(" ".join(row.fields) for row in headers) or None
        problem = "there must be one molecule that excludes three bonds"
        problems.add(Place(itp, 0), "[ moleculetype ]", shown, problem, "Give the itp that LigParGen made")
    known = {"atomtypes", "moleculetype", "atoms", "bonds", "pairs", "angles", "dihedrals"}
    for section in sorted({row.section for row in rows} - known):
        problems.add(Place(itp, 0), f"[ {section} ]", None, "this section cannot be imported", "Delete it")


def _in_our_functions(rows: Sequence[Row]) -> list[Row]:
    """Fourier torsions (function 5, V1 to V4) as Ryckaert-Bellemans; everything else as it is."""
    changed = []
    for row in rows:
        if row.section == "dihedrals" and len(row.fields) == 9 and row.fields[4] == "5":
            try:
                v1, v2, v3, v4 = (number(text) for text in row.fields[5:])
            except ValueError:
                changed.append(row)
                continue
            series = (v2 + (v1 + v3) / 2, (3 * v3 - v1) / 2, 4 * v4 - v2, -2 * v3, -4 * v4, 0.0)
            row = replace(row, fields=(*row.fields[:4], "3", *(f"{c:.6f}" for c in series)))
        changed.append(row)
    return changed


def _read_types(rows: Sequence[Row], problems: Problems) -> dict[str, RawType]:
    """Element, sigma and epsilon of LigParGen's types; the element is told by the mass.

    A type that stands twice with other numbers is refused: nothing says which of them is meant.
    """
    types: dict[str, RawType] = {}
    first: dict[str, tuple[tuple[float, ...], Row]] = {}
    for row in (row for row in rows if row.section == "atomtypes"):
        try:
            name, _bondtype, mass, _charge, _ptype, sigma, epsilon = row.fields
            mass_u, lj = number(mass), (number(sigma), number(epsilon))
        except ValueError:
            shown = " ".join(row.fields)
            problems.add(row.place, "[ atomtypes ]", shown, "this is no type", f"Write `{LIGPARGEN_TYPE}`")
            continue
        element = min(BY_NUMBER.values(), key=lambda one: abs(one.mass_u - mass_u))
        if abs(element.mass_u - mass_u) > MASS_TOLERANCE_U:
            problems.add(row.place, f"atom type {name}", mass, "no element has this mass", "Correct the mass")
        types.setdefault(name, (element, lj))
        known, row_before = first.setdefault(name, ((mass_u, *lj), row))
        if known != (mass_u, *lj):
            problem = (
                f"the type is defined twice with different values: here `{' '.join(row.fields)}`, "
                f"in line {row_before.place.line} `{' '.join(row_before.fields)}`"
            )
            problems.add(row.place, f"atom type {name}", None, problem, "Keep the one that is meant")
    return types


def _renamed(
    name: str, raw: Sequence[tuple[RawType, Place]]
) -> tuple[list[AuditAtom], dict[str, tuple[AtomType, Place]]]:
    """Atoms named by element and number, and one type per element and pair of Lennard-Jones parameters."""
    numbers = {element.symbol: number for number, element in BY_NUMBER.items()}
    atoms: list[AuditAtom] = []
    types: dict[tuple[str, tuple[float, float]], AtomType] = {}
    counts: dict[str, int] = {}
    for (element, pair), place in raw:
        symbol = element.symbol
        counts[symbol] = counts.get(symbol, 0) + 1
        if (symbol, pair) not in types:
            label = f"{name}_{symbol}{sum(one == symbol for one, _ in types) + 1}"
            types[symbol, pair] = AtomType(label, numbers[symbol], element.mass_u, *pair)
        atom_name = f"{symbol}{counts[symbol]}"
        kind = types[symbol, pair].name
        atoms.append(AuditAtom(atom_name, atom_name, kind, 0.0, element.mass_u, place))
    return atoms, {kind.name: (kind, raw[0][1]) for kind in types.values()}


def _as_series(torsion: Term) -> Term:
    """The coefficients made exact: C0 so that trans has no energy, which LigParGen's three decimals miss by 0.001."""
    _, c1, c2, c3, c4, c5 = torsion.values
    if abs(sum(torsion.values)) > 0.01:
        return torsion  # told by the audit
    return replace(torsion, values=(-(c1 + c2 + c3 + c4 + c5) + 0.0, c1, c2, c3, c4 + 0.0, c5 + 0.0))


def _read_gro(path: Path, names: Sequence[str], problems: Problems) -> NDArray[np.float64] | None:
    """Coordinates (n, 3) of a .gro file as they stand there."""
    text = read_text(path, problems)
    if text is None:
        return None
    lines = text.splitlines()[2 : 2 + len(names)]
    found, xyz = [line[10:15].strip() for line in lines], []
    if found != list(names):
        problem = f"its atoms {' '.join(found)} are not those of the itp: {' '.join(names)}"
        problems.add(Place(path, 0), "atoms", None, problem, "Give the two files of one LigParGen run")
        return None
    for count, line in enumerate(lines, 3):
        dots = [match.start() for match in re.finditer(r"\.", line[20:])]
        width = dots[1] - dots[0] if len(dots) > 1 else 8
        try:
            xyz.append([number(line[20 + i * width : 20 + (i + 1) * width].strip()) for i in range(3)])
        except ValueError as error:
            problems.add(Place(path, count), "coordinates", line[20:].strip(), str(error), "Give LigParGen's .gro")
            return None
    return np.array(xyz)


def _in_nm(xyz: NDArray[np.float64], topology: Topology, problems: Problems) -> tuple[NDArray[np.float64], bool]:
    """Coordinates in nm, and whether they were in angstrom: the lengths of the bonds tell."""
    if not topology.bonds:
        return xyz, False
    pairs = np.array([bond.atoms for bond in topology.bonds])
    lengths = np.linalg.norm(xyz[pairs[:, 0]] - xyz[pairs[:, 1]], axis=1)
    ratio = float(np.median(lengths / np.array([max(bond.values[0], 1e-6) for bond in topology.bonds])))
    for per_nm in (1.0, ANGSTROM_PER_NM):
        if 0.8 < ratio / per_nm < 1.25:
            return xyz / per_nm, per_nm != 1.0
    problem = f"its bonds are {ratio:.2f} times as long as those of the itp"
    assert topology.pdb_file is not None
    problems.add(Place(topology.pdb_file, 0), "coordinates", None, problem, "Give the two files of one LigParGen run")
    return xyz, False
