"""What several replicas say of one number: its mean's error from within and from between them, and whether they agree.

For n replicas with values v_i and 95 % half-widths e_i: within = sqrt(sum e_i^2) / n, between = t(0.975, n - 1)
s / sqrt(n), s the standard deviation of the v_i. Of a number without x, all of whose replicas have errors, the scatter
is held against those: with w_i = e_i / 1.96, sum (v_i - mean)^2 over its expectation (n - 1) / n sum w_i^2 follows
chi^2 / f, f by Satterthwaite from the w_i. Above its 99 % quantile the replicas differ by more than their errors.
Half-widths that contain Student's t make w_i too large, so that at most 1 % of these alarms are false.
Source: Satterthwaite, Biometrics Bull. 2, 110, 1946, for the degrees of freedom of a sum of unequal variances.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.einstein import NORMAL_QUANTILE

FloatArray = NDArray[np.float64]
KEY = ["quantity", "label", "x", "x_unit", "unit"]
"""Rows of several replicas belong together when these agree."""
ALARM_LEVEL = 0.01
"""Probability of an alarm where the replicas do not differ by more than their errors."""
UNVARIED = "the same in all replicas: no error can be given"
BOUND = r"(?:^|; )((?:lower|upper) bound)\b"
"""What the note of a number says that is no estimate but a bound."""
# What the note of a share says that was never, or always, seen: its error is then a limit.
_LIMIT = r"\b(?:never|always) seen: "


def means(joined: pd.DataFrame) -> pd.DataFrame:
    """Return a row per number, in order of appearance: KEY, value (mean), n, within, between, disagreement.

    `joined` has the rows of all replicas below each other. Unknown half-widths are NaN; disagreement is the scatter
    over the error within where it is significant, else NaN. same: whether all replicas have one and the same value;
    widest: the largest half-width of any; limit: whether any is the limit of a share that was never, or always, seen.
    """
    counted = joined.assign(variance=(joined["error"] ** 2).where(joined["value"].notna()))
    counted["limit"] = counted["note"].str.contains(_LIMIT)
    counted["fourth"] = counted["variance"] ** 2
    groups = counted.groupby(KEY, sort=False, dropna=False)
    found = groups.agg(
        value=("value", "mean"),
        scatter=("value", "std"),
        n=("value", "count"),
        n_errors=("variance", "count"),
        variance=("variance", "sum"),
        fourth=("fourth", "sum"),
        low=("value", "min"),
        high=("value", "max"),
        widest=("error", "max"),
        limit=("limit", "any"),
    ).reset_index()
    found["same"] = found["low"] == found["high"]
    found["within"], found["between"] = _half_widths(found)
    found["disagreement"] = _disagreement(found)
    return found[[*KEY, "value", "n", "within", "between", "disagreement", "same", "widest", "limit"]]


def half_widths(found: pd.DataFrame) -> pd.Series[float]:
    """Return the half-widths of what `means` returned: the larger of within and between; of shares that never vary NaN.

    A share that is 0, or 1, in all replicas has no scatter, and what a replica knows of it is a limit ("never seen:
    below 0.1"): the widest of these limits stays. Without any the half-width is unknown, not 0, and so it is for any
    other number of things that is the same in all replicas, none of which knows an error.
    """
    error = found[["within", "between"]].max(axis=1)
    counts, widest = found["same"] & (found["unit"] == "1"), found["widest"].where(found["widest"] > 0)
    extreme = counts & found["value"].isin([0.0, 1.0])
    error = error.mask(extreme & (found["limit"] | widest.isna()), widest)
    # not by a scatter of 0, which rounding makes a very small one
    return error.mask(counts & (found["n"] > 1) & ~(found["within"] > 0) & ~(extreme & found["limit"]))


def _half_widths(found: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Return the half-widths from the replicas' own errors and from their scatter."""
    n = found["n"].to_numpy(dtype=float)
    within = np.sqrt(found["variance"].to_numpy(dtype=float)) / np.maximum(n, 1)
    # One replica without an error leaves only the scatter to judge from.
    within[(n == 0) | (found["n_errors"].to_numpy() < n)] = np.nan
    between = np.full(n.size, np.nan)
    several = n >= 2
    spread = found["scatter"].to_numpy(dtype=float)[several] / np.sqrt(n[several])
    between[several] = stats.t.ppf(0.975, n[several] - 1) * spread
    return within, between


def _disagreement(found: pd.DataFrame) -> FloatArray:
    """Return the scatter of the replicas over the error within them, where it is significantly above 1."""
    n, n_errors = found["n"].to_numpy(float), found["n_errors"].to_numpy()
    squares, fourths = found["variance"].to_numpy(float), found["fourth"].to_numpy(float)
    tested = found["x"].isna().to_numpy() & (n >= 2) & (n_errors == n) & (squares > 0)
    times = np.full(n.size, np.nan)
    n, squares, fourths = n[tested], squares[tested] / NORMAL_QUANTILE**2, fourths[tested] / NORMAL_QUANTILE**4
    ratio = found["scatter"].to_numpy(float)[tested] ** 2 * n / squares
    freedom = ((1 - 1 / n) * squares) ** 2 / ((1 - 2 / n) * fourths + (squares / n) ** 2)
    times[tested] = np.where(ratio > stats.chi2.isf(ALARM_LEVEL, freedom) / freedom, np.sqrt(ratio), np.nan)
    return times
