"""Sweeps: a few lines make many systems, which differ in the swept values and in nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.forcefield import molecule_atoms, moleculetype_text
from workflow.inputs import System, describing_hash, identity, load
from workflow.inputs.problems import InputError
from workflow.inputs.sweeps import QUANTITIES
from workflow.itp import rows_of

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

ROOT = Path(__file__).parents[3]
SWEEP = """\
systems: []
sweeps:
  - title: swept
    extends: {extends}
    values:
{values}
"""
CLAIM = """\
claims:
  - {id: C, text: faster, source: "doi:10/x", parts: [{quantity: D, label: Li, direction: up}]}
published: [{quantity: conductivity, value: 10, unit: mS/cm, source: "doi:10/x"}]
"""


def sweep(project: Project, values: str, extends: str = "ether-pab") -> str:
    """Write an overlay with one sweep; its name."""
    lines = "\n".join(f"      {line}" for line in values.splitlines())
    project.write("sweep.yaml", SWEEP.format(extends=extends, values=lines))
    return "sweep.yaml"


def test_the_sweep_of_the_project_changes_nothing_but_the_chains() -> None:
    inputs = load(ROOT, [ROOT / "sweeps" / "chain_content.yaml"])
    shares = []
    for name in inputs.config.systems:
        composition = inputs.compositions[name]
        bare = {molecule: count for molecule, count in composition.counts if molecule != "PAB"}
        assert bare == dict(inputs.compositions["dol-dme-litfsi-pab-0wt"].counts)
        shares.append(composition.reached.get("chains_wt_percent", 0.0))
        assert shares[-1] == pytest.approx(inputs.systems[name].swept[0].value, rel=0.1)
    assert shares[0] == 0.0 and shares == sorted(shares) and shares[-1] == pytest.approx(10.0, rel=0.05)
    assert not [name for name in inputs.compositions if inputs.compositions[name].warnings]


def test_every_quantity_reaches_its_system(project: Project) -> None:
    values: dict[str, tuple[float, Callable[[System], object]]] = {
        "temperature_K": (280, lambda one: one.temperature_K),
        "salt.mol_per_L": (0.9, lambda one: one.salt and one.salt.mol_per_L),
        "salt.mol_per_L_solvent": (0.9, lambda one: one.salt and one.salt.mol_per_L_solvent),
        "ion_charge_scale": (0.8, lambda one: one.ion_charge_scale),
        "chains.wt_percent": (5, lambda one: one.chains and one.chains.wt_percent),
        "chains.monomers": (6, lambda one: one.chains and one.chains.monomers),
    }
    assert set(values) == set(QUANTITIES)
    for quantity, (value, found) in values.items():
        inputs = project.load(sweep(project, f"{quantity}: [{value}]"))
        (name,) = inputs.config.systems
        system = inputs.systems[name]
        assert found(system) == value
        assert (system.sweep_of, system.base) == ("ether-pab", None)
        assert [(one.quantity, one.value) for one in system.swept] == [(quantity, value)]
        assert system.title.startswith("swept, ") and f"{value:g}" in system.title


def test_names_tell_the_values_and_do_not_depend_on_the_others(project: Project) -> None:
    few = project.load(sweep(project, "chains.wt_percent: [0, 5]"))
    more = project.load(sweep(project, "chains.wt_percent: [0, 2.5, 5.0, 10]"))
    assert few.config.systems == ("ether-pab-0wt", "ether-pab-5wt")
    assert more.config.systems == ("ether-pab-0wt", "ether-pab-2.5wt", "ether-pab-5wt", "ether-pab-10wt")
    for name in few.config.systems:
        assert identity(few, name, 1, "production") == identity(more, name, 1, "production")
        assert describing_hash(few, name, 1) == describing_hash(more, name, 1)


def test_a_grid_is_compared_along_the_quantity_named_last(project: Project) -> None:
    inputs = project.load(sweep(project, "temperature_K: [280, 298]\nchains.monomers: [4, 6, 8]"))
    assert inputs.config.systems == tuple(f"ether-pab-{t}K-{n}mer" for t in (280, 298) for n in (4, 6, 8))
    for name, system in inputs.systems.items():
        first = f"ether-pab-{system.temperature_K:g}K-4mer"
        assert system.base == (None if name == first else first)
    assert len({identity(inputs, name, 1, "production") for name in inputs.systems}) == 6


def test_claims_about_chains_stay_only_where_a_sweep_adds_chains(project: Project) -> None:
    project.write("systems/ether.yaml", (project.root / "systems/ether.yaml").read_text(encoding="utf-8") + CLAIM)
    added = project.load(sweep(project, "chains.wt_percent: [0, 5, 10]"))
    assert [len(added.systems[name].claims) for name in added.config.systems] == [1, 1, 1]
    for values in ("chains.wt_percent: [5, 10]", "temperature_K: [280, 298]", "ion_charge_scale: [1, 0.8]"):
        inputs = project.load(sweep(project, values))
        assert not [name for name in inputs.systems if inputs.systems[name].claims]
    assert not [name for name in added.systems if added.systems[name].published], "measured on another liquid"


def test_scaled_charges_are_those_of_the_ions_alone_and_stay_neutral(project: Project) -> None:
    inputs = project.load(sweep(project, "ion_charge_scale: [1, 0.75]"))
    full, scaled = "ether-pab-1q", "ether-pab-0.75q"
    for name, _ in inputs.compositions[full].counts:
        before, after = inputs.molecule(full, name), inputs.molecule(scaled, name)
        factor = 0.75 if name in ("Li", "TFSI") else 1.0
        monomers = 10 if name == "PAB" else None
        charges = [[atom.charge_e for atom in molecule_atoms(one, monomers)] for one in (before, after)]
        assert charges[1] == pytest.approx([charge * factor for charge in charges[0]])
        written = [float(row[6]) for row in rows_of(moleculetype_text(after, monomers), "atoms")]
        assert written == pytest.approx(charges[1], abs=1e-9)
        assert sum(written) == pytest.approx(after.net_charge_e, abs=1e-9)
        lines = [moleculetype_text(one, monomers).partition("[ bonds ]")[2] for one in (before, after)]
        assert lines[0] == lines[1]
    assert inputs.molecule(scaled, "Li").net_charge_e == -inputs.molecule(scaled, "TFSI").net_charge_e == 0.75
    assert identity(inputs, full, 1, "build") != identity(inputs, scaled, 1, "build")


def test_a_scale_of_one_is_the_same_physics_as_none(project: Project) -> None:
    before = identity(project.load(), "ether", 1, "production")
    project.edit("systems/ether.yaml", "box:", "ion_charge_scale: 1.0\nbox:")
    assert identity(project.load(), "ether", 1, "production") == before
    project.edit("systems/ether.yaml", "ion_charge_scale: 1.0", "ion_charge_scale: 0.8")
    assert identity(project.load(), "ether", 1, "production") != before


def test_systems_and_sweeps_run_side_by_side_and_overrides_hold(project: Project) -> None:
    name = sweep(project, "chains.wt_percent: [0, 5]")
    text = (project.root / name).read_text(encoding="utf-8").replace("systems: []", "systems: [ether]")
    project.write(name, text + "override: {box: {salt_pairs: 60}, temperature_K: 310}\n")
    inputs = project.load(name)
    assert inputs.config.systems == ("ether", "ether-pab-0wt", "ether-pab-5wt")
    assert {inputs.compositions[one].reached["salt_count"] for one in inputs.systems} == {60}
    assert {one.temperature_K for one in inputs.systems.values()} == {310.0}


@pytest.mark.parametrize(
    ("values", "key", "problem", "remedy"),
    [
        ("chains.wt: [1]", "sweeps[1].values.chains.wt = [1]", "not known", "Did you mean `chains.wt_percent`?"),
        ("temperature_K: 298", "values.temperature_K = 298", "a list of values", "[1, 2, 3]"),
        ("temperature_K: []", "values.temperature_K = []", "a list of values", "[1, 2, 3]"),
        ("temperature_K: [298 K]", "values.temperature_K = 298 K", "must be a number", "without quotes or a unit"),
        ("temperature_K: [true]", "values.temperature_K = true", "must be a number", "plain numbers"),
        ("temperature_K: [.nan]", "values.temperature_K = .nan", "must be a number", "plain numbers"),
        ("temperature_K: [../../x]", "values.temperature_K = ../../x", "must be a number", "plain numbers"),
        ("temperature_K: [298, 298.0]", "values.temperature_K = 298.0", "stands twice", "Keep one"),
        ("temperature_K: [298, 1e9]", "values.temperature_K = 1e9", "part of a name", "letters, digits"),
        ("temperature_K: [25]", "temperature_K = 25", "below 150 K", "not degrees Celsius"),
        ("temperature_K: [380]", "anneal_temperature_K = 400", "at least 50 K", "430"),
        ("chains.wt_percent: [70]", "chains.wt_percent = 70", "at most 60 wt%", "Write 60 or less"),
        ("chains.wt_percent: [-1]", "values.chains.wt_percent = -1", "part of a name", "begin with a letter or digit"),
        ("chains.monomers: [2.5]", "chains.monomers = 2.5", "whole number", "whole number"),
        ("chains.monomers: [60]", "chains.monomers = 60", "too small", "monomers or fewer"),
        ("ion_charge_scale: [8]", "ion_charge_scale = 8", "at most 1", "Write 1 or less"),
        ("ion_charge_scale: [0.1]", "ion_charge_scale = 0.1", "at least 0.5", "Write 0.5 or more"),
        ("chains.wt_percent: [0, 5]\nchains.monomers: [4, 6]", "chains.wt_percent = [0, 5]", "length", "Leave 0 out"),
    ],
)
def test_a_bad_value_is_told_with_its_line(project: Project, values: str, key: str, problem: str, remedy: str) -> None:
    text = project.problem(sweep(project, values))
    where = "config.yaml:" if key.startswith("anneal") else "sweep.yaml:"
    assert text.startswith(where) and key in text and problem in text and remedy in text


def test_a_sweep_of_what_the_system_lacks_is_refused(project: Project) -> None:
    text = project.problem(sweep(project, "chains.wt_percent: [5]", extends="ether"))
    assert "sweep.yaml:6: chains.wt_percent = 5: `ether` has no chains. Let the sweep extend" in text
    text = project.problem(sweep(project, "temperature_K: [298]", extends="eter"))
    assert "sweeps[1].extends = eter: there is no file systems/eter.yaml. Did you mean `ether`?" in text
    text = project.problem(sweep(project, "temperature_K: [298]", extends="../ether"))
    assert "extends = ../ether" in text and "misread" in text


def test_a_name_that_is_taken_is_refused(project: Project) -> None:
    project.write("systems/ETHER-pab-298k.yaml", "extends: ether\ntitle: taken\n")
    text = project.problem(sweep(project, "temperature_K: [298]"))
    assert "would be called ether-pab-298K" in text and "systems/ETHER-pab-298k.yaml" in text
    name = sweep(project, "temperature_K: [300]")
    whole = (project.root / name).read_text(encoding="utf-8")
    twice = whole + whole.partition("sweeps:\n")[2]
    project.write(name, twice)
    assert "ether-pab-300K, and so is that of sweeps[1]" in project.problem(name)


def test_more_systems_than_can_be_wanted_are_refused_before_they_are_made(project: Project) -> None:
    many = ", ".join(str(200 + number) for number in range(150))
    text = project.problem(sweep(project, f"temperature_K: [{many}]\nchains.monomers: [{many}]"))
    assert "22500 systems, more than 3000" in text


def test_no_system_at_all_is_refused(project: Project) -> None:
    project.write("none.yaml", "systems: []\nsweeps: []\n")
    assert "systems = []: the list is empty" in project.problem("none.yaml")


def test_the_folder_of_the_sweeps_takes_no_results(project: Project) -> None:
    project.edit("config.yaml", "results: results", "results: sweeps")
    with pytest.raises(InputError, match="folder of the project itself"):
        project.load()
