"""Differences of replica means: equal to SciPy's Welch test, intervals that cover, effects that would be seen."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparison import COLUMNS, LONGEST_CURVE, NOT_COMPARED, PREVIEW, compare, differ, holm, welch
from analysis.einstein import NORMAL_QUANTILE
from analysis.table import frame, row
from tests.analysis.replicas import scalars

CN = ("cn", "Li-O(DME)")


def test_it_is_welchs_test() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(1.0, 0.3, 5), rng.normal(0.4, 1.2, 3)
    found = welch(one, other)
    wanted = stats.ttest_ind(one, other, equal_var=False)
    interval = wanted.confidence_interval(0.95)
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.value - found.half_width == pytest.approx(interval.low)
    assert found.value + found.half_width == pytest.approx(interval.high)
    assert found.p_above == pytest.approx(stats.ttest_ind(one, other, equal_var=False, alternative="greater").pvalue)
    assert found.p_above + found.p_below == pytest.approx(1.0)


def test_the_order_of_the_systems_turns_the_sign_alone() -> None:
    one, other = [1.0, 1.2, 1.5], [0.3, 0.1, 0.9, 0.4]
    there, back = welch(one, other), welch(other, one)
    assert there.value == -back.value and there.half_width == back.half_width
    assert there.p_above == pytest.approx(back.p_below) and there.detectable == back.detectable


@pytest.mark.parametrize(("n", "spread"), [(3, 1.0), (3, 4.0), (5, 1.0), (5, 0.2)])
def test_the_interval_covers_the_true_difference(n: int, spread: float) -> None:
    """95 % intervals hold the truth in 95 % of 2,000 repeats, also where one system scatters more than the other."""
    rng = np.random.default_rng(n)
    inside = [
        abs(found.value - 0.7) <= found.half_width
        for found in (welch(rng.normal(1.7, 1.0, n), rng.normal(1.0, spread, n)) for _ in range(2000))
    ]
    # four binomial errors of 0.5 % each; Welch's interval is known to err on the safe side for few runs
    assert 0.93 <= np.mean(inside) <= 0.985


def test_the_normal_deviates_of_the_error_have_spread_one() -> None:
    rng = np.random.default_rng(8)
    found = [welch(rng.normal(0, 1.0, 5), rng.normal(0, 1.0, 5)) for _ in range(400)]
    z = np.array([stats.norm.isf(one.p_above) for one in found])
    assert abs(z.mean()) < 4 / np.sqrt(z.size) and 0.8 < z.std() < 1.2


def test_the_smallest_effect_is_seen_in_four_of_five_tries() -> None:
    """Of an effect as large as (t(0.975) + t(0.8)) sigma sqrt(2 / n) about 80 % of the tests are significant."""
    rng, n = np.random.default_rng(4), 5
    effect = float(stats.t.ppf([0.975, 0.8], 2 * n - 2).sum()) * math.sqrt(2 / n)
    found = [welch(rng.normal(effect, 1.0, n), rng.normal(0.0, 1.0, n)) for _ in range(2000)]
    assert 0.74 < np.mean([one.p < 0.05 for one in found]) < 0.86
    # the root mean square is without bias, as the variance is; the quantiles do not depend on the data
    assert np.sqrt(np.mean([one.detectable**2 for one in found])) == pytest.approx(effect, rel=0.03)


def test_one_run_and_equal_runs_have_no_interval() -> None:
    for one, other in (([1.0], [2.0, 3.0]), ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0])):
        found = welch(one, other)
        assert found.value == np.mean(one) - np.mean(other)
        assert math.isnan(found.half_width) and math.isnan(found.p) and math.isnan(found.detectable)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02, math.nan]) == pytest.approx([0.04, 1.0]), "a test that could not be made stays in the family"
    assert holm([]) == []


def test_three_runs_of_each_are_judged() -> None:
    quiet = {CN: [2.0, 2.1, 1.9], ("D", "Li"): [1.0, 1.4, 0.7]}
    moved = {CN: [4.0, 4.1, 3.9], ("D", "Li"): [1.1, 0.6, 1.5]}
    table = compare(scalars("b-pab", moved), scalars("b", quiet), about="chains").set_index("quantity")
    assert list(compare(scalars("b-pab", moved), scalars("b", quiet), about="").columns) == COLUMNS
    assert table.loc["cn", "judged"] == "resolved" and table.loc["D", "judged"] == "not resolved"
    assert table.loc["cn", "value"] == pytest.approx(2.0)
    assert (table.loc["cn", "system"], table.loc["cn", "base"]) == ("b-pab", "b")
    # three values spread by 0.1 each: se = 0.1 sqrt(2 / 3), 4 degrees of freedom
    assert table.loc["cn", "error"] == pytest.approx(stats.t.ppf(0.975, 4) * 0.1 * math.sqrt(2 / 3))
    assert table.loc["cn", "within_run_error"] == pytest.approx(0.01 * math.sqrt(2 / 3))


def test_replicas_that_agree_do_not_know_more_than_each_does() -> None:
    """Mean denticities as three short runs of one liquid gave them, each known to 0.05."""
    mine = scalars("b", {("denticity_mean", "Li-DME"): [1.9986, 1.9980, 1.9992]}, 0.004)
    base = scalars("a", {("denticity_mean", "Li-DME"): [1.9715, 1.9730, 1.9747]}, 0.0535)
    (row,) = compare(mine, base, about="").to_dict("records")
    assert row["error"] == row["within_run_error"] == pytest.approx(math.hypot(0.004, 0.0535) / math.sqrt(3))
    assert row["judged"] == "not resolved" and row["detectable"] > row["error"] > abs(row["value"])
    (row,) = compare(mine.assign(error=1e-6), base.assign(error=1e-6), about="").to_dict("records")
    assert row["judged"] == "resolved" and row["error"] < 0.01


def test_values_that_never_vary_are_judged_by_the_errors_within() -> None:
    mine, base = scalars("b", {CN: [1.0] * 3}, 0.1), scalars("a", {CN: [1.2] * 3}, 0.1)
    (row,) = compare(mine, base, about="").to_dict("records")
    assert row["error"] == pytest.approx(0.1 * math.sqrt(2 / 3)) and row["judged"] == "resolved"


def test_the_wider_interval_is_careful_and_no_more_than_that() -> None:
    """Replicas with honest errors within: false alarms below five percent, the interval hardly above the truth's."""
    rng = np.random.default_rng(5)
    within, found = 1.96, []
    for _ in range(1000):
        one, other = (pd.DataFrame({"value": rng.normal(size=4), "error": within}) for _ in range(2))
        found.append(differ(one, other))
    truth = NORMAL_QUANTILE * math.sqrt(2 / 4)
    assert 0.01 < np.mean([one.p < 0.05 for one in found]) < 0.05
    assert [one.p < 0.05 for one in found] == [abs(one.value) > one.half_width for one in found]
    assert truth <= min(one.half_width for one in found) * 1.0001
    assert np.median([one.half_width for one in found]) < 1.4 * truth


def test_labels_of_one_quantity_share_their_adjustment() -> None:
    rng = np.random.default_rng(0)
    many = {("cn", f"Li-{i}"): list(rng.normal(size=3)) for i in range(8)}
    table = compare(scalars("x-y", many), scalars("x", {key: list(rng.normal(size=3)) for key in many}), about="")
    assert table["p_holm"].tolist() == pytest.approx(holm(table["p"]))


@pytest.mark.parametrize(("n", "text"), [(1, "not resolved, one run"), (2, "not resolved, two runs")])
def test_fewer_than_three_are_not_judged(n: int, text: str) -> None:
    table = compare(scalars("b-pab", {CN: [2.0, 2.5][:n]}), scalars("b", {CN: [1.0, 1.1, 1.2]}), about="")
    (row,) = table.to_dict("records")
    assert row["judged"] == text and math.isnan(row["p"])
    assert math.isnan(row["error"]) == (n == 1), "one run has no interval"
    assert row["within_run_error"] > 0


def test_what_some_runs_lack_is_not_compared() -> None:
    some = scalars("b-pab", {("D", "Li"): [1.0, math.nan, 1.2]}, note="subdiffusive: beta 0.7")
    (row,) = compare(some, scalars("b", {("D", "Li"): [1.0, 1.1, 1.2]}), about="").to_dict("records")
    assert row["judged"] == "not compared" and math.isnan(row["value"])
    assert row["note"] == "b-pab: known in 2 of 3 runs (subdiffusive: beta 0.7)"
    absent = scalars("b-pab", {("D", "Li"): [1.0, 1.0, 1.0], CN: [1.0, 2.0]})
    table = compare(absent, scalars("b", {CN: [1.0, 1.1, 1.2]}), about="")
    assert table["note"].tolist() == ["b-pab: known in 2 of 3 runs"]


def test_a_bound_is_not_compared() -> None:
    bounds = scalars("b-pab", {("viscosity", ""): [3.0, 3.1, 3.2]}).assign(note=["lower bound: no plateau", "", ""])
    (row,) = compare(bounds, scalars("b", {("viscosity", ""): [1.0, 1.1, 1.2]}), about="").to_dict("records")
    assert row["judged"] == "not compared" and row["note"] == "b-pab: a lower bound in 1 of 3 runs"


@pytest.mark.parametrize(
    "number",
    [("shell", "other"), ("cn_drift", "Li-all"), ("residence_beta_continuous", "Li-DME"), ("D_plain_fit", "Li")],
)
def test_what_is_no_property_is_left_out(number: tuple[str, str]) -> None:
    assert compare(scalars("x-y", {number: [1.0] * 3}), scalars("x", {number: [2.0] * 3}), about="").empty


def test_a_preview_shows_no_difference() -> None:
    args = scalars("b-pab", {CN: [2.0, 2.5, 2.2]}), scalars("b", {CN: [1.0, 1.1, 1.2]})
    (row,) = compare(*args, about="", preview=True).to_dict("records")
    assert row["judged"] == PREVIEW
    assert all(math.isnan(row[name]) for name in ("value", "error", "detectable", "mean", "base_mean", "p"))


def test_only_what_both_have_and_what_is_an_estimate_is_compared() -> None:
    mine = {CN: [1.0] * 3, ("cn", "Li-N(PAB,middle)"): [0.1] * 3, ("box_edge_min", ""): [4.0] * 3}
    other = {CN: [1.0] * 3, ("box_edge_min", ""): [4.1] * 3}
    table = compare(scalars("b-pab", mine, math.nan), scalars("b", other, math.nan), about="")
    assert table["label"].tolist() == [CN[1]] and "box_edge_min" in NOT_COMPARED
    assert table["note"].tolist() == ["the same in all runs: no scatter to judge by"]
    assert compare(scalars("b", other), scalars("c", {("D", "Li"): [1.0]}), about="").empty


def curves(system: str, values: dict[str, dict[float, list[float]]]) -> pd.DataFrame:
    """Replicas with curves of the cation: quantity -> x in ps -> a value a replica."""
    tables = [
        frame([row(quantity, "Li", one, "1", 0.01, x, "ps")], system=system, replica=replica)
        for quantity, points in values.items()
        for x, own in points.items()
        for replica, one in enumerate(own, start=1)
    ]
    return pd.concat(tables, ignore_index=True)


def test_points_of_short_curves_are_compared_like_scalars() -> None:
    lags = {100.0: [1.0, 1.1, 0.9], 1000.0: [2.0, 2.5, 1.7]}
    moved = {100.0: [3.0, 3.1, 2.9], 1000.0: [2.1, 1.8, 2.4]}
    table = compare(curves("b-pab", {"D_bound": moved}), curves("b", {"D_bound": lags}), about="")
    assert table["label"].tolist() == ["Li, 100 ps", "Li, 1000 ps"]
    assert table["judged"].tolist() == ["resolved", "not resolved"]
    assert table["p_holm"].tolist() == pytest.approx(holm(table["p"]))
    as_scalars = [
        scalars(name, {("D_bound", str(x)): own for x, own in points.items()})
        for name, points in (("b-pab", moved), ("b", lags))
    ]
    same = compare(as_scalars[0], as_scalars[1], about="")
    shown = ["value", "error", "detectable", "mean", "base_mean", "n", "base_n", "p", "p_holm", "judged"]
    assert table[shown].equals(same[shown])


def test_a_point_that_some_runs_lack_is_not_compared() -> None:
    mine = {"D_free": {100.0: [1.0, 1.1, 0.9], 1000.0: [2.0, math.nan, 1.7]}}
    other = {"D_free": {100.0: [1.0, 1.1, 0.9], 1000.0: [2.0, 2.5, 1.7]}}
    table = compare(curves("b-pab", mine), curves("b", other), about="")
    assert table["judged"].tolist() == ["not resolved", "not compared"]
    assert table["note"].iloc[1] == "b-pab: known in 2 of 3 runs"


def test_long_curves_series_and_curves_at_other_x_are_left_out() -> None:
    three = [1.0, 1.1, 0.9]
    long = {float(x): three for x in range(LONGEST_CURVE + 1)}
    values = {"msd": long, "cn_series": {1.0: three}, "D_sensitivity": {1.0: three}, "D_free": {1.0: three, 2.0: [1.0]}}
    assert compare(curves("x-y", values), curves("x", values), about="").empty
    one, other = curves("x-y", {"D_free": {1.0: three}}), curves("x", {"D_free": {2.0: three}})
    assert compare(one, other, about="").empty


def test_shares_by_a_number_name_it_without_a_unit() -> None:
    tables = [
        frame(
            [row(quantity, "Li-TFSI", 0.5, "1", 0.1, 2, "1") for quantity in ("share", "denticity")],
            system="s",
            replica=replica,
        )
        for replica in (1, 2)
    ]
    both = pd.concat(tables)
    assert compare(both, both, about="")["label"].tolist() == ["Li-TFSI, 2"], "the mean denticity says the other"


def test_numbers_of_neighbours_without_contact_in_either_are_not_judged() -> None:
    near, far = ("cn", "Li-O"), ("cn", "Li-F")
    mine = scalars("b", {near: [4.0, 4.1, 3.9], far: [0.020, 0.021, 0.019]})
    base = scalars("a", {near: [5.0, 5.1, 4.9], far: [0.010, 0.011, 0.009]})
    o, f = compare(mine, base, about="variant").to_dict("records")
    assert f["judged"] == "not resolved: no contact in either"
    assert math.isnan(f["p"]) and f["value"] == pytest.approx(0.01)
    # and so it takes nothing from the others
    assert o["p_holm"] == o["p"] and o["judged"] == "resolved"
