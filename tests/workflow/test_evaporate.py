"""One molecule alone: its energy is that of its own pairs and nothing else, and it forgets how it started."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyedr
import pytest

from workflow import gromacs, protocol
from workflow.forcefield import geometry_nm, molecule_atoms, molecule_bonds, write_topology
from workflow.gro import write_gro
from workflow.inputs import Inputs, Molecule, load
from workflow.itp import read_atomtypes
from workflow.job import RunError, RunJob
from workflow.manifest import VAPOUR_ENERGY
from workflow.scripts.evaporate import BOX_EDGE_NM, evaporate

ROOT = Path(__file__).resolve().parents[2]
COULOMB_KJ_NM_PER_MOL_E2 = 138.935458


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """Return the pure liquids of validation.yaml."""
    return load(ROOT, [ROOT / "validation.yaml"])


def with_vapour(inputs: Inputs, vapour_ns: float) -> Inputs:
    lengths = replace(inputs.config.lengths, vapour_ns=vapour_ns)
    return replace(inputs, config=replace(inputs.config, lengths=lengths))


def job(inputs: Inputs, folder: Path, system: str = "pure-dme", replica: int = 1) -> RunJob:
    return RunJob(inputs, system, replica, folder / f"out{replica}", folder / "work", 1)


def steps_between(molecule: Molecule) -> np.ndarray:
    n = len(molecule_atoms(molecule))
    steps = np.where(np.eye(n) == 1, 0.0, np.inf)
    for i, j in molecule_bonds(molecule):
        steps[i, j] = steps[j, i] = 1
    for k in range(n):
        steps = np.minimum(steps, steps[:, [k]] + steps[[k], :])
    return steps


def pair_energies(molecule: Molecule, xyz_nm: np.ndarray, geometric: bool) -> dict[str, float]:
    """Lennard-Jones and Coulomb sums over all pairs in vacuum (kJ/mol), 1-4 pairs apart and halved (OPLS)."""
    atoms, types = molecule_atoms(molecule), read_atomtypes(molecule.folder / "atomtypes.itp")
    steps = steps_between(molecule)
    found = {"LJ-14": 0.0, "Coulomb-14": 0.0, "LJ (SR)": 0.0, "Coulomb (SR)": 0.0}
    for i in range(len(atoms)):
        for j in range(i + 1, len(atoms)):
            if steps[i, j] < 3:
                continue
            a, b = types[atoms[i].type], types[atoms[j].type]
            sigma = np.sqrt(a.sigma_nm * b.sigma_nm) if geometric else (a.sigma_nm + b.sigma_nm) / 2
            epsilon = np.sqrt(a.epsilon_kJ_per_mol * b.epsilon_kJ_per_mol)
            r = float(np.linalg.norm(xyz_nm[i] - xyz_nm[j]))
            half, kind = (0.5, "-14") if steps[i, j] == 3 else (1.0, " (SR)")
            found[f"LJ{kind}"] += half * 4 * epsilon * ((sigma / r) ** 12 - (sigma / r) ** 6)
            found[f"Coulomb{kind}"] += half * COULOMB_KJ_NM_PER_MOL_E2 * atoms[i].charge_e * atoms[j].charge_e / r
    return found


@pytest.mark.parametrize(("system", "geometric"), [("pure-dme", True), ("pure-dme-lb", False), ("pure-dec", True)])
def test_the_energy_is_that_of_the_molecules_own_pairs(
    inputs: Inputs, tmp_path: Path, system: str, geometric: bool
) -> None:
    """A reaction field, a shift, an image or a cut-off inside the molecule would show in these sums."""
    molecule = inputs.molecules[inputs.systems[system].solvents[0]]
    xyz_nm = np.round(geometry_nm(molecule) + 3.0, 3)
    names = [atom.name for atom in molecule_atoms(molecule)]
    write_gro(tmp_path / "start.gro", [(molecule.name, names)], xyz_nm, BOX_EDGE_NM)
    write_topology(tmp_path / "system.top", [(molecule, 1, None)], inputs.mixing_rule(system), molecule.name)
    # The vapour's own parameters, at the structure as it is.
    mdp = protocol.vapour_mdp(inputs, system, 1)
    for old, new in (("integrator", "md"), ("nsteps", "0"), ("constraints", "none"), ("gen-vel", "no")):
        mdp = re.sub(rf"^{old} .*$", f"{old} = {new}", mdp, flags=re.MULTILINE)
    (tmp_path / "point.mdp").write_text(mdp)
    tpr = gromacs.grompp(tmp_path, "point", tmp_path / "start.gro", tmp_path / "system.top")
    gromacs.run_tool("mdrun", tmp_path / "log", s=tpr, deffnm=tmp_path / "point", nt=1)
    energies = pyedr.edr_to_dict(str(tmp_path / "point.edr"))
    for term, expected in pair_energies(molecule, xyz_nm, geometric).items():
        assert energies[term][0] == pytest.approx(expected, rel=1e-4, abs=2e-3), term
    assert "Disper. corr." not in energies


def test_the_vapour_has_the_liquids_temperature_and_constraints(inputs: Inputs) -> None:
    stage = protocol.vapour_stage(inputs, "pure-ec")
    mdp = dict(
        line.split(" = ")
        for line in re.sub(" += +", " = ", protocol.vapour_mdp(inputs, "pure-ec", 1)).splitlines()
        if line
    )
    assert float(mdp["ref-t"]) == float(mdp["gen-temp"]) == stage.temperature_K == 313.15
    assert mdp["constraints"] == "h-bonds" and float(mdp["dt"]) == 0.002
    assert float(mdp["rcoulomb"]) == float(mdp["rvdw"]) < BOX_EDGE_NM / 2
    assert int(mdp["nsteps"]) * float(mdp["dt"]) == pytest.approx(1000 * inputs.config.lengths.vapour_ns)


def test_replicas_and_mixing_rules_have_seeds_of_their_own(inputs: Inputs) -> None:
    texts = {
        protocol.vapour_mdp(inputs, system, replica) for system in ("pure-dme", "pure-dme-lb") for replica in (1, 2)
    }
    assert len(texts) == 4


def test_a_longer_vapour_goes_on_and_a_finished_one_is_found_again(inputs: Inputs, tmp_path: Path) -> None:
    run = job(with_vapour(inputs, 0.02), tmp_path)
    evaporate(run)
    first = pyedr.edr_to_dict(str(run.out / VAPOUR_ENERGY))
    assert first["Time"][-1] == pytest.approx(20.0)
    written = (run.out / VAPOUR_ENERGY).stat().st_mtime_ns
    evaporate(run)
    assert (run.out / VAPOUR_ENERGY).stat().st_mtime_ns == written
    longer = job(with_vapour(inputs, 0.04), tmp_path)
    evaporate(longer)
    second = pyedr.edr_to_dict(str(longer.out / VAPOUR_ENERGY))
    assert second["Time"][-1] == pytest.approx(40.0)
    np.testing.assert_array_equal(second["Potential"][: len(first["Time"])], first["Potential"])
    assert len(list((tmp_path / "work").iterdir())) == 1
    assert (longer.out / "system.top").read_text().rstrip().endswith("DME  1")


def test_a_molecule_too_long_for_the_cut_off_is_refused(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.scripts.evaporate.VAPOUR_CUTOFF_NM", 0.8)
    with pytest.raises(RunError, match=r"DME is 0\.\d+ nm long, too long .* Remedy: set lengths.vapour_ns to 0"):
        evaporate(job(inputs, tmp_path))


def test_what_is_no_pure_liquid_has_no_vapour(default_inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no pure liquid"):
        evaporate(RunJob(default_inputs, "dol-dme-litfsi", 1, tmp_path, tmp_path, 1))


@pytest.mark.slow
def test_the_vapour_is_at_its_temperature_and_replicas_agree(inputs: Inputs, tmp_path: Path) -> None:
    """Two replicas of 2 ns end at the same mean energy, though the torsions of DME turn every 60 ps only."""
    means, errors = [], []
    for replica in (1, 2):
        run = job(with_vapour(inputs, 2.0), tmp_path, replica=replica)
        evaporate(run)
        energies = pyedr.edr_to_dict(str(run.out / VAPOUR_ENERGY))
        kept = energies["Time"] > 100
        blocks = np.array([block.mean() for block in np.array_split(energies["Potential"][kept], 10)])
        means.append(blocks.mean())
        errors.append(blocks.std(ddof=1) / np.sqrt(10))
        temperature = energies["Temperature"][kept]
        # 38 degrees of freedom: T fluctuates by 298 K sqrt(2 / 38), forgotten within about a picosecond
        assert temperature.mean() == pytest.approx(298.15, abs=6 * 298 * np.sqrt(2 / 38) / np.sqrt(1000))
        assert temperature.std() == pytest.approx(298 * np.sqrt(2 / 38), rel=0.1)
    assert abs(means[0] - means[1]) < 4 * np.hypot(*errors)
    assert np.hypot(*errors) < 1.5
