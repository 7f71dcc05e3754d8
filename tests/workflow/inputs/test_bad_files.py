"""Files that are missing, unreadable or ambiguous are told in one clear message with the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

UNREADABLE = [
    ("systems: [a\n", "config.yaml:2: not readable as YAML: expected ',' or ']'"),
    ("a: 1\nsystems:\n\t- x\n", "config.yaml:3: not readable as YAML: found character '\\t'"),
    ("a: b: c\n", "config.yaml:1: not readable as YAML: mapping values are not allowed here"),
    ("a: 1\n---\nb: 1\n", "config.yaml:2: not readable as YAML: but found another document"),
    ("a: 'open\nb: 1\n", "not readable as YAML"),
    ("a: \x00\n", "config.yaml: not readable as YAML: unacceptable character"),
    ("a: " + "[" * 800 + "\n", "config.yaml: not readable as YAML: it is nested too deeply"),
    ("a: *x\n", "config.yaml:1: not readable as YAML: found undefined alias"),
    ("", "config.yaml:1: the file holds no keys"),
    ("# only a comment\n", "config.yaml:1: the file holds no keys"),
    ("- a\n- b\n", "config.yaml:1: the file holds no keys"),
    ("just text\n", "config.yaml:1: the file holds no keys"),
    ("a: 1\n? [x]\n: 1\n", "config.yaml:2: a key must be a word"),
    ("<<: {a: 1}\n", "config.yaml:1: <<: merge keys are not used here"),
]


@pytest.mark.parametrize(("text", "told"), UNREADABLE, ids=[text[:20] for text, _ in UNREADABLE])
def test_unreadable_yaml_is_told_with_its_line(project: Project, text: str, told: str) -> None:
    project.write("config.yaml", text)
    line = project.problem()
    assert told in line and ". " in line


def test_a_doubled_key_in_a_system_names_both_lines(project: Project) -> None:
    line = project.edit("systems/ether.yaml", "  mol_per_L: 1.0\n", "  mol_per_L: 1.0\n  mol_per_L: 2.0\n")
    told = project.problems()[0]
    assert told.startswith(
        f"systems/ether.yaml:{line + 1}: salt.mol_per_L: the key is given twice (first in line {line})"
    )


def test_missing_config(project: Project) -> None:
    (project.root / "config.yaml").unlink()
    assert project.problem() == "config.yaml: the file does not exist. Create it or correct its name"


def test_missing_overlay(project: Project) -> None:
    assert project.problem("fast.yaml").startswith("fast.yaml: the file does not exist")


def test_overlay_outside_the_project_is_named_in_full(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "fast.yaml"
    path.write_text("replicas: 0\n")
    assert project.problem(str(path)).startswith(f"{path}:1: replicas = 0")


def test_folder_instead_of_file(project: Project) -> None:
    (project.root / "fast.yaml").mkdir()
    assert project.problem("fast.yaml") == "fast.yaml: this is a folder, not a file. Name a YAML file"


def test_text_that_is_not_utf8(project: Project) -> None:
    (project.root / "config.yaml").write_bytes(b"a: 1\nb: \xe9t\xe9\n")
    assert project.problem() == "config.yaml:2: the file is not UTF-8 text. Save it in the encoding UTF-8"


def test_a_byte_order_mark_does_no_harm(project: Project) -> None:
    text = (project.root / "config.yaml").read_text()
    (project.root / "config.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert project.load().config.replicas == 1


@pytest.mark.parametrize("other", ["ether.yml", "Ether.yaml", "ETHER-PAB.yaml"])
def test_two_files_of_one_name(project: Project, other: str) -> None:
    project.write(f"systems/{other}", "title: other\n")
    line = project.problem()
    assert "two systems of one name" in line and other in line and "Rename or remove one" in line


def test_control_characters_do_not_reach_the_terminal(project: Project) -> None:
    project.edit("config.yaml", "results: results", 'results: "a\\e[2Jb\\nc"')
    assert "\x1b" not in project.problem() and "results = " in project.problem()


def test_an_overlay_is_named_for_what_it_brings(project: Project) -> None:
    project.write("fast.yaml", "replicas: 2\ncutoff_nm: none\n")
    assert project.problem("fast.yaml").startswith("fast.yaml:2: cutoff_nm = none")
