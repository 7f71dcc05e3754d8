"""Real Packmol: counts, distances, seeds, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from MDAnalysis.lib.distances import self_capped_distance

from workflow import packing
from workflow.packing import Block, PackingError, pack

TRIATOMIC = (
    "HETATM    1  X   MOL A   1       0.000   0.000   0.000\n"
    "HETATM    2  X   MOL A   1       1.000   0.000   0.000\n"
    "HETATM    3  X   MOL A   1       0.000   1.000   0.000\nEND\n"
)
ATOM = "HETATM    1  X   MOL A   1       0.000   0.000   0.000\nEND\n"


def test_molecules_keep_their_shape_and_distance_also_across_the_boundary(tmp_path: Path) -> None:
    xyz_nm = pack([Block(ATOM, 5, 1), Block(TRIATOMIC, 60, 3)], 2.0, 1, tmp_path)
    assert xyz_nm.shape == (185, 3)
    shapes = xyz_nm[5:].reshape(60, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(shapes[:, 1] - shapes[:, 0], axis=1), 0.1, atol=2e-4)
    box = np.array([20, 20, 20, 90, 90, 90], dtype=np.float32)
    pairs, distances = self_capped_distance((xyz_nm * 10).astype(np.float32), 3.0, box=box)
    molecule = np.concatenate([np.arange(5), np.repeat(np.arange(5, 65), 3)])
    assert distances[molecule[pairs[:, 0]] != molecule[pairs[:, 1]]].min() > 10 * packing.SHORTEST_CONTACT_NM


def test_the_seed_decides(tmp_path: Path) -> None:
    blocks = [Block(ATOM, 20, 1)]
    first, same, other = (pack(blocks, 2.0, seed, tmp_path / str(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_an_impossible_density_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(PackingError, match=r"cannot pack.*0\.50 nm.*Remedy: lower packing_density_fraction"):
        pack([Block(ATOM, 40, 1)], 0.5, 1, tmp_path)


def test_packmol_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackingError, match=r"Packmol is missing.*make install"):
        pack([Block(ATOM, 2, 1)], 2.0, 1, tmp_path)
