"""Without a box: what was wrapped is no damage, and what needs positions is then not known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from analysis.part import damage
from analysis.read import read
from analysis.reading import UNKNOWN_BOUNDARY, load_reading
from analysis.run import load_run

from .conftest import run_document, species_entry, write_run

EDGE_NM = 2.0
SHAPE = np.array([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])


def positions_nm(n_frames: int = 30, step_nm: float = 0.05) -> np.ndarray:
    """Forty bent molecules that walk, (F, N, 3), whole and where they walked to."""
    rng = np.random.default_rng(7)
    start = rng.random((40, 1, 3)) * EDGE_NM + SHAPE
    positions: np.ndarray = (start + np.cumsum(rng.normal(scale=step_nm, size=(n_frames, 40, 1, 3)), axis=0)).reshape(
        n_frames, 120, 3
    )
    return positions


@pytest.mark.parametrize("how", ["whole", "wrapped by atoms", "wrapped by molecules"])
@pytest.mark.parametrize("suffix", ["xtc", "dcd"])
def test_wrapped_positions_without_a_box_are_read_and_told(tmp_path: Path, how: str, suffix: str) -> None:
    positions = positions_nm()
    if how == "wrapped by atoms":
        positions %= EDGE_NM
    if how == "wrapped by molecules":
        whole = positions.reshape(30, 40, 3, 3)
        positions = (whole - EDGE_NM * np.floor(whole[:, :, :1] / EDGE_NM)).reshape(30, 120, 3)
    species = [species_entry("W", "solvent", 40, (16.0, 1.0, 1.0), bonds=[(0, 1), (0, 2)])]
    document = run_document(species, [], cation=None, trajectory=f"traj.{suffix}")
    path = write_run(tmp_path / "run", document, positions, np.zeros((30, 3)))
    read(load_run(path), tmp_path / "reading", processes=2)
    reading = load_reading(tmp_path / "reading")
    assert reading.n_frames == 30
    told = "" if how == "whole" else UNKNOWN_BOUNDARY
    assert reading.unknown_boundary == reading.step_note() == told
    assert sum(UNKNOWN_BOUNDARY in note for note in reading.notes) == bool(told)
    assert math.isnan(reading.largest_step) == bool(told)


def test_a_long_bond_is_damage_only_where_there_is_a_box() -> None:
    centres = np.zeros((3, 2, 3))
    centres[2, 0, 0] = np.nan
    longest = np.array([0.1, 1.9, 0.1])
    no_numbers = "has coordinates that are not numbers"
    assert damage(centres, longest) == ["", "has a bond 1.9 nm long and is damaged", no_numbers]
    assert damage(centres, longest, has_box=False) == ["", "", no_numbers]
