"""Which DFT jobs there are, in the order in which they are worth having."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from derivation.mirror import images
from derivation.starts import STARTS
from derivation.xyz_file import Structure, read

CALCULATIONS = ("geometry", "energy", "binding_energy", "potential", "hessian")
# Minutes of one core for 20 atoms, measured; more atoms cost about the third power.
MINUTES_AT_20_ATOMS = {"geometry": 12.0, "energy": 3.0, "binding_energy": 6.0, "potential": 0.7, "hessian": 25.0}


@dataclass(frozen=True)
class Job:
    """One calculation on one structure; everything but `geometry` starts from that structure's relaxed geometry."""

    structure: str
    calculation: str
    charge_e: int
    start: Structure

    @property
    def name(self) -> str:
        return f"{self.structure}.{self.calculation}"

    @property
    def expected_min(self) -> float:
        return MINUTES_AT_20_ATOMS[self.calculation] * (len(self.start.symbols) / 20) ** 3

    @property
    def held(self) -> tuple[tuple[int, int, int, int], float] | None:
        """The torsion that a scan point keeps, and its angle in degrees."""
        if "torsion" not in self.start.said:
            return None
        a, b, c, d = map(int, self.start.said["torsion"].split(","))
        return (a, b, c, d), float(self.start.said["held_deg"])


def all_jobs(starts: Path = STARTS) -> list[Job]:
    """Return every job, most wanted first: trimers, Li+ complexes, Hessians, scans, tetramers, pentamers.

    Of two scan points that are mirror images one is calculated.
    """
    found = read(starts)
    spared = images(found)
    jobs = [
        Job(name, calculation, charge_e(name), start)
        for name, start in found.items()
        if name not in spared
        for calculation in calculations(name)
    ]
    return sorted(jobs, key=_rank)


def charge_e(name: str) -> int:
    """Return the charge of a structure by its name: Li+ complexes, TFSI-, or neutral."""
    return (name == "Li") + name.startswith("Li-") - ("TFSI" in name)


def calculations(name: str) -> tuple[str, ...]:
    """Return what is calculated for a structure of this name."""
    if "@" in name:
        return ("geometry", "energy")
    if name.startswith("Li-"):
        return ("geometry", "binding_energy")
    if re.fullmatch(r"P[AI]B-n\d-c\d", name):
        small = "-n3-" in name
        curved = name[-3:] in ("-c1", "-c4")
        return ("geometry", "potential", "energy", *["binding_energy"] * small, *["hessian"] * (small and curved))
    if name.startswith("AB"):
        return ("geometry", "potential", "binding_energy", "hessian")
    return ("binding_energy",) if name == "Li" else ("geometry", "binding_energy")


def judges(job: Job, kind: str) -> bool:
    """Whether a criterion or a parameter of this molecule rests on the job.

    PAB and PIB are compared in how they hold Li+, so that the complexes of one count for the other.
    """
    own = job.structure.startswith(f"{kind}-")
    return own or (kind != "AB" and re.match(r"Li$|Li-P[AI]B-", job.structure) is not None)


def _rank(job: Job) -> tuple[int, float, str]:
    patterns = (r"P.B-n3-c", r"AB|Li$|Li-AB|Li-P", r"(Li-)?(DME|DOL|EC|TFSI)", r".*@", r"P.B-n4", r"P.B-n5")
    group = next(i for i, pattern in enumerate(patterns) if re.match(pattern, job.structure))
    if "@" in job.structure:
        group = 3
    return group, CALCULATIONS.index(job.calculation) if group in (0, 1, 2) else 0, job.name


assert all(one in MINUTES_AT_20_ATOMS for one in CALCULATIONS)
