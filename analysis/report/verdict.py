"""Stationarity in words: from when on a system does not drift, or that it never stops."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from analysis.report.collect import Finished, records
from analysis.report.formatting import join_words, label_text, number, unit_text, with_interval
from analysis.report.names import quantity_name


def verdict(member: Finished) -> str:
    """Return from when on a system is stationary, or that it never is, or why nobody judged."""
    if member.preview:
        return "preview: not judged"
    table = member.tables.get("stationarity")
    if table is None or table.empty:
        return "not judged: no table"
    if (drifting := _drifting(table)) is not None:
        there = " there" if re.search(r"\(r\d", drifting) else ""
        return f"never stationary: {drifting}; the first half is left out{there}"
    judged = table[table["quantity"] == "stationary"]
    if judged["value"].isna().any():
        return f"not judged: {'; '.join(note for note in judged['note'] if note)}".removesuffix(": ")
    starts = table[(table["quantity"] == "start") & table["value"].notna()]
    if starts.empty:
        return join_words(list(dict.fromkeys(note for note in table["note"] if note))) or "not judged"
    latest = max(records(starts), key=lambda row: float(row["value"]))
    return f"from {number(float(latest['value']))} {unit_text(str(latest['unit']))} on"


def _drifting(table: pd.DataFrame) -> str | None:
    """Return what never settles, with the replicas where pooling named them; None when everything settles."""
    judged = table[table["quantity"] == "stationary"]
    series = table[(table["quantity"] == "stationary_from") & table["value"].isna()]
    series = series[series["note"].str.contains("not stationary")]
    if series.empty and not (judged["value"] == 0).any():
        return None
    texts = []
    for label, note in zip(series["label"], series["note"], strict=True):
        replicas = re.findall(r"(r\d+(?:\+r\d+)*): not stationary", note)
        texts.append(label_text(str(label)) + (f" ({'+'.join(replicas)})" if replicas else ""))
    return join_words(list(dict.fromkeys(texts))) or "; ".join(note for note in judged["note"] if note)


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
