"""Everything that the committed DFT results give, gathered for the record and for writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derivation.binding import Holder, Lab
from derivation.cis import CisEnergy
from derivation.fitted import Fitted
from derivation.jobs import Job
from derivation.judgement import Verdict
from workflow.inputs import Molecule


@dataclass(frozen=True)
class Outcome:
    """The fitted molecules and the verdicts on them.

    `lacking` says of a molecule why it could not be fitted, `known` holds every molecule with its parameters of now,
    `missing` the DFT jobs that are not done, `labs` and `held` how Li+ is held under each mixing rule, `cis` PIB's
    energy of a cis bond from conformers and from scans.
    """

    fitted: Mapping[str, Fitted]
    lacking: Mapping[str, str]
    known: Mapping[str, Molecule]
    missing: list[Job]
    verdicts: Mapping[str, Verdict]
    labs: Mapping[str, Lab]
    held: Mapping[str, list[Holder]]
    cis: tuple[CisEnergy | None, CisEnergy | None]
