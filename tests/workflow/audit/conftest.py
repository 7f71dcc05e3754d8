"""Copies of the force field in which a test may break a molecule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow.audit.check import check_folders
from workflow.audit.findings import Findings

REPOSITORY = Path(__file__).resolve().parents[3]
FORCE_FIELD = Path("forcefields", "opls-aa")


class Molecules:
    """A project's folder with the force field; a molecule can be changed and checked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        leave_out = shutil.ignore_patterns("derivation")
        shutil.copytree(REPOSITORY / FORCE_FIELD, root / FORCE_FIELD, ignore=leave_out)

    def folder(self, name: str) -> Path:
        """The folder of a molecule."""
        return self.root / FORCE_FIELD / "molecules" / name

    def edit(self, name: str, file: str, old: str, new: str) -> int:
        """Replace a text that occurs once in a molecule's file; the line in which the new text begins."""
        path = self.folder(name) / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def check(self, *names: str) -> Findings:
        """What the audit finds."""
        return check_folders(self.root, [self.folder(name) for name in names])

    def errors(self, *names: str) -> list[str]:
        """The errors alone, one line each."""
        return [line.removeprefix("error: ") for line in self.check(*names).lines() if line.startswith("error: ")]


@pytest.fixture
def molecules(tmp_path: Path) -> Molecules:
    """A force field without errors."""
    return Molecules(tmp_path)
