"""The hash of what describes a run: it follows run.json where the physics does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.inputs import describing_hash, identity

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

BASE = "systems/ether.yaml"
DME = "forcefields/opls-aa/molecules/DME/molecule.yaml"
PUBLISHED = "published: [{quantity: conductivity, value: 1, unit: mS/cm, source: 'doi:10.1/x'}]\n"
DESCRIBED = [
    (BASE, "title: 1 M", "title: about 1 M"),
    (BASE, "box:\n", PUBLISHED + "box:\n"),
    (BASE, "mol_per_L: 1.0", "mol_per_L: 1.0001"),
    (DME, "title: ", "title: the solvent "),
    (DME, "status: literature", "status: derived\nstatus_note: x"),
    (DME, "status: literature", "status: literature\nstatus_note: checked twice"),
    (
        DME,
        "status: literature",
        "status: provisional\nstatus_note: x\nmisfit: [{criterion: x, reached: 2, limit: 1, unit: e}]",
    ),
    (DME, "name: O,", "name: O_ether,"),
    (DME, "kind: O,", "kind: N,"),
    ("config.yaml", "preview: false\n", "preview: true\n"),
]
UNDESCRIBED = [
    ("config.yaml", "seed: 7", "seed: 8"),
    ("config.yaml", "threads_per_run: auto", "threads_per_run: 2"),
    ("config.yaml", "viscosity_segments: 10", "viscosity_segments: 0"),
    (BASE, "title: 1 M", "# a comment\ntitle: 1 M"),
    ("systems/ether-pab.yaml", "title: with", "title: and with"),
    ("forcefields/opls-aa/molecules/EC/molecule.yaml", "title: ", "title: the solvent "),
]


def described(project: Project) -> str:
    """The hash of the system without chains, and that its form is right."""
    project.write("look.yaml", "results: look\n")
    found = describing_hash(project.load("look.yaml"), "ether", 1)
    assert len(found) == 16 and int(found, 16) >= 0
    return found


@pytest.mark.parametrize(("file", "old", "new"), DESCRIBED, ids=[case[2][:40] for case in DESCRIBED])
def test_what_describes_a_run_changes_the_hash(project: Project, file: str, old: str, new: str) -> None:
    before = described(project)
    project.edit(file, old, new)
    assert described(project) != before


@pytest.mark.parametrize(("file", "old", "new"), UNDESCRIBED, ids=[case[2][:40] for case in UNDESCRIBED])
def test_what_does_not_describe_it_leaves_the_hash(project: Project, file: str, old: str, new: str) -> None:
    before = described(project)
    project.edit(file, old, new)
    assert described(project) == before


def test_a_title_asks_for_no_new_simulation(project: Project) -> None:
    before = project.load()
    project.edit("systems/ether-pab.yaml", "title: with", "title: and with")
    after = project.load()
    assert describing_hash(after, "ether-pab", 1) != describing_hash(before, "ether-pab", 1)
    assert identity(after, "ether-pab", 1, "production") == identity(before, "ether-pab", 1, "production")


def test_the_base_describes_a_run(project: Project) -> None:
    before = describing_hash(project.load(), "ether-pab", 1)
    project.write("systems/other.yaml", "extends: ether\ntitle: the same liquid\n")
    project.edit("systems/ether-pab.yaml", "extends: ether", "extends: other")
    assert describing_hash(project.load(), "ether-pab", 1) != before
