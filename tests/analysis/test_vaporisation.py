"""The heat of vaporisation from made-up energies whose answer is worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.energies import ENERGY_COLUMNS
from analysis.observables.vaporisation import compute, heat_row, liquid_row, vapour_row
from analysis.run import RunError
from tests.analysis.moving_ions import is_honest, normal_deviates
from tests.analysis.test_thermodynamics import make_energies, make_reading, make_run
from tests.ideal_systems import ar1

N = 50


def energies(values: np.ndarray, interval_ps: float) -> pd.DataFrame:
    table = pd.DataFrame(np.nan, index=range(values.size), columns=ENERGY_COLUMNS)
    table["time_ps"], table["Potential"] = interval_ps * np.arange(values.size), values
    return table


def vapour(n: int = 20001, correlation: float = 10.0, seed: int = 1) -> pd.DataFrame:
    return energies(30.0 + 10.0 * ar1(n, correlation, seed), 0.5)


def test_the_heat_is_vapour_less_liquid_plus_rt() -> None:
    liquid = liquid_row(energies(N * (-5.0 + 0.2 * ar1(3000, 3, 2)), 1.0), 0.0, N)
    gas = vapour_row(vapour())
    heat = heat_row(gas, liquid, 298.15)
    assert abs(gas["value"] - 30.0) < gas["error"]
    assert abs(heat["value"] - (35.0 + 2.4789)) < heat["error"]
    assert heat["error"] == pytest.approx(math.hypot(gas["error"], liquid["error"]))
    assert (heat["unit"], heat["note"]) == ("kJ/mol", "")
    assert "10 ns, correlation time" in gas["note"]
    assert float(gas["note"].split()[-2]) == pytest.approx(5.0, rel=0.4)


def test_the_interval_of_the_vapour_holds_the_exact_value() -> None:
    rows = [vapour_row(vapour(n=8000, seed=seed)) for seed in range(100)]
    held = sum(abs(one["value"] - 30.0) < one["error"] for one in rows)
    assert 88 <= held <= 100


def test_what_the_start_left_behind_does_not_enter() -> None:
    table = vapour()
    table.loc[table["time_ps"] < 150, "Potential"] += 1000.0
    assert vapour_row(table)["value"] == pytest.approx(30, abs=1)


def test_a_vapour_that_is_short_against_its_correlation_time_says_so() -> None:
    gas = vapour_row(vapour(n=2000, correlation=200.0))
    assert "too few independent samples" in gas["note"]
    liquid = liquid_row(energies(N * (-5.0 + 0.2 * ar1(3000, 3, 2)), 1.0), 0.0, N)
    assert "too few independent samples" in heat_row(gas, liquid, 300.0)["note"]
    with pytest.raises(ValueError, match="100 energies of the vapour, at least 200"):
        vapour_row(vapour(n=100))


def test_the_liquid_counts_from_its_start_and_per_molecule() -> None:
    values = np.where(np.arange(3000) < 1000, 0.0, -5.0 * N) + 0.1 * N * ar1(3000, 2, 3)
    assert liquid_row(energies(values, 1.0), 1000.0, N)["value"] == pytest.approx(-5.0, abs=0.05)
    with pytest.raises(RunError, match="energies are missing"):
        liquid_row(energies(np.full(10, np.nan), 1.0), 0.0, N)


def test_nothing_without_a_vapour_and_a_reason_when_its_file_is_missing(tmp_path: Path) -> None:
    run, reading = make_run(tmp_path), make_reading(make_energies())
    assert compute(run, reading, 0) == []
    pure = replace(run, species=run.species[:1], vapour_energy="vapour/energy.edr")
    rows = {one["quantity"]: one for one in compute(pure, reading, 0)}
    for quantity in ("heat_of_vaporisation", "vapour_energy"):
        assert math.isnan(rows[quantity]["value"]) and "energy.edr: there is no such file" in rows[quantity]["note"]
    assert rows["liquid_energy"]["value"] == pytest.approx(-5000, abs=10)
    with pytest.raises(RunError, match="several kinds of molecules"):
        compute(replace(run, vapour_energy="vapour/energy.edr"), reading, 0)


def test_a_liquid_without_energies_leaves_the_vapour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.observables.vaporisation.read_energies", lambda path: vapour())
    pure = replace(make_run(), species=make_run().species[:1], vapour_energy="vapour/energy.edr")
    rows = {one["quantity"]: one for one in compute(pure, make_reading(make_energies().iloc[:0]), 0)}
    assert rows["vapour_energy"]["value"] == pytest.approx(30, abs=1)
    for quantity in ("heat_of_vaporisation", "liquid_energy"):
        assert math.isnan(rows[quantity]["value"]) and "liquid's energies are missing" in rows[quantity]["note"]


@pytest.mark.parametrize(("of_vapour", "of_liquid", "freedom"), [(10.0, 0.02, 19), (1.0, 1.0, 4)])
def test_the_error_of_the_heat_is_that_of_the_half_that_varies_more(
    of_vapour: float, of_liquid: float, freedom: int
) -> None:
    """Means over correlated energies of both: nineteen degrees of freedom where the vapour decides, else four."""
    deviation, half_width = [], []
    for seed in range(300):
        gas = vapour_row(energies(30.0 + of_vapour * ar1(8000, 5, seed), 0.5))
        liquid = liquid_row(energies(N * (-5.0 + of_liquid * ar1(1000, 5, 1000 + seed)), 1.0), 0.0, N)
        heat = heat_row(gas, liquid, 298.15)
        deviation.append(heat["value"] - 35.0 - 8.314462618e-3 * 298.15)
        half_width.append(heat["error"])
    assert is_honest(normal_deviates(np.array(deviation), np.array(half_width), freedom))
