"""Torsion scans: which points belong together, what a barrier is, and that planted parameters come back from noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from derivation import bonded, parameters, scans, torsions
from derivation.bonded import Relaxed, columns_of, conformers, refine, terms
from derivation.classical import Vacuum
from derivation.oligomers import coordinates_A, oligomer
from derivation.parameters import with_bonded
from derivation.scans import Scan, barrier_kJ_per_mol, connected, left_out, turned_deg
from workflow.inputs import Molecule

MOLECULES = parameters.molecules()
ANGLES = np.arange(-150.0, 181.0, 30.0)
TRUE = {"PAB": [1.6, 2.5, -1.0], "PIB": [20.0, 3.0]}  # V3, V1, V2 and V2, V1 of `columns_of`
START = {"PAB": (180.0, 180.0, 180.0), "PIB": (180.0, 180.0, 180.0)}


def with_values(kind: str, values: list[float]) -> Molecule:
    """The chain with these values of its free torsion parameters and no others."""
    molecule = MOLECULES[kind]
    assert molecule.polymer is not None
    rows = [dict(one) | {f"V{n}_kJ_per_mol": 0.0 for n in (1, 2, 3)} for one in molecule.polymer.bonded["torsions"]]
    for column, value in zip(columns_of(kind, molecule), values, strict=True):
        for row in rows:
            if tuple(row["types"]) in column.members:
                row[column.key] = value
    return with_bonded(molecule, {**molecule.polymer.bonded, "torsions": rows})


def beginning(kind: str) -> list[float]:
    return [column.start for column in columns_of(kind, MOLECULES[kind])]


def planted(kind: str, noise: NDArray[np.float64], number: int = 1) -> Scan:
    """The scan that the chain with the true values gives, its other torsions held extended, with noise in kJ/mol."""
    fours = oligomer(kind, 3).torsions
    four, beside = fours[number], tuple(one for one in fours if one != fours[number])
    vacuum = Vacuum([(with_values(kind, TRUE[kind]), 1, 3)])
    start = coordinates_A(oligomer(kind, 3), START[kind])
    held = [(one, 180.0) for one in beside]
    found = [vacuum.minimise(start, [(four, float(angle)), *held]) for angle in ANGLES]
    energies = np.array([energy for _, energy in found]) + noise
    return Scan(f"t{number}", four, ANGLES, [xyz for xyz, _ in found], energies - energies.min(), beside)


def fitted(kind: str, found: list[Scan], rounds: int = 3) -> list[float]:
    values = beginning(kind)
    for _ in range(rounds):
        molecule = with_values(kind, values)
        quadruples = terms(molecule, 3, "torsions")
        values = torsions.fit(molecule, found, columns_of(kind, molecule), quadruples)  # type: ignore[arg-type]
    return values


@pytest.mark.parametrize("kind", ["PAB", "PIB"])
def test_the_parameters_that_made_a_scan_come_back(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torsions, "RIDGE", 1e-6)
    assert fitted(kind, [planted(kind, np.zeros(12))]) == pytest.approx(TRUE[kind], abs=0.1)


def test_noise_and_a_collapsed_point_leave_the_parameters_near_the_truth() -> None:
    """Three scans with noise of 1 kJ/mol: V3, of nine torsions about a bond, to 0.2; V1 and V2, of one, to 1.5 kJ/mol.

    A point that is 40 kJ/mol too low in one scan moves V3 little more.
    """
    noise = np.random.default_rng(3).normal(size=(3, 12))
    noisy = fitted("PAB", [planted("PAB", noise[number], number) for number in range(3)])
    assert noisy[0] == pytest.approx(TRUE["PAB"][0], abs=0.2)
    assert noisy[1:] == pytest.approx(TRUE["PAB"][1:], abs=1.5)
    noise[1] -= 40 * (ANGLES == 90)
    collapsed = fitted("PAB", [planted("PAB", noise[number], number) for number in range(3)])
    assert collapsed[0] == pytest.approx(TRUE["PAB"][0], abs=0.4)


def test_what_no_scan_shows_stays_at_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torsions, "RIDGE", 1e9)
    assert fitted("PAB", [planted("PAB", np.zeros(12))], 1) == pytest.approx(beginning("PAB"), abs=1e-5)


def test_all_torsions_about_a_bond_share_one_parameter() -> None:
    for kind, backbone in (("PAB", [1, 2]), ("PIB", [1])):
        shared, *others = columns_of(kind, MOLECULES[kind])
        polymer = MOLECULES[kind].polymer
        assert polymer is not None and len(shared.members) == len(polymer.bonded["torsions"])
        assert [one.n for one in others] == backbone
        assert not any(part.startswith("b_H") for one in others for types in one.members for part in types)


def ring(other_deg: list[float], energies: list[float]) -> Scan:
    """A scan of PAB's middle torsion with the first torsion at these angles."""
    chain = oligomer("PAB", 3)
    first, middle, last = chain.torsions
    xyz = [coordinates_A(chain, (a, b, 180.0)) for a, b in zip(other_deg, ANGLES, strict=True)]
    return Scan("PAB-n3-t2", middle, ANGLES, xyz, np.array(energies), (first, last))


def test_points_behind_a_jump_are_left_out() -> None:
    flat = [0.0] * 12
    assert left_out(ring([180.0] * 12, flat)) == [] and connected(ring([180.0] * 12, flat)).is_ring
    folded = ring([180, 180, 180, 50, 50, 50, 50, 180, -170, 170, 180, 180], [90, 90, 95, 0, 1, 2, 3, *[90] * 5])
    assert left_out(folded) == [-60.0, -30.0, 0.0, 30.0]
    part = connected(folded)
    assert part.angles_deg.tolist() == [60.0, 90.0, 120.0, 150.0, 180.0, -150.0, -120.0, -90.0]
    assert part.energies_kJ_per_mol.tolist() == [0, 0, 0, 0, 0, 0, 0, 5] and not part.is_ring
    assert len(part.xyz_A) == 8


@pytest.mark.parametrize(("step", "jumps"), [(58.0, False), (62.0, True)])
def test_a_turn_of_sixty_degrees_is_the_limit(step: float, jumps: bool) -> None:
    found = ring([180.0] * 5 + [180.0 - step] * 7, [0.0] * 12)
    assert turned_deg(found.xyz_A[4], found.xyz_A[5], found.beside) == pytest.approx(step, abs=1e-6)
    assert (len(left_out(found)) == 5) == jumps


def test_equally_long_runs_keep_the_extended_one() -> None:
    found = ring([0.0] * 6 + [180.0] * 6, [0.0] * 12)
    assert left_out(found) == [-150.0, -120.0, -90.0, -60.0, -30.0, 0.0]


def curve(energies: list[float], is_ring: bool = True) -> Scan:
    count = len(energies)
    return Scan("x", (0, 1, 2, 3), ANGLES[:count], [np.zeros((4, 3))] * count, np.array(energies, float), (), is_ring)


def test_a_conformer_difference_is_no_barrier() -> None:
    assert barrier_kJ_per_mol(curve([0, 5, 9, 5, 2, 6, 4, 2, 3, 8, 4, 1])) == pytest.approx(7)  # 9 above 2, not above 0
    assert barrier_kJ_per_mol(curve([0, 50, 98, 98.5, 98, 90, 70, 60, 50, 40, 30, 20])) == 0  # one minimum
    step = [98.0, 99.0, 97.0, 98.5, 98.0, 60.0, 20.0, 0.0]
    assert barrier_kJ_per_mol(curve(step, is_ring=False)) == pytest.approx(1.5)  # not 98 above the coil
    assert barrier_kJ_per_mol(curve([0, 6, 3, 4, 1], is_ring=False)) == pytest.approx(3)
    assert barrier_kJ_per_mol(curve([5, 0, 3, 8, 0.5, 2], is_ring=True)) == pytest.approx(7.5)


def test_barrier_of_a_threefold_profile_is_its_height() -> None:
    threefold = 4.3 * (1 + np.cos(3 * np.radians(ANGLES)))
    assert barrier_kJ_per_mol(curve(threefold.tolist())) == pytest.approx(8.6)


def few_conformers(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    those = [one for one in conformers(kind) if one.units == 3]
    monkeypatch.setattr(bonded, "conformers", lambda _: those)
    monkeypatch.setattr(bonded, "ROUNDS", 2)


def test_a_fit_that_is_no_better_than_its_start_is_dropped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    few_conformers("PAB", monkeypatch)
    molecule = with_values("PAB", beginning("PAB"))
    scan = planted("PAB", np.zeros(12))
    good, said = refine("PAB", molecule, [scan])
    assert said.startswith("fitted to t1")
    monkeypatch.setattr(bonded, "fit", lambda *_: [-30.0, 20.0, 20.0])  # what the fit without a ridge once gave
    kept, said = refine("PAB", molecule, [scan])
    assert said.startswith("kept") and "is worse" in said
    for one, expected in ((kept, True), (good, False)):
        assert one.polymer is not None
        values = {row["V3_kJ_per_mol"] for row in one.polymer.bonded["torsions"]}
        assert (values == {0.96}) == expected


def test_a_fit_that_bends_the_molecule_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    few_conformers("PAB", monkeypatch)
    misses = iter([{"profile": 3.0, "angles": 1.0}, {"profile": 1.0, "angles": 1.2}])
    monkeypatch.setattr(bonded, "_misses", lambda *_: next(misses))
    _, said = refine("PAB", with_values("PAB", beginning("PAB")), [planted("PAB", np.zeros(12))])
    assert said.startswith("kept") and "angles 1 -> 1.2" in said


def test_deviations_are_those_that_were_put_in() -> None:
    one = conformers("PIB")[0]
    stretched = Relaxed(one, 1.01 * one.xyz_A, 0.0)
    found = bonded.deviations(MOLECULES["PIB"], [stretched], "bonds")
    lengths = [bonded.measure(one.xyz_A, atoms) for _, atoms in terms(MOLECULES["PIB"], one.units, "bonds")]
    assert found == pytest.approx([0.01 * length for length in lengths])
    assert bonded.deviations(MOLECULES["PIB"], [replace(stretched, xyz_A=one.xyz_A)], "angles") == pytest.approx(
        [0.0] * len(terms(MOLECULES["PIB"], one.units, "angles"))
    )


def test_the_committed_scans_of_pab_are_split_where_the_chain_folds() -> None:
    found = {one.name: one for one in scans.scans("PAB")}
    assert left_out(found["PAB-n3-t1"]) == [-60.0, -30.0, 0.0, 30.0, 60.0]
    assert left_out(found["PAB-n3-t2"]) == []
