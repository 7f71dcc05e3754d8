"""Ion pairs, compositions and the motif of shells that are put together by hand, and their error bars."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.observables import speciation
from analysis.observables.speciation import compute
from analysis.run import Run, SiteGroup
from analysis.shells import mean_with_error
from analysis.table import frame

from .contact_runs import BoolArray, contact_reading, contact_run, lasting_contacts, normal_deviates, species, telegraph

N_FRAMES = 100
SITES = {
    "O(DME)": SiteGroup("O(DME)", "DME", "O", (0, 1)),
    "F(DME)": SiteGroup("F(DME)", "DME", "F", (2,)),
    "O(TFSI)": SiteGroup("O(TFSI)", "TFSI", "O", (0, 1)),
    "N(TFSI)": SiteGroup("N(TFSI)", "TFSI", "N", (2,)),
    "N_head(PAB)": SiteGroup("N_head(PAB)", "PAB", "N", (0,)),
    "N_middle(PAB)": SiteGroup("N_middle(PAB)", "PAB", "N", (1,)),
    "HB_middle(PAB)": SiteGroup("HB_middle(PAB)", "PAB", "HB", (2,)),
    "HB_tail(PAB)": SiteGroup("HB_tail(PAB)", "PAB", "HB", (3,)),
    "B_tail(PAB)": SiteGroup("B_tail(PAB)", "PAB", "B", (4,)),
}


def _run(n_cations: int, without: tuple[str, ...] = (), **changes: object) -> Run:
    kinds = [
        species("Li", "cation", n_cations),
        species("TFSI", "anion", 4, 3),
        species("PAB", "polymer", 2, 5),
        species("DME", "solvent", 5, 3),
    ]
    kept = [one for one in kinds if one.name not in without]
    sites = [site for site in SITES.values() if site.species not in without]
    return contact_run(kept, sites, **changes)


def _table(run: Run, touching: dict[str, BoolArray], n_frames: int = N_FRAMES) -> pd.DataFrame:
    return frame(compute(run, contact_reading(run, touching, n_frames), 0), system="s", replica=1)


def _values(table: pd.DataFrame, quantity: str) -> dict[str, float]:
    chosen = table[table["quantity"] == quantity]
    labels = [str(label).partition("-")[2] or str(label) for label in chosen["label"]]
    return dict(zip(labels, chosen["value"], strict=True))


@pytest.fixture
def eight() -> pd.DataFrame:
    """Eight Li: bare; two DME; one anion alone; an anion of two Li; two anions; chain by HB; the motif."""
    run = _run(8)
    listed = [
        ("O(DME)", 1, 0), ("O(DME)", 1, 1), ("O(DME)", 1, 2),
        ("O(TFSI)", 2, 0), ("O(TFSI)", 2, 1),  # both O of one anion: one anion
        ("O(TFSI)", 3, 2), ("O(TFSI)", 4, 3),  # one anion on two Li, by one O each
        ("N(TFSI)", 5, 2), ("O(TFSI)", 5, 6), ("O(DME)", 5, 9),
        ("HB_middle(PAB)", 6, 0), ("HB_tail(PAB)", 6, 0), ("B_tail(PAB)", 2, 0),  # B alone is no contact
        ("O(DME)", 7, 4), ("O(DME)", 7, 6), ("N_middle(PAB)", 7, 1), ("N_head(PAB)", 7, 1),
    ]  # fmt: skip
    return _table(run, lasting_contacts(run, listed))


def test_pairs_by_the_stated_rule(eight: pd.DataFrame) -> None:
    assert _values(eight, "speciation") == {"SSIP": 4 / 8, "CIP": 1 / 8, "AGG": 3 / 8}
    assert _values(eight, "speciation_steady") == _values(eight, "speciation")


def test_pairs_beside_another_cation_say_that_it_is_not_counted() -> None:
    run = _run(8)
    beside = replace(run, species=(*run.species, species("Na", "cation", 3)))
    for one, told in ((run, False), (beside, True)):
        table = _table(one, lasting_contacts(one, [("O(TFSI)", 2, 0)]))
        notes = table.loc[table["quantity"] == "speciation", "note"]
        assert len(notes) == 3 and all(("contacts with Na are not counted" in note) == told for note in notes)


def test_who_holds_the_cation(eight: pd.DataFrame) -> None:
    expected = {"nothing": 1 / 8, "solvent": 1 / 8, "anion": 3 / 8, "chain": 1 / 8, "mixed": 2 / 8}
    assert _values(eight, "holder") == expected
    mixed = _values(eight, "holder_mixed")
    assert mixed == {"solvent+anion": 1 / 8, "solvent+chain": 1 / 8, "anion+chain": 0, "solvent+anion+chain": 0}


def test_compositions_name_solvents_first_and_come_in_a_fixed_order(eight: pd.DataFrame) -> None:
    shells = _values(eight, "shell")
    labels = ["Li", "Li(DME)2", "Li(TFSI)", "Li(DME)(TFSI)2", "Li(PAB)", "Li(DME)2(PAB)", "other"]
    assert list(shells) == labels
    assert shells["Li(TFSI)"] == 3 / 8
    assert sum(shells.values()) == pytest.approx(1)


def test_the_motif_and_its_artefacts_are_counted_apart(eight: pd.DataFrame) -> None:
    shares = _values(eight, "motif_share")
    assert shares["(O)2"] == 2 / 8
    assert shares["(O)2-N(middle)"] == shares["N(middle)"] == 1 / 8
    assert shares["(O)2-N(end)"] == shares["N(end)"] == shares["N"] == 1 / 8
    assert shares["HB(middle)"] == shares["HB(end)"] == shares["HB"] == shares["HB without N"] == 1 / 8
    assert shares["(O)2-HB"] == 0
    expected = _values(eight, "motif_expected")
    assert expected["(O)2-N(middle)"] == pytest.approx(2 / 8 * 1 / 8)


def test_the_oxygen_of_an_anion_is_no_solvent_oxygen() -> None:
    run = _run(1)
    listed = [("O(TFSI)", 0, 0), ("O(TFSI)", 0, 1), ("O(DME)", 0, 0), ("N_middle(PAB)", 0, 0)]
    assert _values(_table(run, lasting_contacts(run, listed)), "motif_share")["(O)2-N(middle)"] == 0


def test_a_motif_never_seen_has_an_upper_limit(eight: pd.DataFrame) -> None:
    row = eight[(eight["quantity"] == "motif_share") & (eight["label"] == "Li-(O)2-HB")].iloc[0]
    assert row["value"] == 0
    assert row["error"] == pytest.approx(3 / 8)  # eight shells that never changed
    assert row["note"].startswith("never seen: below 0.38 at 95 % (8 independent shells)")


@pytest.mark.parametrize("n_cations", [24, 40, 60])
def test_what_is_always_so_is_a_share_of_exactly_one(n_cations: int) -> None:
    """The mean of many ones by way of 1 / 40 is 0.9999999999999999, and would have no limit."""
    run = _run(n_cations)
    table = _table(run, lasting_contacts(run, [("O(DME)", number, 0) for number in range(n_cations)]))
    for quantity, label, value in (
        ("speciation", "Li-SSIP", 1.0),
        ("holder", "Li-solvent", 1.0),
        ("shell", "other", 0.0),
    ):
        row = table[(table["quantity"] == quantity) & (table["label"] == label)].iloc[0]
        assert row["value"] == value
        assert row["error"] == pytest.approx(3 / n_cations)
        assert row["note"].startswith("always seen: above" if value else "never seen: below")


def test_the_errors_of_the_motif_are_honest() -> None:
    """200 runs of 12 Li whose contacts with solvent and chain are independent: shares are known by the binomial."""
    run, oxygen, nitrogen = _run(12), 0.2, 0.15
    both = {"(O)2": 1 - (1 - oxygen) ** 10 - 10 * oxygen * (1 - oxygen) ** 9, "N(middle)": 1 - (1 - nitrogen) ** 2}
    both["(O)2-N(middle)"] = both["(O)2"] * both["N(middle)"]
    exact = {("motif_share", f"Li-{name}"): share for name, share in both.items()}
    exact["motif_expected", "Li-(O)2-N(middle)"] = both["(O)2-N(middle)"]
    exact["speciation", "Li-CIP"] = 4 * 0.1 * 0.9**3 * 0.9**11
    found: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in exact}
    for seed in range(200):
        touching = {
            "O(DME)": telegraph(N_FRAMES, (12, 10), 0.4, 0.1, seed),
            "N_middle(PAB)": telegraph(N_FRAMES, (12, 2), 0.34, 0.06, 1000 + seed),
            "N(TFSI)": telegraph(N_FRAMES, (12, 4), 0.45, 0.05, 2000 + seed),
        }
        rows = {
            (one["quantity"], one["label"]): one for one in compute(run, contact_reading(run, touching, N_FRAMES), 0)
        }
        for key, own in found.items():
            own.append((rows[key]["value"], rows[key]["error"]))
    for key, truth in exact.items():
        values, errors = np.array(found[key]).T
        z = normal_deviates(values, errors, truth, 15)
        assert 0.8 < z.std() < 1.2 and abs(z.mean()) < 4 * z.std() / math.sqrt(z.size), (key, z.std(), z.mean())


def test_shells_that_exchange_count_again() -> None:
    """Every Li holds one DME for 20 of 100 frames: five dwells, four of them new; one shell more per two of them."""
    run = _run(6)
    held = np.arange(5)[None, :] == (np.arange(N_FRAMES) // 20)[:, None]
    touching = {"O(DME)": np.repeat(np.repeat(held[:, None, :], 2, axis=2), 6, axis=1)}
    table = _table(run, touching).query("quantity == 'motif_share'").set_index("label")
    assert table["note"]["Li-(O)2"].startswith("always seen") and "(18 indep" in table["note"]["Li-(O)2"]
    assert table.loc["Li-(O)2", "error"] == pytest.approx(3 / 18)
    # the chain never came: how often solvent is exchanged says nothing of how often it would come
    for label in ("Li-N(middle)", "Li-(O)2-N(middle)"):
        assert table["note"][label].startswith("never seen") and "(6 independent shells)" in table["note"][label]
        assert table.loc[label, "error"] == pytest.approx(3 / 6)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.04, 0.16])
def test_the_limit_of_what_was_never_seen_holds_where_chains_are_slower_than_solvent(share: float) -> None:
    """Chain contacts that outlast the run beside solvent that exchanges all the time: too small a limit is rare."""
    run = _run(20)
    n_chains, p_off = run.find_species("PAB").count, 0.0005
    odds = share / n_chains / (1 - share / n_chains)
    never, above = 0, 0
    for seed in range(200):
        touching = {
            "O(DME)": telegraph(N_FRAMES, (20, 2 * run.find_species("DME").count), 0.1, 0.03, seed),
            "N_middle(PAB)": telegraph(N_FRAMES, (20, n_chains), p_off, p_off * odds, 1000 + seed),
        }
        row = _table(run, touching).query("quantity == 'motif_share' and label == 'Li-N(middle)'").iloc[0]
        never += row["value"] == 0
        above += row["value"] == 0 and row["error"] < share
    assert never > (50 if share < 0.1 else 0)
    assert above <= 0.05 * 200 + 4 * np.sqrt(0.05 * 200)


def test_shares_add_up_to_one() -> None:
    run = _run(6)
    touching = {
        label: telegraph(N_FRAMES, (6, run.find_species(site.species).count * len(site.atoms)), 0.1, 0.02, seed)
        for seed, (label, site) in enumerate(SITES.items())
    }
    table = _table(run, touching)
    for quantity in ("speciation", "speciation_steady", "holder", "shell"):
        assert sum(_values(table, quantity).values()) == pytest.approx(1), quantity
    several = sum(_values(table, "holder_mixed").values())
    assert several == pytest.approx(_values(table, "holder")["mixed"])


def test_rare_compositions_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run(6)
    touching = {"O(DME)": telegraph(N_FRAMES, (6, 10), 0.1, 0.1, 1)}
    everything = _values(_table(run, touching), "shell")
    monkeypatch.setitem(speciation.PARAMETERS, "compositions", 2)
    some = _values(_table(run, touching), "shell")
    assert len(some) == 3
    assert some["other"] == pytest.approx(1 - sum(sorted(everything.values())[-2:]))


def test_flicker_is_left_out_of_the_steady_pairs() -> None:
    run = _run(6)
    touching = lasting_contacts(run, [("O(TFSI)", 0, 0)])
    touching["O(TFSI)"][::10, 1, 2] = True  # one frame in ten
    table = _table(run, touching)
    assert _values(table, "speciation")["SSIP"] == pytest.approx((4 + 0.9) / 6)
    # the first frame is kept: how long it had lasted is not known
    assert _values(table, "speciation_steady")["SSIP"] == pytest.approx((4 + 0.99) / 6)


def test_independent_contacts_meet_as_often_as_expected() -> None:
    run = _run(20)
    touching = {
        "O(DME)": telegraph(400, (20, 10), 0.1, 0.05, 1),
        "N_middle(PAB)": telegraph(400, (20, 2), 0.1, 0.02, 2),
    }
    table = _table(run, touching, 400)
    motif = table[table["label"] == "Li-(O)2-N(middle)"]
    (share, expected), (error, expected_error) = motif["value"], motif["error"]
    assert abs(share - expected) < math.hypot(error, expected_error)
    assert share > 4 * error


def test_without_chains_there_is_no_motif_and_without_anions_no_pair() -> None:
    run = _run(4, without=("PAB", "TFSI"))
    table = _table(run, lasting_contacts(run, [("O(DME)", 0, 0)]))
    assert set(table["quantity"]) == {"holder", "holder_mixed", "shell"} - {"holder_mixed"}
    assert _values(table, "holder") == {"nothing": 0.75, "solvent": 0.25, "mixed": 0.0}


def test_chains_without_named_units_leave_the_middle_open() -> None:
    sites = [SiteGroup("N(PAB)", "PAB", "N", (0,)), SITES["O(DME)"]]
    run = contact_run(
        [species("Li", "cation", 4), species("PAB", "polymer", 2, 5), species("DME", "solvent", 5, 3)], sites
    )
    table = _table(run, {"N(PAB)": np.ones((N_FRAMES, 4, 2), dtype=bool)})
    shares = _values(table, "motif_share")
    assert math.isnan(shares["(O)2-N(middle)"])
    assert shares["N"] == 1


def test_no_cation_gives_no_rows_and_one_frame_is_no_error() -> None:
    run = contact_run([species("DME", "solvent", 5, 3)], [SITES["O(DME)"]])
    assert compute(run, contact_reading(run, {}, 20), 0) == []
    run = _run(4)
    table = _table(run, lasting_contacts(run, [("O(DME)", 0, 0)], 1), 1)
    assert sum(_values(table, "speciation").values()) == 1


def test_error_bars_of_shares_and_coordination_numbers() -> None:
    """Cations that exchange often: 250 runs of 12 Li, 40 correlation times each; parts and cations are pooled."""
    shares, numbers = [], []
    for seed in range(250):
        held = telegraph(400, (12, 3), 0.08, 0.02, seed)
        shares.append(mean_with_error(np.any(held, axis=2, keepdims=False), 1.0)[:2])
        numbers.append(mean_with_error(held.sum(axis=2), 1.0)[:2])
    for found, truth in ((shares, 1 - 0.8**3), (numbers, 0.6)):
        means, errors = np.array(found).T
        z = normal_deviates(means, errors, truth, dof=15)
        assert 0.8 < z.std() < 1.2, z.std()
        assert abs(z.mean()) < 4 * z.std() / math.sqrt(z.size)
        assert np.mean(np.abs(means - truth) < errors) >= 0.92


def test_frozen_shells_have_the_error_of_their_cations() -> None:
    """Shells that never change: the truth is only seen through 12 cations, and the error says so."""
    inside = []
    for seed in range(250):
        rng = np.random.default_rng(seed)
        held = np.repeat(rng.random((1, 12)) < 0.4, 100, axis=0)
        held ^= rng.random((100, 12)) < 0.002  # flicker, so that parts differ a little
        mean, error, note = mean_with_error(held, 1.0)
        inside.append(abs(mean - (0.4 * 0.998 + 0.6 * 0.002)) < error)
        assert "spread between the cations" in note or max(mean, 1 - mean) > 0.998
    assert np.mean(inside) > 0.9
