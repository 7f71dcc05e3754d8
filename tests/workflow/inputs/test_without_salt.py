"""Liquids without salt: what they need, what cannot be asked of them, and which physics enters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.inputs import describing_hash, identity

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

PURE = "systems/pure.yaml"
TEXT = """\
title: DME, pure
temperature_K: 298.15
pressure_atm: 1
solvents: [DME]
mixing_rule: geometric
box: {total_atoms: 4000}
"""
MEASURED = "{quantity: density, value: 861.8, unit: kg/m^3, source: liquidbenchmark}"
CONFIG = "systems:\n  - ether\n  - ether-pab\n  - ether-pib\n"


@pytest.fixture
def pure(project: Project) -> Project:
    """A project that runs one pure liquid."""
    project.write(PURE, TEXT)
    project.edit("config.yaml", CONFIG, "systems: [pure]\n")
    return project


def published(project: Project, *entries: str) -> None:
    project.write(PURE, TEXT + f"published: [{', '.join(entries)}]\n")


def test_a_pure_liquid_is_its_molecules_alone(pure: Project) -> None:
    inputs = pure.load()
    assert inputs.systems["pure"].salt is None and inputs.systems["pure"].is_pure
    assert inputs.compositions["pure"].counts == (("DME", 250),)
    assert "mol_per_L" not in inputs.compositions["pure"].reached
    assert inputs.has_vapour("pure")


def test_a_mixture_without_salt(pure: Project) -> None:
    pure.write(PURE, TEXT.replace("[DME]", "[DOL, DME]\nvolume_ratio: 1:1"))
    inputs = pure.load()
    counts = dict(inputs.compositions["pure"].counts)
    # equal volumes: molar volumes are 74.08 / 1.0587 and 90.12 / 0.8618 mL
    assert counts["DOL"] / counts["DME"] == pytest.approx((90.12 / 0.8618) / (74.08 / 1.0587), rel=0.01)
    assert not inputs.systems["pure"].is_pure and not inputs.has_vapour("pure")


def test_an_additive_makes_a_mixture(pure: Project) -> None:
    pure.write(PURE, TEXT + "additives: [{molecule: EC, wt_percent: 5}]\n")
    inputs = pure.load()
    assert not inputs.systems["pure"].is_pure
    assert inputs.compositions["pure"].reached["additives_wt_percent"]["EC"] == pytest.approx(5, rel=0.05)


def test_a_variant_may_leave_the_salt_out(pure: Project) -> None:
    pure.write(PURE, "extends: ether\ntitle: no salt\nsalt:\nbox: {total_atoms: 4000}\n")
    assert set(dict(pure.load().compositions["pure"].counts)) == {"DOL", "DME"}


def test_salt_pairs_of_no_salt(pure: Project) -> None:
    pure.edit(PURE, "total_atoms: 4000", "salt_pairs: 40")
    told = pure.problem()
    assert told.startswith(f"{PURE}:6: box.salt_pairs = 40: there is no salt")
    assert "Give box.total_atoms instead, or add the salt" in told


def test_a_size_that_is_missing(pure: Project) -> None:
    pure.edit(PURE, "total_atoms: 4000", "")
    assert pure.problem().endswith("the size of the box is not given. Give total_atoms")


def test_a_box_too_narrow_for_the_cut_off_needs_less_room_than_with_ions(pure: Project) -> None:
    pure.edit(PURE, "4000", "1700")
    told = pure.problem()
    assert "twice the cut-off of 1.2 nm and 0.3 nm need 2.70 nm" in told
    needed = int(told.split("Write ")[1].split()[0])
    pure.edit(PURE, "1700", str(needed))
    assert pure.load().compositions["pure"].predicted_edge_nm >= 2.7


def test_a_box_of_less_than_a_molecule(pure: Project) -> None:
    pure.edit(PURE, "4000", "5")
    assert "one molecule has 16 atoms" in pure.problem()


def test_a_mixture_that_rounds_badly_says_how_large_it_must_be(pure: Project) -> None:
    pure.write(PURE, TEXT.replace("[DME]", "[DOL, DME]\nvolume_ratio: 1:300"))
    told = pure.problem()
    assert "molecules miss the volume ratio" in told.replace("whole ", "") and "Write box.total_atoms:" in told


def test_an_override_in_salt_pairs_reaches_only_systems_with_salt(pure: Project) -> None:
    pure.edit("config.yaml", "systems: [pure]\n", "systems: [pure, ether]\n")
    pure.write("o.yaml", "override: {box: {salt_pairs: 41}}\n")
    inputs = pure.load("o.yaml")
    assert inputs.systems["pure"].total_atoms == 4000
    assert inputs.systems["ether"].salt_pairs == 41


def test_a_system_has_its_own_mixing_rule_and_it_is_physics(pure: Project) -> None:
    before = pure.load()
    assert before.mixing_rule("pure") == "geometric" != before.config.mixing_rule
    pure.edit("config.yaml", "lorentz-berthelot", "geometric")
    assert identity(pure.load(), "pure", 1, "build") == identity(before, "pure", 1, "build")
    pure.edit(PURE, "mixing_rule: geometric", "mixing_rule: lorentz-berthelot")
    after = pure.load()
    for stage in ("build", "equilibration", "production", "vapour"):
        assert identity(after, "pure", 1, stage) != identity(before, "pure", 1, stage)


def test_an_unknown_mixing_rule(pure: Project) -> None:
    pure.edit(PURE, "geometric", "geometrical")
    assert "Did you mean `geometric`?" in pure.problem()


VAPOUR = [
    ("config.yaml", "vapour_ns: 20", "vapour_ns: 40", False),
    ("config.yaml", "cutoff_nm: 1.2", "cutoff_nm: 1.1", False),
    ("config.yaml", "npt_ps: 100", "npt_ps: 200", False),
    (PURE, "total_atoms: 4000", "total_atoms: 5000", False),
    (PURE, "pressure_atm: 1", "pressure_atm: 2", False),
    (PURE, "temperature_K: 298.15", "temperature_K: 300", True),
    ("config.yaml", "seed: 7", "seed: 8", True),
    ("workflow/mdp/vapour.mdp", "tau-t ", "; tau\ntau-t ", False),
    ("workflow/mdp/vapour.mdp", "nstlist                  = 100", "nstlist = 50", True),
    ("workflow/mdp/npt.mdp", "gen-vel ", "comm-mode = Linear\ngen-vel ", False),
    ("forcefields/opls-aa/molecules/DME/DME.itp", "284512.0", "284513.0", True),
]


@pytest.mark.parametrize(("file", "old", "new", "enters"), VAPOUR, ids=[case[2][:40] for case in VAPOUR])
def test_what_enters_the_vapour(pure: Project, file: str, old: str, new: str, enters: bool) -> None:
    before = identity(pure.load(), "pure", 1, "vapour")
    text = (pure.root / file).read_text(encoding="utf-8")
    assert old in text
    pure.write(file, text.replace(old, new, 1))
    assert (identity(pure.load(), "pure", 1, "vapour") != before) == enters


def test_the_vapour_enters_nothing_of_the_liquid(pure: Project) -> None:
    stages = ("build", "equilibration", "production")
    before = [identity(pure.load(), "pure", 1, stage) for stage in stages]
    described = describing_hash(pure.load(), "pure", 1)
    path = pure.root / "workflow/mdp/vapour.mdp"
    path.write_text(path.read_text() + "nstcomm = 10\n")
    pure.edit("config.yaml", "vapour_ns: 20", "vapour_ns: 0")
    assert [identity(pure.load(), "pure", 1, stage) for stage in stages] == before
    assert describing_hash(pure.load(), "pure", 1) != described  # run.json no longer names a vapour
    assert not pure.load().has_vapour("pure")


@pytest.mark.parametrize(("written", "problem"), [("-1", "at least 0"), ("0.001", "at least 0.02 ns, or not at all")])
def test_impossible_lengths_of_the_vapour(pure: Project, written: str, problem: str) -> None:
    pure.edit("config.yaml", "vapour_ns: 20", f"vapour_ns: {written}")
    assert problem in pure.problem()


def test_a_measured_value_with_everything(pure: Project) -> None:
    published(pure, MEASURED.replace("}", ", uncertainty: 1.1, temperature_K: 298.2, note: mean}"))
    (one,) = pure.load().systems["pure"].published
    assert (one.quantity, one.value, one.uncertainty, one.temperature_K, one.note) == (
        "density",
        861.8,
        1.1,
        298.2,
        "mean",
    )


WRONG = [
    ("quantity: density", "quantity: densty", "Did you mean `density`?"),
    ("unit: kg/m^3", "unit: g/mL", "the unit of density is kg/m^3"),
    ("source: liquidbenchmark", "source: liquidbench", "Did you mean `liquidbenchmark`?"),
    ("value: 861.8", "value: dense", "this must be a number"),
    ("value: 861.8", "value: 861.8, uncertainty: 0", "larger than 0"),
    ("value: 861.8", "value: 861.8, error: 1", "this key is not known"),
]


@pytest.mark.parametrize(("old", "new", "problem"), WRONG, ids=[case[1] for case in WRONG])
def test_a_measured_value_that_is_wrong(pure: Project, old: str, new: str, problem: str) -> None:
    published(pure, MEASURED.replace(old, new))
    told = pure.problem()
    assert told.startswith(f"{PURE}:7: published[1].") and problem in told


def test_a_quantity_has_one_measured_value(pure: Project) -> None:
    published(pure, MEASURED, MEASURED.replace("861.8", "862"))
    assert "given twice" in pure.problem()


HEAT = "{quantity: heat_of_vaporisation, value: 36.4, unit: kJ/mol, source: 'doi:10.1/x'}"
EPS = "{quantity: dielectric_constant, value: 7, unit: 1, source: 'doi:10.1/x'}"


def test_what_is_not_computed_of_a_mixture_or_of_an_electrolyte(pure: Project) -> None:
    published(pure, HEAT, EPS)
    assert len(pure.load().systems["pure"].published) == 2
    pure.edit(PURE, "[DME]", "[DOL, DME]\nvolume_ratio: 1:1")
    assert "for a pure liquid only" in pure.problem()
    pure.edit("systems/ether.yaml", "box:\n", f"published: [{EPS}]\nbox:\n")
    pure.edit("config.yaml", "systems: [pure]\n", "systems: [ether]\n")
    assert "without ions only" in pure.problem()
    pure.edit("systems/ether.yaml", "unit: 1,", "unit: 1, other_composition: true,")
    assert pure.load().systems["ether"].published[0].other_composition


def test_measured_values_hold_for_a_variant_of_the_same_liquid_only(pure: Project) -> None:
    published(pure, MEASURED)
    pure.edit("config.yaml", "systems: [pure]\n", "systems: [lb, hot]\n")
    pure.write("systems/lb.yaml", "extends: pure\ntitle: LB\nmixing_rule: lorentz-berthelot\n")
    pure.write("systems/hot.yaml", "extends: pure\ntitle: hot\ntemperature_K: 320\n")
    systems = pure.load().systems
    assert [one.value for one in systems["lb"].published] == [861.8]
    assert systems["hot"].published == ()


def test_no_hot_stage_is_doubtful_only_where_there_are_shells_to_dissolve(pure: Project) -> None:
    pure.edit("config.yaml", "anneal_ps: 100", "anneal_ps: 0")
    assert pure.load().warnings == ()
    pure.edit("config.yaml", "systems: [pure]\n", "systems: [pure, ether]\n")
    assert "no hot stage" in pure.load().warnings[0]
