"""How much the audit finds: every term of every molecule made wrong in every usual way, and the share that is told."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workflow.audit.check import check_topology
from workflow.audit.chemistry import classes
from workflow.audit.content import read_content
from workflow.audit.findings import Findings
from workflow.audit.topology import AuditAtom, Term, Topology
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place, Problems
from workflow.itp import AtomType

FACTORS = {
    "x 4.184": 4.184,
    "/ 4.184": 1 / 4.184,
    "x 10": 10.0,
    "/ 10": 0.1,
    "x 2": 2.0,
    "/ 2": 0.5,
}
CHANGES = (*FACTORS, "dropped", "swapped")
SCOPES = ("one term", "all alike by symmetry", "the whole column")
WITHOUT_STRUCTURE = "all alike by symmetry, the structure not used"
FIRST = -1
# Kind of number -> section and place of its value in a Term; None for all values together, FIRST for the first that is
# not zero.
TERM_KINDS = {
    "bond r0": ("bonds", 0),
    "bond k": ("bonds", 1),
    "angle theta0": ("angles", 0),
    "angle k": ("angles", 1),
    "torsion": ("torsions", None),
    "torsion, one coefficient": ("torsions", FIRST),
    "improper k": ("impropers", 1),
}
NEED_NO_STRUCTURE = ("bond r0", "angle theta0")
ATOM_KINDS = {"charge": "charge_e", "mass": "mass_u"}
TYPE_KINDS = {"sigma": "sigma_nm", "epsilon": "epsilon_kJ_per_mol"}
ROW_KINDS = {"bond": "bonds", "angle": "angles", "torsion": "torsions", "improper": "impropers", "pair": "pairs"}


@dataclass(frozen=True)
class Mutant:
    """A molecule with one mistake: of which kind of number, how changed, how far it reaches and what it concerns."""

    kind: str
    change: str
    scope: str
    concerned: tuple[object, ...]
    topology: Topology


def mutants(topology: Topology) -> Iterator[Mutant]:
    """Every mutant of a molecule; those that change no number are left out."""
    for kind, (section, value) in TERM_KINDS.items():
        yield from _changed_terms(topology, kind, section, value)
    for kind, field in ATOM_KINDS.items():
        yield from _changed_atoms(topology, kind, field)
    for kind, field in TYPE_KINDS.items():
        yield from _changed_types(topology, kind, field)
    for kind, section in ROW_KINDS.items():
        yield from _dropped(topology, kind, section)
        yield from _swapped(topology, kind, section)
    yield from _swapped_atoms(topology)
    yield from _swapped_types(topology)


def _groups(topology: Topology, section: str) -> dict[str, list[list[Term]]]:
    """Terms of a section, by how far a mistake reaches; a line of bonded.yaml is one term, whatever it is used for."""
    terms: Sequence[Term] = getattr(topology, section)
    ranks = classes(topology.symbols, topology.bonded_pairs)
    one: dict[object, list[Term]] = defaultdict(list)
    alike: dict[object, list[Term]] = defaultdict(list)
    for number, term in enumerate(terms):
        key = tuple(ranks[i] for i in term.atoms)
        one[term.place if topology.is_chain else number].append(term)
        alike[term.place if topology.is_chain else min(key, key[::-1])].append(term)
    return dict(zip(SCOPES, ([*one.values()], [*alike.values()], [list(terms)] if terms else []), strict=True))


def _with_terms(topology: Topology, section: str, new: Mapping[Term, Term | None]) -> Topology:
    kept = [new.get(term, term) for term in getattr(topology, section)]
    terms: dict[str, tuple[Term, ...]] = {section: tuple(term for term in kept if term is not None)}
    return replace(topology, **terms)  # type: ignore[arg-type]


def _scaled(values: Sequence[float], which: int | None, factor: float) -> tuple[float, ...]:
    if which == FIRST:
        which = next((i for i, v in enumerate(values) if v), 0)
    return tuple(v * factor if which is None or i == which else v for i, v in enumerate(values))


def _changed_terms(topology: Topology, kind: str, section: str, which: int | None) -> Iterator[Mutant]:
    for scope, groups in _groups(topology, section).items():
        for group in groups:
            for change, factor in FACTORS.items():
                new = {term: replace(term, values=_scaled(term.values, which, factor)) for term in group}
                if any(before.values != after.values for before, after in new.items()):
                    changed = _with_terms(topology, section, new)
                    yield Mutant(kind, change, scope, tuple(group), changed)
                    if kind in NEED_NO_STRUCTURE and scope == SCOPES[1] and topology.xyz_nm is not None:
                        yield Mutant(kind, change, WITHOUT_STRUCTURE, tuple(group), replace(changed, xyz_nm=None))


def _dropped(topology: Topology, kind: str, section: str) -> Iterator[Mutant]:
    if topology.is_chain and section == "pairs":
        return  # they follow from the bonds
    for group in _groups(topology, section)[SCOPES[0]]:
        left = _with_terms(topology, section, dict.fromkeys(group))
        yield Mutant(kind, "dropped", SCOPES[0], tuple(group), left)


def _swapped(topology: Topology, kind: str, section: str) -> Iterator[Mutant]:
    """Values, or the second atoms of pairs, exchanged with the next term that has other ones."""
    groups = _groups(topology, section)[SCOPES[0]]
    for number, group in enumerate(groups):
        later = groups[number + 1 :] + groups[:number]
        if section == "pairs":
            other = next((g for g in later if len({*g[0].atoms, *group[0].atoms}) == 4), None)
        else:
            other = next((g for g in later if g[0].values != group[0].values), None)
        if other is None or (topology.is_chain and section == "pairs"):
            continue
        if section == "pairs":
            (i, j), (k, end) = group[0].atoms, other[0].atoms
            new = {group[0]: replace(group[0], atoms=(i, end)), other[0]: replace(other[0], atoms=(k, j))}
        else:
            new = {term: replace(term, values=other[0].values) for term in group}
            new |= {term: replace(term, values=group[0].values) for term in other}
        yield Mutant(kind, "swapped", SCOPES[0], tuple(group), _with_terms(topology, section, new))


def _atom_groups(topology: Topology) -> dict[str, list[list[int]]]:
    ranks = classes(topology.symbols, topology.bonded_pairs)
    one: dict[object, list[int]] = defaultdict(list)
    alike: dict[object, list[int]] = defaultdict(list)
    for number, atom in enumerate(topology.atoms):
        one[atom.label].append(number)
        alike[atom.label if topology.is_chain else ranks[number]].append(number)
    return dict(zip(SCOPES, ([*one.values()], [*alike.values()], [[*range(len(topology.atoms))]]), strict=True))


def _changed_atoms(topology: Topology, kind: str, field: str) -> Iterator[Mutant]:
    if topology.is_chain and field == "mass_u":
        return  # a chain's masses are those of its types
    for scope, groups in _atom_groups(topology).items():
        for group in groups:
            for change, factor in FACTORS.items():
                atoms = list(topology.atoms)
                for i in group:
                    atoms[i] = _atom_with(atoms[i], field, getattr(atoms[i], field) * factor)
                if tuple(atoms) != topology.atoms:
                    yield Mutant(kind, change, scope, tuple(group), replace(topology, atoms=tuple(atoms)))


def _atom_with(atom: AuditAtom, field: str, value: float) -> AuditAtom:
    return replace(atom, charge_e=value) if field == "charge_e" else replace(atom, mass_u=value)


def _swapped_atoms(topology: Topology) -> Iterator[Mutant]:
    """Charge, or type, exchanged with the next atom that has another one."""
    groups = _atom_groups(topology)[SCOPES[0]]
    for kind, field in (("charge", "charge_e"), ("mass", "mass_u"), ("atom's type", "type")):
        if topology.is_chain and field == "mass_u":
            continue
        for number, group in enumerate(groups):
            mine = getattr(topology.atoms[group[0]], field)
            later = groups[number + 1 :] + groups[:number]
            other = next((g for g in later if getattr(topology.atoms[g[0]], field) != mine), None)
            if other is None:
                continue
            theirs = getattr(topology.atoms[other[0]], field)
            atoms = list(topology.atoms)
            for members, value in ((group, theirs), (other, mine)):
                for i in members:
                    atoms[i] = replace(atoms[i], **{field: value})
            yield Mutant(kind, "swapped", SCOPES[0], tuple(group), replace(topology, atoms=tuple(atoms)))


def _type_with(kind: AtomType, field: str, value: float) -> AtomType:
    return replace(kind, sigma_nm=value) if field == "sigma_nm" else replace(kind, epsilon_kJ_per_mol=value)


def _changed_types(topology: Topology, kind: str, field: str) -> Iterator[Mutant]:
    names = list(topology.types)
    for scope, groups in ((SCOPES[0], [[name] for name in names]), (SCOPES[2], [names])):
        for group in groups:
            for change, factor in FACTORS.items():
                types: dict[str, tuple[AtomType, Place]] = dict(topology.types)
                for name in group:
                    known, place = types[name]
                    types[name] = (_type_with(known, field, getattr(known, field) * factor), place)
                if types != topology.types:
                    yield Mutant(kind, change, scope, tuple(group), replace(topology, types=types))


def _swapped_types(topology: Topology) -> Iterator[Mutant]:
    names = list(topology.types)
    for kind, field in TYPE_KINDS.items():
        for number, name in enumerate(names):
            (mine, place), later = topology.types[name], names[number + 1 :] + names[:number]
            value = getattr(mine, field)
            other = next((one for one in later if getattr(topology.types[one][0], field) != value), None)
            if other is None:
                continue
            theirs, other_place = topology.types[other]
            types = dict(topology.types)
            types[name] = (_type_with(mine, field, getattr(theirs, field)), place)
            types[other] = (_type_with(theirs, field, value), other_place)
            yield Mutant(kind, "swapped", SCOPES[0], (name,), replace(topology, types=types))


def is_found(topology: Topology, molecule: Molecule) -> bool:
    """Whether the audit tells an error (a warning does not count)."""
    findings = Findings(molecule.folder)
    check_topology(topology, molecule, molecule.charge_e, findings)
    return bool(findings.errors.found)


def lines_dropped(molecule: Molecule) -> Iterator[tuple[str, bool]]:
    """Leave out each line of atoms and of atom types in turn: (kind, whether reading the files tells an error)."""
    files = {"atom": f"{molecule.name}.itp", "atom type": "atomtypes.itp"}
    for kind, file in files.items():
        if not (molecule.folder / file).is_file():
            continue
        lines = (molecule.folder / file).read_text(encoding="utf-8").splitlines(keepends=True)
        for number in _data_lines(lines, "atoms" if kind == "atom" else "atomtypes"):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / molecule.folder.name
                folder.mkdir()
                for path in molecule.folder.iterdir():
                    (folder / path.name).write_bytes(path.read_bytes())
                (folder / file).write_text("".join(lines[:number] + lines[number + 1 :]), encoding="utf-8")
                problems = Problems(folder)
                read_content(folder, replace(molecule, folder=folder), molecule.charge_e, problems)
                yield kind, bool(problems.found)


def _data_lines(lines: Sequence[str], section: str) -> list[int]:
    found, now = [], ""
    for number, line in enumerate(lines):
        code = line.partition(";")[0].strip()
        if code.startswith("["):
            now = code.strip("[] ")
        elif code and now == section:
            found.append(number)
    return found
