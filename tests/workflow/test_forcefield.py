"""The topology of a box: self-contained, neutral, accepted by GROMACS, and refused when something is off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from workflow import conformers, gromacs
from workflow.forcefield import check_topology, geometry_nm, molecule_atoms, molecule_bonds, sites_of, write_topology
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems
from workflow.itp import ForceFieldError, rows_of, sections

ROOT = Path(__file__).resolve().parents[2]
MOLECULES = {name: one for name, one in read_molecules(ROOT, Problems(ROOT)).items() if one is not None}
Content = list[tuple[Molecule, int, int | None]]

MDP = """integrator = steep
nsteps = 0
cutoff-scheme = verlet
coulombtype = pme
rcoulomb = 1.0
rvdw = 1.0
dispcorr = enerpres
constraints = h-bonds
"""


def everything() -> Content:
    """Both salts, all solvents and both chains; neutral."""
    counts = {"Li": 3, "TFSI": 2, "PF6": 1, "DME": 2, "DOL": 2, "EC": 2, "DEC": 2, "PAB": 1, "PIB": 2}
    return [(MOLECULES[name], n, 4 if MOLECULES[name].polymer else None) for name, n in counts.items()]


def write_box(path: Path, contents: Content, edge_nm: float = 9.0) -> list[str]:
    """A sparse box: every molecule in its own cell of a lattice; returns the atoms' names."""
    names, places, number = [], [], 0
    for molecule, count, monomers in contents:
        for _ in range(count):
            if molecule.polymer:
                xyz = conformers.draw(molecule, monomers or 2, 1, seed=1)[0].xyz_nm
            else:
                xyz = geometry_nm(molecule)
            cell = np.array([number % 4, number // 4 % 4, number // 16]) * (edge_nm / 4) + 1.1
            names += [atom.name for atom in molecule_atoms(molecule, monomers)]
            places.append(xyz + cell)
            number += 1
    rows = [
        f"{1:5d}{'MOL':<5s}{name:>5s}{i % 100000:5d}{x:8.3f}{y:8.3f}{z:8.3f}"
        for i, (name, (x, y, z)) in enumerate(zip(names, np.vstack(places), strict=True), 1)
    ]
    path.write_text("\n".join(["box", str(len(rows)), *rows, f"{edge_nm} {edge_nm} {edge_nm}"]) + "\n")
    return names


@pytest.mark.parametrize(("rule", "number"), [("lorentz-berthelot", "2"), ("geometric", "3")])
def test_the_topology_is_self_contained_and_grompp_takes_it_without_a_warning(
    rule: str, number: str, tmp_path: Path
) -> None:
    top, gro = tmp_path / "system.top", tmp_path / "conf.gro"
    contents = everything()
    write_topology(top, contents, rule, "all molecules")
    names = write_box(gro, contents)
    assert "#" not in top.read_text()
    assert rows_of(top.read_text(), "defaults") == (("1", number, "yes", "0.5", "0.5"),)
    order = [section for section, _ in sections(top.read_text())]
    assert order.index("atomtypes") < order.index("moleculetype")  # GROMACS insists
    assert order.count("moleculetype") == len(contents)
    summary = check_topology(top, gro)
    assert summary.n_atoms == len(names)
    assert summary.n_molecules == 17
    assert summary.charge_e == pytest.approx(0, abs=1e-9)
    (tmp_path / "minimise.mdp").write_text(MDP)
    tpr = gromacs.grompp(tmp_path, "minimise", gro, top)  # raises for a warning
    assert tpr.is_file()
    # h-bonds goes by the first letter of the name: every hydrogen must get its constraint, nothing else may.
    said = gromacs.run_tool("dump", tmp_path / "log", s=tpr)
    per_molecule = [
        int(block.split("\n")[0]) for block in said.split("Constraint:\n")[1:] for block in [block.split("nr: ")[1]]
    ]
    hydrogens = sum(
        sum(atom.name.startswith("H") for atom in molecule_atoms(molecule, monomers))
        for molecule, _, monomers in contents
    )
    assert sum(per_molecule) == 3 * hydrogens  # three numbers per constraint: type and two atoms


def test_mass_and_hydrogens_are_those_of_the_molecules(tmp_path: Path) -> None:
    contents = everything()
    write_topology(tmp_path / "a.top", contents, "geometric", "x")
    write_box(tmp_path / "a.gro", contents)
    summary = check_topology(tmp_path / "a.top", tmp_path / "a.gro")
    atoms = [(atom, count) for m, count, n in contents for atom in molecule_atoms(m, n)]
    assert summary.mass_u == pytest.approx(sum(atom.mass_u * count for atom, count in atoms))
    assert summary.n_hydrogens == sum(count for atom, count in atoms if atom.name.startswith("H"))


def test_the_text_depends_on_its_inputs_only(tmp_path: Path) -> None:
    for name in ("a.top", "b.top"):
        write_topology(tmp_path / name, everything(), "geometric", "x")
    assert (tmp_path / "a.top").read_bytes() == (tmp_path / "b.top").read_bytes()


def test_a_charged_box_is_refused(tmp_path: Path) -> None:
    contents: Content = [(MOLECULES["Li"], 2, None), (MOLECULES["PF6"], 1, None)]
    write_topology(tmp_path / "a.top", contents, "geometric", "x")
    write_box(tmp_path / "a.gro", contents)
    with pytest.raises(ForceFieldError, match=r"net charge 1\.0"):
        check_topology(tmp_path / "a.top", tmp_path / "a.gro")


def test_coordinates_in_another_order_are_refused(tmp_path: Path) -> None:
    contents: Content = [(MOLECULES["DME"], 1, None), (MOLECULES["DOL"], 1, None)]
    write_topology(tmp_path / "a.top", contents, "geometric", "x")
    write_box(tmp_path / "a.gro", contents[::-1])
    with pytest.raises(ForceFieldError, match="in order"):
        check_topology(tmp_path / "a.top", tmp_path / "a.gro")
    write_box(tmp_path / "a.gro", contents[:1])
    with pytest.raises(ForceFieldError, match="16 atoms"):
        check_topology(tmp_path / "a.top", tmp_path / "a.gro")


def test_a_hydrogen_under_another_name_is_refused(tmp_path: Path) -> None:
    contents: Content = [(MOLECULES["PAB"], 1, 2)]
    write_topology(tmp_path / "a.top", contents, "geometric", "x")
    write_box(tmp_path / "a.gro", contents)
    for path in (tmp_path / "a.top", tmp_path / "a.gro"):
        path.write_text(path.read_text().replace("HB1a", "K1a "))
    with pytest.raises(ForceFieldError, match="K1a"):
        check_topology(tmp_path / "a.top", tmp_path / "a.gro")


def copied(name: str, folder: Path, change: tuple[str, str]) -> Molecule:
    folder.mkdir()
    for path in MOLECULES[name].folder.iterdir():
        (folder / path.name).write_text(path.read_text().replace(*change))
    return replace(MOLECULES[name], folder=folder)


def test_a_type_with_two_meanings_names_itself_and_both_molecules(tmp_path: Path) -> None:
    dol = copied("DOL", tmp_path / "DOL", ("0.276144", "0.276145"))
    with pytest.raises(ForceFieldError, match="type e_CT of DOL differs from that of DME"):
        write_topology(tmp_path / "a.top", [(MOLECULES["DME"], 1, None), (dol, 1, None)], "geometric", "x")


def test_a_changed_charge_is_refused(tmp_path: Path) -> None:
    dme = copied("DME", tmp_path / "DME", ("1   -0.4000", "1   -0.4000"))
    assert molecule_atoms(dme) == molecule_atoms(MOLECULES["DME"])
    itp = dme.folder / "DME.itp"
    itp.write_text(itp.read_text().replace("-0.4000", "-0.3900"))
    with pytest.raises(ForceFieldError, match=r"add up to 0\.02"):
        molecule_atoms(dme)


@pytest.mark.parametrize(
    ("change", "message"),
    [(("[ atoms ]", "#include <x>\n[ atoms ]"), "only .itp files"), (("DME     3", "DMX     3"), "named DME")],
)
def test_an_itp_that_is_not_plain_or_not_its_own_is_refused(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    dme = copied("DME", tmp_path / "DME", change)
    with pytest.raises(ForceFieldError, match=message):
        write_topology(tmp_path / "a.top", [(dme, 1, None)], "geometric", "x")


def test_a_pdb_in_another_order_is_refused(tmp_path: Path) -> None:
    dme = copied("DME", tmp_path / "DME", ("C1   DME", "C9   DME"))
    with pytest.raises(ForceFieldError, match="not in the order"):
        geometry_nm(dme)


def test_unknown_rule_doubled_molecule_and_unknown_site_are_refused(tmp_path: Path) -> None:
    li = (MOLECULES["Li"], 1, None)
    with pytest.raises(ForceFieldError, match="mixing rule"):
        write_topology(tmp_path / "a.top", [li], "arithmetic", "x")
    with pytest.raises(ForceFieldError, match="twice"):
        write_topology(tmp_path / "a.top", [li, li], "geometric", "x")
    site = replace(MOLECULES["DME"].sites[0], atoms=("O1", "O7"))
    with pytest.raises(ForceFieldError, match="O7"):
        sites_of(replace(MOLECULES["DME"], sites=(site,)))


def test_bonds_join_what_the_structure_shows_as_bonded() -> None:
    for molecule in MOLECULES.values():
        if molecule.polymer is None:
            xyz = geometry_nm(molecule)
            close = {(i, j) for i in range(len(xyz)) for j in range(i) if np.linalg.norm(xyz[i] - xyz[j]) < 0.195}
            heavy = {i for i, atom in enumerate(molecule_atoms(molecule)) if not atom.name.startswith("H")}
            wanted = {tuple(sorted(pair)) for pair in close if heavy & set(pair)}
            bonded = set(molecule_bonds(molecule))
            assert {pair for pair in wanted if set(pair) <= heavy} == {p for p in bonded if set(p) <= heavy}
