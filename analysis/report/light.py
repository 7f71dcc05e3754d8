"""The convergence light: five questions to a run, each with its threshold, before any of its numbers is believed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pandas as pd

from analysis.einstein import Criteria
from analysis.report.collect import Finished, records
from analysis.report.formatting import join_words, label_text, number, unit_text, with_interval
from analysis.report.summary import scalars_of
from analysis.report.verdict import verdict

GOOD, OPEN, BAD = "good", "open", "bad"
WORDS = {GOOD: "● yes", OPEN: "◐ not resolved", BAD: "○ no"}
"""How each state is shown: by shape and word, not by colour alone."""
DRIFT_PERCENT_PER_NS = 0.1
"""Of the density: over 10 ns one percent, as much as a good force field misses."""
EXCHANGES = 5.0
"""Per cation; with fewer the shells still are those of the packing."""
SAMPLES = 5
"""Independent ones in every series; with fewer a slow drift would not show."""
_NOT_JUDGED = "preview: not judged"


@dataclass(frozen=True)
class Lamp:
    """One question answered for one system: state (good, open, bad), and in words what was found."""

    state: str
    text: str


@dataclass(frozen=True)
class Light:
    """All answers about one system, in the order of `questions()`; the whole is as good as the worst of them."""

    member: Finished
    lamps: tuple[Lamp, ...]

    @property
    def state(self) -> str:
        """The worst state of all lamps."""
        return max((lamp.state for lamp in self.lamps), key=(GOOD, OPEN, BAD).index)


def questions(*, with_ions: bool) -> tuple[tuple[str, str], ...]:
    """Return (heading, threshold) of each lamp, in their order; what concerns ions only where there are some."""
    about = Criteria()
    drift = ("Density drift", f"good: surely below {DRIFT_PERCENT_PER_NS:g} % per ns; bad: surely above")
    samples = ("Independent samples", f"good: {SAMPLES} or more in every series that settles; bad: fewer")
    if not with_ions:
        return drift, ("Stationarity", "good: no series drifts; bad: one does"), samples
    slope = (
        f"good: 1 lies in the interval of β (half-width up to {about.half_width_max:g}), β ≥ {about.exponent_min:g}, "
        "for half a decade of lags; bad: subdiffusive"
    )
    exchanged = f"good: surely {EXCHANGES:g} or more; bad: surely fewer"
    settled = ("Stationarity of the contacts", "good: no series of contacts, density or energy drifts; bad: one does")
    return drift, settled, ("Exchanges per cation", exchanged), ("Slope β of the cation's MSD", slope), samples


def light_of(member: Finished, *, with_ions: bool) -> Light:
    """Return the light of one system; a preview, and what was not measured, is never good."""
    if member.preview:
        return Light(member, tuple(Lamp(OPEN, _NOT_JUDGED) for _ in questions(with_ions=with_ions)))
    lamps = [_drift(member), _settled(member), _samples(member)]
    if with_ions:
        lamps[2:2] = [_exchanges(member), _slope(member)]
    return Light(member, tuple(lamps))


def _row(member: Finished, quantity: str, label: str) -> dict[str, object] | None:
    found = [row for (name, of, _), row in scalars_of(member).items() if (name, of) == (quantity, label)]
    return found[0] if found else None


def _numbers(row: dict[str, object] | None) -> tuple[float, float]:
    """Return value and error of a row; NaN where there is none."""
    return (math.nan, math.nan) if row is None else (float(str(row["value"])), float(str(row["error"])))


def _note(row: dict[str, object] | None) -> str:
    return "not measured" if row is None else str(row["note"]) or "not determined"


def _below(value: float, error: float, limit: float) -> str:
    """Return whether a number is surely below a limit (good), surely above (bad), or neither can be said."""
    if not math.isfinite(error):
        return OPEN
    return GOOD if value + error < limit else BAD if value - error > limit else OPEN


def _drift(member: Finished) -> Lamp:
    row = _row(member, "density_drift", "")
    value, error = _numbers(row)
    density, _ = _numbers(_row(member, "density", ""))
    if not (math.isfinite(value) and density > 0):
        return Lamp(OPEN, _note(row))
    percent, half = 100 * value / density, 100 * error / density
    return Lamp(_below(abs(percent), half, DRIFT_PERCENT_PER_NS), f"{with_interval(percent, half)} % per ns")


def _settled(member: Finished) -> Lamp:
    text = verdict(member)
    return Lamp(BAD if text.startswith("never") else GOOD if text.startswith("from") else OPEN, text)


def _exchanges(member: Finished) -> Lamp:
    row = _row(member, "exchanges", f"{member.cation}-all")
    value, error = _numbers(row)
    if member.cation is None or not math.isfinite(value):
        return Lamp(OPEN, "no cation" if member.cation is None else _note(row))
    state = {GOOD: BAD, BAD: GOOD, OPEN: OPEN}[_below(value, error, EXCHANGES)]
    return Lamp(state, f"{with_interval(value, error)} by {member.cation}")


def _slope(member: Finished) -> Lamp:
    """Return the answer of the fit itself: where it found a window there is a D, else its note says what it met."""
    if member.cation is None:
        return Lamp(OPEN, "no cation")
    row = _row(member, "D", member.cation)
    value, _ = _numbers(row)
    if not math.isfinite(value):
        note = _note(row)
        return Lamp(BAD if note.startswith("subdiffusive") else OPEN, note)
    ends = [_row(member, quantity, member.cation) for quantity in ("fit_window_start", "fit_window_end")]
    first, last = (_numbers(end)[0] for end in ends)
    curve = member.curves("msd_exponent")
    inside = curve[(curve["label"] == member.cation) & curve["x"].between(first, last) & curve["error"].notna()]
    if inside.empty:
        return Lamp(GOOD, "diffusive in the fitted window")
    best = min(records(inside), key=lambda one: float(one["error"]))
    found = with_interval(float(best["value"]), float(best["error"]))
    return Lamp(GOOD, f"{found} at {number(float(best['x']), 3)} {unit_text(str(best['x_unit']))}")


def _samples(member: Finished) -> Lamp:
    table = member.tables.get("stationarity", pd.DataFrame())
    series = table[table["quantity"] == "stationary_from"] if len(table) else table
    if series.empty:
        return Lamp(OPEN, "not measured")
    few = {}
    for label, note in zip(series["label"], series["note"], strict=True):
        if found := re.findall(r"only ([\d.]+) independent samples", str(note)):
            few[label_text(str(label))] = min(float(one) for one in found)
    if few:
        least = join_words([f"{number(count, 2)} of {name}" for name, count in few.items()])
        return Lamp(BAD, f"only {least}")
    settled = series["value"].notna().any()
    return Lamp(GOOD if settled else OPEN, f"{SAMPLES} or more in each" if settled else "no series settles")
