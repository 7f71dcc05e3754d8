"""Fingerprints of a run: of its physics, which decides about checkpoints, and of what describes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.inputs.config import Config
from workflow.inputs.molecules import REMEMBERED, Molecule
from workflow.inputs.systems import System

if TYPE_CHECKING:
    from workflow.composition import Composition

STAGES = ("build", "equilibration", "production", "vapour")
MDP_FOLDER = Path("workflow", "mdp")
PRODUCTION_MDP = "production.mdp"
VAPOUR_MDP = "vapour.mdp"
VISCOSITY_MDP = "viscosity*.mdp"  # what comes after the production does not enter its identity


def fingerprint(
    templates: Mapping[str, str],
    config: Config,
    system: System,
    composition: Composition,
    molecules: Mapping[str, Molecule],
    seed_and_replica: tuple[int, int],
    stage: str,
) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of everything physical that enters `stage` and those before.

    That is: system, replica and seed; numbers of molecules and predicted volume; temperature and pressure;
    the molecules' parameters; mixing rule, cut-off and packing density; for `equilibration` also the lengths
    of its stages and the mdp templates; for `production` also its template and output intervals, since a
    trajectory with two intervals has gaps. Comments, titles, the length of production, the number of replicas
    and the number of threads do not enter: changing them must not compute anything again. The `vapour` of a pure
    liquid stands apart: molecule, temperature, mixing rule and its own template are all that enters. `templates` are
    those of `templates_by_stage`.

    Raises
    ------
    ValueError
        For an unknown stage.
    """
    if stage not in STAGES:
        raise ValueError(f"unknown stage {stage!r}, known: {', '.join(STAGES)}")
    if stage == "vapour":
        physics, names = _vapour(config, system), system.solvents
    else:
        physics, names = _built(config, system, composition), tuple(name for name, _ in composition.counts)
    physics["replica"] = seed_and_replica
    if stage in ("equilibration", "production"):
        lengths = asdict(config.lengths)
        for later in ("production_ns", "vapour_ns", "viscosity_segments", "viscosity_segment_ps"):
            del lengths[later]
        physics["lengths"] = [lengths, config.anneal_temperature_K]
    if stage == "production":
        physics["intervals"] = [config.frame_interval_ps, config.energy_interval_ps]
    texts = {key: _json(value) for key, value in physics.items()} | {"templates": templates[stage]}
    texts["molecules"] = f"[{', '.join(_text(molecules[name]) for name in names)}]"
    # the same text as that of the whole, whose long parts are the same for many runs
    text = ", ".join(f'"{key}": {texts[key]}' for key in sorted(texts))
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:16]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


@lru_cache(maxsize=REMEMBERED)
def _text(molecule: Molecule) -> str:
    return _json(_molecule(molecule))


def templates_by_stage(root: Path) -> dict[str, str]:
    """The mdp templates that enter each stage, as JSON."""
    return {stage: _json(_templates(root, stage)) for stage in STAGES}


def description(system: System, composition: Composition, molecules: Mapping[str, Molecule], *run: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of what describes a run in run.json without being physics.

    That is: titles, what the system extends, published values, claims, swept values, the amounts as they were asked
    for and reached, each molecule's title, kind, status, sites and sources, and what `run` holds (replica, whether it
    is a preview).
    """
    described = {
        "system": [system.name, system.title, system.base, [asdict(one) for one in system.published]],
        "composition": composition.as_dict(),
        "molecules": [_described(molecules[name]) for name, _ in composition.counts],
        "run": run,
    }
    if system.claims:  # a system without any keeps the description that it had before there were claims
        described["claims"] = [asdict(one) for one in system.claims]
    if system.swept:
        described["sweep"] = [system.sweep_of, [asdict(one) for one in system.swept]]
    text = json.dumps(described, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@lru_cache(maxsize=REMEMBERED)
def _described(molecule: Molecule) -> list[Any]:
    sites = [[site.name, site.kind, site.atoms] for site in molecule.sites]
    misfits = [asdict(one) for one in molecule.misfits]
    named = [molecule.name, molecule.title, molecule.kind, molecule.status, molecule.status_note]
    return [*named, misfits, sites, molecule.sources]


def _built(config: Config, system: System, composition: Composition) -> dict[str, Any]:
    """What enters every stage beside the molecules."""
    return {
        "system": [system.name, system.temperature_K, system.pressure_atm],
        "counts": composition.counts,
        "monomers": composition.monomers,
        "volume": f"{composition.predicted_volume_nm3:.6f}",
        "interactions": [system.mixing_rule or config.mixing_rule, config.cutoff_nm],
        "dynamics": asdict(config.dynamics),
        "packing": config.packing_density_fraction,
    }


def _vapour(config: Config, system: System) -> dict[str, Any]:
    """What enters one molecule in an empty box beside the molecule."""
    return {
        "system": [system.name, system.temperature_K],
        "interactions": [system.mixing_rule or config.mixing_rule],
        "dynamics": asdict(config.dynamics),
    }


def _molecule(molecule: Molecule) -> list[Any]:
    """A molecule's parameters: its charge, its files without comments and how chains are made."""
    folder = molecule.folder
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".itp", ".pdb")]
    parts: list[Any] = [molecule.name, molecule.charge_e, *([path.name, _lines(path)] for path in files)]
    if molecule.charge_scale != 1:  # others keep the identity that they had before there were scales
        parts.append(["charge scale", molecule.charge_scale])
    if molecule.polymer is not None:
        polymer = molecule.polymer
        parts += [polymer.units, polymer.join, polymer.cis_probability, polymer.bonded]
    return parts


def _templates(root: Path, stage: str) -> list[list[Any]]:
    """The mdp templates up to a stage: those of the gas phase for building, then all but production's."""
    of_vapour = stage == "vapour"
    of_runs = [one for one in sorted((root / MDP_FOLDER).glob("*.mdp")) if not one.match(VISCOSITY_MDP)]
    names = [one for one in of_runs if (one.name == VAPOUR_MDP) == of_vapour]
    if stage == "build":
        names = [path for path in names if path.name.startswith("gas_phase")]
    elif stage == "equilibration":
        names = [path for path in names if path.name != PRODUCTION_MDP]
    return [[path.name, _lines(path)] for path in names]


def _lines(path: Path) -> list[str]:
    """The lines of a parameter or structure file without comments and with single spaces."""
    lines = (" ".join(line.partition(";")[0].split()) for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("REMARK", "TITLE", "HEADER", "COMPND", "AUTHOR"))]
