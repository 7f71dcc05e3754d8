"""Elements from masses and names, and bonds from distances, against what the force field says."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.describe.elements import element_of_mass, element_of_name, guess_bonds
from workflow.forcefield import molecule_atoms, molecule_bonds

from .liquids import MOLECULES, geometry

SMALL = sorted(name for name, one in MOLECULES.items() if one.kind != "polymer")


@pytest.mark.parametrize("name", SMALL)
def test_bonds_follow_from_distances_through_the_boundary_too(name: str) -> None:
    molecule = MOLECULES[name]
    elements = [str(element_of_mass(atom.mass_u)) for atom in molecule_atoms(molecule)]
    wanted = sorted(tuple(sorted(bond)) for bond in molecule_bonds(molecule))
    box = np.full(3, 2.0)
    whole = geometry(molecule) + 1.0
    assert [tuple(bond) for bond in guess_bonds(elements, whole, None).tolist()] == wanted
    cut = (whole + 0.95) % box
    assert [tuple(bond) for bond in guess_bonds(elements, cut, box).tolist()] == wanted


@pytest.mark.parametrize("name", SMALL)
def test_names_and_masses_tell_the_same_element(name: str) -> None:
    atoms = molecule_atoms(MOLECULES[name])
    for atom in atoms:
        assert element_of_name(atom.name, alone=len(atoms) == 1) == element_of_mass(atom.mass_u)


@pytest.mark.parametrize(
    ("name", "alone", "element"),
    [
        ("CA", False, "C"),
        ("CA", True, "Ca"),
        ("NA+", True, "Na"),
        ("SOD", True, "Na"),
        ("POT", True, "K"),
        ("CES", True, "Cs"),
        ("LIT", True, "Li"),
        ("CLA", True, "Cl"),
        ("CAL", True, "Ca"),
        ("POT", False, "P"),
        ("CES", False, "C"),
        ("SO", True, None),
        ("CL1", False, "Cl"),
        ("1HB", False, "H"),
        ("HB1a", False, "H"),
        ("Si2", False, "Si"),
        ("17", False, None),
    ],
)
def test_a_name_is_read_as_people_write_it(name: str, alone: bool, element: str | None) -> None:
    found = element_of_name(name, alone)
    assert found == element if element else found in (None, "S")


@pytest.mark.parametrize(
    ("mass_u", "element"),
    [
        (1.008, "H"),
        (2.014, "H"),
        (3.024, None),
        (14.0067, "N"),
        (14.027, "C"),
        (5.96, None),
        (0.0, ""),
        (22.98977, "Na"),
    ],
)
def test_a_mass_that_is_of_no_element_is_not_rounded_to_one(mass_u: float, element: str | None) -> None:
    assert element_of_mass(mass_u) == element


def test_a_hydrogen_between_two_atoms_belongs_to_the_nearer() -> None:
    elements, xyz = ["O", "H", "O"], np.array([[0.0, 0, 0], [0.1, 0, 0], [0.215, 0, 0]])
    assert guess_bonds(elements, xyz, None).tolist() == [[0, 1]]
    assert guess_bonds(["Li", "O"], np.array([[0.0, 0, 0], [0.15, 0, 0]]), None).tolist() == []
