"""Pooled values are means, and their errors never smaller than the scatter of the replicas says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from analysis.__main__ import main
from analysis.pool import pool, pool_folders
from analysis.run import RunError
from analysis.table import POOLED_COLUMNS, Row, frame, read_csv, row, write_csv

FloatArray = NDArray[np.float64]


def _tables(*replicas: list[Row]) -> list[pd.DataFrame]:
    return [frame(rows, system="s", replica=index + 1) for index, rows in enumerate(replicas)]


def _one(value: float, error: float = 0.1, note: str = "") -> list[Row]:
    return [row("cn", "Li-O(DME)", value, "1", error, note=note)]


def test_one_replica_keeps_its_own() -> None:
    pooled = pool(_tables(_one(4.0, 0.3, "preview")), "s")
    assert list(pooled.columns) == POOLED_COLUMNS
    assert pooled.iloc[0][["value", "error", "note", "n"]].tolist() == [4.0, 0.3, "preview", 1]


def test_scatter_between_replicas_when_it_is_larger() -> None:
    pooled = pool(_tables(_one(4.0), _one(5.0), _one(3.0)), "s")
    assert pooled["value"][0] == 4.0
    assert pooled["n"][0] == 3
    assert pooled["error"][0] == pytest.approx(4.302653 * 1.0 / math.sqrt(3))


def test_errors_of_the_runs_when_these_are_larger() -> None:
    pooled = pool(_tables(_one(4.0, 0.3), _one(4.0, 0.6), _one(4.0, 0.6)), "s")
    assert pooled["error"][0] == pytest.approx(0.9 / 3)


def test_two_replicas_use_students_quantile() -> None:
    pooled = pool(_tables(_one(4.0), _one(4.2)), "s")
    assert pooled["error"][0] == pytest.approx(12.7062 * 0.1, rel=1e-4)


def test_intervals_of_pooled_means_cover_the_truth() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(3, 1000))
    tables = _tables(*([row("cn", str(i), value, "1", 0.0) for i, value in enumerate(values)] for values in samples))
    pooled = pool(tables, "s")
    assert 0.93 <= (pooled["value"].abs() <= pooled["error"]).mean() <= 0.97


def test_what_was_not_determined_is_not_counted_but_said() -> None:
    pooled = pool(_tables(_one(4.0, 0.5), _one(math.nan, math.nan, "subdiffusive"), _one(4.4, 0.5)), "s")
    assert pooled["value"][0] == pytest.approx(4.2)
    assert pooled["n"][0] == 2
    assert pooled["note"][0] == "r2: subdiffusive"
    none = pool(_tables(*[_one(math.nan, math.nan, "subdiffusive")] * 3), "s")
    assert math.isnan(none["value"][0])
    assert math.isnan(none["error"][0])
    assert none["n"][0] == 0
    assert none["note"][0] == "subdiffusive"


def test_a_single_determined_replica_keeps_its_error() -> None:
    pooled = pool(_tables(_one(4.0, 0.7), _one(math.nan, math.nan, "subdiffusive")), "s")
    assert pooled.iloc[0][["value", "error", "n"]].tolist() == [4.0, 0.7, 1]


def test_a_missing_error_leaves_the_scatter() -> None:
    pooled = pool(_tables(_one(4.0, math.nan), _one(4.2)), "s")
    assert pooled["error"][0] == pytest.approx(12.7062 * 0.1, rel=1e-4)


def test_curves_meet_at_equal_x_and_differing_notes_are_named() -> None:
    def curve(xs: list[float], note: str) -> list[Row]:
        return [row("g", "Li-O(DME)", x, "1", 0.1, x=x, x_unit="nm", note=note) for x in xs]

    pooled = pool(_tables(curve([0.1, 0.3], "a"), curve([0.1, 0.2, 0.3], "b")), "s")
    assert pooled["x"].tolist() == [0.1, 0.2, 0.3]
    assert pooled["n"].tolist() == [2, 1, 2]
    assert pooled["note"].tolist() == ["r1: a; r2: b", "r2: b", "r1: a; r2: b"]


def test_folders_of_replicas_become_one_folder(tmp_path: Path) -> None:
    for replica, value in ((1, 4.0), (2, 4.4)):
        folder = tmp_path / f"r{replica}"
        write_csv(frame(_one(value), system="s", replica=replica), folder / "coordination.csv")
        write_csv(frame(_one(1.0), system="s", replica=replica), folder / f"only{replica}.csv")
    out = tmp_path / "pooled"
    write_csv(frame(_one(9.0), system="s", replica=1), out / "stale.csv")
    folders = [str(tmp_path / "r1"), str(tmp_path / "r2")]
    assert main(["pool", *folders, "--system", "s", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["coordination.csv", "only1.csv", "only2.csv"]
    assert read_csv(out / "coordination.csv")["value"][0] == pytest.approx(4.2)


def test_what_cannot_be_pooled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        pool_folders([tmp_path / "absent"], "s", tmp_path / "out")
    with pytest.raises(RunError, match="no table"):
        pool_folders([tmp_path], "s", tmp_path / "out")
    write_csv(frame(_one(1.0), system="other", replica=1), tmp_path / "cn.csv")
    with pytest.raises(RunError, match="is of system other, not of s"):
        pool_folders([tmp_path], "s", tmp_path / "out")


def _found(pooled: pd.DataFrame, quantity: str, label: str | None = None) -> dict[str, Any]:
    rows = pooled[(pooled["quantity"] == quantity) & (True if label is None else pooled["label"] == label)]
    (found,) = rows.to_dict("records")
    return {str(name): value for name, value in found.items()}


def _motion(d: float, note: str = "") -> list[Row]:
    window = [row(name, "Li", d * 100, "ps", note=note) for name in ("fit_window_start", "fit_window_end")]
    sensitivity = [] if math.isnan(d) else [row("D_sensitivity", "Li", d, "D", 0.1, x=1, x_unit="1", note="window")]
    return [row("D", "Li", d, "D", 0.1, note=note), row("msd_at_1ns", "Li", 1.0, "nm^2", 0.1), *window, *sensitivity]


def test_a_coefficient_of_some_replicas_only_is_none() -> None:
    slow = _motion(math.nan, "subdiffusive: exponent 0.6")
    pooled = pool(_tables(_motion(4.0, "window 1-2 ps"), slow, _motion(6.0), slow), "s")
    note = "diffusive in 2 of 4 replicas: r2+r4: subdiffusive: exponent 0.6"
    for quantity in ("D", "D_sensitivity", "fit_window_start", "fit_window_end"):
        found = _found(pooled, quantity)
        assert math.isnan(found["value"]) and math.isnan(found["error"]), quantity
        assert (found["note"], found["n"]) == (note, 0), quantity
    assert [_found(pooled, "msd_at_1ns")[name] for name in ("value", "n")] == [1.0, 4]


def test_a_coefficient_of_all_replicas_is_their_mean_and_one_of_none_keeps_its_reason() -> None:
    pooled = pool(_tables(_motion(4.0), _motion(6.0)), "s")
    assert [_found(pooled, "D")[name] for name in ("value", "n")] == [5.0, 2]
    assert _found(pooled, "fit_window_end")["value"] == 500.0
    none = pool(_tables(_motion(math.nan, "subdiffusive"), _motion(math.nan, "subdiffusive")), "s")
    assert _found(none, "D")["note"] == "subdiffusive"


def test_a_replica_without_a_table_of_diffusion_does_not_make_a_mean_of_the_others() -> None:
    failed = [row("failed", "diffusion", math.nan, "1", note="ValueError: no")]
    pooled = pool(_tables(_motion(4.0), failed, _motion(6.0)), "s")
    assert _found(pooled, "D")["note"] == "diffusive in 2 of 3 replicas: r2: not measured"
    assert math.isnan(_found(pooled, "D")["value"])
    assert _found(pooled, "failed")["note"] == "r2: ValueError: no"


def test_where_replicas_settle_is_the_worst_of_them() -> None:
    def judged(start: float, stationary: float, dol_ps: float, note: str = "") -> list[Row]:
        return [
            row("stationary_from", "density", 10.0, "ps"),
            row("stationary_from", "Li-DOL", dol_ps, "ps", note="not stationary: drifts" if note else ""),
            row("start", "all", start, "ps"),
            row("stationary", "all", stationary, "1", note=note),
            row("box_edge_min", "", 4.0 - start / 1000, "nm"),
        ]

    tables = _tables(judged(100, 1, 50), judged(500, 0, math.nan, "never settle: Li-DOL"), judged(300, 1, 60))
    pooled = pool(tables, "s")
    expected = {
        ("start", "all"): (500.0, "largest in r2"),
        ("stationary", "all"): (0.0, "smallest in r2; r2: never settle: Li-DOL"),
        ("stationary_from", "density"): (10.0, ""),
        ("box_edge_min", ""): (3.5, "smallest in r2"),
    }
    for key, (value, note) in expected.items():
        assert [_found(pooled, *key)[name] for name in ("value", "note", "n")] == [value, note, 3]
    assert pooled["error"].isna().all()
    assert math.isnan(_found(pooled, "stationary_from", "Li-DOL")["value"])
    assert _found(pooled, "stationary_from", "Li-DOL")["note"] == "r2: not stationary: drifts"
    settled = pool([tables[0], tables[2]], "s")
    assert [_found(settled, "stationary_from", "Li-DOL")[name] for name in ("value", "note")] == [60.0, "largest in r3"]
    assert [_found(settled, "stationary")[name] for name in ("value", "note")] == [1.0, ""]


def test_one_replica_keeps_its_remark_and_previews_are_named_once() -> None:
    rows = [row("trajectory_end", "", 60.0, "ps", note="preview; cut")]
    assert pool(_tables(rows), "s")["note"].tolist() == ["preview; cut"]
    other = [row("trajectory_end", "", 60.0, "ps", note="preview")]
    assert pool(_tables(rows, other), "s")["note"].tolist() == ["preview; r1: cut"]


def test_a_shell_that_a_replica_does_not_list_has_the_share_zero_there() -> None:
    first = [row("shell", "Li(DME)", 0.8, "1", 0.1), row("shell", "Li(DME)2", 0.2, "1", 0.1)]
    pooled = pool(_tables(first, [row("shell", "Li(DME)", 1.0, "1", 0.1)]), "s")
    assert [_found(pooled, "shell", "Li(DME)2")[name] for name in ("value", "n")] == [0.1, 2]
    assert _found(pooled, "shell", "Li(DME)")["value"] == pytest.approx(0.9)


def test_a_residence_time_that_only_some_replicas_have_is_none() -> None:
    known = [row("residence_time_continuous", "Li-DME", 5.0, "ps", 1.0)]
    bound = [row("residence_time_continuous", "Li-DME", math.nan, "ps", note="tau > 1 ns (lower bound)")]
    found = _found(pool(_tables(known, bound), "s"), "residence_time_continuous", "Li-DME")
    assert math.isnan(found["value"])
    assert found["note"] == "long enough in 1 of 2 replicas: r2: tau > 1 ns (lower bound)"


def test_a_bound_coefficient_of_some_replicas_is_none_at_that_lag_alone() -> None:
    def bound(short: float, long: float) -> list[Row]:
        lags = ((100.0, short), (1000.0, long))
        return [row("D_bound", "Li", d, "D", 0.5, lag, "ps", note="" if d > 0 else "none stayed") for lag, d in lags]

    pooled = pool(_tables(bound(2.0, 1.0), bound(2.2, math.nan), bound(2.4, 1.4)), "s")
    short, long = pooled.to_dict("records")
    assert (short["value"], short["n"]) == (pytest.approx(2.2), 3)
    assert math.isnan(long["value"]) and (long["note"], long["n"]) == (
        "diffusive in 2 of 3 replicas: r2: none stayed",
        0,
    )


def test_a_shell_that_may_be_in_the_rest_of_a_replica_is_unknown_by_as_much() -> None:
    """A share of 0.2 and one between 0 and 0.03: the mean is between 0.1 and 0.115, and all labels still sum to 1."""
    first = [row("shell", name, share, "1", 0.01) for name, share in (("a", 0.75), ("b", 0.2), ("other", 0.05))]
    for rest, least, most in ((0.03, 0.4, 0.03), (0.6, 0.1, 0.1)):
        second = [row("shell", "a", 1 - rest - least, "1", 0.01), row("shell", "c", least, "1", 0.01)]
        pooled = pool(_tables(first, [*second, row("shell", "other", rest, "1", 0.01)]), "s")
        found = _found(pooled, "shell", "b")
        assert found["value"] == pytest.approx(0.1)
        assert found["error"] == pytest.approx(stats.t.ppf(0.975, 1) * 0.1 + most / 2)
        assert f"r2: not among the commonest there, at most {most:g}" in found["note"]
        assert pooled["value"].sum() == pytest.approx(1.0)
    # without a rest every composition is listed, and one that is not did not occur
    second = [row("shell", "a", 1.0, "1", 0.01), row("shell", "other", 0.0, "1", 0.001)]
    assert _found(pool(_tables(first, second), "s"), "shell", "b")["note"] == ""


ALARM = "times the error within: not equilibrated or too short"


def _many(values: FloatArray, half_widths: FloatArray) -> list[pd.DataFrame]:
    """Tables of replicas with a number in every column of (replicas, numbers)."""
    pairs = zip(values, half_widths, strict=True)
    return _tables(*([row("cn", str(i), v, "1", e) for i, (v, e) in enumerate(zip(*p, strict=True))] for p in pairs))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_replicas_that_agree_raise_a_false_alarm_in_one_of_a_hundred(n: int) -> None:
    """Errors that are known: 1 % of 4,000; one replica much longer than the others, and five blocks: at most that."""
    rng, size = np.random.default_rng(n), 4000
    long = np.where(np.arange(n) == 0, 0.1, 1.0)[:, None]
    blocks = rng.normal(size=(n, size, 5)) * math.sqrt(5)
    in_blocks = stats.t.ppf(0.975, 4) * blocks.std(axis=2, ddof=1) / math.sqrt(5)
    exact = np.full((n, size), stats.norm.ppf(0.975))
    cases = {"exact": (rng.normal(size=(n, size)), exact), "blocks": (blocks.mean(axis=2), in_blocks)}
    cases["one long"] = (rng.normal(size=(n, size)) * long, exact * long)
    rates = {name: pool(_many(*case), "s")["note"].str.contains(ALARM).mean() for name, case in cases.items()}
    most = 0.01 + 4 * math.sqrt(0.01 * 0.99 / size)
    assert all(rate <= most for rate in rates.values()), rates
    assert rates["exact"] >= 0.01 - 4 * math.sqrt(0.01 * 0.99 / size), rates


def test_replicas_that_differ_raise_the_alarm() -> None:
    """Three replicas ten times as far apart as their errors: nine of ten say so, with the factor."""
    rng = np.random.default_rng(1)
    pooled = pool(_many(10 * rng.normal(size=(3, 1000)), np.full((3, 1000), stats.norm.ppf(0.975))), "s")
    told = pooled["note"].str.contains(ALARM)
    assert told.mean() > 0.9
    times = pooled["note"][told].str.extract(r"between replicas (\S+) times")[0].astype(float)
    assert 9 < np.sqrt((times**2).mean()) < 11


def test_no_alarm_without_errors_in_curves_and_in_previews() -> None:
    apart = [_one(4.0), _one(9.0)]
    assert ALARM in _found(pool(_tables(*apart), "s"), "cn")["note"]
    for rows in (
        [_one(4.0, math.nan), _one(9.0)],
        [_one(4.0, 0.1, "preview"), _one(9.0, 0.1, "preview")],
        [[one | {"x": 1.0, "x_unit": "nm"} for one in own] for own in apart],
        [_one(0.0, 0.0), _one(0.0, 0.0)],
    ):
        assert not pool(_tables(*rows), "s")["note"].str.contains(ALARM).any()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_never_varied_keeps_the_widest_limit(share: float) -> None:
    """Two replicas that never saw a thing have no scatter; that does not make the share exact."""

    def pooled_error(*errors: float) -> float:
        notes = [f"never seen: below {error} at 95 % (20 independent shells)" if error > 0 else "" for error in errors]
        rows = [row("holder", "Li-nothing", share, "1", e, note=n) for e, n in zip(errors, notes, strict=True)]
        tables = _tables(*([one] for one in rows))
        return float(pool(tables, "s")["error"][0])

    assert pooled_error(0.12, 0.15) == 0.15
    assert pooled_error(0.12, math.nan) == 0.12
    assert math.isnan(pooled_error(math.nan, math.nan)) and math.isnan(pooled_error(0.0, 0.0))


def test_other_numbers_without_scatter_keep_the_errors_within() -> None:
    assert pool(_tables(_one(0.5, 0.3), _one(0.5, 0.4)), "s")["error"][0] == pytest.approx(0.25)
