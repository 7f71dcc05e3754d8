"""requirements.in, requirements.lock and environment.yml agree, and the lock is complete and hashed."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
OF_TESTS = (ROOT / "requirements-tests.lock").read_text(encoding="utf-8")


def environment() -> dict[str, Any]:
    """Return environment.yml as data."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    return data


def pins(lines: list[str]) -> dict[str, str]:
    """Return {canonical name: version} of lines such as `numpy==2.4.6`."""
    found = [re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", line) for line in lines]
    return {canonicalize_name(one[1]): one[2] for one in found if one}


DIRECT = pins((ROOT / "requirements.in").read_text(encoding="utf-8").splitlines())
LOCKED = pins(LOCK.splitlines())


@pytest.mark.parametrize("name", DIRECT)
def test_lock_and_environment_have_the_version_asked_for(name: str) -> None:
    listed = next(entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict))
    assert LOCKED[name] == DIRECT[name]
    assert pins(listed)[name] == DIRECT[name]


def test_environment_adds_no_python_package_of_its_own() -> None:
    listed = next(entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict))
    assert set(pins(listed)) == set(DIRECT)
    assert len(listed) == len(DIRECT)


def test_python_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = next(entry for entry in environment()["dependencies"] if str(entry).startswith("python "))
    assert python == f"python {project['requires-python']}"


def test_every_locked_package_has_a_hash() -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", LOCK)[1:]
    assert len(entries) > len(DIRECT)
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_locks_name_no_server() -> None:
    for lock in (LOCK, OF_TESTS):
        assert "://" not in lock
        assert "--index" not in lock
        assert "--find-links" not in lock


def test_the_lock_of_the_tests_is_in_step() -> None:
    asked = pins((ROOT / "requirements-tests.in").read_text(encoding="utf-8").splitlines())
    found = pins(OF_TESTS.splitlines())
    assert asked.items() <= found.items()
    assert {name: found[name] for name in found.keys() & LOCKED.keys()} == {
        name: LOCKED[name] for name in found.keys() & LOCKED.keys()
    }


def test_every_direct_dependency_is_locked_with_all_that_it_needs() -> None:
    missing = []
    for name in DIRECT:
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                missing += [f"{name}: {line}"] if canonicalize_name(needed.name) not in LOCKED else []
    assert not missing


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = YAML(typ="safe", pure=True).load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## \[(.+)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert project["version"] == citation["version"] == newest[1]
    assert str(citation["date-released"]) == newest[2]
