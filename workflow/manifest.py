"""run.json: what was simulated, in the one schema by which the analysis knows a trajectory."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workflow.forcefield import molecule_atoms, molecule_bonds, sites_of
from workflow.gromacs import find_gmx
from workflow.inputs import Inputs, Molecule, identity
from workflow.inputs.references import bibtex_of
from workflow.job import ROOT, RunJob
from workflow.packing import find_packmol
from workflow.protocol import equilibration_stages, production_stage
from workflow.workfolder import write_text

SCHEMA = 1
PACKAGES = ("gromacswrapper", "MDAnalysis", "ParmEd", "numpy", "snakemake")
SEED_PURPOSES = ("packing", "conformers", "velocities", "thermostat production")
VAPOUR = Path("vapour")  # a folder beside run.json
VAPOUR_ENERGY = "energy.edr"


def write_manifest(path: Path, run: RunJob, done_ns: float) -> None:
    """Write run.json for a production of `done_ns` nanoseconds; times and host stay out, they would force reruns."""
    record = {"schema": SCHEMA} | _what(run) | _contents(run) | _how(run, done_ns) | _provenance(run)
    write_text(path, json.dumps(record, indent=1) + "\n")


def expected_file(results: Path) -> Path:
    """Return where it is noted which runs a results folder should hold."""
    return results / ".expected.json"


def write_expected(inputs: Inputs, results: Path) -> None:
    """Note physics and length of every configured run, so that the report can tell results of an earlier one."""
    production_ns = inputs.config.lengths.production_ns
    replicas = range(1, inputs.config.replicas + 1)
    record = {
        system: {
            str(replica): {
                "production_hash": identity(inputs, system, replica, "production"),
                "production_ns": production_ns,
            }
            for replica in replicas
        }
        for system in inputs.config.systems
    }
    write_text(expected_file(results), json.dumps(record, indent=1) + "\n")


def _what(run: RunJob) -> dict[str, Any]:
    """Return which liquid, under which conditions."""
    system = run.inputs.systems[run.system]
    return {
        "system": run.system,
        "title": system.title,
        "base": system.base,
        "replica": run.replica,
        "preview": run.inputs.config.preview,
        "temperature_K": system.temperature_K,
        "pressure_atm": system.pressure_atm,
        "published": [asdict(one) for one in system.published],
        "claims": [asdict(one) for one in system.claims],
        **_swept(run),
    }


def _swept(run: RunJob) -> dict[str, Any]:
    """Return the values of a sweep, as asked for and as whole molecules reach them; nothing without a sweep."""
    system, reached = run.inputs.systems[run.system], run.inputs.compositions[run.system].reached
    keys = {
        "salt.mol_per_L": "mol_per_L",
        "salt.mol_per_L_solvent": "mol_per_L_solvent",
        "chains.wt_percent": "chains_wt_percent",
    }
    values = [
        {
            "quantity": one.quantity,
            "unit": one.unit,
            "value": one.value,
            "reached": reached.get(keys.get(one.quantity, ""), one.value),
        }
        for one in system.swept
    ]
    return {"sweep_of": system.sweep_of, "sweep": values} if values else {}


def _contents(run: RunJob) -> dict[str, Any]:
    """Return the molecules in topology order, their sites and the composition."""
    composition = run.inputs.compositions[run.system]
    molecules = [(run.inputs.molecule(run.system, name), count) for name, count in composition.counts if count > 0]
    packed = json.loads((run.out / "composition.json").read_text(encoding="utf-8"))
    return {
        "provisional": [molecule.name for molecule, _ in molecules if molecule.status == "provisional"],
        "cation": next((molecule.name for molecule, _ in molecules if molecule.kind == "cation"), None),
        "monomers": composition.monomers,
        "species": [_species(molecule, count, composition.monomers) for molecule, count in molecules],
        "sites": [site for molecule, _ in molecules for site in _sites(molecule, composition.monomers)],
        "composition": composition.as_dict(),
        "chain_sequences": packed["chain_sequences"],
        "chain_cis_share": packed["chain_cis_share"],
        "references": bibtex_of(run.inputs.root, [key for molecule, _ in molecules for key in molecule.sources]),
    }


def _how(run: RunJob, done_ns: float) -> dict[str, Any]:
    """Return the protocol and the files that it made."""
    config, production = run.inputs.config, production_stage(run.inputs, run.system)
    return {
        "protocol": config.protocol,
        "cutoff_nm": config.cutoff_nm,
        "mixing_rule": run.inputs.mixing_rule(run.system),
        "parameter_set": run.inputs.systems[run.system].parameter_set,
        "timestep_fs": production.timestep_fs,
        "hydrogen_mass_u": config.dynamics.hydrogen_mass_u,
        "constraints": config.dynamics.constraints,
        "frame_interval_ps": config.frame_interval_ps,
        "production_ns": config.lengths.production_ns,
        "production_ns_done": done_ns,
        "stages": [asdict(stage) for stage in (*equilibration_stages(run.inputs, run.system), production)],
        "structure": "conf.gro",
        "trajectory": "traj.xtc",
        "energy": "energy.edr",
        "equilibration_energy": "equilibration.csv",
        "vapour_energy": str(VAPOUR / VAPOUR_ENERGY) if run.inputs.has_vapour(run.system) else None,
    }


def _provenance(run: RunJob) -> dict[str, Any]:
    """Return versions, seeds and the hashes of the physics."""
    purposes = {purpose: run.inputs.seed(run.system, run.replica, purpose) for purpose in SEED_PURPOSES}
    steps = ("build", "equilibration", "production")
    hashes = {step: identity(run.inputs, run.system, run.replica, step) for step in steps}
    return {"versions": versions(), "seeds": purposes, "hashes": hashes}


def _length(molecule: Molecule, monomers: int | None) -> int | None:
    return monomers if molecule.kind == "polymer" else None


def _species(molecule: Molecule, count: int, monomers: int | None) -> dict[str, Any]:
    atoms = molecule_atoms(molecule, _length(molecule, monomers))
    return {
        "name": molecule.name,
        "title": molecule.title,
        "role": molecule.kind,
        "count": count,
        "charge_e": float(molecule.net_charge_e),
        "uncharged": molecule.uncharged,
        "status": molecule.status,
        "status_note": molecule.status_note,
        "misfits": [asdict(one) for one in molecule.misfits],
        "sources": list(molecule.sources),
        "names": [atom.name for atom in atoms],
        "masses_u": [atom.mass_u for atom in atoms],
        "charges_e": [atom.charge_e for atom in atoms],
        "bonds": [list(bond) for bond in molecule_bonds(molecule, _length(molecule, monomers))],
    }


def _sites(molecule: Molecule, monomers: int | None) -> list[dict[str, Any]]:
    return [
        {
            "label": f"{site['name']}({molecule.name})",
            "species": molecule.name,
            "kind": site["kind"],
            "atoms": site["atoms"],
        }
        for site in sites_of(molecule, _length(molecule, monomers))
    ]


def versions() -> dict[str, str]:
    """Return the versions of Sheath, GROMACS, Packmol, Python and the libraries that made the numbers."""
    found = {name.lower(): importlib.metadata.version(name) for name in PACKAGES}
    gmx = {"gromacs": find_gmx().version, "gromacs_simd": find_gmx().simd}
    return {
        "sheath": sheath_version(),
        **gmx,
        "packmol": packmol_version(),
        "python": platform.python_version(),
        **found,
    }


def sheath_version() -> str:
    """Return the newest version named in CHANGELOG.md."""
    match = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    return match.group(1) if match else "unknown"


def packmol_version() -> str:
    """Return Packmol's version; it prints it before it reads anything."""
    answer = subprocess.run(
        [find_packmol()], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    match = re.search(r"[Vv]ersion\s+([\d.]+)", answer.stdout)
    return match.group(1) if match else "unknown"
