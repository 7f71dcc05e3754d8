"""Other parameters for the same molecules: which a system takes, what it keeps, and what is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.forcefield import molecule_atoms, write_topology
from workflow.inputs import identity, load
from workflow.inputs.molecule_files import ALTERNATIVES, FORCE_FIELD
from workflow.inputs.problems import InputError
from workflow.itp import rows_of

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

ROOT = Path(__file__).parents[3]
SET = ALTERNATIVES / "mine"
VARIANT = "extends: ether\ntitle: other parameters\nparameter_set: mine\n"


def add_set(project: Project, *names: str) -> Path:
    """Copy molecules of the force field into a set of their own, one charge or radius of each changed by hand."""
    for name in names:
        shutil.copytree(project.root / FORCE_FIELD / "molecules" / name, project.root / SET / name)
        types = project.root / SET / name / "atomtypes.itp"
        itp = project.root / SET / name / f"{name}.itp"
        for file in (types, itp):  # types of the set's own, so that none has two meanings
            file.write_text(file.read_text().replace("i_Li", "m_Li").replace("e_", "m_").replace("r_", "m_"))
        types.write_text(types.read_text().replace("0.212645", "0.2"))
    project.write("systems/ether-mine.yaml", VARIANT)
    project.edit("config.yaml", "  - ether\n", "  - ether\n  - ether-mine\n")
    return project.root / SET


def test_a_system_takes_its_molecules_from_the_set_and_keeps_all_else(project: Project, tmp_path: Path) -> None:
    add_set(project, "Li")
    inputs = project.load()
    assert inputs.compositions["ether"].counts == inputs.compositions["ether-mine"].counts
    assert inputs.molecule("ether", "Li").folder != inputs.molecule("ether-mine", "Li").folder
    assert inputs.molecule("ether", "DME") == inputs.molecule("ether-mine", "DME")
    sigma = []
    for system in ("ether", "ether-mine"):
        contents = [(one, 1, None) for one in inputs.molecules_of(system).values() if one.polymer is None]
        write_topology(tmp_path / "system.top", contents, "geometric", system)
        rows = rows_of((tmp_path / "system.top").read_text(), "atomtypes")
        sigma.append([row[-2] for row in rows if row[0].endswith("_Li")])
    assert sigma == [["0.212645"], ["0.2"]]
    assert identity(inputs, "ether", 1, "build") != identity(inputs, "ether-mine", 1, "build")


def test_densities_are_those_of_the_standard_molecule_so_that_numbers_stay(project: Project) -> None:
    folder = add_set(project, "DME")
    file = folder / "DME" / "molecule.yaml"
    text = file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("density_kg_per_m3"))
    file.write_text(text.replace(line, "density_kg_per_m3: 500"))
    inputs = project.load()
    assert inputs.compositions["ether"].counts == inputs.compositions["ether-mine"].counts
    assert inputs.molecule("ether-mine", "DME").density_kg_per_m3 == inputs.molecules["DME"].density_kg_per_m3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("systems/ether-mine.yaml", "set: mine", "set: nine"),
            "there is no folder forcefields/opls-aa/alternatives/nine",
        ),
        (("systems/ether-mine.yaml", "set: mine", "set: ../molecules"), "there is no folder"),
        (
            (str(SET / "Li/molecule.yaml"), "formula: Li", "formula: Na"),
            "the force field's Li has another value (`Li`)",
        ),
        ((str(SET / "Li/molecule.yaml"), "name: Li", "name: LI"), "the folder is called `Li`"),
        ((str(SET / "Li/molecule.yaml"), "sources: [", "sources: [nobody, "), "`nobody` is not in references.bib"),
        ((str(SET / "Li/Li.itp"), "m_Li ", "n_Li "), "n_Li"),
        ((str(SET / "Li/atomtypes.itp"), "m_Li", "i_Li"), "one name, two meanings"),
    ],
)
def test_what_does_not_fit_is_refused(project: Project, change: tuple[str, str, str], told: str) -> None:
    add_set(project, "Li")
    if "atomtypes" in change[0]:
        project.edit(str(SET / "Li/Li.itp"), "m_Li", "i_Li")
    project.edit(*change)
    with pytest.raises(InputError, match=re.escape(told)):
        project.load()


def test_a_set_without_any_molecule_of_the_system_is_refused(project: Project) -> None:
    add_set(project, "EC")
    with pytest.raises(InputError, match="this set holds EC, none of which is in the system"):
        project.load()


def test_a_molecule_that_the_force_field_lacks_is_refused(project: Project) -> None:
    add_set(project, "Li")
    shutil.rmtree(project.root / FORCE_FIELD / "molecules" / "Li")
    with pytest.raises(InputError, match="the force field has no molecule `Li` that these parameters could replace"):
        project.load()


def test_every_system_of_the_study_differs_from_its_base_in_one_thing() -> None:
    inputs = load(ROOT, [ROOT / "sensitivity.yaml"])
    for name, system in inputs.systems.items():
        if system.base is None:
            continue
        base = inputs.systems[system.base]
        other = [
            key
            for key in (
                "mixing_rule",
                "parameter_set",
                "ion_charge_scale",
                "volume_ratio",
                "solvents",
                "temperature_K",
                "chains",
            )
            if getattr(system, key) != getattr(base, key)
        ]
        assert len(other) == 1, name
        if other != ["volume_ratio"]:
            assert inputs.compositions[name].counts == inputs.compositions[system.base].counts
            assert system.published == base.published
        for molecule in inputs.molecules_of(name):
            names = [
                [atom.name for atom in molecule_atoms(inputs.molecule(one, molecule))] for one in (name, base.name)
            ]
            assert names[0] == names[1]
    assert {one.parameter_set for one in inputs.systems.values()} == {None, "dang", "ligpargen"}


def test_equal_weights_are_equal_weights() -> None:
    inputs = load(ROOT, [ROOT / "sensitivity.yaml"])
    counts = dict(inputs.compositions["ec-dec-lipf6-by-weight"].counts)
    mass = {
        name: counts[name] * sum(atom.mass_u for atom in molecule_atoms(inputs.molecules[name]))
        for name in ("EC", "DEC")
    }
    assert mass["EC"] / mass["DEC"] == pytest.approx(1, abs=0.01)
