"""Tiny run folders with known contents, written with MDAnalysis: structure, trajectory and run.json."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

NM_IN_ANGSTROM = 10.0

RunWriter = Callable[..., Path]


@pytest.fixture(autouse=True)
def _hung_readers_are_noticed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged frame can hang the child that reads it; users' disks may be slow, those of the tests are not."""
    for module in ("read", "survey"):
        monkeypatch.setattr(f"analysis.{module}.HUNG_S", 30.0)


def species_entry(
    name: str,
    role: str,
    count: int,
    masses_u: Sequence[float] = (6.94,),
    charge_e: float = 0.0,
    bonds: Sequence[tuple[int, int]] = (),
) -> dict[str, Any]:
    """Return one entry of `species`; atoms are called A1, A2, ..."""
    n_atoms = len(masses_u)
    return {
        "name": name,
        "title": name,
        "role": role,
        "count": count,
        "charge_e": charge_e,
        "status": "literature",
        "masses_u": list(masses_u),
        "charges_e": [charge_e / n_atoms] * n_atoms,
        "names": [f"A{index + 1}" for index in range(n_atoms)],
        "bonds": [list(bond) for bond in bonds],
    }


def run_document(species: Sequence[dict[str, Any]], sites: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Return a run.json of schema 1 for these species and sites."""
    document = {
        "schema": 1,
        "system": "synthetic",
        "title": "a synthetic system",
        "base": None,
        "replica": 1,
        "preview": False,
        "provisional": [],
        "temperature_K": 298.0,
        "pressure_atm": 1.0,
        "cation": species[0]["name"],
        "structure": "conf.gro",
        "trajectory": "traj.xtc",
        "energy": None,
        "equilibration_energy": None,
        "species": list(species),
        "sites": list(sites),
        "composition": {"counts": {entry["name"]: entry["count"] for entry in species}, "warnings": []},
    }
    return document | changes


def write_run(
    folder: Path,
    document: dict[str, Any],
    positions_nm: ArrayLike,
    boxes_nm: ArrayLike,
    times_ps: ArrayLike | None = None,
) -> Path:
    """Write structure, trajectory and run.json; return the path of run.json.

    positions_nm: (F, N, 3); boxes_nm: (F, 3); times_ps: (F,), 1 ps apart when not given.
    """
    frames: NDArray[np.float64] = np.asarray(positions_nm, dtype=float)
    boxes: NDArray[np.float64] = np.asarray(boxes_nm, dtype=float)
    times = np.arange(len(frames)) if times_ps is None else np.asarray(times_ps)
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for entry in document["species"] for name in entry["names"] * entry["count"]]
    residues = [entry["name"] for entry in document["species"] for _ in range(entry["count"])]
    sizes = [len(entry["names"]) for entry in document["species"] for _ in range(entry["count"])]
    universe = MDAnalysis.Universe.empty(
        len(names),
        n_residues=len(residues),
        atom_resindex=np.repeat(np.arange(len(residues)), sizes),
        trajectory=True,
    )
    universe.add_TopologyAttr("names", names)
    universe.add_TopologyAttr("resnames", residues)
    universe.add_TopologyAttr("resids", np.arange(len(residues)) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with MDAnalysis.Writer(str(folder / document["trajectory"]), len(names)) as writer:
            for xyz, box, time_ps in zip(frames, boxes, times, strict=True):
                universe.atoms.positions = xyz * NM_IN_ANGSTROM
                universe.dimensions = [*(box * NM_IN_ANGSTROM), 90.0, 90.0, 90.0]
                universe.trajectory.ts.time = float(time_ps)
                writer.write(universe.atoms)
        universe.atoms.positions = np.nan_to_num(frames[0]) * NM_IN_ANGSTROM
        universe.atoms.write(str(folder / document["structure"]))
    path = folder / "run.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def gas_document(n_cations: int, n_sites: int, kind: str = "O", **changes: Any) -> dict[str, Any]:
    """Return a run of single-atom cations Li and single-atom molecules G with one site O(G)."""
    return run_document(
        [
            species_entry("Li", "cation", n_cations, charge_e=1.0),
            species_entry("G", "solvent", n_sites, (16.0,)),
        ],
        [{"label": f"{kind}(G)", "species": "G", "kind": kind, "atoms": [0]}],
        **changes,
    )


@pytest.fixture
def gas_run(tmp_path: Path) -> Path:
    """Return run.json of an ideal gas: 8 Li and 60 G, 20 frames, a box that breathes by 5 %."""
    rng = np.random.default_rng(3)
    boxes = np.repeat(2.0 * (1 + 0.05 * rng.standard_normal((20, 1))), 3, axis=1)
    return write_run(tmp_path / "run", gas_document(8, 60), rng.random((20, 68, 3)) * boxes[:, None], boxes)


def gas(folder: Path, seed: int, frames: int = 40, **changes: Any) -> Path:
    """Write run.json of a gas of 8 Na and 40 G that walks, wrapped."""
    rng = np.random.default_rng(seed)
    walk = rng.random((1, 48, 3)) * 2.0 + rng.normal(0, 0.05, (frames, 48, 3)).cumsum(axis=0)
    document = gas_document(8, 40, **changes)
    document["species"][0] |= {"name": "Na", "masses_u": [22.99]}
    document |= {"cation": "Na"}
    return write_run(folder, document, walk % 2.0, np.full((frames, 3), 2.0))
