"""The derivation of the boron-nitrogen chains: each step of the fit gives back what was put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from derivation import charges, parameters, potential, xyz_file
from derivation.oligomers import chain_of, coordinates_A, oligomer
from derivation.optimise import BOHR_A
from derivation.seminario import FREQUENCY_SCALE, TO_KJ_PER_MOL_A2, ForceConstants, imaginary_frequencies_per_cm
from derivation.starts import torsion_deg
from workflow.forcefield import molecule_atoms, molecule_bonds
from workflow.itp import read_atomtypes

MOLECULES = parameters.molecules()
KINDS = ("PAB", "PIB")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [2, 3, 5])
def test_oligomers_are_the_chains_of_the_workflow(kind: str, units: int) -> None:
    chain, molecule = oligomer(kind, units), MOLECULES[kind]
    numbers = {5: "B", 7: "N", 1: "H"}
    types = read_atomtypes(molecule.folder / "atomtypes.itp")
    assert chain.symbols == tuple(numbers[types[a.type].atomic_number] for a in molecule_atoms(molecule, units))
    assert sorted(chain.bonds) == sorted(molecule_bonds(molecule, units))


def test_ammonia_borane_is_one_unit_of_pab() -> None:
    chain = chain_of("AB-c1")
    numbers = {5: "B", 7: "N", 1: "H"}
    types = read_atomtypes(MOLECULES["AB"].folder / "atomtypes.itp")
    assert chain.symbols == tuple(numbers[types[a.type].atomic_number] for a in molecule_atoms(MOLECULES["AB"]))
    assert sorted(chain.bonds) == sorted(molecule_bonds(MOLECULES["AB"]))


@pytest.mark.parametrize("wanted", [(60.0, -60.0, 180.0), (0.0, 120.0, -150.0)])
def test_built_torsions_are_those_asked_for(wanted: tuple[float, ...]) -> None:
    chain = oligomer("PAB", 3)
    xyz = coordinates_A(chain, wanted)
    found = [torsion_deg(xyz, four) for four in chain.torsions]
    assert np.cos(np.radians(np.subtract(found, wanted))) == pytest.approx(1, abs=1e-9)


def test_structures_survive_writing_and_reading(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("xyz") / "two.xyz"
    chain = oligomer("PIB", 3)
    one = xyz_file.Structure("PIB-n3-c1", chain.symbols, coordinates_A(chain, (180, 0, 180)), {"energy_Ha": "-1.5"})
    path.write_text(xyz_file.text_of(one) + xyz_file.text_of(replace(one, name="other")))
    found = xyz_file.read(path)
    assert list(found) == ["PIB-n3-c1", "other"]
    assert found["other"].said == {"energy_Ha": "-1.5"}
    assert np.abs(found["other"].xyz_A - one.xyz_A).max() < 6e-6


def test_potential_is_sampled_outside_the_spheres_and_where_lithium_touches() -> None:
    chain = oligomer("PAB", 1)
    one = xyz_file.Structure("AB", chain.symbols, coordinates_A(chain, ()))
    points, shell = potential.potential_points_A(one)
    distances = np.linalg.norm(points[:, None] - one.xyz_A[None], axis=2)
    radii = np.array([potential.RADII_A[symbol] for symbol in one.symbols])
    for scale in potential.SHELLS:
        ratio = (distances[shell == scale] / radii).min(axis=1)
        assert ratio == pytest.approx(scale, rel=1e-6)
    contact = np.array([potential.CONTACT_A[symbol] for symbol in one.symbols])
    assert (distances[shell == 0] - contact).min(axis=1) == pytest.approx(0, abs=1e-6)
    assert len(points) > 300


def _synthetic(kind: str, units: int, truth: dict[charges.Label, float], seed: int) -> charges.Potential:
    """The potential of a chain whose charges are these; labels with numbered middle units go before shared ones."""
    chain = oligomer(kind, units)
    rng = np.random.default_rng(seed)
    xyz = coordinates_A(chain, rng.uniform(-180, 180, 2 * units - 3).tolist())
    points, _ = potential.potential_points_A(xyz_file.Structure("x", chain.symbols, xyz))
    inverse = BOHR_A / np.linalg.norm(points[:, None] - xyz[None], axis=2)
    labels = zip(charges.labels_of(chain, apart=True), charges.labels_of(chain), strict=True)
    atoms = np.array([truth[numbered] if numbered in truth else truth[shared] for numbered, shared in labels])
    return charges.Potential(f"{kind}-n{units}-c{seed}", inverse, inverse @ atoms)


@pytest.mark.parametrize("kind", KINDS)
def test_charges_that_made_the_potential_come_back(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charges, "RESTRAINT_AU", 1e-9)  # the restraint pulls towards zero, on purpose
    molecule = MOLECULES[kind]
    assert molecule.polymer is not None
    truth = {
        (part, parameters.label_of(atom["name"])): float(atom["charge"])
        for part, unit in molecule.polymer.units.items()
        for atom in unit["atoms"]
    }
    some = [_synthetic(kind, units, truth, seed) for units, seed in ((4, 1), (4, 2), (5, 3))]
    found = charges.fit(kind, some)
    assert found.charges_e == pytest.approx(truth, abs=2e-3)
    assert found.unit_e("middle", kind) == pytest.approx(0, abs=1e-9)
    assert found.unit_e("head", kind) + found.unit_e("tail", kind) == pytest.approx(0, abs=1e-9)
    assert max(found.rrms.values()) < 1e-3
    free = charges.fit(kind, some[:2], constrained=False)
    for (part, atom), value in free.charges_e.items():
        assert value == pytest.approx(truth[part.split()[0], atom], abs=4e-3)


def test_a_charged_middle_unit_is_seen_without_the_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charges, "RESTRAINT_AU", 1e-9)
    truth = dict.fromkeys(charges.all_labels("PAB"), 0.0)
    truth |= {("middle", "B"): 0.06, ("tail", "B"): -0.12}  # two middle units in a tetramer
    free = charges.fit("PAB", [_synthetic("PAB", 4, truth, 1)], constrained=False)
    assert free.largest_middle_e("PAB") == pytest.approx(0.06, abs=5e-3)


def test_charges_that_cancel_between_middle_units_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """+0.10 e on one middle unit and -0.10 on the other: their mean is zero, the criterion is their magnitude."""
    monkeypatch.setattr(charges, "RESTRAINT_AU", 1e-9)
    truth = dict.fromkeys(charges.all_labels("PIB"), 0.0) | {("middle 1", "B"): 0.1, ("middle 2", "N"): -0.1}
    free = charges.fit("PIB", [_synthetic("PIB", 4, truth, seed) for seed in (1, 2)], constrained=False)
    assert free.unit_e("middle 1", "PIB") == pytest.approx(0.1, abs=5e-3)
    assert free.unit_e("middle 2", "PIB") == pytest.approx(-0.1, abs=5e-3)
    assert free.largest_middle_e("PIB") == pytest.approx(0.1, abs=5e-3)
    with pytest.raises(ValueError, match="several lengths"):
        charges.fit("PIB", [_synthetic("PIB", n, truth, 1) for n in (4, 5)], constrained=False)


def test_rounded_charges_are_exactly_neutral() -> None:
    rng = np.random.default_rng(5)
    for kind in KINDS:
        counts = {part: charges.unit_counts(kind, part) for part in ("head", "middle", "tail")}
        values = {label: float(rng.normal()) for label in charges.all_labels(kind)}
        fitted = parameters.with_charges(MOLECULES[kind], parameters.rounded(values, counts))
        for units in (2, 3, 6):
            total = sum(round(1e4 * atom.charge_e) for atom in molecule_atoms(fitted, units))
            assert total == 0


def _bent(xyz: NDArray[np.float64], r0: float, k_r: float, theta0: float, k_theta: float) -> float:
    a, b = xyz[0] - xyz[1], xyz[2] - xyz[1]
    r1, r2 = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    theta = float(np.arccos(a @ b / r1 / r2))
    return 0.5 * k_r * ((r1 - r0) ** 2 + (r2 - r0) ** 2) + 0.5 * k_theta * (theta - theta0) ** 2


def _numerical_hessian(xyz: NDArray[np.float64], *model: float) -> NDArray[np.float64]:
    n, h = xyz.size, 1e-4
    hessian = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            total = 0.0
            for si, sj in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = xyz.ravel().copy()
                moved[i] += si * h
                moved[j] += sj * h
                total += si * sj * _bent(moved.reshape(-1, 3), *model)
            hessian[i, j] = total / (4 * h * h)
    return hessian


def test_seminario_gives_back_the_constants_of_a_harmonic_molecule() -> None:
    # Exact at a right angle in the limit of an angle much softer than the bonds; stiffer ones couple with them.
    theta0, k_r, k_theta = np.radians(90.0), 3000.0, 5.0  # angstrom, kJ/mol
    xyz = np.array([[1.0, 0, 0], [0, 0, 0], [np.cos(theta0), np.sin(theta0), 0]])
    hessian = _numerical_hessian(xyz, 1.0, k_r, theta0, k_theta) / TO_KJ_PER_MOL_A2 / FREQUENCY_SCALE**2
    found = ForceConstants(xyz, hessian, [(0, 1), (1, 2)])
    assert found.angle_kJ_per_mol_rad2(0, 1, 2) == pytest.approx(k_theta, rel=0.01)
    assert found.bond_kJ_per_mol_nm2(0, 1) == pytest.approx(100 * k_r, rel=0.005)
    assert imaginary_frequencies_per_cm(hessian, np.array([1.0, 16.0, 1.0])) == []
    assert len(imaginary_frequencies_per_cm(-hessian, np.array([1.0, 16.0, 1.0]))) == 3
