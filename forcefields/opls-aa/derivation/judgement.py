"""Whether a molecule's parameters count as derived: every criterion met and nothing left to compute."""

from __future__ import annotations

from collections.abc import Sequence
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
from derivation.fitted import Fitted
from derivation.jobs import Job, judges

ESTIMATES = "provisional_bn"  # the source of what is not derived
LEVEL = "from DFT (omegaB97X-D3(BJ); RESP charges HF/6-31G*)"


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a molecule: its criteria, how many of its DFT jobs lack, what is still an estimate."""

    kind: str
    criteria: tuple[Criterion, ...]
    jobs_missing: int
    estimated: str = ""

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
        if self.status == "derived":
            return f"{LEVEL}; every criterion met (derivation/RESULT.md); not validated in a liquid"
        words = [LEVEL, f"of {len(self.criteria)} criteria {len(self.missed)} missed, {len(self.open)} open"]
        words += [f"{self.jobs_missing} DFT jobs still to run"] if self.jobs_missing else []
        words += [f"{self.estimated} still estimated"] if self.estimated else []
        return f"{'; '.join(words)} (derivation/RESULT.md); not validated in a liquid"

    def sources(self, before: Sequence[str]) -> list[str]:
        """The sources without that of the estimates, unless some are left."""
        return [one for one in before if one != ESTIMATES or self.estimated]


def judge(one: Fitted, lab: binding.Lab, difference: Criterion, missing: Sequence[Job]) -> Verdict:
    """Return the verdict on one molecule; `difference` is the criterion that PAB and PIB share."""
    lacking = sum(judges(job, one.kind) for job in missing)
    if one.kind == "AB":
        found = [potential_criterion(one.charges), *geometry_criteria(one.molecule, one.reached)]
        return Verdict(one.kind, tuple(found), lacking)
    found = [
        *charge_criteria(one.kind, one.potentials, one.charges),
        *geometry_criteria(one.molecule, one.reached),
        *torsion_criteria(one.kind, one.molecule, one.scans),
        *binding_criteria(binding.places(one.kind, lab)),
        difference,
    ]
    return Verdict(one.kind, tuple(found), lacking, "" if one.scans else "torsions")
