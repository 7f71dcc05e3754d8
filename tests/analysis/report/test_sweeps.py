"""The page plots what was measured against what was swept, with its errors, and no number that is none."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from scipy import constants

from analysis.report import build
from analysis.table import Row, row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, write_system

PAB = f"{ETHER}-pab"
ENERGY_KJ = 15.0


def swept(quantity: str, value: float, reached: float, unit: str = "1") -> dict[str, Any]:
    """Return one entry of `sweep` in run.json."""
    return {"quantity": quantity, "unit": unit, "value": value, "reached": reached}


def write(results: Path, points: list[tuple[str, list[dict[str, Any]], list[Row]]], **more: Any) -> Page:
    """Write one system for each point of a sweep, and the page about them."""
    names = []
    for suffix, values, rows in points:
        names.append(f"{PAB}-{suffix}")
        run = make_run(PAB) | {
            "system": names[-1],
            "title": f"swept {suffix}",
            "base": None if len(names) == 1 else names[0],
        }
        run |= {"sweep_of": PAB, "sweep": values, **more}
        write_system(results, run, {"measured": rows}, replicas=3)
    return Page(build(results, names, 3, results / "report.html"))


def rate(temperature_K: float) -> float:
    """Return a rate that follows Arrhenius."""
    return 5000 * math.exp(-ENERGY_KJ * constants.kilo / (constants.R * temperature_K))


def rows_at(x: float, d: float, msd: float = 1.0) -> list[Row]:
    """Return numbers of each kind that depend on the swept value."""
    return [
        row("D", "Li", d, "1e-10 m^2/s", 0.05 * d if math.isfinite(d) else math.nan),
        row("msd_at_1ns", "Li", msd, "nm^2", 0.1),
        row("cn_molecule", "Li-DME", 2.0 - 0.1 * x, "1", 0.03),
        row("density", "", 1100.0 + x, "kg/m^3", 0.4),
        row("conductivity", "", 10.0 - 0.2 * x, "mS/cm", 0.9),
    ]


def test_every_kind_is_plotted_against_the_value_that_was_reached(tmp_path: Path) -> None:
    contents = {0.0: 0.0, 5.0: 4.87, 10.0: 10.21}
    points = [
        (f"{asked:g}wt", [swept("chains.wt_percent", asked, reached, "wt%")], rows_at(reached, 2.0 + reached))
        for asked, reached in contents.items()
    ]
    page = write(tmp_path, points)
    key = f"sweep-{PAB}-chains.wt_percent-chains.wt_percent"
    assert {name for name in page.figures if name.startswith("sweep")} == {
        f"{key}-{kind}" for kind in ("D", "cn_molecule", "density", "conductivity")
    }
    x = list(contents.values())
    for kind, values, errors in (
        ("D", [2 + one for one in x], [0.05 * (2 + one) for one in x]),
        ("cn_molecule", [2 - 0.1 * one for one in x], [0.03] * 3),
        ("density", [1100 + one for one in x], [0.4] * 3),
    ):
        (curve,) = page.figures[f"{key}-{kind}"]["data"]
        assert curve["x"] == x
        assert curve["y"] == pytest.approx(values) and curve["error_y"]["array"] == pytest.approx(errors)
    axes = page.figures[f"{key}-density"]["layout"]
    assert axes["xaxis"]["title"]["text"] == "chains / wt% of the electrolyte"
    assert axes["yaxis"]["title"]["text"] == "Density / kg/m³"
    assert "Activation energy" not in page.body
    assert page.find(href="#sweep-1") and page.find(id="sweep-1"), "the part's own links lead to the sweep"
    heads = [one["text"] for one in page.find() if one["tag"] == "th"]
    assert any(head.startswith("5wt") for head in heads), "the columns of the tables are named after the values"


def test_temperatures_give_an_activation_energy_with_its_interval(tmp_path: Path) -> None:
    points = [
        (f"{t}K", [swept("temperature_K", t, t, "K")], rows_at(0.0, rate(t))) for t in (280.0, 298.0, 320.0, 345.0)
    ]
    page = write(tmp_path, points)
    (energy,) = page.find(data_energy="Diffusion coefficient Li")
    # equal relative errors: half-width = R e / sqrt(sum of (1/T - mean)^2)
    inverse = [1 / t for t in (280.0, 298.0, 320.0, 345.0)]
    spread = math.sqrt(sum((x - sum(inverse) / 4) ** 2 for x in inverse))
    half_width = constants.R / constants.kilo * 0.05 / spread
    assert " ".join(energy["text"].split()).startswith(f"{ENERGY_KJ:.2f} ± {half_width:.2f}")
    assert "†" in energy["text"], "the chains are provisional, and so is what depends on them"
    figure = page.figures[f"sweep-{PAB}-temperature_K-temperature_K-arrhenius"]
    measured, fitted = figure["data"][:2]
    assert measured["x"] == pytest.approx([1000 * x for x in inverse])
    for inverse_temperature, y in zip(fitted["x"], fitted["y"], strict=True):
        assert y == pytest.approx(rate(1000 / inverse_temperature) / rate(280.0), rel=1e-6)


def test_points_that_bend_and_too_few_points_are_told(tmp_path: Path) -> None:
    bent = {280.0: 1.0, 298.0: 3.0, 320.0: 4.0, 345.0: 4.2}
    page = write(
        tmp_path / "bent", [(f"{t}K", [swept("temperature_K", t, t)], rows_at(0.0, d)) for t, d in bent.items()]
    )
    assert "do not lie on a straight line" in page.find(data_energy="Diffusion coefficient Li")[0]["text"]
    two = [(f"{t}K", [swept("temperature_K", t, t)], rows_at(0.0, rate(t))) for t in (280.0, 298.0)]
    page = write(tmp_path / "two", two)
    text = page.find(data_energy="Diffusion coefficient Li")[0]["text"]
    assert "a value at 2 temperatures, 3 are needed" in text and "±" not in text


def test_without_a_d_the_displacement_stands_in_its_place_and_gaps_are_told(tmp_path: Path) -> None:
    points = [(f"{n}mer", [swept("chains.monomers", n, n)], rows_at(n, math.nan, msd=n)) for n in (4.0, 6.0, 8.0)]
    points[1][2].pop(1)
    page = write(tmp_path, points)
    key = f"sweep-{PAB}-chains.monomers-chains.monomers"
    assert f"{key}-D" not in page.figures
    (curve,) = page.figures[f"{key}-msd_at_1ns"]["data"]
    assert curve["x"] == [4.0, 8.0] and curve["y"] == [4.0, 8.0]
    assert "Without a value or an interval: Mean squared displacement after 1 ns Li at 6." in page.body


def test_a_preview_shows_no_d(tmp_path: Path) -> None:
    points = [(f"{t}K", [swept("temperature_K", t, t)], rows_at(0.0, rate(t))) for t in (280.0, 298.0, 320.0)]
    page = write(tmp_path, points, preview=True)
    names = [name for name in page.figures if name.startswith("sweep")]
    assert not [name for name in names if name.endswith("-D")] and [name for name in names if name.endswith("-density")]
    assert "Diffusion coefficient Li" not in [one["attributes"].get("data-energy") for one in page.elements]
    assert all("preview" in one["text"] for one in page.find(id="sweep-1"))


def test_a_grid_has_one_curve_for_each_value_of_the_other_quantity(tmp_path: Path) -> None:
    points = [
        (
            f"{t:g}K-{n:g}mer",
            [swept("temperature_K", t, t, "K"), swept("chains.monomers", n, n)],
            rows_at(n + t / 1000, 1.0),
        )
        for t in (280.0, 298.0)
        for n in (4.0, 6.0, 8.0)
    ]
    page = write(tmp_path, points)
    key = f"sweep-{PAB}-temperature_K-chains.monomers"
    along_length = page.figures[f"{key}-chains.monomers-density"]["data"]
    assert [(one["name"], one["x"]) for one in along_length] == [
        (f"Density, temperature / K: {t}", [4.0, 6.0, 8.0]) for t in (280, 298)
    ]
    along_temperature = page.figures[f"{key}-temperature_K-density"]["data"]
    assert [one["x"] for one in along_temperature] == [[280.0, 298.0]] * 3


def test_one_value_alone_and_no_sweep_have_no_section(tmp_path: Path) -> None:
    page = write(tmp_path, [("298K", [swept("temperature_K", 298.0, 298.0)], rows_at(0.0, 1.0))])
    assert not [name for name in page.figures if name.startswith("sweep")] and "Sweep of" not in page.body


def test_names_from_a_foreign_run_json_cannot_break_the_page(tmp_path: Path) -> None:
    odd = "<b>x</b>"
    points = [
        (f"{n:g}mer", [swept("chains.monomers", n, n), swept(odd, n, n)], rows_at(n, 1.0)) for n in (4.0, 6.0)
    ] + [(f"{n:g}mer-b", [swept("chains.monomers", n, n), swept(odd, 9.0, 9.0)], rows_at(n, 1.0)) for n in (4.0, 6.0)]
    drawn = json.dumps(list(write(tmp_path, points).figures.values()))
    assert "<b>" not in drawn and "&lt;b&gt;x" in drawn
