"""What all figures share: a curve with its band, how many digits are sent, and the look of the page."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

Styles = dict[str, tuple[str, str]]
GREY = "#888888"
_DIGITS = 5


@dataclass(frozen=True)
class Figure:
    """One figure of the page: id, heading, caption, section, height in pixels, plotly figure."""

    key: str
    heading: str
    caption: str
    height_px: int
    figure: go.Figure
    folded: bool = False


def add_curve(
    figure: go.Figure,
    rows: pd.DataFrame,
    name: str,
    style: tuple[str, str],
    place: tuple[int, int] | None,
    legend: bool,
) -> None:
    """Add one curve and, where intervals are known, its band."""
    colour, dash = style
    at: dict[str, Any] = {} if place is None else {"row": place[0], "col": place[1]}
    band = rows[np.isfinite(rows["error"]) & (rows["error"] > 0)]
    if len(band) > 1:
        figure.add_trace(_band_of(band, name, colour), **at)
    trace = line_of(rows, name, {"color": colour, "dash": dash, "width": 1.6})
    figure.add_trace(trace | {"showlegend": legend, "hoverinfo": "x+y+name"}, **at)


def line_of(rows: pd.DataFrame, name: str, line: dict[str, Any]) -> dict[str, Any]:
    """Return the trace of one curve, without legend."""
    # Names are escaped because plotly reads a little HTML in every text.
    safe = html.escape(name)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": safe,
        "legendgroup": safe,
        "showlegend": False,
        "hoverinfo": "skip",
        "x": numbers(rows["x"]),
        "y": numbers(rows["value"]),
        "line": line,
    }


def _band_of(rows: pd.DataFrame, name: str, colour: str) -> dict[str, Any]:
    low, high = rows["value"] - rows["error"], rows["value"] + rows["error"]
    # A lower edge at or below zero has no place on a logarithmic axis, nor a meaning for g, CN or MSD.
    low = low.where(low > 0, rows["value"].abs() * 1e-3)
    rows = pd.DataFrame({"x": [*rows["x"], *rows["x"][::-1]], "value": [*high, *low[::-1]]})
    outline = line_of(rows, name, {"width": 0, "color": colour})
    return outline | {"fill": "toself", "fillcolor": colour, "opacity": 0.2}


def numbers(values: Iterable[float]) -> list[float]:
    """Return numbers with as many digits as a figure needs."""
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def laid_out(figure: go.Figure) -> go.Figure:
    """Return a figure that takes its look from the page."""
    # The template is the page's, sent once, in place of plotly's default in every figure.
    figure.update_layout(template=go.layout.Template())
    return figure


def page_template() -> dict[str, Any]:
    """Return the look that all figures share, as a plotly template."""
    axis = {
        "showline": True,
        "linecolor": "#555555",
        "ticks": "outside",
        "gridcolor": "#ececec",
        "zeroline": False,
        "exponentformat": "none",
        "automargin": True,
        "title": {"standoff": 6},
    }
    layout = {
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        "margin": {"l": 56, "r": 12, "t": 8, "b": 44},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "modebar": {"orientation": "v", "bgcolor": "rgba(255,255,255,0)", "color": "#b5b5b5"},
        "xaxis": axis,
        "yaxis": axis,
    }
    return {"layout": layout}
