"""The numbers by which a derived molecule is accepted or not: each with its limit and what was reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from derivation import binding
from derivation.bonded import Relaxed, measure, terms
from derivation.charges import ChargeFit, Potential, fit
from derivation.classical import Vacuum
from derivation.scans import Scan, barrier_kJ_per_mol, connected, left_out, scanned
from derivation.starts import SCAN_UNITS
from derivation.torsions import profile_kJ_per_mol, rms_kJ_per_mol
from workflow.inputs import Molecule

CHARGE_E, UNIT_E, RRMS = 0.03, 0.05, 0.15
TORSION_KJ_PER_MOL, TORSION_SHARE = 1.0, 0.15
PROFILE_SHARE = 0.5  # of a scan's points that must belong together: a few neighbours agree with any smooth curve
BOND_A, ANGLE_DEG = 0.02, 3.0
DIFFERENCE_KJ_PER_MOL = 15.0


@dataclass(frozen=True)
class Criterion:
    """One criterion: what, the value reached (None when its DFT results are missing), its limit and unit."""

    what: str
    value: float | None
    limit: float
    unit: str  # "1" for a pure number
    where: str = ""

    @property
    def met(self) -> bool:
        return self.value is not None and self.value <= self.limit


def charge_criteria(kind: str, potentials: Sequence[Potential], chosen: ChargeFit) -> list[Criterion]:
    """Stability of the middle unit's charges over length and conformers, and what its neutrality hides."""
    by_length = {n: [p for p in potentials if f"-n{n}-" in p.name] for n in (4, 5)}
    drift = (
        _largest_shift([fit(kind, some) for some in by_length.values() if some]) if all(by_length.values()) else None
    )
    left_out = [fit(kind, [p for p in potentials if p is not one]) for one in potentials] if len(potentials) > 2 else []
    left = max((_shift(chosen, other) for other in left_out), default=None, key=lambda one: one[0])
    hidden = [fit(kind, some, constrained=False).largest_middle_e(kind) for some in by_length.values() if some]
    return [
        Criterion("atomic charge of a middle unit, n = 4 against n = 5", *_value(drift), CHARGE_E, "e"),
        Criterion("atomic charge of a middle unit, any one conformer left out", *_value(left), CHARGE_E, "e"),
        Criterion("charge of any middle unit, fitted without the constraint", max(hidden, default=None), UNIT_E, "e"),
        potential_criterion(chosen),
    ]


def potential_criterion(chosen: ChargeFit) -> Criterion:
    """Relative root-mean-square error of the potential that the charges make."""
    where, value = max(chosen.rrms.items(), key=lambda one: one[1])
    return Criterion("relative error of the electrostatic potential, worst conformer", value, RRMS, "1", where)


def _value(found: tuple[float, str] | None) -> tuple[float | None]:
    return (found[0] if found else None,)


def _shift(one: ChargeFit, other: ChargeFit) -> tuple[float, str]:
    middle = [label for label in one.charges_e if label[0] == "middle"]
    return max((abs(one.charges_e[label] - other.charges_e[label]), label[1]) for label in middle)


def _largest_shift(fits: Sequence[ChargeFit]) -> tuple[float, str] | None:
    return max((_shift(a, b) for a, b in pairwise(fits)), default=None)


def geometry_criteria(molecule: Molecule, reached: Sequence[Relaxed]) -> list[Criterion]:
    """Largest deviation of a bond and of an angle from DFT after minimisation, over all conformers."""
    return [
        _worst("bond length", molecule, reached, "bonds", lambda a, b: 10 * abs(a - b), BOND_A, "angstrom"),
        _worst("bond angle", molecule, reached, "angles", lambda a, b: abs(a - b), ANGLE_DEG, "degrees"),
    ]


def _worst(
    what: str,
    molecule: Molecule,
    reached: Sequence[Relaxed],
    section: str,
    difference: Callable[[float, float], float],
    limit: float,
    unit: str,
) -> Criterion:
    found = [
        (difference(measure(dft.xyz_A, atoms), measure(one.xyz_A, atoms)), f"{'-'.join(key)} in {dft.name}")
        for one in reached
        for dft in [one.conformer]
        for key, atoms in terms(molecule, dft.units, section)
    ]
    value, where = max(found)
    rms = float(np.sqrt(np.mean([one**2 for one, _ in found])))
    return Criterion(f"{what} after minimisation, largest deviation", value, limit, unit, f"{where}; RMS {rms:.3f}")


def torsion_criteria(kind: str, molecule: Molecule, scans: Sequence[Scan]) -> list[Criterion]:
    """RMS deviation of each relaxed profile at its connected points; the limit is 1 kJ/mol or 15 % of the barrier."""
    found = {scan.name: scan for scan in scans}
    return [_torsion(name, molecule, found.get(name)) for name in scanned(kind)]


def _torsion(name: str, molecule: Molecule, scan: Scan | None) -> Criterion:
    what = f"torsion profile {name}, RMS"
    if scan is None:
        return Criterion(what, None, TORSION_KJ_PER_MOL, "kJ/mol")
    part = connected(scan)
    count, every = len(part.angles_deg), len(scan.angles_deg)
    if count < PROFILE_SHARE * every:
        where = (
            f"only {count} of {every} points belong to one profile: the chain folds at the others "
            f"({', '.join(f'{angle:.0f}' for angle in left_out(scan))} degrees)"
        )
        return Criterion(what, None, TORSION_KJ_PER_MOL, "kJ/mol", where)
    profile, _ = profile_kJ_per_mol(Vacuum([(molecule, 1, SCAN_UNITS)]), part)
    barrier = barrier_kJ_per_mol(part)
    limit = max(TORSION_KJ_PER_MOL, TORSION_SHARE * barrier)
    without = ", ".join(f"{angle:.0f}" for angle in left_out(scan))
    where = f"DFT barrier {barrier:.1f} kJ/mol above the higher minimum" + (
        f"; without {without} degrees, another conformer" if without else ""
    )
    return Criterion(what, rms_kJ_per_mol(profile, part), limit, "kJ/mol", where)


def binding_criteria(places: Mapping[str, Sequence[binding.Place]]) -> list[Criterion]:
    """Number of pairs of Li+ sites in the wrong order, under the worse mixing rule; none may be."""
    what = "pairs of Li+ sites in the wrong order"
    judged = max((binding.judged_pairs(some) for some in places.values()), default=0)
    found = {rule: binding.wrong_orders(some) for rule, some in places.items() if len(some) > 1}
    if not found:
        return [Criterion(what, None, 0, "pairs")]
    what += f" (of {judged} judged)"
    rule, wrong = max(found.items(), key=lambda one: len(one[1]))
    pairs = ", ".join(f"{a.name.rpartition('-')[2]} before {b.name.rpartition('-')[2]}" for a, b in wrong)
    counts = ", ".join(f"{one} {len(some)}" for one, some in found.items())
    return [Criterion(what, float(len(wrong)), 0, "pairs", f"{counts}{f'; {rule}: {pairs}' if pairs else ''}")]


def difference_criterion(held: Mapping[str, Sequence[binding.Holder]]) -> Criterion:
    """How far the difference between PAB and PIB in Li+ binding is from DFT's, under the worse mixing rule."""
    values = {}
    for rule, holders in held.items():
        found = {one.name: one.misfit_kJ_per_mol for one in holders}
        if {"PAB", "PIB"} <= set(found):
            values[rule] = abs(found["PAB"] - found["PIB"])
    where = ", ".join(f"{rule} {value:.1f}" for rule, value in values.items())
    what = "PAB against PIB in Li+ binding, deviation from DFT"
    return Criterion(what, max(values.values(), default=None), DIFFERENCE_KJ_PER_MOL, "kJ/mol", where)
