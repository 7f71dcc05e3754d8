"""Published values of a liquid: what was measured, where, at which temperature, with which uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.fields import Fields
from workflow.inputs.molecule_files import FORCE_FIELD, bibliography
from workflow.inputs.problems import nearest

BIBLIOGRAPHY = FORCE_FIELD / "references.bib"
DOI = "doi:"
# Quantity -> unit. The first three are computed and compared; of those a liquid has one value each.
UNITS = {
    "density": "kg/m^3",
    "heat_of_vaporisation": "kJ/mol",
    "dielectric_constant": "1",
    "conductivity": "mS/cm",
    "diffusion_coefficient": "1e-10 m^2/s",
    "viscosity": "mPa s",
}
COMPARED = ("density", "heat_of_vaporisation", "dielectric_constant")


@dataclass(frozen=True)
class Published:
    """A published value to compare with.

    `uncertainty` is the half-width of the interval in which the true value is expected, in `unit`; `temperature_K`
    is that of the measurement, the system's own where it is None. `other_composition` marks a value of a similar, not
    the same, liquid. `source` is a key of references.bib or `doi:...`.
    """

    quantity: str
    value: float
    unit: str
    source: str
    other_composition: bool
    note: str | None
    uncertainty: float | None = None
    temperature_K: float | None = None


def read_published(fields: Fields, root: Path, refused: Mapping[str, str]) -> tuple[Published, ...]:
    """Published values, each with its unit and source; `refused` says which are not computed here, and why."""
    values: list[Published] = []
    for below in fields.tables("published"):
        before = len(below.problems)
        quantity = below.choice("quantity", tuple(UNITS)) or ""
        value = below.number("value")
        unit, source = below.text("unit") or "", below.text("source") or ""
        one = Published(
            quantity,
            value or 0.0,
            unit,
            source,
            bool(below.flag("other_composition")) if below.has("other_composition") else False,
            below.text("note", required=False),
            below.number("uncertainty", required=False, above=0, unit=unit),
            below.number("temperature_K", required=False, above=0, unit="K"),
        )
        below.finish()
        if len(below.problems) == before:
            _check(below, one, refused, [other.quantity for other in values if not other.other_composition])
            check_source(below, source, root)
            values.append(one)
    return tuple(values)


def _check(fields: Fields, one: Published, refused: Mapping[str, str], earlier: list[str]) -> None:
    """The unit is that of the quantity, and what is compared can be computed and stands once."""
    if one.unit != UNITS[one.quantity]:
        fields.add("unit", f"the unit of {one.quantity} is {UNITS[one.quantity]}", f"Write {UNITS[one.quantity]}")
    if one.other_composition or one.quantity not in COMPARED:
        return
    if one.quantity in refused:
        fields.add("quantity", refused[one.quantity], "Take it out, or mark it with other_composition: true")
    elif one.quantity in earlier:
        problem = "this quantity is given twice, but there is one value to compare with"
        fields.add("quantity", problem, "Keep one and tell the spread under `uncertainty` and `note`")


def check_source(fields: Fields, source: str, root: Path) -> None:
    """Record a `source` that is neither a key of references.bib nor `doi:...`."""
    if source.startswith(DOI):
        return
    known = bibliography(root, fields.problems)
    if source not in known:
        remedy = f"{nearest(source, known)}Add it to {BIBLIOGRAPHY}, or write `{DOI}...`"
        fields.add("source", f"`{source}` is not in references.bib", remedy)
