"""Systems side by side, with intervals: neighbours as stacked bars, diffusion, ion pairs, residence, differences."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.cutoffs import COORDINATING_KINDS
from analysis.report.collect import Electrolyte, Finished, records
from analysis.report.drawing import GREY, Figure, Styles, laid_out, numbers
from analysis.report.formatting import join_words, label_text, species_of, unit_text
from analysis.report.names import WITHHELD_IN_PREVIEW, line_name, rank_of
from analysis.report.palette import variant_of

# Tol's high-contrast scheme: told apart by every eye, and on grey paper.
_STATES = {"SSIP": "#DDAA33", "CIP": "#BB5566", "AGG": "#004488"}
_PATTERNS = ("", "/", ".", "x", "-")
_LEAST_SHOWN = 0.02
_COMPARED = ("density", "cn_total", "cn_molecule", "cn", "speciation", "D", "msd_at_1ns", "conductivity", "viscosity")
_MOST_DIFFERENCES = 24
_MARKS = {"resolved": "circle", "not resolved": "circle-open"}


def bar_figures(group: Electrolyte, variants: Styles, species: Styles, compared: pd.DataFrame) -> list[Figure]:
    """Return the figures that lay the systems of one electrolyte side by side, those that there is anything for."""
    drawn = [
        _neighbours(group, species),
        _sites(group, species),
        _pairs(group),
        _points(
            group, variants, "D", "D", "D of each species with its interval; without a point: no D, the table says why."
        ),
        _points(group, variants, "residence_time_intermittent", "residence", _RESIDENCE),
        _differences(group, variants, compared),
    ]
    return [figure for figure in drawn if figure is not None]


_RESIDENCE = (
    "How much longer a contact with the cation lasts, absences of up to 2 ps forgiven; triangles: the run is too "
    "short, the time is at least that."
)


def _known(member: Finished, quantity: str) -> pd.DataFrame:
    rows = member.scalars
    return rows[(rows["quantity"] == quantity) & rows["value"].notna()]


def _stacked(
    group: Electrolyte,
    quantity: str,
    labels: Sequence[str],
    look: Callable[[str], dict[str, Any]],
    name: Callable[[str], str],
) -> go.Figure | None:
    """Return bars that stand on each other, a bar per system, with the interval of each part."""
    figure = go.Figure()
    names = [html.escape(variant_of(member, group)) for member in group.members]
    for label in labels:
        found = [_known(member, quantity) for member in group.members]
        rows = [table[table["label"] == label] for table in found]
        values = [math.nan if own.empty else float(own["value"].iloc[0]) for own in rows]
        errors = [math.nan if own.empty else float(own["error"].iloc[0]) for own in rows]
        if max((value for value in values if math.isfinite(value)), default=0.0) < _LEAST_SHOWN:
            continue
        bar = {
            "type": "bar",
            "name": html.escape(name(label)),
            "x": names,
            "y": _or_none(values),
            "marker": look(label),
        }
        error = {"type": "data", "array": _or_none(errors), "color": "#222222", "thickness": 1.2, "width": 4}
        figure.add_trace(bar | {"error_y": error, "hoverinfo": "x+y+name"})
    if not figure.data:
        return None
    figure.update_layout(barmode="stack", bargap=0.45)
    return laid_out(figure)


def _or_none(values: Sequence[float]) -> list[float | None]:
    """Return numbers for the page, which has no NaN."""
    return [numbers([value])[0] if math.isfinite(value) else None for value in values]


def _neighbours(group: Electrolyte, species: Styles) -> Figure | None:
    labels = dict.fromkeys(str(x) for member in group.members for x in _known(member, "cn_molecule")["label"])

    def look(label: str) -> dict[str, Any]:
        return {"color": species.get(species_of(label), (GREY, ""))[0], "line": {"color": "#ffffff", "width": 1}}

    figure = _stacked(group, "cn_molecule", list(labels), look, species_of)
    if figure is None:
        return None
    figure.update_yaxes(title_text="molecules in contact per cation", rangemode="tozero")
    caption = "Molecules in contact with a cation, by species; each part with its 95 % interval."
    return Figure(f"bars-neighbours-{group.name}", "Neighbours", caption, 400, figure)


def _sites(group: Electrolyte, species: Styles) -> Figure | None:
    kinds = {f"{m.cation}-{site['label']}": str(site["kind"]) for m in group.members for site in m.run["sites"]}
    labels = [label for label, kind in kinds.items() if kind in COORDINATING_KINDS]
    rank: dict[str, int] = {}
    for label in labels:
        own = [one for one in rank if species_of(one) == species_of(label)]
        rank[label] = len(own)

    def look(label: str) -> dict[str, Any]:
        colour = species.get(species_of(label), (GREY, ""))[0]
        pattern = {"shape": _PATTERNS[rank[label] % len(_PATTERNS)], "fgcolor": "#ffffff", "size": 6}
        return {"color": colour, "pattern": pattern, "line": {"color": "#ffffff", "width": 1}}

    figure = _stacked(group, "cn", labels, look, label_text)
    if figure is None:
        return None
    figure.update_yaxes(title_text="coordination number", rangemode="tozero")
    caption = f"Coordinating atoms ({join_words(list(COORDINATING_KINDS))}) in contact with a cation, by site."
    return Figure(f"bars-cn-{group.name}", "Coordination numbers", caption, 400, figure)


def _pairs(group: Electrolyte) -> Figure | None:
    labels = dict.fromkeys(str(x) for member in group.members for x in _known(member, "speciation")["label"])
    order = sorted(labels, key=lambda label: list(_STATES).index(state) if (state := _state(label)) in _STATES else 9)

    def look(label: str) -> dict[str, Any]:
        return {"color": _STATES.get(_state(label), GREY), "line": {"color": "#ffffff", "width": 1}}

    figure = _stacked(group, "speciation", order, look, _state)
    if figure is None:
        return None
    figure.update_yaxes(title_text="share of the cations", rangemode="tozero")
    caption = "Solvent-separated (SSIP), contact pair (CIP), aggregate (AGG); each share with its 95 % interval."
    return Figure(f"bars-pairs-{group.name}", "Ion pairs", caption, 400, figure)


def _state(label: str) -> str:
    return label.rpartition("-")[2]


def _points(group: Electrolyte, variants: Styles, quantity: str, key: str, caption: str) -> Figure | None:
    """Return one number per species and system as points with intervals, on a logarithmic axis."""
    figure, units = go.Figure(), set()
    for place, member in enumerate(group.members):
        if member.preview and quantity in WITHHELD_IN_PREVIEW:
            continue
        name = variant_of(member, group)
        bound = quantity.replace("residence_time", "residence_lower_bound")
        for wanted, symbol in ((quantity, "circle"), *(((bound, "triangle-up"),) if bound != quantity else ())):
            rows = _known(member, wanted)
            rows = rows[(rows["value"] > 0) & ~rows["label"].str.endswith(")")]
            if rows.empty:
                continue
            units |= set(rows["unit"])
            figure.add_trace(_dots(rows, name, variants[name][0], symbol, place))
    if not figure.data:
        return None
    (unit, *_) = sorted(units)
    axis = {"D": "D", "residence": "residence time"}[key]
    figure.update_yaxes(type="log", title_text=f"{axis} / {unit_text(unit)}", exponentformat="power")
    figure.update_layout(scattermode="group", scattergap=0.5)
    heading = {"D": "Diffusion coefficients", "residence": "Residence times"}[key]
    return Figure(f"bars-{key}-{group.name}", heading, caption, 400, laid_out(figure))


def _dots(rows: pd.DataFrame, name: str, colour: str, symbol: str, place: int) -> dict[str, Any]:
    safe, least = html.escape(name), symbol == "triangle-up"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{safe}, at least" if least else safe,
        "legendgroup": safe,
        "offsetgroup": str(place),
        "x": [html.escape(label_text(str(label))) for label in rows["label"]],
        "y": numbers(rows["value"]),
        "error_y": {"type": "data", "array": _or_none([math.nan] * len(rows) if least else list(rows["error"]))},
        "marker": {"color": colour, "size": 9, "symbol": symbol},
        "hoverinfo": "x+y+name",
    }


def _differences(group: Electrolyte, variants: Styles, compared: pd.DataFrame) -> Figure | None:
    """Return the differences in percent of the system that is compared with, filled where they are resolved."""
    by_name = {member.name: member for member in group.members}
    rows = compared[compared["system"].isin(by_name) & compared["base"].isin(by_name)]
    rows = rows[rows["quantity"].isin(_COMPARED) & rows["judged"].isin(_MARKS) & (rows["base_mean"].abs() > 0)]
    rows = rows[rows["value"].notna() & rows["error"].notna()]
    keys = sorted(
        {(str(r["quantity"]), str(r["label"])) for r in records(rows)}, key=lambda key: (rank_of(key[0]), key[1])
    )
    keys = keys[:_MOST_DIFFERENCES]
    if not keys:
        return None
    figure = go.Figure()
    for place, ((system, base), own) in enumerate(rows.groupby(["system", "base"], sort=False)):
        chosen = [row for row in records(own) if (str(row["quantity"]), str(row["label"])) in keys]
        if chosen:
            name = variant_of(by_name[str(system)], group)
            title = f"{name} less {variant_of(by_name[str(base)], group)}"
            figure.add_trace(_forest(chosen, title, variants[name][0], place))
    figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dash"})
    names = [html.escape(line_name(*key)) for key in reversed(keys)]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=names)
    figure.update_xaxes(title_text="difference / % of the one compared with")
    figure.update_layout(scattermode="group", scattergap=0.4)
    caption = "Differences with 95 % intervals. Filled: resolved (Holm, 0.05); open: not resolved."
    return Figure(f"bars-differences-{group.name}", "Differences", caption, 140 + 34 * len(keys), laid_out(figure))


def _forest(rows: Sequence[dict[str, Any]], title: str, colour: str, place: int) -> dict[str, Any]:
    scale = [100 / abs(float(row["base_mean"])) for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": html.escape(title),
        "offsetgroup": str(place),
        "y": [html.escape(line_name(str(row["quantity"]), str(row["label"]))) for row in rows],
        "x": numbers([float(row["value"]) * s for row, s in zip(rows, scale, strict=True)]),
        "error_x": {
            "type": "data",
            "array": numbers([float(row["error"]) * s for row, s in zip(rows, scale, strict=True)]),
        },
        "marker": {"color": colour, "size": 9, "symbol": [_MARKS[str(row["judged"])] for row in rows]},
        "hoverinfo": "x+y+name",
    }
