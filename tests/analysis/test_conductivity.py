"""Conductivities of ions whose collective motion is known: independent, paired, opposed."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import constants

from analysis import collective
from analysis.collective import window
from analysis.einstein import Diffusion, estimate
from analysis.observables import conductivity, diffusion
from analysis.run import Run
from analysis.run_schema import Published
from analysis.table import Row
from tests.analysis.moving_ions import BOX_NM, ion, is_honest, normal_deviates, of, reading_of, run_of
from tests.ideal_systems import brownian_walkers

N, D_CATION, D_ANION = 20, 1e-3, 2e-3  # nm^2/ps
FloatArray = NDArray[np.float64]


def salt(charge_e: float = 1.0, solvent: int = 0) -> Run:
    species = [ion("Na", "cation", N, charge_e), ion("X", "anion", N, -charge_e)]
    return run_of(species + ([ion("S", "solvent", solvent)] if solvent else []))


def sigma_ms_per_cm(d_sum_nm2_per_ps: float, charge_e: float = 1.0) -> float:
    """e^2 z^2 N D / (V k T) in SI, in mS/cm."""
    si = (constants.e * charge_e) ** 2 * N * d_sum_nm2_per_ps * 1e-6
    return float(si / ((BOX_NM * 1e-9) ** 3 * constants.k * 298.0)) * 10


def independent(seed: int, n_frames: int = 2000, solvent: int = 0) -> FloatArray:
    parts = [
        brownian_walkers(n_frames, N, D_CATION, 1.0, seed),
        brownian_walkers(n_frames, N, D_ANION, 1.0, 100_000 + seed),
    ]
    if solvent:
        parts.append(brownian_walkers(n_frames, solvent, 1e-3, 1.0, 200_000 + seed))
    return np.concatenate(parts, axis=1)


def rows_of(run: Run, paths: FloatArray) -> list[Row]:
    return conductivity.compute(run, reading_of(run, paths), 0)


def test_independent_ions_conduct_as_nernst_and_einstein_say() -> None:
    rows = rows_of(salt(), independent(1, 4000))
    exact = sigma_ms_per_cm(D_CATION + D_ANION)
    single, together = of(rows, "conductivity_ne"), of(rows, "conductivity")
    assert abs(single["value"] - exact) < 2 * single["error"] < 0.1 * exact
    assert abs(together["value"] - exact) < 2 * together["error"] < 0.3 * exact
    assert abs(of(rows, "haven_ratio")["value"] - 1) < 2 * of(rows, "haven_ratio")["error"]
    assert of(rows, "transference_apparent")["label"] == "Na"
    for quantity, label in (("transference_apparent", "Na"), ("transference_onsager", "barycentric")):
        found = of(rows, quantity, label)
        assert abs(found["value"] - 1 / 3) < 2 * found["error"] < 0.2


def test_a_measured_conductivity_is_compared() -> None:
    paths, exact = independent(1, 4000), sigma_ms_per_cm(D_CATION + D_ANION)
    measured = Published("conductivity", 2 * exact, "mS/cm", "doi:10.1/x", math.nan, 298.0, False, "")
    run = replace(salt(), published=(measured,))
    rows = rows_of(run, paths)
    deviation, computed = of(rows, "deviation_from_experiment", "conductivity"), of(rows, "conductivity")
    assert deviation["value"] == pytest.approx(100 * (computed["value"] / (2 * exact) - 1)) and deviation["unit"] == "%"
    assert deviation["error"] == pytest.approx(100 * computed["error"] / (2 * exact))
    elsewhere = replace(run, published=(replace(measured, other_composition=True),))
    assert not any(one["quantity"] == "deviation_from_experiment" for one in rows_of(elsewhere, paths))


@pytest.mark.slow
def test_errors_of_independent_ions_are_honest() -> None:
    """Spread of z over 200 repeats: the apparent ones follow the normal distribution, the others ten parts."""
    exact = {
        ("conductivity_ne", ""): (sigma_ms_per_cm(D_CATION + D_ANION), 1e6),
        ("conductivity", ""): (sigma_ms_per_cm(D_CATION + D_ANION), 9),
        ("haven_ratio", ""): (1.0, 9),
        ("onsager", "++"): (sigma_ms_per_cm(D_CATION), 9),
        ("onsager", "--"): (sigma_ms_per_cm(D_ANION), 9),
        ("onsager", "+-"): (0.0, 9),
        ("transference_apparent", "Na"): (1 / 3, 1e6),
        ("transference_onsager", "barycentric"): (1 / 3, 9),
        ("transference_onsager", "solvent"): (1 / 3, 9),
    }
    run = salt(solvent=N)
    tables = [rows_of(run, independent(seed, solvent=N)) for seed in range(200)]
    for (quantity, label), (truth, freedom) in exact.items():
        found = [of(rows, quantity, label) for rows in tables]
        values = np.array([(one["value"], one["error"]) for one in found if math.isfinite(one["value"])])
        assert len(values) >= 195
        z = normal_deviates(values[:, 0] - truth, values[:, 1], freedom)
        assert is_honest(z), (quantity, label, z.std(ddof=1), z.mean())


def test_two_routes_for_the_collective_conductivity() -> None:
    """L++ + L-- - 2 L+- is the conductivity of the total current."""
    rows = rows_of(salt(), independent(2))
    parts = [of(rows, "onsager", label)["value"] for label in ("++", "--", "+-")]
    assert parts[0] + parts[1] - 2 * parts[2] == pytest.approx(of(rows, "conductivity")["value"], rel=1e-9)


def test_ions_that_stay_in_pairs_do_not_conduct() -> None:
    cations = brownian_walkers(2000, N, D_CATION, 1.0, seed=3)
    rows = rows_of(salt(), np.concatenate([cations, cations + 0.2], axis=1))
    assert of(rows, "conductivity_ne")["value"] == pytest.approx(sigma_ms_per_cm(2 * D_CATION), rel=0.1)
    found = of(rows, "conductivity")
    assert math.isnan(found["value"]) and abs(came_out(found)) < 1e-4 * of(rows, "conductivity_ne")["value"]
    for label in ("--", "+-"):
        assert of(rows, "onsager", label)["value"] == pytest.approx(of(rows, "onsager", "++")["value"], rel=1e-3)
    assert math.isnan(of(rows, "haven_ratio")["value"])
    assert "not converged" in of(rows, "haven_ratio")["note"]
    assert math.isnan(of(rows, "transference_onsager")["value"])


def test_ions_that_move_in_opposite_directions_conduct_twice() -> None:
    """dR- = -dR+: L++ = L-- = -L+-, so sigma = 4 L++ where single ions would give 2, and t+ = 1/2."""
    cations = brownian_walkers(4000, N, D_CATION, 1.0, seed=4)
    rows = rows_of(salt(), np.concatenate([cations, -cations], axis=1))
    alike = of(rows, "onsager", "++")["value"]
    assert of(rows, "conductivity")["value"] == pytest.approx(4 * alike, rel=1e-3)
    assert of(rows, "onsager", "+-")["value"] == pytest.approx(-alike, rel=1e-3)
    haven = of(rows, "haven_ratio")
    assert abs(haven["value"] - 0.5) < 2 * haven["error"]
    assert of(rows, "transference_onsager")["value"] == pytest.approx(0.5, rel=1e-3)


def test_ions_that_share_half_of_their_motion_conduct_half_as_much() -> None:
    """dR+ = (C + X) / sqrt 2 and dR- = (C + Y) / sqrt 2: L+- = L++ / 2, so sigma = L++ and the Haven ratio is 2."""
    common, own, other = (brownian_walkers(6000, N, D_CATION, 1.0, seed) for seed in (21, 22, 23))
    rows = rows_of(salt(), np.concatenate([common + own, common + other], axis=1) / math.sqrt(2))
    exact = sigma_ms_per_cm(D_CATION)
    for quantity, label, truth in (
        ("conductivity", "", exact), ("onsager", "+-", exact / 2), ("onsager", "++", exact), ("haven_ratio", "", 2.0)
    ):  # fmt: skip
        found = of(rows, quantity, label)
        assert abs(found["value"] - truth) < 1.5 * found["error"] < 0.4 * truth, (quantity, label)


def test_the_solvent_frame_takes_the_solvents_motion_off() -> None:
    """Cations that rest relative to a drifting solvent carry nothing there, whatever they do elsewhere."""
    wind = brownian_walkers(4000, 1, 0.05, 1.0, seed=5)
    still = np.zeros((1, N, 3))
    anions = brownian_walkers(4000, N, D_ANION, 1.0, seed=6)
    run = salt(solvent=N)
    rows = rows_of(run, np.concatenate([wind + still, anions, wind + still], axis=1))
    assert of(rows, "transference_onsager", "solvent")["value"] == pytest.approx(0.0, abs=1e-3)
    assert abs(of(rows, "transference_onsager", "barycentric")["value"]) > 0.05


def test_scaled_charges_enter_squared_and_are_named() -> None:
    paths = independent(7)
    full, scaled = rows_of(salt(), paths), rows_of(salt(0.8), paths)
    for quantity in ("conductivity_ne", "conductivity"):
        assert of(scaled, quantity)["value"] == pytest.approx(0.64 * of(full, quantity)["value"], rel=1e-9)
        assert "formal charges" in of(full, quantity)["note"]
        assert "scaled charges: Na +0.8 e, X -0.8 e" in of(scaled, quantity)["note"]
    for quantity in ("haven_ratio", "transference_apparent"):
        assert of(scaled, quantity)["value"] == pytest.approx(of(full, quantity)["value"], rel=1e-9)


def came_out(found: Row) -> float:
    """Return the value that the note of a withheld one tells."""
    told = re.search(r"(?:; |^)(\S+) ± \S+ mS/cm came out", str(found["note"]))
    assert told and math.isnan(found["value"]) and math.isnan(found["error"]), found
    return float(told[1])


def test_a_short_run_is_not_converged() -> None:
    rows = rows_of(salt(), 0.3 * independent(8, 300))
    assert of(rows, "conductivity")["note"].startswith("not converged: ")
    assert math.isnan(of(rows, "haven_ratio")["value"])
    parts = [came_out(of(rows, "onsager", label)) for label in ("++", "--", "+-")]
    assert parts[0] + parts[1] - 2 * parts[2] == pytest.approx(came_out(of(rows, "conductivity")), rel=0.2), "rounded"
    assert math.isnan(of(rows, "transference_onsager")["value"])


def test_the_words_for_what_is_not_converged() -> None:
    assert conductivity.not_converged(10.0, 3.0) == ""
    assert conductivity.not_converged(10.0, 4.0) == "not converged: error 40 % of the value"
    for value, error in ((10.0, 11.0), (0.0, 0.0), (-5.0, 1.0)):
        assert conductivity.not_converged(value, error) == "not converged: zero within its error"
    assert "not diffusive" in conductivity.not_converged(10.0, 1.0, diffusive=False)


def test_caged_ions_have_no_nernst_einstein_value_and_are_not_converged() -> None:
    run = salt()
    rng = np.random.default_rng(9)
    rows = rows_of(run, rng.standard_normal((600, 2 * N, 3)))
    found = of(rows, "conductivity_ne")
    assert math.isnan(found["value"]) and "Na subdiffusive" in found["note"]
    assert of(rows, "conductivity")["note"].startswith("not converged: the ions are not")
    assert math.isnan(of(rows, "transference_onsager", "barycentric")["value"])


@pytest.mark.parametrize("n_frames", [1, 2, 5, 20, 199, 201])
def test_few_frames_do_not_crash(n_frames: int) -> None:
    rows = rows_of(salt(), independent(10, n_frames))
    assert {"conductivity", "conductivity_ne"} <= {one["quantity"] for one in rows}
    assert all(one["note"] for one in rows if math.isnan(one["value"]))


def test_previews_and_lost_paths_have_no_numbers() -> None:
    run, paths = salt(), independent(11)
    lost = conductivity.compute(run, replace(reading_of(run, paths), largest_step=0.45), 0)
    preview = conductivity.compute(replace(run, preview=True), reading_of(run, paths), 0)
    for rows, note in ((lost, "frames too far apart"), (preview, "preview")):
        assert all(math.isnan(one["value"]) and one["note"].startswith(note) for one in rows)
        assert {one["quantity"] for one in rows} == set(conductivity.QUANTITIES)


def test_charges_that_do_not_add_up_and_a_missing_box_are_told() -> None:
    run, paths = run_of([ion("Na", "cation", N, 1.0), ion("S", "solvent", N)]), independent(12)
    for found, note in (
        (conductivity.compute(run, reading_of(run, paths), 0), "the charges of all molecules add up to +20 e"),
        (conductivity.compute(salt(), reading_of(salt(), paths, box_nm=np.full((2000, 3), np.nan)), 0), "no box"),
    ):
        assert {one["quantity"] for one in found} == set(conductivity.QUANTITIES)
        assert all(math.isnan(one["value"]) and one["note"].startswith(note) for one in found)


def test_without_ions_there_are_no_rows() -> None:
    run = run_of([ion("A", "solvent", N), ion("B", "solvent", N)], cation=None)
    assert rows_of(run, independent(13, 300)) == []


def test_the_window_keeps_half_a_decade_and_tells_when_the_ions_do_not_diffuse_in_it() -> None:
    lags, diffusive = window(10_001, 1.0, 30.0)
    assert diffusive and lags[0] >= 30 and 450 < lags[-1] <= 500
    late, diffusive = window(10_001, 1.0, 300.0)
    assert diffusive and late[0] >= 300 and 500 < late[-1] <= 1000
    for start_ps in (400.0, math.nan):
        lags, diffusive = window(10_001, 1.0, start_ps)
        assert not diffusive and 200 <= lags[0] < 250


def test_nernst_einstein_is_that_of_the_coefficients_in_their_own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """sigma = e^2 / (V k T) sum N z^2 D with the very D of the other table: found once, the lag of 1 ns in it."""
    run, found = salt(), []
    reading = reading_of(run, independent(21, 2500))

    def counted(*arguments: Any) -> Diffusion:
        found.append(arguments)
        return estimate(*arguments)

    monkeypatch.setattr(collective, "estimate", counted)
    own = diffusion.compute(run, reading, 0)
    single = of(conductivity.compute(run, reading, 0), "conductivity_ne")["value"]
    assert len(found) == 2 and all(1000 in curve.lag_frames for _, _, curve, _ in found)
    total = sum(N * of(own, "D", name)["value"] * 1e-10 for name in ("Na", "X"))
    volume_m3 = (BOX_NM * 1e-9) ** 3
    assert single == pytest.approx(10 * constants.e**2 * total / (volume_m3 * constants.k * 298), rel=1e-9)
