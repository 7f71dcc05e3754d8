"""Pressure tensors from both kinds of files, and files that hold none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyedr
import pytest

from analysis.energies import EDR_MAGIC
from analysis.pressures import COMPONENTS, pressure_files, read_pressures
from analysis.run import Run, RunError
from tests.analysis.moving_ions import ion, run_of
from tests.analysis.test_green_kubo import relaxing, write_pressures

Terms = dict[str, np.ndarray]


@pytest.fixture
def edr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Terms]:
    """Two energy files of 5 and 7 samples, the last one off the spacing; what they hold can be changed."""
    content: dict[str, Terms] = {}
    for name, samples in (("a.edr", 5), ("b.edr", 7)):
        times = np.append(0.01 * np.arange(samples), 0.01 * samples - 0.006)
        content[name] = {"Time": times} | {
            component: 10.0 * column + np.arange(samples + 1) for column, component in enumerate(COMPONENTS)
        }
        (tmp_path / name).write_bytes(EDR_MAGIC.to_bytes(4, "big", signed=True))
    monkeypatch.setattr(pyedr, "edr_to_dict", lambda path: content[Path(path).name])
    units = {"Time": "ps"} | dict.fromkeys(COMPONENTS, "bar")
    monkeypatch.setattr(pyedr, "get_unit_dictionary", lambda path: {k: units[k] for k in content[Path(path).name]})
    return content


def test_energy_files_are_cut_to_the_shortest_and_the_odd_last_step_is_left_out(
    edr: dict[str, Terms], tmp_path: Path
) -> None:
    found = read_pressures((tmp_path / "a.edr", tmp_path / "b.edr"), 40.0, 300.0)
    assert found.pressure_bar.shape == (2, 5, 6)
    np.testing.assert_array_equal(found.pressure_bar[1, :, 3], 30.0 + np.arange(5))
    assert found.interval_ps == pytest.approx(0.01)
    assert found.volume_nm3.tolist() == [40.0, 40.0] and found.temperature_K.tolist() == [300.0, 300.0]


def test_a_missing_component_and_a_gap_are_told(edr: dict[str, Terms], tmp_path: Path) -> None:
    edr["a.edr"]["Time"][2] += 0.004
    with pytest.raises(RunError, match=r"a\.edr: the samples of the pressure are not evenly spaced"):
        read_pressures((tmp_path / "a.edr",), 40.0, 300.0)
    del edr["b.edr"]["Pres-XZ"]
    with pytest.raises(RunError, match=r"b\.edr: Pres-XZ is missing"):
        read_pressures((tmp_path / "b.edr",), 40.0, 300.0)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no such file"):
        read_pressures((tmp_path / "a.edr",), 40.0, 300.0)
    (tmp_path / "a.edr").write_bytes(b"text")
    with pytest.raises(RunError, match="no GROMACS energy file"):
        read_pressures((tmp_path / "a.edr",), 40.0, 300.0)


def test_the_workflow_s_file_is_found_and_read_back(tmp_path: Path) -> None:
    run = run_of([ion("Na", "cation", 1)], folder=tmp_path)
    assert pressure_files(run) == ()
    pressures, _ = relaxing(1, segments=2, samples=30)
    path = write_pressures(tmp_path, pressures)
    assert pressure_files(run) == (path,)
    found = read_pressures((path,), 1.0, 1.0)
    np.testing.assert_allclose(found.pressure_bar, pressures.pressure_bar, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(found.volume_nm3, pressures.volume_nm3)


@pytest.mark.parametrize(
    ("hashes", "counts"), [({"production": "new"}, False), ({"production": "old"}, True), ({}, True)]
)
def test_pressures_of_an_earlier_production_do_not_count(tmp_path: Path, hashes: dict[str, str], counts: bool) -> None:
    run = replace(run_of([ion("Na", "cation", 1)], folder=tmp_path), hashes=hashes)
    path = write_pressures(tmp_path, relaxing(1, segments=2, samples=30)[0])
    with np.load(path) as file:
        content = dict(file)
    np.savez(path, allow_pickle=False, production_hash="old", **content)
    assert pressure_files(run) == ((path,) if counts else ())


def test_energy_files_that_run_json_names_come_first(tmp_path: Path) -> None:
    named = SimpleNamespace(folder=tmp_path, viscosity_energies=("nvt1.edr", "nvt2.edr"))
    assert pressure_files(cast(Run, named)) == (tmp_path / "nvt1.edr", tmp_path / "nvt2.edr")


@pytest.mark.parametrize("change", [{"pressure_bar": np.zeros((3, 6))}, {"pressure_bar": np.full((2, 9, 6), np.nan)}])
def test_damaged_samples_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    pressures, _ = relaxing(1, segments=2, samples=30)
    path = write_pressures(tmp_path, replace(pressures, **change))
    with pytest.raises(RunError, match=r"shape|not numbers"):
        read_pressures((path,), 1.0, 1.0)
