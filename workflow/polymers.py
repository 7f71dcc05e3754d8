"""Topology of a chain of any length, put together from the head, middle and tail units of a polymer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workflow.connectivity import Pair, Quadruple, Triple, angles, dihedrals, neighbours, pairs_14
from workflow.inputs.molecules import Molecule, PolymerSpec
from workflow.itp import Atom, ForceFieldError, read_atomtypes

MAX_MONOMERS = 359  # what two characters can number, so that `HBxxa` fits the five columns of a .gro file
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Chain:
    """Atoms and bonded terms of one chain; indices are 0-based, `unit_of_atom` counts from the head."""

    atoms: tuple[Atom, ...]
    bonds: tuple[Pair, ...]
    angles: tuple[Triple, ...]
    dihedrals: tuple[Quadruple, ...]
    impropers: tuple[Quadruple, ...]
    pairs: tuple[Pair, ...]
    unit_of_atom: tuple[int, ...]


def polymer_of(molecule: Molecule, monomers: int | None) -> tuple[PolymerSpec, int]:
    """The polymer description and a checked number of monomers. Raises ForceFieldError."""
    if molecule.polymer is None:
        raise ForceFieldError(f"{molecule.name} is not a polymer.")
    if monomers is None or not molecule.polymer.min_monomers <= monomers <= MAX_MONOMERS:
        raise ForceFieldError(
            f"{molecule.name}: {monomers} monomers asked for; possible are {molecule.polymer.min_monomers} "
            f"to {MAX_MONOMERS}."
        )
    return molecule.polymer, monomers


def unit_names(monomers: int) -> tuple[str, ...]:
    """Which unit stands at each place: head, middle ..., tail."""
    return ("head", *("middle",) * (monomers - 2), "tail")


def atom_name(name: str, unit: int) -> str:
    """Name of a unit's atom in the chain: the unit's code after the capitals, `HBa` of unit 3 -> `HB3a`.

    Units count from 1; from 100 on the code is a digit and a letter (0A ... 9Z). A code that began with a letter
    would make `H` of unit `B1` the same as `HB` of unit 1.
    """
    match = re.fullmatch(r"([A-Z]+)([a-z]*)", name)
    if match is None:
        raise ForceFieldError(f"unit atom name `{name}` must be capitals, then small letters (N, Ha, HBa).")
    above = unit - 100
    code = str(unit) if above < 0 else f"{above // 26}{_LETTERS[above % 26]}"
    return f"{match[1]}{code}{match[2]}"


def chain_topology(molecule: Molecule, monomers: int) -> Chain:
    """Atoms, bonds and every angle, torsion, improper and 1-4 pair of a chain of `monomers` units.

    Raises ForceFieldError when the number of monomers is impossible, the units do not fit together or their
    charges do not add up exactly to the molecule's charge.
    """
    polymer, monomers = polymer_of(molecule, monomers)
    atoms, index, unit_of_atom = _chain_atoms(molecule, polymer, monomers)
    bonds = _chain_bonds(molecule, polymer, monomers, index)
    near = neighbours(len(atoms), bonds)
    centres = {entry["centre"] for entry in polymer.bonded.get("impropers") or ()}
    impropers = tuple(
        (near[c][0], near[c][1], c, near[c][2])
        for c, atom in enumerate(atoms)
        if atom.type in centres and len(near[c]) == 3
    )
    return Chain(atoms, bonds, angles(near), dihedrals(near), impropers, pairs_14(near), unit_of_atom)


def _chain_atoms(
    molecule: Molecule, polymer: PolymerSpec, monomers: int
) -> tuple[tuple[Atom, ...], dict[tuple[int, str], int], tuple[int, ...]]:
    types = read_atomtypes(molecule.folder / "atomtypes.itp")
    atoms: list[Atom] = []
    index: dict[tuple[int, str], int] = {}
    unit_of_atom: list[int] = []
    total = Decimal(0)
    for place, unit in enumerate(unit_names(monomers)):
        for entry in polymer.units[unit]["atoms"]:
            if entry["type"] not in types:
                raise ForceFieldError(f"{molecule.name}: type {entry['type']} of unit {unit} is not in atomtypes.itp.")
            index[place, entry["name"]] = len(atoms)
            name = atom_name(entry["name"], place + 1)
            atoms.append(Atom(name, entry["type"], float(entry["charge"]), types[entry["type"]].mass_u))
            unit_of_atom.append(place)
            total += Decimal(str(entry["charge"]))
    if total != molecule.charge_e:
        raise ForceFieldError(
            f"{molecule.name}: charges of {monomers} units add up to {total}, not {molecule.charge_e}."
        )
    return tuple(atoms), index, tuple(unit_of_atom)


def _chain_bonds(
    molecule: Molecule, polymer: PolymerSpec, monomers: int, index: Mapping[tuple[int, str], int]
) -> tuple[Pair, ...]:
    names = [
        ((place, a), (place, b))
        for place, unit in enumerate(unit_names(monomers))
        for a, b in polymer.units[unit]["bonds"]
    ]
    last, first = polymer.join
    names += [((place, last), (place + 1, first)) for place in range(monomers - 1)]
    try:
        pairs = [(index[a], index[b]) for a, b in names]
    except KeyError as error:
        raise ForceFieldError(
            f"{molecule.name}: a bond names the atom {error.args[0][1]}, which its unit lacks."
        ) from error
    return tuple(sorted((min(pair), max(pair)) for pair in pairs))


def parameters(molecule: Molecule, section: str, types: Sequence[str]) -> Mapping[str, Any]:
    """The entry of `bonded.yaml` for these atom types, in either direction.

    `section` is bonds, angles or torsions. Raises ForceFieldError when none or more than one fits: a term
    that is silently missing or doubled is wrong physics.
    """
    polymer = molecule.polymer
    wanted = (list(types), list(reversed(types)))
    found = [entry for entry in (polymer.bonded[section] if polymer else ()) if list(entry["types"]) in wanted]
    if len(found) != 1:
        raise ForceFieldError(
            f"{molecule.name}: {len(found)} entries for {section} {'-'.join(types)} in bonded.yaml, not one."
        )
    entry: Mapping[str, Any] = found[0]
    return entry


def ryckaert_bellemans(v1: float, v2: float, v3: float) -> tuple[float, float, float, float, float, float]:
    """C0 ... C5 of the Ryckaert-Bellemans form (trans at phi = 180) equal to the OPLS Fourier series.

    E = V1/2 (1 + cos phi) + V2/2 (1 - cos 2 phi) + V3/2 (1 + cos 3 phi) and phi = 0 at cis; units as given.
    Source: GROMACS reference manual, "Proper dihedrals: Ryckaert-Bellemans function" (there psi = phi - 180).
    """
    return (v2 + (v1 + v3) / 2, (3 * v3 - v1) / 2, -v2, -2 * v3, 0.0, 0.0)


def chain_itp(molecule: Molecule, monomers: int) -> str:
    """The chain as a GROMACS `[ moleculetype ]` with all parameters inline, named as the molecule.

    Functions: bonds 1, angles 1, torsions 3 (Ryckaert-Bellemans), impropers 4, 1-4 pairs 1. Raises
    ForceFieldError.
    """
    chain = chain_topology(molecule, monomers)
    kinds = [atom.type for atom in chain.atoms]
    lines = [f"; {molecule.title}, {monomers} monomers", "[ moleculetype ]", f"{molecule.name}  3", "", "[ atoms ]"]
    for i, (atom, unit) in enumerate(zip(chain.atoms, chain.unit_of_atom, strict=True), 1):
        lines.append(
            f"{i:5d} {atom.type:6s} {unit + 1:4d} {molecule.name:6s} {atom.name:6s} {i:5d} "
            f"{atom.charge_e:9.5f} {atom.mass_u:8.3f}"
        )
    lines += ["", "[ bonds ]"]
    for pair in chain.bonds:
        p = parameters(molecule, "bonds", [kinds[i] for i in pair])
        lines.append(f"{_numbers(pair)}  1  {p['r0_nm']:.5f}  {p['k_kJ_per_mol_nm2']:.3f}")
    lines += ["", "[ pairs ]", *(f"{_numbers(pair)}  1" for pair in chain.pairs), "", "[ angles ]"]
    for triple in chain.angles:
        p = parameters(molecule, "angles", [kinds[i] for i in triple])
        lines.append(f"{_numbers(triple)}  1  {p['theta0_deg']:.3f}  {p['k_kJ_per_mol_rad2']:.3f}")
    return "\n".join(lines + _torsion_lines(molecule, chain, kinds)) + "\n"


def _torsion_lines(molecule: Molecule, chain: Chain, kinds: Sequence[str]) -> list[str]:
    lines = ["", "[ dihedrals ]"]
    for four in chain.dihedrals:
        p = parameters(molecule, "torsions", [kinds[i] for i in four])
        series = ryckaert_bellemans(p["V1_kJ_per_mol"], p["V2_kJ_per_mol"], p["V3_kJ_per_mol"])
        lines.append(f"{_numbers(four)}  3  " + "  ".join(f"{c + 0.0:.5f}" for c in series))
    if chain.impropers:
        entries = {
            entry["centre"]: entry for entry in (molecule.polymer.bonded["impropers"] if molecule.polymer else ())
        }
        lines += ["", "[ dihedrals ]", "; improper k (1 + cos(n phi - phase)), third atom the centre"]
        for four in chain.impropers:
            p = entries[kinds[four[2]]]
            lines.append(f"{_numbers(four)}  4  {p['phase_deg']:.1f}  {p['k_kJ_per_mol']:.5f}  {p['multiplicity']}")
    return lines


def _numbers(indices: Sequence[int]) -> str:
    return " ".join(f"{i + 1:5d}" for i in indices)
