"""The energy table: its columns, repeated records, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyedr
import pytest

from analysis.energies import EDR_MAGIC, ENERGY_COLUMNS, read_energies
from analysis.run import RunError


@pytest.fixture
def edr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that pyedr reads as a constant-volume run which was continued at 2 ps."""
    terms = {"Time": [0.0, 1.0, 2.0, 2.0, 3.0], "Temperature": [1.0, 2.0, 3.0, 4.0, 5.0], "Pres. DC": [0.0] * 5}
    arrays = {name: np.array(values) for name, values in terms.items()}
    monkeypatch.setattr(pyedr, "edr_to_dict", lambda path: arrays)
    monkeypatch.setattr(pyedr, "get_unit_dictionary", lambda path: {"Time": "ps", "Temperature": "K"})
    path = tmp_path / "energy.edr"
    path.write_bytes(EDR_MAGIC.to_bytes(4, "big", signed=True))
    return path


def test_the_last_of_repeated_records_counts_and_absent_terms_are_nan(edr: Path) -> None:
    table = read_energies(edr)
    assert list(table.columns) == ENERGY_COLUMNS
    assert table["time_ps"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert table["Temperature"].tolist() == [1.0, 2.0, 4.0, 5.0]
    assert table["Density"].isna().all()


def test_an_unexpected_unit_is_refused(edr: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyedr, "get_unit_dictionary", lambda path: {"Time": "ps", "Temperature": "F"})
    with pytest.raises(RunError, match="Temperature is in F, expected K"):
        read_energies(edr)


def test_a_run_without_energies_has_an_empty_table() -> None:
    table = read_energies(None)
    assert table.empty
    assert list(table.columns) == ENERGY_COLUMNS


@pytest.mark.parametrize("content", [b"", b"no energies", EDR_MAGIC.to_bytes(4, "big", signed=True)])
def test_files_that_hold_no_energies_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "energy.edr"
    with pytest.raises(RunError, match="there is no such file"):
        read_energies(path)
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"energy\.edr"):
        read_energies(path)
