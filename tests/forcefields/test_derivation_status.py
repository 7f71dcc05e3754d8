"""What is written of a derivation: status, what is missed, and the cis probability, read back by workflow.inputs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from derivation import writing
from derivation.acceptance import Criterion
from derivation.binding import Holder, Lab
from derivation.bonded import Conformer, Relaxed
from derivation.charges import ChargeFit
from derivation.cis import CisEnergy
from derivation.fitted import Fitted
from derivation.jobs import all_jobs, judges
from derivation.judgement import Verdict, remarks
from derivation.outcome import Outcome
from derivation.parameters import ROOT, molecules
from workflow.cis_trans import share
from workflow.forcefield import geometry_nm
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import FORCE_FIELD, read_molecules
from workflow.inputs.problems import Problems

MOLECULES = molecules()
MET = Criterion('relative error, "quoted": and a comma, too', 0.1, 0.15, "1")
OPEN = Criterion("torsion profile PAB-n3-t1, RMS", None, 1.0, "kJ/mol")
MISSED = [
    Criterion("bond length: largest deviation", 0.0781234, 0.02, "angstrom", "b_B-b_N in PAB-n3-c4"),
    Criterion("hardly beyond its limit", 0.0300004, 0.03, "1"),
    Criterion("pairs of Li+ sites in the wrong order", 2.0, 0, "pairs"),
    Criterion("profile", 14.8, 14.712345, "kJ/mol"),
]


@pytest.mark.parametrize(
    ("criteria", "jobs", "estimated", "status"),
    [
        ([MET], 0, "", "derived"),
        ([MET, MISSED[0]], 0, "", "provisional"),
        ([MET, OPEN], 0, "", "provisional"),
        ([MET], 1, "", "provisional"),
        ([MET], 0, "torsions", "provisional"),
    ],
)
def test_derived_is_only_what_meets_every_criterion(
    criteria: list[Criterion], jobs: int, estimated: str, status: str
) -> None:
    found = Verdict("PAB", tuple(criteria), jobs, estimated)
    assert found.status == status
    assert ("criteria that apply met" in found.note) == (status == "derived")
    assert ("torsions still estimated" in found.note) == (estimated != "")
    assert "provisional_bn" not in found.sources and "derived_bn" in found.sources


def test_jobs_count_for_the_molecules_that_they_judge() -> None:
    found = {job.name: {kind for kind in ("PAB", "PIB", "AB") if judges(job, kind)} for job in all_jobs()}
    assert found["PAB-n4-c1.potential"] == {"PAB"}
    assert found["AB-c1.hessian"] == {"AB"}
    assert found["Li-PIB-n3-s1.binding_energy"] == found["Li.binding_energy"] == {"PAB", "PIB"}
    assert found["PIB-n3-t2@+030.energy"] == {"PIB"}
    assert found["Li-DME-s1.binding_energy"] == found["Li-AB-s1.geometry"] == set()


def outcome(criteria: list[Criterion], kinds: tuple[str, ...] = ("PAB", "PIB", "AB")) -> Outcome:
    """A derivation that left the parameters alone, with these criteria for every molecule."""
    ab = Relaxed(Conformer("AB-c1", None, np.zeros((8, 3))), 10 * geometry_nm(MOLECULES["AB"]) + 1.0, 0.0)
    fitted = {
        kind: Fitted(kind, MOLECULES[kind], ChargeFit({}, {}), [], [], [ab] if kind == "AB" else []) for kind in kinds
    }
    verdicts = {kind: Verdict(kind, tuple(criteria), 0) for kind in kinds}
    energies = (CisEnergy(-1.2, 0.4, "4 conformers, n = 3"), CisEnergy(2.5, 3.1, "3 scans"))
    return Outcome(fitted, {}, MOLECULES, [], verdicts, {"geometric": Lab(MOLECULES)}, {}, energies)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A force field of the three molecules."""
    target = tmp_path / FORCE_FIELD
    for name in ("PAB", "PIB", "AB"):
        shutil.copytree(ROOT / FORCE_FIELD / "molecules" / name, target / "molecules" / name)
    keys = re.findall(r"^@\w+\{(\w+),", (ROOT / FORCE_FIELD / "references.bib").read_text(), re.MULTILINE)
    new = {one for kind in MOLECULES for one in Verdict(kind, (), 0).sources} - set(keys)
    entries = [f"@misc{{{one},\n  title = {{x}}\n}}\n" for one in sorted(new)]
    old = (ROOT / FORCE_FIELD / "references.bib").read_text()
    (target / "references.bib").write_text("\n".join([old, *entries]))
    return tmp_path


def written(root: Path, what: Outcome) -> dict[str, Molecule]:
    writing.write(what, root / FORCE_FIELD / "molecules")
    problems = Problems(root)
    found = read_molecules(root, problems)
    assert [one.text(root) for one in problems.found] == []
    return {name: one for name, one in found.items() if one is not None}


def test_what_is_missed_is_read_back(copied: Path) -> None:
    for name, one in written(copied, outcome([MET, OPEN, *MISSED])).items():
        assert one.status == "provisional"
        assert one.status_note is not None and f"of 6 criteria 4 missed, open: {OPEN.what}" in one.status_note
        assert list(one.sources) == Verdict(name, (), 0).sources
        assert "derived by this project" in one.licence and "own estimates" not in one.licence
        for misfit, criterion in zip(one.misfits, MISSED, strict=True):
            assert (misfit.criterion, misfit.unit) == (criterion.what, criterion.unit)
            assert misfit.reached == pytest.approx(criterion.value, rel=5e-3)
            assert misfit.limit == pytest.approx(criterion.limit, rel=1e-3)
            assert misfit.reached > misfit.limit


def test_writing_again_changes_nothing_and_what_is_met_is_taken_out(copied: Path) -> None:
    def texts() -> dict[str, str]:
        return {str(path): path.read_text() for path in (copied / FORCE_FIELD / "molecules").glob("*/*")}

    written(copied, outcome([MET, *MISSED]))
    first = texts()
    written(copied, outcome([MET, *MISSED]))
    assert texts() == first
    for one in written(copied, outcome([MET])).values():
        assert one.status == "derived" and one.misfits == ()
    assert not any("misfit" in text for text in texts().values())


def test_parameters_survive_writing(copied: Path) -> None:
    found = written(copied, outcome([MET]))
    for kind in ("PAB", "PIB"):
        one, before = found[kind].polymer, MOLECULES[kind].polymer
        assert one is not None and before is not None
        assert one.units == before.units and one.join == before.join
        assert one.bonded == {"impropers": [], **before.bonded}
    itps = [(one["AB"].folder / "AB.itp").read_text() for one in (found, MOLECULES)]
    assert itps[0].splitlines()[1:] == itps[1].splitlines()[1:]
    assert "rovisional" not in itps[0] and "status in molecule.yaml" in itps[0].splitlines()[0]
    assert geometry_nm(found["AB"]) == pytest.approx(geometry_nm(MOLECULES["AB"]), abs=2e-4)


@pytest.mark.parametrize(("criteria", "status"), [([MET], "derived"), ([MET, *MISSED], "provisional")])
def test_what_is_written_is_true_for_each_outcome(copied: Path, criteria: list[Criterion], status: str) -> None:
    for name, one in written(copied, outcome(criteria)).items():
        assert one.status == status and one.status_note is not None
        assert ("torsion barrier measured, not from DFT" in one.status_note) == (name == "AB")
        assert ("met by construction" in one.status_note) == (name == "AB")
        assert ("thorne1983" in one.sources) == (name != "PIB")
        for path in one.folder.glob("*.*"):
            said = path.read_text().lower()
            assert "own estimate" not in said and (path.suffix == ".yaml" or "provisional" not in said)
        assert ("provisional" in (one.folder / "molecule.yaml").read_text()) == (status == "provisional")


def test_the_cis_probability_is_written_with_its_reason(copied: Path) -> None:
    one = written(copied, outcome([MET]))["PIB"].polymer
    assert one is not None and one.cis_probability == pytest.approx(0.62)  # 1/(1 + exp(-1.2/2.479))
    text = (copied / FORCE_FIELD / "molecules" / "PIB" / "molecule.yaml").read_text()
    assert "-1.2 kJ/mol with a standard error of 0.4 (4 conformers, n = 3)" in text
    assert "provisional choice" not in text
    assert "Relaxed scans give +2.5 with a standard error of 3.1: they do not confirm the sign" in text
    assert f"The share of cis bonds is then {share(9, 0.62):.2f} at 6 monomers" in text


def test_what_no_criterion_judges_is_in_the_note() -> None:
    said = remarks({"geometric": [Holder("AB", -200.0, -144.1)]}, (CisEnergy(-2.4, 0.3, ""), CisEnergy(2.5, 3.1, "")))
    assert "misses DFT by +55.9 kJ/mol" in Verdict("AB", (MET,), 0, remark=said["AB"]).note
    note = Verdict("PIB", (MET,), 0, remark=said["PIB"]).note
    assert "-2.4 ± 0.3 kJ/mol by conformers, +2.5 ± 3.1 kJ/mol by scans" in note and "sign open" in note
    assert remarks({}, (CisEnergy(-2.4, 0.3, ""), CisEnergy(-2.0, 0.2, ""))) == {"AB": "", "PIB": ""}


def test_a_molecule_that_was_not_fitted_is_left_alone(copied: Path) -> None:
    files = [path for name in ("AB", "PIB") for path in (copied / FORCE_FIELD / "molecules" / name).iterdir()]
    before = [path.read_bytes() for path in files]
    written(copied, outcome([MET], ("PAB",)))
    assert [path.read_bytes() for path in files] == before
