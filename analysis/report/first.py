"""The first screen: each claim beside each chain, with the effect, its interval and what could have been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.claims import CONFIRMED, CONTRADICTED
from analysis.report.collect import Finished
from analysis.report.differences import ClaimView, Verdicts

_STATES = {CONFIRMED: "good", CONTRADICTED: "bad"}


@dataclass(frozen=True)
class ClaimLine:
    """One claim about an electrolyte: what is said, and what becomes of it in each system, in their order."""

    id: str
    text: str
    source: str
    views: tuple[ClaimView | None, ...]


@dataclass(frozen=True)
class ClaimGrid:
    """All claims about the variants of one electrolyte."""

    title: str
    systems: tuple[Finished, ...]
    lines: tuple[ClaimLine, ...]


def claim_grid(title: str, judged: Sequence[Verdicts]) -> ClaimGrid | None:
    """Return the claims as lines and the systems as columns; None when nothing is claimed of them."""
    texts = {claim.id: claim for one in judged for claim in one.claims}
    if not texts:
        return None
    by_system = [{claim.id: claim for claim in one.claims} for one in judged]
    lines = tuple(
        ClaimLine(key, claim.text, claim.source, tuple(found.get(key) for found in by_system))
        for key, claim in texts.items()
    )
    return ClaimGrid(title, tuple(one.system for one in judged), lines)


def state_of(verdict: str) -> str:
    """Return how a verdict is marked: good where confirmed, bad where contradicted, else open."""
    return _STATES.get(verdict, "open")
