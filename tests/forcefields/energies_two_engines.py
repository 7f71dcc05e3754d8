"""Energies of a topology by double-precision GROMACS, term by term, held against those of another engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyedr
import pytest
from numpy.typing import NDArray

from tests.forcefields.openmm_energies import PME_ORDER, TERMS, Mesh

PROGRAM_VARIABLE = "SHEATH_GMX_DOUBLE"
VACUUM_EDGE_NM = 8.0
VACUUM_CUTOFF_NM = 3.0  # longer than any molecule here, so that every pair counts
TOLERANCE = dict.fromkeys(TERMS, 1e-5) | {"lj": 1e-4, "coulomb": 1e-4}  # relative
FLOOR_KJ_PER_MOL = 1e-3

# Which of GROMACS' energies belong to which term.
PARTS = {
    "bonds": ("Bond",),
    "angles": ("Angle",),
    "rb torsions": ("Ryckaert-Bell.",),
    "periodic torsions": ("Proper Dih.",),
    "impropers": ("Per. Imp. Dih.", "Improper Dih."),
    "lj": ("LJ-14", "LJ (SR)"),
    "coulomb": ("Coulomb-14", "Coulomb (SR)", "Coul. recip."),
}

POINT_MDP = """integrator = md
nsteps = 0
continuation = yes
constraints = none
cutoff-scheme = Verlet
verlet-buffer-tolerance = -1
nstlist = 1
nstenergy = 1
"""


@cache
def gmx_double() -> str:
    """Return the double-precision GROMACS: the program that SHEATH_GMX_DOUBLE names, or gmx_d on the PATH."""
    wanted = os.environ.get(PROGRAM_VARIABLE, "gmx_d")
    program = shutil.which(wanted)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout if program else ""
    if program is None or not re.search(r"Precision:\s+double", said):
        pytest.fail(
            f"{wanted} is {'not a double-precision GROMACS' if program else 'missing'}; energies of single precision "
            "cannot be compared. Remedy: on Debian and Ubuntu, apt-get install gromacs; with conda, conda create -n "
            f"gromacs-double -c conda-forge 'gromacs=*=nompi_dblprec*', then {PROGRAM_VARIABLE} set to the path of its "
            "bin/gmx_d.",
            pytrace=False,
        )
    return program


def run_gromacs(folder: Path, tool: str, *arguments: str) -> None:
    """Run one tool of the double-precision GROMACS in a folder; fail with its own words."""
    command = [gmx_double(), "-quiet", "-nobackup", tool, *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"


def write_precise_gro(path: Path, frames_nm: NDArray[np.float64], names: list[str], edge_nm: float) -> None:
    """Write configurations (n_frames, n_atoms, 3) with nine decimals: GROMACS takes the precision from the file."""
    lines = []
    for time_ps, xyz_nm in enumerate(frames_nm):
        lines += [f"positions, t= {time_ps}.0", str(len(names))]
        lines += [
            f"{1:5d}{'MOL':<5s}{name:>5s}{i % 100000:5d}{x:14.9f}{y:14.9f}{z:14.9f}"
            for i, (name, (x, y, z)) in enumerate(zip(names, xyz_nm, strict=True), 1)
        ]
        lines.append(" ".join([f"{edge_nm:.9f}"] * 3))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def point_mdp(mesh: Mesh | None) -> str:
    """Return the parameters of one energy: plain cut-offs, no shift, no dispersion correction, PME with a mesh."""
    cutoff_nm = VACUUM_CUTOFF_NM if mesh is None else mesh.cutoff_nm
    lines = [f"{key} = {cutoff_nm}" for key in ("rcoulomb", "rvdw", "rlist")]
    lines += ["vdwtype = Cut-off", "vdw-modifier = None", "coulomb-modifier = None", "DispCorr = no"]
    if mesh is None:
        return POINT_MDP + "\n".join([*lines, "coulombtype = Cut-off"]) + "\n"
    lines += ["coulombtype = PME", f"ewald-rtol = {mesh.ewald_rtol}", f"pme-order = {PME_ORDER}"]
    lines += [f"fourier-n{axis} = {mesh.points}" for axis in "xyz"]
    return POINT_MDP + "\n".join(lines) + "\n"


def gromacs_terms(top: Path, gro: Path, mdp: str, folder: Path, rerun: bool = True) -> list[dict[str, float]]:
    """Return, for each configuration in `gro`, every energy as GROMACS names it; grompp must not warn.

    Without `rerun` only the first configuration counts, and there are pressures too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "point.mdp").write_text(mdp, encoding="utf-8")
    files = ["-c", str(gro), "-p", str(top), "-o", "point.tpr", "-po", "full.mdp"]
    run_gromacs(folder, "grompp", "-f", "point.mdp", *files)
    all_of_them = ["-rerun", str(gro)] if rerun else []
    run_gromacs(folder, "mdrun", "-s", "point.tpr", "-deffnm", "point", "-nt", "1", *all_of_them)
    values = pyedr.edr_to_dict(str(folder / "point.edr"))
    return [{name: float(series[n]) for name, series in values.items()} for n in range(len(values["Time"]))]


def gromacs_energies(top: Path, gro: Path, mesh: Mesh | None, folder: Path) -> list[dict[str, float]]:
    """Return, for each configuration in `gro`, the energy of every term in kJ/mol, 0 for one that is not there.

    Fails when the terms do not add up to GROMACS' potential energy: then there is one that nobody compares.
    """
    energies = []
    for found in gromacs_terms(top, gro, point_mdp(mesh), folder):
        terms = {term: sum(found.get(part, 0.0) for part in parts) for term, parts in PARTS.items()}
        size = sum(abs(energy) for energy in terms.values())
        assert abs(sum(terms.values()) - found["Potential"]) <= 1e-9 * size, f"a term unknown here: {sorted(found)}"
        energies.append(terms)
    return energies


Energies = Sequence[Mapping[str, float]]


def disagreements(first: Energies, second: Energies) -> dict[str, str]:
    """Return, by term, where two engines differ by more than the tolerance or the floor, whichever is larger.

    Both are lists over the same configurations; the last one that differs is told.
    """
    told = {}
    for n, (one, other) in enumerate(zip(first, second, strict=True)):
        for term in TERMS:
            allowed = max(TOLERANCE[term] * abs(one[term]), FLOOR_KJ_PER_MOL)
            if not abs(one[term] - other[term]) <= allowed:
                numbers = f"{one[term]:.9g} and {other[term]:.9g} kJ/mol"
                told[term] = f"{numbers} in configuration {n}, {allowed:.2g} allowed"
    return told
