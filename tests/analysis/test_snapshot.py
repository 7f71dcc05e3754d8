"""A moment of a run: whole molecules inside the box, shells as they occurred, and a reason where there is nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import MDAnalysis as mda
import numpy as np
import pytest

from analysis.read import load_reading, read
from analysis.run import load_run
from analysis.snapshot import snapshot, write_snapshot

EDGE = 30.0  # angstrom
FRAMES = 12


def _dimers(seed: int) -> tuple[Any, Any]:
    """Positions (frames, atoms, 3) in angstrom: an Li that keeps two X2 molecules at 2 angstrom, and six far ones."""
    generator = np.random.default_rng(seed)
    places = np.empty((FRAMES, 17, 3))
    for frame in range(FRAMES):
        lithium = np.array([0.3, 15.0, 29.8]) + generator.normal(0, 0.05, 3)  # at two boundaries
        places[frame, 0] = lithium
        near = lithium + np.array([[2.0, 0, 0], [0, 0, 2.0]])
        far = np.array([[15.0, 3 + 4 * n, 15.0] for n in range(6)])
        places[frame, 1::2] = np.concatenate([near, far])
        places[frame, 2::2] = places[frame, 1::2] + np.array([0.0, 1.4, 0.0])
    return places % EDGE, places


def _write(folder: Path, **changes: Any) -> Path:
    wrapped, _ = _dimers(5)
    universe = mda.Universe.empty(17, n_residues=9, atom_resindex=[0, *np.repeat(range(1, 9), 2)], trajectory=True)
    universe.add_TopologyAttr("names", ["LI", *["O", "C"] * 8])
    universe.add_TopologyAttr("resids", range(1, 10))
    universe.add_TopologyAttr("resnames", ["LI", *["X"] * 8])
    universe.dimensions = [EDGE, EDGE, EDGE, 90, 90, 90]
    folder.mkdir(parents=True)
    with mda.Writer(str(folder / "traj.xtc"), 17) as writer:
        for frame, positions in enumerate(wrapped):
            universe.atoms.positions = positions
            universe.trajectory.ts.time = float(frame)
            writer.write(universe.atoms)
    universe.atoms.write(str(folder / "conf.gro"))
    species = [
        {"name": "Li", "title": "Li", "role": "cation", "count": 1, "charge_e": 1.0, "status": "literature",
         "masses_u": [6.94], "charges_e": [1.0], "names": ["LI"], "bonds": []},
        {"name": "X", "title": "X", "role": "solvent", "count": 8, "charge_e": 0.0, "status": "literature",
         "masses_u": [15.999, 12.011], "charges_e": [-0.1, 0.1], "names": ["O", "C"], "bonds": [[0, 1]]},
    ]  # fmt: skip
    document = {
        "schema": 1, "system": "toy", "replica": 1, "temperature_K": 298.0, "cation": "Li", "structure": "conf.gro",
        "trajectory": "traj.xtc", "species": species,
        "sites": [{"label": "O(X)", "species": "X", "kind": "O", "atoms": [0]}],
    } | changes  # fmt: skip
    (folder / "run.json").write_text(json.dumps(document))
    return folder / "run.json"


@pytest.fixture
def toy(tmp_path: Path) -> dict[str, Any]:
    """The snapshot of a lithium at the corner of its box that two of eight molecules touch."""
    run = load_run(_write(tmp_path / "toy"))
    read(run, tmp_path / "reading")
    return snapshot(run, load_reading(tmp_path / "reading"))


def _whole(scene: dict[str, Any]) -> Any:
    return np.array(scene["xyz_pm"]).reshape(-1, 3)


def test_molecules_of_the_box_are_whole_and_their_centres_inside(toy: dict[str, Any]) -> None:
    box = toy["box"]
    assert box["edges_pm"] == [3000, 3000, 3000] and box["time_ps"] == FRAMES - 1
    assert box["molecules"] == [0, *[1] * 8]
    molecules = _whole(box)[1:].reshape(8, 2, 3)
    assert np.allclose(np.linalg.norm(molecules[:, 1] - molecules[:, 0], axis=1), 140, atol=3)
    centres = molecules.mean(axis=1)
    assert (centres >= 0).all() and (centres <= 3000).all()


def test_a_shell_is_the_cation_with_whom_it_touches_across_the_boundary(toy: dict[str, Any]) -> None:
    (shell,) = toy["shells"]
    assert shell["label"] == "Li(X)2" and shell["molecules"] == [0, 1, 1]
    where = _whole(shell)
    assert where[0].tolist() == [0, 0, 0]
    assert shell["contacts"] == [[0, 1], [0, 3]]
    for a, b in shell["contacts"]:
        assert abs(np.linalg.norm(where[a] - where[b]) - 200) < 3
    for oxygen in (1, 3):
        assert abs(np.linalg.norm(where[oxygen + 1] - where[oxygen]) - 140) < 3


def test_elements_come_from_masses_and_names_stay_distinct(toy: dict[str, Any]) -> None:
    assert [one["elements"] for one in toy["species"]] == [["Li"], ["O", "C"]]
    assert toy["species"][1]["names"] == ["O", "C"] and toy["species"][1]["bonds"] == [[0, 1]]


def test_without_ions_there_is_a_box_and_no_shell(tmp_path: Path) -> None:
    path = _write(tmp_path / "toy", cation=None, sites=[])
    document = json.loads(path.read_text())
    document["species"][0] |= {"role": "solvent", "charge_e": 0.0, "charges_e": [0.0]}
    path.write_text(json.dumps(document))
    run = load_run(path)
    read(run, tmp_path / "reading")
    found = snapshot(run, load_reading(tmp_path / "reading"))
    assert found["shells"] == [] and len(found["box"]["molecules"]) == 9


def test_a_trajectory_that_went_away_is_a_note(tmp_path: Path) -> None:
    run = load_run(_write(tmp_path / "toy"))
    read(run, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    (tmp_path / "toy" / "traj.xtc").unlink()
    found = json.loads(write_snapshot(run, reading, tmp_path / "out").read_text())
    assert "no such file" in found["note"] and "box" not in found
