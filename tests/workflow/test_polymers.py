"""Chains of any length: exactly neutral, complete, and with the parameters of their types."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workflow.forcefield import sites_of
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems
from workflow.itp import ForceFieldError, rows_of
from workflow.polymers import atom_name, chain_itp, chain_topology, ryckaert_bellemans

ROOT = Path(__file__).resolve().parents[2]
MOLECULES = {name: one for name, one in read_molecules(ROOT, Problems(ROOT)).items() if one is not None}
POLYMERS = sorted(name for name, molecule in MOLECULES.items() if molecule.polymer)
LENGTHS = [2, 3, 4, 10, 120]


def bonded_of(name: str) -> Mapping[str, Any]:
    """Return the parameters by type as bonded.yaml has them."""
    polymer = MOLECULES[name].polymer
    assert polymer is not None
    return polymer.bonded


@pytest.mark.parametrize("monomers", LENGTHS)
@pytest.mark.parametrize("name", POLYMERS)
def test_the_charges_add_up_to_exactly_zero(name: str, monomers: int) -> None:
    rows = rows_of(chain_itp(MOLECULES[name], monomers), "atoms")
    assert sum(Decimal(row[6]) for row in rows) == 0


@pytest.mark.parametrize("monomers", LENGTHS)
def test_counts_follow_from_the_chemistry(monomers: int) -> None:
    n = monomers
    for name, atoms, torsions in (
        # H(NH2BH2)nH: 4 H per unit and two more; H(NHBH)nH: 2 H per unit and two more.
        ("PAB", {"N": n, "B": n, "H": 4 * n + 2}, 9 * (2 * n - 1)),  # three atoms on both ends of each of 2n-1 bonds
        ("PIB", {"N": n, "B": n, "H": 2 * n + 2}, 4 * (2 * n - 1)),
        ("PEO", {"C": 2 * n, "O": n, "H": 4 * n + 2}, 3 * 2 * n + 9 * (n - 1)),  # 2n bonds C-O, n-1 bonds C-C
        ("PP", {"C": 3 * n + 1, "H": 6 * n + 4}, 9 * 3 * n),  # an alkane without rings
    ):
        chain = chain_topology(MOLECULES[name], n)
        assert Counter(atom.name[0] for atom in chain.atoms) == atoms
        assert len(chain.bonds) == len(chain.atoms) - 1  # a tree
        assert len(chain.dihedrals) == torsions
        assert len(chain.pairs) == torsions  # without rings every torsion has its own pair of ends
        assert len(chain.impropers) == (2 * n if name == "PIB" else 0)


@pytest.mark.parametrize("monomers", [2, 4, 10])
@pytest.mark.parametrize("name", POLYMERS)
def test_pairs_are_the_atoms_three_bonds_apart(name: str, monomers: int) -> None:
    chain = chain_topology(MOLECULES[name], monomers)
    n = len(chain.atoms)
    bonded = np.zeros((n, n), dtype=int)
    for i, j in chain.bonds:
        bonded[i, j] = bonded[j, i] = 1
    within = [np.linalg.matrix_power(bonded + np.eye(n, dtype=int), k) > 0 for k in (2, 3)]
    assert set(chain.pairs) == {(i, j) for i, j in zip(*np.nonzero(within[1] & ~within[0]), strict=True) if i < j}
    paths = np.linalg.matrix_power(bonded, 2)
    assert len(chain.angles) == np.triu(paths, 1).sum()


@pytest.mark.parametrize("name", POLYMERS)
def test_the_itp_has_every_term_once_with_the_parameters_of_its_types(name: str) -> None:
    molecule = MOLECULES[name]
    chain = chain_topology(molecule, 4)
    text = chain_itp(molecule, 4)
    for section, terms in (("bonds", chain.bonds), ("angles", chain.angles), ("pairs", chain.pairs)):
        width = len(terms[0])
        assert [tuple(int(x) - 1 for x in row[:width]) for row in rows_of(text, section)] == list(terms)
    torsions = rows_of(text, "dihedrals")
    assert [tuple(int(x) - 1 for x in row[:4]) for row in torsions if row[4] == "3"] == list(chain.dihedrals)
    bond = next(row for row in rows_of(text, "bonds") if row[:2] == ("1", "2"))  # the first atom and a hydrogen
    types = sorted(atom.type for atom in chain.atoms[:2])
    (given,) = [one for one in bonded_of(name)["bonds"] if sorted(one["types"]) == types]
    assert (float(bond[3]), float(bond[4])) == (given["r0_nm"], given["k_kJ_per_mol_nm2"])


def test_the_turn_about_a_bond_of_pib_costs_what_its_four_terms_say() -> None:
    atoms = chain_topology(MOLECULES["PIB"], 2).atoms
    rows = [row for row in rows_of(chain_itp(MOLECULES["PIB"], 2), "dihedrals") if row[4] == "3"]
    across = [row for row in rows if {row[1], row[2]} == {"4", "6"}]  # B1-N2
    assert len(across) == 4
    for row in across:
        types = [atoms[int(number) - 1].type for number in row[:4]]
        (given,) = [one for one in bonded_of("PIB")["torsions"] if one["types"] in (types, types[::-1])]
        v1, v2, v3 = (given[f"V{n}_kJ_per_mol"] for n in (1, 2, 3))
        for phi in np.radians(np.arange(0, 360, 30)):
            series = sum(float(c) * math.cos(phi - math.pi) ** n for n, c in enumerate(row[5:]))
            fourier = v1 / 2 * (1 + math.cos(phi)) + v2 / 2 * (1 - math.cos(2 * phi)) + v3 / 2 * (1 + math.cos(3 * phi))
            assert series == pytest.approx(fourier, abs=1e-3)


def test_ryckaert_bellemans_is_the_fourier_series() -> None:
    v1, v2, v3 = 2.7196, -1.0460, 2.8033
    phi = np.radians(np.arange(0, 360, 10))
    fourier = v1 / 2 * (1 + np.cos(phi)) + v2 / 2 * (1 - np.cos(2 * phi)) + v3 / 2 * (1 + np.cos(3 * phi))
    series = sum(c * np.cos(phi - np.pi) ** n for n, c in enumerate(ryckaert_bellemans(v1, v2, v3)))
    assert series == pytest.approx(fourier, abs=1e-12)


def test_units_beyond_99_keep_unique_names_of_five_characters() -> None:
    assert atom_name("HBa", 3) == "HB3a"
    names = [atom.name for atom in chain_topology(MOLECULES["PIB"], 359).atoms]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 5
    assert all(re.match(r"[NBH]", name) for name in names)


@pytest.mark.parametrize("name", ["PAB", "PIB"])
def test_sites_part_the_chain_into_head_middle_and_tail(name: str) -> None:
    sites = {site["name"]: site for site in sites_of(MOLECULES[name], 4)}
    chain = chain_topology(MOLECULES[name], 4)
    assert set(sites) == {f"{kind}_{part}" for kind in ("N", "B", "HN", "HB") for part in ("head", "middle", "tail")}
    assert sorted(i for site in sites.values() for i in site["atoms"]) == list(range(len(chain.atoms)))
    for label, site in sites.items():
        part = {"head": {0}, "middle": {1, 2}, "tail": {3}}[label.split("_")[1]]
        assert {chain.unit_of_atom[i] for i in site["atoms"]} <= part
        assert all(chain.atoms[i].type.startswith(f"b_{site['kind']}") for i in site["atoms"])
    assert not any(site["name"].endswith("_middle") for site in sites_of(MOLECULES[name], 2))


def test_a_chain_may_name_some_of_its_atoms_as_sites_or_none() -> None:
    oxygens = [i for i, atom in enumerate(chain_topology(MOLECULES["PEO"], 4).atoms) if atom.name.startswith("O")]
    assert [site["atoms"] for site in sites_of(MOLECULES["PEO"], 4)] == [oxygens[:1], oxygens[1:3], oxygens[3:]]
    assert sites_of(MOLECULES["PP"], 4) == []


@pytest.mark.parametrize("monomers", [1, 0, -3, 360, None])
def test_impossible_lengths_are_refused(monomers: int | None) -> None:
    with pytest.raises(ForceFieldError, match=r"PAB: .* monomers"):
        sites_of(MOLECULES["PAB"], monomers)


def changed(molecule: Molecule, **parts: object) -> Molecule:
    assert molecule.polymer is not None
    return replace(molecule, polymer=replace(molecule.polymer, **parts))  # type: ignore[arg-type]


def test_a_charge_that_is_off_is_refused() -> None:
    assert MOLECULES["PIB"].polymer is not None
    units = {part: dict(unit) for part, unit in MOLECULES["PIB"].polymer.units.items()}
    first, *rest = units["middle"]["atoms"]
    units["middle"]["atoms"] = [{**first, "charge": first["charge"] + 0.0001}, *rest]
    with pytest.raises(ForceFieldError, match=r"add up to 0\.0002"):
        chain_topology(changed(MOLECULES["PIB"], units=units), 4)


def test_a_missing_or_doubled_parameter_is_refused() -> None:
    assert MOLECULES["PAB"].polymer is not None
    bonded = dict(MOLECULES["PAB"].polymer.bonded)
    for angles, found in ((bonded["angles"][1:], 0), ([*bonded["angles"], bonded["angles"][0]], 2)):
        with pytest.raises(ForceFieldError, match=f"{found} entries for angles"):
            chain_itp(changed(MOLECULES["PAB"], bonded={**bonded, "angles": angles}), 3)
