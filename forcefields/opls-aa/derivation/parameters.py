"""A chain's force field in the making: a Molecule of the workflow whose charges and bonded terms can be replaced."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from derivation.charges import Label
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems

ROOT = Path(__file__).resolve().parents[3]
ELEMENT_OF = {"N": "N", "B": "B", "HN": "HN", "HB": "HB"}
SECTIONS = {"bonds": ("r0_nm", "k_kJ_per_mol_nm2"), "angles": ("theta0_deg", "k_kJ_per_mol_rad2")}


def molecules() -> dict[str, Molecule]:
    """Return the force field's molecules. Raises ValueError when one of their folders has a problem."""
    problems = Problems(ROOT)
    found = read_molecules(ROOT, problems)
    if len(problems):
        raise ValueError("the molecules' folders have problems: ./sheath check tells them")
    return {name: one for name, one in found.items() if one is not None}


def with_charges(molecule: Molecule, charges_e: Mapping[Label, float]) -> Molecule:
    """Return the polymer with these charges (to be exactly neutral, see `rounded`)."""
    assert molecule.polymer is not None
    units = copy.deepcopy(dict(molecule.polymer.units))
    for part, unit in units.items():
        for atom in unit["atoms"]:
            atom["charge"] = charges_e[part, label_of(atom["name"])]
    return replace(molecule, polymer=replace(molecule.polymer, units=units))


def label_of(name: str) -> str:
    """Return N, B, HN or HB for an atom's name within its unit (N, Ha, B, HBa)."""
    return {"N": "N", "B": "B"}.get(name, "HB" if name.startswith("HB") else "HN")


def with_bonded(molecule: Molecule, bonded: Mapping[str, Any]) -> Molecule:
    """Return the polymer with these bonded parameters."""
    assert molecule.polymer is not None
    return replace(molecule, polymer=replace(molecule.polymer, bonded=copy.deepcopy(dict(bonded))))


def rounded(charges_e: Mapping[Label, float], counts: Mapping[str, Mapping[Label, int]]) -> dict[Label, float]:
    """Round to 1e-4 e and put what rounding leaves on the nitrogen of the middle unit and of the tail (or of AB)."""
    found = {label: round(value, 4) for label, value in charges_e.items()}

    def total(*parts: str) -> float:
        return sum(found[label] * n for part in parts for label, n in counts[part].items())

    for part, summed in (("middle", ("middle",)), ("tail", ("head", "tail")), ("whole", ("whole",))):
        if part in counts:
            found[part, "N"] = round(found[part, "N"] - total(*summed), 4)
    return found
