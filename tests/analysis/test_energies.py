"""The energy table: its columns, repeated records, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyedr
import pytest

from analysis.energies import EDR_MAGIC, ENERGY_COLUMNS, covers, energies_beside, read_energies
from analysis.run import RunError
from tests.analysis.moving_ions import ion, run_of

RUN = run_of([ion("Li", "cation", 2)], energy="energy.edr")
FRAMES_PS = np.arange(0.0, 41.0, 2.0)
BOX_NM = 3.0 + 0.01 * np.sin(FRAMES_PS)[:, None] * np.ones(3)


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


def energies_of_box(last_ps: float = 40.0) -> pd.DataFrame:
    """Energies each picosecond up to a time, whose volume is that of the boxes."""
    table = pd.DataFrame({column: np.arange(0.0, last_ps + 1) for column in ENERGY_COLUMNS})
    return table.assign(Volume=(3.0 + 0.01 * np.sin(table["time_ps"])) ** 3 * (1 + 1e-6))


def test_energies_of_the_same_run_pass_without_a_word() -> None:
    energies = energies_of_box()
    found, notes = energies_beside(RUN, energies, FRAMES_PS, BOX_NM)
    assert notes == [] and found.equals(energies)
    # at constant volume the file has none; without a box there is nothing to compare with
    assert energies_beside(RUN, energies.assign(Volume=np.nan), FRAMES_PS, BOX_NM)[1] == []
    assert energies_beside(RUN, energies, FRAMES_PS, np.full_like(BOX_NM, np.nan))[1] == []


def test_energies_of_another_run_are_told_and_not_used() -> None:
    energies = energies_of_box()
    found, notes = energies_beside(RUN, energies.assign(Volume=energies["Volume"] * 1.01), FRAMES_PS, BOX_NM)
    assert found.empty and list(found.columns) == ENERGY_COLUMNS
    assert notes == [
        "no energies: energy.edr: at 21 of 21 times of both its volume is not that of the trajectory's box (27.27 and "
        "27 nm³ at 0 ps): it belongs to another run. Volume and density are those of the trajectory's box"
    ]
    # a box that was given by hand for the whole run cannot follow the volume
    given = run_of([ion("Li", "cation", 2)], energy="energy.edr", opening={"box_nm": [3.0, 3.0, 3.0]})
    assert energies_beside(given, energies, FRAMES_PS, np.full_like(BOX_NM, 3.0))[1] == []


def test_where_some_volumes_differ_the_box_tells_them() -> None:
    energies = energies_of_box()
    energies.loc[30:, "Volume"] *= 1.001
    found, notes = energies_beside(RUN, energies, FRAMES_PS, BOX_NM)
    assert found["Volume"].isna().all() and found["Density"].isna().all() and found["Temperature"].notna().all()
    assert len(notes) == 1 and notes[0].startswith("energy.edr: at 6 of 21 times of both its volume is not that")


def test_energies_that_end_early_say_so() -> None:
    found, notes = energies_beside(RUN, energies_of_box(25.0), FRAMES_PS, BOX_NM)
    assert len(found) == 26 and not covers(found, FRAMES_PS) and covers(energies_of_box(38.0), FRAMES_PS)
    assert len(notes) == 1
    assert notes[0].startswith(
        "energies cut short: energy.edr reaches from 0 to 25 ps, the trajectory from 0 to 40 ps. Volume and density are"
    )
