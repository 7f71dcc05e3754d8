"""All inputs together: loading, cross-checks, seeds and the identity of each run's physics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.inputs.config import Config, ReadConfig, read_config
from workflow.inputs.cross_checks import check_boxes, check_types, compose_all, follow_chains, names_of
from workflow.inputs.identity import description, fingerprint, templates_by_stage
from workflow.inputs.lengths import anneal_warning, check_anneal
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.molecules import Molecule, scaled, uncharged
from workflow.inputs.parameter_sets import ParameterSets, check_parameter_set, read_parameter_sets, set_names
from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.systems import FOLDER, ReadSystem, System, check_file_names, read_system
from workflow.inputs.tree import Table

if TYPE_CHECKING:
    from workflow.composition import Composition

CONFIG_FILE = "config.yaml"


@dataclass(frozen=True)
class Inputs:
    """Everything that enters, checked; `systems` and `compositions` hold the configured ones in order.

    `warnings` are about the configuration as a whole; those about one system are in its composition.
    """

    root: Path
    config_files: tuple[Path, ...]
    config: Config
    systems: dict[str, System]
    molecules: dict[str, Molecule]
    compositions: dict[str, Composition]
    warnings: tuple[str, ...] = ()
    parameter_sets: ParameterSets = field(default_factory=dict)

    def seed(self, system: str, replica: int, purpose: str) -> int:
        """A seed from 1 to 2^31 - 2 from the configured seed, the system, the replica and the purpose."""
        text = f"{self.config.seed}/{system}/{replica}/{purpose}"
        return 1 + int(hashlib.sha256(text.encode()).hexdigest(), 16) % (2**31 - 2)

    def molecule(self, system: str, name: str) -> Molecule:
        """A molecule as it is in a system: from its parameter set, chains without charges, ions with scaled ones."""
        where = self.systems[system]
        molecule = self.parameter_sets.get(where.parameter_set or "", {}).get(name, self.molecules[name])
        if where.chains is not None and where.chains.uncharged and where.chains.molecule == name:
            return uncharged(molecule)
        is_ion = where.salt is not None and name in dict(where.salt.ions)
        return scaled(molecule, where.ion_charge_scale) if is_ion else molecule

    def molecules_of(self, system: str) -> dict[str, Molecule]:
        """The molecules of a system by name, as they are in it."""
        return {name: self.molecule(system, name) for name, _ in self.compositions[system].counts}

    def mixing_rule(self, system: str) -> str:
        """How Lennard-Jones parameters combine in a system: as its own file says, else as the configuration does."""
        return self.systems[system].mixing_rule or self.config.mixing_rule

    def has_vapour(self, system: str) -> bool:
        """Whether one molecule of the system is also simulated alone, for the heat of vaporisation."""
        return self.systems[system].is_pure and self.config.lengths.vapour_ns > 0

    @cached_property
    def templates(self) -> dict[str, str]:
        """The mdp templates that enter the identity of each stage."""
        return templates_by_stage(self.root)

    @property
    def has_viscosity(self) -> bool:
        """Whether the pressure is sampled in short runs after the production, for the viscosity."""
        return self.config.lengths.viscosity_segments > 0


def load(root: Path, overlays: Sequence[Path] = ()) -> Inputs:
    """Read and check everything under `root`, the project's folder.

    Parameters
    ----------
    root
        Folder with `config.yaml`, `systems/` and `forcefields/`.
    overlays
        Files laid over `config.yaml` in this order; relative ones are looked up in the working directory.

    Raises
    ------
    InputError: with all problems that were found.
    """
    root = root.resolve()
    base = root / CONFIG_FILE
    files = (base, *(one for one in (path.resolve() for path in overlays) if one != base))
    problems = Problems(root)
    read = read_config(root, files, problems)
    config_is_right = read is not None and not problems.found
    molecules = read_molecules(root, problems)
    sets = read_parameter_sets(root, molecules, problems)
    check_types(root, molecules, problems)
    check_file_names(root, problems)
    systems = _read_systems(root, read, molecules, problems)
    follow_chains(systems, molecules, problems)
    for one in systems.values():
        check_parameter_set(one, names_of(one.system), sets, set_names(root))
    right = {name: one for name, one in molecules.items() if one is not None}
    compositions = compose_all(systems, right)
    if read is not None and config_is_right:
        check_boxes(read.config, systems, compositions)
        _check_anneal(read, systems)
    problems.stop_if_any()
    assert read is not None
    return Inputs(
        root=root,
        config_files=files,
        config=read.config,
        systems={name: systems[name].system for name in read.config.systems},
        molecules=right,
        compositions={name: compositions[name] for name in read.config.systems},
        warnings=_warnings(read.config, [systems[name].system for name in read.config.systems]),
        parameter_sets=sets,
    )


def _warnings(config: Config, systems: Sequence[System]) -> tuple[str, ...]:
    """What is allowed but doubtful; without ions and chains there are no shells that a hot stage had to dissolve."""
    if all(one.salt is None and one.chains is None for one in systems):
        return ()
    return anneal_warning(config.lengths.anneal_ps, config.preview)


def _check_anneal(read: ReadConfig, systems: Mapping[str, ReadSystem]) -> None:
    config = read.config
    hottest_K = max((one.system.temperature_K for name, one in systems.items() if name in config.systems), default=0.0)
    check_anneal(read.fields, config.lengths.anneal_ps, config.anneal_temperature_K, hottest_K)


def _read_systems(
    root: Path, config: ReadConfig | None, molecules: Mapping[str, Molecule | None], problems: Problems
) -> dict[str, ReadSystem]:
    """The configured systems and those whose chains they follow, without those that have problems."""
    folder = root / FOLDER
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if config is None:
        # Which systems are wanted is not known: tell at least what is wrong with any of them.
        wanted = [(name, Place(folder / f"{name}.yaml", 0), "systems") for name in known]
    else:
        places = zip(config.config.systems, config.places, strict=True)
        wanted = [(name, place, "systems") for name, place in places]
    override = config.override if config is not None else None
    variants = config.variants if config is not None else {}
    systems: dict[str, ReadSystem] = {}
    files: dict[Path, list[Table]] = {}
    tried: set[str] = set()
    while wanted:
        name, place, key = wanted.pop(0)
        if name in tried:
            continue
        if name not in known and name not in variants:
            remedy = f"{nearest(name, known)}Use one of: {listing(known)}"
            problems.add(place, key, name, f"there is no file {FOLDER}/{name}.yaml", remedy)
            continue
        tried.add(name)
        read = read_system(root, name, molecules, override, problems, variants.get(name), files)
        if read is not None:
            systems[name] = read
            chains = read.system.chains
            if chains is not None and chains.count_like is not None:
                wanted.append((chains.count_like, read.fields.find("chains.count_like"), "chains.count_like"))
    return systems


def identity(inputs: Inputs, system: str, replica: int, stage: str) -> str:
    """The physics that enters a stage as 16 hexadecimal digits; see `identity.fingerprint`."""
    composition, seed = inputs.compositions[system], inputs.seed(system, replica, "identity")
    return fingerprint(
        inputs.templates,
        inputs.config,
        inputs.systems[system],
        composition,
        inputs.molecules_of(system),
        (seed, replica),
        stage,
    )


def describing_hash(inputs: Inputs, system: str, replica: int) -> str:
    """What enters run.json of a run without being physics as 16 hexadecimal digits; see `identity.description`.

    A changed title or site asks for a new run.json, but for no new simulation.
    """
    composition = inputs.compositions[system]
    vapour = ("vapour",) if inputs.has_vapour(system) else ()
    return description(
        inputs.systems[system], composition, inputs.molecules_of(system), replica, inputs.config.preview, *vapour
    )
