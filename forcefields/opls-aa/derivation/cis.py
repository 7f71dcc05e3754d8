"""How often a bond of PIB is cis: from the energies of the conformers, and again from the relaxed scans.

Energies only: neither zero-point energies nor entropies are in them. p = 1/(1 + exp(dE/RT)) is that of two states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.bonded import conformers
from derivation.oligomers import chain_of
from derivation.scans import Scan
from derivation.starts import KJ_PER_MOL, SCAN_UNITS, torsion_deg
from workflow.cis_trans import share

RT_KJ_PER_MOL = 8.314462618e-3 * 298.15
CIS_BELOW_DEG = 90.0
NEAR_DEG = 30.0  # a scan's points this close to 0 or to 180 degrees are near cis or trans


@dataclass(frozen=True)
class CisEnergy:
    """Energy of a cis bond above a trans one, its standard error (NaN when nothing is left to judge by), and whence."""

    energy_kJ_per_mol: float
    error_kJ_per_mol: float
    source: str

    @property
    def probability(self) -> float:
        """The probability of cis at 298.15 K."""
        return float(1 / (1 + np.exp(self.energy_kJ_per_mol / RT_KJ_PER_MOL)))

    @property
    def range(self) -> tuple[float, float]:
        """The probabilities one standard error below and above; NaN without an error."""
        ends = self.energy_kJ_per_mol + np.array([1, -1]) * self.error_kJ_per_mol
        low, high = 1 / (1 + np.exp(ends / RT_KJ_PER_MOL))
        return float(low), float(high)

    @property
    def is_certain(self) -> bool:
        """Whether the energy differs from zero by more than twice its standard error."""
        return abs(self.energy_kJ_per_mol) > 2 * self.error_kJ_per_mol


@dataclass(frozen=True)
class Counted:
    """A conformer: number of units, of cis bonds, and its energy in kJ/mol on any scale of its length."""

    units: int
    cis: int
    energy_kJ_per_mol: float


def counted(kind: str) -> list[Counted]:
    """Return the chain's conformers whose triple-zeta energy is there."""
    found = []
    for one in conformers(kind):
        chain = chain_of(one.name)
        cis = sum(abs(torsion_deg(one.xyz_A, four)) < CIS_BELOW_DEG for four in chain.torsions)
        if raw.has_energy(one.name):
            found.append(Counted(chain.units, cis, raw.energy_Ha(one.name) * KJ_PER_MOL))
    return found


def from_conformers(found: Sequence[Counted]) -> CisEnergy | None:
    """Fit one offset per length and one energy per cis bond; None when no length has different numbers of them."""
    lengths = sorted({one.units for one in found})
    if not found:
        return None
    matrix = np.array([[one.cis, *(one.units == n for n in lengths)] for one in found], float)
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None
    # Energies from their mean: thousands of kJ/mol would cost digits.
    energies = np.array([one.energy_kJ_per_mol for one in found])
    shift = np.array([np.mean(energies[[other.units == one.units for other in found]]) for one in found])
    solution = np.linalg.lstsq(matrix, energies - shift, rcond=None)[0]
    free = len(found) - matrix.shape[1]
    left = energies - shift - matrix @ solution
    variance = left @ left / free * np.linalg.inv(matrix.T @ matrix)[0, 0] if free else float("nan")
    said = ", ".join(map(str, lengths))
    return CisEnergy(float(solution[0]), float(np.sqrt(variance)), f"{len(found)} conformers, n = {said}")


def from_scans(scans: Sequence[Scan]) -> CisEnergy | None:
    """Mean over the scans of the best point near cis above the best one near trans; None without scans."""
    found = [_lowest(scan, _near_cis(scan)) - _lowest(scan, _near_trans(scan)) for scan in scans]
    if not found:
        return None
    error = np.std(found, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else float("nan")
    said = ", ".join(f"{energy:+.1f}" for energy in found)
    return CisEnergy(float(np.mean(found)), float(error), f"{len(found)} relaxed scans, n = {SCAN_UNITS}: {said}")


def barrier_kJ_per_mol(scan: Scan) -> float:
    """Return the height between cis and trans on the lower of the two ways, above the best point near trans."""
    ways = [scan.angles_deg >= 0, (scan.angles_deg <= 0) | (scan.angles_deg == 180)]
    return min(float(scan.energies_kJ_per_mol[way].max()) for way in ways) - _lowest(scan, _near_trans(scan))


def barrier_text(scans: Sequence[Scan]) -> str | None:
    """Return the lowest and the highest of these barriers as `80 to 84 kJ/mol above trans`, or None without scans."""
    heights = [f"{height:.0f}" for height in sorted(map(barrier_kJ_per_mol, scans))]
    return " to ".join(dict.fromkeys([heights[0], heights[-1]])) + " kJ/mol above trans" if heights else None


def shares_text(probability: float) -> str:
    """Return which share of cis bonds chains of 6 and 10 monomers have, as they are drawn with this probability."""
    return " and ".join(f"{share(2 * n - 3, probability):.2f} at {n} monomers" for n in (6, 10))


def disagreement(conformers: CisEnergy | None, scans: CisEnergy | None) -> str:
    """Return in words that the two ways do not agree, or an empty text when the scans confirm the sign."""
    if conformers is None or scans is None:
        return ""
    is_confirmed = scans.is_certain and (scans.energy_kJ_per_mol > 0) == (conformers.energy_kJ_per_mol > 0)
    if is_confirmed and conformers.is_certain:
        return ""
    said = [
        f"{one.energy_kJ_per_mol:+.1f} ± {one.error_kJ_per_mol:.1f} kJ/mol by {what}"
        for one, what in ((conformers, "conformers"), (scans, "scans"))
    ]
    return f"share of cis bonds uncertain: a cis bond costs {said[0]}, {said[1]}, which leaves its sign open"


def adjacent(kind: str) -> int:
    """Return how many conformers have two cis bonds in a row."""
    found = 0
    for one in conformers(kind):
        is_cis = [abs(torsion_deg(one.xyz_A, four)) < CIS_BELOW_DEG for four in chain_of(one.name).torsions]
        found += any(a and b for a, b in pairwise(is_cis))
    return found


def _near_cis(scan: Scan) -> NDArray[np.bool_]:
    return np.abs(scan.angles_deg) <= NEAR_DEG


def _near_trans(scan: Scan) -> NDArray[np.bool_]:
    return np.abs(scan.angles_deg) >= 180 - NEAR_DEG


def _lowest(scan: Scan, where: NDArray[np.bool_]) -> float:
    return float(scan.energies_kJ_per_mol[where].min())
