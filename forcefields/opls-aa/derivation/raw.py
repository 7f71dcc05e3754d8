"""The committed DFT results under `derivation/raw/`: geometries, energies, potentials, Hessians."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from derivation.xyz_file import Structure, read, text_of

if TYPE_CHECKING:
    from derivation.jobs import Job

Coordinates = NDArray[np.float64]
RAW = Path(__file__).parent / "raw"
SUFFIX = {"geometry": "xyz", "energy": "json", "binding_energy": "json", "potential": "npz", "hessian": "npz"}
COLUMNS = ("structure", "calculation", "level", "energy_Ha", "dipole_x_D", "dipole_y_D", "dipole_z_D", "wall_s")


@cache
def geometries() -> dict[str, Structure]:
    """Return the relaxed structures by name."""
    path = RAW / "geometries.xyz"
    return read(path) if path.exists() else {}


@cache
def _energies() -> dict[tuple[str, str], dict[str, str]]:
    path = RAW / "energies.csv"
    if not path.exists():
        return {}
    with path.open(encoding="ascii", newline="") as file:
        return {(row["structure"], row["calculation"]): row for row in csv.DictReader(file)}


def energy_Ha(structure: str, calculation: str = "energy") -> float:
    """Return the triple-zeta energy in Hartree. Raises KeyError when that job has not run."""
    return float(_energies()[structure, calculation]["energy_Ha"])


def has_energy(structure: str, calculation: str = "energy") -> bool:
    """Whether that energy has been computed."""
    return (structure, calculation) in _energies()


def arrays(structure: str, calculation: str) -> dict[str, NDArray[np.float64]]:
    """Return the arrays of a `potential` or `hessian` job, in atomic units and angstrom as their names say."""
    with np.load(RAW / calculation / f"{structure}.npz") as file:
        return {key: file[key].astype(float) for key in file.files}


def has_arrays(structure: str, calculation: str) -> bool:
    """Whether that potential or Hessian has been computed."""
    return (RAW / calculation / f"{structure}.npz").exists()


def has(job: Job) -> bool:
    """Whether this job's result is among the committed ones."""
    if job.calculation == "geometry":
        return job.structure in geometries()
    if SUFFIX[job.calculation] == "npz":
        return has_arrays(job.structure, job.calculation)
    return has_energy(job.structure, job.calculation)


def collect(scratch: Path, jobs: Sequence[Job]) -> int:
    """Add the scratch folder's results to the committed ones, sorted by name; return 0."""
    found, rows = dict(geometries()), dict(_energies())
    for job in jobs:
        path = scratch / f"{job.name}.{SUFFIX[job.calculation]}"
        if not path.exists():
            continue
        if job.calculation == "geometry":
            found |= read(path)
        elif path.suffix == ".json":
            data = json.loads(path.read_text(encoding="ascii"))
            x, y, z = (f"{one:.4f}" for one in data["dipole_D"])
            values = (
                job.structure,
                job.calculation,
                data["level"],
                f"{data['energy_Ha']:.8f}",
                x,
                y,
                z,
                data["wall_s"],
            )
            rows[job.structure, job.calculation] = dict(zip(COLUMNS, map(str, values), strict=True))
        else:
            target = RAW / job.calculation / f"{job.structure}.npz"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    RAW.mkdir(exist_ok=True)
    (RAW / "geometries.xyz").write_text("".join(text_of(found[name]) for name in sorted(found)), encoding="ascii")
    with (RAW / "energies.csv").open("w", encoding="ascii", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in sorted(rows))
    return 0
