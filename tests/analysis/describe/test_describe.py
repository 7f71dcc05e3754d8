"""Described from whatever files, a liquid is the one that was written; what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import MDAnalysis as mda
import numpy as np
import pytest

from analysis.describe.atoms import GUESSED_BONDS, GUESSED_MASSES, NO_CHARGES
from analysis.describe.describe import NO_BOX, describe
from analysis.describe.document import write_document
from analysis.describe.species import Corrections
from analysis.run import RunError, load_run, open_universe
from workflow.forcefield import molecule_atoms, molecule_bonds, sites_of

from .liquids import (
    MOLECULES,
    Liquid,
    liquid,
    request,
    universe_of,
    write_data,
    write_dump,
    write_pdb,
    write_trajectory,
)

ORDER = ["Na"] * 4 + ["TFSI"] * 4 + ["EC"] * 10
MIXED = ["EC", "Na", "TFSI", "EC"] * 4


def entries(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in document["species"]}


def assert_as_the_force_field_says(document: dict[str, Any], names: dict[str, str] | None = None) -> None:
    """Masses, charges, bonds and sites of each species against the folder of the molecule."""
    for name, entry in entries(document).items():
        molecule = MOLECULES[(names or {}).get(name, name)]
        atoms = molecule_atoms(molecule)
        assert entry["role"] == molecule.kind
        assert entry["masses_u"] == pytest.approx([atom.mass_u for atom in atoms], abs=1e-4)
        assert entry["charges_e"] == pytest.approx([atom.charge_e for atom in atoms], abs=1e-6)
        assert entry["charge_e"] == molecule.charge_e
        wanted = sorted(tuple(sorted(bond)) for bond in molecule_bonds(molecule))
        assert sorted(map(tuple, entry["bonds"])) == wanted
        sites = [site for site in document["sites"] if site["species"] == name]
        assert sites == [
            {"label": f"{site['name']}({name})", "species": name, "kind": site["kind"], "atoms": site["atoms"]}
            for site in sites_of(molecule)
        ]


def positions_of(one: Liquid, folder: Path, document: dict[str, Any]) -> dict[str, np.ndarray]:
    """First frame's positions of each species as the run.json that was written gives them."""
    write_document(document, folder / "run.json")
    run = load_run(folder / "run.json")
    with open_universe(run) as universe:
        first = np.array(universe.trajectory[0].positions) / 10.0
    return {species.name: first[run.atom_indices(species.name)] for species in run.species}


@pytest.mark.parametrize("bonds", ["conect", None])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_pdb_with_a_dcd(tmp_path: Path, bonds: str | None, wrapped: bool) -> None:
    one = liquid(ORDER)
    universe = universe_of(one)
    pdb = write_pdb(tmp_path / "a.pdb", universe, bonds)
    frames = one.wrapped_nm if wrapped else one.positions_nm
    dcd = write_trajectory(tmp_path / "a.dcd", universe, frames, one.box_nm, dt=2.0)
    document, notes = describe(request(pdb, dcd, corrections=Corrections(charges_e={"EC": 0.0})))
    found = entries(document)
    assert {name: (e["count"], e["role"], e["charge_e"]) for name, e in found.items()} == {
        "Na": (4, "cation", 1.0),
        "TFSI": (4, "anion", -1.0),
        "EC": (10, "solvent", 0.0),
    }
    for name, entry in found.items():
        wanted = sorted(tuple(sorted(bond)) for bond in molecule_bonds(MOLECULES[name]))
        assert sorted(map(tuple, entry["bonds"])) == wanted
        assert entry["names"] == [atom.name for atom in molecule_atoms(MOLECULES[name])]
        assert "atoms" not in entry
    assert document["cation"] == "Na"
    assert document["frame_interval_ps"] == pytest.approx(2.0)
    assert document["production_ns_done"] == pytest.approx(0.022)
    assert GUESSED_MASSES in notes
    assert NO_CHARGES in notes
    assert (GUESSED_BONDS in notes) == (bonds is None)
    assert "charges_e" not in found["EC"]
    assert document["composition"]["warnings"] == notes


@pytest.mark.parametrize("units", ["real", "metal"])
def test_lammps_data_with_a_dcd_in_its_units(tmp_path: Path, units: str) -> None:
    one = liquid(ORDER)
    universe = universe_of(one)
    data = write_data(tmp_path / "a.data", one)
    time_unit = {"real": "fs", "metal": "ps"}[units]
    with mda.coordinates.LAMMPS.DCDWriter(
        str(tmp_path / "a.dcd"), len(one.elements), dt=0.5, timeunit=time_unit, lengthunit="Angstrom"
    ) as writer:
        for xyz in one.wrapped_nm:
            universe.atoms.positions = xyz * 10
            writer.write(universe.atoms)
    document, notes = describe(request(data, tmp_path / "a.dcd", lammps_units=units))
    assert document["frame_interval_ps"] == pytest.approx(0.5, rel=1e-5)
    names = {"C3H4O3": "EC"}
    assert list(entries(document)) == ["Na", "TFSI", "C3H4O3"]
    assert_as_the_force_field_says(document, names)
    assert not notes
    told = request(data, tmp_path / "a.dcd", corrections=Corrections(names={"C3H4O3": "EC"}), timestep_fs=2.0)
    document, _ = describe(told)
    assert_as_the_force_field_says(document)
    # the writer counts one step per frame
    assert document["frame_interval_ps"] == pytest.approx(0.002)
    write_document(document, tmp_path / "run.json")
    with open_universe(load_run(tmp_path / "run.json")) as opened:
        assert opened.trajectory[3].time - opened.trajectory[2].time == pytest.approx(0.002)


def test_a_dump_of_lammps_needs_the_time_step(tmp_path: Path) -> None:
    one = liquid(ORDER)
    data, dump = write_data(tmp_path / "a.data", one), write_dump(tmp_path / "a.lammpstrj", one)
    with pytest.raises(RunError, match=r"a\.lammpstrj: .* counts steps.*--timestep"):
        describe(request(data, dump))
    document, _ = describe(request(data, dump, timestep_fs=2.0))
    assert document["frame_interval_ps"] == pytest.approx(0.1)
    assert document["production_ns"] == pytest.approx(0.0011)
    found = positions_of(one, tmp_path, document)
    assert np.allclose(found["TFSI"].reshape(-1, 3), one.wrapped_nm[0][4:64], atol=1e-4)


@pytest.mark.parametrize("seed", [1, 2])
def test_atoms_in_any_order_are_the_same_molecules(tmp_path: Path, seed: int) -> None:
    """Molecules interleaved and atoms shuffled throughout the file: run.json then lists the atoms."""
    ordered = liquid(MIXED)
    order = np.random.default_rng(seed).permutation(len(ordered.elements))
    one = ordered.reordered(order)
    data = write_data(tmp_path / "a.data", one)
    dcd = write_trajectory(tmp_path / "a.dcd", universe_of(one), one.wrapped_nm, one.box_nm)
    changes = {"corrections": Corrections(names={"C3H4O3": "EC"}), "frame_interval_ps": 1.0}
    document, _ = describe(request(data, dcd, **changes))
    assert {name: entry["count"] for name, entry in entries(document).items()} == {"Na": 4, "TFSI": 4, "EC": 8}
    found = positions_of(one, tmp_path, document)
    for name, entry in entries(document).items():
        xyz = found[name]
        bonds = np.array(entry["bonds"], dtype=int).reshape(-1, 2)
        vectors = xyz[:, bonds[:, 0]] - xyz[:, bonds[:, 1]]
        vectors -= one.box_nm * np.rint(vectors / one.box_nm)
        assert (np.linalg.norm(vectors, axis=2) < 0.2).all()
        charges = np.array(one.charges_e)[np.array(entry["atoms"]).reshape(entry["count"], -1)]
        assert np.allclose(charges, entry["charges_e"], atol=1e-6)


def test_interleaved_molecules_keep_the_order_within_each(tmp_path: Path) -> None:
    one = liquid(MIXED)
    universe = universe_of(one)
    pdb = write_pdb(tmp_path / "a.pdb", universe)
    xtc = write_trajectory(tmp_path / "a.xtc", universe, one.wrapped_nm, one.box_nm)
    document, _ = describe(request(pdb, xtc))
    found = positions_of(one, tmp_path, document)
    for name, xyz in found.items():
        rows = [np.flatnonzero(one.molecule == i) for i, other in enumerate(one.order) if other == name]
        assert np.allclose(xyz, one.wrapped_nm[0][np.array(rows)], atol=1e-3)


def test_a_run_json_that_lists_atoms_is_checked(tmp_path: Path) -> None:
    one = liquid(MIXED)
    universe = universe_of(one)
    pdb, xtc = write_pdb(tmp_path / "a.pdb", universe), tmp_path / "a.xtc"
    write_trajectory(xtc, universe, one.wrapped_nm, one.box_nm)
    document, _ = describe(request(pdb, xtc))
    document["species"][0]["atoms"][0] = document["species"][0]["atoms"][1]
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="every atom of the trajectory once"):
        load_run(tmp_path / "run.json")
    del document["species"][0]["atoms"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="0 entries"):
        load_run(tmp_path / "run.json")


def test_without_a_box_the_rest_is_described(tmp_path: Path) -> None:
    one = liquid(ORDER)
    universe = universe_of(one)
    universe.dimensions = None
    pdb = write_pdb(tmp_path / "a.pdb", universe)
    dcd = write_trajectory(tmp_path / "a.dcd", universe, one.positions_nm, None)
    document, notes = describe(request(pdb, dcd))
    assert NO_BOX in notes
    assert entries(document)["TFSI"]["count"] == 4
    document, notes = describe(request(pdb, dcd, box_nm=(one.box_nm,) * 3))
    assert NO_BOX not in notes
    write_document(document, tmp_path / "run.json")
    with open_universe(load_run(tmp_path / "run.json")) as opened:
        for timestep in opened.trajectory:
            assert timestep.dimensions == pytest.approx([10 * one.box_nm] * 3 + [90] * 3)


def test_a_triclinic_box_is_refused_clearly(tmp_path: Path) -> None:
    one = liquid(ORDER)
    universe = universe_of(one)
    pdb = write_pdb(tmp_path / "a.pdb", universe)
    xtc = write_trajectory(tmp_path / "a.xtc", universe, one.positions_nm, one.box_nm, angles=(60.0, 60.0, 90.0))
    with pytest.raises(RunError, match=r"a\.xtc.*angles 60, 60, 90.*only rectangular.*Remedy: simulate in a rect"):
        describe(request(pdb, xtc))


def test_scaled_and_unbalanced_charges_are_told(tmp_path: Path) -> None:
    one = liquid(ORDER)
    scaled = [0.8 * q for q in one.charges_e]
    data = write_data(tmp_path / "a.data", Liquid(**(one.__dict__ | {"charges_e": scaled})))
    dcd = write_trajectory(tmp_path / "a.dcd", universe_of(one), one.positions_nm, one.box_nm)
    document, notes = describe(request(data, dcd))
    assert entries(document)["Na"]["charge_e"] == pytest.approx(0.8)
    assert any("scaled charges: Na +0.8 e, TFSI -0.8 e" in note for note in notes)
    _, notes = describe(request(data, dcd, corrections=Corrections(charges_e={"Na": 1.0})))
    assert any("add up to 0.8 e" in note for note in notes)


def test_corrections_reach_the_document(tmp_path: Path) -> None:
    one = liquid(["K", "Na", "TFSI", "TFSI", *["EC"] * 4])
    universe = universe_of(one)
    pdb = write_pdb(tmp_path / "a.pdb", universe)
    xtc = write_trajectory(tmp_path / "a.xtc", universe, one.wrapped_nm, one.box_nm)
    corrections = Corrections(names={"EC": "ethylene"}, roles={"ethylene": "additive"}, charges_e={"TFSI": -0.9})
    sites = {"ethylene": [("O_ring", "O", ("O1", "4"))]}
    document, _ = describe(request(pdb, xtc, corrections=corrections, sites=sites, cation="K"))
    assert document["cation"] == "K"
    assert entries(document)["ethylene"]["role"] == "additive"
    assert entries(document)["TFSI"]["charge_e"] == -0.9
    labels = {site["label"]: site["atoms"] for site in document["sites"] if site["species"] == "ethylene"}
    assert labels == {"O_carbonyl(ethylene)": [2], "O_ring(ethylene)": [0, 3]}
    for wrong, word in (
        ({"cation": "Li"}, "--cation names Li"),
        ({"corrections": Corrections(roles={"DME": "solvent"})}, "--role names DME"),
        ({"sites": {"EC": [("O_ring", "O", ("O9",))]}}, "EC has no atom O9"),
        ({"corrections": Corrections(names={"EC": "TFSI"})}, "two have the same name"),
    ):
        with pytest.raises(RunError, match=word):
            describe(request(pdb, xtc, **wrong))


def test_an_atom_of_no_element_is_asked_for(tmp_path: Path) -> None:
    """Hydrogens made heavier at the expense of carbon: the mass tells nothing, and LAMMPS has no names."""
    one = liquid(["EC"] * 8)
    masses = [3.024 if e == "H" else 7.979 if e == "C" else m for e, m in zip(one.elements, one.masses_u, strict=True)]
    data = write_data(tmp_path / "a.data", Liquid(**(one.__dict__ | {"masses_u": masses})))
    dcd = write_trajectory(tmp_path / "a.dcd", universe_of(one), one.positions_nm, one.box_nm)
    with pytest.raises(RunError, match=r"type \d \(mass 3\.024 u\).*--element"):
        describe(request(data, dcd))
    kinds = sorted(set(zip(masses, one.charges_e, strict=True)))
    light = {str(i + 1): "H" if mass < 4 else "C" for i, (mass, _) in enumerate(kinds) if mass < 9}
    document, _ = describe(request(data, dcd, elements=light))
    assert [entry["name"] for entry in document["species"]] == ["C3H4O3"]
    assert document["cation"] is None
