"""Problems of the inputs, collected so that all of them are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where something stands: a file and a line in it (1 is the first; 0 means the file as a whole)."""

    file: Path
    line: int


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the inputs and what to do about it."""

    place: Place
    key: str
    value: str
    problem: str
    remedy: str

    def text(self, root: Path) -> str:
        """One line, `file:line: key = value: problem. Remedy.`, the file relative to `root`."""
        file = self.place.file
        shown = file.relative_to(root) if file.is_relative_to(root) else file
        where = f"{shown}:{self.place.line}" if self.place.line else f"{shown}"
        what = f"{self.key} = {self.value}" if self.key and self.value else self.key
        parts = [where, what] if what else [where]
        return _one_line(f"{': '.join(parts)}: {self.problem}. {self.remedy}")


class InputError(Exception):
    """The inputs are wrong; the text lists every problem, one a line."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass
class Problems:
    """Collects problems; the same one (as in two systems that share a file) is kept once.

    The length counts every problem that was added, known or not, so that a reader sees whether its own part was right.
    """

    root: Path
    found: list[Problem] = field(default_factory=list)
    added: int = 0

    def add(self, place: Place, key: str, value: object, problem: str, remedy: str) -> None:
        """Keep a problem unless it is known already."""
        new = Problem(place, key, "" if value is None else _shortened(str(value)), problem, remedy)
        self.added += 1
        if new not in self.found:
            self.found.append(new)

    def __len__(self) -> int:
        return self.added

    def stop_if_any(self) -> None:
        """Raise `InputError` with all problems, sorted by file and line, if there are any."""
        if self.found:
            ordered = sorted(self.found, key=lambda one: (str(one.place.file), one.place.line))
            raise InputError([one.text(self.root) for one in ordered])


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean `x`? ` for the known word most like `word`, else an empty text."""
    candidates = {one.lower(): one for one in known}
    match = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.55)
    return f"Did you mean `{candidates[match[0]]}`? " if match else ""


def listing(words: Iterable[str]) -> str:
    """Words as `a, b, c` for a message; `none` when there is none."""
    return ", ".join(words) or "none"


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _one_line(text: str) -> str:
    """Text without line breaks or control characters, which a file name or value may hold."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
