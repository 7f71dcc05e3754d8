"""grompp takes every molecule, and GROMACS finds the bonded energies that follow from the text of its itp."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.forcefields.test_molecules import BONDED, MOLECULES, text_of
from workflow import gromacs
from workflow.forcefield import geometry_nm, molecule_atoms, write_topology
from workflow.internal_coordinates import torsion_deg
from workflow.itp import rows_of

MDP = """integrator = md
nsteps = 0
cutoff-scheme = verlet
verlet-buffer-tolerance = -1
rlist = 2.6
coulombtype = cut-off
rcoulomb = 2.5
rvdw = 2.5
coulomb-modifier = none
vdw-modifier = none
constraints = none
nstenergy = 1
continuation = yes
"""


def bonded_energy(text: str, xyz: np.ndarray) -> dict[str, float]:
    """Sums of the bonded terms (kJ/mol), evaluated here from the itp text with GROMACS' formulas."""
    total = {"Bond": 0.0, "Angle": 0.0, "Ryckaert-Bell.": 0.0, "Per. Imp. Dih.": 0.0}
    for i, j, _, r0, k in rows_of(text, "bonds"):
        length = float(np.linalg.norm(xyz[int(i) - 1] - xyz[int(j) - 1]))
        total["Bond"] += 0.5 * float(k) * (length - float(r0)) ** 2
    for i, j, k, _, theta0, force in rows_of(text, "angles"):
        a, b = (xyz[int(x) - 1] - xyz[int(j) - 1] for x in (i, k))
        theta = np.arccos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))
        total["Angle"] += 0.5 * float(force) * (theta - np.radians(float(theta0))) ** 2
    for row in rows_of(text, "dihedrals"):
        phi = np.radians(torsion_deg(*(xyz[int(x) - 1] for x in row[:4])))
        numbers = [float(x) for x in row[5:]]
        if row[4] == "3":
            total["Ryckaert-Bell."] += sum(c * np.cos(phi - np.pi) ** n for n, c in enumerate(numbers))
        else:
            phase, height, n = numbers
            total["Per. Imp. Dih."] += height * (1 + np.cos(n * phi - np.radians(phase)))
    return total


@pytest.mark.parametrize("name", BONDED)
def test_grompp_takes_it_without_a_warning_and_gromacs_finds_the_same_energies(name: str, tmp_path: Path) -> None:
    """Two engines on a distorted molecule: term by term GROMACS and the sums above must agree."""
    molecule = MOLECULES[name]
    rng = np.random.default_rng(3)
    xyz = np.round(geometry_nm(molecule) + rng.normal(0, 0.005, (len(molecule_atoms(molecule)), 3)) + 4.0, 5)
    top, gro = tmp_path / "system.top", tmp_path / "conf.gro"
    cation = [(MOLECULES["Li"], 1, None)] if molecule.charge_e else []
    write_topology(top, [(molecule, 1, None), *cation], "lorentz-berthelot", name)
    names = [atom.name for atom in molecule_atoms(molecule)] + ["Li"] * len(cation)
    places = np.vstack([xyz, *([[7.0, 7.0, 7.0]] for _ in cation)])
    write_gro(gro, names, places)
    (tmp_path / "point.mdp").write_text(MDP)
    tpr = gromacs.grompp(tmp_path, "point", gro, top)  # raises for a warning
    edr = tmp_path / "point.edr"
    gromacs.run_tool("mdrun", tmp_path / "log", s=tpr, deffnm=tmp_path / "point", nt=1)
    wanted = {term: value for term, value in bonded_energy(text_of(name), xyz).items() if value}
    terms = "\n".join([*(term.replace(" ", "-") for term in wanted), "0"])
    said = gromacs.run_tool("energy", tmp_path / "log", answer=terms, f=edr, o=tmp_path / "point.xvg")
    for term, value in wanted.items():
        (line,) = [row for row in said.splitlines() if row.startswith(term)]
        assert float(line[len(term) :].split()[0]) == pytest.approx(value, rel=1e-4, abs=1e-3), term


def write_gro(path: Path, names: list[str], xyz: np.ndarray) -> None:
    atoms = [
        f"{1:5d}{'MOL':<5s}{name:>5s}{i:5d}{x:10.5f}{y:10.5f}{z:10.5f}"
        for i, (name, (x, y, z)) in enumerate(zip(names, xyz, strict=True), 1)
    ]
    path.write_text("\n".join(["one molecule", str(len(atoms)), *atoms, "8.0 8.0 8.0"]) + "\n")
