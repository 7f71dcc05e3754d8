"""Whole numbers of molecules meet what a chemist asked for, recomputed here from handbook values alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workflow.composition import Composition, CompositionError, compose
from workflow.inputs import Additive, Chains, Inputs, Salt, System, load

REPOSITORY = Path(__file__).parents[2]
N_A = 6.02214076e23
MASS_G_PER_MOL = {
    "Li": 6.94,
    "TFSI": 280.14,
    "PF6": 144.96,
    "DME": 90.12,
    "DOL": 74.08,
    "EC": 88.06,
    "DEC": 118.13,
}
DENSITY_G_PER_ML = {"DME": 0.862, "DOL": 1.0587, "DEC": 0.9692}
SALT_ML_PER_MOL = {"TFSI": 109.0, "PF6": 43.0}


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """The project's own inputs."""
    return load(REPOSITORY)


@pytest.fixture(scope="module")
def ether(inputs: Inputs) -> System:
    """The ether electrolyte without chains."""
    return inputs.systems["dol-dme-litfsi"]


def solvent_litres(composition: Composition, name: str) -> float:
    """Volume of the molecules of one pure solvent."""
    return dict(composition.counts)[name] * MASS_G_PER_MOL[name] / N_A / DENSITY_G_PER_ML[name] / 1000


def test_one_mol_per_litre_of_solution(inputs: Inputs) -> None:
    composition = inputs.compositions["dol-dme-litfsi"]
    counts = dict(composition.counts)
    litres = sum(solvent_litres(composition, name) for name in ("DOL", "DME"))
    litres += counts["Li"] / N_A * SALT_ML_PER_MOL["TFSI"] / 1000
    assert counts["Li"] / N_A / litres == pytest.approx(1.0, rel=0.01)
    assert composition.reached["mol_per_L"] == pytest.approx(counts["Li"] / N_A / litres, rel=2e-3)
    assert composition.predicted_volume_nm3 == pytest.approx(litres * 1e24, rel=2e-3)


def test_one_to_one_by_volume(inputs: Inputs) -> None:
    composition = inputs.compositions["dol-dme-litfsi"]
    ratio = solvent_litres(composition, "DOL") / solvent_litres(composition, "DME")
    assert ratio == pytest.approx(1.0, rel=0.01)


def test_unequal_volumes(inputs: Inputs, ether: System) -> None:
    composition = compose(replace(ether, volume_ratio=(2.0, 1.0)), inputs.molecules)
    ratio = solvent_litres(composition, "DOL") / solvent_litres(composition, "DME")
    assert ratio == pytest.approx(2.0, rel=0.02)
    assert composition.reached["volume_ratio"] == pytest.approx([2.0, 1.0], rel=0.02)


def test_per_litre_of_solvent_is_ten_percent_less_in_dol_dme(inputs: Inputs, ether: System) -> None:
    assert ether.salt is not None
    per_solvent = Salt(ether.salt.ions, None, 1.0, None)
    diluted = compose(replace(ether, salt=per_solvent), inputs.molecules)
    assert diluted.reached["mol_per_L_solvent"] == pytest.approx(1.0, rel=0.01)
    assert diluted.reached["mol_per_L"] == pytest.approx(0.90, abs=0.01)
    litres = sum(solvent_litres(diluted, name) for name in ("DOL", "DME"))
    assert dict(diluted.counts)["Li"] / N_A / litres == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize(("base", "anion"), [("dol-dme-litfsi", "TFSI"), ("ec-dec-lipf6", "PF6")])
def test_mass_and_density_follow_from_the_counts(inputs: Inputs, base: str, anion: str) -> None:
    composition = inputs.compositions[base]
    grams_per_mol = sum(count * MASS_G_PER_MOL[name] for name, count in composition.counts)
    assert composition.mass_u == pytest.approx(grams_per_mol, rel=1e-3)
    density = grams_per_mol / N_A / (composition.predicted_volume_nm3 * 1e-21) * 1000
    assert composition.predicted_density_kg_per_m3 == pytest.approx(density, rel=1e-3)
    assert dict(composition.counts)[anion] == dict(composition.counts)["Li"] == 40


def test_every_system_is_neutral(inputs: Inputs) -> None:
    for composition in inputs.compositions.values():
        assert sum(count * inputs.molecules[name].charge_e for name, count in composition.counts) == 0


@pytest.mark.parametrize("base", ["dol-dme-litfsi", "ec-dec-lipf6"])
def test_salt_and_solvents_are_the_same_in_a_base_and_its_variants(inputs: Inputs, base: str) -> None:
    bare = inputs.compositions[base].counts
    for kind in ("pab", "pib"):
        assert inputs.compositions[f"{base}-{kind}"].counts[: len(bare)] == bare


def test_additives_leave_salt_and_solvents_as_they_are(inputs: Inputs, ether: System) -> None:
    bare = inputs.compositions[ether.name]
    with_ec = compose(replace(ether, additives=(Additive("EC", 5.0),)), inputs.molecules)
    assert with_ec.counts[: len(bare.counts)] == bare.counts
    ec_mass_u = dict(with_ec.counts)["EC"] * MASS_G_PER_MOL["EC"]
    assert 100 * ec_mass_u / with_ec.electrolyte_mass_u == pytest.approx(5.0, rel=0.05)
    assert with_ec.reached["additives_wt_percent"]["EC"] == pytest.approx(5.0, rel=0.05)
    assert not with_ec.warnings


@pytest.mark.parametrize("base", ["dol-dme-litfsi", "ec-dec-lipf6"])
def test_ten_weight_percent_of_pab_and_as_many_pib_chains(inputs: Inputs, base: str) -> None:
    pab, pib = inputs.compositions[f"{base}-pab"], inputs.compositions[f"{base}-pib"]
    # H(NH2-BH2)10H: ten units of 28.85 g/mol and two hydrogens.
    chain_mass_u = 10 * (14.007 + 10.81 + 4 * 1.008) + 2 * 1.008
    share = 100 * dict(pab.counts)["PAB"] * chain_mass_u / pab.electrolyte_mass_u
    assert share == pytest.approx(10.0, rel=0.05)
    assert pab.reached["chains_wt_percent"] == pytest.approx(share, rel=1e-3)
    assert dict(pib.counts)["PIB"] == dict(pab.counts)["PAB"]
    assert pib.monomers == pab.monomers == 10
    # (NH=BH) is two hydrogens lighter than (NH2-BH2).
    assert pib.reached["chains_wt_percent"] < pab.reached["chains_wt_percent"]
    assert pab.electrolyte_mass_u == inputs.compositions[base].mass_u


def test_total_atoms_without_chains(inputs: Inputs, ether: System) -> None:
    composition = compose(replace(ether, salt_pairs=None, total_atoms=7000), inputs.molecules)
    assert composition.n_atoms == pytest.approx(7000, rel=0.02)
    assert composition.reached["mol_per_L"] == pytest.approx(1.0, rel=0.01)


def test_counted_salt_with_total_atoms(inputs: Inputs, ether: System) -> None:
    assert ether.salt is not None
    counted = replace(ether, salt=Salt(ether.salt.ions, None, None, 25), salt_pairs=None, total_atoms=7000)
    composition = compose(counted, inputs.molecules)
    assert dict(composition.counts)["Li"] == 25
    assert composition.n_atoms == pytest.approx(7000, abs=30)
    assert composition.asked["salt_count"] == composition.reached["salt_count"] == 25


def test_counted_salt_that_leaves_no_room(inputs: Inputs, ether: System) -> None:
    assert ether.salt is not None
    crowded = replace(ether, salt=Salt(ether.salt.ions, None, None, 500), salt_pairs=None, total_atoms=7000)
    with pytest.raises(CompositionError, match="leave no atoms"):
        compose(crowded, inputs.molecules)


def test_more_than_five_percent_off_stops_with_a_box_that_works(inputs: Inputs, ether: System) -> None:
    lean = replace(ether, volume_ratio=(1.0, 300.0))
    with pytest.raises(CompositionError) as caught:
        compose(lean, inputs.molecules)
    assert caught.value.key == "box.salt_pairs"
    needed = int(caught.value.remedy.split()[-1])
    composition = compose(replace(lean, salt_pairs=needed), inputs.molecules)
    ratio = solvent_litres(composition, "DOL") / solvent_litres(composition, "DME") * 300
    assert ratio == pytest.approx(1.0, rel=0.055)


def test_an_additive_that_rounds_to_zero_warns_with_the_box_it_needs(inputs: Inputs, ether: System) -> None:
    traced = replace(ether, additives=(Additive("EC", 0.05),))
    composition = compose(traced, inputs.molecules)
    assert dict(composition.counts)["EC"] == 0
    (warning,) = composition.warnings
    assert "0.05 wt% of EC" in warning and "round to zero" in warning
    needed = int(warning.split("box.salt_pairs: ")[1])
    assert dict(compose(replace(traced, salt_pairs=needed), inputs.molecules).counts)["EC"] >= 1


def test_an_additive_that_rounds_badly_warns(inputs: Inputs, ether: System) -> None:
    composition = compose(replace(ether, additives=(Additive("EC", 0.28),)), inputs.molecules)
    assert dict(composition.counts)["EC"] == 1
    assert len(composition.warnings) == 1 and "% off" in composition.warnings[0]


@pytest.mark.parametrize("asked", [{"salt_pairs": 60000}, {"salt_pairs": None, "total_atoms": 2100000}])
def test_more_atoms_than_can_be_run_stop_with_a_box_that_can(
    inputs: Inputs, ether: System, asked: dict[str, int | None]
) -> None:
    with pytest.raises(CompositionError, match="more than the 2000000") as caught:
        compose(replace(ether, **asked), inputs.molecules)  # type: ignore[arg-type]
    key = "total_atoms" if "total_atoms" in asked else "salt_pairs"
    assert caught.value.key == f"box.{key}"
    most = int(caught.value.remedy.split(": ")[1].split()[0])
    composition = compose(replace(ether, **(asked | {key: most})), inputs.molecules)  # type: ignore[arg-type]
    assert 1.9e6 < composition.n_atoms <= 2e6


def test_more_chains_than_can_be_run(inputs: Inputs, ether: System) -> None:
    def crowd(count: int) -> Composition:
        return compose(replace(ether, chains=Chains("PAB", 10, None, None, count)), inputs.molecules)

    with pytest.raises(CompositionError) as caught:
        crowd(10**8)
    assert caught.value.key == "chains.count"
    most = int(caught.value.remedy.split()[1])
    assert crowd(most).n_atoms <= 2_000_000
    with pytest.raises(CompositionError):
        crowd(most + 1)


def test_chains_by_count(inputs: Inputs, ether: System) -> None:
    composition = compose(replace(ether, chains=Chains("PAB", 6, None, None, 3)), inputs.molecules)
    assert composition.counts[-1] == ("PAB", 3)
    assert composition.reached["chains"] == 3


def test_chains_that_round_to_none_stop(inputs: Inputs, ether: System) -> None:
    with pytest.raises(CompositionError, match="round to none"):
        compose(replace(ether, chains=Chains("PAB", 10, 0.1, None, None)), inputs.molecules)


def test_counts_come_in_topology_order(inputs: Inputs) -> None:
    order = ["cation", "anion", "solvent", "polymer"]
    for composition in inputs.compositions.values():
        kinds = [order.index(inputs.molecules[name].kind) for name, _ in composition.counts]
        assert kinds == sorted(kinds)


def test_as_dict_is_plain(inputs: Inputs) -> None:
    import json

    record = json.loads(json.dumps(inputs.compositions["ec-dec-lipf6-pab"].as_dict(), allow_nan=False))
    assert record["counts"]["PAB"] == record["reached"]["chains"]
    assert record["asked"]["chains_wt_percent"] == 10
    assert record["predicted_density_kg_per_m3"] == pytest.approx(1254, rel=0.02)
