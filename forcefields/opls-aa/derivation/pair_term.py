"""What one Lennard-Jones term between Li+ and hydrogen on boron would change. It is stated, not used.

The energy of a pair is linear in C12 and C6. At DFT's geometries the change of both follows from the binding energies
by least squares, but the force field's bonds are strained there. From that result, and from no change, the two numbers
are then fitted to relaxed binding energies by Gauss-Newton steps: the derivative of a relaxed energy with respect to a
parameter is that of the energy at the relaxed geometry, so that each step is the same least squares again. A complex
that falls into another site breaks this; a step that does not help is halved. All under one mixing rule, `lab.rule`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from derivation import raw
from derivation.binding import HYDRIDES, LITHIUM, TOUCH_A, Lab, complexes, hydridic, partner_of, places, wrong_orders
from derivation.raw import Coordinates
from derivation.starts import KJ_PER_MOL
from workflow.inputs import Molecule
from workflow.itp import read_atomtypes

STEPS, SHORTEST = 12, 1 / 32  # of the fit to relaxed energies: how many, and the fraction of one that still counts
LEAST_COMPLEXES = 3  # two numbers are fitted
UNIT_NM = 0.2  # near the contact distance: keeps both columns of the fit of one size


@dataclass(frozen=True)
class PairTerm:
    """C12 (kJ/mol nm^12) and C6 (kJ/mol nm^6) of a pair by the force field's rule, and their changes."""

    c12_before: float
    c6_before: float
    c12_change: float
    c6_change: float

    def moved(self, other: PairTerm, share: float) -> PairTerm:
        """Return this term with a share of the other's changes added."""
        c12, c6 = (a + share * b for a, b in ((self.c12_change, other.c12_change), (self.c6_change, other.c6_change)))
        return PairTerm(self.c12_before, self.c6_before, c12, c6)

    @property
    def sigma_nm(self) -> float:
        """The distance where the changed pair's energy is zero; NaN when it has no well."""
        c12, c6 = self.c12_before + self.c12_change, self.c6_before + self.c6_change
        return float((c12 / c6) ** (1 / 6)) if c12 > 0 and c6 > 0 else float("nan")

    @property
    def epsilon_kJ_per_mol(self) -> float:
        """The depth of the changed pair's well; NaN when it has none."""
        c12, c6 = self.c12_before + self.c12_change, self.c6_before + self.c6_change
        return c6**2 / (4 * c12) if c12 > 0 and c6 > 0 else float("nan")


@dataclass(frozen=True)
class Contacts:
    """Distances in nm of Li+ to every hydrogen on boron in a complex, and the energy that the force field lacks."""

    name: str
    distances_nm: NDArray[np.float64]
    missing_kJ_per_mol: float


@dataclass(frozen=True)
class Effect:
    """How far a force field is from DFT over the complexes.

    Root-mean-square deviations of the binding energies at DFT's geometries and at the force field's, the number of
    pairs of complexes in the wrong order, and the mean distance of Li+ to those hydrogens on boron that it touches by
    DFT.
    """

    rms_at_dft_kJ_per_mol: float
    rms_kJ_per_mol: float
    wrong_orders: int
    distance_A: float


def fit(found: Sequence[Contacts], before: tuple[float, float]) -> PairTerm:
    """Return the change of C12 and C6 that brings the binding energies nearest to the wanted ones.

    When C12 as a whole would be negative, which no wall is, C6 alone is fitted.
    """
    near = [one.distances_nm / UNIT_NM for one in found]
    columns = np.array([[np.sum(r**-12.0), -np.sum(r**-6.0)] for r in near])
    right = np.array([one.missing_kJ_per_mol for one in found])
    c12, c6 = np.linalg.lstsq(columns, right, rcond=None)[0] * [UNIT_NM**12, UNIT_NM**6]
    if before[0] + c12 < 0:
        c12, c6 = 0.0, float(columns[:, 1] @ right / (columns[:, 1] @ columns[:, 1])) * UNIT_NM**6
    return PairTerm(*before, float(c12), float(c6))


def before(molecules: Mapping[str, Molecule], hydride: str = "AB") -> tuple[float, float]:
    """Return C12 and C6 of Li+ and hydrogen on boron by the geometric rule."""
    one = read_atomtypes(molecules[LITHIUM].folder / "atomtypes.itp")["i_Li"]
    other = read_atomtypes(molecules[hydride].folder / "atomtypes.itp")["b_HB"]
    sigma, epsilon = np.sqrt([one.sigma_nm * other.sigma_nm, one.epsilon_kJ_per_mol * other.epsilon_kJ_per_mol])
    return float(4 * epsilon * sigma**12), float(4 * epsilon * sigma**6)


def usable() -> list[str]:
    """Return the complexes of AB, PAB and PIB whose energy and whose conformer's energy DFT has finished."""
    return [
        one
        for hydride in HYDRIDES
        for one in complexes(hydride)
        if raw.has_energy(LITHIUM, "binding_energy") and raw.has_energy(_conformer(one), "binding_energy")
    ]


def term_of(lab: Lab, molecules: Mapping[str, Molecule]) -> PairTerm | None:
    """Return the term that the complexes ask for, or None when there are too few."""
    names = usable()
    if len(names) < LEAST_COMPLEXES:
        return None
    found = []
    for name in names:
        xyz = raw.geometries()[name].xyz_A
        missing = _dft_kJ_per_mol(name) - (lab.at_dft_kJ_per_mol(name) - lab.at_dft_kJ_per_mol(_conformer(name)))
        found.append(Contacts(name, _distances_A(xyz, hydridic(name)) / 10, missing))
    return fit(found, before(molecules))


def relaxed_term_of(lab: Lab, strained: PairTerm) -> PairTerm:
    """Return the term that brings relaxed binding energies nearest to DFT's, begun with the `strained` one or none."""
    none = PairTerm(strained.c12_before, strained.c6_before, 0.0, 0.0)
    found = [_descended(lab, start) for start in (strained, none)]
    return min(found, key=lambda one: one[1])[0]


def _descended(lab: Lab, term: PairTerm) -> tuple[PairTerm, float]:
    """The best term that Gauss-Newton steps reach from this one, and its RMS deviation in kJ/mol."""
    contacts, share = _relaxed_contacts(lab.with_term(term)), 1.0
    for _ in range(STEPS):
        now = (term.c12_before + term.c12_change, term.c6_before + term.c6_change)
        trial = term.moved(fit(contacts, now), share)
        reached = _relaxed_contacts(lab.with_term(trial))
        if _rms_missing(reached) < _rms_missing(contacts):
            term, contacts, share = trial, reached, min(1.0, 2 * share)
        else:
            share /= 2
        if share < SHORTEST:
            break
    return term, _rms_missing(contacts)


def _relaxed_contacts(lab: Lab) -> list[Contacts]:
    found = []
    for name in usable():
        xyz, bound = lab.minimum(name, bound=True)
        missing = _dft_kJ_per_mol(name) - (bound - lab.minimum(_conformer(name), bound=False)[1])
        found.append(Contacts(name, _distances_A(xyz, hydridic(name)) / 10, missing))
    return found


def _rms_missing(found: Sequence[Contacts]) -> float:
    return _rms(np.array([one.missing_kJ_per_mol for one in found]))


def effect(lab: Lab) -> Effect:
    """Return how far this force field is from DFT over all complexes."""
    names = usable()
    dft = np.array([_dft_kJ_per_mol(name) for name in names])
    at_dft = np.array([lab.at_dft_kJ_per_mol(name) - lab.at_dft_kJ_per_mol(_conformer(name)) for name in names])
    own = np.array([lab.minimum(n, bound=True)[1] - lab.minimum(_conformer(n), bound=False)[1] for n in names])
    wrong = sum(len(wrong_orders(places(kind, lab))) for kind in {partner_of(name) for name in names})
    distance = mean_contact_A({name: lab.minimum(name, bound=True)[0] for name in names})
    return Effect(_rms(at_dft - dft), _rms(own - dft), wrong, distance)


def mean_contact_A(found: Mapping[str, Coordinates]) -> float:
    """Return the mean distance of Li+ to the hydrogens on boron that it touches by DFT, in these geometries."""
    distances: list[float] = []
    for name, xyz in found.items():
        by_dft = _distances_A(raw.geometries()[name].xyz_A, hydridic(name))
        distances += _distances_A(xyz, hydridic(name))[by_dft < TOUCH_A["H"]].tolist()
    return float(np.mean(distances))


def _distances_A(xyz_A: Coordinates, others: Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(xyz_A[list(others)] - xyz_A[0], axis=1))


def _conformer(name: str) -> str:
    """The conformer from which a complex was made; binding energies are counted from it.

    Counted from the best conformer, the force field's errors of conformer energies would enter the term.
    """
    return raw.geometries()[name].said.get("conformer", f"{partner_of(name)}-c1")


def _dft_kJ_per_mol(name: str) -> float:
    energies = [raw.energy_Ha(one, "binding_energy") for one in (name, _conformer(name), LITHIUM)]
    return (energies[0] - energies[1] - energies[2]) * KJ_PER_MOL


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))
