"""What is known of the chemical elements: masses, radii, electronegativities, ranges of OPLS-AA parameters.

Sources
-------
masses
    Standard atomic weights (IUPAC), rounded as GROMACS' oplsaa.ff and this force field write them.
radii
    Covalent radii of single, double and triple bonds in nm: P. Pyykkö, M. Atsumi, Chem. Eur. J. 15 (2009) 186,
    doi 10.1002/chem.200800987, and 15 (2009) 12770, doi 10.1002/chem.200901472; P. Pyykkö, S. Riedel, M. Patzschke,
    Chem. Eur. J. 11 (2005) 3511, doi 10.1002/chem.200401299.
electronegativities
    Pauling's scale in the revision of A. L. Allred, J. Inorg. Nucl. Chem. 17 (1961) 215.
Lennard-Jones and charges
    What GROMACS 2022.5's oplsaa.ff holds for atoms of the element in molecules (all-atom types), widened to hold
    CL&P (il.ff) and, for boron, DREIDING; rounded outwards. Ranges of epsilon are narrower than a factor of 4.184,
    those of sigma than a factor of 2, so that a value in kcal or one that is doubled leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

Range = tuple[float, float]


@dataclass(frozen=True)
class Element:
    """One element; the ranges are those of its atoms in molecules, None where no range is known."""

    symbol: str
    mass_u: float
    radii_nm: tuple[float, float, float]
    electronegativity: float
    sigma_nm: Range | None = None
    epsilon_kJ_per_mol: Range | None = None
    charge_e: Range | None = None


BY_NUMBER = {
    1: Element("H", 1.008, (0.032, 0.032, 0.032), 2.20, (0.20, 0.30), (0.055, 0.225), (-0.35, 0.60)),
    3: Element("Li", 6.94, (0.133, 0.124, 0.124), 0.98),
    5: Element("B", 10.81, (0.085, 0.078, 0.073), 2.04, (0.32, 0.39), (0.22, 0.90), (-0.40, 1.30)),
    6: Element("C", 12.011, (0.075, 0.067, 0.060), 2.55, (0.30, 0.42), (0.22, 0.90), (-1.10, 1.30)),
    7: Element("N", 14.007, (0.071, 0.060, 0.054), 3.04, (0.30, 0.345), (0.31, 1.10), (-1.20, 1.20)),
    8: Element("O", 15.999, (0.063, 0.057, 0.053), 3.44, (0.275, 0.33), (0.45, 1.25), (-1.20, -0.14)),
    9: Element("F", 18.998, (0.064, 0.059, 0.053), 3.98, (0.26, 0.33), (0.13, 0.45), (-0.70, -0.05)),
    11: Element("Na", 22.99, (0.155, 0.160, 0.160), 0.93),
    12: Element("Mg", 24.305, (0.139, 0.132, 0.127), 1.31),
    13: Element("Al", 26.982, (0.126, 0.113, 0.111), 1.61),
    14: Element("Si", 28.086, (0.116, 0.107, 0.102), 1.90, (0.36, 0.44), (0.20, 0.80), (-0.30, 1.70)),
    15: Element("P", 30.974, (0.111, 0.102, 0.094), 2.19, (0.34, 0.41), (0.42, 1.60), (0.10, 2.70)),
    16: Element("S", 32.06, (0.103, 0.094, 0.095), 2.58, (0.33, 0.43), (0.60, 2.20), (-0.95, 2.40)),
    17: Element("Cl", 35.453, (0.099, 0.095, 0.093), 3.16, (0.32, 0.38), (0.45, 1.60), (-0.45, 1.30)),
    19: Element("K", 39.098, (0.196, 0.193, 0.193), 0.82),
    20: Element("Ca", 40.078, (0.171, 0.147, 0.133), 1.00),
    30: Element("Zn", 65.38, (0.118, 0.120, 0.120), 1.65),
    35: Element("Br", 79.904, (0.114, 0.109, 0.110), 2.96, (0.33, 0.39), (0.90, 2.60), (-0.40, 0.30)),
    37: Element("Rb", 85.468, (0.210, 0.202, 0.202), 0.82),
    53: Element("I", 126.904, (0.133, 0.129, 0.125), 2.66, (0.35, 0.43), (1.20, 3.40), (-0.40, 0.40)),
    55: Element("Cs", 132.905, (0.232, 0.209, 0.209), 0.79),
}
BY_SYMBOL = {element.symbol: element for element in BY_NUMBER.values()}

# A saturated carbon has 0.276 kJ/mol in OPLS-AA; the wider range above holds unsaturated ones.
SATURATED_CARBON_EPSILON: Range = (0.14, 0.56)

# Where the energy of a cation of charge +1 and the oxygen of a solvent (sigma 0.30 nm, epsilon 0.70 kJ/mol,
# charge -0.45 e) is lowest: what the published sets give under their own mixing rule, 5 % wider on each side.
# Sets: Åqvist 1990, Jensen and Jorgensen 2006 (doi 10.1021/ct600252r), Joung and Cheatham 2008 (doi
# 10.1021/jp8001614), and for Li+ Dang and Li and Merz.
ION_OXYGEN_NM: dict[str, Range] = {"Li": (0.164, 0.200), "Na": (0.205, 0.242), "K": (0.238, 0.275)}


@lru_cache(maxsize=1024)
def covalent_length_nm(one: Element, two: Element, order: float) -> float:
    """Sum of the covalent radii for a bond order from 1 to 3, linear between whole orders; nm."""
    below = min(max(int(order), 1), 2)
    part = min(max(order, 1.0), 3.0) - below
    lengths = [one.radii_nm[n - 1] + two.radii_nm[n - 1] for n in (below, below + 1)]
    return lengths[0] + part * (lengths[1] - lengths[0])


def gordy_force_constant(one: Element, two: Element, order: float, length_nm: float) -> float:
    """Force constant of a bond, in kJ/mol/nm2, by Gordy's rule k = 1.67 N (xA xB / d^2)^(3/4) + 0.30.

    N is the bond order, x the electronegativity, d the length in angstrom, k in 1e5 dyn/cm. Measured force constants
    are within a few percent of it, those of force fields further away: see `bonded.BOND_K_OF_GORDY`.
    Source: W. Gordy, J. Chem. Phys. 14 (1946) 305, doi 10.1063/1.1724138.
    """
    length_angstrom = 10 * length_nm
    product = one.electronegativity * two.electronegativity / length_angstrom**2
    in_1e5_dyn_per_cm: float = 1.67 * order * product**0.75 + 0.30
    return in_1e5_dyn_per_cm * 60221.4  # 1e5 dyn/cm = 100 N/m = 1e-16 J/nm2, times Avogadro's number
