"""Other parameters for molecules: `forcefields/opls-aa/alternatives/<set>/<molecule>/`, for studies of sensitivity.

A set is a folder of molecules' folders. A system that names it, `parameter_set: <set>`, takes those of its molecules
that the set holds from there; they keep name, atoms and sites, so that results can be compared number by number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from workflow.inputs.molecule_files import (
    ALTERNATIVES,
    alternative_folders,
    bibliography,
    check_content,
    molecule_folders,
    read_declared,
)
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.systems import ReadSystem

ParameterSets = dict[str, dict[str, Molecule]]
"""Name of the set -> name of the molecule -> the molecule with its other parameters."""


def set_names(root: Path) -> list[str]:
    """The names of all parameter sets."""
    return sorted({folder.parent.name for folder in alternative_folders(root)})


def all_folders(root: Path) -> dict[str, Path]:
    """The folders of all molecules by name, those of parameter sets by `set/name`."""
    sets = {f"{folder.parent.name}/{folder.name}": folder for folder in alternative_folders(root)}
    return {folder.name: folder for folder in molecule_folders(root)} | sets


def read_parameter_sets(root: Path, molecules: Mapping[str, Molecule | None], problems: Problems) -> ParameterSets:
    """Read the molecules of every set; each must be one of the force field's, with other parameters only."""
    folders = alternative_folders(root)
    known_sources = bibliography(root, problems) if folders else frozenset()
    sets: ParameterSets = {}
    for folder in folders:
        before = len(problems)
        molecule = read_declared(folder, known_sources, problems)
        check_content(folder, molecule, problems)
        if molecule is None or len(problems) > before:
            continue
        if molecule.name not in molecules:
            text = f"the force field has no molecule `{molecule.name}` that these parameters could replace"
            remedy = f"{nearest(molecule.name, list(molecules))}Use one of: {listing(sorted(molecules))}"
            problems.add(Place(folder / "molecule.yaml", 0), "name", molecule.name, text, remedy)
            continue
        standard = molecules[molecule.name]
        if standard is not None and _is_same_but_for_parameters(molecule, standard, problems):
            # Amounts come from the standard molecule's densities, so that both systems hold the same numbers.
            sets.setdefault(folder.parent.name, {})[molecule.name] = replace(
                molecule,
                density_kg_per_m3=standard.density_kg_per_m3,
                density_source=standard.density_source,
                apparent_molar_volume_mL_per_mol=standard.apparent_molar_volume_mL_per_mol,
                apparent_molar_volume_source=standard.apparent_molar_volume_source,
            )
    return sets


def _is_same_but_for_parameters(molecule: Molecule, standard: Molecule, problems: Problems) -> bool:
    """Record where a molecule of a set is another one than the force field's of that name."""
    from workflow.forcefield import molecule_atoms

    place, before = Place(molecule.folder / "molecule.yaml", 0), len(problems)
    for key in ("kind", "formula", "charge_e", "sites"):
        mine, its = getattr(molecule, key), getattr(standard, key)
        if mine != its:
            shown = "" if key == "sites" else f" (`{its}`)"
            text = f"the force field's {molecule.name} has another value{shown}"
            problems.add(place, key.removesuffix("_e"), None, text, "A parameter set changes parameters only")
    if molecule.polymer is not None or standard.polymer is not None:
        problems.add(place, "kind", molecule.kind, "a set holds no polymers", "Add the polymer as one of its own")
    elif [one.name for one in molecule_atoms(molecule)] != [one.name for one in molecule_atoms(standard)]:
        text = f"atoms or their order differ from the force field's {molecule.name}"
        problems.add(place, "", None, text, f"Name and order the atoms as in molecules/{molecule.name}")
    return len(problems) == before


def check_parameter_set(read: ReadSystem, names: list[str], sets: ParameterSets, known: list[str]) -> None:
    """Record a system that names a set that does not exist, or one that has none of its molecules (`names`).

    `known` are the names of all sets, those whose molecules have problems of their own included.
    """
    wanted = read.system.parameter_set
    if wanted is None:
        return
    if wanted not in known:
        there = f"Use one of: {listing(known)}" if known else f"Make the folder {ALTERNATIVES}/{wanted}"
        remedy = f"{nearest(wanted, known)}{there}"
        read.fields.add("parameter_set", f"there is no folder {ALTERNATIVES}/{wanted}", remedy)
    elif wanted in sets and not set(names) & set(sets[wanted]):
        text = f"this set holds {listing(sorted(sets[wanted]))}, none of which is in the system"
        read.fields.add("parameter_set", text, "Leave the key out, or use a set that has a molecule of the system")
