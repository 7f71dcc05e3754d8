"""Formulas, SMILES and which atoms are alike."""

from __future__ import annotations

from collections import Counter

import pytest

from workflow.audit.chemistry import FormulaError, bond_orders, classes, formula_counts, formula_text, read_smiles
from workflow.audit.elements import BY_SYMBOL, covalent_length_nm, gordy_force_constant


@pytest.mark.parametrize(
    ("formula", "x", "counts"),
    [
        ("C4H10O2", None, {"C": 4, "H": 10, "O": 2}),
        ("F6P", None, {"F": 6, "P": 1}),
        ("LiCl", None, {"Li": 1, "Cl": 1}),
        ("H3N-BH2-(NH2-BH2)x-NH2-BH3", 0, {"N": 2, "B": 2, "H": 10}),
        ("H3N-BH2-(NH2-BH2)x-NH2-BH3", 3, {"N": 5, "B": 5, "H": 22}),
        ("CH3-(CH(CH3)-CH2)x-H", 2, {"C": 7, "H": 16}),
    ],
)
def test_formula(formula: str, x: int | None, counts: dict[str, int]) -> None:
    assert formula_counts(formula, x) == Counter(counts)


@pytest.mark.parametrize("formula", ["", "C4(", "x", "c2", "(C", "2C", "C)", "C4 H10", "(CH2)x"])
def test_no_formula(formula: str) -> None:
    with pytest.raises(FormulaError):
        formula_counts(formula)


def test_formula_text_is_read_again() -> None:
    symbols = list(read_smiles("OCC(F)C#N").symbols)
    assert formula_counts(formula_text(symbols)) == Counter(symbols)


def test_bonds_that_are_alike_share_an_order() -> None:
    nitrate = read_smiles("[O-][N+](=O)[O-]")
    orders = bond_orders(nitrate.symbols, tuple(sorted(nitrate.orders)), "[N+](=O)([O-])[O-]")
    assert orders is not None and list(orders.values()) == pytest.approx([4 / 3] * 3)
    benzene = read_smiles("c1ccccc1")
    orders = bond_orders(benzene.symbols, tuple(sorted(benzene.orders)), "C1=CC=CC=C1")
    assert orders is not None and sorted(orders.values()) == [1.0] * 6 + [1.5] * 6


def test_vinylene_carbonate_is_no_aromatic_ring() -> None:
    graph = read_smiles("O1C(=O)OC=C1")
    assert sorted(graph.orders.values()) == [1.0] * 6 + [2.0] * 2


def test_isomers_and_other_bonds_are_told_apart() -> None:
    ether = read_smiles("COCCOC")
    bonds = tuple(sorted(ether.orders))
    assert bond_orders(ether.symbols, bonds, "C(COC)OC") is not None
    assert bond_orders(ether.symbols, bonds, "CCOCOC") is None
    assert bond_orders(ether.symbols, bonds[:-1], "COCCOC") is None


def test_atoms_alike() -> None:
    graph = read_smiles("COCCOC")
    ranks = classes(graph.symbols, tuple(sorted(graph.orders)))
    assert len(set(ranks)) == 5  # CH3, O, CH2 and the hydrogens of each
    assert ranks[0] == ranks[5] and ranks[1] == ranks[4] and ranks[2] == ranks[3]


@pytest.mark.parametrize(
    ("one", "two", "order", "length_nm", "k"),
    # Representative force constants in N/cm from spectra, CRC Handbook, "Force constants for bond stretching".
    [("C", "C", 1, 0.1534, 4.50), ("C", "H", 1, 0.109, 4.83), ("C", "F", 1, 0.1383, 5.71), ("H", "O", 1, 0.0958, 8.45),
     ("C", "O", 1, 0.1427, 5.42), ("C", "N", 3, 0.1157, 18.33)],
)  # fmt: skip
def test_gordys_rule_gives_force_constants_of_real_bonds(
    one: str, two: str, order: float, length_nm: float, k: float
) -> None:
    first, second = BY_SYMBOL[one], BY_SYMBOL[two]
    assert gordy_force_constant(first, second, order, length_nm) == pytest.approx(60221 * k, rel=0.2)
    assert covalent_length_nm(first, second, order) == pytest.approx(length_nm, rel=0.05)
