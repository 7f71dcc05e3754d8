"""How much longer: what each number needs for an error of ten percent, the furthest from it first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.report.collect import Finished, has_several_cations, records
from analysis.report.formatting import number
from analysis.report.names import line_name
from analysis.sampling import MOST_REPLICAS, TARGET, Needed

MOST_LINES = 40
"""Rows on the page; longer.csv has all."""


@dataclass(frozen=True)
class LongerLine:
    """One number of an electrolyte: for each system what its error needs."""

    name: str
    texts: tuple[str, ...]


def longer_lines(members: Sequence[Finished], needs: pd.DataFrame) -> tuple[LongerLine, ...]:
    """Return a line per number of some systems, those with the largest relative error first; nothing of previews.

    Last come the numbers within their own error of zero, of which nothing can be said. `needs` has the columns
    analysis.sampling.NEEDED_COLUMNS.
    """
    texts: dict[tuple[str, str], dict[str, str]] = {}
    worst: dict[tuple[str, str], float] = {}
    names = [one.name for one in members]
    for row in records(needs[needs["system"].isin(names)]):
        key, relative = (str(row["quantity"]), str(row["label"])), float(row["relative"])
        texts.setdefault(key, {})[str(row["system"])] = words(_needed(row))
        worst[key] = max(worst.get(key, 0.0), relative if math.isfinite(relative) else 0.0)
    empty = {one.name: "preview" if one.preview else "–" for one in members}
    ordered = sorted(texts, key=lambda key: -worst[key])
    several = has_several_cations(members)
    return tuple(
        LongerLine(line_name(*key, with_cation=several), tuple((empty | texts[key])[name] for name in names))
        for key in ordered
    )


def _needed(row: dict[str, Any]) -> Needed:
    replicas = None if pd.isna(row["needed_replicas"]) else int(row["needed_replicas"])
    return Needed(float(row["relative"]), bool(row["reached"]), float(row["needed_ns"]), replicas, str(row["note"]))


def words(found: Needed) -> str:
    """Return in words what an error needs."""
    if found.note:
        return found.note
    present = f"± {number(100 * found.relative, 2)} %"
    if found.reached:
        return f"{present}: enough"
    ways = [f"{number(found.run_ns, 2)} ns a run"] if math.isfinite(found.run_ns) else []
    ways.append(f"{found.replicas} replicas" if found.replicas else f"more than {MOST_REPLICAS} replicas")
    return f"{present}: {' or '.join(ways)}"


def target_text() -> str:
    """Return the error that is aimed at, as text."""
    return f"{100 * TARGET:.0f} %"
