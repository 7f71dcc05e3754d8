"""Claims about a system, judged by its replicas: confirmed, contradicted or not resolved.

A claim is data (systems/*.yaml, run.json): id, text, source, and parts, each a number with the direction in which it
is said to move against the system that is extended ("up", "down"), or a threshold that it is said to exceed
("above"). Each part is a one-sided test at the level 0.05: Welch's test between the two systems' replicas, or Student's
t test of the system's own, by the errors within the runs where these are wider than the scatter between them
(analysis/comparison.py). Holm's adjustment is over all parts of all claims about the system, once in the direction
of the claims and once against it; a part that could not be tested counts in it as p = 1.
Confirmed: all parts are significant in the claim's direction. Contradicted: any part is significant the other way.
Else not resolved. With fewer than three replicas nothing is judged: "not resolved, one run".
A part on a number of neighbours that is below the least that counts as contact in every replica of both systems is
"not resolved: no contact in either"; with contact in one of them it is tested, and says which one has none.
A number of which a replica knows only a bound is not tested.
Where the same chain without charges was simulated too, its number stands beside each part and changes no verdict: what
it shows as well is excluded volume, not chemistry.
Source: Welch, Biometrika 34, 28, 1947; Holm, Scand. J. Statist. 6, 65, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparison import (
    NO_CONTACT_AT_ALL,
    SIGNIFICANCE,
    bounds_in,
    differ,
    holm,
    too_few,
    widened,
    within_runs,
    without_contact,
)
from analysis.einstein import NORMAL_QUANTILE

CONFIRMED, CONTRADICTED, NOT_RESOLVED = "confirmed", "contradicted", "not resolved"
NOT_JUDGED = "preview: not judged"
VERDICT_COLUMNS = [
    "system", "base", "claim", "text", "source", "quantity", "label", "direction", "threshold", "value", "error",
    "detectable", "unit", "n", "base_n", "p_holm", "p_holm_against", "part", "verdict", "note", "control",
    "control_value", "control_error",
]  # fmt: skip
"""Columns of the verdicts, a row per part: value is the difference (for "above" the system's own mean), error its
two-sided 95 % half-width, p_holm the adjusted p value of the claim's direction, p_holm_against that of the other one;
`part` says whether this part alone is significant, `verdict` is the whole claim's; control_value and its error are
those of the system `control`, whose chains have no charges, in place of the system."""


@dataclass(frozen=True)
class Tested:
    """One part tested: its number, two-sided 95 % half-width, p values for and against; NaN with a note why not."""

    value: float = math.nan
    error: float = math.nan
    detectable: float = math.nan
    unit: str = ""
    n: int = 0
    base_n: int = 0
    p_for: float = math.nan
    p_against: float = math.nan
    note: str = ""


def judge(
    claims: Sequence[Mapping[str, Any]],
    system: pd.DataFrame,
    base: pd.DataFrame,
    *,
    preview: bool = False,
    control: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the verdicts on all claims about one system, a row per part, with the columns `VERDICT_COLUMNS`.

    `system` and `base` hold the scalars of all replicas (columns of analysis.table.COLUMNS) of the system and of the
    one that it extends, `control` those of the system's control without charges.
    """
    parts = [(claim, part) for claim in claims for part in claim["parts"]]
    runs, base_runs = system["replica"].nunique(), base["replica"].nunique()
    few = NOT_JUDGED if preview else too_few(runs, base_runs)
    tests = [Tested(n=runs, base_n=base_runs) if preview else tested(part, system, base) for _, part in parts]
    adjusted = holm([one.p_for for one in tests])
    against = holm([one.p_against for one in tests])
    rows = [
        {
            "system": system["system"].iloc[0], "base": base["system"].iloc[0], "claim": claim["id"],
            "text": claim["text"], "source": claim["source"], "quantity": part["quantity"], "label": part["label"],
            "direction": part["direction"], "threshold": _threshold(part), "value": one.value, "error": one.error,
            "detectable": one.detectable, "unit": one.unit, "n": one.n, "base_n": one.base_n, "note": one.note,
            "p_holm": math.nan if few else p, "p_holm_against": math.nan if few else q,
            "part": few or part_verdict(one, p, q),
            **_of_control(part, None if preview else control, base),
        }
        for (claim, part), one, p, q in zip(parts, tests, adjusted, against, strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=VERDICT_COLUMNS)
    table["verdict"] = table.groupby("claim", sort=False)["part"].transform(lambda own: few or verdict(list(own)))
    return table


def _of_control(part: Mapping[str, Any], control: pd.DataFrame | None, base: pd.DataFrame) -> dict[str, Any]:
    """Return the columns about the control of a system: what a part's number is with it in the system's place."""
    if control is None or control.empty:
        return {"control": "", "control_value": math.nan, "control_error": math.nan}
    found = tested(part, control, base)
    name = str(control["system"].iloc[0])
    return {"control": name, "control_value": found.value, "control_error": found.error}


def verdict(parts: Sequence[str]) -> str:
    """Return the verdict on a claim from those on its parts."""
    if CONTRADICTED in parts:
        return CONTRADICTED
    return CONFIRMED if parts and all(part == CONFIRMED for part in parts) else NOT_RESOLVED


def part_verdict(one: Tested, adjusted: float, against: float) -> str:
    """Return what one part alone says, from its Holm-adjusted p values."""
    if math.isnan(one.p_for):
        return NO_CONTACT_AT_ALL if one.note == NO_CONTACT_AT_ALL else NOT_RESOLVED
    if against < SIGNIFICANCE:
        return CONTRADICTED
    return CONFIRMED if adjusted < SIGNIFICANCE else NOT_RESOLVED


def tested(part: Mapping[str, Any], system: pd.DataFrame, base: pd.DataFrame) -> Tested:
    """Return the one-sided test of one part; without a p value, and with a note, where there is nothing to test."""
    mine, reason = _values(part, system)
    if part["direction"] == "above":
        return Tested(n=len(mine), note=reason) if reason else _above(mine, float(part["threshold"]))
    others, reason_base = _values(part, base)
    reasons = "; ".join(text for text in (reason, reason_base) if text)
    if reasons:
        return Tested(n=len(mine), base_n=len(others), note=reasons)
    found = differ(mine, others)
    rises, falls, note = found.p_above, found.p_below, ""
    without = [str(rows["system"].iloc[0]) for rows in (mine, others) if without_contact(part["quantity"], rows)]
    if len(without) == 2:
        rises, falls, note = math.nan, math.nan, NO_CONTACT_AT_ALL
    elif min(found.n, found.base_n) > 1 and math.isnan(found.p_above):
        note = "the same in all runs: no scatter to judge by"
    elif without:
        note = f"no contact in {without[0]}"
    p_for, p_against = (rises, falls) if part["direction"] == "up" else (falls, rises)
    return Tested(
        found.value, found.half_width, found.detectable, str(mine["unit"].iloc[0]), found.n, found.base_n,
        p_for, p_against, note,
    )  # fmt: skip


def _values(part: Mapping[str, Any], scalars: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the known values of a part's number, and why they are not all of the replicas', or not all estimates."""
    chosen = scalars["x"].isna() & (scalars["quantity"] == part["quantity"]) & (scalars["label"] == part["label"])
    rows = scalars[chosen]
    known, runs = rows[rows["value"].notna()], int(scalars["replica"].nunique())
    if len(known) == runs:
        bounds = bounds_in(known)
        return known, f"{scalars['system'].iloc[0]}: {bounds} of {runs} runs" if bounds else ""
    notes = dict.fromkeys(str(note) for note in rows.loc[rows["value"].isna(), "note"] if note)
    why = "; ".join(notes) or ("not measured" if rows.empty else "no value")
    return known, f"{scalars['system'].iloc[0]}, {len(known)} of {runs} runs have it: {why}"


def _above(rows: pd.DataFrame, threshold: float) -> Tested:
    """Return Student's t test of one system's own mean against a threshold.

    Where the errors within the runs are wider they take the place of the scatter between them. Replicas that all have
    the same value (a share of zero) do not tell how many errors within make one between: se = sqrt(sum (e_i / 1.96)^2)
    / n is then taken with the degrees of freedom of the replicas.
    """
    values, n = rows["value"].to_numpy(dtype=np.float64), len(rows)
    mean, unit = float(values.mean()), str(rows["unit"].iloc[0])
    if n < 2:
        return Tested(mean, unit=unit, n=n)
    error, note, within = float(values.std(ddof=1)) / math.sqrt(n), "", within_runs(rows)
    if error == 0.0:
        error, note = within / NORMAL_QUANTILE, "the same in all runs: judged by the errors within them"
    if not error > 0.0:
        return Tested(mean, unit=unit, n=n, note="the same in all runs, without an error: nothing to judge by")
    half_width = float(stats.t.ppf(1 - SIGNIFICANCE / 2, n - 1)) * error
    p_above = float(stats.t.sf((mean - threshold) / error, n - 1))
    half_width, p_above = widened(mean - threshold, half_width, p_above, within)
    return Tested(mean, half_width, math.nan, unit, n, 0, p_above, 1.0 - p_above, note)


def _threshold(part: Mapping[str, Any]) -> float:
    return math.nan if part.get("threshold") is None else float(part["threshold"])
