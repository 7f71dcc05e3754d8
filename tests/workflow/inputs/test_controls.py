"""Controls: the same chains with all charges zero, at equal counts, as a simulation of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.forcefield import molecule_atoms, molecule_bonds, moleculetype_text, sites_of
from workflow.inputs import Inputs, identity, load
from workflow.inputs.molecules import uncharged
from workflow.inputs.problems import InputError

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

ROOT = Path(__file__).parents[3]
CONTROL = "extends: ether-{0}\ntitle: control\nchains: {{uncharged: true}}\n"


@pytest.fixture(scope="module", params=["", "preview.yaml"], ids=["full", "preview"])
def controls(request: pytest.FixtureRequest) -> Inputs:
    """What controls.yaml asks for, at full length and as a preview."""
    names = [name for name in (str(request.param), "controls.yaml") if name]
    return load(ROOT, [ROOT / name for name in names])


def test_every_system_with_chains_has_its_control(controls: Inputs) -> None:
    default = load(ROOT).config.systems
    assert set(default) < set(controls.systems)
    chains = {name for name in default if controls.systems[name].chains is not None}
    assert {name for name in controls.systems if name not in default} == {f"{name}-uncharged" for name in chains}
    assert chains


def test_counts_and_lengths_are_those_of_the_charged_chains(controls: Inputs) -> None:
    for name in controls.systems:
        if name.endswith("-uncharged"):
            control, charged = controls.compositions[name], controls.compositions[name.removesuffix("-uncharged")]
            assert (control.counts, control.monomers) == (charged.counts, charged.monomers)
            assert control.mass_u == charged.mass_u


@pytest.mark.parametrize("chain", ["PAB", "PIB"])
def test_only_the_charges_are_gone(controls: Inputs, chain: str) -> None:
    system = f"dol-dme-litfsi-{chain.lower()}"
    charged, control = controls.molecule(system, chain), controls.molecule(f"{system}-uncharged", chain)
    assert not charged.uncharged and control.uncharged and "charges zero" in control.title
    with_charges, without = molecule_atoms(charged, 5), molecule_atoms(control, 5)
    assert any(atom.charge_e for atom in with_charges) and not any(atom.charge_e for atom in without)
    assert [(a.name, a.type, a.mass_u) for a in with_charges] == [(a.name, a.type, a.mass_u) for a in without]
    assert molecule_bonds(charged, 5) == molecule_bonds(control, 5)
    assert sites_of(charged, 5) == sites_of(control, 5)
    lines = [moleculetype_text(one, 5).partition("[ bonds ]") for one in (charged, control)]
    assert lines[0][2] == lines[1][2], "all bonded terms and 1-4 pairs are the same"
    assert lines[0][0] != lines[1][0]


def test_other_molecules_and_the_force_field_keep_their_charges(controls: Inputs) -> None:
    system = "dol-dme-litfsi-pab-uncharged"
    others = [name for name, _ in controls.compositions[system].counts if name != "PAB"]
    assert len(others) == 4
    assert all(controls.molecule(system, name) is controls.molecules[name] for name in others)
    assert any(atom.charge_e for atom in molecule_atoms(controls.molecules["PAB"], 5))


def test_a_control_is_another_physics_and_changes_none(project: Project) -> None:
    before = {name: identity(project.load(), name, 1, "production") for name in ("ether", "ether-pab", "ether-pib")}
    project.write("systems/ether-pab-control.yaml", CONTROL.format("pab"))
    project.edit("config.yaml", "  - ether-pib\n", "  - ether-pib\n  - ether-pab-control\n")
    after = project.load()
    assert {name: identity(after, name, 1, "production") for name in before} == before
    # the same name, so that nothing but the charges differs
    project.write(
        "systems/ether-pab.yaml", (project.root / "systems/ether-pab.yaml").read_text() + "  uncharged: true\n"
    )
    for stage in ("build", "equilibration", "production"):
        assert identity(project.load(), "ether-pab", 1, stage) != identity(after, "ether-pab", 1, stage)


def test_uncharged_is_true_or_false(project: Project) -> None:
    project.write("systems/ether-pab-control.yaml", CONTROL.format("pab").replace("true", "yes"))
    project.edit("config.yaml", "  - ether-pib\n", "  - ether-pib\n  - ether-pab-control\n")
    assert "chains.uncharged = yes: this must be true or false" in project.problem()


def test_only_a_polymer_can_be_made_uncharged(project: Project) -> None:
    with pytest.raises(ValueError, match="DME is no polymer"):
        uncharged(project.load().molecules["DME"])


def test_controls_stand_beside_the_results_of_the_configuration() -> None:
    assert load(ROOT, [ROOT / "controls.yaml"]).config.results == load(ROOT).config.results
    with pytest.raises(InputError):
        load(ROOT, [ROOT / "control.yaml"])
