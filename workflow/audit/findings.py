"""What an audit finds: errors, which make it fail, and warnings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from workflow.inputs.problems import Place, Problem, Problems


@dataclass
class Findings:
    """Errors and warnings, each with place, term, value, what is wrong and a remedy; the same one is kept once."""

    root: Path
    errors: Problems = field(init=False)
    warnings: Problems = field(init=False)

    def __post_init__(self) -> None:
        """Begin without findings."""
        self.errors = Problems(self.root)
        self.warnings = Problems(self.root)

    def error(self, place: Place, term: str, value: object, problem: str, remedy: str) -> None:
        """Keep something that is wrong."""
        self.errors.add(place, term, value, problem, remedy)

    def warn(self, place: Place, term: str, value: object, problem: str, remedy: str) -> None:
        """Keep something that is unusual and may be meant."""
        self.warnings.add(place, term, value, problem, remedy)

    def lines(self) -> list[str]:
        """One line each, by file and line: `error: file:line: term = value: problem. Remedy`."""
        marked = [("error", one) for one in self.errors.found] + [("warning", one) for one in self.warnings.found]
        marked.sort(key=lambda one: (str(one[1].place.file), one[1].place.line))
        return [f"{word}: {problem.text(self.root)}" for word, problem in marked]


def named(problem: Problem) -> str:
    """Where a problem lies and in which term, without its value and words."""
    return f"{problem.place.file.name}: {problem.key}"
