"""Cations that are bound or free, glued to their shell or independent of it: the answer is known in each case."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.observables import mechanism
from analysis.run import Run, SiteGroup
from analysis.shells import molecule_contacts
from analysis.table import Row
from tests.analysis.moving_ions import ion, is_honest, normal_deviates, of, pairs_of, reading_of, run_of
from tests.ideal_systems import brownian_walkers, caged_walkers

FloatArray = NDArray[np.float64]
N, M = 24, 8  # cations, molecules that hold them
D = 1e-3


def electrolyte(role: str = "polymer", kind: str = "N") -> Run:
    """Cations and M one-site molecules of a role."""
    return run_of([ion("Na", "cation", N, 1.0), ion("PAB", role, M)], [SiteGroup("N(PAB,middle)", "PAB", kind, (0,))])


def rows_of(run: Run, paths: FloatArray, touching: NDArray[np.bool_]) -> list[Row]:
    return mechanism.compute(run, reading_of(run, paths, pairs={"Na-N(PAB,middle)": pairs_of(touching)}), 0)


def holding(n_frames: int, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Contacts (F, N, M): cation c touches molecule c mod M while `held` (F, N) says so."""
    touching = np.zeros((n_frames, N, M), dtype=bool)
    touching[:, np.arange(N), np.arange(N) % M] = held
    return touching


def mixture(seed: int, n_frames: int = 2500) -> tuple[FloatArray, NDArray[np.bool_]]:
    """A third of the cations is always bound, with a fifth of the D of the others; paths and contacts."""
    steps = np.diff(brownian_walkers(n_frames + 1, N + M, D, 1.0, seed), axis=0)
    held = np.zeros((n_frames, N), dtype=bool)
    held[:, : N // 3] = True
    steps[:, : N // 3] *= math.sqrt(0.2)
    return steps.cumsum(axis=0), holding(n_frames, held)


def test_bound_and_free_cations_are_told_apart() -> None:
    paths, touching = mixture(1, 4000)
    rows = rows_of(electrolyte(), paths, touching)
    for lag in (100.0, 1000.0):
        for state, d in (("bound", 0.2 * D), ("free", D)):
            msd, found = of(rows, f"msd_{state}", x=lag), of(rows, f"D_{state}", x=lag)
            assert abs(msd["value"] - 6 * d * lag) < 2 * msd["error"]
            if lag == 100.0:
                assert abs(found["value"] - 1e4 * d) < 2 * found["error"]
            else:  # four windows one after the other
                assert math.isnan(found["value"]) and found["note"].startswith("not resolved: exponent ")
            assert found["unit"] == "1e-10 m^2/s" and found["label"] == "Na"
        assert math.isnan(of(rows, "msd_exchanging", x=lag)["value"])
        assert of(rows, "share_bound", x=lag)["value"] == pytest.approx(1 / 3)
        ratio = of(rows, "mobility_bound_to_free", x=lag)
        assert abs(ratio["value"] - 0.2) < 2 * ratio["error"]


def assert_honest(tables: list[list[Row]], lag: float, exact: dict[str, tuple[float, int]]) -> None:
    """Assert that z is honest in at least 180 runs; exact: value and degrees of freedom of Student's t."""
    for quantity, (truth, freedom) in exact.items():
        found = np.array([[of(rows, quantity, x=lag)[key] for key in ("value", "error")] for rows in tables])
        found = found[np.isfinite(found).all(axis=1)]
        assert len(found) >= 180, quantity
        z = normal_deviates(found[:, 0] - truth, found[:, 1], freedom)
        assert is_honest(z), (quantity, z.std(ddof=1), z.mean())


@pytest.mark.slow
def test_the_errors_are_honest() -> None:
    """Spread of z over 200 repeats; 8 bound and 16 free cations, Student's t with one less."""
    exact = {"msd_bound": (120 * D, 7), "msd_free": (600 * D, 15), "D_bound": (2e3 * D, 7), "D_free": (1e4 * D, 15),
             "mobility_bound_to_free": (0.2, 7)}  # fmt: skip
    assert_honest([rows_of(electrolyte(), *mixture(seed, 4000)) for seed in range(200)], 100.0, exact)


def carried(seed: int, per_chain: int, hop: bool) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Cations that go with one of M chains, `per_chain` on each, by turns with two different ones when they hop."""
    n_frames, bound = 4000, np.arange(N) < per_chain * M
    steps = brownian_walkers(n_frames + 1, N + M, D, 1.0, seed)
    steps = np.diff(steps, axis=0)
    chain = np.tile(np.arange(N) % M, (n_frames, 1))
    if hop:
        chain[np.arange(n_frames) // 500 % 2 == 1] = np.arange(N) // per_chain % M
    on_chain = np.take_along_axis(steps[:, N:], chain[:, :, None], axis=1)
    steps[:, :N] = np.where(bound[:, None], on_chain, steps[:, :N])
    touching = (chain[:, :, None] == np.arange(M)) & bound[:, None]
    return steps.cumsum(axis=0), touching


@pytest.mark.slow
@pytest.mark.parametrize(("per_chain", "hop"), [(1, False), (3, False), (3, True)])
def test_cations_on_one_chain_are_not_counted_as_independent(per_chain: int, hop: bool) -> None:
    """Over 200 repeats: the chains' motion is all that there is, however many cations share it."""
    exact = {"msd_bound": (600 * D, 7), "D_bound": (1e4 * D, 7), "msd_of_shell": (600 * D, 7)}
    assert_honest([rows_of(electrolyte(), *carried(seed, per_chain, hop)) for seed in range(200)], 100.0, exact)


@pytest.mark.slow
def test_the_errors_of_shells_are_honest() -> None:
    """dR = (dS + own) / sqrt 2: correlation 1 / sqrt 2, |dR - dS|^2 = (2 - sqrt 2) |dS|^2; three share a shell."""
    held, tables = holding(2500, np.ones((2500, N), dtype=bool)), []
    for seed in range(200):
        walks = brownian_walkers(2500, M + N, D, 1.0, seed)
        cations = (walks[:, np.arange(N) % M] + walks[:, M:]) / math.sqrt(2)
        tables.append(rows_of(electrolyte("solvent", "O"), np.concatenate([cations, walks[:, :M]], axis=1), held))
    exact = {"vehicular_correlation": (math.sqrt(0.5), 7), "msd_of_shell": (600 * D, 7),
             "msd_relative_to_shell": (600 * D * (2 - math.sqrt(2)), 7)}  # fmt: skip
    assert_honest(tables, 100.0, exact)


@pytest.mark.slow
def test_the_errors_of_cations_that_leave_their_shell_are_honest() -> None:
    held = holding(2500, np.ones((2500, N), dtype=bool))
    paths = (brownian_walkers(2500, N + M, D, 1.0, seed) for seed in range(200))
    tables = [rows_of(electrolyte("solvent", "O"), one, held) for one in paths]
    exact = {"vehicular_correlation": (0.0, 7), "msd_relative_to_shell": (1200 * D, 7)}
    assert_honest(tables, 100.0, exact)


def test_chains_too_few_to_tell_give_no_error() -> None:
    """Six cations on two chains are two, of which no error can be made."""
    paths, held = brownian_walkers(600, N + M, D, 1.0, seed=9), np.zeros((600, N, M), dtype=bool)
    held[:, np.arange(6), np.arange(6) % 2] = True
    rows = rows_of(electrolyte(), paths, held)
    assert of(rows, "msd_bound", x=100.0)["value"] > 0 and math.isnan(of(rows, "msd_bound", x=100.0)["error"])
    assert of(rows, "D_bound", x=100.0)["note"].startswith("not resolved: exponent without an error")


def test_the_chain_that_touched_last_holds_a_cation() -> None:
    run, held = electrolyte(), np.zeros((6, N, M), dtype=bool)
    held[1, 0, 3] = held[2, 0, 3] = held[4, 0, 5] = True
    reading = reading_of(run, np.zeros((6, N + M, 3)), pairs={"Na-N(PAB,middle)": pairs_of(held)})
    found = mechanism.holding_chains([molecule_contacts(run, reading, run.sites)])
    np.testing.assert_array_equal(found[:, 0], [-1, 3, 3, 3, 5, 5])
    assert np.all(found[:, 1:] == -1)


def test_motion_in_a_cage_has_no_coefficient() -> None:
    """A small cage leaves the slope exact; one that makes half of the MSD does not let it pass for diffusion."""
    for spread, diffusive in ((0.05, True), (0.3, False)):
        paths = caged_walkers(8000, N + M, D, spread, 5.0, 1.0, seed=2)
        rows = rows_of(electrolyte(), paths, holding(8000, np.ones((8000, N), dtype=bool)))
        found, msd = of(rows, "D_bound", x=100.0), of(rows, "msd_bound", x=100.0)
        assert msd["value"] == pytest.approx(600 * D + 6 * spread**2, rel=0.1)
        if diffusive:
            assert abs(found["value"] - 1e4 * D) < 2 * found["error"]
        else:
            assert math.isnan(found["value"]) and found["note"].startswith("not diffusive: exponent 0.")


def test_cations_that_change_sides_are_counted_apart() -> None:
    frames = 1001
    held = np.zeros((frames, N), dtype=bool)
    held[: frames // 2] = True
    paths = brownian_walkers(frames, N + M, D, 1.0, seed=3)
    rows = rows_of(electrolyte(), paths, holding(frames, held))
    shares = [of(rows, f"share_{state}", x=100.0)["value"] for state in mechanism.STATES]
    assert sum(shares) == pytest.approx(1.0)
    # 901 origins: bound throughout from frame 0 to 399, free throughout from 500 to 900
    np.testing.assert_allclose(shares, [400 / 901, 401 / 901, 100 / 901], atol=1e-9)
    assert of(rows, "msd_bound", x=1000.0)["note"] == "run too short"


def test_flicker_does_not_unbind() -> None:
    run, frames = electrolyte(), 500
    held = np.ones((frames, N), dtype=bool)
    held[100::50] = False  # single frames without contact
    touching = holding(frames, held)
    touching[200, N - 1] = False
    late = np.zeros((frames, N), dtype=bool)
    late[250] = True  # a contact of one frame
    for contacts, bound in ((touching, True), (holding(frames, late), False)):
        reading = reading_of(run, np.zeros((frames, N + M, 3)), pairs={"Na-N(PAB,middle)": pairs_of(contacts)})
        found = mechanism.bound_frames([molecule_contacts(run, reading, run.sites)], 2)
        assert np.all(found == bound)


def glued(n_frames: int, seed: int, weights: FloatArray) -> FloatArray:
    """Molecules that walk, and cations that go with one each: cation c with molecule c mod M."""
    walks = brownian_walkers(n_frames, M, D, 1.0, seed)
    return np.concatenate([weights * walks[:, np.arange(N) % M] + 1.0, walks], axis=1)


def test_a_cation_glued_to_its_shell_moves_with_it() -> None:
    paths = glued(2500, 4, np.ones(1))
    rows = rows_of(electrolyte("solvent", "O"), paths, holding(2500, np.ones((2500, N), dtype=bool)))
    for lag in (10.0, 100.0, 1000.0):
        assert of(rows, "vehicular_correlation", x=lag)["value"] == pytest.approx(1.0, abs=1e-6)
        assert of(rows, "msd_relative_to_shell", x=lag)["value"] == pytest.approx(0.0, abs=1e-6)
        assert of(rows, "msd_of_shell", x=lag)["value"] == pytest.approx(6 * D * lag, rel=0.6)
    assert not [one for one in rows if one["quantity"].startswith(("D_", "msd_bound"))]  # no chains


def test_an_independent_cation_leaves_its_shell() -> None:
    paths = brownian_walkers(2500, N + M, D, 1.0, seed=5)
    rows = rows_of(electrolyte(), paths, holding(2500, np.ones((2500, N), dtype=bool)))
    for lag in (10.0, 100.0):
        found = of(rows, "vehicular_correlation", x=lag)
        assert abs(found["value"]) < 2 * found["error"] < 0.5
        relative = of(rows, "msd_relative_to_shell", x=lag)
        assert abs(relative["value"] - 12 * D * lag) < 2 * relative["error"]


def test_half_of_the_motion_in_common() -> None:
    """dR = (dS + own) / sqrt 2 with equal variances: the correlation is 1 / sqrt 2."""
    walks, own = brownian_walkers(2500, M, D, 1.0, seed=6), brownian_walkers(2500, N, D, 1.0, seed=7)
    cations = (walks[:, np.arange(N) % M] + own) / math.sqrt(2)
    rows = rows_of(
        electrolyte(), np.concatenate([cations, walks], axis=1), holding(2500, np.ones((2500, N), dtype=bool))
    )
    assert of(rows, "vehicular_correlation", x=10.0)["value"] == pytest.approx(math.sqrt(0.5), abs=0.05)


def test_the_shell_is_the_centre_of_mass_of_all_that_touch() -> None:
    """Two molecules that part symmetrically, one twice as heavy: the shell moves as a third of the light one's way."""
    run = run_of(
        [ion("Na", "cation", 1, 1.0), ion("L", "solvent", 1, mass_u=10.0), ion("H", "anion", 1, -1.0, mass_u=20.0)],
        [SiteGroup("O(L)", "L", "O", (0,)), SiteGroup("O(H)", "H", "O", (0,))],
    )
    time = np.arange(100.0)[:, None]
    paths = np.stack([0 * time, -time, time], axis=1) * np.array([1.0, 0, 0])
    always = pairs_of(np.ones((100, 1, 1), dtype=bool))
    rows = mechanism.compute(run, reading_of(run, paths, pairs={"Na-O(L)": always, "Na-O(H)": always}), 0)
    assert of(rows, "msd_of_shell", x=10.0)["note"] == "no motion"  # the cation rests, nothing to correlate
    sums = mechanism.shell_sums(
        run,
        reading_of(run, paths, pairs={"Na-O(L)": always, "Na-O(H)": always}),
        {
            i: molecule_contacts(run, reading_of(run, paths, pairs={site: always}), [run.sites[i - 1]])
            for i, site in ((1, "Na-O(L)"), (2, "Na-O(H)"))
        },
        0,
        10,
    )
    assert sums.values[0, 2] / sums.values[0, 0] == pytest.approx((10 / 3) ** 2)
    assert (sums.cation[0], sums.holder[0]) == (0, 2)  # the heavier one


def test_what_is_missing_is_said() -> None:
    paths = brownian_walkers(400, N + M, D, 1.0, seed=8)
    none = rows_of(electrolyte(), paths, holding(400, np.zeros((400, N), dtype=bool)))
    assert of(none, "msd_bound", x=100.0)["note"] == "no cation stayed so for 100 ps"
    assert of(none, "share_bound", x=100.0)["value"] == 0.0
    assert of(none, "share_free", x=100.0)["value"] == 1.0
    assert of(none, "vehicular_correlation", x=10.0)["note"] == "no cation touches anything"
    assert of(none, "mobility_bound_to_free", x=100.0)["note"].startswith("no cation stayed bound")
    assert all(one["note"] for one in none if math.isnan(one["value"]))


def test_a_single_bound_cation_has_no_error() -> None:
    held = np.zeros((600, N), dtype=bool)
    held[:, 0] = True
    paths = brownian_walkers(600, N + M, D, 1.0, seed=9)
    found = of(rows_of(electrolyte(), paths, holding(600, held)), "msd_bound", x=100.0)
    assert found["value"] > 0 and math.isnan(found["error"]) and found["note"].startswith("1 cation,")


@pytest.mark.parametrize("n_frames", [1, 2, 5, 25])
def test_few_frames_do_not_crash(n_frames: int) -> None:
    paths = brownian_walkers(n_frames, N + M, D, 1.0, seed=10)
    rows = rows_of(electrolyte(), paths, holding(n_frames, np.ones((n_frames, N), dtype=bool)))
    assert all(one["note"] for one in rows if math.isnan(one["value"]))


def test_previews_and_lost_paths() -> None:
    run = electrolyte()
    paths, touching = mixture(11, 400)
    reading = reading_of(run, paths, pairs={"Na-N(PAB,middle)": pairs_of(touching)})
    preview = mechanism.compute(replace(run, preview=True), reading, 0)
    for quantity in ("D_bound", "D_free", "mobility_bound_to_free"):
        assert of(preview, quantity, x=100.0)["note"] == "preview"
    lost = mechanism.compute(run, replace(reading, largest_step=0.45), 0)
    assert all(math.isnan(one["value"]) and one["note"].startswith("frames too far") for one in lost)


def test_without_a_cation_or_sites_there_are_no_rows() -> None:
    run, paths = electrolyte(), brownian_walkers(50, N + M, D, 1.0, seed=12)
    assert mechanism.compute(replace(run, cation=None), reading_of(run, paths), 0) == []
    assert mechanism.compute(replace(run, sites=()), reading_of(run, paths), 0) == []
