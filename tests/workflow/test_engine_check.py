"""Two real builds of GROMACS, single and double precision, on one box."""

from __future__ import annotations

import shutil

import pytest

from tests.forcefields.energies_two_engines import gmx_double
from workflow import engine_check, gromacs


@pytest.mark.slow
def test_builds_of_single_and_double_precision_agree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHEATH_GMX", "")
    gromacs.find_gmx.cache_clear()
    single = str(gromacs.find_gmx().path)
    try:
        assert engine_check.main([single, str(shutil.which(gmx_double()))]) == 0
    finally:
        gromacs.find_gmx.cache_clear()
    assert "10 energies agree" in capsys.readouterr().out


def test_a_term_that_is_wrong_or_missing_is_told() -> None:
    right = {"Bond": 70.0, "LJ (SR)": -2368.3, "Coulomb (SR)": -5928.0, "Potential": 1002.8}
    assert not engine_check.disagreements(right, right | {"Coulomb (SR)": -5928.03, "Potential": 1002.83})
    assert set(engine_check.disagreements(right, right | {"LJ (SR)": -2370.0})) == {"LJ (SR)"}
    assert set(engine_check.disagreements(right, right | {"Bond": 70.1})) == {"Bond"}
    assert set(engine_check.disagreements(right, {"Bond": 70.0})) == set(right) - {"Bond"}
