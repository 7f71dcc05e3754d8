"""Every molecule's folder is a test case: adding a folder adds its tests."""

from __future__ import annotations

import re
from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from workflow.forcefield import (
    geometry_nm,
    molecule_atoms,
    molecule_bonds,
    moleculetype_text,
    sites_of,
)
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems
from workflow.internal_coordinates import torsion_deg
from workflow.itp import merge_atomtypes, read_atomtypes, rows_of, sections

ROOT = Path(__file__).resolve().parents[2]
FORCE_FIELD = ROOT / "forcefields" / "opls-aa"
FOLDERS = sorted(path.name for path in (FORCE_FIELD / "molecules").iterdir() if path.is_dir())
PROBLEMS = Problems(ROOT)
MOLECULES = {name: one for name, one in read_molecules(ROOT, PROBLEMS).items() if one is not None}
SMALL = [name for name in FOLDERS if not (FORCE_FIELD / "molecules" / name / "bonded.yaml").exists()]
MONOMERS = 4
SYMBOLS = {1: "H", 3: "Li", 5: "B", 6: "C", 7: "N", 8: "O", 9: "F", 11: "Na", 15: "P", 16: "S", 19: "K"}
# Molecules with a centre of three bonds that impropers hold flat, and how many do it.
FLAT = {"EC": 1, "DEC": 1, "VC": 1, "FEC": 1, "NO3": 3}
# A harmonic at 180 degrees is singular, so that PF6 keeps its 12 cis angles only.
ABSENT_ANGLES = {"PF6": {(1, 0, 2), (3, 0, 4), (5, 0, 6)}}


def text_of(name: str) -> str:
    return (FORCE_FIELD / "molecules" / name / f"{name}.itp").read_text()


BONDED = [name for name in SMALL if rows_of(text_of(name), "bonds")]


def elements(molecule: Molecule, monomers: int | None = None) -> list[str]:
    types = read_atomtypes(molecule.folder / "atomtypes.itp")
    return [SYMBOLS[types[atom.type].atomic_number] for atom in molecule_atoms(molecule, monomers)]


def bond_distances(molecule: Molecule) -> np.ndarray:
    """Number of bonds between every two atoms (Floyd-Warshall, independent of the code under test)."""
    n = len(molecule_atoms(molecule))
    steps = np.where(np.eye(n) == 1, 0.0, np.inf)
    for i, j in molecule_bonds(molecule):
        steps[i, j] = steps[j, i] = 1
    for k in range(n):
        steps = np.minimum(steps, steps[:, [k]] + steps[[k], :])
    return steps


def indices(name: str, section: str, width: int, function: str | None = None) -> list[tuple[int, ...]]:
    rows = rows_of(text_of(name), section)
    return [tuple(int(x) - 1 for x in row[:width]) for row in rows if function is None or row[width] == function]


def test_every_folder_reads_without_a_problem() -> None:
    assert PROBLEMS.found == []
    assert sorted(MOLECULES) == FOLDERS
    assert {"Li", "TFSI", "PF6", "DME", "DOL", "EC", "DEC", "PAB", "PIB"} <= set(FOLDERS)
    assert {"Na", "K", "FSI", "NO3", "G2", "FEC", "VC", "AB", "PP", "PEO"} <= set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_charge_is_as_declared(name: str) -> None:
    molecule = MOLECULES[name]
    atoms = molecule_atoms(molecule, MONOMERS if molecule.polymer else None)
    assert sum(round(atom.charge_e * 1e6) for atom in atoms) == molecule.charge_e * 1_000_000


@pytest.mark.parametrize("name", SMALL)
def test_formula_is_what_the_atoms_are(name: str) -> None:
    molecule = MOLECULES[name]
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", molecule.formula)
    assert Counter({symbol: int(number or 1) for symbol, number in parts}) == Counter(elements(molecule))


@pytest.mark.parametrize("name", FOLDERS)
def test_names_are_unique_begin_with_the_element_and_h_means_hydrogen(name: str) -> None:
    molecule = MOLECULES[name]
    monomers = MONOMERS if molecule.polymer else None
    names = [atom.name for atom in molecule_atoms(molecule, monomers)]
    assert len(set(names)) == len(names)
    for atom, element in zip(names, elements(molecule, monomers), strict=True):
        assert atom.startswith(element)
        assert atom.startswith("H") == (element == "H")
        assert len(atom) <= 5  # a .gro file keeps no more


@pytest.mark.parametrize("name", FOLDERS)
def test_masses_are_those_of_the_types_and_of_the_elements(name: str) -> None:
    standard = {"H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998}
    standard |= {"Na": 22.99, "P": 30.974, "S": 32.06, "K": 39.098}
    molecule = MOLECULES[name]
    monomers = MONOMERS if molecule.polymer else None
    atoms = molecule_atoms(molecule, monomers)
    types = read_atomtypes(molecule.folder / "atomtypes.itp")
    for atom, element in zip(atoms, elements(molecule, monomers), strict=True):
        assert atom.mass_u == types[atom.type].mass_u == standard[element]


def test_no_type_has_two_meanings_and_none_is_unused() -> None:
    merge_atomtypes([(name, MOLECULES[name].folder) for name in FOLDERS])
    for name, molecule in MOLECULES.items():
        used = {atom.type for atom in molecule_atoms(molecule, MONOMERS if molecule.polymer else None)}
        assert used == set(read_atomtypes(molecule.folder / "atomtypes.itp")), name


@pytest.mark.parametrize("name", FOLDERS)
def test_sources_stand_in_the_bibliography(name: str) -> None:
    bibliography = (FORCE_FIELD / "references.bib").read_text()
    keys = set(re.findall(r"^@\w+\{(\w+),", bibliography, re.MULTILINE))
    molecule = MOLECULES[name]
    wanted = {*molecule.sources, molecule.density_source, molecule.apparent_molar_volume_source} - {None}
    assert wanted and wanted <= keys


def test_every_entry_of_the_bibliography_is_used() -> None:
    bibliography = (FORCE_FIELD / "references.bib").read_text()
    keys = set(re.findall(r"^@\w+\{(\w+),", bibliography, re.MULTILINE))
    used = {key for m in MOLECULES.values() for key in (*m.sources, m.density_source, m.apparent_molar_volume_source)}
    # Measured values of whole liquids stand with the systems, other parameters with their sets.
    elsewhere = [*(ROOT / "systems").glob("*.yaml"), *(FORCE_FIELD / "alternatives").glob("*/*/molecule.yaml")]
    assert keys <= used | set(re.findall(r"\w+", " ".join(path.read_text() for path in elsewhere)))


@pytest.mark.parametrize("name", FOLDERS)
def test_solvents_have_a_density_and_anions_a_volume(name: str) -> None:
    molecule = MOLECULES[name]
    assert (molecule.density_kg_per_m3 is not None) == (molecule.kind == "solvent")
    assert (molecule.apparent_molar_volume_mL_per_mol is not None) == (molecule.kind == "anion")
    assert molecule.status == "literature" or molecule.status_note


@pytest.mark.parametrize("name", SMALL)
def test_sites_are_of_their_element(name: str) -> None:
    symbols = elements(MOLECULES[name])
    for site in sites_of(MOLECULES[name]):
        assert site["atoms"] and {symbols[i] for i in site["atoms"]} == {site["kind"][0]}  # HB is H on B


@pytest.mark.parametrize("name", SMALL)
def test_pdb_is_the_molecule_in_order_and_its_bonds_have_their_length(name: str) -> None:
    xyz = geometry_nm(MOLECULES[name])  # raises when names or order differ
    lengths = {(i, j): float(row[3]) for (i, j), row in zip(*_bonds(name), strict=True)}
    for (i, j), wanted in lengths.items():
        assert np.linalg.norm(xyz[i] - xyz[j]) == pytest.approx(wanted, abs=0.008)
    steps = bond_distances(MOLECULES[name])
    for i, j in permutations(range(len(xyz)), 2):
        if steps[i, j] > 1:
            assert np.linalg.norm(xyz[i] - xyz[j]) > 0.15


def _bonds(name: str) -> tuple[list[tuple[int, ...]], list[tuple[str, ...]]]:
    return indices(name, "bonds", 2), list(rows_of(text_of(name), "bonds"))


@pytest.mark.parametrize("name", SMALL)
def test_angles_are_all_and_only_those_of_the_bonds(name: str) -> None:
    steps = bond_distances(MOLECULES[name])
    n = len(steps)
    wanted = {(i, j, k) for i, j, k in permutations(range(n), 3) if i < k and steps[i, j] == steps[j, k] == 1}
    found = [(min(i, k), j, max(i, k)) for i, j, k in indices(name, "angles", 3)]
    assert len(found) == len(set(found))
    assert set(found) == wanted - ABSENT_ANGLES.get(name, set())


@pytest.mark.parametrize("name", SMALL)
def test_torsions_are_all_and_only_those_of_the_bonds(name: str) -> None:
    steps = bond_distances(MOLECULES[name])
    near = [np.flatnonzero(row == 1).tolist() for row in steps]
    wanted = {
        (i, j, k, end)
        for j in range(len(near))
        for k in near[j]
        for i in near[j]
        for end in near[k]
        if len({i, j, k, end}) == 4
    }
    found = indices(name, "dihedrals", 4, "3")
    assert len(found) == len(set(found))
    assert {*found, *(row[::-1] for row in found)} == wanted
    assert len(wanted) == 2 * len(found)


@pytest.mark.parametrize("name", SMALL)
def test_pairs_are_exactly_the_atoms_three_bonds_apart(name: str) -> None:
    steps = bond_distances(MOLECULES[name])
    wanted = {(i, j) for i, j in zip(*np.nonzero(steps == 3), strict=True) if i < j}
    found = indices(name, "pairs", 2)
    assert len(found) == len(set(found))
    assert {(min(pair), max(pair)) for pair in found} == wanted


@pytest.mark.parametrize("name", SMALL)
def test_excluded_are_three_bonds_and_sections_are_known(name: str) -> None:
    assert rows_of(text_of(name), "moleculetype") == ((name, "3"),)
    known = {"moleculetype", "atoms", "bonds", "pairs", "angles", "dihedrals"}
    assert {section for section, _ in sections(text_of(name))} <= known


@pytest.mark.parametrize("name", BONDED)
def test_torsions_are_the_fourier_series_in_their_comment(name: str) -> None:
    """RB and Fourier forms must give the same energy at every angle, whatever the conversion formula says."""
    phi = np.radians(np.arange(0, 360, 15))
    for line in re.findall(r"^(?: *\d+){4}  3 .*$", text_of(name), re.MULTILINE):
        data, comment = line.split(";")
        c = [float(x) for x in data.split()[5:]]
        v1, v2, v3 = (float(x) for x in comment.split(" V ")[1].split())
        fourier = v1 / 2 * (1 + np.cos(phi)) + v2 / 2 * (1 - np.cos(2 * phi)) + v3 / 2 * (1 + np.cos(3 * phi))
        series = sum(cn * np.cos(phi - np.pi) ** n for n, cn in enumerate(c))
        assert series == pytest.approx(fourier, abs=3e-5)


@pytest.mark.parametrize("name", FLAT)
def test_a_centre_of_three_bonds_is_held_in_its_plane(name: str) -> None:
    rows = [row for row in rows_of(text_of(name), "dihedrals") if row[4] == "4"]
    assert len(rows) == len({row[:4] for row in rows}) == FLAT[name]
    steps, flat = bond_distances(MOLECULES[name]), geometry_nm(MOLECULES[name])
    for row in rows:
        atoms = [int(x) - 1 for x in row[:4]]
        centre, others = atoms[2], [atoms[0], atoms[1], atoms[3]]
        assert all(steps[centre, other] == 1 for other in others)
        normal = np.cross(flat[others[0]] - flat[centre], flat[others[1]] - flat[centre])
        bent = flat.copy()
        bent[centre] += 0.02 * normal / np.linalg.norm(normal)
        energies = [
            float(row[6]) * (1 + np.cos(2 * _phi(row, xyz) - np.radians(float(row[5])))) for xyz in (flat, bent)
        ]
        assert energies[0] == pytest.approx(0.0, abs=0.05)  # planar is the minimum, not the top
        assert energies[1] > 1.0


def _phi(row: tuple[str, ...], xyz: np.ndarray) -> float:
    return float(np.radians(torsion_deg(*(xyz[int(i) - 1] for i in row[:4]))))


@pytest.mark.parametrize(("monomers", "name"), [(2, "DME"), (3, "G2")])
def test_polyethylene_oxide_of_two_and_three_monomers_is_dme_and_diglyme(monomers: int, name: str) -> None:
    chain, small = moleculetype_text(MOLECULES["PEO"], monomers), text_of(name)
    atoms = [[(row[1], float(row[6]), float(row[7])) for row in rows_of(text, "atoms")] for text in (chain, small)]
    assert atoms[0] == atoms[1]
    for section in ("bonds", "pairs", "angles", "dihedrals"):
        terms = [sorted([float(x) for x in row] for row in rows_of(text, section)) for text in (chain, small)]
        assert terms[0] == terms[1]
