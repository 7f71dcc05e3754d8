"""The first screen: what becomes of each claim, and a light whose thresholds stand beside it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from analysis.report import build
from analysis.report.collect import collect
from analysis.report.light import BAD, GOOD, OPEN, light_of, questions
from analysis.table import Row, row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, make_tables, write_system
from tests.analysis.report.test_compared import PAB, write


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of an electrolyte with two claims, three replicas each."""
    folder = tmp_path_factory.mktemp("judged")
    return Page(build(folder, write(folder, 3), 3, folder / "report.html"))


def lit(folder: Path, changes: dict[str, list[Row]], *, preview: bool = False) -> list[str]:
    """Return the states of the lamps of a system whose tables are changed, and the state of the whole."""
    run = make_run(ETHER, preview=preview)
    write_system(folder, run, make_tables(run) | changes)
    (member,) = collect(folder, [ETHER], 1).finished
    light = light_of(member, with_ions=True)
    assert len(light.lamps) == len(questions(with_ions=True))
    return [*(lamp.state for lamp in light.lamps), light.state]


def test_each_claim_stands_first_with_effect_interval_and_detectable_effect(judged: Page) -> None:
    (found,) = judged.find(data_first="C1", data_of_system=PAB)
    text = " ".join(found["text"].split())
    assert text.startswith("confirmedCoordination number Li–O(DME), said: falls. Found: −1.000 ± 0.080")
    assert "smallest effect that would be seen: 0.11" in text
    (held,) = judged.find(data_first="C6", data_of_system=PAB)
    assert held["text"].strip().startswith("contradicted")
    (verdict,) = judged.find(data_claim="C1", data_about_system=PAB)
    assert verdict["text"] == "confirmed"


def test_claims_come_before_every_other_number(judged: Page) -> None:
    tags = [one["attributes"] for one in judged.elements]
    first = next(place for place, one in enumerate(tags) if "data-first" in one)
    assert first < next(place for place, one in enumerate(tags) if "data-quantity" in one)


def test_thresholds_stand_beside_the_light(judged: Page) -> None:
    (table,) = judged.find(id="light-table")
    for _, threshold in questions(with_ions=True):
        assert threshold in table["text"]


def _thermodynamics(percent_per_ns: float, error: float) -> list[Row]:
    drift = row("density_drift", "", 10 * percent_per_ns, "kg/m^3/ns", 10 * error)
    return [row("density", "", 1000.0, "kg/m^3", 1.0), drift]


@pytest.mark.parametrize(
    ("drift", "error", "state"),
    [(0.01, 0.02, GOOD), (-0.05, 0.04, GOOD), (0.08, 0.05, OPEN), (0.0, 3.0, OPEN), (-0.4, 0.1, BAD)],
)
def test_a_drift_is_good_or_bad_only_when_its_error_says_so(
    tmp_path: Path, drift: float, error: float, state: str
) -> None:
    assert lit(tmp_path, {"thermodynamics": _thermodynamics(drift, error)})[0] == state


@pytest.mark.parametrize(("exchanged", "error", "state"), [(9.0, 1.0, GOOD), (5.5, 1.0, OPEN), (0.1, 0.2, BAD)])
def test_exchanges_decide_whether_shells_are_sampled(
    tmp_path: Path, exchanged: float, error: float, state: str
) -> None:
    assert lit(tmp_path, {"residence": [row("exchanges", "Li-all", exchanged, "1", error)]})[2] == state


def test_the_slope_and_the_samples_have_their_lamps(tmp_path: Path) -> None:
    note = "subdiffusive: exponent 0.60 ± 0.05 at 300 ps"
    slow = {"diffusion": [row("D", "Li", math.nan, "1e-10 m^2/s", note=note)]}
    assert lit(tmp_path / "slow", slow)[3] == BAD
    assert lit(tmp_path / "free", {})[3] == GOOD
    few = [
        row("stationary_from", "Li-DME", 10.0, "ps", note="only 3.1 independent samples, a slow drift would not show"),
        row("start", "all", 10.0, "ps"),
        row("stationary", "all", 1.0, "1"),
    ]
    assert lit(tmp_path / "few", {"stationarity": few})[4] == BAD


def test_a_preview_is_never_good_and_the_whole_is_the_worst_lamp(tmp_path: Path) -> None:
    assert set(lit(tmp_path / "preview", {}, preview=True)) == {OPEN}
    good = {"thermodynamics": _thermodynamics(0.0, 0.01), "residence": [row("exchanges", "Li-all", 50.0, "1", 2.0)]}
    assert lit(tmp_path / "good", good) == [GOOD] * 6
    bad = good | {"residence": [row("exchanges", "Li-all", 1.0, "1", 0.2)]}
    assert lit(tmp_path / "bad", bad)[-1] == BAD


def test_without_ions_nothing_is_asked_about_them() -> None:
    headings = [heading for heading, _ in questions(with_ions=False)]
    assert not [heading for heading in headings if "cation" in heading]
    assert len(headings) == 3
