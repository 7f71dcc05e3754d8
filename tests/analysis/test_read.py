"""One pass over a trajectory: what it stores, what it refuses, and that it leaves nothing half."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyedr
import pytest
from MDAnalysis.lib.distances import distance_array

from analysis import neighbours
from analysis.__main__ import main
from analysis.cutoffs import CONTACT_NM, PAIR_MARGIN_NM
from analysis.energies import EDR_MAGIC, ENERGY_COLUMNS
from analysis.observables import rdf
from analysis.observe import observe
from analysis.read import load_reading, read
from analysis.run import RunError, SiteGroup, load_run
from analysis.table import read_csv

from .conftest import gas_document, run_document, species_entry, write_run
from .readings import assert_same


def test_pairs_histograms_and_norm_agree_with_a_direct_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    boxes = rng.uniform(1.5, 1.7, size=(30, 3))
    positions = np.round(rng.random((30, 25, 3)) * boxes[:, None], 3)
    run = load_run(write_run(tmp_path / "run", gas_document(5, 20), positions, boxes))
    read(run, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    pairs = reading.pairs["Li-O(G)"]
    expected = []
    for t in range(30):
        box = [*reading.box_nm[t], 90, 90, 90]
        distances = distance_array(positions[t, :5], positions[t, 5:], box=box)
        expected += [(t, i, j, distances[i, j]) for i, j in zip(*np.nonzero(distances < 0.33), strict=True)]
    assert len(pairs) == len(expected) > 100
    for name, values in zip(("frame", "cation", "site"), zip(*expected, strict=True), strict=False):
        assert np.array_equal(pairs[name], values)
    assert np.allclose(pairs["distance_nm"], [entry[3] for entry in expected], atol=1e-5)
    below = reading.histograms["Li-O(G)"][:, :165].sum()
    assert below == len(pairs)
    assert reading.pair_cutoffs_nm == {"Li-O(G)": pytest.approx(CONTACT_NM["O"] + PAIR_MARGIN_NM)}
    with pytest.raises(RunError, match=r"Li-O\(G\): .* up to 0.33 nm .* 0.34 nm are asked for; read it again"):
        reading.near("Li-O(G)", 0.34, 0, 30)
    assert reading.bin_edges_nm[-1] <= reading.box_nm.min() / 2 < reading.bin_edges_nm[-1] + 0.002
    assert reading.norm["Li-O(G)"].sum() == pytest.approx((100 / np.prod(reading.box_nm, axis=1)).sum())
    assert np.array_equal(np.bincount(reading.block_of_frame), np.diff(reading.block_edges_frame))
    assert np.allclose(reading.box_nm, boxes, atol=1e-5)
    assert np.allclose(reading.time_ps, np.arange(30))


def test_distances_in_portions_give_the_same(gas_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load_run(gas_run)
    read(run, tmp_path / "whole")
    monkeypatch.setattr(neighbours, "_DISTANCES_AT_ONCE", 100)
    monkeypatch.setattr(neighbours, "_PAIRS_WAITING", 7)
    read(run, tmp_path / "portions")
    whole, portions = load_reading(tmp_path / "whole"), load_reading(tmp_path / "portions")
    assert np.array_equal(whole.histograms["Li-O(G)"], portions.histograms["Li-O(G)"])
    assert np.array_equal(whole.pairs["Li-O(G)"], portions.pairs["Li-O(G)"])


def test_a_site_that_never_comes_near_has_an_empty_list(tmp_path: Path) -> None:
    positions = np.tile([[0.1, 0.1, 0.1], [1.4, 1.4, 1.4]], (12, 1, 1))
    run = load_run(write_run(tmp_path / "run", gas_document(1, 1), positions, np.full((12, 3), 3.0)))
    read(run, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert len(reading.pairs["Li-O(G)"]) == 0
    assert reading.histograms["Li-O(G)"].sum() == 0
    assert reading.energies.empty
    assert list(reading.energies.columns) == ENERGY_COLUMNS


def test_the_bins_end_at_half_the_smallest_box_of_all_frames(tmp_path: Path) -> None:
    boxes = np.full((12, 3), 2.0)
    boxes[7, 1] = 1.5
    run = load_run(write_run(tmp_path / "run", gas_document(2, 2), np.zeros((12, 4, 3)), boxes))
    read(run, tmp_path / "reading")
    assert load_reading(tmp_path / "reading").bin_edges_nm[-1] == pytest.approx(0.75, abs=0.002)


def test_short_intervals_late_in_a_long_run_pass(tmp_path: Path) -> None:
    times = np.float32(100_000) + np.arange(12, dtype=np.float32) * np.float32(0.1)
    path = write_run(tmp_path / "run", gas_document(2, 2), np.ones((12, 4, 3)), np.full((12, 3), 3.0), times)
    read(load_run(path), tmp_path / "reading")
    assert load_reading(tmp_path / "reading").n_frames == 12


def test_a_truncated_trajectory_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    path = write_run(tmp_path / "run", gas_document(8, 60), rng.random((120, 68, 3)) * 2, np.full((120, 3), 2.0))
    trajectory = path.parent / "traj.xtc"
    size = trajectory.stat().st_size
    os.truncate(trajectory, round(size * 0.7) + 150)
    read(load_run(path), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert 80 < reading.n_frames < 90
    assert "cut short: traj.xtc is damaged or broken off; " in reading.notes[0] and "hold no frame" in reading.notes[0]
    assert reading.com_nm.shape == (reading.n_frames, 68, 3)
    assert reading.block_edges_frame[-1] == reading.n_frames == reading.block_of_frame.size
    assert reading.pairs["Li-O(G)"]["frame"].max() < reading.n_frames
    assert all(norm > 0 for norm in reading.norm["Li-O(G)"])
    assert len(reading.norm["Li-O(G)"]) == len(reading.block_edges_frame) - 1


def test_a_trajectory_shorter_than_its_run_says_is_noted(gas_run: Path, tmp_path: Path) -> None:
    document = json.loads(gas_run.read_text())
    for done_ns, notes in ((0.019, []), (0.020, []), (0.025, ["it covers 19 ps, run.json says 25 ps"])):
        gas_run.write_text(json.dumps(document | {"production_ns_done": done_ns}))
        read(load_run(gas_run), tmp_path / "reading")
        found = load_reading(tmp_path / "reading").notes
        cut = "trajectory cut short: "
        assert [note.removeprefix(cut) for note in found if note.startswith(cut)] == notes


def test_a_read_that_is_interrupted_leaves_no_folder(gas_run: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        read(load_run(gas_run), tmp_path / "reading", interrupt)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(RunError, match="no complete reading"):
        load_reading(tmp_path / "reading")


def test_leftovers_of_a_killed_read_and_an_old_reading_are_replaced(gas_run: Path, tmp_path: Path) -> None:
    for name in (".reading.partial", "reading"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "old").touch()
    (tmp_path / "reading" / "reading.json").touch()
    read(load_run(gas_run), tmp_path / "reading")
    assert not (tmp_path / "reading" / "old").exists()
    assert not (tmp_path / ".reading.partial").exists()
    assert load_reading(tmp_path / "reading").n_frames == 20


def test_a_folder_that_holds_something_else_is_left_alone(gas_run: Path) -> None:
    with pytest.raises(RunError, match="is no reading of a trajectory"):
        read(load_run(gas_run), gas_run.parent)
    assert gas_run.is_file()


def test_a_molecule_without_bonds_is_put_together_by_neighbours_in_the_file(tmp_path: Path) -> None:
    rng, box = np.random.default_rng(5), np.full(3, 2.0)
    shape = np.cumsum(rng.normal(scale=0.1, size=(6, 3)), axis=0)
    positions = np.concatenate([np.ones((12, 1, 3)), (rng.random((12, 1, 3)) * 0.5 + 1.6 + shape) % box], axis=1)
    found = []
    for bonds in ([(i, i + 1) for i in range(5)], [], [(0, 1), (3, 4)]):
        species = [
            species_entry("Li", "cation", 1),
            species_entry("X", "solvent", 1, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), bonds=bonds),
        ]
        path = write_run(tmp_path / "run", run_document(species, []), positions, np.tile(box, (12, 1)))
        read(load_run(path), tmp_path / "reading")
        found.append(load_reading(tmp_path / "reading"))
    for other, loose in zip(found[1:], (5, 3), strict=True):
        np.testing.assert_allclose(other.com_nm, found[0].com_nm, atol=1e-6)
        assert f"X: no bond leads to {loose} of its 6 atoms" in other.notes[0]


def test_a_folder_that_cannot_be_written_is_told(gas_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/reading: cannot be written \((Not a directory|File exists)\)"):
        read(load_run(gas_run), tmp_path / "file" / "reading")


@pytest.mark.parametrize("damage", ["missing", "damaged", "wrong unit"])
def test_an_energy_file_that_cannot_be_used_costs_only_what_needs_it(
    gas_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    edr = gas_run.parent / "energy.edr"
    gas_run.write_text(json.dumps(json.loads(gas_run.read_text()) | {"energy": edr.name}))
    if damage != "missing":
        edr.write_bytes(b"broken" if damage == "damaged" else EDR_MAGIC.to_bytes(4, "big", signed=True))
    if damage == "wrong unit":
        terms = {"Time": np.arange(20.0), "Temperature": np.full(20, 77.0)}
        monkeypatch.setattr(pyedr, "edr_to_dict", lambda path: terms)
        monkeypatch.setattr(pyedr, "get_unit_dictionary", lambda path: {"Time": "ps", "Temperature": "F"})
    run = load_run(gas_run)
    read(run, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert reading.energies.empty and list(reading.energies.columns) == ENERGY_COLUMNS
    assert observe(run, reading, tmp_path / "observables") == []
    records = read_csv(tmp_path / "observables" / "thermodynamics.csv").to_dict("records")
    table = {str(one["quantity"]): one for one in records}
    for quantity in ("temperature", "pressure", "potential_energy"):
        assert np.isnan(table[quantity]["value"])
        assert re.match(r"no energies: .*energy\.edr: ", table[quantity]["note"])
    assert table["density"]["value"] > 0 and "no energies: " in table["trajectory_end"]["note"]
    assert (read_csv(tmp_path / "observables" / "rdf.csv")["quantity"] == "g").any()


def test_a_site_without_atoms_is_counted_as_nothing(gas_run: Path, tmp_path: Path) -> None:
    run = load_run(gas_run)
    empty = replace(run, sites=(*run.sites, SiteGroup("N(G)", "G", "N", ())))
    read(empty, tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert not reading.histograms["Li-N(G)"].any() and not reading.norm["Li-N(G)"].any()
    assert len(reading.pairs["Li-N(G)"]) == 0
    rows = [entry for entry in rdf.compute(empty, reading, 0) if entry["label"] == "Li-N(G)"]
    assert [entry["note"] for entry in rows] == ["no atoms of this kind"] * 2


def test_two_processes_give_what_one_gives(gas_run: Path, tmp_path: Path) -> None:
    run = load_run(gas_run)
    read(run, tmp_path / "one")
    read(run, tmp_path / "three", processes=3)
    assert_same(load_reading(tmp_path / "one"), load_reading(tmp_path / "three"))
    assert not list((tmp_path / "three").glob("pairs?"))


def test_the_command_line_tells_errors_in_one_line(
    gas_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(gas_run), "--out", str(tmp_path / "reading")]) == 0
    document = json.loads(gas_run.read_text()) | {"cation": "Na"}
    gas_run.write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["read", str(gas_run), "--out", str(tmp_path / "reading")]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "Na" in message


@pytest.mark.parametrize(("production_ns", "read_ps"), [(0.0105, 10.5), (0.0195, 19.5), (0.03, 19.5), (None, 19.5)])
def test_a_trajectory_is_read_as_far_as_the_run_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, production_ns: float | None, read_ps: float
) -> None:
    times, rng = np.arange(40) / 2, np.random.default_rng(6)
    document = gas_document(4, 4, production_ns=production_ns, production_ns_done=0.0195)
    path = write_run(tmp_path / "run", document, 0.1 * rng.random((40, 8, 3)), np.full((40, 3), 3.0), times + 100)
    energies = pd.DataFrame({column: np.arange(100.0, 120.0) for column in ENERGY_COLUMNS}).assign(Volume=27.0)
    monkeypatch.setattr("analysis.energies.read_energies", lambda path: energies)
    seen: list[tuple[int, int]] = []
    read(load_run(path), tmp_path / "reading", lambda done, total: seen.append((done, total)))
    reading = load_reading(tmp_path / "reading")
    n_frames = round(2 * read_ps) + 1
    assert reading.n_frames == n_frames == reading.block_edges_frame[-1] == len(reading.com_nm)
    assert seen[-1] == (n_frames, n_frames)
    assert reading.time_ps[-1] == 100 + read_ps
    assert reading.energies["time_ps"].max() == np.floor(100 + read_ps)
    longer = (f"trajectory goes on to 119.5 ps; read up to {100 + read_ps:g} ps as configured",)
    assert reading.notes == (longer if read_ps < 19.5 else ())


@pytest.mark.parametrize(("step_nm", "far"), [(1.3, True), (1.1, False)])
def test_the_largest_step_is_recorded_and_told_when_it_is_too_large(tmp_path: Path, step_nm: float, far: bool) -> None:
    positions = np.zeros((12, 4, 3))
    positions[6:, 2, 1] = step_nm
    path = write_run(tmp_path / "run", gas_document(2, 2), positions, np.full((12, 3), 3.0))
    read(load_run(path), tmp_path / "reading")
    reading = load_reading(tmp_path / "reading")
    assert reading.largest_step == pytest.approx(step_nm / 3.0, abs=1e-3)
    note = f"frames too far apart to follow the molecules (largest step {step_nm / 3:.2g} box lengths)"
    assert reading.notes == ((note,) if far else ())
    assert reading.step_note() == (note if far else "")
