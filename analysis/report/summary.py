"""The tables of numbers: quantities by systems, every value with its 95 % interval or with a word why not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.replica_errors import BOUND
from analysis.report.collect import Electrolyte, Finished, has_several_cations, records
from analysis.report.formatting import number, scalar, species_of, unit_text, with_interval
from analysis.report.names import (
    CHAIN_CONTACTS,
    CONTACT_QUANTITIES,
    EXACT,
    FOLDED_GROUPS,
    FURTHER,
    HEADING_OF_OBSERVABLE,
    HEADINGS,
    HIDDEN,
    LIQUID,
    SHORT_CURVES,
    TRANSPORT,
    WITHHELD_IN_PREVIEW,
    heading_of,
    line_name,
    quantity_name,
    rank_of,
)

NO_D_IN_PREVIEW = "preview: no D"
BEYOND_CONTACT = "beyond the contact distance"
"""What the note of a first peak says that is no direct contact (analysis/observables/rdf.py)."""


@dataclass(frozen=True)
class Cell:
    """One number as shown: text, remarks below it, whether it is a number at all, and one without error."""

    text: str
    details: tuple[str, ...] = ()
    is_number: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Line:
    """One row of a table: what is measured, its unit, and a cell per member of the electrolyte."""

    quantity: str
    label: str
    name: str
    unit: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Group:
    """Rows that belong together, under a heading."""

    heading: str
    lines: tuple[Line, ...]
    folded: bool


Key = tuple[str, str, str]
Scalars = dict[Key, dict[str, Any]]


def scalars_of(member: Finished) -> Scalars:
    """Return (quantity, label, unit) -> row of all numbers of one system, stationarity apart.

    Curves of a few points are numbers too: their label names the point, as "Li, 100 ps".
    """
    rows = member.scalars
    found = records(rows[rows["observable"] != "stationarity"])
    for row in (row for quantity in SHORT_CURVES for row in records(member.curves(quantity))):
        point = f"{number(float(row['x']))} {unit_text(str(row['x_unit']))}".strip()
        found.append(row | {"label": f"{row['label']}, {point}"})
    return {(str(r["quantity"]), str(r["label"]), str(r["unit"])): r for r in found}


def cell(row: dict[str, Any], scalars: Scalars, preview: bool) -> Cell:
    """Return how one row of a table is shown; a preview withholds what it must not claim."""
    quantity, value, note = str(row["quantity"]), float(row["value"]), str(row["note"]).strip()
    if preview and quantity in WITHHELD_IN_PREVIEW:
        return Cell(NO_D_IN_PREVIEW, _msd_remark(str(row["label"]), scalars))
    if not math.isfinite(value):
        return Cell(note or "not resolved", _msd_remark(str(row["label"]), scalars) if quantity == "D" else ())
    details = [note] if note else []
    if word := _bound_word(quantity, note):
        return Cell(f"{word} {number(value, 3)}", tuple(details), True)
    if quantity in EXACT:
        extreme = () if quantity == "trajectory_end" else ("an extreme, no estimate",)
        return Cell(number(value), (*extreme, *details), True)
    if quantity == "D" and "window" not in note:
        details += _window_remark(str(row["label"]), scalars)
    return Cell(with_interval(value, float(row["error"])), tuple(details), True)


def _bound_word(quantity: str, note: str) -> str:
    """Return "at least" or "at most" for a number that is no estimate but a bound, else nothing."""
    found = re.search(BOUND, note)
    if quantity.startswith("residence_lower_bound"):
        return "at least"
    return {"lower bound": "at least", "upper bound": "at most"}[found[1]] if found else ""


def detail_groups(group: Electrolyte) -> tuple[Group, ...]:
    """Return all numbers of an electrolyte: rows of quantities, one cell per member (None: does not apply)."""
    by_member = [scalars_of(member) for member in group.members]
    chains = {name for member in group.members for name in with_role(member, "polymer")}
    rows = {key: row for one in by_member for key, row in one.items() if key[0] not in HIDDEN}
    keys = list(dict.fromkeys(key for one in by_member for key in one if key in rows))
    headings = {key: _heading(key, str(rows[key]["observable"]), chains) for key in keys}
    groups = []
    for heading in HEADINGS:
        chosen = sorted((key for key in keys if headings[key] == heading), key=lambda key: rank_of(key[0]))
        lines = tuple(_line(key, group.members, by_member) for key in chosen)
        if heading == TRANSPORT and all(member.preview for member in group.members):
            lines = _transport_of_previews(lines, group.members)
        if heading == LIQUID:
            place = sum(rank_of(key[0]) <= rank_of("salt_concentration") for key in chosen)
            lines = (*lines[:place], *_from_composition(group.members, keys), *lines[place:])
        if lines:
            groups.append(Group(heading, lines, folded=heading in FOLDED_GROUPS))
    return tuple(groups)


def _transport_of_previews(lines: Sequence[Line], members: Sequence[Finished]) -> tuple[Line, ...]:
    """Return one line that there is no D, instead of one per species, before whatever has a number."""
    if not lines:
        return ()
    cells = tuple(Cell(NO_D_IN_PREVIEW) for _ in members)
    numbers = [line for line in lines if any(one is not None and one.is_number for one in line.cells)]
    return (Line("D", "", quantity_name("D"), "", cells), *numbers)


def _heading(key: Key, observable: str, chains: Iterable[str]) -> str:
    quantity, label, _ = key
    if quantity in CONTACT_QUANTITIES and "-" in label and species_of(label) in chains:
        return CHAIN_CONTACTS
    return heading_of(quantity) or HEADING_OF_OBSERVABLE.get(observable, FURTHER)


def _line(key: Key, members: Sequence[Finished], by_member: Sequence[Scalars]) -> Line:
    quantity, label, unit = key
    cells = tuple(
        _with_choices(cell(scalars[key], scalars, member.preview), key, member, scalars) if key in scalars else None
        for member, scalars in zip(members, by_member, strict=True)
    )
    ours = not all(member.foreign for member in members)
    name = line_name(quantity, label, of_paper=ours, with_cation=has_several_cations(members))
    return Line(quantity, label, name, unit_text(unit), cells)


def _with_choices(shown: Cell, key: Key, member: Finished, scalars: Scalars) -> Cell:
    """Add what the number would be with other choices: contact distance or first minimum for a CN, window of a D."""
    quantity, label, _ = key
    if quantity == "cn" and shown.is_number:
        shown = replace(shown, details=(*shown.details, *_to_first_minimum(label, member, scalars)))
    curve = {"cn": "cn_band", "D": "D_sensitivity"}.get(quantity, "")
    rows = member.curves(curve)
    rows = rows[(rows["label"] == label) & rows["value"].notna()].sort_values("x", kind="stable")
    if rows.empty or not shown.is_number:
        return shown
    others = tuple(
        f"{with_interval(r['value'], r['error'])} {_choice(quantity, r)}"
        for r in records(rows)
        if not (quantity == "D" and r["x"] == 1)  # the whole window, which is the number itself
    )
    return replace(shown, details=(*shown.details, *others))


def _to_first_minimum(label: str, member: Finished, scalars: Scalars) -> tuple[str, ...]:
    """Return the CN up to the first minimum of the pooled g(r) with where that is, or why it has none."""
    found, peak = (scalars.get((quantity, label, "nm")) for quantity in ("first_minimum", "first_peak"))
    running = member.curves("running_cn")
    running = running[(running["label"] == label) & running["value"].notna()].sort_values("x")
    if found is None or running.empty:
        return ()
    where_nm, error_nm = float(found["value"]), float(found["error"])
    if not math.isfinite(where_nm):
        return (f"first minimum of g(r): {found['note'] or 'none'}",)
    value = float(np.interp(where_nm, running["x"], running["value"]))
    # further out the spread between the cations is not known, which hides what nearer in was told of their shells
    error = float(running.loc[running["x"] <= where_nm + 1e-9, "error"].max())
    far = peak is not None and BEYOND_CONTACT in str(peak["note"])
    place = f"{with_interval(where_nm, error_nm)} nm" + (", behind a peak beyond contact" if far else "")
    alone = " (interval from parts of the run alone)" if far and int(found["n"]) == 1 else ""
    return (f"{with_interval(value, error)}{alone} up to the first minimum of g(r) at {place}",)


def _choice(quantity: str, row: Mapping[str, Any]) -> str:
    """Return what was chosen differently: the window of a D, the contact distance of a CN."""
    return f"in the {row['note']}" if quantity == "D" else f"at {number(row['x'])} {row['x_unit']}"


def _from_composition(members: Sequence[Finished], keys: Sequence[Key]) -> tuple[Line, ...]:
    """Return the concentration by the second definition, which follows from the counts alone."""
    if any(key[:2] == ("salt_concentration", "mol_per_L_solvent") for key in keys):
        return ()
    reached: list[Any] = [member.run["composition"].get("reached", {}).get("mol_per_L_solvent") for member in members]
    if all(value is None for value in reached):
        return ()
    cells = tuple(None if v is None else Cell(scalar(v), ("exact: from the counts",), True, True) for v in reached)
    name = line_name("salt_concentration", "mol_per_L_solvent")
    return (Line("salt_concentration", "mol_per_L_solvent", name, "mol/L", cells),)


def with_role(member: Finished, role: str) -> tuple[str, ...]:
    """Return the names of the species of a system that have a role."""
    return tuple(str(species["name"]) for species in member.run["species"] if species["role"] == role)


def _msd_remark(species: str, scalars: Scalars) -> tuple[str, ...]:
    for (quantity, label, unit), row in scalars.items():
        if quantity == "msd_at_1ns" and label == species and math.isfinite(float(row["value"])):
            text = with_interval(float(row["value"]), float(row["error"]))
            return (f"MSD after 1 ns: ({text}) {unit_text(unit)}",)
    return ()


def _window_remark(species: str, scalars: Scalars) -> list[str]:
    ends = {
        quantity: (number(float(row["value"])), unit_text(unit))
        for (quantity, label, unit), row in scalars.items()
        if quantity in HIDDEN and label == species and math.isfinite(float(row["value"]))
    }
    if len(ends) < len(HIDDEN):
        return []
    return [f"window {ends['fit_window_start'][0]}–{ends['fit_window_end'][0]} {ends['fit_window_end'][1]}"]
