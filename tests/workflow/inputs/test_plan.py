"""Good inputs, overlays, seeds and the identity of the physics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.inputs import Inputs, identity, load

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

REPOSITORY = Path(__file__).parents[3]
STAGES = ("build", "equilibration", "production")


def identities(inputs: Inputs, system: str = "ether-pab", replica: int = 1) -> tuple[str, ...]:
    """Identities of the three stages."""
    return tuple(identity(inputs, system, replica, stage) for stage in STAGES)


def test_default_config_is_the_six_systems_at_full_length() -> None:
    inputs = load(REPOSITORY)
    assert len(inputs.systems) == len(inputs.compositions) == 6
    assert inputs.config.lengths.production_ns == 10 and inputs.config.cutoff_nm == 1.2
    assert not inputs.config.preview and inputs.config.replicas == 1
    for system in inputs.systems.values():
        assert system.temperature_K == 298 and system.pressure_atm == 1 and system.salt_pairs == 40
    for name in ("dol-dme-litfsi", "ec-dec-lipf6"):
        assert inputs.systems[f"{name}-pab"].base == inputs.systems[f"{name}-pib"].base == name


def test_preview_is_small_short_and_apart() -> None:
    full, preview = load(REPOSITORY), load(REPOSITORY, [REPOSITORY / "preview.yaml"])
    assert preview.config.preview and preview.config.results != full.config.results
    assert set(preview.systems) == set(full.systems)
    for name, composition in preview.compositions.items():
        assert composition.n_atoms < full.compositions[name].n_atoms / 3
        assert composition.monomers in (None, 4)
        assert composition.predicted_edge_nm > 2 * preview.config.cutoff_nm + 0.6
    assert len(preview.config_files) == 2


def test_overlays_are_laid_key_by_key(project: Project) -> None:
    project.write("a.yaml", "lengths: {npt_ps: 50}\nreplicas: 2\n")
    project.write("b.yaml", "replicas: 3\n")
    config = project.load("a.yaml", "b.yaml").config
    assert (config.lengths.npt_ps, config.lengths.nvt_ps, config.replicas) == (50, 100, 3)


def test_config_given_as_its_own_overlay_changes_nothing(project: Project) -> None:
    assert project.load("config.yaml").config_files == project.load().config_files


@pytest.mark.parametrize(
    ("written", "meant"), [("1e0", 1.0), ("1.", 1.0), ("1", 1.0), ("0.5e+0", 0.5), ("8e-1", 0.8), ("+0.9", 0.9)]
)
def test_numbers_mean_what_a_chemist_means(project: Project, written: str, meant: float) -> None:
    project.edit("systems/ether.yaml", "mol_per_L: 1.0", f"mol_per_L: {written}")
    salt = project.load().systems["ether"].salt
    assert salt is not None and salt.mol_per_L == meant


@pytest.mark.parametrize(("written", "meant"), [("1:1", (1, 1)), ("'2:1'", (2, 1)), ("1:2.5", (1, 2.5))])
def test_unquoted_ratio_is_no_sexagesimal_number(project: Project, written: str, meant: tuple[float, float]) -> None:
    project.edit("systems/ether.yaml", "volume_ratio: 1:1", f"volume_ratio: {written}")
    assert project.load().systems["ether"].volume_ratio == meant


def test_a_variant_may_ask_for_its_amount_another_way(project: Project) -> None:
    project.edit("systems/ether-pab.yaml", "chains:\n", "salt: {mol_per_L_solvent: 1.0}\nchains:\n")
    salt = project.load().systems["ether-pab"].salt
    assert (
        salt is not None
        and salt.mol_per_L is None
        and salt.mol_per_L_solvent == 1.0
        and salt.ions == (("Li", 1), ("TFSI", 1))
    )


def test_chains_of_a_system_that_is_not_run_can_be_followed(project: Project) -> None:
    project.edit("config.yaml", "  - ether-pab\n", "")
    inputs = project.load()
    assert list(inputs.systems) == ["ether", "ether-pib"]
    assert inputs.compositions["ether-pib"].reached["chains"] == 16


def test_published_values_are_not_inherited() -> None:
    systems = load(REPOSITORY).systems
    assert [one.value for one in systems["dol-dme-litfsi"].published] == [10.97]
    assert systems["ec-dec-lipf6"].published[0].other_composition
    assert systems["dol-dme-litfsi-pab"].published == ()


def test_seeds_differ_by_identity_and_repeat(project: Project) -> None:
    inputs = project.load()
    seeds = {
        inputs.seed(system, replica, purpose)
        for system in inputs.systems
        for replica in (1, 2, 3)
        for purpose in ("packing", "velocities")
    }
    assert len(seeds) == 18 and all(1 <= seed <= 2**31 - 2 for seed in seeds)
    assert inputs.seed("ether", 1, "packing") == project.load().seed("ether", 1, "packing")
    project.edit("config.yaml", "seed: 7", "seed: 8")
    assert inputs.seed("ether", 1, "packing") != project.load().seed("ether", 1, "packing")


MOLECULES = "forcefields/opls-aa/molecules"
UNPHYSICAL = [
    ("config.yaml", "production_ns: 10", "production_ns: 20"),
    ("config.yaml", "viscosity_segments: 10", "viscosity_segments: 0"),
    ("config.yaml", "viscosity_segment_ps: 200", "viscosity_segment_ps: 400"),
    ("workflow/mdp/viscosity.mdp", "continuation             = yes", "continuation             = no"),
    ("config.yaml", "replicas: 1", "replicas: 3"),
    ("config.yaml", "threads_per_run: auto", "threads_per_run: 2"),
    ("config.yaml", "checkpoint_interval_min: 1", "checkpoint_interval_min: 5"),
    ("config.yaml", "results: results", "results: elsewhere"),
    ("config.yaml", "seed: 7", "# a comment\nseed: 7"),
    ("systems/ether.yaml", "title: 1 M LiTFSI in DOL/DME", "title: another"),
    (f"{MOLECULES}/DME/molecule.yaml", "title: ", "title: the solvent "),
    (f"{MOLECULES}/DME/DME.itp", "[ moleculetype ]", "; a comment\n[ moleculetype ]"),
]
PHYSICAL = [
    (0, "config.yaml", "seed: 7", "seed: 8"),
    (0, "config.yaml", "lorentz-berthelot", "geometric"),
    (0, "config.yaml", "cutoff_nm: 1.2", "cutoff_nm: 1.1"),
    (0, "config.yaml", "fraction: 0.6", "fraction: 0.5"),
    (0, "systems/ether.yaml", "temperature_K: 298", "temperature_K: 299"),
    (0, "systems/ether.yaml", "mol_per_L: 1.0", "mol_per_L: 1.1"),
    (0, "systems/ether-pab.yaml", "wt_percent: 10", "wt_percent: 9"),
    (1, "config.yaml", "npt_ps: 100", "npt_ps: 200"),
    (1, "config.yaml", "anneal_temperature_K: 400", "anneal_temperature_K: 450"),
    (2, "config.yaml", "frame_interval_ps: 1", "frame_interval_ps: 2"),
]


@pytest.mark.parametrize(("file", "old", "new"), UNPHYSICAL, ids=[case[2][:40] for case in UNPHYSICAL])
def test_what_is_not_physics_computes_nothing_again(project: Project, file: str, old: str, new: str) -> None:
    before = identities(project.load())
    project.edit(file, old, new)
    assert identities(project.load()) == before


@pytest.mark.parametrize(("first", "file", "old", "new"), PHYSICAL, ids=[case[3][:40] for case in PHYSICAL])
def test_changed_physics_starts_afresh_from_its_stage(
    project: Project, first: int, file: str, old: str, new: str
) -> None:
    before = identities(project.load())
    project.edit(file, old, new)
    after = identities(project.load())
    assert after[:first] == before[:first]
    assert all(a != b for a, b in zip(after[first:], before[first:], strict=True))


@pytest.mark.parametrize(
    ("first", "file"), [(1, "npt.mdp"), (1, "common.mdp"), (2, "production.mdp"), (0, "gas_phase.mdp")]
)
def test_templates_enter_from_their_stage(project: Project, first: int, file: str) -> None:
    before = identities(project.load())
    path = project.root / "workflow" / "mdp" / file
    path.write_text(path.read_text() + "comm-mode = Linear\n")
    after = identities(project.load())
    assert [a != b for a, b in zip(after, before, strict=True)] == [number >= first for number in range(3)]


def test_a_parameter_of_the_force_field_enters(project: Project) -> None:
    before = identities(project.load())
    path = project.root / MOLECULES / "DME" / "DME.itp"
    path.write_text(path.read_text().replace("284512.0", "284513.0"))
    assert all(a != b for a, b in zip(identities(project.load()), before, strict=True))


def test_other_molecules_do_not_enter(project: Project) -> None:
    before = identities(project.load())
    path = project.root / MOLECULES / "EC" / "EC.itp"
    path.write_text(path.read_text().replace("284512.0", "284513.0"))
    assert identities(project.load()) == before


def test_systems_and_replicas_have_their_own_identity(project: Project) -> None:
    inputs = project.load()
    found = {identities(inputs, system, replica) for system in inputs.systems for replica in (1, 2)}
    assert len(found) == 6


def test_an_unknown_stage_is_refused(project: Project) -> None:
    with pytest.raises(ValueError, match="unknown stage"):
        identity(project.load(), "ether", 1, "annealing")
