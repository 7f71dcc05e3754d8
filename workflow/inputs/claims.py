"""Claims of a publication about what chains do to a liquid: data that the analysis judges, part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.fields import Fields
from workflow.inputs.published import check_source

UP, DOWN, ABOVE = "up", "down", "above"
DIRECTIONS = (UP, DOWN, ABOVE)
QUANTITY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class ClaimPart:
    """One number of the analysis and where it is said to go.

    `quantity` and `label` are those of the tables (`cn`, `Li-O(DME)`); `direction` is `up` or `down` against the
    system without chains, or `above` a `threshold` in the quantity's unit, which is None otherwise.
    """

    quantity: str
    label: str
    direction: str
    threshold: float | None = None


@dataclass(frozen=True)
class Claim:
    """A claim with its parts, all of which must hold; `source` is a key of references.bib or `doi:...`."""

    id: str
    text: str
    source: str
    parts: tuple[ClaimPart, ...]


def read_claims(fields: Fields, root: Path) -> tuple[Claim, ...]:
    """The claims about a liquid, each with an id of its own, a source and at least one part."""
    claims: list[Claim] = []
    for below in fields.tables("claims"):
        name, source = below.name("id"), below.text("source")
        text, parts = below.text("text"), _read_parts(below)
        if name is not None and name in [one.id for one in claims]:
            below.add("id", "two claims have one id", "Number them apart")
        if source is not None:
            check_source(below, source, root)
        below.finish()
        claims.append(Claim(name or "", text or "", source or "", parts))
    return tuple(claims)


def _read_parts(fields: Fields) -> tuple[ClaimPart, ...]:
    if not fields.has("parts"):
        fields.add("parts", "a claim without parts cannot be judged", "Name the numbers, as `- {quantity: cn, ...}`")
    parts: list[ClaimPart] = []
    for below in fields.tables("parts"):
        quantity, label = below.text("quantity"), below.text("label")
        if quantity is not None and not QUANTITY.fullmatch(quantity):
            below.add("quantity", "no quantity of the tables is called so", "Copy its name from a table, such as `cn`")
        direction = below.choice("direction", DIRECTIONS)
        threshold = below.number("threshold", required=direction == ABOVE)
        if threshold is not None and direction in (UP, DOWN):
            below.add("threshold", f"a part that goes {direction} has none", "Leave it out, or write direction: above")
        below.finish()
        part = ClaimPart(quantity or "", label or "", direction or "", threshold)
        if (part.quantity, part.label) in [(one.quantity, one.label) for one in parts]:
            below.add("label", "this number stands twice in one claim", "Keep one of them")
        parts.append(part)
    return tuple(parts)
