"""run.json is checked whole, and the atoms of a trajectory must be those it describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.run import RunError, load_run, open_universe

from .conftest import gas_document, run_document, species_entry, write_run


def _changed(path: Path, **changes: Any) -> Path:
    document = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(document))
    return path


def test_atoms_of_species_and_sites_follow_the_order_of_the_file(tmp_path: Path) -> None:
    species = [
        species_entry("Li", "cation", 3, charge_e=1.0),
        species_entry("DME", "solvent", 2, (12.0, 16.0, 1.0), bonds=[(0, 1), (1, 2)]),
    ]
    sites = [{"label": "O(DME)", "species": "DME", "kind": "O", "atoms": [1, 2]}]
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run_document(species, sites)))
    run = load_run(path)
    assert run.atom_indices("Li").tolist() == [[0], [1], [2]]
    assert run.atom_indices("DME").tolist() == [[3, 4, 5], [6, 7, 8]]
    assert run.site_indices(run.sites[0]).tolist() == [4, 5, 7, 8]
    assert run.n_atoms == 9
    assert run.n_molecules == 5
    assert run.mass_u == pytest.approx(3 * 6.94 + 2 * 29.0)
    assert run.pair_label(run.sites[0]) == "Li-O(DME)"


def test_sites_of_the_cation_itself_are_left_out(tmp_path: Path) -> None:
    document = gas_document(2, 2)
    document["sites"].append({"label": "Li(Li)", "species": "Li", "kind": "O", "atoms": [0]})
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document))
    assert [site.label for site in load_run(path).partner_sites()] == ["O(G)"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"atoms": []}, ["atoms is empty", "G has the atoms 0 to 0"]),
        ({"atoms": [0, 3, -1]}, ["atoms has 3, -1", "0 to 0"]),
        ({"atoms": ["O1"]}, ["atoms has O1"]),
        ({"species": "DME"}, ["species = 'DME' is none of Li, G"]),
    ],
)
def test_a_site_that_no_atom_matches_is_left_out_and_told(
    tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    document = gas_document(2, 2)
    document["sites"].append({"label": "N(G)", "species": "G", "kind": "N", "atoms": [0]} | changes)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    run = load_run(path)
    assert [site.label for site in run.sites] == ["O(G)"]
    (note,) = run.notes
    assert all(word in note for word in ["mine.json", "N(G)", "sites[1]", "Remedy", *words]), note


def test_a_site_of_a_kind_without_a_contact_distance_is_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(gas_document(2, 2, kind="S")))
    run = load_run(path)
    assert [site.label for site in run.sites] == ["S(G)"]
    (note,) = run.notes
    assert all(word in note for word in ["run.json", "S(G)", "kind = 'S'", "only a g(r)", "Remedy", "HB"]), note


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": 2}, ["schema"]),
        ({"temperature_K": "warm", "replica": True}, ["temperature_K", "replica"]),
        ({"cation": "Na"}, ["Na", "Li, G"]),
        ({"sites": [{"label": "x", "species": "G", "kind": "O", "atoms": 1}]}, ["sites[0].atoms = 1", "type"]),
        ({"viscosity_energies": [1]}, ["viscosity_energies"]),
        ({"species": [species_entry("Li", "cation", 0)]}, ["count = 0"]),
        ({"species": [species_entry("Li", "cation", 1, (7.0,), bonds=[(0, 1)])]}, ["bonds"]),
        ({"species": [species_entry("Li", "metal", 1)]}, ["role", "metal"]),
        ({"species": [species_entry("Li", "cation", 1) | {"charge_e": 1.0}]}, ["charge_e"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], words: list[str]) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(gas_document(2, 2) | changes))
    with pytest.raises(RunError) as caught:
        load_run(path)
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words)


def test_a_missing_key_and_broken_json_are_named(tmp_path: Path) -> None:
    document = gas_document(2, 2)
    del document["cation"]
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document))
    with pytest.raises(RunError, match="cation is missing"):
        load_run(path)
    path.write_text("{")
    with pytest.raises(RunError, match="not valid JSON"):
        load_run(path)
    with pytest.raises(RunError, match="cannot be read"):
        load_run(tmp_path / "absent.json")


def test_a_trajectory_from_elsewhere_needs_only_the_essentials(tmp_path: Path) -> None:
    document = gas_document(2, 2)
    essentials = [
        "schema",
        "system",
        "replica",
        "temperature_K",
        "cation",
        "structure",
        "trajectory",
        "species",
        "sites",
    ]
    path = tmp_path / "run.json"
    path.write_text(json.dumps({key: document[key] for key in essentials}))
    run = load_run(path)
    assert run.title == run.system == "synthetic"
    assert run.energy is None
    assert not run.preview


def test_no_file_appears_beside_the_trajectory(gas_run: Path) -> None:
    before = sorted(path.name for path in gas_run.parent.iterdir())
    with open_universe(load_run(gas_run)) as universe:
        assert len([None for _ in universe.trajectory]) == 20
        assert universe.trajectory[3].frame == 3
    assert sorted(path.name for path in gas_run.parent.iterdir()) == before


def test_another_number_or_order_of_atoms_is_refused(gas_run: Path) -> None:
    fewer = json.loads(gas_run.read_text())["species"]
    fewer[1]["count"] = 59
    with (
        pytest.raises(RunError, match=r"68 atoms, but run\.json describes 67"),
        open_universe(load_run(_changed(gas_run, species=fewer))),
    ):
        pass
    renamed = json.loads(gas_run.read_text())["species"]
    renamed[1] |= {"count": 60, "names": ["B1"]}
    with (
        pytest.raises(RunError, match=r"atom 9 is named A1, but run\.json says B1"),
        open_universe(load_run(_changed(gas_run, species=renamed))),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"no trajectory at all"])
def test_a_file_that_is_no_trajectory_is_refused(gas_run: Path, content: bytes) -> None:
    (gas_run.parent / "traj.xtc").write_bytes(content)
    with pytest.raises(RunError, match=r"traj\.xtc"), open_universe(load_run(gas_run)):
        pass


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path, gas_document(1, 1), np.zeros((2, 2, 3)), np.ones((2, 3)))
    (tmp_path / "conf.gro").unlink()
    with pytest.raises(RunError, match=r"conf\.gro: there is no such file"), open_universe(load_run(path)):
        pass


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_structure_that_was_cut_is_refused(gas_run: Path, kept: float) -> None:
    structure = gas_run.parent / "conf.gro"
    text = structure.read_text()
    structure.write_text(text[: round(kept * len(text))])
    with pytest.raises(RunError, match=r"conf\.gro"), open_universe(load_run(gas_run)):
        pass


def test_an_error_of_the_reader_of_an_open_trajectory_is_not_hidden(gas_run: Path) -> None:
    with pytest.raises(IndexError, match="mine"), open_universe(load_run(gas_run)):
        raise IndexError("mine")
