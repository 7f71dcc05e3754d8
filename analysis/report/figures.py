"""The figures, as plotly figures: thin curves, units on every axis, one colour per variant or species."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.cutoffs import BAND_NM
from analysis.report.collect import Electrolyte, Finished, contacts_nm
from analysis.report.drawing import GREY, Figure, Styles, add_curve, laid_out, line_of, numbers
from analysis.report.formatting import label_text, species_of
from analysis.report.palette import variant_of

_FINE_R_NM = 0.6  # up to here every bin of g(r) is drawn, beyond every fourth: second shells are broad
_COARSE_STEP = 4
_MOST_POINTS = 160


def _axes(kind: str, dtick: int | None) -> dict[str, Any]:
    """Return what a button changes to show a mean squared displacement on axes of one kind."""
    of_x = {f"{axis}.{key}": value for axis in ("xaxis", "xaxis2") for key, value in (("type", kind), ("dtick", dtick))}
    every = {f"{axis}.autorange": True for axis in ("xaxis", "xaxis2", "yaxis")}
    return {"args": [of_x | every | {"yaxis.type": kind}], "method": "relayout"}


_AXES = {
    "type": "buttons",
    "direction": "right",
    "x": 1,
    "xanchor": "right",
    "y": 1.02,
    "yanchor": "bottom",
    "pad": {"b": 2, "t": 2},
    "font": {"size": 11},
    "buttons": [{"label": "log–log"} | _axes("log", 1), {"label": "linear"} | _axes("linear", None)],
}
"""Both views of a mean squared displacement from the same points."""


def rdf_figures(group: Electrolyte, variants: Styles) -> list[Figure]:
    """Return one figure per site label: g(r) above, running coordination number below, variants overlaid."""
    labels: dict[str, float | None] = {}
    chains: set[str] = set()
    for member in group.members:
        contacts = contacts_nm(member)
        kinds = {str(site["label"]): str(site["kind"]) for site in member.run["sites"]}
        chains |= {str(s["name"]) for s in member.run["species"] if s["role"] == "polymer"}
        for label in dict.fromkeys(member.curves("g")["label"]):
            labels.setdefault(str(label), contacts.get(kinds.get(str(label).partition("-")[2], "")))
    return [
        _rdf_figure(group, label, contact_nm, variants, folded=species_of(label) in chains)
        for label, contact_nm in labels.items()
    ]


def _rdf_figure(group: Electrolyte, label: str, contact_nm: float | None, variants: Styles, folded: bool) -> Figure:
    figure, ceiling = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06), _ceiling(group, label)
    for member in group.members:
        name = variant_of(member, group)
        g, cn = _curve(member, "g", label), _curve(member, "running_cn", label)
        # beyond the listed pairs the spread between the cations is not known: N(r) keeps what was nearer in
        cn = cn.assign(error=cn["error"].cummax())
        for rows, row, top in ((_thin_r(g), 1, math.inf), (_thin_r(cn), 2, ceiling)):
            add_curve(figure, rows, name, variants[name], place=(row, 1), legend=row == 1)
            _mark_minimum(figure, member, label, rows, (name, variants[name][0]), (row, top))
    if contact_nm is not None:
        low, high = contact_nm - BAND_NM, contact_nm + BAND_NM
        figure.add_vrect(x0=low, x1=high, fillcolor=GREY, opacity=0.18, line_width=0, layer="below")
        figure.add_vline(x=contact_nm, line={"color": GREY, "width": 1, "dash": "dash"})
    figure.update_xaxes(title_text="r / nm", row=2, col=1)
    figure.update_xaxes(range=[0.1, 1.0])
    figure.update_yaxes(title_text="g(r)", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="CN(r)", range=[0, ceiling], row=2, col=1)
    contact = f"contact distance {contact_nm:g} nm (dashed; band ±{BAND_NM:g} nm)" if contact_nm else ""
    marked = f"{contact or 'no contact distance for this site'}; diamonds: first minimum of g(r)"
    caption = "g(r) above, running coordination number below (its band keeps the spread between the cations, which is "
    caption += f"known near them only); {marked}."
    return Figure(f"rdf-{group.name}-{label}", f"{label_text(label)}", caption, 470, laid_out(figure), folded=folded)


def _mark_minimum(
    figure: go.Figure, member: Finished, label: str, curve: pd.DataFrame, style: tuple[str, str], on: tuple[int, float]
) -> None:
    """Mark the first minimum of g(r) of one system on one of its curves, with its interval; not above the axis.

    `on`: in which row of the figure, and up to where its axis goes.
    """
    found, (name, colour) = _known(member, "first_minimum", label), style
    if found.empty or curve.empty:
        return
    where_nm, error_nm = found[["value", "error"]].iloc[0].astype(float)
    if (height := float(np.interp(where_nm, curve["x"], curve["value"]))) > on[1]:
        return  # no contact: the minimum lies far out, where N(r) has left the figure
    here = pd.DataFrame({"x": [where_nm], "value": [height]})
    marker = {"symbol": "diamond-open", "size": 10, "color": colour, "line": {"width": 2}}
    mark = line_of(here, name, {}) | {"mode": "markers", "marker": marker, "hoverinfo": "x+y+name"}
    if math.isfinite(error_nm):
        mark["error_x"] = {"type": "data", "array": numbers([error_nm]), "color": colour, "thickness": 1.2}
    figure.add_trace(mark | {"name": f"{mark['name']}: first minimum"}, row=on[0], col=1)


def msd_figures(group: Electrolyte, variants: Styles) -> list[Figure]:
    """Return one figure per species: MSD on logarithmic axes with its fitted window, exponent below."""
    labels = dict.fromkeys(str(x) for member in group.members for x in member.curves("msd")["label"])
    return [_msd_figure(group, label, variants) for label in labels]


def _msd_figure(group: Electrolyte, label: str, variants: Styles) -> Figure:
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.7, 0.3])
    windows = 0
    for member in group.members:
        name = variant_of(member, group)
        msd = _curve(member, "msd", label)
        msd = msd[(msd["x"] > 0) & (msd["value"] > 0)]
        add_curve(figure, _thin_log(msd), name, variants[name], place=(1, 1), legend=True)
        beta = _thin_log(_curve(member, "msd_exponent", label))
        add_curve(figure, beta, name, variants[name], place=(2, 1), legend=False)
        window = None if member.preview else _window_ps(member, label)
        if window is not None:
            inside = _thin_log(msd[msd["x"].between(*window)])
            line = {"color": variants[name][0], "width": 9}
            figure.add_trace(line_of(inside, f"{name}: fitted", line) | {"opacity": 0.3}, row=1, col=1)
            windows += 1
    figure.add_hline(y=1, line={"color": GREY, "width": 1, "dash": "dash"}, row=2, col=1)
    figure.update_xaxes(type="log", exponentformat="power", dtick=1)
    figure.update_xaxes(title_text="lag / ps", row=2, col=1)
    figure.update_yaxes(type="log", exponentformat="power", title_text="MSD / nm²", row=1, col=1)
    figure.update_yaxes(title_text="exponent β", range=[0, 2], row=2, col=1)
    marked = "The thick stretch is the fitted window." if windows else "No window was fitted."
    figure.update_layout(updatemenus=[_AXES])
    caption = f"Mean squared displacement above, its exponent β = d ln MSD / d ln t below (1: diffusive). {marked}"
    return Figure(f"msd-{group.name}-{label}", label_text(label), caption, 500, laid_out(figure))


def density_figure(group: Electrolyte, variants: Styles) -> Figure | None:
    """Return density against time, equilibration and production side by side where both are known."""
    parts: dict[str, list[tuple[str, pd.DataFrame]]] = {}
    for member in group.members:
        rows = member.curves("density_series")
        for label in dict.fromkeys(rows["label"]):
            part = "equilibration" if "equil" in str(label) else "production"
            chosen = rows[rows["label"] == label].sort_values("x")
            parts.setdefault(part, []).append((variant_of(member, group), chosen))
    if not parts:
        return None
    order = [part for part in ("equilibration", "production") if part in parts]
    figure = make_subplots(rows=1, cols=len(order), shared_yaxes=True, horizontal_spacing=0.03)
    named: set[str] = set()
    for col, part in enumerate(order, start=1):
        for name, rows in parts[part]:
            add_curve(figure, _thin(rows), name, variants[name], place=(1, col), legend=name not in named)
            named.add(name)
        figure.update_xaxes(title_text=f"{part} / ps", row=1, col=col, nticks=6)
    figure.update_yaxes(title_text="density / kg m⁻³", row=1, col=1)
    caption = f"Density against time: {' and '.join(order)}."
    return Figure(f"density-{group.name}", "Density", caption, 380, laid_out(figure))


def cn_series_figures(group: Electrolyte, species: Styles) -> list[Figure]:
    """Return one figure per system: coordination numbers against time, one curve per partner."""
    figures = []
    for member in group.members:
        rows = pd.concat([member.curves(quantity) for quantity in ("cn_molecule_series", "cn_total_series")])
        rows = member.curves("cn_series") if rows.empty else rows
        if rows.empty:
            continue
        figure = go.Figure()
        for label in dict.fromkeys(str(label) for label in rows["label"]):
            style = species.get(species_of(label), (GREY, "solid"))
            chosen = rows[rows["label"] == label].sort_values("x")
            add_curve(figure, _thin(chosen), label_text(label), style, place=None, legend=True)
        figure.update_xaxes(title_text="production / ps")
        figure.update_yaxes(title_text="CN(t)", rangemode="tozero")
        caption = "Neighbours within the contact distance against time."
        figures.append(Figure(f"cn-{member.name}", member.title, caption, 380, laid_out(figure)))
    return figures


def _curve(member: Finished, quantity: str, label: str) -> pd.DataFrame:
    rows = member.curves(quantity)
    rows = rows[(rows["label"] == label) & rows["value"].notna()]
    return rows.sort_values("x")


def _window_ps(member: Finished, label: str) -> tuple[float, float] | None:
    start, end = (_known(member, quantity, label)["value"] for quantity in ("fit_window_start", "fit_window_end"))
    return None if start.empty or end.empty else (float(start.iloc[0]), float(end.iloc[0]))


def _known(member: Finished, quantity: str, label: str) -> pd.DataFrame:
    """Return the row of a number of one system; none where it is not known."""
    rows = member.scalars
    return rows[(rows["quantity"] == quantity) & (rows["label"] == label) & rows["value"].notna()]


def _ceiling(group: Electrolyte, label: str) -> float:
    """Height of the CN axis: the first shell fills it, the r³ rise of the bulk leaves at the top."""
    tops = [0.5]
    for member in group.members:
        rows = _curve(member, "running_cn", label)
        tops += rows.loc[rows["x"] <= 0.5, "value"].tolist()
    return round(1.1 * max(tops), 3)


def _thin_r(rows: pd.DataFrame) -> pd.DataFrame:
    keep = (rows["x"].to_numpy() <= _FINE_R_NM) | (np.arange(len(rows)) % _COARSE_STEP == 0)
    thinned: pd.DataFrame = rows[keep]
    return thinned


def _thin_log(rows: pd.DataFrame) -> pd.DataFrame:
    if len(rows) <= _MOST_POINTS:
        return rows
    picks = np.unique(np.geomspace(1, len(rows), _MOST_POINTS).round().astype(int)) - 1
    return rows.iloc[picks]


def _thin(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[:: max(1, math.ceil(len(rows) / (3 * _MOST_POINTS)))]
