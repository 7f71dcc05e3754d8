"""`describe` as typed: it writes what the workflow would, and refuses what is wrong in one line."""

from __future__ import annotations

import json
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest

from analysis.__main__ import main
from analysis.describe.options import summary
from analysis.pressures import pressure_files
from analysis.run import load_run
from workflow.forcefield import molecule_atoms, write_topology
from workflow.gromacs import grompp
from workflow.manifest import _sites, _species

from .liquids import MOLECULES, liquid, universe_of, write_pdb, write_trajectory

MDP = "integrator = md\nnsteps = 0\ncutoff-scheme = verlet\nrlist = 1.0\nrcoulomb = 1.0\nrvdw = 1.0\n"


def files(folder: Path) -> tuple[Path, Path]:
    """A PDB and an XTC of sodium, PF6 and EC."""
    one = liquid(["Na"] * 2 + ["PF6"] * 2 + ["EC"] * 4)
    universe = universe_of(one)
    pdb = write_pdb(folder / "a.pdb", universe)
    return pdb, write_trajectory(folder / "a.xtc", universe, one.wrapped_nm, one.box_nm)


def test_a_tpr_gives_what_the_workflow_writes(tmp_path: Path) -> None:
    """Two routes to run.json: from the molecules' folders, and back from the file that GROMACS made of them."""
    contents = [("Li", 4, None), ("TFSI", 4, None), ("DOL", 6, None), ("DEC", 6, None), ("PAB", 2, 5), ("PIB", 1, 4)]
    molecules = [(MOLECULES[name], count, monomers) for name, count, monomers in contents]
    top, gro = tmp_path / "system.top", tmp_path / "conf.gro"
    write_topology(top, molecules, "geometric", "all kinds")
    rows = [
        (name, atom.name)
        for name, count, monomers in contents
        for _ in range(count)
        for atom in molecule_atoms(MOLECULES[name], monomers)
    ]
    xyz = np.random.default_rng(2).random((12, len(rows), 3)) * 3.0
    lines = [
        f"{i % 99999:5d}{name:<5s}{atom:>5s}{i % 99999:5d}" + "".join(f"{x:8.3f}" for x in xyz[0, i - 1])
        for i, (name, atom) in enumerate(rows, 1)
    ]
    gro.write_text("\n".join(["any places", str(len(rows)), *lines, "3.0 3.0 3.0"]) + "\n")
    (tmp_path / "run.mdp").write_text(MDP)
    tpr = grompp(tmp_path, "run", gro, top)
    universe = mda.Universe.empty(len(rows), trajectory=True)
    xtc = write_trajectory(tmp_path / "traj.xtc", universe, xyz, 3.0)
    out = tmp_path / "run.json"
    assert main(["describe", str(tpr), str(xtc), "-o", str(out), "--temperature", "298"]) == 0
    document = json.loads(out.read_text())
    for entry, (molecule, count, monomers) in zip(document["species"], molecules, strict=True):
        wanted = _species(molecule, count, monomers)
        for key in ("name", "role", "count", "charge_e", "names", "masses_u", "charges_e"):
            assert entry[key] == wanted[key], key
        assert sorted(entry["bonds"]) == sorted(sorted(bond) for bond in wanted["bonds"])
        assert "atoms" not in entry
    assert document["sites"] == [site for molecule, _, monomers in molecules for site in _sites(molecule, monomers)]
    assert document["cation"] == "Li"
    assert document["trajectory"] == "traj.xtc"


def test_it_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdb, xtc = files(tmp_path)
    out = tmp_path / "sub" / "run.json"
    assert main(["describe", str(pdb), str(xtc), "-o", str(out), "--temperature", "310", "--system", "x"]) == 0
    said = capsys.readouterr().out
    assert "x r1: 310 K, 0.011 ns, a frame every 1 ps" in said
    assert "2 Na: cation, 1 atom, +1 e" in said
    assert "4 EC: solvent, 10 atoms, +0 e, 88.06 u; O_carbonyl(EC), O_ether(EC)" in said
    assert "note: the topology has no charges" in said
    document = json.loads(out.read_text())
    assert document["trajectory"] == str(xtc.resolve())
    assert summary(document)[0] in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--temperature", "-3"], ["--temperature"]),
        (["--replica", "0"], ["--replica"]),
        (["--system", "a b"], ["--system a b"]),
        (["--charge", "EC"], ["--charge EC", "NAME=VALUE"]),
        (["--charge", "EC=none"], ["none is no number"]),
        (["--role", "EC=wine"], ["wine is none of cation, anion"]),
        (["--name", "EC=E-C"], ["E-C"]),
        (["--element", "X=Xx"], ["Xx is none of"]),
        (["--site", "O(EC)=O"], ["--site O(EC)=O", "must be like"]),
        (["--site", "O(EC)=Q:O1"], ["of the kind O, N, F"]),
        (["--frame-interval", "0"], ["--frame-interval 0"]),
        (["--timestep", "1"], ["--timestep tells nothing", "--frame-interval"]),
        (["--box", "1", "0", "1"], ["--box 1 0 1", "positive"]),
        (["--cation", "Li"], ["the species are Na, PF6, EC", "Li"]),
        (["--topology-format", "GRO"], ["a.pdb"]),
    ],
)
def test_a_bad_option_is_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: list[str]
) -> None:
    pdb, xtc = files(tmp_path)
    out = tmp_path / "run.json"
    assert main(["describe", str(pdb), str(xtc), "-o", str(out), "--temperature", "298", *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(word in said for word in words), said
    assert not out.exists()


def _cut(path: Path, n_bytes: int) -> None:
    path.write_bytes(path.read_bytes()[:n_bytes])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda pdb, xtc: xtc.unlink(), ["a.xtc: there is no such file"]),
        (lambda pdb, xtc: pdb.unlink(), ["a.pdb: there is no such file"]),
        (lambda pdb, xtc: xtc.write_bytes(b""), ["a.xtc: the trajectory is empty"]),
        (lambda pdb, xtc: xtc.write_bytes(b"no trajectory"), ["a.xtc: this is no XTC"]),
        (lambda pdb, xtc: pdb.write_text("no structure\n"), ["a.pdb"]),
        (lambda pdb, xtc: _cut(xtc, 100), ["a.xtc"]),
        (lambda pdb, xtc: _cut(pdb, 500), ["a.xtc: 56 atoms, but ", "a.pdb has"]),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage, words) -> None:  # type: ignore[no-untyped-def]
    pdb, xtc = files(tmp_path)
    damage(pdb, xtc)
    assert main(["describe", str(pdb), str(xtc), "-o", str(tmp_path / "run.json"), "--temperature", "298"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert all(word in said for word in words), said


def test_a_trajectory_that_breaks_off_is_used_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pdb, xtc = files(tmp_path)
    _cut(xtc, xtc.stat().st_size - 20)
    out = tmp_path / "run.json"
    assert main(["describe", str(pdb), str(xtc), "-o", str(out), "--temperature", "298"]) == 0
    assert "breaks off: 11 of 12 frames" in capsys.readouterr().out
    assert json.loads(out.read_text())["production_ns_done"] == pytest.approx(0.010)


def test_other_files_are_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdb, xtc = files(tmp_path)
    arguments = ["describe", str(pdb), str(xtc), "--temperature", "298", "-o"]
    notes = tmp_path / "notes.json"
    notes.write_text('{"mine": 1}')
    assert main([*arguments, str(notes)]) == 2
    assert notes.read_text() == '{"mine": 1}'
    assert "it is left as it is" in capsys.readouterr().err
    assert main([*arguments, str(tmp_path / "run.json")]) == 0
    assert main([*arguments, str(tmp_path / "run.json")]) == 0
    (tmp_path / "plain").write_text("")
    assert main([*arguments, str(tmp_path / "plain" / "run.json")]) == 2
    assert "plain" in capsys.readouterr().err


def test_energies_are_named_and_missing_ones_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdb, xtc = files(tmp_path)
    for name in ("a.edr", "b.edr"):
        (tmp_path / name).touch()
    out = tmp_path / "run.json"
    short = [str(tmp_path / name) for name in ("a.edr", "b.edr", "c.edr")]
    options = ["--temperature", "298", "--viscosity-energies", *short]
    assert main(["describe", str(pdb), str(xtc), "-o", str(out), *options]) == 0
    run = load_run(out)
    assert run.viscosity_energies == ("a.edr", "b.edr", "c.edr")
    assert [path.name for path in pressure_files(run)] == ["a.edr", "b.edr", "c.edr"]
    said = capsys.readouterr().out
    assert "c.edr: there is no such file, and nothing that needs it. Remedy: --viscosity-energies" in said
    assert said.count("this is no GROMACS energy file: no viscosity") == 2
    with pytest.raises(SystemExit):
        main(["describe", "--help"])
    assert "--viscosity-energies FILE.edr" in " ".join(capsys.readouterr().out.split())
