"""Two systems against each other: differences of replica means with Welch's interval and the smallest effect visible.

Definition: difference = mean over the replicas of one system - mean over those of the other; its standard error is
sqrt(s1^2 / n1 + s2^2 / n2) with the standard deviations s between replicas, its degrees of freedom those of Welch
and Satterthwaite, its 95 % half-width t(0.975) times that. Replicas that happen to agree do not know their mean better
than each knows its own: where the errors e within the runs are wider, sqrt(sum (e / n)^2) over both systems, half-width
and p value are those of a normal distribution with that half-width. The smallest effect that would have been seen with
a probability of 0.8 is (t(0.975) + t(0.8)) times the standard error, at n1 + n2 - 2 degrees of freedom.
Two-sided p values are Holm-adjusted over all labels of one quantity and pair of systems. Fewer than three replicas of
either system are not judged; with one there is no interval, only the error within the two runs, named so.
A number that some replicas lack (a D where some are subdiffusive), or know only a bound of, is not compared: the others
would be a choice. Coordination numbers of which all replicas of both systems say "no contact" are not judged: what they
differ by is the tail of farther shells. Where one system has contact and the other has none that is a real difference.
A curve of few points, at the same x in all runs, is as many numbers, with x in the label ("Li, 100 ps"): they share
the adjustment of its quantity. Shares that add up to 1 and whose mean is compared (denticity) are not: of two the one
says what the other does.
Wrong when replicas share their packing or their seed: they are then not independent.
Source: Welch, Biometrika 34, 28, 1947; Holm, Scand. J. Statist. 6, 65, 1979.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.cutoffs import NO_CONTACT
from analysis.einstein import NORMAL_QUANTILE
from analysis.replica_errors import BOUND
from analysis.statistics import as_series

SIGNIFICANCE = 0.05
POWER = 0.8
FEWEST_REPLICAS = 3
"""Replicas of each system that a judgement needs."""
PREVIEW = "preview: nothing is compared"
COLUMNS = [
    "quantity", "label", "unit", "system", "base", "about", "value", "error", "detectable", "mean", "base_mean", "n",
    "base_n", "within_run_error", "p", "p_holm", "judged", "note",
]  # fmt: skip
"""Columns of a comparison: value = mean - base_mean, all in `unit`; error is its 95 % half-width, within_run_error that
from the errors within the runs alone, which `error` is never below; `judged` is "resolved", "not resolved" or why
nobody judged."""
# Extremes, choices, diagnostics, a second way to the same number, and what differs because the boxes hold different
# molecules are no properties to compare.
NOT_COMPARED = frozenset({
    "box_edge_min", "largest_step", "trajectory_end", "fit_window_start", "fit_window_end", "potential_energy",
    "volume", "deviation_from_experiment", "density_deviation", "failed", "cn_integral", "D_blocks", "D_plain_fit",
    "D_finite_size_at_1mPas", "motif_expected", "viscosity_integral_end", "own_copy_distance_min", "denticity",
})  # fmt: skip
CONTACTS = frozenset({"cn", "cn_molecule", "cn_total"})
"""Numbers of neighbours, for which `NO_CONTACT` is the least that counts as contact."""
NO_CONTACT_AT_ALL = "not resolved: no contact in either"
_NOT_COMPARED_FORMS = r"^residence_(?:lower_bound|beta)_|_(?:drift|series|band|sensitivity)$|^(?:g|running_cn)$"
LONGEST_CURVE = 8
"""Points of a curve up to which each of them is a number to compare."""


@dataclass(frozen=True)
class Difference:
    """Mean of n values less mean of base_n others; what cannot be known is NaN.

    standard_error, half_width (95 %) and detectable are in the values' unit; p_above is the one-sided p value of the
    values' mean being the larger one (small: it is), p two-sided.
    """

    value: float
    mean: float
    base_mean: float
    n: int
    base_n: int
    standard_error: float = math.nan
    half_width: float = math.nan
    detectable: float = math.nan
    p_above: float = math.nan

    @property
    def p_below(self) -> float:
        """One-sided p value of the values' mean being the smaller one."""
        return 1.0 - self.p_above

    @property
    def p(self) -> float:
        """Two-sided p value."""
        return 2.0 * min(self.p_above, self.p_below)


def welch(values: ArrayLike, base: ArrayLike) -> Difference:
    """Return the difference of two groups of independent values by Welch's test.

    With fewer than two values in either group, or none that differ, there is a difference but no error.

    Raises:
        ValueError: a group is empty or holds values that are not finite.
    """
    one, other = as_series(values), as_series(base)
    found = Difference(float(one.mean() - other.mean()), float(one.mean()), float(other.mean()), one.size, other.size)
    if min(one.size, other.size) < 2:
        return found
    parts = np.array([group.var(ddof=1) / group.size for group in (one, other)])
    error = float(np.sqrt(parts.sum()))
    if error <= 1e-12 * max(abs(found.mean), abs(found.base_mean)) or error == 0.0:
        return found
    freedom = parts.sum() ** 2 / (parts[0] ** 2 / (one.size - 1) + parts[1] ** 2 / (other.size - 1))
    pooled_freedom = one.size + other.size - 2
    quantiles = stats.t.ppf([1 - SIGNIFICANCE / 2, POWER], pooled_freedom)
    return Difference(
        found.value, found.mean, found.base_mean, found.n, found.base_n,
        standard_error=error,
        half_width=float(stats.t.ppf(1 - SIGNIFICANCE / 2, freedom)) * error,
        detectable=float(quantiles.sum()) * error,
        p_above=float(stats.t.sf(found.value / error, freedom)),
    )  # fmt: skip


def differ(mine: pd.DataFrame, others: pd.DataFrame) -> Difference:
    """Return the difference of the replicas of two systems, with the wider of Welch's interval and the one within.

    Both have the columns value and error of one number, a row a replica. With one replica of either there is no error.
    """
    found = welch(mine["value"], others["value"])
    within = within_runs(mine, others)
    half_width, p_above = widened(found.value, found.half_width, found.p_above, within)
    if min(found.n, found.base_n) < 2 or half_width == found.half_width or math.isnan(half_width):
        return found
    error = within / NORMAL_QUANTILE
    visible = (NORMAL_QUANTILE + float(stats.norm.ppf(POWER))) * error
    visible = float(np.fmax(found.detectable, visible))
    return replace(found, standard_error=error, half_width=within, detectable=visible, p_above=p_above)


def widened(value: float, half_width: float, p_above: float, within: float) -> tuple[float, float]:
    """Return half-width and one-sided p value of a difference, or with the errors within the runs where they are wider.

    `within` is their half-width, NaN where they are not known. Of the two p values the one that says less is taken.
    """
    if not within > np.nan_to_num(half_width):
        return half_width, p_above
    p_within = float(stats.norm.sf(NORMAL_QUANTILE * value / within))
    if math.isnan(p_above):
        return within, p_within
    return within, min(p_above, p_within, key=lambda p: abs(p - 0.5))


def holm(p_values: ArrayLike) -> list[float]:
    """Return Holm's adjusted p values; NaN (a test that could not be made) counts as 1 and stays in the family.

    adjusted_(i) = max over j <= i of min(1, (m - j + 1) p_(j)) in ascending order: rejecting those below a level
    keeps the probability of any false rejection below it, whatever the tests' dependence.
    """
    p = np.nan_to_num(np.asarray(p_values, dtype=np.float64), nan=1.0)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(p[order] * (p.size - np.arange(p.size)), 1.0)
    adjusted = np.empty(p.size)
    adjusted[order] = np.maximum.accumulate(stepped)
    return [float(one) for one in adjusted]


def too_few(n: int, base_n: int | None = None) -> str:
    """Return why so many replicas are not judged ("not resolved, one run"); empty when there are enough."""
    fewest = n if base_n is None else min(n, base_n)
    if fewest >= FEWEST_REPLICAS:
        return ""
    return "not resolved, one run" if fewest <= 1 else "not resolved, two runs"


def compare(system: pd.DataFrame, base: pd.DataFrame, *, about: str, preview: bool = False) -> pd.DataFrame:
    """Return the differences of all numbers that two systems have in common, with the columns `COLUMNS`.

    `system` and `base` hold the rows of all replicas of one system each (columns of analysis.table.COLUMNS): scalars
    and short curves. Numbers are common when quantity, label, x and unit agree. Of previews
    there is no difference, only the rows.
    """
    mine, others = _by_number(system), _by_number(base)
    runs = (system["replica"].nunique(), base["replica"].nunique())
    rows = [_row(key, mine[key], others[key], runs, preview) for key in mine if key in others]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "p_holm"])
    names = [str(one["system"].iloc[0]) if len(one) else "" for one in (system, base)]
    table["system"], table["base"], table["about"] = names[0], names[1], about
    table["p_holm"] = np.nan
    for _, own in table[table["p"].notna()].groupby("quantity"):
        table.loc[own.index, "p_holm"] = holm(own["p"])
    judged = table["p_holm"].notna() & (table["judged"] == "")
    table.loc[judged, "judged"] = np.where(table.loc[judged, "p_holm"] < SIGNIFICANCE, "resolved", "not resolved")
    return table[COLUMNS]


Number = tuple[str, str, str]


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what can be compared: scalars, and the points of short curves as scalars with x in the label.

    A curve counts when it has at most LONGEST_CURVE points, at the same x in all replicas that have it. `rows` are
    those of the replicas of one system, or pooled ones.
    """
    names = rows["quantity"].astype(str)
    left_out = names.isin(NOT_COMPARED) | names.str.contains(_NOT_COMPARED_FORMS)
    left_out |= (names == "shell") & (rows["label"] == "other")  # what is left over differs from run to run
    chosen = rows[~left_out]
    curves = chosen[chosen["x"].notna()]
    curves = curves.assign(run=curves.get("replica", 0))
    curve = ["quantity", "label", "unit", "x_unit"]
    groups = curves.groupby(curve)
    everywhere = curves.groupby([*curve, "x"])["run"].transform("nunique") == groups["run"].transform("nunique")
    short = groups["x"].transform("nunique") <= LONGEST_CURVE
    curves = curves[short & everywhere.groupby([curves[name] for name in curve]).transform("all")].copy()
    curves["label"] = [_with_x(*one) for one in zip(curves["label"], curves["x"], curves["x_unit"], strict=True)]
    curves["x"] = math.nan
    curves["x_unit"] = ""
    scalars = chosen[chosen["x"].isna()]
    return pd.concat([scalars, curves.drop(columns="run")], ignore_index=True) if len(curves) else scalars


def _with_x(label: str, x: float, unit: str) -> str:
    point = f"{x:g}" if unit in ("", "1") else f"{x:g} {unit}"
    return f"{label}, {point}" if label else point


def _by_number(rows: pd.DataFrame) -> dict[Number, pd.DataFrame]:
    """Return (quantity, label, unit) -> the rows of its replicas, of what can be compared, in order of appearance."""
    groups = numbers(rows).groupby(["quantity", "label", "unit"], sort=False)
    return {(str(key[0]), str(key[1]), str(key[2])): own for key, own in groups}


def _row(
    number: Number, mine: pd.DataFrame, others: pd.DataFrame, runs: tuple[int, int], preview: bool
) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys(COLUMNS, math.nan)
    row = blank | dict(zip(("quantity", "label", "unit"), number, strict=True))
    row |= {"n": int(mine["value"].notna().sum()), "base_n": int(others["value"].notna().sum())}
    if preview:
        return row | {"judged": PREVIEW, "note": ""}
    lacking = "; ".join(text for text in (_lacking(mine, runs[0]), _lacking(others, runs[1])) if text)
    if lacking:
        return row | {"judged": "not compared", "note": lacking}
    found = differ(mine, others)
    row |= {"value": found.value, "mean": found.mean, "base_mean": found.base_mean}
    row |= {"error": found.half_width, "detectable": found.detectable}
    row["within_run_error"] = within_runs(mine, others)
    if few := too_few(found.n, found.base_n):
        return row | {"judged": few, "note": ""}
    if without_contact(number[0], mine, others):
        return row | {"judged": NO_CONTACT_AT_ALL, "note": ""}
    if math.isnan(found.p):
        return row | {"judged": "not resolved", "note": "the same in all runs: no scatter to judge by"}
    return row | {"p": found.p, "judged": "", "note": ""}


def _lacking(rows: pd.DataFrame, runs: int) -> str:
    """Return in how many of its replicas a system has no such number, and why; empty when all have it."""
    known = int(rows["value"].notna().sum())
    if known == runs:
        bounds = bounds_in(rows)
        return f"{rows['system'].iloc[0]}: {bounds} of {runs} runs" if bounds else ""
    notes = dict.fromkeys(str(note) for note in rows.loc[rows["value"].isna(), "note"] if note)
    why = f" ({'; '.join(notes)})" if notes else ""
    return f"{rows['system'].iloc[0]}: known in {known} of {runs} runs{why}"


def without_contact(quantity: str, *systems: pd.DataFrame) -> bool:
    """Return whether these are numbers of neighbours that all mean "no contact", in every replica of every system."""
    return quantity in CONTACTS and all(bool((rows["value"] < NO_CONTACT).all()) for rows in systems)


def bounds_in(rows: pd.DataFrame) -> str:
    """Return "a lower bound in 2", 2 being how many of these values are no estimates but bounds; empty when none is."""
    words = rows.loc[rows["value"].notna(), "note"].astype(str).str.extract(BOUND)[0].dropna()
    return f"{'an' if words.iloc[0].startswith('u') else 'a'} {words.iloc[0]} in {len(words)}" if len(words) else ""


def within_runs(*systems: pd.DataFrame) -> float:
    """Return the half-width of a mean or a difference from the errors within the runs; NaN when one lacks its error."""
    squares = [float((rows["error"] ** 2).sum(skipna=False)) / len(rows) ** 2 for rows in systems]
    return math.sqrt(sum(squares))
