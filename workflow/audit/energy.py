"""Energy of one molecule in vacuo, without cut-off, from its terms: to tell whether its structure is a minimum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from workflow.audit.topology import Term, Topology, angles, pairs_14

Array = NDArray[np.float64]

FUDGE = 0.5  # OPLS-AA: 1-4 interactions count half
COULOMB_KJ_NM_PER_MOL_E2 = 138.935458
STEP_NM = 1e-5
GRADIENT_KJ_PER_MOL_NM = 2.0  # where minimising ends; the 0.001 A of a pdb makes ten times as much


class Energy:
    """The force field's energy of a molecule: E = bonds + angles + torsions + impropers + pairs, kJ/mol.

    GROMACS' forms with geometric mixing; pairs one or two bonds apart are left out, those three apart count half.
    A gradient is taken by central differences, so that it cannot disagree with the energy.
    """

    def __init__(self, topology: Topology) -> None:
        self.bonds, self.angles = _arrays(topology.bonds, 2, 2), _arrays(topology.angles, 3, 2, degrees=True)
        self.torsions = _arrays(topology.torsions, 4, 6)
        self.impropers = _arrays(topology.impropers, 4, 3, degrees=True)
        self.first, self.second, self.scale = _pairs(topology)
        charges = np.array([atom.charge_e for atom in topology.atoms])
        kinds = [topology.types[atom.type][0] for atom in topology.atoms]
        sigma, epsilon = (
            np.array([kind.sigma_nm for kind in kinds]),
            np.array([kind.epsilon_kJ_per_mol for kind in kinds]),
        )
        self.sigma6 = (sigma[self.first] * sigma[self.second]) ** 3
        self.epsilon = np.sqrt(epsilon[self.first] * epsilon[self.second])
        self.coulomb = COULOMB_KJ_NM_PER_MOL_E2 * charges[self.first] * charges[self.second]

    def of(self, xyz_nm: Array) -> Array:
        """Energies (m,) in kJ/mol of m structures (m, n, 3) in nm."""
        total = np.zeros(len(xyz_nm))
        (i, j), (r0, k) = self.bonds
        total += _sum(k / 2 * (_length(xyz_nm[:, i] - xyz_nm[:, j]) - r0) ** 2)
        (i, j, end), (theta0, k) = self.angles
        total += _sum(k / 2 * (_angle(xyz_nm[:, i] - xyz_nm[:, j], xyz_nm[:, end] - xyz_nm[:, j]) - theta0) ** 2)
        atoms, coefficients = self.torsions
        cosine = np.cos(_torsion(xyz_nm, atoms) - np.pi)
        total += _sum(sum(c * cosine**n for n, c in enumerate(coefficients)))
        atoms, (phase, k, multiplicity) = self.impropers
        total += _sum(k * (1 + np.cos(multiplicity * _torsion(xyz_nm, atoms) - phase)))
        distance = _length(xyz_nm[:, self.first] - xyz_nm[:, self.second])
        part = self.sigma6 / distance**6
        total += _sum(self.scale * (4 * self.epsilon * (part**2 - part) + self.coulomb / distance))
        return total

    def gradient(self, xyz_nm: Array) -> Array:
        """Gradient (n, 3) of the energy in kJ/mol/nm."""
        size = xyz_nm.size
        steps = STEP_NM * np.eye(size).reshape(size, *xyz_nm.shape)
        gradient = (self.of(xyz_nm + steps) - self.of(xyz_nm - steps)) / (2 * STEP_NM)
        return np.asarray(gradient.reshape(xyz_nm.shape))


def relaxed(energy: Energy, xyz_nm: Array) -> Array:
    """The structure (n, 3) in nm of the nearest minimum; the start itself when there is none."""
    with np.errstate(all="ignore"):
        found = minimize(
            lambda flat: float(energy.of(flat.reshape(1, -1, 3))[0]),
            xyz_nm.ravel(),
            jac=lambda flat: energy.gradient(flat.reshape(-1, 3)).ravel(),
            method="L-BFGS-B",
            options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": GRADIENT_KJ_PER_MOL_NM},
        )
    result = np.asarray(found.x, dtype=float).reshape(-1, 3)
    return result if np.isfinite(result).all() else xyz_nm


def _arrays(
    terms: tuple[Term, ...], width: int, n_values: int, degrees: bool = False
) -> tuple[list[NDArray[np.int64]], list[Array]]:
    """Atoms and values of terms, one array per place; an angle or phase, the first value, becomes radian."""
    atoms = np.array([term.atoms for term in terms], dtype=np.int64).reshape(-1, width)
    values = np.array([term.values for term in terms]).reshape(-1, n_values)
    columns = [np.array(column) for column in values.T]
    if degrees:
        columns[0] = np.radians(columns[0])
    return list(atoms.T), columns


def _pairs(topology: Topology) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Atoms of every pair that interacts, and how much it counts."""
    bonded, halved = set(topology.bonded_pairs), set(pairs_14(topology.near))
    closer = bonded | {(min(i, k), max(i, k)) for i, _, k in angles(topology.near)}
    rows = [
        (i, j, FUDGE if (i, j) in halved else 1.0)
        for j in range(len(topology.atoms))
        for i in range(j)
        if (i, j) not in closer
    ]
    table = np.array(rows).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2]


def _sum(terms: Array | float) -> Array:
    return np.asarray(np.sum(terms, axis=1) if isinstance(terms, np.ndarray) else 0.0)


def _length(vectors: Array) -> Array:
    return np.asarray(np.linalg.norm(vectors, axis=-1))


def _angle(a: Array, b: Array) -> Array:
    cosine = np.sum(a * b, axis=-1) / (_length(a) * _length(b))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _torsion(xyz_nm: Array, atoms: list[NDArray[np.int64]]) -> Array:
    """Torsions in radian, cis = 0."""
    i, j, k, end = (xyz_nm[:, index] for index in atoms)
    b1, b2, b3 = j - i, k - j, end - k
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    sine = np.sum(np.cross(n1, n2) * b2, axis=-1) / np.maximum(_length(b2), 1e-12)
    return np.asarray(np.arctan2(sine, np.sum(n1 * n2, axis=-1)))
