"""The first table: one line per system with what a reader asks first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.report.collect import Finished, has_several_cations
from analysis.report.formatting import label_text, species_of, unit_text
from analysis.report.names import WITHHELD_IN_PREVIEW
from analysis.report.summary import Cell, Scalars, cell, scalars_of, with_role
from analysis.report.verdict import verdict


@dataclass(frozen=True)
class Glance:
    """One system in the first table: its quantities by column heading."""

    member: Finished
    cells: tuple[Cell | None, ...]


def glance_columns(finished: Sequence[Finished]) -> tuple[str, ...]:
    """Return the headings of the first table, with units; what concerns ions only when a system has some."""
    cation = first_cation(finished)
    several = has_several_cations(finished)
    density = "Density, kg/m³"
    if cation is None:
        return (density, "Its deviation from experiment, else from the prediction, %", "Temperature, K", "Stationary")
    return (
        density,
        "Deviation from the prediction, % / apparent volume per chain, nm³",
        "Salt, mol per litre of solution",
        "Temperature, K",
        "Cation: neighbours in contact, total" if several else f"{cation}: neighbours in contact, total",
        "First cation–O(solvent) peak, nm" if several else f"First {cation}–O(solvent) peak, nm",
        "D of the cation" if several else f"D of {cation}",
        "Stationary",
    )


def glance_table(finished: Sequence[Finished]) -> tuple[list[str], list[Glance]]:
    """Return the headings and lines of the first table, without the columns that are empty for every system."""
    with_ions, several = first_cation(finished) is not None, has_several_cations(finished)
    lines, headings = [glance(one, with_ions, several) for one in finished], glance_columns(finished)
    kept = [place for place in range(len(headings)) if any(line.cells[place] is not None for line in lines)]
    shown = [replace(line, cells=tuple(line.cells[place] for place in kept)) for line in lines]
    return [headings[place] for place in kept], shown


def first_cation(finished: Sequence[Finished]) -> str | None:
    """Return the name of a cation of these systems; None when they have no ions."""
    return next((one.cation for one in finished if one.cation is not None), None)


def glance(member: Finished, with_ions: bool = True, name_cation: bool = False) -> Glance:
    """Return one system's line of the first table; its columns are those of systems with or without ions.

    `name_cation`: the cells name it, because the headings cannot.
    """
    scalars = scalars_of(member)

    def first(wanted: str, label: str | None = None) -> Cell | None:
        for (quantity, named, unit), row in scalars.items():
            if quantity == wanted and label in (None, named):
                shown = cell(row, scalars, member.preview)
                with_unit = wanted in WITHHELD_IN_PREVIEW and shown.is_number
                return Cell(f"({shown.text}) {unit_text(unit)}", shown.details, True) if with_unit else shown
        return None

    def named(shown: Cell | None) -> Cell | None:
        return replace(shown, details=(str(member.cation), *shown.details)) if shown and name_cation else shown

    deviation, stationary = first("chain_apparent_volume") or first("density_deviation"), Cell(verdict(member))
    if not with_ions:
        deviation = first("deviation_from_experiment", "density") or deviation
        return Glance(member, (first("density"), deviation, first("temperature"), stationary))
    cells = (
        first("density"),
        deviation,
        first("salt_concentration", "mol_per_L"),
        first("temperature"),
        named(first("cn_total")),
        _nearest_oxygen(member, scalars),
        named(first("D", member.cation)) if member.cation is not None else None,
        stationary,
    )
    return Glance(member, cells)


def _nearest_oxygen(member: Finished, scalars: Scalars) -> Cell | None:
    """Return the shortest first-peak distance to an oxygen of a solvent; None when there is none."""
    solvents = with_role(member, "solvent")
    kinds = {str(site["label"]): str(site["kind"]) for site in member.run["sites"]}
    peaks = [
        row
        for (quantity, label, _), row in scalars.items()
        if quantity == "first_peak"
        and species_of(label) in solvents
        and kinds.get(label.partition("-")[2]) == "O"
        and math.isfinite(float(row["value"]))
    ]
    if not peaks:
        return None
    nearest = min(peaks, key=lambda row: float(row["value"]))
    shown = cell(nearest, scalars, member.preview)
    return Cell(shown.text, (label_text(str(nearest["label"])), *shown.details), True)


def ion_charge_scales(runs: Sequence[dict[str, Any]]) -> list[float]:
    """Return by what the whole charges of ions were multiplied, each factor once; none is below one half."""
    species = [one for run in runs for one in run["species"] if one["role"] in ("cation", "anion")]
    charges = {abs(one["charge_e"]) for one in species} - {0.0}  # 0: not known
    return sorted({round(charge / math.ceil(charge - 1e-6), 3) for charge in charges})
