"""Checks that need several inputs at once: chains taken over, whole molecules, the size of the box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.inputs.config import Config
from workflow.inputs.molecules import Molecule
from workflow.inputs.parameter_sets import all_folders
from workflow.inputs.problems import Problems
from workflow.inputs.systems import ReadSystem, System

if TYPE_CHECKING:
    from workflow.composition import Composition

EDGE_BEYOND_CUTOFFS_NM = 1.0  # how much wider than twice the cut-off a box must be
EDGE_BEYOND_CUTOFFS_PREVIEW_NM = 0.5
EDGE_BEYOND_CUTOFFS_WITHOUT_IONS_NM = 0.3  # nothing but the nearest image is needed: no shells are measured
MONOMER_LENGTH_NM = 0.25  # of a stretched chain: two bonds of about 0.15 nm at 110 to 120 degrees
CHAIN_ENDS_NM = 0.2
IMAGE_DISTANCE_NM = 1.2  # what a chain keeps from its own image


def chain_extent_nm(monomers: int) -> float:
    """Extent of a stretched chain: 0.25 nm per monomer (two bonds of the zigzag), 0.2 nm for its ends."""
    return monomers * MONOMER_LENGTH_NM + CHAIN_ENDS_NM


def follow_chains(systems: dict[str, ReadSystem], molecules: Mapping[str, Molecule | None], problems: Problems) -> None:
    """Give every system with `count_like` the monomers of the chains it follows; remove those that cannot."""
    for name in [name for name, read in systems.items() if _like(read) is not None]:
        read = systems[name]
        target = _followed(name, systems)
        chains = read.system.chains
        assert chains is not None
        fault = _chain_fault(read, target, molecules)
        if fault is not None:
            key, problem, remedy = fault
            read.fields.add(key, problem, remedy)
            del systems[name]
        elif target is None or target.system.chains is None:
            del systems[name]  # what it follows has problems of its own, which are told
        else:
            followed = replace(chains, monomers=target.system.chains.monomers)
            systems[name] = replace(read, system=replace(read.system, chains=followed))


def _like(read: ReadSystem | None) -> str | None:
    return read.system.chains.count_like if read is not None and read.system.chains is not None else None


def _followed(name: str, systems: Mapping[str, ReadSystem]) -> ReadSystem | None:
    """The system at the end of the `count_like`s, or one that still has it when they go in a circle."""
    seen = [name]
    while True:
        read = systems.get(seen[-1])
        like = _like(read)
        if like is None:
            return read
        if like in seen:
            return read
        seen.append(like)


def _chain_fault(
    read: ReadSystem, target: ReadSystem | None, molecules: Mapping[str, Molecule | None]
) -> tuple[str, str, str] | None:
    """Key, problem and remedy when a system's chains do not fit those that it follows."""
    chains = read.system.chains
    if target is None or chains is None:
        return None
    followed, name = target.system.chains, target.system.name
    if followed is None:
        return "chains.count_like", f"`{name}` has no chains", "Name a system that has chains"
    if _like(target) is not None:
        return (
            "chains.count_like",
            "chains follow each other in a circle",
            "Give one of them wt_percent or count",
        )
    if chains.monomers is not None and chains.monomers != followed.monomers:
        problem = f"chains that follow `{name}` have its {followed.monomers} monomers"
        return "chains.monomers", problem, "Leave `monomers` out"
    molecule = molecules.get(chains.molecule)
    least = molecule.polymer.min_monomers if molecule is not None and molecule.polymer is not None else 1
    if followed.monomers is not None and followed.monomers < least:
        problem = f"`{name}` has chains of {followed.monomers} monomers, {chains.molecule} needs at least {least}"
        return "chains.count_like", problem, f"Give both {least} monomers or more"
    return None


def check_types(root: Path, molecules: dict[str, Molecule | None], problems: Problems) -> None:
    """An atom type means the same in all molecules of the force field; a molecule in doubt becomes None."""
    from workflow.itp import check_types_agree, parse_atomtypes
    from workflow.itp_rows import read_rows

    told_already = Problems(root)
    types = {
        name: parse_atomtypes(read_rows(folder / "atomtypes.itp", told_already), told_already)
        for name, folder in all_folders(root).items()
    }
    for name in check_types_agree(types, problems):
        molecules[name] = None


def compose_all(systems: Mapping[str, ReadSystem], molecules: Mapping[str, Molecule]) -> dict[str, Composition]:
    """Whole numbers of molecules for every system; those that follow another's chains come after it."""
    from workflow.composition import CompositionError, compose
    from workflow.forcefield import ForceFieldError

    compositions: dict[str, Composition] = {}
    for name, read in sorted(systems.items(), key=lambda one: _like(one[1]) is not None):
        n_chains = None
        if _like(read) is not None:
            target = _followed(name, systems)
            composed = compositions.get(target.system.name) if target is not None else None
            if composed is None:
                continue
            n_chains = composed.reached["chains"]
        if not set(names_of(read.system)) <= set(molecules):
            continue
        try:
            compositions[name] = compose(read.system, molecules, n_chains)
        except CompositionError as error:
            read.fields.add(error.key, error.problem, error.remedy)
        except ForceFieldError as error:
            key = "chains.monomers" if read.system.chains is not None else "solvents"
            read.fields.add(key, str(error).rstrip("."), "Change the length of the chains or the molecule's files")
    return compositions


def names_of(system: System) -> list[str]:
    """The names of all molecules of a system."""
    names = [name for name, _ in system.salt.ions] if system.salt is not None else []
    names += system.solvents
    names += [one.molecule for one in system.additives]
    return names + ([system.chains.molecule] if system.chains is not None else [])


def edge_beyond_cutoffs_nm(config: Config, system: System) -> float:
    """By how much the box of a system must be wider than twice the cut-off."""
    if system.salt is None:
        return EDGE_BEYOND_CUTOFFS_WITHOUT_IONS_NM
    return EDGE_BEYOND_CUTOFFS_PREVIEW_NM if config.preview else EDGE_BEYOND_CUTOFFS_NM


def check_boxes(
    config: Config,
    systems: Mapping[str, ReadSystem],
    compositions: Mapping[str, Composition],
) -> None:
    """The predicted box, chains not counted, must be wide enough for the cut-off and for the chains."""
    for name, composition in compositions.items():
        read, edge_nm = systems[name], composition.predicted_edge_nm
        extra_nm = edge_beyond_cutoffs_nm(config, read.system)
        needed_nm = 2 * config.cutoff_nm + extra_nm
        if edge_nm < needed_nm:
            reason = f"twice the cut-off of {config.cutoff_nm:g} nm and {extra_nm:g} nm need {needed_nm:.2f} nm"
            _add_narrow(read, composition, needed_nm, reason)
        if composition.monomers is not None:
            extent_nm = chain_extent_nm(composition.monomers)
            needed_nm = extent_nm + IMAGE_DISTANCE_NM
            if edge_nm < needed_nm:
                reason = (
                    f"a stretched chain of {composition.monomers} monomers ({extent_nm:.2f} nm) "
                    f"with {IMAGE_DISTANCE_NM:g} nm to its own image needs {needed_nm:.2f} nm"
                )
                _add_narrow(read, composition, needed_nm, reason, for_chains=True)


def _add_narrow(
    read: ReadSystem, composition: Composition, needed_nm: float, reason: str, for_chains: bool = False
) -> None:
    scale = (needed_nm / composition.predicted_edge_nm) ** 3
    system = read.system
    if system.salt_pairs is not None:
        key, remedy = "box.salt_pairs", f"Write {math.ceil(system.salt_pairs * scale)} salt_pairs or more"
    else:
        assert system.total_atoms is not None
        key, remedy = "box.total_atoms", f"Write {math.ceil(system.total_atoms * scale * 1.02)} atoms or more"
        if system.salt is not None:
            pairs = math.ceil(composition.reached["salt_count"] * scale)
            remedy += f" (salt_pairs: {pairs})" if system.salt.count is None else f", with salt.count: {pairs}"
    problem = f"`{system.name}` gets a box of {composition.predicted_edge_nm:.2f} nm, too small: {reason}"
    if for_chains:
        room_nm = composition.predicted_edge_nm - IMAGE_DISTANCE_NM - CHAIN_ENDS_NM
        remedy += f", or {max(math.floor(room_nm / MONOMER_LENGTH_NM), 2)} monomers or fewer"
        key = "chains.monomers" if _like(read) is None else "chains.count_like"
    read.fields.add(key, problem, remedy)
