"""Charges and Lennard-Jones terms as their publications print them: a slip in a molecule's file is told here.

Sources, in their own units: OPLS-AA and OPLS/2020 in angstrom and kcal/mol; CL&P in angstrom and kJ/mol. Keys of
references.bib stand in each molecule.yaml.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.forcefield import molecule_atoms
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems
from workflow.itp import read_atomtypes

ROOT = Path(__file__).resolve().parents[2]
MOLECULES = read_molecules(ROOT, Problems(ROOT))
KJ_PER_KCAL = 4.184

# molecule: atom charge/e sigma/angstrom epsilon/kcal/mol; ...
IN_KCAL = """
DME: C1 0.11 3.5 0.066; H1a 0.03 2.5 0.03; O1 -0.40 2.9 0.12; C2 0.14 3.5 0.066
DOL: O1 -0.33 2.9 0.14; C2 0.06 3.5 0.066; H2a 0.10 2.5 0.03; C4 0.14 3.5 0.066
EC: O2 -0.50 2.96 0.21; C2 0.86 3.75 0.105; O1 -0.45 3.0 0.17; C4 0.21 3.5 0.066; H4a 0.03 2.42 0.015
DEC: O1 -0.50 2.96 0.14; C1 0.86 3.75 0.105; O2 -0.45 3.0 0.12; C2 0.21 3.5 0.066; C3 -0.18 3.5 0.066; H3a 0.06 2.5 0.03
"""
# the same with epsilon/kJ/mol
IN_KJ = """
TFSI: N1 -0.66 3.25 0.71128; S1 1.02 3.55 1.046; O1a -0.53 2.96 0.87864; C1 0.35 3.5 0.27614; F1a -0.16 2.95 0.22175
PF6: P1 1.34 3.74 0.8368; F1 -0.39 3.1181 0.255224
Li: Li 1.0 2.12645 0.0764793
"""
VALUES = [
    (line.split(":")[0], atom.split()[0], *map(float, atom.split()[1:3]), float(atom.split()[3]) * factor)
    for table, factor in ((IN_KCAL, KJ_PER_KCAL), (IN_KJ, 1.0))
    for line in table.split("\n")
    if line
    for atom in line.split(":")[1].split(";")
]


@pytest.mark.parametrize(("molecule", "atom", "charge_e", "sigma_A", "epsilon_kJ_per_mol"), VALUES)
def test_a_parameter_is_that_of_its_publication(
    molecule: str, atom: str, charge_e: float, sigma_A: float, epsilon_kJ_per_mol: float
) -> None:
    found = MOLECULES[molecule]
    assert found is not None
    (one,) = (entry for entry in molecule_atoms(found) if entry.name == atom)
    kind = read_atomtypes(found.folder / "atomtypes.itp")[one.type]
    assert float(one.charge_e) == pytest.approx(charge_e, abs=1e-9)
    assert kind.sigma_nm == pytest.approx(sigma_A / 10, abs=1e-9)
    assert kind.epsilon_kJ_per_mol == pytest.approx(epsilon_kJ_per_mol, rel=1e-5)
