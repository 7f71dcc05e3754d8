"""Stationarity in words: from when on a system does not drift, or that it never stops."""

from __future__ import annotations

import math
from typing import Any

from analysis.report.collect import Finished, records
from analysis.report.formatting import join_words, label_text, number, unit_text, with_interval
from analysis.report.summary import quantity_name


def verdict(member: Finished) -> str:
    """Return from when on a system is stationary, or that it never is, or why nobody judged."""
    if member.preview:
        return "preview: not judged"
    table = member.tables.get("stationarity")
    if table is None or table.empty:
        return "not judged: no table"
    drifting = table[table["note"].str.contains("not stationary|never stationary", case=False, regex=True)]
    if len(drifting):
        labels = dict.fromkeys(label_text(str(label)) for label in drifting["label"] if label != "all")
        return f"never stationary: {join_words(list(labels)) or drifting['note'].iloc[0]}"
    starts = table[(table["quantity"] == "start") & table["value"].notna()]
    if starts.empty:
        return join_words(list(dict.fromkeys(note for note in table["note"] if note))) or "not judged"
    latest = max(records(starts), key=lambda row: float(row["value"]))
    return f"from {number(float(latest['value']))} {unit_text(str(latest['unit']))} on"


def stationarity_lines(member: Finished) -> tuple[tuple[str, str, str], ...]:
    """Return (series, value with unit, note) of everything in a system's stationarity table."""
    table = member.tables.get("stationarity")
    if table is None:
        return ()
    lines = []
    for row in records(table):
        value, unit = float(row["value"]), unit_text(str(row["unit"]))
        error = float(row["error"])
        text = with_interval(value, error) if math.isfinite(error) else number(value)
        shown = f"{text} {unit}".strip() if math.isfinite(value) else "–"
        lines.append((_series_name(row), shown, str(row["note"])))
    return tuple(lines)


def _series_name(row: dict[str, Any]) -> str:
    quantity, label = str(row["quantity"]), label_text(str(row["label"]))
    return f"{quantity_name(quantity)} {label}".strip()
