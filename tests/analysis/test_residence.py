"""Residence times and exchanges of made-up contacts, as rows of the table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.observables.residence import compute
from analysis.pool import pool
from analysis.run import Run, SiteGroup
from analysis.table import frame

from .contact_runs import BoolArray, contact_reading, contact_run, species, telegraph

N_FRAMES = 600


def _run(n_cations: int = 16, **changes: object) -> Run:
    kinds = [
        species("Na", "cation", n_cations),
        species("PF", "anion", 6, 3),
        species("DME", "solvent", 10, 2),
        species("PAB", "polymer", 4, 4),
    ]
    sites = [
        SiteGroup("F(PF)", "PF", "F", (1, 2)),
        SiteGroup("P(PF)", "PF", "P", (0,)),
        SiteGroup("O(DME)", "DME", "O", (0, 1)),
        SiteGroup("N_middle(PAB)", "PAB", "N", (0,)),
        SiteGroup("HB_tail(PAB)", "PAB", "HB", (1, 2)),
        SiteGroup("B_tail(PAB)", "PAB", "B", (3,)),
    ]
    return contact_run(kinds, sites, **changes)


def _table(run: Run, touching: dict[str, BoolArray], start: int = 0, interval_ps: float = 1.0) -> pd.DataFrame:
    reading = contact_reading(run, touching, len(next(iter(touching.values()))), interval_ps)
    return frame(compute(run, reading, start), system="s", replica=1)


def _one(table: pd.DataFrame, quantity: str, label: str) -> pd.Series:
    chosen = table[(table["quantity"] == quantity) & (table["label"] == label)]
    assert len(chosen) == 1, chosen
    return chosen.iloc[0]


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    """O of DME come and go at once; F of the anion quickly, its P slowly; the chain is never touched."""
    touching = {
        "O(DME)": np.repeat(telegraph(N_FRAMES, (16, 10), 0.05, 0.02, 1), 2, axis=2),
        "F(PF)": telegraph(N_FRAMES, (16, 12), 0.2, 0.05, 2),
        "P(PF)": telegraph(N_FRAMES, (16, 6), 0.001, 0.001, 3),
    }
    return _table(_run(), touching, interval_ps=0.5)


def test_times_are_in_ps(mixed: pd.DataFrame) -> None:
    time = _one(mixed, "residence_time_continuous", "Na-DME")
    assert time["unit"] == "ps"
    assert abs(time["value"] - 0.5 * 19.5) < 2 * time["error"] < 2.0
    beta = _one(mixed, "residence_beta_continuous", "Na-DME")
    assert abs(beta["value"] - 1) < 2 * beta["error"] < 0.5
    longer = _one(mixed, "residence_time_intermittent", "Na-DME")
    # absences of up to four frames are forgiven
    assert longer["value"] > time["value"] + time["error"]


def test_the_curve_begins_after_one_frame(mixed: pd.DataFrame) -> None:
    curve = mixed[(mixed["quantity"] == "survival_continuous") & (mixed["label"] == "Na-DME")]
    assert curve["x"].iloc[0] == 0.5
    assert curve["x_unit"].unique().tolist() == ["ps"]
    assert abs(curve["value"].iloc[0] - 0.95) < 2 * curve["error"].iloc[0]
    assert np.all(np.diff(curve["value"]) <= 0)


def test_a_species_with_one_kind_of_site_has_the_same_time_twice(mixed: pd.DataFrame) -> None:
    whole, site = (_one(mixed, "residence_time_continuous", label) for label in ("Na-DME", "Na-O(DME)"))
    assert whole["value"] == site["value"]


def test_kinds_are_told_apart(mixed: pd.DataFrame) -> None:
    assert _one(mixed, "residence_time_continuous", "Na-F(PF)")["value"] < 10
    slow = _one(mixed, "residence_time_continuous", "Na-P(PF)")
    assert math.isnan(slow["value"])
    assert "lower bound" in slow["note"]
    bound = _one(mixed, "residence_lower_bound_continuous", "Na-P(PF)")
    assert 100 < bound["value"] < 150
    assert mixed[mixed["label"] == "Na-B_tail(PAB)"].empty


def test_no_contact_is_said(mixed: pd.DataFrame) -> None:
    for label in ("Na-PAB", "Na-N_middle(PAB)", "Na-HB_tail(PAB)"):
        found = _one(mixed, "residence_time_intermittent", label)
        assert math.isnan(found["value"])
        assert found["note"] == "no contact"


def _passing_on(n_exchanges: int, n_cations: int = 16) -> dict[str, BoolArray]:
    """Return contacts of cations that each hold one DME after the other, n exchanges in all."""
    holder = np.arange(N_FRAMES) * (n_exchanges + 1) // N_FRAMES
    held = np.arange(10)[None, :] == holder[:, None]
    return {"O(DME)": np.repeat(np.broadcast_to(held[:, None, :], (N_FRAMES, n_cations, 10)), 2, axis=2)}


@pytest.mark.parametrize("n_exchanges", [3, 7])
def test_exchanges_are_counted_and_few_are_told(n_exchanges: int) -> None:
    table = _table(_run(), _passing_on(n_exchanges))
    found = _one(table, "exchanges", "Na-all")
    assert found["value"] == n_exchanges == _one(table, "new_partners", "Na-all")["value"]
    assert found["note"] == ("statics rest on 3 exchanges per Na" if n_exchanges == 3 else "")


def test_flicker_is_no_exchange() -> None:
    touching = _passing_on(0)
    touching["O(DME)"][1::7] = False
    table = _table(_run(), {label: contacts.copy() for label, contacts in touching.items()})
    found = _one(table, "exchanges", "Na-DME")
    assert found["value"] == 0
    assert found["error"] == pytest.approx(3 / 16)  # rule of three
    assert _one(table, "residence_time_continuous", "Na-DME")["value"] < 5
    assert "lower bound" in _one(table, "residence_time_intermittent", "Na-DME")["note"]


def test_a_preview_is_not_judged() -> None:
    found = _one(_table(_run(preview=True), _passing_on(1)), "exchanges", "Na-all")
    assert found["note"] == ""


def test_the_start_is_left_out() -> None:
    touching = {"O(DME)": np.repeat(telegraph(N_FRAMES, (16, 10), 0.05, 0.02, 1), 2, axis=2)}
    late = _table(_run(), {"O(DME)": touching["O(DME)"][300:]})
    whole = _table(_run(), touching, start=300)
    for quantity in ("residence_time_continuous", "exchanges"):
        assert _one(late, quantity, "Na-DME")["value"] == _one(whole, quantity, "Na-DME")["value"]


def test_frames_far_apart_forgive_nothing() -> None:
    touching = {"O(DME)": np.repeat(telegraph(N_FRAMES, (16, 10), 0.05, 0.02, 1), 2, axis=2)}
    table = _table(_run(), touching, interval_ps=5.0)
    found = [_one(table, f"residence_time_{form}", "Na-DME") for form in ("continuous", "intermittent")]
    assert found[0]["value"] == found[1]["value"]
    assert "nothing to forgive" in found[1]["note"]
    # exchanges are counted by the same rule: every break that is seen is one
    counted = _one(table, "exchanges", "Na-DME")
    breaks = touching["O(DME)"][1:, :, ::2] != touching["O(DME)"][:-1, :, ::2]
    assert counted["value"] == breaks.sum() / 2 / 16 and "nothing to forgive" in counted["note"]


def test_replicas_of_different_length_are_pooled_lag_by_lag() -> None:
    tables = []
    for replica, n_frames in ((1, 600), (2, 500)):
        run = _run(replica=replica)
        touching = {"O(DME)": np.repeat(telegraph(n_frames, (16, 10), 0.05, 0.02, replica), 2, axis=2)}
        rows = compute(run, contact_reading(run, touching, n_frames, 0.2 * (1 + 1e-8 * replica)), 0)
        tables.append(frame(rows, system="s", replica=replica))
    pooled = pool(tables, "s")
    curve = pooled[(pooled["quantity"] == "survival_continuous") & (pooled["label"] == "Na-DME")]
    assert (curve["n"].iloc[:-3] == 2).all()
    assert len(curve) > 20


@pytest.mark.parametrize(
    "run",
    [
        contact_run([species("DME", "solvent", 4, 2)], [SiteGroup("O(DME)", "DME", "O", (0, 1))]),
        contact_run([species("Li", "cation", 4)], []),
    ],
    ids=["no cation", "nothing else"],
)
def test_without_ions_or_partners_there_are_no_rows(run: Run) -> None:
    assert compute(run, contact_reading(run, {}, 20), 0) == []


@pytest.mark.parametrize("n_frames", [1, 5, 12])
def test_few_frames_give_a_reason_or_a_bound(n_frames: int) -> None:
    run = _run(2)
    rows = compute(run, contact_reading(run, {"O(DME)": np.ones((n_frames, 2, 20), dtype=bool)}, n_frames), 0)
    assert rows
    assert all(entry["note"] for entry in rows if math.isnan(entry["value"]))
    if n_frames < 10:
        assert rows[0]["note"] == f"only {n_frames} frames"
