"""Sweeps on the page: what was measured against the value that was swept, and for temperatures the Arrhenius line."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.arrhenius import CURVED, FEWEST_TEMPERATURES, Arrhenius, arrhenius
from analysis.report.collect import Finished
from analysis.report.drawing import Figure
from analysis.report.formatting import number, unit_text, with_interval
from analysis.report.names import WITHHELD_IN_PREVIEW, line_name, quantity_name
from analysis.report.summary import Cell

TEMPERATURE = "temperature_K"
_AXES = {
    TEMPERATURE: "temperature / K",
    "salt.mol_per_L": "salt / mol per litre of solution",
    "salt.mol_per_L_solvent": "salt / mol per litre of solvents",
    "ion_charge_scale": "charges of the ions, share of the full ones",
    "chains.wt_percent": "chains / wt% of the electrolyte",
    "chains.monomers": "monomers per chain",
}
# What is drawn, a figure each; of the first two only D where any is known.
_DRAWN = (("D",), ("msd_at_1ns",), ("cn_molecule", "cn_total"), ("density",), ("conductivity", "conductivity_ne"))
_ARRHENIUS = ("D", "conductivity")
_MOST_CURVES = 12  # more in one figure cannot be told apart
_COLOURS = ("#222222", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#999933")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "x", "cross", "star")


@dataclass(frozen=True)
class Curve:
    """One number of the systems that differ in the swept value alone: x, value and error of those that have both.

    `missing` are the swept values at which it is not known; `fixed` says what else was swept, and its value here.
    """

    quantity: str
    label: str
    fixed: str
    unit: str
    points: pd.DataFrame
    missing: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the curve is called in a legend."""
        return ", ".join(part for part in (line_name(self.quantity, self.label), self.fixed) if part)


def sweeps(finished: Sequence[Finished]) -> list[dict[str, Any]]:
    """Return what the template shows of each swept quantity: heading, figures, activation energies."""
    found = []
    for members in _families(finished):
        for quantity in [str(one["quantity"]) for one in members[0].run["sweep"]]:
            lines = _lines(members, quantity)
            key = f"sweep-{members[0].run['sweep_of']}-{'-'.join(_quantities(members[0]))}-{quantity}"
            figures = [figure for drawn in _drawn(members) if (figure := _figure(lines, quantity, drawn, key))]
            energies = _energies(lines) if quantity == TEMPERATURE else []
            figures += [_arrhenius_figure(energies, key)] if any(line for _, line, _ in energies) else []
            if figures:
                found.append(
                    {
                        "title": f"{members[0].run['sweep_of']}: {_AXES.get(quantity, quantity).partition(' / ')[0]}",
                        "all": figures,
                        "energies": [(curve.name, _energy_cell(line, why)) for curve, line, why in energies],
                        "member": next((one for one in members if one.provisional), members[0]),
                        "preview": any(one.preview for one in members),
                    }
                )
    return found


def _quantities(member: Finished) -> tuple[str, ...]:
    return tuple(str(one["quantity"]) for one in member.run["sweep"])


def _families(finished: Sequence[Finished]) -> list[list[Finished]]:
    """Return the systems of each sweep: made of one system, over the same quantities."""
    families: dict[tuple[Any, ...], list[Finished]] = {}
    for one in finished:
        if one.run.get("sweep"):
            families.setdefault((one.run.get("sweep_of"), _quantities(one)), []).append(one)
    return list(families.values())


def _lines(members: Sequence[Finished], quantity: str) -> dict[str, list[tuple[float, Finished]]]:
    """Return (swept value that was reached, system) in order, for each set of the other swept values; two or more."""
    lines: dict[str, list[tuple[float, Finished]]] = {}
    for member in members:
        own = {str(one["quantity"]): one for one in member.run["sweep"]}
        others = [f"{_AXES.get(name, name)}: {one['value']:g}" for name, one in own.items() if name != quantity]
        lines.setdefault(", ".join(others), []).append((float(own[quantity]["reached"]), member))
    return {
        fixed: sorted(line, key=lambda point: point[0])
        for fixed, line in lines.items()
        if len({x for x, _ in line}) > 1
    }


def _drawn(members: Sequence[Finished]) -> Iterator[tuple[str, ...]]:
    """Yield the quantities of each figure: the displacement after 1 ns only where no system has a D."""
    known = {str(name) for one in members for name in _scalars(one).loc[_scalars(one)["value"].notna(), "quantity"]}
    skipped = "msd_at_1ns" if "D" in known else "D"
    return (quantities for quantities in _DRAWN if skipped not in quantities)


def _scalars(member: Finished) -> pd.DataFrame:
    rows = member.scalars
    return rows[~rows["quantity"].isin(WITHHELD_IN_PREVIEW)] if member.preview else rows


def _curves(lines: dict[str, list[tuple[float, Finished]]], quantities: Sequence[str]) -> list[Curve]:
    """Return the curves of some quantities, those with two points or more."""
    curves = []
    for fixed, line in lines.items():
        rows = pd.concat([_scalars(member).assign(x=x) for x, member in line])
        rows = rows[rows["quantity"].isin(quantities)]
        for (quantity, label), own in rows.groupby(["quantity", "label"], sort=False):
            known = np.isfinite(own["value"]) & np.isfinite(own["error"]) & (own["error"] > 0)
            points = own.loc[known, ["x", "value", "error"]]
            missing = tuple(x for x, _ in line if x not in set(points["x"]))
            curves.append(Curve(str(quantity), str(label), fixed, str(own["unit"].iloc[0]), points, missing))
    return [curve for curve in curves if len(curve.points) > 1]


def _figure(
    lines: dict[str, list[tuple[float, Finished]]], quantity: str, drawn: Sequence[str], key: str
) -> Figure | None:
    """Return one figure: numbers of one kind against the swept value."""
    curves = _curves(lines, drawn)
    if not curves:
        return None
    figure = go.Figure()
    for rank, curve in enumerate(curves[:_MOST_CURVES]):
        figure.add_trace(_marked(curve, curve.points["x"], _style(rank), "lines+markers"))
    figure.update_xaxes(title_text=_AXES.get(quantity) or html.escape(quantity))
    figure.update_yaxes(title_text=_axis(curves[0]))
    caption = f"Bars: 95 % intervals.{_left_out(curves)}"
    return Figure(f"{key}-{drawn[0]}", quantity_name(drawn[0]), caption, 400, _plain(figure))


def _left_out(curves: Sequence[Curve]) -> str:
    """Return what a figure does not show, as sentences."""
    missing = [
        f"{curve.name} at {', '.join(number(x, 3) for x in curve.missing)}"
        for curve in curves[:_MOST_CURVES]
        if curve.missing
    ]
    told = f" Without a value or an interval: {'; '.join(missing)}." if missing else ""
    more = f" The first {_MOST_CURVES} of {len(curves)} curves; the others stand in the tables."
    return told + (more if len(curves) > _MOST_CURVES else "")


def _style(rank: int) -> tuple[str, str]:
    return _COLOURS[rank % len(_COLOURS)], _SYMBOLS[rank % len(_SYMBOLS)]


def _marked(curve: Curve, x: Any, style: tuple[str, str], mode: str) -> dict[str, Any]:
    colour, symbol = style
    return {
        "type": "scatter",
        "mode": mode,
        "name": html.escape(curve.name),
        "hoverinfo": "x+y+name",
        "x": [float(one) for one in x],
        "y": [float(one) for one in curve.points["value"]],
        "error_y": {"type": "data", "array": [float(one) for one in curve.points["error"]], "color": colour},
        "marker": {"color": colour, "symbol": symbol, "size": 7},
        "line": {"color": colour, "width": 1},
    }


def _axis(curve: Curve) -> str:
    unit = unit_text(curve.unit)
    return f"{quantity_name(curve.quantity)}{f' / {unit}' if unit else ''}"


def _plain(figure: go.Figure) -> go.Figure:
    # The template is the page's, sent once, in place of plotly's default in every figure.
    figure.update_layout(template=go.layout.Template(), showlegend=True)
    return figure


def _energies(lines: dict[str, list[tuple[float, Finished]]]) -> list[tuple[Curve, Arrhenius | None, str]]:
    """Return each curve with its Arrhenius line, or with the reason why there is none."""
    found: list[tuple[Curve, Arrhenius | None, str]] = []
    for curve in (one for quantity in _ARRHENIUS for one in _curves(lines, [quantity])):
        points = curve.points[curve.points["value"] > 0]
        curve = replace(curve, points=points)
        n_temperatures = points["x"].nunique()
        if n_temperatures < FEWEST_TEMPERATURES:
            found.append((curve, None, f"a value at {n_temperatures} temperatures, {FEWEST_TEMPERATURES} are needed"))
        else:
            found.append((curve, arrhenius(*(list(points[name]) for name in ("x", "value", "error"))), ""))
    return found


def _energy_cell(line: Arrhenius | None, why: str) -> Cell:
    if line is None:
        return Cell(why)
    bent = f"the points do not lie on a straight line (p = {line.p_straight:.1g})"
    details = (bent,) if line.p_straight < CURVED else ()
    return Cell(with_interval(line.energy_kJ_per_mol, line.error_kJ_per_mol), details, is_number=True)


def _arrhenius_figure(energies: Sequence[tuple[Curve, Arrhenius | None, str]], key: str) -> Figure:
    """Return D and conductivity against the inverse temperature with the fitted lines, each over the first of its kind.

    So that different units stand on one axis, every curve is divided by its value at the lowest temperature.
    """
    figure = go.Figure()
    for rank, (curve, line, _) in enumerate(energies[:_MOST_CURVES]):
        temperatures_K, style = curve.points["x"].to_numpy(dtype=float), _style(rank)
        unit = float(curve.points["value"].iloc[0])
        scaled = curve.points.assign(value=curve.points["value"] / unit, error=curve.points["error"] / unit)
        relative = Curve(curve.quantity, curve.label, curve.fixed, "1", scaled, ())
        figure.add_trace(_marked(relative, 1000.0 / temperatures_K, style, "markers"))
        if line is not None and math.isfinite(line.log_prefactor):
            span_K = np.linspace(temperatures_K.min(), temperatures_K.max(), 40)
            y = [float(one) for one in line.values(span_K) / unit]
            trace = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "y": y}
            x = [float(one) for one in 1000.0 / span_K]
            figure.add_trace(trace | {"x": x, "line": {"color": style[0], "width": 1}})
    figure.update_xaxes(title_text="1000 K / temperature")
    figure.update_yaxes(type="log", title_text="over the value at the lowest temperature")
    caption = "ln v = ln A − E/(RT), weighted by the errors; bars: 95 % intervals."
    return Figure(f"{key}-arrhenius", "Arrhenius lines", caption, 400, _plain(figure))
