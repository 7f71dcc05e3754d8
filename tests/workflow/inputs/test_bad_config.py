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
    ("replicas: 1", "replicas: true", "replicas = true", "whole number", "Write a whole number, such as 3"),
    ("replicas: 1", "replicas: 1.5", "replicas = 1.5", "whole number", "Write a whole number"),
    ("replicas: 1", "replicas: '1'", "replicas = 1", "whole number", "without quotes"),
    ("replicas: 1", "replicas: [1]", "replicas = [1]", "whole number", "Write"),
    ("replicas: 1", "replicas:", "replicas = (nothing)", "no value", "Add a value"),
    ("replicas: 1", "replicas: 101", "replicas = 101", "at most 100", "Write 100 or less"),
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
    ("protocol: paper", "protocol: fats", "protocol = fats", "not known", "Did you mean `fast`?"),
    ("protocol: paper", "timestep_fs: 4\nprotocol: paper", "timestep_fs = 4", "blow up", "hydrogen_mass_u: 3 or more"),
    ("protocol: paper", "timestep_fs: 6\nprotocol: fast", "timestep_fs = 6", "at most 5 fs", "Write 5 or less"),
    ("protocol: paper", "timestep_fs: long\nprotocol: fast", "timestep_fs = long", "a number in fs", "plain number"),
    (
        "protocol: paper",
        "hydrogen_mass_u: 1.5\nprotocol: fast",
        "hydrogen_mass_u = 1.5",
        "blow up",
        "timestep_fs: 2.5 or less",
    ),
    (
        "protocol: paper",
        "hydrogen_mass_u: 5\nprotocol: fast",
        "hydrogen_mass_u = 5",
        "at most 3.7 u",
        "Write 3.7 or less",
    ),
    ("lorentz-berthelot", "lorentz", "mixing_rule = lorentz", "not known", "lorentz-berthelot"),
    ("nvt_ps: 100", "nvt: 100", "lengths.nvt = 100", "not known", "Did you mean `nvt_ps`?"),
    ("nvt_ps: 100", "nvt_ps: 5", "lengths.nvt_ps = 5", "at least 10 ps", "Write 10 or more"),
    ("nvt_ps: 100", "nvt_ps: -5", "lengths.nvt_ps = -5", "at least 10 ps", "Write 10 or more"),
    ("npt_ps: 100", "npt_ps: 0", "lengths.npt_ps = 0", "at least 10 ps", "Write 10 or more"),
    ("anneal_ps: 100", "anneal_ps: 5", "lengths.anneal_ps = 5", "at least 10 ps", "or 0 to leave the stage out"),
    ("anneal_ps: 100", "anneal_ps: -1", "lengths.anneal_ps = -1", "at least 10 ps", "or 0 to leave"),
    ("nvt_ps: 100", "nvt_ps: 10.0011", "lengths.nvt_ps = 10.0011", "steps of 2 fs", "multiple of 0.002 ps"),
    ("production_ns: 10", "production_ns: 0.008", "lengths.production_ns = 0.008", "too short", "at least 0.02"),
    ("viscosity_segments: 10", "viscosity_segments: 100", "lengths.viscosity_segments = 100", "99", "99"),
    ("viscosity_segment_ps: 200", "viscosity_segment_ps: 1", "lengths.viscosity_segment_ps = 1", "at least 10", "10"),
    ("production_ns: 10", "production_ns: 0", "lengths.production_ns = 0", "larger than 0", "larger than 0"),
    ("frame_interval_ps: 1", "frame_interval_ps: 0.0011", "frame_interval_ps = 0.0011", "steps", "0.002"),
    ("anneal_temperature_K: 400", "anneal_temperature_K: 0", "anneal_temperature_K = 0", "larger than 0", "Write"),
    (
        "anneal_temperature_K: 400",
        "anneal_temperature_K: 1",
        "anneal_temperature_K = 1",
        "at least 50 K",
        "348 or more",
    ),
    ("ature_K: 400", "ature_K: 2001", "anneal_temperature_K = 2001", "at most 2000 K", "Write 2000 or less"),
    ("frame_interval_ps: 1", "frame_interval_ps: 100000", "= 100000", "half a box", "Write 10 or less"),
    ("energy_interval_ps: 1", "energy_interval_ps: 12", "energy_interval_ps = 12", "at most 10 ps", "10 or less"),
    ("_min: 1", "_min: 61", "checkpoint_interval_min = 61", "at most 60 minutes", "Write 60 or less"),
    ("threads_per_run: auto", "threads_per_run: all", "threads_per_run = all", "`auto`", "Write `auto`"),
    ("threads_per_run: auto", "threads_per_run: 0", "threads_per_run = 0", "at least 1", "Write 1"),
    ("fraction: 0.6", "fraction: 1.7", "packing_density_fraction = 1.7", "much denser", "from 0.2 to 1.5"),
    ("fraction: 0.6", "fraction: 0.1", "packing_density_fraction = 0.1", "a gas", "from 0.2 to 1.5"),
    ("fraction: 0.6", "fraction: -1", "packing_density_fraction = -1", "a gas", "from 0.2 to 1.5"),
    ("results: results", "results: ../x", "results = ../x", "misread", "letters, digits"),
    ("results: results", "results: /tmp/x", "results = /tmp/x", "misread", "letters, digits"),
    ("results: results", "results: my results", "results = my results", "misread", "letters, digits"),
    ("results: results", "results: workflow", "results = workflow", "project itself", "Choose another name"),
    ("preview: false", "preview: false\npreview: true", "preview", "twice (first in line 8)", "Keep only one"),
    ("preview: false", "preview: &x false", "preview = &x", "anchors", "Write the value out"),
    ("preview: false", "preview: !!python/name:os 1", "= !!python/name:os", "tags", "plain value"),
    ("seed: 7", "seed: !!python/object 7", "seed = !!python/object", "tags", "plain value"),
    ("seed: 7", "seed: !!int 7", "seed = !!int", "tags", "plain value"),
    ("seed: 7", "!!str seed: 7", "seed = !!str", "tags", "plain key"),
    ("lengths:\n", "lengths: !!map\n", "lengths = !!map", "tags", "plain value"),
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
    line = project.edit("config.yaml", "frame_interval_ps: 1", "frame_interval_ps: 10")
    told = project.problem()
    assert told.startswith(f"config.yaml:{line}: frame_interval_ps = 10: a production of 50 ps holds 5 of these")
    assert "at least 10 frames" in told and "Write 5 or less" in told and "production_ns of at least 0.1" in told


def test_the_file_that_brings_the_interval_is_blamed(project: Project) -> None:
    project.edit("config.yaml", "production_ns: 10", "production_ns: 0.05")
    project.write("fast.yaml", "replicas: 2\nenergy_interval_ps: 8\n")
    assert project.problem("fast.yaml").startswith("fast.yaml:2: energy_interval_ps = 8: a production of 50 ps holds 6")
    project.write("fast.yaml", "frame_interval_ps: 6\nenergy_interval_ps: 5\n")
    assert project.problem("fast.yaml").startswith("fast.yaml:1: frame_interval_ps = 6")


def test_a_production_that_is_too_short_is_told_once(project: Project) -> None:
    project.edit("config.yaml", "production_ns: 10", "production_ns: 0.01")
    project.edit("config.yaml", "frame_interval_ps: 1", "frame_interval_ps: 4")
    assert "lengths.production_ns = 0.01" in project.problem() and "at least 0.04" in project.problem()


def test_the_hot_stage_is_hotter_than_every_system(project: Project) -> None:
    project.edit("systems/ether-pab.yaml", "chains:\n", "temperature_K: 360\nchains:\n")
    told = project.problem()
    assert "anneal_temperature_K = 400" in told and "up to 360 K" in told and "Write 410 or more" in told
    project.edit("config.yaml", "anneal_ps: 100", "anneal_ps: 0")
    assert project.load().config.lengths.anneal_ps == 0


def test_a_system_too_hot_for_a_hot_stage_is_told_to_leave_it_out(project: Project) -> None:
    project.edit("systems/ether.yaml", "temperature_K: 298", "temperature_K: 1990")
    assert "Leave the stage out with lengths.anneal_ps: 0" in project.problem()


@pytest.mark.parametrize(("anneal_ps", "what"), [("999", "lasts only 999 ps"), ("0", "no hot stage")])
def test_a_short_hot_stage_at_full_length_gets_a_warning(project: Project, anneal_ps: str, what: str) -> None:
    project.edit("config.yaml", "anneal_ps: 100", f"anneal_ps: {anneal_ps}")
    (warning,) = project.load().warnings
    assert what in warning and "Write 1000 or more" in warning
    project.write("look.yaml", "preview: true\nresults: look\n")
    assert project.load("look.yaml").warnings == ()
    project.edit("config.yaml", f"anneal_ps: {anneal_ps}", "anneal_ps: 1000")
    assert project.load().warnings == ()


def test_more_runs_than_anyone_can_want(project: Project) -> None:
    names = [f"ether{number}" for number in range(31)]
    for name in names:
        project.write(f"systems/{name}.yaml", "extends: ether\ntitle: a copy\n")
    project.write("many.yaml", f"systems: [{', '.join(names)}]\nreplicas: 100\n")
    told = project.problem("many.yaml")
    assert told.startswith("many.yaml:2: replicas = 100: 100 replicas of 31 systems are 3100 runs, more than 3000")
    assert "Write 96 or less" in told
    project.write("many.yaml", f"systems: [{', '.join(names)}]\nreplicas: 96\n")
    assert project.load("many.yaml").config.replicas == 96


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
