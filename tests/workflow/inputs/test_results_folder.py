"""Results are written neither over the project nor over those of another kind of run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow import start
from workflow.inputs.results_folder import LOCK_NAME

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project


def test_the_lock_that_marks_a_results_folder_is_the_one_that_is_taken(tmp_path: Path) -> None:
    with start.lock_results(tmp_path / "results")[0]:
        assert [path.name for path in (tmp_path / "results").iterdir()] == [LOCK_NAME]


def test_preview_must_not_share_the_folder_of_the_full_length(project: Project) -> None:
    project.write("fast.yaml", "preview: true\n")
    assert "config.yaml:7: results = results: a preview must not share a folder" in project.problem("fast.yaml")
    project.edit("config.yaml", "results: results", "results: out")
    assert "results = out: a preview must not share a folder" in project.problem("fast.yaml")
    project.write("fast.yaml", "preview: true\nresults: fast\n")
    assert project.load("fast.yaml").config.results == "fast"


def test_full_length_must_not_share_the_folder_of_the_preview(project: Project) -> None:
    project.write("preview.yaml", "preview: true\nresults: look\n")
    assert project.load("preview.yaml").config.results == "look"
    line = project.edit("config.yaml", "results: results", "results: look")
    told = project.problem()
    assert told.startswith(f"config.yaml:{line}: results = look: this is the folder of the previews (preview.yaml)")


def test_a_broken_preview_file_is_nobodys_problem_at_full_length(project: Project) -> None:
    project.write("preview.yaml", "results: [\n")
    assert project.load().config.results == "results"


@pytest.mark.parametrize(("name", "what"), [("install", "a folder"), ("Makefile", "a file"), ("makefile", "a file")])
def test_what_exists_and_holds_no_results_is_refused(project: Project, name: str, what: str) -> None:
    (project.root / "install").mkdir()
    project.write("install/linux.sh", "")
    project.write("Makefile", "")
    line = project.edit("config.yaml", "results: results", f"results: {name}")
    told = project.problem()
    assert told.startswith(f"config.yaml:{line}: results = {name}: {what} of this name exists and holds no results")


def test_a_folder_of_results_or_an_empty_one_may_be_used(project: Project) -> None:
    folder = project.root / "results"
    folder.mkdir()
    assert project.load().config.results == "results"
    (folder / LOCK_NAME).touch()
    (folder / "report.html").touch()
    assert project.load().config.results == "results"
    (folder / LOCK_NAME).unlink()
    assert "holds no results" in project.problem()
