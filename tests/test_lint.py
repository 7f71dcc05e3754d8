"""The tools that read the source: ruff, mypy, snakefmt and Snakemake's own lint find nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNAKEFILES = [
    "Snakefile",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "workflow").rglob("*.smk")),
]


def complaints(*command: str) -> str:
    """Run a tool in the project's folder; return what it says when it fails, else nothing."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}" * (done.returncode != 0)


def test_ruff_finds_nothing() -> None:
    assert not complaints("ruff", "check", ".", "--no-cache", "--output-format", "concise")


def test_python_is_formatted() -> None:
    assert not complaints("ruff", "format", "--check", ".", "--no-cache")


def test_rules_are_formatted() -> None:
    assert not complaints("snakefmt", "--check", "--diff", *SNAKEFILES)


@pytest.mark.slow
def test_types_agree() -> None:
    assert not complaints("mypy")


@pytest.mark.slow
def test_snakemake_lints_the_workflow() -> None:
    assert not complaints("snakemake", "--lint")
