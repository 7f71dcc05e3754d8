"""How much longer: the time or the replicas that bring an error down to ten percent of its value.

Definition: an error e (95 % half-width) falls as 1 / sqrt(T) with the time T that is simulated in all, once a run is
longer than what it remembers, so that T (e / 0.1 |v|)^2 reaches 0.1 |v|. Replicas of the present length also bring
Student's t down: with e = t(0.975, n - 1) s / sqrt(n) of n replicas, m are enough when t(0.975, m - 1) s / sqrt(m)
is; their scatter s is that of the present ones. One run has no scatter: m = (e / 0.1 |v|)^2 runs like it.
Wrong when the error comes from what the packing left behind (longer runs do not help, replicas do), when runs are
shorter than the relaxation that matters, and where s is from few replicas: with three it may be off by a factor of 2.
A value within its own error of zero has no relative error; nothing is said of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

TARGET = 0.10
"""Relative 95 % half-width that is aimed at."""
MOST_REPLICAS = 1000


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


def needed(value: float, error: float, n: int, run_ns: float) -> Needed:
    """Return what brings the error of a mean over n replicas, each run_ns long, down to TARGET of the value.

    `error` is the 95 % half-width, `run_ns` may be NaN when the length is not known.
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
    return Needed(relative, run_ns=run_ns * factor, replicas=_replicas(relative, factor, n))


def _replicas(relative: float, factor: float, n: int) -> int | None:
    """Return how many replicas of the present length are enough."""
    if n < 2:
        count = math.ceil(factor)
        return count if count <= MOST_REPLICAS else None
    scatter = relative * math.sqrt(n) / float(stats.t.ppf(0.975, n - 1))
    candidates = range(n + 1, MOST_REPLICAS + 1)
    return next((m for m in candidates if stats.t.ppf(0.975, m - 1) * scatter / math.sqrt(m) <= TARGET), None)
