"""Survival functions and residence times against contacts whose lifetimes are known exactly."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from analysis.statistics import half_width_95
from analysis.survival import (
    Residence,
    Stretches,
    Survival,
    bridged,
    exchanges,
    frames_within,
    groups_of,
    new_partners,
    residence,
    steady,
    stretches,
    survival,
)

from .contact_runs import BoolArray, FloatArray, normal_deviates, telegraph


def _of(contacts: BoolArray) -> Stretches:
    """Return the stretches of contacts (F, N_pair)."""
    frame, pair = np.nonzero(contacts)
    return stretches(pair, frame, len(contacts))


def _survival(found: Stretches, n_molecules: int, n_cations: int) -> Survival:
    return survival(found, *groups_of(found, n_molecules, n_cations))


def _drawn(text: str) -> Stretches:
    """Return the stretches of pairs drawn as text: "##..#" is one pair, pairs are separated by blanks."""
    return _of(np.array([[mark == "#" for mark in pair] for pair in text.split()]).T)


def _as_drawn(found: Stretches, n_pairs: int) -> str:
    contacts = np.full((n_pairs, found.n_frames), ".")
    contacts[found.frames()] = "#"
    return " ".join("".join(pair) for pair in contacts)


def test_stretches_and_back() -> None:
    text = "##..#.### ......... ######### .#......."
    found = _drawn(text)
    assert found.pair.tolist() == [0, 0, 0, 2, 3]
    assert found.start.tolist() == [0, 4, 6, 0, 1]
    assert found.length.tolist() == [2, 1, 3, 9, 1]
    assert found.censored.tolist() == [False, False, True, True, False]
    assert _as_drawn(found, 4) == text


def test_the_order_of_contacts_does_not_matter() -> None:
    contacts = telegraph(50, (6,), 0.2, 0.2, seed=1)
    frame, pair = np.nonzero(contacts)
    order = np.random.default_rng(0).permutation(frame.size)
    shuffled = stretches(pair[order], frame[order], 50)
    assert _as_drawn(shuffled, 6) == _as_drawn(_of(contacts), 6)


@pytest.mark.parametrize(
    ("before", "gap", "after"),
    [
        ("##.##...##", 1, "#####...#"),  # the last frame goes: what follows it is not known
        ("##.##...##", 3, "#######"),
        ("##.##..... .....##.##", 2, "#####... .....###"),  # pairs are not joined to each other
        ("#.......##", 0, "#.......##"),
    ],
)
def test_short_absences_are_bridged(before: str, gap: int, after: str) -> None:
    assert _as_drawn(bridged(_drawn(before), gap), len(before.split())) == after


def test_flicker_is_left_out() -> None:
    assert _as_drawn(steady(_drawn("#...#...###.###....#"), 2), 1) == "#.......#######....#"


@pytest.mark.parametrize(("interval_ps", "frames"), [(5.0, 0), (2.0, 1), (1.5, 1), (0.2, 10), (math.nan, 0), (0.0, 0)])
def test_frames_that_last_no_longer_than_two_ps(interval_ps: float, frames: int) -> None:
    assert frames_within(2.0, interval_ps) == frames


def test_exchanges_are_changes_that_last() -> None:
    # cation 0 passes from molecule 0 to 1, with flicker of both; cation 1 keeps molecule 0 and meets 1 once
    found = steady(_drawn("#####.##........#... ........##.##.###### #################### .....#####.........."), 2)
    assert exchanges(found, n_molecules=2, n_cations=2).tolist() == [1.0, 1.0]
    assert new_partners(found, n_molecules=2, n_cations=2).tolist() == [1, 1]


def test_a_partner_that_returns_is_not_new() -> None:
    found = _drawn("###....###....")
    assert new_partners(found, 1, 1).tolist() == [0]
    assert exchanges(found, 1, 1).tolist() == [1.5]


def test_equal_lifetimes_fall_on_a_straight_line() -> None:
    """Contacts of L frames each, seen from all their frames: C(k) = 1 - k / L, integral L / 2."""
    found = _drawn(" ".join("." * shift + "##########" + "." * (40 - shift) for shift in range(20)))
    curve = _survival(found, n_molecules=1, n_cations=20)
    assert curve.curve == pytest.approx(np.clip(1 - curve.lag_frames / 10, 0, 1))
    assert curve.integral == pytest.approx(5.0)
    assert curve.half_width() == pytest.approx(0.0, abs=1e-12)  # all cations are alike


def test_the_product_over_lags_is_that_of_all_origins() -> None:
    contacts = telegraph(60, (12,), 0.1, 0.1, seed=5)
    curve = _survival(_of(contacts), n_molecules=1, n_cations=12)
    chance = 1.0
    by_hand = [1.0]
    for j in range(29):
        # origins that have lasted for j frames and can be seen one frame on
        windows = [contacts[t : t + j + 2].T for t in range(59 - j)]
        lasted = np.concatenate([window[:, : j + 1].all(axis=1) for window in windows])
        lasts = np.concatenate([window.all(axis=1) for window in windows])
        chance *= lasts.sum() / lasted.sum()
        by_hand.append(chance)
    assert curve.curve == pytest.approx(np.array(by_hand)[curve.lag_frames])
    assert curve.integral == pytest.approx(sum(by_hand) - (1 + chance) / 2)


def test_values_without_a_group_are_exact() -> None:
    contacts = telegraph(80, (12,), 0.1, 0.1, seed=6)
    curve = _survival(_of(contacts), n_molecules=1, n_cations=12)
    without = _survival(_of(np.delete(contacts, 4, axis=1)), n_molecules=1, n_cations=11)
    assert curve.curve_without[4] == pytest.approx(without.curve)
    assert curve.integral_without[4] == pytest.approx(without.integral)


def exact_time(p_off: float, p_on: float, gap: int) -> float:
    """Residence time in frames of telegraph contacts with absences up to `gap` frames forgiven.

    A forgiven contact is a dwell and M times (absence, dwell); P(M = m) = (1 - q) q^m, q = P(absence <= gap). From
    moments of its length L: integral of C = E[L (L + 1)] / (2 E[L]) - 1/2 (trapezoids).
    """
    q = 1 - (1 - p_on) ** gap
    n = np.arange(1, gap + 1)
    weights = p_on * (1 - p_on) ** (n - 1) / q if gap else np.zeros(0)
    absence, absence_square = float(weights @ n), float(weights @ n**2)
    dwell, dwell_variance = 1 / p_off, (1 - p_off) / p_off**2
    m, m_variance = q / (1 - q), q / (1 - q) ** 2
    length = dwell + m * (absence + dwell)
    step_variance = absence_square - absence**2 + dwell_variance
    variance = dwell_variance + m * step_variance + m_variance * (absence + dwell) ** 2
    return (variance + length**2 + length) / (2 * length) - 0.5


def test_without_forgiveness_the_exact_time_is_that_of_the_rate() -> None:
    assert exact_time(0.05, 0.3, 0) == pytest.approx(1 / 0.05 - 0.5)
    # a continuous process of rate k seen every frame: 1/k, but for terms of second order in the spacing
    assert exact_time(1 - math.exp(-0.05), 0.3, 0) == pytest.approx(20.0, rel=1e-3)


def _repeats(
    n: int, n_frames: int, shape: tuple[int, int], rates: tuple[float, float], gap: int
) -> tuple[FloatArray, FloatArray]:
    """Return residence times and half-widths from n runs of telegraph contacts; shape: cations, molecules."""
    found = []
    for seed in range(n):
        contacts = telegraph(n_frames, (shape[0] * shape[1],), *rates, seed)
        found.append(residence(_survival(bridged(_of(contacts), gap), shape[1], shape[0]), 1.0))
    times = np.array([one.time_ps for one in found])
    assert not np.isnan(times).any()
    return times, np.array([one.half_width_ps for one in found])


@pytest.mark.parametrize(
    ("n_frames", "shape", "rates", "gap"),
    [
        (500, (16, 4), (0.05, 0.02), 0),
        (400, (16, 4), (0.05, 0.1), 2),  # 16 residence times long, with absences forgiven
        (1200, (4, 6), (0.05, 0.02), 0),  # few cations, divided in time
    ],
)
def test_times_and_errors_of_telegraph_contacts(
    n_frames: int, shape: tuple[int, int], rates: tuple[float, float], gap: int
) -> None:
    truth = exact_time(*rates, gap)
    times, half_widths = _repeats(200, n_frames, shape, rates, gap)
    assert abs(times.mean() - truth) < 3 * times.std() / math.sqrt(times.size) + 0.01 * truth
    dof = (shape[0] if shape[0] >= 10 else 12) - 1
    z = normal_deviates(times, half_widths, truth, dof)
    assert 0.8 < z.std() < 1.2
    assert abs(z.mean()) < 4 * z.std() / math.sqrt(z.size)
    assert np.mean(np.abs(times - truth) < half_widths) > 0.9


def test_the_errors_of_curve_exponent_and_counts_are_honest() -> None:
    """200 runs of 16 cations and 4 molecules: C(k) = 0.95^k, exponent 1, and the counts of a telegraph process."""
    p_off, p_on, n_frames = 0.05, 0.05, 300
    lags, found = (2, 10, 32), []
    for seed in range(200):
        contacts = _of(telegraph(n_frames, (64,), p_off, p_on, seed))
        curve = _survival(contacts, n_molecules=4, n_cations=16)
        at, time = np.searchsorted(curve.lag_frames, lags), residence(curve, 1.0)
        own = [*zip(curve.curve[at], curve.half_width()[at], strict=True), (time.beta, time.beta_half_width)]
        for count in (exchanges, new_partners):
            own.append((count(contacts, 4, 16).mean(), half_width_95(count(contacts, 4, 16))))
        found.append(own)
    assert curve.lag_frames[at].tolist() == list(lags)
    truth = [0.95**lag for lag in lags] + [
        1.0,
        4 * (n_frames - 1) * 0.5 * p_off,
        4 * 0.5 * (1 - 0.95 ** (n_frames - 1)),
    ]
    for number, exact in enumerate(truth):
        value, half_width = np.array(found)[:, number].T
        z = normal_deviates(value, half_width, exact, 15)
        assert 0.8 < z.std() < 1.2 and abs(z.mean()) < 4 * z.std() / math.sqrt(z.size), (number, z.std(), z.mean())


def test_censored_contacts_do_not_shorten_the_time() -> None:
    """Four residence times of run: half of the contacts outlast it, yet the hazard is found."""
    times, _ = _repeats(60, 200, (20, 20), (0.04, 0.04), 0)
    assert times.mean() == pytest.approx(24.5, rel=0.03)


def test_a_run_that_is_too_short_gives_a_lower_bound() -> None:
    found = residence(_survival(_of(telegraph(100, (80,), 0.002, 0.002, 3)), 4, 20), interval_ps=10.0)
    assert math.isnan(found.time_ps)
    assert 400 < found.lower_bound_ps < 495
    assert found.note.startswith("tau > 4")
    assert "lower bound" in found.note


def test_contacts_that_never_end_are_a_lower_bound_without_error() -> None:
    found = residence(_survival(_of(np.ones((100, 40), dtype=bool)), 2, 20), interval_ps=1.0)
    assert found.lower_bound_ps == pytest.approx(49.0)
    assert math.isnan(found.half_width_ps)


def _from_curve(curve: FloatArray, lags: FloatArray) -> Residence:
    integral = float(np.trapezoid(curve, lags))
    grid = np.unique(np.geomspace(1, lags.size - 1, 60).astype(int))
    chosen = curve[grid]
    found = Survival(grid, chosen, np.tile(chosen, (12, 1)), integral, np.full(12, integral), 10_000)
    return residence(found, interval_ps=1.0)


@pytest.mark.parametrize("beta", [1.0, 0.6])
def test_the_tail_of_a_stretched_exponential_is_added(beta: float) -> None:
    lags = np.arange(1001.0)
    scale = 320.0 if beta == 1.0 else 150.0
    found = _from_curve(np.exp(-((lags / scale) ** beta)), lags)
    assert found.beta == pytest.approx(beta, rel=1e-6)
    assert found.time_ps == pytest.approx(scale / beta * math.gamma(1 / beta), rel=2e-3)
    assert "from the tail" in found.note


def test_contacts_faster_than_the_frames_are_told() -> None:
    found = residence(_survival(_of(telegraph(2000, (60,), 0.7, 0.2, 3)), 3, 20), interval_ps=5.0)
    assert "not resolved by frames 5 ps apart" in found.note


@pytest.mark.parametrize("n_frames", [1, 2, 3, 10])
def test_little_or_nothing_is_no_error(n_frames: int) -> None:
    for contacts in (np.zeros((n_frames, 4), dtype=bool), np.ones((n_frames, 4), dtype=bool)):
        found = bridged(_of(contacts), 2)
        residence(_survival(found, 2, 2), 1.0)
        assert exchanges(steady(_of(contacts), 2), 2, 2).tolist() == [0.0, 0.0]


def test_lags_are_shared_by_runs_of_different_length() -> None:
    lags = [_survival(_of(telegraph(n, (40,), 0.05, 0.05, 1)), 2, 20).lag_frames[:-1] for n in (300, 500)]
    shorter, longer = sorted(lags, key=len)
    assert longer[: shorter.size].tolist() == shorter.tolist()
    assert all(a < b for a, b in pairwise(shorter))
