"""Every mistake in config.yaml is told with file, line, key, value and remedy before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

CASES = [
    ("replicas: 1", "replica: 1", "replica = 1", "not known", "Did you mean `replicas`?"),
    ("replicas: 1", "replicas: 0", "replicas = 0", "at least 1", "Write 1 or more"),
    ("replicas: 1", "replicas: -2", "replicas = -2", "at least 1", "Write 1 or more"),
    ("replicas: 1", "replicas: true", "replicas = true", "whole number", "plain number"),
    ("replicas: 1", "replicas: 1.5", "replicas = 1.5", "whole number", "Write"),
    ("replicas: 1", "replicas: '1'", "replicas = 1", "whole number", "without quotes"),
    ("replicas: 1", "replicas: [1]", "replicas = [1]", "whole number", "Write"),
    ("replicas: 1", "replicas:", "replicas = (nothing)", "no value", "Add a value"),
    ("replicas: 1", "replicas: 1e99", "replicas = 1e99", "beyond", "smaller"),
    ("seed: 7", "seed: -1", "seed = -1", "at least 0", "Write 0"),
    ("seed: 7", "seed: .nan", "seed = .nan", "whole number", "Write"),
    ("cutoff_nm: 1.2", "cutoff_nm: true", "cutoff_nm = true", "a number in nm", "plain number"),
    ("cutoff_nm: 1.2", "cutoff_nm: 1,2", "cutoff_nm = 1,2", "a number in nm", "Write a decimal point: 1.2"),
    ("cutoff_nm: 1.2", "cutoff_nm: 1.2 nm", "cutoff_nm = 1.2 nm", "a number in nm", "without quotes or a unit"),
    ("cutoff_nm: 1.2", "cutoff_nm: .inf", "cutoff_nm = .inf", "finite", "ordinary number"),
    ("cutoff_nm: 1.2", "cutoff_nm: .NaN", "cutoff_nm = .NaN", "finite", "ordinary number"),
    ("cutoff_nm: 1.2", "cutoff_nm: 1e999", "cutoff_nm = 1e999", "finite", "ordinary number"),
    ("preview: false", "preview: NO", "preview = NO", "true or false", "`false`"),
    ("preview: false", "preview: 0", "preview = 0", "true or false", "`false`"),
    ("protocol: paper", "protocol: papper", "protocol = papper", "not known", "Did you mean `paper`?"),
    ("lorentz-berthelot", "lorentz", "mixing_rule = lorentz", "not known", "lorentz-berthelot"),
    ("nvt_ps: 100", "nvt: 100", "lengths.nvt = 100", "not known", "Did you mean `nvt_ps`?"),
    ("nvt_ps: 100", "nvt_ps: 5", "lengths.nvt_ps = 5", "at least 10 ps", "Write 10 or more"),
    ("npt_ps: 100", "npt_ps: 0", "lengths.npt_ps = 0", "at least 10 ps", "Write 10 or more"),
    ("anneal_ps: 100", "anneal_ps: 5", "lengths.anneal_ps = 5", "at least 10 ps", "or 0 to leave the stage out"),
    ("anneal_ps: 100", "anneal_ps: -1", "lengths.anneal_ps = -1", "at least 0", "Write 0 or more"),
    ("nvt_ps: 100", "nvt_ps: 10.0011", "lengths.nvt_ps = 10.0011", "steps of 2 fs", "multiple of 0.002 ps"),
    ("production_ns: 10", "production_ns: 0.008", "lengths.production_ns = 0.008", "too short", "at least 0.02"),
    ("production_ns: 10", "production_ns: 0", "lengths.production_ns = 0", "larger than 0", "larger than 0"),
    ("frame_interval_ps: 1", "frame_interval_ps: 0.0011", "frame_interval_ps = 0.0011", "steps", "0.002"),
    ("anneal_temperature_K: 400", "anneal_temperature_K: 0", "anneal_temperature_K = 0", "larger than 0", "Write"),
    ("threads_per_run: auto", "threads_per_run: all", "threads_per_run = all", "`auto`", "Write `auto`"),
    ("threads_per_run: auto", "threads_per_run: 0", "threads_per_run = 0", "at least 1", "Write 1"),
    ("fraction: 0.6", "fraction: 1.7", "packing_density_fraction = 1.7", "much denser", "between 0 and 1.5"),
    ("results: results", "results: ../x", "results = ../x", "misread", "letters, digits"),
    ("results: results", "results: /tmp/x", "results = /tmp/x", "misread", "letters, digits"),
    ("results: results", "results: my results", "results = my results", "misread", "letters, digits"),
    ("results: results", "results: workflow", "results = workflow", "project itself", "Choose another name"),
    ("preview: false", "preview: false\npreview: true", "preview", "twice (first in line 8)", "Keep only one"),
    ("preview: false", "preview: &x false", "preview = &x", "anchors", "Write the value out"),
    ("preview: false", "preview: !!python/name:os 1", "preview = ", "true or false", "`false`"),
    ("preview: false", "preview: !os 1", "preview = !os", "tags", "plain value"),
    ("  - ether\n", "  - ether;touch x\n", "systems[1] = ether;touch x", "misread", "letters, digits"),
    ("  - ether\n", "  - ../ether\n", "systems[1] = ../ether", "misread", "letters, digits"),
    ("  - ether\n", "  - my ether\n", "systems[1] = my ether", "misread", "letters, digits"),
    ("  - ether\n", "  - $(id)\n", "systems[1] = $(id)", "misread", "letters, digits"),
    ("  - ether\n", "  - ether.yaml\n", "systems[1] = ether.yaml", "ending", "Write `ether`"),
    ("  - ether\n", "  - report.html\n", "systems[1] = report.html", "file of the results", "Rename"),
    ("  - ether\n", "  - eter\n", "eter", "no file systems/eter.yaml", "Did you mean `ether`?"),
    ("  - ether-pab\n", "  - ether\n", "systems[2] = ether", "two systems have one name", "Name each system once"),
    ("  - ether-pab\n", "  - Ether\n", "systems[2] = Ether", "two systems have one name", "capitals"),
]


@pytest.mark.parametrize(("old", "new", "what", "problem", "remedy"), CASES, ids=[case[1] for case in CASES])
def test_mistake_is_told_with_its_line(
    project: Project, old: str, new: str, what: str, problem: str, remedy: str
) -> None:
    line = project.edit("config.yaml", old, new) + new.count("\n") * ("twice" in problem)
    told = [text for text in project.problems() if f"config.yaml:{line}: " in text]
    assert any(what in text and problem in text and remedy in text for text in told), project.problems()


def test_each_frame_interval_needs_ten_frames(project: Project) -> None:
    project.edit("config.yaml", "production_ns: 10", "production_ns: 0.05")
    project.edit("config.yaml", "frame_interval_ps: 1", "frame_interval_ps: 10")
    assert "10 frames" in project.problem() and "at least 0.1" in project.problem()


def test_ten_frames_are_enough(project: Project) -> None:
    project.edit("config.yaml", "production_ns: 10", "production_ns: 0.06")
    project.edit("config.yaml", "frame_interval_ps: 1", "frame_interval_ps: 6")
    assert project.load().config.lengths.production_ns == 0.06


def test_all_problems_are_told_at_once(project: Project) -> None:
    project.edit("config.yaml", "replicas: 1", "replicas: 0")
    project.edit("config.yaml", "cutoff_nm: 1.2", "cutof_nm: 1.2")
    project.edit("systems/ether.yaml", "temperature_K: 298", "temperature_K: 0")
    project.edit("systems/ether-pab.yaml", "monomers: 10", "monomer: 10")
    project.edit("forcefields/opls-aa/molecules/EC/molecule.yaml", "kind: solvent", "kind: solven")
    text = "\n".join(project.problems())
    for part in ("replicas = 0", "cutof_nm = 1.2", "temperature_K = 0", "chains.monomer = 10", "kind = solven"):
        assert text.count(f"{part}:") == 1, part


def test_a_missing_key_names_the_key(project: Project) -> None:
    project.edit("config.yaml", "replicas: 1\n", "")
    assert project.problem() == "config.yaml:1: replicas: the key is missing. Add a value for `replicas`"


def test_an_empty_list_of_systems(project: Project) -> None:
    project.edit("config.yaml", "systems:\n  - ether\n  - ether-pab\n  - ether-pib\n", "systems: []\n")
    assert "systems = []: the list is empty" in project.problem()


def test_systems_must_be_a_list(project: Project) -> None:
    project.edit("config.yaml", "systems:\n  - ether\n  - ether-pab\n  - ether-pib\n", "systems: ether\n")
    assert "config.yaml:1: systems = ether: this must be a list" in project.problem()
