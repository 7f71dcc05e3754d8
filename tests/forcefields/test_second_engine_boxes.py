"""The six packed boxes: the same energies by GROMACS and OpenMM, and GROMACS' dispersion correction by its formula.

Built as a run builds them, at preview size; some steps of steepest descent take the clashes out, then noise is added.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import constants, sparse

from tests.forcefields.energies_two_engines import (
    disagreements,
    gromacs_energies,
    gromacs_terms,
    point_mdp,
    run_gromacs,
    write_precise_gro,
)
from tests.forcefields.openmm_energies import Mesh, OpenMMEnergies, mixed_parameters, read_topology
from workflow.forcefield import COMBINATION_RULES
from workflow.inputs.plan import load
from workflow.job import RunJob
from workflow.scripts.build import build
from workflow.workfolder import exclusive, write_text

ROOT = Path(__file__).resolve().parents[2]
PREVIEW = [ROOT / "preview.yaml"]
SYSTEMS = load(ROOT, PREVIEW).config.systems
NOISE_NM = 0.005
BAR_PER_KJ_MOL_NM3 = constants.kilo / constants.N_A / constants.nano**3 / constants.bar

MINIMISE_MDP = """integrator = steep
nsteps = 100
cutoff-scheme = Verlet
rcoulomb = 1.0
rvdw = 1.0
"""


@dataclass(frozen=True)
class Box:
    """One packed box: topologies by mixing rule, positions (n_atoms, 3), edge and cut-offs."""

    tops: dict[str, Path]
    gro: Path
    xyz_nm: NDArray[np.float64]
    mesh: Mesh


@pytest.fixture(scope="session")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all test processes of this session, so that each box is built once."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "second_engine"


def box_of(system: str, boxes: Path, own: Path) -> Box:
    """Build a box, or find it built; and write its topology under both mixing rules to a folder of one's own."""
    inputs, folder = load(ROOT, PREVIEW), boxes / system
    with exclusive(folder, system):
        if not (folder / "min.gro").is_file():
            build(RunJob(inputs, system, 1, folder, boxes / "work", 1))
            write_text(folder / "min.mdp", MINIMISE_MDP)
            files = ["-c", "packed.gro", "-p", "system.top", "-o", "min.tpr", "-po", "full.mdp"]
            run_gromacs(folder, "grompp", "-f", "min.mdp", *files)
            run_gromacs(folder, "mdrun", "-s", "min.tpr", "-deffnm", "min", "-nt", "1")
    *atoms, last = (folder / "min.gro").read_text(encoding="utf-8").splitlines()[2:]
    xyz = np.array([[float(line[i : i + 8]) for i in (20, 28, 36)] for line in atoms])
    xyz = np.round(xyz + np.random.default_rng(1).normal(0, NOISE_NM, xyz.shape), 9)
    edge_nm = float(last.split()[0])
    write_precise_gro(own / "box.gro", xyz[None], [line[10:15].strip() for line in atoms], edge_nm)
    text = (folder / "system.top").read_text(encoding="utf-8")
    tops = {rule: own / f"{rule}.top" for rule in COMBINATION_RULES}
    for rule, top in tops.items():
        top.write_text(with_rule(text, COMBINATION_RULES[rule]), encoding="utf-8")
    return Box(tops, own / "box.gro", xyz, Mesh(edge_nm, inputs.config.cutoff_nm))


def with_rule(text: str, rule: int) -> str:
    """Return topology text with this combination rule."""
    changed, count = re.subn(r"^(1 +)[23]( +yes)", rf"\g<1>{rule}\2", text, flags=re.MULTILINE)
    assert count == 1
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_box(system: str, boxes: Path, tmp_path: Path) -> None:
    box = box_of(system, boxes, tmp_path)
    found = {}
    for rule, top in box.tops.items():
        gromacs = gromacs_energies(top, box.gro, box.mesh, tmp_path / rule)
        found[rule] = gromacs, [OpenMMEnergies(top, box.mesh).by_term(box.xyz_nm)]
        assert not disagreements(*found[rule]), rule
    # One engine with another mixing rule, or with another charge of the cation, does not pass.
    gromacs, _ = found["lorentz-berthelot"]
    assert set(disagreements(gromacs, found["geometric"][1])) == {"lj"}
    text, count = re.subn(r"(\bLi +\d+ +)1\.0+\b", r"\g<1>1.0010", box.tops["lorentz-berthelot"].read_text())
    assert count == 1
    (tmp_path / "changed.top").write_text(text)
    changed = [OpenMMEnergies(tmp_path / "changed.top", box.mesh).by_term(box.xyz_nm)]
    assert set(disagreements(gromacs, changed)) == {"coulomb"}


def mean_c6(structure: Any) -> float:
    """Mean dispersion constant in kJ/mol nm^6 over all pairs of atoms but those three bonds apart or less."""
    types = {atom.atom_type.name: atom.atom_type for atom in structure.atoms}
    sigma, epsilon = mixed_parameters(types, structure.combining_rule == "geometric")
    c6 = 4 * epsilon * sigma**6
    kind = np.array([list(types).index(atom.atom_type.name) for atom in structure.atoms])
    n, per_kind = len(kind), np.bincount(kind)
    ends = np.array([(bond.atom1.idx, bond.atom2.idx) for bond in structure.bonds]).T
    bonded = sparse.coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(n, n)).tocsr()
    bonded = bonded + bonded.T
    near = sparse.triu(bonded + bonded @ bonded + bonded @ bonded @ bonded, k=1).tocoo()
    total = (per_kind @ c6 @ per_kind - per_kind @ np.diag(c6)) / 2 - c6[kind[near.row], kind[near.col]].sum()
    return float(total / (n * (n - 1) / 2 - near.nnz))


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
def test_dispersion_correction(system: str, boxes: Path, tmp_path: Path) -> None:
    """E = -2/3 pi N rho <C6> / rc^3 and p = -4/3 pi rho^2 <C6> / rc^3, for a plain cut-off.

    Where the potential is shifted to zero at the cut-off, as in the simulations, the correction also gives back what
    the shift took: <C6> / rc^6 for the mean number of pairs within the cut-off, each atom's own place left out.
    """
    box = box_of(system, boxes, tmp_path)
    mdp = point_mdp(box.mesh).replace("DispCorr = no", "DispCorr = EnerPres")
    n, cutoff, density = len(box.xyz_nm), box.mesh.cutoff_nm, len(box.xyz_nm) / box.mesh.edge_nm**3
    for rule, top in box.tops.items():
        c6 = mean_c6(read_topology(top))
        energy = -2 / 3 * np.pi * n * density * c6 / cutoff**3
        shifted = energy - n / 2 * (4 / 3 * np.pi * cutoff**3 * density - 1) * c6 / cutoff**6
        pressure = -4 / 3 * np.pi * density**2 * c6 / cutoff**3 * BAR_PER_KJ_MOL_NM3
        for modifier, wanted in (("None", energy), ("Potential-shift", shifted)):
            text = mdp.replace("vdw-modifier = None", f"vdw-modifier = {modifier}")
            (found,) = gromacs_terms(top, box.gro, text, tmp_path / rule, rerun=False)
            # Counting the excluded pairs as well would change it by more than 1e-4.
            assert found["Disper. corr."] == pytest.approx(wanted, rel=1e-8)
            assert found["Pres. DC"] == pytest.approx(pressure, rel=1e-8)
