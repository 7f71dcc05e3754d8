"""The derivation on planted DFT results: ammonia borane and the Li-H(B) pair term come back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from derivation import charges, fit, pair_term, raw, record
from derivation.ammonia_borane import fit_ammonia_borane
from derivation.binding import Lab
from derivation.bonded import measure, terms
from derivation.classical import Vacuum
from derivation.itp_text import Terms, with_coordinates, with_numbers
from derivation.oligomers import chain_of
from derivation.optimise import BOHR_A
from derivation.parameters import molecules, with_bonded
from derivation.potential import potential_points_A
from derivation.seminario import FREQUENCY_SCALE, TO_KJ_PER_MOL_A2
from derivation.starts import KJ_PER_MOL, STARTS
from derivation.xyz_file import Structure, read
from workflow.forcefield import molecule_atoms, moleculetype_text
from workflow.inputs import Molecule
from workflow.itp import rows_of

MOLECULES = molecules()
CHARGES = {"N": -0.30, "HN": 0.23, "B": 0.15, "HB": -0.18}
BONDED: dict[str, Terms] = {
    "bonds": {("b_HN", "b_N"): (0.1016, 370000.0), ("b_B", "b_N"): (0.1655, 90000.0), ("b_B", "b_HB"): (0.1215, 165e3)},
    "angles": {
        ("b_HN", "b_N", "b_HN"): (107.0, 300.0),
        ("b_B", "b_N", "b_HN"): (110.5, 330.0),
        ("b_HB", "b_B", "b_N"): (104.5, 310.0),
        ("b_HB", "b_B", "b_HB"): (113.5, 240.0),
    },
}

Plant = Callable[..., None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Return what puts structures, energies (kJ/mol) and arrays in the place of the committed results."""

    def put(
        geometries: dict[str, Structure],
        energies: dict[tuple[str, str], float],
        arrays: dict[tuple[str, str], dict[str, NDArray[np.float64]]],
    ) -> None:
        rows = {key: {"energy_Ha": repr(value / KJ_PER_MOL)} for key, value in energies.items()}
        monkeypatch.setattr(raw, "geometries", lambda: geometries)
        monkeypatch.setattr(raw, "_energies", lambda: rows)
        monkeypatch.setattr(raw, "arrays", lambda structure, calculation: arrays[structure, calculation])
        monkeypatch.setattr(raw, "has_arrays", lambda structure, calculation: (structure, calculation) in arrays)

    return put


def true_ammonia_borane(folder: Path) -> Molecule:
    """Ammonia borane with the planted numbers."""
    start = MOLECULES["AB"]
    folder.mkdir()
    for path in start.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / "AB.itp").read_text(encoding="utf-8")
    (folder / "AB.itp").write_text(with_numbers(text, CHARGES, BONDED), encoding="utf-8")
    return replace(start, folder=folder)


def hessian_au(vacuum: Vacuum, xyz_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """The second derivatives of the energy, in the scale of a DFT Hessian."""
    n, h = xyz_A.size, 2e-3
    steps = h * np.eye(n)

    def energy(move: NDArray[np.float64]) -> float:
        return vacuum.energy_kJ_per_mol(xyz_A + move.reshape(-1, 3))

    found = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            corners = [energy(a * steps[i] + b * steps[j]) * a * b for a in (1, -1) for b in (1, -1)]
            found[i, j] = found[j, i] = sum(corners) / (4 * h * h)
    return found / TO_KJ_PER_MOL_A2 / FREQUENCY_SCALE**2


def plant_ammonia_borane(plant: Plant, molecule: Molecule) -> NDArray[np.float64]:
    """Plant what this molecule would give as DFT results; return its minimum in angstrom."""
    vacuum = Vacuum([(molecule, 1, None)])
    xyz, _ = vacuum.minimise(read(STARTS)["AB-c1"].xyz_A)
    one = Structure("AB-c1", chain_of("AB-c1").symbols, xyz)
    points, _ = potential_points_A(one)
    distances = np.linalg.norm(points[:, None] - xyz[None], axis=2) / BOHR_A
    value = (np.array([atom.charge_e for atom in molecule_atoms(molecule)]) / distances).sum(axis=1)
    arrays = {
        ("AB-c1", "potential"): {"points_A": points, "potential_au": value},
        ("AB-c1", "hessian"): {"hessian_au": hessian_au(vacuum, xyz)},
    }
    plant({"AB-c1": one}, {}, arrays)
    return xyz


def without_numbers(text: str) -> list[str]:
    """The words of a text, decimal numbers by the number of their decimals."""
    return [re.sub(r"^-?\d+\.(\d+)$", lambda found: "#" * len(found[1]), word) for word in text.split()]


def test_ammonia_boranes_charges_lengths_angles_and_stretches_come_back(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charges, "RESTRAINT_AU", 1e-9)
    truth = true_ammonia_borane(tmp_path / "truth")
    xyz = plant_ammonia_borane(plant, truth)
    found = fit_ammonia_borane(MOLECULES["AB"], tmp_path)
    assert {atom: charge for (_, atom), charge in found.charges.charges_e.items()} == pytest.approx(CHARGES, abs=2e-3)
    assert sum(round(1e4 * atom.charge_e) for atom in molecule_atoms(found.molecule)) == 0
    reached = found.reached[0].xyz_A
    for section, tolerance in (("bonds", 1e-4), ("angles", 0.2)):
        for _, atoms in terms(truth, None, section):
            assert measure(reached, atoms) == pytest.approx(measure(xyz, atoms), abs=tolerance)
    constants = {row[:2]: float(row[4]) for row in rows_of(moleculetype_text(found.molecule), "bonds")}
    assert constants["1", "5"] == pytest.approx(90000, rel=0.1)  # Seminario's, coupled with the angles
    assert constants["1", "2"] == pytest.approx(370000, rel=0.02)


def test_ammonia_borane_is_neutral_whatever_the_potential_says() -> None:
    one = read(STARTS)["AB-c1"]
    points, _ = potential_points_A(one)
    inverse = 1 / (np.linalg.norm(points[:, None] - one.xyz_A[None], axis=2) / BOHR_A)
    atoms = np.array([0.1, *[0.2] * 3, 0.1, *[-0.1] * 3])  # 0.5 e
    found = charges.fit("AB", [charges.Potential("AB-c1", inverse, inverse @ atoms)])
    assert found.unit_e("whole", "AB") == pytest.approx(0, abs=1e-9)
    assert list(found.charges_e) == [("whole", atom) for atom in ("N", "HN", "B", "HB")]


def test_only_numbers_of_the_itp_change(tmp_path: Path) -> None:
    before = (MOLECULES["AB"].folder / "AB.itp").read_text(encoding="utf-8")
    after = with_numbers(before, CHARGES, BONDED)
    assert after != before
    assert without_numbers(after) == without_numbers(before)
    assert [len(line) for line in after.splitlines()] == [len(line) for line in before.splitlines()]
    torsions = before.partition("[ dihedrals ]")
    assert after.endswith("".join(torsions[1:]))  # the barrier is the measured one and stays
    with pytest.raises(KeyError):
        with_numbers(before, CHARGES, {**BONDED, "bonds": {}})


def test_coordinates_of_the_pdb_are_those_given() -> None:
    before = (MOLECULES["AB"].folder / "AB.pdb").read_text(encoding="ascii")
    xyz = np.random.default_rng(2).normal(size=(8, 3))
    after = with_coordinates(before, xyz)
    rows = [line for line in after.splitlines() if line.startswith("HETATM")]
    found = np.array([[float(line[i : i + 8]) for i in (30, 38, 46)] for line in rows])
    assert np.abs(found - (xyz - xyz.mean(axis=0))).max() < 6e-4
    assert [line[:30] + line[54:] for line in after.splitlines()] == [
        line[:30] + line[54:] for line in before.splitlines()
    ]
    for wrong in (xyz[:-1], np.vstack([xyz, xyz[:1]])):
        with pytest.raises(ValueError, match="atoms than"):
            with_coordinates(before, wrong)


def test_what_cannot_be_fitted_is_said_and_the_rest_is_fitted(plant: Plant, tmp_path: Path) -> None:
    plant_ammonia_borane(plant, MOLECULES["AB"])
    outcome = fit.derive(MOLECULES, tmp_path)
    assert set(outcome.fitted) == {"AB"} and set(outcome.lacking) == {"PAB", "PIB"}
    text = record.record(outcome)
    assert "| PAB | not fitted" in text and "no potential of PAB has been computed yet" in text
    assert outcome.known["PAB"] is MOLECULES["PAB"]
    # Li+ complexes judge the chains only.
    assert outcome.verdicts["AB"].jobs_missing == sum(job.structure == "AB-c1" for job in outcome.missing)


def test_torsions_begin_anew_and_stay_there_without_a_complete_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a former fit wrote into the folder is not where the next one begins: the same results give the same fit."""
    bare = {name: one for name, one in raw.geometries().items() if re.fullmatch(r"PIB-n3-c\d", name)}
    monkeypatch.setattr(raw, "geometries", lambda: bare)
    before = MOLECULES["PIB"].polymer
    assert before is not None
    changed = {
        **before.bonded,
        "bonds": [{**one, "r0_nm": 0.2} for one in before.bonded["bonds"]],
        "torsions": [{**one, "V2_kJ_per_mol": 21.0} for one in before.bonded["torsions"]],
    }
    found = fit.fit_chain("PIB", with_bonded(MOLECULES["PIB"], changed))
    after = found.molecule.polymer
    assert after is not None and found.scans == [] and found.torsions.startswith("kept")
    assert {one["V2_kJ_per_mol"] for one in after.bonded["torsions"]} == {25.0}
    assert all(one["r0_nm"] < 0.15 for one in after.bonded["bonds"])  # while lengths are DFT's


COMPLEXES = [name for name in read(STARTS) if re.match(r"Li-(AB|PAB|PIB)-", name)]


def plant_complexes(plant: Plant, c12: float, c6: float) -> None:
    """Plant binding energies that the present force field gives with this change of the pair, at the starts' places."""
    starts = read(STARTS)
    wanted = {one: starts[one] for one in starts if one in COMPLEXES or re.match(r"P[AI]B-n3-c|AB-c", one)}
    plant(wanted, {}, {})
    lab = Lab(MOLECULES, pair_term.PairTerm(0.0, 0.0, c12, c6))
    energies = {(name, "binding_energy"): lab.at_dft_kJ_per_mol(name) for name in wanted}
    plant(wanted, energies | {("Li", "binding_energy"): 0.0}, {})


@pytest.mark.parametrize(("c12", "c6"), [(2e-8, 3e-4), (0.0, 5e-4)])
def test_the_pair_term_that_made_the_binding_energies_comes_back(plant: Plant, c12: float, c6: float) -> None:
    plant_complexes(plant, c12, c6)
    lab = Lab(MOLECULES)
    found = pair_term.term_of(lab, MOLECULES)
    assert found is not None
    assert found.c12_change == pytest.approx(c12, abs=1e-13)
    assert found.c6_change == pytest.approx(c6, rel=1e-4)
    assert 4 * found.epsilon_kJ_per_mol * found.sigma_nm**6 == pytest.approx(found.c6_before + found.c6_change)
    without, with_it = pair_term.effect(lab), pair_term.effect(lab.with_term(found))
    assert with_it.rms_at_dft_kJ_per_mol < 1e-3 < 5 < without.rms_at_dft_kJ_per_mol
    assert (with_it.distance_A < without.distance_A) == (c12 == 0)  # more attraction alone brings Li+ nearer


def test_the_term_is_fitted_to_relaxed_energies(plant: Plant) -> None:
    """Energies of complexes relaxed with a term: the strained fit misses them, the relaxed one comes near the truth."""
    plant_complexes(plant, 0.0, 0.0)
    c12, c6 = pair_term.before(MOLECULES)
    true = pair_term.PairTerm(c12, c6, 1e-8, 3e-4)
    lab, with_true = Lab(MOLECULES), Lab(MOLECULES, true)
    wanted = raw.geometries()
    energies = {
        (name, "binding_energy"): with_true.minimum(name, bound=name.startswith("Li-"))[1]
        for name in wanted
        if name != "Li"
    }
    plant(wanted, energies | {("Li", "binding_energy"): 0.0}, {})
    strained = pair_term.term_of(lab, MOLECULES)
    assert strained is not None
    found = pair_term.relaxed_term_of(lab, strained)
    none, first, last = (pair_term.effect(one).rms_kJ_per_mol for one in (lab, *map(lab.with_term, (strained, found))))
    assert last < min(none, first) and last < 0.2 * none
    assert pair_term.effect(with_true).rms_kJ_per_mol < 1e-6


def test_c12_below_zero_leaves_c6_alone_to_be_fitted() -> None:
    before = pair_term.before(MOLECULES)
    rng = np.random.default_rng(4)
    distances = [rng.uniform(0.19, 0.3, size=3) for _ in range(6)]
    missing = [float(np.sum(-1e-6 * r**-12 + 1e-4 * r**-6)) for r in distances]
    found = pair_term.fit([pair_term.Contacts("", r, e) for r, e in zip(distances, missing, strict=True)], before)
    assert found.c12_change == 0 and found.c6_change > 0
    best = [np.sum(r**-6.0) for r in distances]
    assert found.c6_change == pytest.approx(-np.dot(best, missing) / np.dot(best, best))


def test_the_pair_before_is_the_one_of_the_topology() -> None:
    """The energy of Li+ and ammonia borane far from charge: what the pairs with H(B) add is their Lennard-Jones."""
    c12, c6 = pair_term.before(MOLECULES)
    term = pair_term.PairTerm(c12, c6, -c12, -c6)
    xyz = read(STARTS)["Li-AB-s1"].xyz_A
    r_nm = np.linalg.norm(xyz[6:] - xyz[0], axis=1) / 10
    both = [Vacuum([(MOLECULES["Li"], 1, None), (MOLECULES["AB"], 1, None)]) for _ in range(2)]
    both[1].add_to_pairs([(0, j) for j in (6, 7, 8)], term.c12_change, term.c6_change)
    taken = both[0].energy_kJ_per_mol(xyz) - both[1].energy_kJ_per_mol(xyz)
    assert taken == pytest.approx(float(np.sum(c12 / r_nm**12 - c6 / r_nm**6)), rel=1e-6)
    assert term.epsilon_kJ_per_mol != term.epsilon_kJ_per_mol  # nothing is left of the well
