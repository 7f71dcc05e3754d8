"""What was found, as the run.json that the workflow writes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.describe.looking import Frames
from analysis.describe.request import Request
from analysis.describe.species import Found, choose_cation
from analysis.run import RunError
from analysis.run_keys import SCHEMA
from analysis.units import PS_PER_NS


def document_of(
    request: Request, species: Sequence[Found], frames: Frames, opening: dict[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """Return run.json."""
    folder = request.out.resolve().parent
    parts = [_name(path, folder) for path in request.trajectories]
    length_ns = round((frames.last_ps - frames.first_ps) / PS_PER_NS, 9)
    cation = request.cation or choose_cation(species)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "system": request.system,
        "title": request.title or request.system,
        "base": request.base,
        "replica": request.replica,
        "preview": False,
        "temperature_K": request.temperature_K,
        "pressure_atm": request.pressure_atm,
        "provisional": [],
        "cation": cation,
        "structure": _name(request.topology, folder),
        "trajectory": parts[0] if len(parts) == 1 else parts,
        "opening": opening,
        "energy": None if request.energy is None else _name(request.energy, folder),
        "viscosity_energies": [_name(path, folder) for path in request.viscosity_energies] or None,
        "timestep_fs": request.timestep_fs,
        "frame_interval_ps": round(frames.interval_ps, 6) if frames.count > 1 else None,
        "production_ns": length_ns,
        "production_ns_done": length_ns,
        "composition": {"counts": {one.name: len(one.atoms) for one in species}, "warnings": list(notes)},
        "species": [_entry(one, _in_order(species)) for one in species],
        "sites": [
            {"label": f"{site.name}({one.name})", "species": one.name, "kind": site.kind, "atoms": list(site.atoms)}
            for one in species
            for site in one.sites
        ],
    }
    return {key: value for key, value in document.items() if value is not None or key == "cation"}


def _name(path: Path, folder: Path) -> str:
    """Return how run.json names a file: relative when it lies below its folder, so that both may move together."""
    whole = path.parent.resolve() / path.name
    return str(whole.relative_to(folder)) if whole.is_relative_to(folder) else str(whole)


def _in_order(species: Sequence[Found]) -> bool:
    """Return whether all molecules lie one after the other, species by species."""
    every = np.concatenate([one.atoms.ravel() for one in species])
    return bool((every == np.arange(every.size)).all())


def _entry(one: Found, in_order: bool) -> dict[str, Any]:
    """Return one entry of `species`; without names, charges or the list of atoms where there are none."""
    entry: dict[str, Any] = {
        "name": one.name,
        "title": one.name,
        "role": one.role,
        "count": len(one.atoms),
        "charge_e": one.charge_e,
        "status": "not Sheath's",
        "masses_u": list(one.masses_u),
        "bonds": [list(bond) for bond in one.bonds],
    }
    if one.names:
        entry["names"] = list(one.names)
    if one.charges_e is not None:
        entry["charges_e"] = list(one.charges_e)
    if not in_order:
        entry["atoms"] = one.atoms.ravel().tolist()
    return entry


def write_document(document: Mapping[str, Any], out: Path) -> None:
    """Write run.json with one line for each species and site; it appears whole or not at all.

    Raises:
        RunError: something else has this name, or it cannot be written there.
    """
    if out.is_dir():
        raise RunError(f"{out}: is a folder. Remedy: -o with the name of a file")
    if out.exists() and not _is_run(out):
        raise RunError(f"{out}: exists and is no run.json; it is left as it is. Remedy: another name with -o")
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(json.dumps(entry) for entry in value) + "\n ]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        partial.replace(out)
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{out}: cannot be written ({reason}). Remedy: -o with a file in a folder of yours") from error


def _is_run(path: Path) -> bool:
    """Return whether a file is a run.json."""
    try:
        return "schema" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False
