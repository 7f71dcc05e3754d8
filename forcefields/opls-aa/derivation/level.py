"""The levels of theory, and PySCF calculations at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivation.xyz_file import Structure

FUNCTIONAL = "wb97x-d3bj"  # PySCF 2.14 runs omegaB97X-D3(BJ) under this name only
GEOMETRY_BASIS = "def2-svp"
ENERGY_BASIS = "def2-tzvp"
BINDING_BASIS = "def2-tzvpd"  # diffuse functions against basis-set superposition in Li+ complexes
POTENTIAL_BASIS = "6-31g*"  # with Hartree-Fock: the level at which OPLS-like liquid charges are usually fitted


@dataclass(frozen=True)
class Level:
    """A method: `functional` ("hf" for Hartree-Fock), `basis` and the density of PySCF's integration grid."""

    functional: str
    basis: str
    grid: int = 3

    def __str__(self) -> str:
        return f"{self.functional}/{self.basis}"


# Against grid 3, grid 2 changes a gradient by 5e-6 Hartree/Bohr (PAB, n = 3) and takes a fifth less time.
GEOMETRY = Level(FUNCTIONAL, GEOMETRY_BASIS, grid=2)
HESSIAN = Level(FUNCTIONAL, GEOMETRY_BASIS)
ENERGY = Level(FUNCTIONAL, ENERGY_BASIS)
BINDING = Level(FUNCTIONAL, BINDING_BASIS)
POTENTIAL = Level("hf", POTENTIAL_BASIS)


def mean_field(structure: Structure, charge_e: int, level: Level) -> Any:
    """Return PySCF's closed-shell mean field with density fitting, not yet run; PySCF has no types."""
    from pyscf import dft, gto, scf

    atoms = list(zip(structure.symbols, structure.xyz_A.tolist(), strict=True))
    molecule = gto.M(atom=atoms, basis=level.basis, charge=charge_e, verbose=0)
    if level.functional == "hf":
        return scf.RHF(molecule).density_fit()
    field = dft.RKS(molecule, xc=level.functional).density_fit()
    field.grids.level = level.grid
    return field
