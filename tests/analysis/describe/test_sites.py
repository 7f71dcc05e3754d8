"""Guessed from elements and bonds alone, sites are those that the force field's molecules name."""

from __future__ import annotations

import pytest

from analysis.describe.chains import backbone, units
from analysis.describe.elements import element_of_mass
from analysis.describe.sites import guess_sites
from workflow.forcefield import molecule_atoms, molecule_bonds, sites_of

from .liquids import MOLECULES

CHAINS = sorted(name for name, one in MOLECULES.items() if one.kind == "polymer")
CASES = [(name, None) for name in sorted(MOLECULES.keys() - set(CHAINS))] + [
    (name, n) for name in CHAINS for n in (2, 3, 4, 10)
]


def parts_of(name: str, monomers: int | None) -> tuple[list[str], list[tuple[int, int]]]:
    elements = [str(element_of_mass(atom.mass_u)) for atom in molecule_atoms(MOLECULES[name], monomers)]
    return elements, list(molecule_bonds(MOLECULES[name], monomers))


@pytest.mark.parametrize(("name", "monomers"), CASES)
def test_sites_are_those_of_the_molecules_folder(name: str, monomers: int | None) -> None:
    found = guess_sites(*parts_of(name, monomers), is_polymer=monomers is not None)
    wanted = [(site["name"], site["kind"], tuple(site["atoms"])) for site in sites_of(MOLECULES[name], monomers)]
    assert [(site.name, site.kind, site.atoms) for site in found] == wanted


@pytest.mark.parametrize(
    ("elements", "bonds", "wanted"),
    [
        (["O", "H", "H"], [(0, 1), (0, 2)], {"O": (0,)}),
        # methyl 2-hydroxyacetate without its hydrogens on carbon: HO-C-C(=O)-O-C
        (
            ["H", "O", "C", "C", "O", "O", "C"],
            [(0, 1), (1, 2), (2, 3), (3, 4), (3, 5), (5, 6)],
            {"O_carbonyl": (4,), "O_ether": (5,), "O_hydroxyl": (1,)},
        ),
        # BOB: one arm, O bonded to B; the carbonyl apart
        (["B", "O", "C", "O"], [(0, 1), (1, 2), (2, 3)], {"B": (0,), "O_borate": (1,), "O_carbonyl": (3,)}),
        (["Na"], [], {}),
        (["F"], [], {"F": (0,)}),
    ],
)
def test_oxygens_of_several_sorts_are_told_apart(
    elements: list[str], bonds: list[tuple[int, int]], wanted: dict[str, tuple[int, ...]]
) -> None:
    assert {site.name: site.atoms for site in guess_sites(elements, bonds, is_polymer=False)} == wanted


def test_a_backbone_begins_with_nitrogen_whatever_the_order_of_the_atoms() -> None:
    elements, bonds = parts_of("PAB", 5)
    n = len(elements)
    turned = [(n - 1 - a, n - 1 - b) for a, b in bonds]
    path = backbone(elements[::-1], turned)
    assert [elements[::-1][atom] for atom in path] == ["N", "B"] * 5
    assert {n - 1 - atom: part for atom, part in units(elements[::-1], turned).items()} == units(elements, bonds)


def test_a_chain_in_which_nothing_repeats_has_no_head_and_tail() -> None:
    elements = ["C", "O", "N", "C", "C", "B"]
    assert units(elements, [(i, i + 1) for i in range(5)]) == {}
