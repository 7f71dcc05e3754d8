"""What a configuration lays over every system, and that titles tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

TITLES = ("1 M LiTFSI in DOL/DME", "with PAB", "with PIB")


def titles(project: Project, override: str) -> tuple[str, ...]:
    """Titles of the three systems under an override, without those of the files."""
    project.write("o.yaml", f"override: {override}\n")
    found = tuple(system.title for system in project.load("o.yaml").systems.values())
    assert all(title.startswith(own) for title, own in zip(found, TITLES, strict=True))
    return tuple(title[len(own) :] for title, own in zip(found, TITLES, strict=True))


def test_override_reaches_every_system_and_only_those_with_chains(project: Project) -> None:
    project.write("o.yaml", "override: {box: {total_atoms: 8000}, chains: {monomers: 6}}\n")
    inputs = project.load("o.yaml")
    assert {system.total_atoms for system in inputs.systems.values()} == {8000}
    assert {system.salt_pairs for system in inputs.systems.values()} == {None}
    assert [composition.monomers for composition in inputs.compositions.values()] == [None, 6, 6]


def test_a_title_tells_what_was_overridden(project: Project) -> None:
    assert titles(project, "{temperature_K: 310}") == (" [override: temperature_K]",) * 3
    several = " [override: salt, temperature_K]"
    assert titles(project, "{salt: {mol_per_L: 1.1}, temperature_K: 310, pressure_atm: 1.0}") == (several,) * 3


def test_a_title_stays_when_the_liquid_does(project: Project) -> None:
    assert titles(project, "{box: {salt_pairs: 41}, chains: {monomers: 6}}") == ("", "", "")
    assert titles(project, "{temperature_K: 298.0, volume_ratio: 1:1}") == ("", "", "")


def test_chains_are_told_only_where_there_are_some(project: Project) -> None:
    project.edit("config.yaml", "  - ether-pib\n", "  - ether-two\n")
    project.write("systems/ether-two.yaml", "extends: ether-pab\ntitle: with PIB\nchains: {wt_percent: 12}\n")
    told = titles(project, "{chains: {wt_percent: 12, monomers: 6}}")
    assert told == ("", " [override: chains.wt_percent]", "")


@pytest.mark.parametrize("written", ["chains: null", "chains:", "chains: {molecule: ~}"])
def test_an_override_cannot_take_chains_away(project: Project, written: str) -> None:
    project.write("o.yaml", f"override:\n  {written}\n")
    told = project.problem("o.yaml")
    assert told.startswith("o.yaml:2: override.chains") and "cannot take away" in told
    assert "list systems without chains under `systems`" in told


def test_an_override_without_a_value(project: Project) -> None:
    project.write("o.yaml", "override:\n  salt: {mol_per_L: null}\n  temperature_K:\n")
    told = project.problems("o.yaml")
    assert [line.split(" = ")[0] for line in told] == [
        "o.yaml:2: override.salt.mol_per_L",
        "o.yaml:3: override.temperature_K",
    ]


def test_an_unknown_key_is_told_once(project: Project) -> None:
    project.write("o.yaml", "override:\n  boxx: {salt_pairs: 50}\n")
    told = project.problem("o.yaml")
    assert told.startswith("o.yaml:2: override.boxx = {salt_pairs: 50}: this key is not known. Did you mean `box`?")


def test_a_mistake_in_an_override_is_told_once_for_all_systems(project: Project) -> None:
    project.write("o.yaml", "override:\n  temperature_K: 5000\n")
    assert project.problem("o.yaml").startswith("o.yaml:2: temperature_K = 5000: this must be at most 2000 K")
