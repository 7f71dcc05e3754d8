"""Double-precision GROMACS and OpenMM find the same energies, term by term, in every molecule.

Positions are off the minimum by seeded noise, so that no term is near zero. The molecule stands in empty space beside
an ion of opposite charge (beside Li+ when it is neutral): a lone ion has no energy, and the mixing rules need two.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.forcefields.energies_two_engines import (
    FLOOR_KJ_PER_MOL,
    PROGRAM_VARIABLE,
    VACUUM_CUTOFF_NM,
    VACUUM_EDGE_NM,
    disagreements,
    gmx_double,
    gromacs_energies,
    write_precise_gro,
)
from tests.forcefields.openmm_energies import TERMS, OpenMMEnergies
from workflow import conformers
from workflow.forcefield import geometry_nm, molecule_atoms, write_topology
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import alternative_folders, read_molecules
from workflow.inputs.parameter_sets import read_parameter_sets
from workflow.inputs.problems import Problems
from workflow.itp import sections

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.name for path in (ROOT / "forcefields/opls-aa/molecules").iterdir() if path.is_dir())
ALTERNATIVES = [f"{path.parent.name}/{path.name}" for path in alternative_folders(ROOT)]
RULES = ("lorentz-berthelot", "geometric")
MONOMERS = 4
FRAMES = 4
NOISE_NM = 0.01
GAP_NM = 0.3  # between molecule and ion
FELT_KJ_PER_MOL = 30 * FLOOR_KJ_PER_MOL


@dataclass(frozen=True)
class Pair:
    """One molecule and an ion: topologies by mixing rule, configurations (n_frames, n_atoms, 3)."""

    tops: dict[str, Path]
    gro: Path
    frames_nm: NDArray[np.float64]

    def by_openmm(self, top: Path) -> list[dict[str, float]]:
        energies = OpenMMEnergies(top)
        return [energies.by_term(xyz_nm) for xyz_nm in self.frames_nm]


@cache
def molecules() -> tuple[dict[str, Molecule], list[str]]:
    problems = Problems(ROOT)
    standard = read_molecules(ROOT, problems)
    found = {name: one for name, one in standard.items() if one is not None}
    for chosen, others in read_parameter_sets(ROOT, standard, problems).items():
        found |= {f"{chosen}/{name}": one for name, one in others.items()}
    return found, [str(problem) for problem in problems.found]


def molecule_of(name: str) -> Molecule:
    found, problems = molecules()
    assert name in found, problems
    return found[name]


def write_pair(name: str, folder: Path) -> Pair:
    molecule = molecule_of(name)
    name = name.replace("/", "-")
    ion = molecule_of("PF6" if molecule.charge_e > 0 else "Li")
    length = max(MONOMERS, molecule.polymer.min_monomers) if molecule.polymer else None
    own = geometry_nm(molecule) if length is None else conformers.draw(molecule, length, 1, seed=1)[0].xyz_nm
    beside = geometry_nm(ion)
    beside[:, 0] += own[:, 0].max() - beside[:, 0].min() + GAP_NM
    xyz = np.vstack([own, beside])
    noise = np.random.default_rng(1).normal(0, NOISE_NM, (FRAMES, *xyz.shape))
    frames = np.round(xyz + noise + VACUUM_EDGE_NM / 2, 9)
    assert np.ptp(frames, axis=1).max() < VACUUM_CUTOFF_NM / np.sqrt(3)  # every pair counts in both engines
    contents = [(molecule, 1, length), (ion, 1, None)]
    names = [atom.name for one, _, n in contents for atom in molecule_atoms(one, n)]
    write_precise_gro(folder / "pair.gro", frames, names, VACUUM_EDGE_NM)
    tops = {rule: folder / f"{rule}.top" for rule in RULES}
    for rule, top in tops.items():
        write_topology(top, contents, rule, name)
    return Pair(tops, folder / "pair.gro", frames)


def terms_in(text: str) -> set[str]:
    """Terms that a topology must show, by its sections."""
    there = {title for title, rows in sections(text) if rows}
    functions = {row[4] for title, rows in sections(text) if title == "dihedrals" for row in rows}
    torsions = {"1": "periodic torsions", "9": "periodic torsions", "3": "rb torsions"}
    bonded = {*({"bonds", "angles"} & there), *(torsions.get(function, "impropers") for function in functions)}
    return bonded | {"lj", "coulomb"}


@pytest.mark.parametrize("name", [*FOLDERS, *ALTERNATIVES])
def test_molecule(name: str, tmp_path: Path) -> None:
    pair = write_pair(name, tmp_path)
    for rule, top in pair.tops.items():
        gromacs = gromacs_energies(top, pair.gro, None, tmp_path / rule)
        assert not disagreements(gromacs, pair.by_openmm(top)), rule
        # A term near zero would agree whatever its parameters, one that is not there says nothing.
        felt = {term for term in TERMS if max(abs(energies[term]) for energies in gromacs) > FELT_KJ_PER_MOL}
        assert felt == terms_in(top.read_text())


# What changes in the topology that OpenMM is given: section, function or None, column, the new number from the old.
# All rows with the same number change, as when one parameter of the force field is wrong.
Change = tuple[str, str | None, int, Callable[[float], float]]
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "bond length by 0.1 pm": (("bonds", None, 3, lambda x: x + 0.0001), {"bonds"}),
    "bond constant by 0.1 %": (("bonds", None, 4, lambda x: x * 1.001), {"bonds"}),
    "angle by 0.1 degrees": (("angles", None, 4, lambda x: x + 0.1), {"angles"}),
    "angle constant by 0.1 %": (("angles", None, 5, lambda x: x * 1.001), {"angles"}),
    "torsion C0 by 0.1 %": (("dihedrals", "3", 5, lambda x: x * 1.001), {"rb torsions"}),
    "torsion C2 by 0.1 %": (("dihedrals", "3", 7, lambda x: x * 1.001), {"rb torsions"}),
    "improper by 1 %": (("dihedrals", "4", 6, lambda x: x * 1.01), {"impropers"}),
    "charge by 0.001 e": (("atoms", None, 6, lambda x: x + 0.001), {"coulomb"}),
    "sigma by 1 %": (("atomtypes", None, 5, lambda x: x * 1.01), {"lj"}),
    "epsilon by 1 %": (("atomtypes", None, 6, lambda x: x * 1.01), {"lj"}),
    "mixing rule": (("defaults", None, 1, lambda x: 5 - x), {"lj"}),
    "1-4 LJ at 0.51": (("defaults", None, 3, lambda x: 0.51), {"lj"}),
    "1-4 Coulomb at 0.51": (("defaults", None, 4, lambda x: 0.51), {"coulomb"}),
}


def changed(text: str, change: Change) -> str:
    """Return topology text with one number changed wherever it stands in that column of the first such sections."""
    section, function, column, new = change
    lines, title, old = text.splitlines(), "", None
    for n, line in enumerate(lines):
        words = line.split(";")[0].split()
        if line.startswith("["):
            title = line.strip("[] ")
        elif title == section and words and (function is None or words[4] == function):
            old = old or words[column]
            if words[column] == old:
                words[column] = f"{new(float(old)):.12g}"
                lines[n] = "  ".join(words)
    assert old is not None
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pair, list[dict[str, float]]]:
    """EC, which has every kind of term, and its energies by GROMACS."""
    folder = tmp_path_factory.mktemp("compared")
    pair = write_pair("EC", folder)
    return pair, gromacs_energies(pair.tops["geometric"], pair.gro, None, folder)


@pytest.mark.parametrize("what", CHANGES)
def test_a_parameter_that_differs_in_one_engine_is_noticed(
    what: str, compared: tuple[Pair, list[dict[str, float]]], tmp_path: Path
) -> None:
    (pair, gromacs), (change, terms) = compared, CHANGES[what]
    text, top = pair.tops["geometric"].read_text(), tmp_path / "changed.top"
    top.write_text(changed(text, (*change[:3], lambda x: x)))
    assert not disagreements(gromacs, pair.by_openmm(top))
    top.write_text(changed(text, change))
    assert set(disagreements(gromacs, pair.by_openmm(top))) == terms


def test_a_1_4_pair_left_out_in_one_engine_is_noticed(
    compared: tuple[Pair, list[dict[str, float]]], tmp_path: Path
) -> None:
    (pair, gromacs), top = compared, tmp_path / "changed.top"
    text, count = re.subn(r"(\[ pairs \]\n(?:;.*\n)*).*\n", r"\1", pair.tops["geometric"].read_text(), count=1)
    assert count == 1
    top.write_text(text)
    assert set(disagreements(gromacs, pair.by_openmm(top))) == {"lj", "coulomb"}


PAIR_TERM = """[ defaults ]
1  {rule}  yes  0.5  0.5
[ atomtypes ]
Li  3  6.94   0.0  A  0.2126  0.0765
X   1  1.008  0.0  A  0.25    0.12552
Y   1  1.008  0.0  A  0.25    0.12552
[ nonbond_params ]
Y  Li  1  0.19  0.7
[ moleculetype ]
three  0
[ atoms ]
1  X   1  three  H1  1  0.0  1.008
2  Y   1  three  H2  2  0.0  1.008
3  Li  1  three  Li  3  0.0  6.94
[ system ]
three atoms
[ molecules ]
three  1
"""


@pytest.mark.parametrize("rule", [2, 3])
def test_a_pair_term_counts_once_and_for_its_own_two_types_only(rule: int, tmp_path: Path) -> None:
    """X equals Y but for the pair term: ParmEd alone would give both none, or count twice under rule 3."""
    top, gro = tmp_path / "three.top", tmp_path / "three.gro"
    top.write_text(PAIR_TERM.format(rule=rule))
    xyz_nm = np.array([[4.0, 4.0, 4.0], [4.31, 4.0, 4.0], [4.12, 4.17, 4.0]])
    write_precise_gro(gro, xyz_nm[None], ["H1", "H2", "Li"], VACUUM_EDGE_NM)
    mixed = (0.25 * 0.2126) ** 0.5 if rule == 3 else (0.25 + 0.2126) / 2
    wanted = 0.0
    for i, j, sigma, epsilon in ((0, 1, 0.25, 0.12552), (0, 2, mixed, (0.12552 * 0.0765) ** 0.5), (1, 2, 0.19, 0.7)):
        sixth = (sigma / float(np.linalg.norm(xyz_nm[i] - xyz_nm[j]))) ** 6
        wanted += 4 * epsilon * (sixth**2 - sixth)
    assert gromacs_energies(top, gro, None, tmp_path)[0]["lj"] == pytest.approx(wanted, rel=1e-6)
    assert OpenMMEnergies(top).by_term(xyz_nm)["lj"] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("program", "fault"), [("/opt/none/gmx_d", "missing"), (sys.executable, "not a double")])
def test_without_double_precision_the_message_says_what_to_install(
    program: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, program)
    with pytest.raises(pytest.fail.Exception, match=rf"{fault}.*apt-get install gromacs.*{PROGRAM_VARIABLE}"):
        gmx_double.__wrapped__()
