"""What contradicts itself in files and options: a note, or a refusal that names the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.describe import doubts
from analysis.describe.describe import NO_BOX, describe
from analysis.describe.document import write_document
from analysis.run import RunError

from .liquids import liquid, request, universe_of, write_pdb, write_trajectory

ORDER = ["Na"] * 2 + ["PF6"] * 2 + ["EC"] * 4


def files(folder: Path, suffix: str = ".xtc", box: bool = True) -> tuple[Path, Path]:
    """A liquid's PDB and its trajectory of 12 frames."""
    one = liquid(ORDER)
    universe = universe_of(one)
    pdb = write_pdb(folder / "a.pdb", universe)
    return pdb, write_trajectory(folder / f"a{suffix}", universe, one.wrapped_nm, one.box_nm if box else None)


@pytest.mark.parametrize(("kelvin", "doubtful"), [(25.0, True), (149.0, True), (298.0, False), (1001.0, True)])
def test_a_temperature_at_which_nothing_is_liquid_is_asked_about(tmp_path: Path, kelvin: float, doubtful: bool) -> None:
    _, notes = describe(request(*files(tmp_path), temperature_K=kelvin))
    assert (f"--temperature {kelvin:g}: is this in kelvin?" in notes) == doubtful


def test_pressures_of_runs_whose_volume_changes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdb, xtc = files(tmp_path)
    terms: dict[str, np.ndarray] = {"Pres-XY": np.zeros(5)}
    monkeypatch.setattr(doubts, "read_terms", lambda path, what: (terms, {}))
    of_runs = request(pdb, xtc, viscosity_energies=(pdb,))
    describe(of_runs)  # GROMACS writes no volume where it is constant
    constant = np.full(5, 41.123, dtype=np.float32)
    terms["Volume"] = constant * np.float32(1 + 1e-7) ** np.arange(5)
    describe(of_runs)
    terms["Volume"] = constant + np.array([0, 0.2, 0.1, 0, 0])
    with pytest.raises(RunError, match=r"the volume changes by 0.0049 .* constant volume. Remedy: short NVT runs"):
        describe(of_runs)


@pytest.mark.parametrize("suffix", [".xtc", ".trr", ".dcd"])
def test_a_format_that_the_file_is_not_of_is_told_so(tmp_path: Path, suffix: str) -> None:
    pdb, trajectory = files(tmp_path, suffix)
    own, other = suffix[1:].upper(), "DCD" if suffix != ".dcd" else "XTC"
    describe(request(pdb, trajectory, trajectory_format=own))
    with pytest.raises(RunError, match=f"--trajectory-format {other} does not fit .*, a file of {own}. Remedy: leave"):
        describe(request(pdb, trajectory, trajectory_format=other))


@pytest.mark.parametrize(("name", "element"), [("SOD", "Na"), ("POT", "K"), ("CES", "Cs"), ("LIT", "Li")])
def test_an_ion_with_the_name_of_charmm_is_known_and_told(tmp_path: Path, name: str, element: str) -> None:
    pdb, xtc = files(tmp_path)
    lines = pdb.read_text().splitlines()
    # names stand in columns 13 to 20, an element in 77 and 78
    written = [f"{line[:12]} {name} {name:4}{line[21:76]}" if "  Na " in line else line for line in lines]
    pdb.write_text("\n".join(written) + "\n")
    document, notes = describe(request(pdb, xtc))
    assert document["cation"] and document["species"][0]["charge_e"] == 1
    told = f"{name} is taken as {element}, whose ion CHARMM calls so. Remedy if wrong: --element {name}=SYMBOL"
    assert told in notes
    _, corrected = describe(request(pdb, xtc, elements={name: "Rb"}))
    assert told not in corrected


def test_an_ion_named_like_another_element_is_told(tmp_path: Path) -> None:
    pdb, xtc = files(tmp_path)
    assert not [note for note in describe(request(pdb, xtc))[1] if "named like" in note]
    lines = pdb.read_text().splitlines()
    changed = [f"{line[:76]}LI{line[78:]}" if line[12:16].strip() == "Na" else line for line in lines]
    assert changed != lines
    pdb.write_text("\n".join(changed) + "\n")
    document, notes = describe(request(pdb, xtc))
    assert document["cation"] == "Li"
    (told,) = [note for note in notes if "named like" in note]
    assert told == ("Na is taken as Li, as the topology says, but is named like Na. Remedy if wrong: --element Na=Na")
    document, notes = describe(request(pdb, xtc, elements={"Na": "Na"}))
    assert document["cation"] == "Na"
    assert not [note for note in notes if "named like" in note]


def test_broken_molecules_without_a_box_are_one_message(tmp_path: Path) -> None:
    one = liquid(["Na"] * 4 + ["TFSI"] * 4 + ["EC"] * 19)
    universe = universe_of(one)
    pdb, broken = write_pdb(tmp_path / "a.pdb", universe), (one.positions_nm + 0.45) % one.box_nm
    _, notes = describe(request(pdb, write_trajectory(tmp_path / "a.dcd", universe, broken, None)))
    (told,) = [note for note in notes if "--box" in note]
    assert "nothing that needs positions can be computed" in told
    _, notes = describe(request(pdb, write_trajectory(tmp_path / "b.dcd", universe, one.positions_nm, None)))
    assert [note for note in notes if "--box" in note] == [NO_BOX]


def test_a_place_that_cannot_be_written_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(self: Path, *_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "write_text", read_only)
    out = tmp_path / "ro" / "z.json"
    with pytest.raises(RunError) as caught:
        write_document({"schema": 1}, out)
    assert str(caught.value) == (
        f"{out}: cannot be written (Read-only file system). Remedy: -o with a file in a folder of yours"
    )
