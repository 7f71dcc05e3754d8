"""The pressures of a real energy file are those that GROMACS lists."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from analysis.pressures import COMPONENTS, read_pressures
from tests.analysis.independent_programs import gmx, read_xvg, simulate

pytestmark = pytest.mark.slow


def test_pressures_are_those_that_gmx_energy_lists(tmp_path: Path) -> None:
    energies = simulate(tmp_path / "real")[1].with_suffix(".edr")
    found = read_pressures((energies,), 40.0, 298.0)
    terms = "\n".join([*COMPONENTS, "Volume"])
    gmx("energy", tmp_path, "-f", str(energies), "-o", "terms.xvg", stdin=f"{terms}\n\n")
    times, *columns = read_xvg(tmp_path / "terms.xvg")
    # gmx energy lists in the order of the file, which is another one
    names = re.findall(r'@ s\d+ legend "([^"]+)"', (tmp_path / "terms.xvg").read_text(encoding="utf-8"))
    listed = dict(zip(names, columns, strict=True))
    (pressures,) = found.pressure_bar
    assert len(pressures) > 100 and np.ptp(pressures) > 100
    for column, name in enumerate(COMPONENTS):
        # six decimals or six digits of single precision
        np.testing.assert_allclose(pressures[:, column], listed[name][: len(pressures)], rtol=1e-5, atol=1e-5)
    assert found.interval_ps == pytest.approx(times[1] - times[0])
    assert found.volume_nm3[0] == pytest.approx(listed["Volume"].mean(), rel=1e-5)
