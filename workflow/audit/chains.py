"""Chains of two to five units of a polymer as Topologies, with the entries of `bonded.yaml` as their terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from workflow.audit.reading import read_types
from workflow.audit.topology import AuditAtom, Term, Topology
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place, Problems
from workflow.inputs.tree import Items, Node, Table, read_table
from workflow.itp import AtomType, ForceFieldError
from workflow.polymers import Chain, chain_topology, ryckaert_bellemans, unit_names

LONGEST = 5
# Section of bonded.yaml -> the keys of an entry, in the order of a Term's values.
KEYS = {
    "bonds": ("r0_nm", "k_kJ_per_mol_nm2"),
    "angles": ("theta0_deg", "k_kJ_per_mol_rad2"),
    "torsions": ("V1_kJ_per_mol", "V2_kJ_per_mol", "V3_kJ_per_mol"),
    "impropers": ("phase_deg", "k_kJ_per_mol", "multiplicity"),
}


def read_chains(molecule: Molecule, problems: Problems) -> list[Topology]:
    """The chains of a polymer, from its shortest to five units; empty when they cannot be put together."""
    assert molecule.polymer is not None
    before = len(problems)
    types = read_types(molecule.folder, problems)
    types_are_right = len(problems) == before
    places = entry_places(molecule.folder / "bonded.yaml")
    _check_entries(molecule, places, problems)
    if not types_are_right:
        return []
    shortest = molecule.polymer.min_monomers
    chains = []
    for monomers in range(shortest, max(LONGEST, shortest + 1) + 1):
        try:
            chain = chain_topology(molecule, monomers)
        except ForceFieldError as error:
            place = Place(molecule.folder / "molecule.yaml", 0)
            problems.add(place, "units", None, str(error).rstrip("."), "Correct the units or their types")
            return []
        chains.append(_topology(molecule, monomers, chain, types, places, problems))
    _tell_unused(molecule, chains, places, problems)
    return chains


def entry_places(path: Path) -> dict[str, tuple[Place, ...]]:
    """Where the entries of each section of a bonded.yaml stand, in order."""
    table = read_table(path, Problems(path.parent))
    inner: Node | None = table.entries.get("bonded", table) if table is not None else None
    entries = inner.entries if isinstance(inner, Table) else {}
    return {
        section: tuple(item.place for item in node.items) if isinstance(node := entries.get(section), Items) else ()
        for section in KEYS
    }


def _check_entries(molecule: Molecule, places: Mapping[str, Sequence[Place]], problems: Problems) -> None:
    """No two entries of a section may be for the same types."""
    for section in KEYS:
        seen: dict[tuple[str, ...], Place] = {}
        for entry, place in zip(_entries(molecule, section), places[section], strict=False):
            kinds = _kinds(entry)
            first = seen.setdefault(min(kinds, kinds[::-1]), place)
            if first is not place:
                problem = f"there are two entries for these types, the first in line {first.line}"
                problems.add(place, f"{section} {'-'.join(kinds)}", None, problem, "Keep one of them")


def _entries(molecule: Molecule, section: str) -> Sequence[Mapping[str, object]]:
    assert molecule.polymer is not None
    return molecule.polymer.bonded.get(section) or ()


def _kinds(entry: Mapping[str, object]) -> tuple[str, ...]:
    types = entry.get("types", [entry.get("centre")])
    return tuple(str(one) for one in types) if isinstance(types, list) else ()


def _topology(
    molecule: Molecule,
    monomers: int,
    chain: Chain,
    types: dict[str, tuple[AtomType, Place]],
    places: Mapping[str, Sequence[Place]],
    problems: Problems,
) -> Topology:
    file, before = molecule.folder / "bonded.yaml", len(problems)
    atoms = _atoms(molecule, monomers, chain)
    lists = {
        "bonds": chain.bonds,
        "angles": chain.angles,
        "torsions": chain.dihedrals,
        "impropers": chain.impropers,
    }
    found = {
        section: _terms(molecule, section, groups, atoms, places[section], problems)
        for section, groups in lists.items()
    }
    return Topology(
        molecule.name,
        file,
        molecule.folder / "atomtypes.itp",
        atoms,
        types,
        bonds=found["bonds"],
        pairs=tuple(Term(pair, (), "-".join(atoms[i].label for i in pair), Place(file, 0)) for pair in chain.pairs),
        angles=found["angles"],
        torsions=found["torsions"],
        impropers=found["impropers"],
        is_chain=True,
        bonds_are_known=len(found["bonds"]) == len(chain.bonds),
        terms_are_known=len(problems) == before,
    )


def _atoms(molecule: Molecule, monomers: int, chain: Chain) -> tuple[AuditAtom, ...]:
    """The atoms of a chain, labelled by unit and name in the unit, as `middle.HBa`."""
    assert molecule.polymer is not None
    units = unit_names(monomers)
    yaml = Place(molecule.folder / "molecule.yaml", 0)
    names = [entry["name"] for unit in units for entry in molecule.polymer.units[unit]["atoms"]]
    return tuple(
        AuditAtom(atom.name, f"{units[unit]}.{name}", atom.type, atom.charge_e, atom.mass_u, yaml)
        for atom, unit, name in zip(chain.atoms, chain.unit_of_atom, names, strict=True)
    )


def _terms(
    molecule: Molecule,
    section: str,
    groups: Sequence[tuple[int, ...]],
    atoms: Sequence[AuditAtom],
    places: Sequence[Place],
    problems: Problems,
) -> tuple[Term, ...]:
    """One Term for every group of atoms, with the values of the entry for its types."""
    entries: dict[tuple[str, ...], tuple[Mapping[str, object], Place]] = {}
    for entry, place in zip(_entries(molecule, section), places, strict=False):
        kinds = _kinds(entry)
        entries.setdefault(min(kinds, kinds[::-1]), (entry, place))
    terms = []
    for group in groups:
        kinds = (atoms[group[2]].type,) if section == "impropers" else tuple(atoms[i].type for i in group)
        label = "-".join(kinds)
        known = entries.get(min(kinds, kinds[::-1]))
        if known is None:
            file = molecule.folder / "bonded.yaml"
            problem = f"no entry for {'-'.join(min(kinds, kinds[::-1]))}, which a chain needs"
            problems.add(Place(file, 0), section, None, problem, f"Add one with {', '.join(KEYS[section])}")
            continue
        values = tuple(float(str(known[0][key])) for key in KEYS[section])
        if section == "torsions":
            values = ryckaert_bellemans(*values)
        terms.append(Term(group, values, label, known[1]))
    return tuple(terms)


def _tell_unused(
    molecule: Molecule, chains: Sequence[Topology], places: Mapping[str, Sequence[Place]], problems: Problems
) -> None:
    for section in KEYS:
        used = {term.place for chain in chains for term in getattr(chain, section)}
        for entry, place in zip(_entries(molecule, section), places[section], strict=False):
            if place not in used:
                label = "-".join(_kinds(entry))
                problem = "no chain of up to five units has these atoms"
                problems.add(place, f"{section} {label}", None, problem, "Delete the entry or correct its types")
