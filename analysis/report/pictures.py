"""Still pictures of a scene, drawn with matplotlib: where there is no WebGL, on paper, and to take along."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.transform import Rotation

ELEMENT_COLOURS = {
    "H": "#f2f2f2", "B": "#ffb5b5", "N": "#3050f8", "O": "#e8200c", "F": "#7bc043", "P": "#ff8000", "S": "#e6c200",
    "Cl": "#1fb01f",
}  # fmt: skip
"""As usual for atoms; carbon takes the colour of its species."""
_RADII_NM = {"H": 0.11, "Li": 0.15, "B": 0.19, "C": 0.17, "N": 0.155, "O": 0.152, "F": 0.147, "P": 0.18, "S": 0.18}
_BALL = 0.35
_INCHES, _DPI = 5.0, 128
_POINTS = 72
_MARGIN = 1.08
_FOG = 0.45
_TONES = 96
_VIEW = Rotation.from_euler("yx", [28, 18], degrees=True).as_matrix()


@dataclass(frozen=True)
class Atoms:
    """The atoms of a scene: positions (N, 3) in nm, element and species of each, species -> colour, bonds as pairs."""

    xyz_nm: NDArray[np.float64]
    elements: tuple[str, ...]
    species: tuple[str, ...]
    colours: dict[str, str]
    bonds: tuple[tuple[int, int], ...]


def picture(atoms: Atoms, edges_nm: NDArray[np.float64], contacts: Sequence[tuple[int, int]], *, sticks: bool) -> bytes:
    """Return a PNG of a scene seen from in front and above; spheres of van der Waals size, or balls and sticks.

    Farther atoms are drawn first and paler.
    """
    centre = edges_nm / 2 if edges_nm.size else atoms.xyz_nm.mean(axis=0)
    seen = (atoms.xyz_nm - centre) @ _VIEW.T
    radii = np.array([_RADII_NM.get(element, 0.17) for element in atoms.elements]) * (_BALL if sticks else 1.0)
    half = _MARGIN * float((np.abs(seen[:, :2]).max(axis=1) + radii).max())
    figure = Figure(figsize=(_INCHES, _INCHES), dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
    axes.axis("off")
    if edges_nm.size:
        corners = [np.array(one) * edges_nm for one in itertools.product((0, 1), repeat=3)]
        pairs = [(a, b) for a, b in itertools.combinations(corners, 2) if np.count_nonzero(a != b) == 1]
        lines = [(np.array(pair) - centre) @ _VIEW.T for pair in pairs]
        axes.add_collection(LineCollection([line[:, :2] for line in lines], colors="#444444", linewidths=0.8, zorder=0))
    _draw(axes, atoms, seen, radii * _POINTS * _INCHES / (2 * half), contacts, sticks=sticks)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    drawn, small = Image.open(buffer).convert("RGB"), io.BytesIO()
    drawn.quantize(_TONES, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _draw(
    axes: Axes,
    atoms: Atoms,
    seen: NDArray[np.float64],
    radii_pt: NDArray[np.float64],
    contacts: Sequence[tuple[int, int]],
    *,
    sticks: bool,
) -> None:
    """Draw bonds and atoms, the farthest first."""
    depth = seen[:, 2]
    near = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    shades = np.array([colors.to_rgb(_colour(atoms, one, sticks=sticks)) for one in range(len(depth))])
    shades = 1 - (1 - shades) * (1 - _FOG * (1 - near[:, None]))
    rank = 1 + np.argsort(np.argsort(depth))
    if sticks:
        for pairs, style in ((atoms.bonds, "-"), (contacts, ":")):
            for a, b in pairs:
                ends, behind = seen[[a, b]], float(min(rank[a], rank[b])) - 0.5
                axes.plot(
                    ends[:, 0], ends[:, 1], style, color="#777777", linewidth=4 if style == "-" else 1.5, zorder=behind
                )
        for one, (x, y) in enumerate(seen[:, :2]):
            look = {"color": shades[one], "edgecolors": "#333333", "linewidths": 0.6}
            axes.scatter(x, y, s=(2 * radii_pt[one]) ** 2, zorder=float(rank[one]), **look)
        return
    order = np.argsort(depth, kind="stable")
    (x, y), sizes = seen[order, :2].T, (2 * radii_pt[order]) ** 2
    axes.scatter(x, y, s=sizes, c=shades[order], edgecolors="#333333", linewidths=0.3)


def _colour(atoms: Atoms, one: int, *, sticks: bool) -> str:
    own = atoms.colours[atoms.species[one]]
    if not sticks or atoms.species.count(atoms.species[one]) == 1:
        return own
    return ELEMENT_COLOURS.get(atoms.elements[one], own)
