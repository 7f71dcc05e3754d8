"""The tables of comparisons: what differs between two systems, and what becomes of the paper's claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims import CONFIRMED, CONTRADICTED
from analysis.comparison import PREVIEW, SIGNIFICANCE
from analysis.comparison_files import CHARGES, EXCLUDED_VOLUME, FIRST
from analysis.report.collect import Finished, records
from analysis.report.formatting import counted, label_text, number, unit_text, with_interval
from analysis.report.names import line_name, rank_of
from analysis.report.summary import Cell

# Quantities that stand in the open table; the others open on a click.
_FIRST = frozenset({
    "density", "cn_total", "cn_molecule", "cn", "holder", "motif_share", "speciation", "D", "msd_at_1ns",
    "conductivity", "conductivity_ne", "transference_apparent", "viscosity",
})  # fmt: skip
_SAID = {"up": "rises", "down": "falls"}
_WORDS = {CONFIRMED: "as claimed", CONTRADICTED: "the other way"}


@dataclass(frozen=True)
class DifferenceLine:
    """One number of two systems: both means, their difference and how small a one would have been seen."""

    quantity: str
    label: str
    name: str
    unit: str
    base: str
    system: str
    difference: Cell
    detectable: str
    runs: str
    judged: str


@dataclass(frozen=True)
class Pair:
    """A system and the one it is compared with; `word` says in place of numbers why there are none.

    `remarks`: how many numbers are judged together, and what is not compared as only one of the two has it.
    """

    system: Finished
    base: Finished
    about: str
    word: str
    first: tuple[DifferenceLine, ...]
    more: tuple[DifferenceLine, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartLine:
    """One part of a claim: the number, where it was said to go, what was found, what that says."""

    name: str
    said: str
    found: Cell
    unit: str
    detectable: str
    p: str
    judged: str


@dataclass(frozen=True)
class ClaimView:
    """A claim about one system with its verdict and its parts."""

    id: str
    text: str
    source: str
    verdict: str
    parts: tuple[PartLine, ...]


@dataclass(frozen=True)
class Verdicts:
    """All claims about one system."""

    system: Finished
    base: Finished
    claims: tuple[ClaimView, ...]


def pairs_of(members: Sequence[Finished], compared: pd.DataFrame) -> tuple[Pair, ...]:
    """Return the comparisons among some systems, in the order of the systems."""
    by_name = {one.name: one for one in members}
    found = []
    for (system, base, about), own in compared.groupby(["system", "base", "about"], sort=False):
        if str(system) in by_name and str(base) in by_name:
            found.append(_pair(by_name[str(system)], by_name[str(base)], str(about), own))
    return tuple(found)


def _pair(system: Finished, base: Finished, about: str, table: pd.DataFrame) -> Pair:
    rows = sorted(records(table), key=lambda row: rank_of(str(row["quantity"])))
    if all(row["judged"] == PREVIEW for row in rows):
        return Pair(system, base, about, PREVIEW, (), ())
    first = tuple(_line(row) for row in rows if row["quantity"] in _FIRST)
    more = tuple(_line(row) for row in rows if row["quantity"] not in _FIRST)
    remarks = tuple(text for text in (_families(table), _apart(system, base)) if text)
    return Pair(system, base, about, "", first, more, remarks)


def _families(table: pd.DataFrame) -> str:
    """Return how many differences are judged, and what that means for the ones called resolved; empty for none."""
    judged = table[table["p_holm"].notna()]
    if judged.empty:
        return ""
    families = int(judged["quantity"].nunique())
    false = number(families * SIGNIFICANCE, 2)
    return (
        f"{counted(len(judged), 'difference')} judged in {families} families, one per quantity, each adjusted by Holm "
        f"for itself: were nothing different, about {false} of the families would still show a resolved one."
    )


def _apart(system: Finished, base: Finished) -> str:
    """Return which names only one of two systems has, and which of these may be one molecule; empty for none."""
    masses = [
        {str(one["name"]): sorted(np.round(one["masses_u"]).tolist()) for one in each.run["species"]}
        for each in (system, base)
    ]
    sites = [{str(one["label"]): str(one["species"]) for one in each.run["sites"]} for each in (system, base)]
    told = []
    for mine, other, each in ((0, 1, system), (1, 0, base)):
        names = [name for name in masses[mine] if name not in masses[other]]
        names += [
            label_text(label) for label, of in sites[mine].items() if of in masses[other] and label not in sites[other]
        ]
        told += [f"{', '.join(names)} in {each.name}"] if names else []
    if not told:
        return ""
    alike = [
        f"{name} of {system.name} has the atoms of {other} of {base.name}: if they are the same molecule, describe it "
        f"with --name {name}={other}."
        for name, own in masses[0].items()
        for other, its in masses[1].items()
        if name not in masses[1]
        and other not in masses[0]
        and own == its
        and not {name, other} & _cations(system, base)
    ]
    return " ".join([f"Not compared, as only one of the two has them: {'; '.join(told)}.", *alike])


def _cations(*members: Finished) -> set[str]:
    return {str(one.cation) for one in members}


def _line(row: Mapping[str, Any]) -> DifferenceLine:
    note, value = str(row["note"]), float(row["value"])
    if math.isfinite(value):
        details = (note,) if note else ()
        within = float(row["within_run_error"])
        if not math.isfinite(row["error"]) and math.isfinite(within):
            details = (*details, f"error within the runs alone: ± {number(within, 2)}")
        elif row["error"] == within:
            details = (*details, "from the errors within the runs")
        difference = Cell(_signed(value, float(row["error"])), details, True)
    else:
        difference = Cell(note or str(row["judged"]))
    return DifferenceLine(
        quantity=str(row["quantity"]),
        label=str(row["label"]),
        name=line_name(str(row["quantity"]), str(row["label"])),
        unit=unit_text(str(row["unit"])),
        base=_plain(row["base_mean"]),
        system=_plain(row["mean"]),
        difference=difference,
        detectable=_plain(row["detectable"], 2),
        runs=f"{int(row['n'])} and {int(row['base_n'])}",
        judged=str(row["judged"]),
    )


def _signed(value: float, error: float) -> str:
    text = with_interval(value, error)
    return f"+{text}" if value > 0 else text


def _plain(value: Any, digits: int = 4) -> str:
    return number(float(value), digits) if math.isfinite(float(value)) else "–"


def verdicts_of(members: Sequence[Finished], verdicts: pd.DataFrame) -> tuple[Verdicts, ...]:
    """Return what becomes of the claims about some systems, in the order of the systems."""
    by_name = {one.name: one for one in members}
    found = []
    for (system, base), own in verdicts.groupby(["system", "base"], sort=False):
        if str(system) in by_name and str(base) in by_name:
            claims = tuple(_claim(one) for _, one in own.groupby("claim", sort=False))
            found.append(Verdicts(by_name[str(system)], by_name[str(base)], claims))
    return tuple(found)


def _claim(table: pd.DataFrame) -> ClaimView:
    first = table.iloc[0]
    parts = tuple(_part(row) for row in records(table))
    return ClaimView(str(first["claim"]), str(first["text"]), str(first["source"]), str(first["verdict"]), parts)


def _part(row: Mapping[str, Any]) -> PartLine:
    value, note = float(row["value"]), str(row["note"])
    above = row["direction"] == "above"
    told = note if math.isfinite(value) and note != row["part"] else ""
    details = tuple(text for text in (told, _control(row, above=above)) if text)
    if math.isfinite(value):
        text = with_interval(value, float(row["error"])) if above else _signed(value, float(row["error"]))
        found = Cell(text, details, True)
    else:
        found = Cell(note or "–", details)
    return PartLine(
        name=line_name(str(row["quantity"]), str(row["label"])),
        said=f"is above {number(float(row['threshold']))}" if above else _SAID[str(row["direction"])],
        found=found,
        unit=unit_text(str(row["unit"])),
        detectable=_plain(row["detectable"], 2),
        p=_p_text(float(row["p_holm"])),
        judged=_WORDS.get(str(row["part"]), str(row["part"])),
    )


def _control(row: Mapping[str, Any], *, above: bool) -> str:
    """Return what the same chains without charges show in the system's place; empty without such a control."""
    name, value, error = str(row["control"]), float(row["control_value"]), float(row["control_error"])
    if not name:
        return ""
    if not math.isfinite(value):
        return f"control without charges ({name}): not determined"
    shown = with_interval(value, error) if above else _signed(value, error)
    return f"control without charges ({name}): {shown}"


def _p_text(p: float) -> str:
    if not math.isfinite(p):
        return "–"
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def first_of(pairs: Sequence[Pair]) -> str:
    """Return the system that others are compared with because they name no base; empty when none are."""
    return next((pair.base.name for pair in pairs if pair.about == FIRST), "")


def split_by_charges(pairs: Sequence[Pair]) -> bool:
    """Return whether a control without charges is among the comparisons."""
    return any(pair.about in (CHARGES, EXCLUDED_VOLUME) for pair in pairs)
