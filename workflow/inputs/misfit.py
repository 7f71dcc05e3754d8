"""What a molecule's parameters miss: each criterion with the number reached and its limit."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.inputs.fields import Fields


@dataclass(frozen=True)
class Misfit:
    """A criterion, of a derivation or of a liquid, that is not met: `reached` against `limit`, both in `unit`."""

    criterion: str
    reached: float
    limit: float
    unit: str


def read_misfits(fields: Fields, status: str) -> tuple[Misfit, ...]:
    """The entries of `misfit:`; a derived molecule has none, a published one may miss what was measured."""
    found: list[Misfit] = []
    for below in fields.tables("misfit"):
        criterion, unit = below.text("criterion"), below.text("unit")
        reached, limit = below.number("reached"), below.number("limit")
        below.finish()
        if criterion is None or unit is None or reached is None or limit is None:
            continue
        if abs(reached) <= abs(limit):
            below.add("reached", f"{reached:g} is within the limit of {limit:g}", "Take the entry out, or correct it")
        found.append(Misfit(criterion, reached, limit, unit))
    if found and status == "derived":
        problem = "derived parameters that miss a criterion are provisional"
        fields.add("status", problem, "Write `status: provisional`, or take `misfit` out")
    return tuple(found)
