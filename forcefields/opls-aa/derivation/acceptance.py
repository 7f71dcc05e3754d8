"""The numbers by which a derived chain is accepted or not: each with its limit and what was reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from derivation import binding
from derivation.bonded import Conformer, measure, minimised, terms
from derivation.charges import ChargeFit, Potential, fit
from derivation.classical import Vacuum
from derivation.torsions import Scan, profile_kJ_per_mol, rms_kJ_per_mol
from workflow.inputs import Molecule

CHARGE_E, UNIT_E, RRMS = 0.03, 0.05, 0.15
TORSION_KJ_PER_MOL, TORSION_SHARE = 1.0, 0.15
BOND_A, ANGLE_DEG = 0.02, 3.0
DIFFERENCE_KJ_PER_MOL = 15.0


@dataclass(frozen=True)
class Criterion:
    """One criterion: what, the value reached (None when its DFT results are missing), its limit and unit."""

    what: str
    value: float | None
    limit: float
    unit: str
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
    hidden = [abs(fit(kind, some, constrained=False).unit_e("middle", kind)) for some in by_length.values() if some]
    return [
        Criterion("atomic charge of a middle unit, n = 4 against n = 5", *_value(drift), CHARGE_E, "e"),
        Criterion("the same, any one conformer left out", *_value(left), CHARGE_E, "e"),
        Criterion("charge of a middle unit, fitted without the constraint", max(hidden, default=None), UNIT_E, "e"),
        Criterion("relative error of the potential, worst conformer", max(chosen.rrms.values()), RRMS, ""),
    ]


def _value(found: tuple[float, str] | None) -> tuple[float | None]:
    return (found[0] if found else None,)


def _shift(one: ChargeFit, other: ChargeFit) -> tuple[float, str]:
    middle = [label for label in one.charges_e if label[0] == "middle"]
    return max((abs(one.charges_e[label] - other.charges_e[label]), label[1]) for label in middle)


def _largest_shift(fits: Sequence[ChargeFit]) -> tuple[float, str] | None:
    return max((_shift(a, b) for a, b in pairwise(fits)), default=None)


def geometry_criteria(kind: str, molecule: Molecule) -> list[Criterion]:
    """Largest deviation of a bond and of an angle from DFT after minimisation, over all conformers."""
    reached = minimised(kind, molecule)
    return [
        _worst("bond length", molecule, reached, "bonds", lambda a, b: 10 * abs(a - b), BOND_A, "angstrom"),
        _worst("bond angle", molecule, reached, "angles", lambda a, b: abs(a - b), ANGLE_DEG, "degrees"),
    ]


def _worst(
    what: str,
    molecule: Molecule,
    reached: Sequence[tuple[Conformer, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]],
    section: str,
    difference: Callable[[float, float], float],
    limit: float,
    unit: str,
) -> Criterion:
    found = [
        (difference(measure(one.xyz_A, atoms), measure(xyz, atoms)), f"{'-'.join(key)} in {one.name}")
        for one, xyz in reached
        for key, atoms in terms(molecule, one.units, section)
    ]
    value, where = max(found)
    rms = float(np.sqrt(np.mean([one**2 for one, _ in found])))
    return Criterion(f"{what} after minimisation, largest deviation", value, limit, unit, f"{where}; RMS {rms:.3f}")


def torsion_criteria(molecule: Molecule, scans: Sequence[Scan]) -> list[Criterion]:
    """RMS deviation of each relaxed profile; the limit is 1 kJ/mol or 15 % of the barrier."""
    found = []
    for scan in scans:
        profile, _ = profile_kJ_per_mol(Vacuum([(molecule, 1, 3)]), scan)
        barrier = float(scan.energies_kJ_per_mol.max())
        limit = max(TORSION_KJ_PER_MOL, TORSION_SHARE * barrier)
        where = f"DFT barrier {barrier:.1f} kJ/mol"
        found.append(
            Criterion(f"torsion profile {scan.name}, RMS", rms_kJ_per_mol(profile, scan), limit, "kJ/mol", where)
        )
    return found


def binding_criteria(places: Sequence[binding.Place]) -> list[Criterion]:
    """Number of pairs of Li+ sites in the wrong order; none may be."""
    if len(places) < 2:
        return [Criterion("pairs of Li+ sites in the wrong order", None, 0, "")]
    wrong = binding.wrong_orders(places)
    where = "; ".join(f"{a.name} before {b.name}" for a, b in wrong)
    return [Criterion("pairs of Li+ sites in the wrong order", float(len(wrong)), 0, "", where)]


def difference_criterion(holders: Sequence[binding.Holder]) -> Criterion:
    """How far the difference between PAB and PIB in Li+ binding is from DFT's."""
    found = {one.name: one for one in holders}
    value = None
    if {"PAB", "PIB"} <= set(found):
        value = abs(found["PAB"].misfit_kJ_per_mol - found["PIB"].misfit_kJ_per_mol)
    return Criterion("PAB against PIB in Li+ binding, deviation from DFT", value, DIFFERENCE_KJ_PER_MOL, "kJ/mol")
