"""Whether a molecule's parameters count as derived: every criterion met and nothing left to compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivation import binding
from derivation.acceptance import (
    Criterion,
    binding_criteria,
    charge_criteria,
    geometry_criteria,
    potential_criterion,
    torsion_criteria,
)
from derivation.cis import CisEnergy, disagreement
from derivation.fitted import Fitted
from derivation.jobs import Job, judges

# What a fitted molecule rests on: functional, charges, force constants, relaxation, code; Lennard-Jones terms of boron
# and of nitrogen and hydrogen; the barrier with which torsions begin (and with which ammonia borane's end).
SOURCES = (
    *("derived_bn", "wb97xd3bj", "resp", "seminario1996", "allen2018", "geometric", "pyscf"),
    *("mayo1990", "jorgensen1996", "gromacs_oplsaa", "thorne1983"),
)
BARRIERLESS = {"PIB": ("thorne1983",)}  # sources that a molecule does not need
REMARKS = {"AB": "lengths and angles met by construction (one conformer); torsion barrier measured, not from DFT"}
LEVEL = "from DFT (omegaB97X-D3(BJ); RESP charges HF/6-31G*)"


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a molecule: its criteria, how many of its DFT jobs lack, what is still an estimate."""

    kind: str
    criteria: tuple[Criterion, ...]
    jobs_missing: int
    estimated: str = ""
    remark: str = ""

    @property
    def missed(self) -> list[Criterion]:
        """The criteria whose value is beyond the limit."""
        return [one for one in self.criteria if one.value is not None and not one.met]

    @property
    def open(self) -> list[Criterion]:
        """The criteria that cannot be judged yet."""
        return [one for one in self.criteria if one.value is None]

    @property
    def status(self) -> str:
        """`derived` when every criterion is met, none is open and no job lacks, else `provisional`."""
        complete = not (self.missed or self.open or self.jobs_missing or self.estimated)
        return "derived" if complete else "provisional"

    @property
    def note(self) -> str:
        """The molecule's status in one line."""
        remark = "".join(f"; {one}" for one in (REMARKS.get(self.kind, ""), self.remark) if one)
        end = f"{remark} (derivation/RESULT.md); not validated in a liquid"
        if self.status == "derived":
            return f"{LEVEL}; all {len(self.criteria)} criteria that apply met{end}"
        words = [LEVEL, f"of {len(self.criteria)} criteria {len(self.missed)} missed, {self._open_said}"]
        words += [f"{self.jobs_missing} DFT jobs still to run"] if self.jobs_missing else []
        words += [f"{self.estimated} still estimated"] if self.estimated else []
        return f"{'; '.join(words)}{end}"

    @property
    def _open_said(self) -> str:
        return f"open: {'; '.join(one.what for one in self.open)}" if self.open else "none open"

    @property
    def sources(self) -> list[str]:
        """Keys of references.bib."""
        return [one for one in SOURCES if one not in BARRIERLESS.get(self.kind, ())]


def remarks(
    held: Mapping[str, Sequence[binding.Holder]], energies: tuple[CisEnergy | None, CisEnergy | None]
) -> dict[str, str]:
    """Return what else must be known of a molecule: what no criterion of its own judges."""
    misfits = [one.misfit_kJ_per_mol for found in held.values() for one in found if one.name == "AB"]
    said = " and ".join(f"{misfit:+.1f}" for misfit in misfits)
    rules = " and ".join(held)
    weak = f"Li+ binding, which no criterion judges, misses DFT by {said} kJ/mol ({rules} rule)" if misfits else ""
    return {"AB": weak, "PIB": disagreement(*energies)}


def judge(
    one: Fitted, labs: Mapping[str, binding.Lab], difference: Criterion, missing: Sequence[Job], remark: str = ""
) -> Verdict:
    """Return the verdict on one molecule; `difference` is the criterion that PAB and PIB share."""
    lacking = sum(judges(job, one.kind) for job in missing)
    if one.kind == "AB":
        found = [potential_criterion(one.charges), *geometry_criteria(one.molecule, one.reached)]
        return Verdict(one.kind, tuple(found), lacking, remark=remark)
    found = [
        *charge_criteria(one.kind, one.potentials, one.charges),
        *geometry_criteria(one.molecule, one.reached),
        *torsion_criteria(one.kind, one.molecule, one.scans),
        *binding_criteria({rule: binding.places(one.kind, lab) for rule, lab in labs.items()}),
        difference,
    ]
    return Verdict(one.kind, tuple(found), lacking, "torsions" if one.torsions.startswith("kept") else "", remark)
