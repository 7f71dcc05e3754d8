"""How often a bond of PIB is cis: planted energies come back from conformers and from scans."""

from __future__ import annotations

import numpy as np
import pytest

from derivation import cis
from derivation.cis import CisEnergy, Counted
from derivation.scans import Scan

# Units and numbers of cis bonds of ten conformers, as many as there are of PIB.
CHAINS = [(3, 0), (3, 1), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2), (4, 3), (5, 1), (5, 3)]
OFFSETS = {3: -640686.0, 4: -853000.0, 5: -1065500.0}


def conformers(energy: float, noise: np.ndarray) -> list[Counted]:
    return [
        Counted(units, count, OFFSETS[units] + energy * count + float(extra))
        for (units, count), extra in zip(CHAINS, noise, strict=True)
    ]


@pytest.mark.parametrize("energy", [-2.5, 0.0, 4.0])
def test_the_energy_of_a_cis_bond_comes_back_from_conformers(energy: float) -> None:
    found = cis.from_conformers(conformers(energy, np.zeros(len(CHAINS))))
    assert found is not None
    assert found.energy_kJ_per_mol == pytest.approx(energy, abs=1e-6)
    assert found.error_kJ_per_mol == pytest.approx(0, abs=1e-6)
    assert found.probability == pytest.approx(1 / (1 + np.exp(energy / 2.4789)), abs=1e-4)
    assert found.source == "10 conformers, n = 3, 4, 5"


def test_the_standard_error_is_the_scatter_of_repeated_fits() -> None:
    rng = np.random.default_rng(3)
    fits = [cis.from_conformers(conformers(1.5, rng.normal(scale=0.8, size=len(CHAINS)))) for _ in range(600)]
    energies = [one.energy_kJ_per_mol for one in fits if one is not None]
    squares = [one.error_kJ_per_mol**2 for one in fits if one is not None]
    assert np.mean(energies) == pytest.approx(1.5, abs=0.05)
    assert np.sqrt(np.mean(squares)) == pytest.approx(np.std(energies), rel=0.1)


def test_conformers_alike_in_their_cis_bonds_tell_nothing() -> None:
    assert cis.from_conformers([]) is None
    assert cis.from_conformers([Counted(3, 1, 0.0), Counted(3, 1, 2.0), Counted(4, 2, 0.0)]) is None


def test_two_conformers_give_an_energy_without_an_error() -> None:
    found = cis.from_conformers([Counted(3, 0, 0.0), Counted(3, 2, 6.0)])
    assert found is not None
    assert found.energy_kJ_per_mol == pytest.approx(3.0)
    assert np.isnan(found.error_kJ_per_mol)
    assert not found.is_certain


def test_an_energy_within_twice_its_error_is_not_certain() -> None:
    assert not CisEnergy(-1.4, 0.75, "").is_certain
    assert CisEnergy(-1.6, 0.75, "").is_certain
    low, high = CisEnergy(-1.6, 0.75, "").range
    assert low < CisEnergy(-1.6, 0.75, "").probability < high


def scan(cis_energy: float, barrier: float) -> Scan:
    """Trans at 150 degrees with energy 0, cis at -30; barriers at 90 (`barrier`) and at -90 (5 more)."""
    angles = np.arange(-150.0, 181.0, 30.0)
    energies = {150.0: 0.0, 180.0: 2.0, -150.0: 2.0, 0.0: cis_energy + 1, -30.0: cis_energy, 30.0: cis_energy + 1}
    energies |= {90.0: barrier, -90.0: barrier + 5}
    values = np.array([energies.get(angle, barrier / 2) for angle in angles])
    return Scan("PIB-n3-t1", (0, 1, 2, 3), angles, [], values - values.min())


def test_scans_give_the_energy_of_the_best_points_and_the_lower_barrier() -> None:
    found = cis.from_scans([scan(3.0, 80.0), scan(5.0, 90.0)])
    assert found is not None
    assert found.energy_kJ_per_mol == pytest.approx(4.0)
    assert found.error_kJ_per_mol == pytest.approx(1.0)  # two values, 1 from their mean
    assert cis.barrier_kJ_per_mol(scan(3.0, 80.0)) == pytest.approx(80.0)
    assert cis.barrier_kJ_per_mol(scan(-3.0, 80.0)) == pytest.approx(80.0)  # above trans, not above the lowest point
    assert cis.barrier_text([scan(3.0, 90.0), scan(5.0, 80.0)]) == "80 to 90 kJ/mol above trans"
    assert cis.from_scans([]) is None
    assert cis.barrier_text([]) is None


def test_no_committed_conformer_has_two_cis_bonds_in_a_row() -> None:
    assert cis.adjacent("PIB") == 0


def test_the_cis_bonds_of_the_committed_conformers_are_counted() -> None:
    found = [one for one in cis.counted("PIB") if one.units == 3]
    assert sorted(one.cis for one in found) == [0, 1, 1, 1]
