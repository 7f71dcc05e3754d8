"""Drawn chains: right geometry, no clash, never straight, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.workflow import fluoropolymer
from workflow.backbone import Backbone
from workflow.cis_trans import share
from workflow.conformers import cis_share, draw, sequence_from_coordinates
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_declared, read_molecules
from workflow.inputs.problems import Problems
from workflow.internal_coordinates import place, torsion_deg
from workflow.itp import ForceFieldError, rows_of
from workflow.polymers import chain_itp, chain_topology

ROOT = Path(__file__).resolve().parents[2]
MOLECULES = {name: one for name, one in read_molecules(ROOT, Problems(ROOT)).items() if one is not None}
POLYMERS = sorted(name for name, molecule in MOLECULES.items() if molecule.polymer)


def with_cis_probability(probability: float) -> Molecule:
    molecule = MOLECULES["PIB"]
    assert molecule.polymer is not None
    return replace(molecule, polymer=replace(molecule.polymer, cis_probability=probability))


@pytest.mark.parametrize("torsion", [-170.0, -60.0, 0.0, 35.0, 180.0])
def test_an_atom_is_placed_where_its_internal_coordinates_say(torsion: float) -> None:
    a, b, c = np.array([0.1, 0.9, 0.2]), np.array([0.0, 0.1, 0.0]), np.array([0.3, 0.2, -0.1])
    d = place(a, b, c, 0.15, 109.5, torsion)
    cosine = np.dot(b - c, d - c) / np.linalg.norm(b - c) / np.linalg.norm(d - c)
    assert np.linalg.norm(d - c) == pytest.approx(0.15)
    assert np.degrees(np.arccos(cosine)) == pytest.approx(109.5)
    assert abs((torsion_deg(a, b, c, d) - torsion + 180) % 360 - 180) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", POLYMERS)
def test_bonds_and_angles_are_those_of_the_force_field(name: str) -> None:
    text = chain_itp(MOLECULES[name], 6)
    for conformer in draw(MOLECULES[name], 6, 5, seed=11):
        xyz = conformer.xyz_nm
        assert xyz.mean(axis=0) == pytest.approx(0, abs=1e-12)
        for i, j, _, r0, _k in rows_of(text, "bonds"):
            assert np.linalg.norm(xyz[int(i) - 1] - xyz[int(j) - 1]) == pytest.approx(float(r0), abs=1e-6)
        for i, j, k, _, theta0, _f in rows_of(text, "angles"):
            a, b = (xyz[int(x) - 1] - xyz[int(j) - 1] for x in (i, k))
            theta = np.degrees(np.arccos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)))
            # The three angles at a planar centre do not add up to 360 degrees in the force field: H-N-H gives way.
            assert theta == pytest.approx(float(theta0), abs=11)


@pytest.mark.parametrize("monomers", [2, 4, 10, 40])
@pytest.mark.parametrize("name", POLYMERS)
def test_no_atoms_clash(name: str, monomers: int) -> None:
    chain = chain_topology(MOLECULES[name], monomers)
    n = len(chain.atoms)
    bonded = np.eye(n, dtype=int)
    for i, j in chain.bonds:
        bonded[i, j] = bonded[j, i] = 1
    far = np.linalg.matrix_power(bonded, 3) == 0
    heavy = np.array([not atom.name.startswith("H") for atom in chain.atoms])
    for conformer in draw(MOLECULES[name], monomers, 2, seed=5):
        xyz = conformer.xyz_nm
        distance = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
        assert distance[far].min() > 0.159
        assert distance[far & np.outer(heavy, heavy)].min(initial=1.0) > 0.269


@pytest.mark.parametrize("name", POLYMERS)
def test_the_seed_decides_and_chains_differ(name: str) -> None:
    first, again, other = (draw(MOLECULES[name], 10, 4, seed) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.xyz_nm, b.xyz_nm)
    shapes = [sequence_from_coordinates(c.xyz_nm, MOLECULES[name], 10) for c in [*first, *other]]
    assert len(set(shapes)) == 8 or name == "PP"  # PP has few shapes without a clash, see below
    assert len(set(shapes[:4])) == 4


@pytest.mark.parametrize("name", POLYMERS)
@pytest.mark.parametrize("monomers", [3, 4])
def test_no_chain_is_the_straight_zigzag(name: str, monomers: int) -> None:
    molecule = MOLECULES[name]
    for conformer in draw(molecule, monomers, 9, seed=3):
        assert set(sequence_from_coordinates(conformer.xyz_nm, molecule, monomers)) != {"t"}


def test_pib_is_planar_and_its_sequence_can_be_read_back() -> None:
    for conformer in draw(MOLECULES["PIB"], 10, 10, seed=8):
        assert conformer.sequence is not None and len(conformer.sequence) == 17  # 2n - 3 inner bonds
        assert np.linalg.svd(conformer.xyz_nm)[1][2] < 1e-9  # flat
        assert sequence_from_coordinates(conformer.xyz_nm, MOLECULES["PIB"], 10) == conformer.sequence
        assert "cc" not in conformer.sequence  # two cis bonds in a row would put two atoms onto each other
    assert all(conformer.sequence is None for conformer in draw(MOLECULES["PAB"], 4, 2, seed=1))


def test_pab_reads_back_gauche_with_the_right_sign_in_the_mirror() -> None:
    xyz = draw(MOLECULES["PAB"], 8, 1, seed=4)[0].xyz_nm
    shape = sequence_from_coordinates(xyz, MOLECULES["PAB"], 8)
    mirrored = sequence_from_coordinates(xyz * [1, 1, -1], MOLECULES["PAB"], 8)
    assert mirrored == shape.translate(str.maketrans("+-", "-+"))


@pytest.mark.parametrize("monomers", [4, 10, 20])
def test_polypropylene_is_isotactic_and_its_clash_free_shapes_are_helices(monomers: int) -> None:
    """They are the helix (trans, gauche)n of its crystal; the hand of the helix may turn once along a chain."""
    molecule = MOLECULES["PP"]
    names = [atom.name for atom in chain_topology(molecule, monomers).atoms]
    for conformer in draw(molecule, monomers, 4, seed=6):
        at = {name: conformer.xyz_nm[i] for i, name in enumerate(names)}
        hands = [
            np.dot(np.cross(at[f"C{u - 1}c"] - at[f"C{u}a"], at[f"C{u}c"] - at[f"C{u}a"]), at[f"C{u}b"] - at[f"C{u}a"])
            for u in range(2, monomers)
        ]
        assert min(map(abs, hands)) > 1e-3 * 0.5  # nm3; a tetrahedral centre of bonds of 0.15 nm has 0.0026
        assert len({hand > 0 for hand in hands}) == 1
        sequence = sequence_from_coordinates(conformer.xyz_nm, molecule, monomers)
        pairs = [sequence[i : i + 2] for i in range(2, len(sequence) - 2, 2)]  # at the ends a CH has two CH3
        assert set(pairs) <= {"-t", "t+"}
        assert pairs == sorted(pairs)  # - sorts before t: the hand turns one way only


def test_a_backbone_that_cannot_be_built_is_refused() -> None:
    polymer = MOLECULES["PP"].polymer
    assert polymer is not None
    units = {part: dict(unit) for part, unit in polymer.units.items()}
    units["tail"]["bonds"] = [pair for pair in units["tail"]["bonds"] if pair != ["Ca", "Cc"]]
    with pytest.raises(ForceFieldError, match="backbone"):
        draw(replace(MOLECULES["PP"], polymer=replace(polymer, units=units)), 4, 1, seed=1)


@pytest.fixture
def pvdf(tmp_path: Path) -> Molecule:
    """Polyvinylidene fluoride, whose units list fluorine last."""
    problems = Problems(tmp_path)
    molecule = read_declared(fluoropolymer.write(tmp_path / "PVDF"), frozenset({"jorgensen1996"}), problems)
    assert molecule is not None and not problems.found
    return molecule


@pytest.mark.parametrize("monomers", [2, 3, 10])
def test_a_fluorinated_chain_is_drawn(pvdf: Molecule, monomers: int) -> None:
    """Two fluorine atoms on the same side of carbons beside a CH2 stand 0.255 nm apart, in its crystal as here."""
    found = draw(pvdf, monomers, 4, seed=1)
    names = [atom.name for atom in chain_topology(pvdf, monomers).atoms]
    fluorine = [i for i, name in enumerate(names) if name.startswith("F")]
    shortest = min(
        np.linalg.norm(one.xyz_nm[i] - one.xyz_nm[j]) for one in found for i in fluorine for j in fluorine if i < j
    )
    assert 0.21 < shortest < 0.26


def test_the_backbone_runs_through_the_atoms_that_join_units(pvdf: Molecule) -> None:
    chain = Backbone(pvdf, 3)
    assert [chain.topology.atoms[i].name for i in chain.path] == ["C1a", "C1b", "C2a", "C2b", "C3a", "C3b"]
    ends = {name: [Backbone(MOLECULES[name], 2).path[i] for i in (0, -1)] for name in POLYMERS}
    heavy = {name: [i for i, a in enumerate(atoms_of(name)) if not a.startswith("H")] for name in POLYMERS}
    assert ends == {name: [heavy[name][0], heavy[name][-1]] for name in POLYMERS}  # as their units list them


def atoms_of(name: str) -> list[str]:
    return [atom.name for atom in chain_topology(MOLECULES[name], 2).atoms]


def test_a_side_group_of_two_heavy_atoms_is_refused_with_a_remedy(pvdf: Molecule) -> None:
    assert pvdf.polymer is not None
    units = {part: dict(unit) for part, unit in pvdf.polymer.units.items()}
    units["middle"]["bonds"] = [["Fa", "Fb"] if pair == ["Ca", "Fb"] else pair for pair in units["middle"]["bonds"]]
    with pytest.raises(ForceFieldError, match=r"side groups of more than one heavy atom.*: F2a, F2b .*Remedy: "):
        draw(replace(pvdf, polymer=replace(pvdf.polymer, units=units)), 3, 1, seed=1)


def test_the_cis_share_follows_the_probability_within_what_clashes_allow() -> None:
    shares = {}
    for probability in (0.1, 0.25, 0.8):
        drawn = draw(with_cis_probability(probability), 10, 30, seed=2)
        shares[probability] = cis_share([c.sequence or "" for c in drawn])
    assert 0 < shares[0.1] < shares[0.25] < shares[0.8] <= 9 / 17
    assert shares[0.25] == pytest.approx(share(17, 0.25), abs=0.05)


def test_probability_zero_leaves_nothing_to_draw() -> None:
    with pytest.raises(ForceFieldError, match="clash-free"):
        draw(with_cis_probability(0.0), 6, 1, seed=1)  # only the zigzag is left, which is refused


def test_neighbouring_conformers_differ_in_more_than_orientation() -> None:
    drawn = draw(MOLECULES["PAB"], 10, 6, seed=7)
    extents = [np.linalg.norm(c.xyz_nm[0] - c.xyz_nm[-1]) for c in drawn]
    assert all(abs(a - b) > 1e-3 for a, b in pairwise(sorted(extents)))


def test_coordinates_of_another_chain_are_refused() -> None:
    with pytest.raises(ForceFieldError, match="shape"):
        sequence_from_coordinates(np.zeros((7, 3)), MOLECULES["PIB"], 10)
