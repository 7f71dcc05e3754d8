"""How much longer: the time or the replicas that bring an error down to ten percent of its value.

Definition: an error e (95 % half-width) falls as 1 / sqrt(T) with the time T that is simulated in all, once a run is
longer than what it remembers, so that T (e / 0.1 |v|)^2 reaches 0.1 |v|. What replicas of the present length do
depends on what the error is from. From the scatter between n replicas, e = t(0.975, n - 1) s / sqrt(n): they bring
Student's t down too, and m are enough when t(0.975, m - 1) s / sqrt(m) is; s is that of the present ones. From the
errors within n runs, or of one run alone: m = n (e / 0.1 |v|)^2.
Wrong when the error comes from what the packing left behind (longer runs do not help, replicas do), when runs are
shorter than the relaxation that matters, and where s is from few replicas: with three it may be off by a factor of 2.
A value within its own error of zero has no relative error; nothing is said of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparison import numbers
from analysis.replica_errors import BOUND, means

TARGET = 0.10
"""Relative 95 % half-width that is aimed at."""
MOST_REPLICAS = 1000
_COUNTS = np.arange(2, MOST_REPLICAS + 1)
_HALF_WIDTHS = stats.t.ppf(0.975, _COUNTS - 1) / np.sqrt(_COUNTS)  # of that many replicas, in units of their scatter
WITHIN, BETWEEN = "errors within the runs", "scatter between the runs"
NEEDED_COLUMNS = [
    "system", "quantity", "label", "unit", "value", "error", "error_from", "n", "run_ns", "relative", "reached",
    "needed_ns", "needed_replicas", "note",
]  # fmt: skip
"""Columns of what all numbers of a system need: value and error in `unit`, run_ns the shortest run's length now,
needed_ns what each run would need, or needed_replicas how many of the present length (empty: above MOST_REPLICAS)."""


@dataclass(frozen=True)
class Needed:
    """What it takes: relative is the present error over the value; reached whether it is below TARGET already.

    run_ns is the length that each of the present runs would need; replicas how many of the present length (None beyond
    MOST_REPLICAS). Both are NaN or None, with a note, where nothing can be said.
    """

    relative: float
    reached: bool = False
    run_ns: float = math.nan
    replicas: int | None = None
    note: str = ""


def needed(value: float, error: float, n: int, run_ns: float, *, between: bool = True) -> Needed:
    """Return what brings the error of a mean over n replicas, each run_ns long, down to TARGET of the value.

    `error` is the 95 % half-width, `between` whether it is from the scatter of the replicas, else it is from the
    errors within them; `run_ns` may be NaN when the length is not known.
    """
    if not math.isfinite(value):
        return Needed(math.nan, note="not determined")
    if not math.isfinite(error) or error < 0:
        return Needed(math.nan, note="no error is known")
    if abs(value) <= error:
        return Needed(math.inf, note="not distinguishable from zero")
    relative = error / abs(value)
    factor = (relative / TARGET) ** 2
    if factor <= 1.0:
        return Needed(relative, reached=True)
    return Needed(relative, run_ns=run_ns * factor, replicas=_replicas(relative, n, between=between))


def _replicas(relative: float, n: int, *, between: bool) -> int | None:
    """Return how many replicas of the present length are enough."""
    if n < 2 or not between:
        count = math.ceil(max(n, 1) * (relative / TARGET) ** 2 - 1e-9)  # rounding is no run more
        return count if count <= MOST_REPLICAS else None
    scatter = relative / _HALF_WIDTHS[n - 2]
    enough = _COUNTS[(n < _COUNTS) & (_HALF_WIDTHS * scatter <= TARGET)]
    return int(enough[0]) if enough.size else None


def needs(pooled: pd.DataFrame, replicas: pd.DataFrame, run_ns: float) -> pd.DataFrame:
    """Return what every number of a system with an error needs, with the columns `NEEDED_COLUMNS`.

    The numbers are those that are compared (analysis/comparison.py). `pooled` has their means and errors; `replicas`,
    the rows of the single runs, tells what an error is from: of numbers that are not in it, the scatter. A bound is
    left out: a longer run replaces it by an estimate.
    """
    number = ["quantity", "label", "unit"]
    known = numbers(pooled)
    known = known[known["value"].notna() & known["error"].notna() & known["note"].str.extract(BOUND)[0].isna()]
    own = means(numbers(replicas)).drop_duplicates(number)[[*number, "within", "between"]]
    rows = []
    for row in known.merge(own, on=number, how="left").to_dict("records"):
        between = row["n"] > 1 and not row["within"] >= np.nan_to_num(row["between"])
        found = needed(row["value"], row["error"], int(row["n"]), run_ns, between=between)
        rows.append({name: row[name] for name in ("system", *number, "value", "error", "n")} | {
            "error_from": BETWEEN if between else WITHIN, "run_ns": run_ns, "relative": found.relative,
            "reached": found.reached, "needed_ns": found.run_ns, "needed_replicas": found.replicas, "note": found.note,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=NEEDED_COLUMNS).astype({"needed_replicas": "Int64"})
