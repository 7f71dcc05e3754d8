"""Molecules: what a folder under `forcefields/opls-aa/molecules/` declares in its `molecule.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from workflow.inputs.misfit import Misfit

REMEMBERED = 1024  # results of functions of molecules, which a thousand systems share


@dataclass(frozen=True)
class Site:
    """A kind of atom to which distances are measured, and the names of the atoms that are one.

    In a polymer the names are those within a repeat unit; the label is completed with the unit's place in the
    chain.
    """

    name: str
    kind: str
    atoms: tuple[str, ...]


@dataclass(frozen=True)
class PolymerSpec:
    """How a chain of any length is put together.

    `units` maps `head`, `middle` and `tail` to `{"atoms": [{"name", "type", "charge"}], "bonds": [[a, b]]}`;
    `join` names the atom of the previous unit and the atom of the next one that are bonded to each other;
    `bonded` holds the parameters by atom type (`bonds`, `angles`, `torsions`, `impropers`) as read from
    `bonded.yaml`. All are plain dicts and lists. `cis_probability` is None when conformers come from a run in
    the gas phase.
    """

    units: Mapping[str, Mapping[str, Any]]
    join: tuple[str, str]
    min_monomers: int
    cis_probability: float | None
    bonded: Mapping[str, Any]

    @property
    def conformers(self) -> str:
        """Where conformers come from: `gas_phase` or `cis_trans` (drawn with `cis_probability`)."""
        return "gas_phase" if self.cis_probability is None else "cis_trans"


@dataclass(frozen=True, eq=False)  # compared by identity, so that what is computed of one can be remembered
class Molecule:
    """A molecule of the force field; units are in the names, `charge_e` is the whole molecule's charge.

    `uncharged` marks a control, see `uncharged`. All charges of its files are multiplied by `charge_scale`.
    """

    name: str
    title: str
    kind: str
    formula: str
    charge_e: int
    smiles: str | None
    status: str
    status_note: str | None
    density_kg_per_m3: float | None
    density_source: str | None
    apparent_molar_volume_mL_per_mol: float | None
    apparent_molar_volume_source: str | None
    sources: tuple[str, ...]
    licence: str
    sites: tuple[Site, ...]
    folder: Path
    polymer: PolymerSpec | None = None
    misfits: tuple[Misfit, ...] = ()
    uncharged: bool = False
    charge_scale: float = 1.0

    @property
    def net_charge_e(self) -> float:
        """The charge that the molecule has in the simulation."""
        return self.charge_e * self.charge_scale


@lru_cache(maxsize=REMEMBERED)
def scaled(molecule: Molecule, factor: float) -> Molecule:
    """The same ion with all its charges multiplied by a factor, which stands for electronic polarisation.

    Raises
    ------
    ValueError
        For a polymer.
    """
    if factor == 1:
        return molecule
    if molecule.polymer is not None:
        raise ValueError(f"{molecule.name} is a polymer")
    return replace(molecule, title=f"{molecule.title}, charges times {factor:g}", charge_scale=factor)


@lru_cache(maxsize=REMEMBERED)
def uncharged(molecule: Molecule) -> Molecule:
    """The same polymer with all partial charges zero and everything else as it was: a control.

    Raises
    ------
    ValueError
        For a molecule that is no polymer.
    """
    if molecule.polymer is None:
        raise ValueError(f"{molecule.name} is no polymer")
    units = {
        part: {**unit, "atoms": [{**atom, "charge": 0.0} for atom in unit["atoms"]]}
        for part, unit in molecule.polymer.units.items()
    }
    title = f"{molecule.title}, all partial charges zero"
    return replace(molecule, title=title, polymer=replace(molecule.polymer, units=units), uncharged=True)
