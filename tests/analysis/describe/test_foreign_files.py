"""Files as users have them: damaged, of another program, swapped, with options that contradict them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.describe import doubts
from analysis.describe.dcd import dcd_head
from analysis.describe.describe import NO_BOX, describe
from analysis.describe.headers import xtc_headers
from analysis.run import RunError
from analysis.xtc import TIME_AT

from .liquids import Liquid, liquid, request, universe_of, write_data, write_dump, write_pdb, write_trajectory

ORDER = ["Na"] * 2 + ["PF6"] * 2 + ["EC"] * 4
N_FRAMES = 12


def files(folder: Path, suffix: str = ".xtc") -> tuple[Liquid, Path, Path]:
    """A liquid, its PDB and its trajectory of 12 frames, 1 ps apart."""
    one = liquid(ORDER, n_frames=N_FRAMES)
    universe = universe_of(one)
    pdb = write_pdb(folder / "a.pdb", universe)
    return one, pdb, write_trajectory(folder / f"a{suffix}", universe, one.wrapped_nm, one.box_nm)


def refused(*arguments: object) -> str:
    """What `describe` refuses, which is one line."""
    with pytest.raises(RunError) as caught:
        describe(request(*arguments[:-1], **arguments[-1]))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_headers_are_those_of_the_file(tmp_path: Path) -> None:
    one, _, xtc = files(tmp_path)
    headers = xtc_headers(xtc)
    assert headers is not None
    assert (headers.n_frames, headers.gaps, headers.tail_bytes) == (N_FRAMES, (), 0)
    assert np.array_equal(headers.times_ps, np.arange(N_FRAMES))
    assert np.allclose(headers.boxes_nm, one.box_nm * np.eye(3), atol=1e-6)


@pytest.mark.parametrize("damage", ["noise", "zeros", "hole"])
def test_a_trajectory_damaged_in_the_middle_is_used_around_it(tmp_path: Path, damage: str) -> None:
    """Bytes over the heads of two frames: three are lost, wherever the noise leads a reader that trusts lengths."""
    _, pdb, xtc = files(tmp_path)
    headers = xtc_headers(xtc)
    assert headers is not None
    data = bytearray(xtc.read_bytes())
    start, stop = int(headers.offsets[5]) + 200, int(headers.offsets[7]) + 200
    noise = np.random.default_rng(1).integers(0, 256, stop - start, dtype=np.uint8).tobytes()
    data[start:stop] = {"noise": noise, "zeros": bytes(stop - start), "hole": b""}[damage]
    if damage == "hole":
        del data[start : start + 12]
    xtc.write_bytes(data)
    document, notes = describe(request(pdb, xtc))
    (told,) = [note for note in notes if "is damaged" in note]
    assert "9 frames are whole, about 3 between 4 and 8 ps are lost" in told
    assert (document["frame_interval_ps"], document["production_ns"]) == (1.0, 0.011)
    assert {entry["name"]: entry["count"] for entry in document["species"]} == {"Na": 2, "PF6": 2, "EC": 4}


def test_coordinates_that_cannot_be_unpacked_end_no_more_than_a_child(tmp_path: Path) -> None:
    """The first three frames keep their heads and lengths, the rest of them is noise."""
    _, pdb, xtc = files(tmp_path)
    headers = xtc_headers(xtc)
    assert headers is not None
    data = bytearray(xtc.read_bytes())
    rng = np.random.default_rng(2)
    for frame in range(3):
        start, stop = int(headers.offsets[frame]) + 56, int(headers.offsets[frame + 1])
        length = data[start + 32 : start + 36]
        data[start:stop] = rng.integers(0, 256, stop - start, dtype=np.uint8).tobytes()
        data[start + 32 : start + 36] = length
    xtc.write_bytes(data)
    document, _ = describe(request(pdb, xtc))
    assert {entry["name"]: entry["count"] for entry in document["species"]} == {"Na": 2, "PF6": 2, "EC": 4}


def test_one_frame_without_a_box_takes_it_from_no_other(tmp_path: Path) -> None:
    _, pdb, xtc = files(tmp_path)
    headers = xtc_headers(xtc)
    assert headers is not None
    data = bytearray(xtc.read_bytes())
    for frame in (0, N_FRAMES - 1):
        at = int(headers.offsets[frame]) + TIME_AT + 4
        data[at : at + 36] = bytes(36)
    xtc.write_bytes(data)
    _, notes = describe(request(pdb, xtc))
    assert NO_BOX not in notes
    assert f"2 of {N_FRAMES} frames have no box, the first is frame 1" in notes


def test_parts_are_joined_by_time_from_their_headers(tmp_path: Path) -> None:
    one, pdb, whole = files(tmp_path)
    universe = universe_of(one)
    first = write_trajectory(tmp_path / "1.xtc", universe, one.wrapped_nm[:7], one.box_nm)
    later = write_trajectory(tmp_path / "2.xtc", universe, one.wrapped_nm[5:], one.box_nm, np.arange(5.0, 12.0))
    joined, _ = describe(request(pdb, first, later))
    alone, _ = describe(request(pdb, whole))
    assert joined["production_ns"] == alone["production_ns"] == 0.011
    assert "parts must follow each other in time" in refused(pdb, later, first, {})


@pytest.mark.parametrize("bonds", [True, False])
def test_molecules_broken_without_a_box_want_one(tmp_path: Path, bonds: bool) -> None:
    one = liquid(["Na"] * 4 + ["TFSI"] * 4 + ["EC"] * 19)
    universe = universe_of(one)
    universe.dimensions = None
    pdb = write_pdb(tmp_path / "a.pdb", universe, "conect" if bonds else None)
    # Moved by half a cell of the lattice, most molecules lie across a boundary.
    broken = (one.positions_nm + 0.45) % one.box_nm
    dcd = write_trajectory(tmp_path / "a.dcd", universe, broken, None)
    _, notes = describe(request(pdb, dcd))
    (told,) = [note for note in notes if "broken across a boundary" in note]
    assert "Remedy: --box X Y Z (nm)" in told
    assert "the atoms span 2.7 2.7 2.7 nm" in told
    document, notes = describe(request(pdb, dcd, box_nm=(one.box_nm,) * 3))
    assert not [note for note in notes if "boundary" in note or "bonds are longer" in note]
    assert len(document["species"]) == 3
    _, notes = describe(request(pdb, dcd, box_nm=(10 * one.box_nm,) * 3))
    assert any("--box is in nm" in note for note in notes)


def test_a_box_in_angstrom_contradicts_that_of_the_file(tmp_path: Path) -> None:
    one, pdb, xtc = files(tmp_path)
    assert "edges in nm, or leave out --box" in refused(pdb, xtc, {"box_nm": (10 * one.box_nm,) * 3})
    _, notes = describe(request(pdb, xtc, box_nm=(1.2 * one.box_nm,) * 3))
    assert any("replaces the box of the file" in note for note in notes)
    _, notes = describe(request(pdb, xtc, box_nm=(one.box_nm,) * 3))
    assert not any("box" in note for note in notes)


def written_by_lammps(dcd: Path, interval_fs: int, n_frames: int | None = None) -> Path:
    """The head that LAMMPS writes: a step of 1 fs, steps between frames, its remark."""
    data = bytearray(dcd.read_bytes())
    struct.pack_into("<i", data, 16, interval_fs)
    struct.pack_into("<f", data, 44, 1.0)
    if n_frames is not None:
        struct.pack_into("<i", data, 8, n_frames)
    data[100:117] = b"Created by LAMMPS"
    dcd.write_bytes(data)
    return dcd


@pytest.mark.parametrize("topology", ["pdb", "data"])
def test_a_dcd_is_in_the_units_of_the_program_that_wrote_it(tmp_path: Path, topology: str) -> None:
    one, pdb, dcd = files(tmp_path, ".dcd")
    top = pdb if topology == "pdb" else write_data(tmp_path / "a.data", one)
    document, notes = describe(request(top, dcd))
    assert document["frame_interval_ps"] == pytest.approx(1.0)  # as MDAnalysis wrote it
    assert any("AKMA units" in note and "--frame-interval" in note for note in notes)
    written_by_lammps(dcd, 400, n_frames=20)
    document, notes = describe(request(top, dcd))
    assert document["frame_interval_ps"] == pytest.approx(0.4)
    assert any("LAMMPS wrote" in note and "--lammps-units metal" in note for note in notes)
    assert any("its head tells 20 frames, 12 can be read" in note for note in notes)
    document, notes = describe(request(top, dcd, lammps_units="metal"))
    assert document["frame_interval_ps"] == pytest.approx(400.0)
    assert not any("taken in" in note for note in notes)
    document, _ = describe(request(top, dcd, timestep_fs=2.0))
    assert document["frame_interval_ps"] == pytest.approx(0.8)
    head = dcd_head(dcd)
    assert head is not None
    assert (head.n_frames, head.steps, head.by_lammps) == (20, 400, True)


def test_a_dump_that_breaks_off_is_told(tmp_path: Path) -> None:
    one, _, _ = files(tmp_path)
    data, dump = write_data(tmp_path / "a.data", one), write_dump(tmp_path / "a.lammpstrj", one)
    _, notes = describe(request(data, dump, timestep_fs=1.0))
    assert not any("breaks off" in note for note in notes)
    dump.write_bytes(dump.read_bytes()[:-300])
    _, notes = describe(request(data, dump, timestep_fs=1.0))
    assert any("breaks off within its last frame" in note for note in notes)


def test_an_energy_file_must_be_one_and_have_the_temperature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pdb, xtc = files(tmp_path)
    assert "there is no such file. Remedy: --energy" in refused(pdb, xtc, {"energy": tmp_path / "d.edr"})
    assert "no GROMACS energy file. Remedy: --energy" in refused(pdb, xtc, {"energy": xtc})
    assert "is a folder" in refused(pdb, xtc, {"energy": tmp_path})
    monkeypatch.setattr(doubts, "read_energies", lambda path: pd.DataFrame({"Temperature": [297.0, 299.8, np.nan]}))
    _, notes = describe(request(pdb, xtc, energy=pdb, temperature_K=330.0))
    assert any("--temperature 330, but the mean temperature in" in note and "is 298.4 K" in note for note in notes)
    _, notes = describe(request(pdb, xtc, energy=pdb))
    assert not any("--temperature" in note for note in notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--element", "ZZ=N"], "--element ZZ: no atom has this name or type"),
        (["--base", "x", "--system", "x"], "--base x: is this system itself"),
        (["--site", "C_x(EC)=O:O1,C2"], "--site C_x(EC): the kind O is O, but C2 is C"),
        (["--name", "FOO=BAR"], "--name names FOO, which is none of them"),
        (["--name", "FOO=EC"], "--name names FOO, which is none of them"),
        (["--energy", "no.edr"], "no.edr: there is no such file"),
    ],
)
def test_an_option_that_concerns_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    _, pdb, xtc = files(tmp_path)
    out = tmp_path / "run.json"
    assert main(["describe", str(pdb), str(xtc), "-o", str(out), "--temperature", "298", *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert words in said
    assert not out.exists()


def test_options_for_other_files_are_told(tmp_path: Path) -> None:
    _, pdb, xtc = files(tmp_path)
    _, notes = describe(request(pdb, xtc, atom_style="id type x y z", lammps_units="metal"))
    assert any("--atom-style tells nothing here" in note for note in notes)
    assert any("--lammps-units tells nothing here" in note for note in notes)


def test_a_data_file_of_another_style_asks_for_it(tmp_path: Path) -> None:
    one, _, xtc = files(tmp_path)
    data = write_data(tmp_path / "a.data", one)
    head, rest = data.read_text().split("Atoms # full\n\n")
    atoms = [line.split() for line in rest.split("\n\n")[0].splitlines()]
    charge = "\n".join(" ".join([line[0], *line[2:]]) for line in atoms)
    data.write_text(f"{head.replace(f'{len(one.bonds)} bonds', '0 bonds')}Atoms # charge\n\n{charge}\n")
    told = refused(data, xtc, {})
    assert "its atoms have the style charge" in told
    assert 'Remedy: --atom-style with the columns, e.g. "id type charge x y z"' in told
    document, _ = describe(request(data, xtc, atom_style="id type charge x y z"))
    assert sum(entry["count"] for entry in document["species"]) == len(ORDER)


def test_a_topology_that_is_none_is_named(tmp_path: Path) -> None:
    one, pdb, xtc = files(tmp_path)
    assert f"Remedy: describe {pdb} {xtc}" in refused(xtc, pdb, {})
    assert f"{tmp_path}: is a folder" in refused(pdb, tmp_path, {})
    assert f"{tmp_path}: is a folder" in refused(tmp_path, xtc, {})
    told = refused(pdb, xtc, {"topology_format": "TPR"})
    assert told.startswith(f"{pdb}: cannot be read as TPR")
    gro = write_pdb(tmp_path / "a.gro", universe_of(one), None)
    gro.write_text(gro.read_text()[: gro.stat().st_size // 2])
    assert refused(gro, xtc, {}).startswith(f"{gro}: the topology cannot be read")


def test_another_order_of_atoms_invents_molecules(tmp_path: Path) -> None:
    one = liquid(["Na"] * 4 + ["TFSI"] * 4 + ["EC"] * 19)
    universe = universe_of(one)
    order = np.random.default_rng(4).permutation(len(one.elements))
    xtc = write_trajectory(tmp_path / "a.xtc", universe, one.wrapped_nm[:, order], one.box_nm)
    for bonds, words in ((None, "the order of atoms may differ"), ("conect", "the order of atoms differs")):
        _, notes = describe(request(write_pdb(tmp_path / "a.pdb", universe, bonds), xtc))
        assert any(words in note for note in notes)
