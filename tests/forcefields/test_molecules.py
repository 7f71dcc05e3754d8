"""Every molecule's folder is a test case: adding a folder adds its tests."""

from __future__ import annotations

import re
from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from workflow import gromacs
from workflow.forcefield import geometry_nm, molecule_atoms, molecule_bonds, sites_of, write_topology
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
BONDED = [name for name in SMALL if name != "Li"]
MONOMERS = 4
SYMBOLS = {1: "H", 3: "Li", 5: "B", 6: "C", 7: "N", 8: "O", 9: "F", 15: "P", 16: "S"}
# A harmonic at 180 degrees is singular, so that PF6 keeps its 12 cis angles only.
ABSENT_ANGLES = {"PF6": {(1, 0, 2), (3, 0, 4), (5, 0, 6)}}


def text_of(name: str) -> str:
    return (FORCE_FIELD / "molecules" / name / f"{name}.itp").read_text()


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
    standard |= {"P": 30.974, "S": 32.06}
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
    assert keys <= used


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
        assert site["atoms"] and {symbols[i] for i in site["atoms"]} == {site["kind"]}


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


@pytest.mark.parametrize("name", ["EC", "DEC"])
def test_the_carbonate_carbon_is_held_in_its_plane(name: str) -> None:
    (row,) = [row for row in rows_of(text_of(name), "dihedrals") if row[4] == "4"]
    atoms = [int(x) - 1 for x in row[:4]]
    steps = bond_distances(MOLECULES[name])
    assert all(steps[atoms[2], other] == 1 for other in (atoms[0], atoms[1], atoms[3]))
    xyz = geometry_nm(MOLECULES[name])
    phi = np.radians(torsion_deg(*(xyz[i] for i in atoms)))
    energy = float(row[6]) * (1 + np.cos(2 * phi - np.radians(float(row[5]))))
    assert energy == pytest.approx(0.0, abs=0.05)  # planar is the minimum, not the top


MDP = """integrator = md
nsteps = 0
cutoff-scheme = verlet
verlet-buffer-tolerance = -1
rlist = 2.6
coulombtype = cut-off
rcoulomb = 2.5
rvdw = 2.5
coulomb-modifier = none
vdw-modifier = none
constraints = none
nstenergy = 1
continuation = yes
"""


def bonded_energy(text: str, xyz: np.ndarray) -> dict[str, float]:
    """Sums of the bonded terms (kJ/mol), evaluated here from the itp text with GROMACS' formulas."""
    total = {"Bond": 0.0, "Angle": 0.0, "Ryckaert-Bell.": 0.0, "Per. Imp. Dih.": 0.0}
    for i, j, _, r0, k in rows_of(text, "bonds"):
        length = float(np.linalg.norm(xyz[int(i) - 1] - xyz[int(j) - 1]))
        total["Bond"] += 0.5 * float(k) * (length - float(r0)) ** 2
    for i, j, k, _, theta0, force in rows_of(text, "angles"):
        a, b = (xyz[int(x) - 1] - xyz[int(j) - 1] for x in (i, k))
        theta = np.arccos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))
        total["Angle"] += 0.5 * float(force) * (theta - np.radians(float(theta0))) ** 2
    for row in rows_of(text, "dihedrals"):
        phi = np.radians(torsion_deg(*(xyz[int(x) - 1] for x in row[:4])))
        numbers = [float(x) for x in row[5:]]
        if row[4] == "3":
            total["Ryckaert-Bell."] += sum(c * np.cos(phi - np.pi) ** n for n, c in enumerate(numbers))
        else:
            phase, height, n = numbers
            total["Per. Imp. Dih."] += height * (1 + np.cos(n * phi - np.radians(phase)))
    return total


@pytest.mark.parametrize("name", BONDED)
def test_grompp_takes_it_without_a_warning_and_gromacs_finds_the_same_energies(name: str, tmp_path: Path) -> None:
    """Two engines on a distorted molecule: term by term GROMACS and the sums above must agree."""
    molecule = MOLECULES[name]
    rng = np.random.default_rng(3)
    xyz = np.round(geometry_nm(molecule) + rng.normal(0, 0.005, (len(molecule_atoms(molecule)), 3)) + 4.0, 5)
    top, gro = tmp_path / "system.top", tmp_path / "conf.gro"
    cation = [(MOLECULES["Li"], 1, None)] if molecule.charge_e else []
    write_topology(top, [(molecule, 1, None), *cation], "lorentz-berthelot", name)
    names = [atom.name for atom in molecule_atoms(molecule)] + ["Li"] * len(cation)
    places = np.vstack([xyz, *([[7.0, 7.0, 7.0]] for _ in cation)])
    write_gro(gro, names, places)
    (tmp_path / "point.mdp").write_text(MDP)
    tpr = gromacs.grompp(tmp_path, "point", gro, top)  # raises for a warning
    edr = tmp_path / "point.edr"
    gromacs.run_tool("mdrun", tmp_path / "log", s=tpr, deffnm=tmp_path / "point", nt=1)
    wanted = {term: value for term, value in bonded_energy(text_of(name), xyz).items() if value}
    terms = "\n".join([*(term.replace(" ", "-") for term in wanted), "0"])
    said = gromacs.run_tool("energy", tmp_path / "log", answer=terms, f=edr, o=tmp_path / "point.xvg")
    for term, value in wanted.items():
        (line,) = [row for row in said.splitlines() if row.startswith(term)]
        assert float(line[len(term) :].split()[0]) == pytest.approx(value, rel=1e-4, abs=1e-3), term


def write_gro(path: Path, names: list[str], xyz: np.ndarray) -> None:
    atoms = [
        f"{1:5d}{'MOL':<5s}{name:>5s}{i:5d}{x:10.5f}{y:10.5f}{z:10.5f}"
        for i, (name, (x, y, z)) in enumerate(zip(names, xyz, strict=True), 1)
    ]
    path.write_text("\n".join(["one molecule", str(len(atoms)), *atoms, "8.0 8.0 8.0"]) + "\n")
