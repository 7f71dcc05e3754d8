"""A folder of polyvinylidene fluoride, H-(CF2-CH2)n-H, with round numbers of the size of OPLS-AA's."""

from __future__ import annotations

from pathlib import Path

MOLECULE = """name: PVDF
title: polyvinylidene fluoride
kind: polymer
formula: H-CF2-CH2-(CF2-CH2)x-CF2-CH2-H
charge: 0
smiles: null
status: provisional
status_note: "numbers of a test"
sources: [jorgensen1996]
licence: "of this project"
sites: [{name: F, kind: F, atoms: [Fa, Fb]}]
conformers: gas_phase
min_monomers: 2
join: [Cb, Ca]
units:
"""
TYPES = """[ atomtypes ]
vdf_CF  6  12.011  0.000  A  0.35   0.276144
vdf_CT  6  12.011  0.000  A  0.35   0.276144
vdf_F   9  18.998  0.000  A  0.295  0.221752
vdf_HC  1   1.008  0.000  A  0.25   0.12552
"""
BONDED: dict[str, dict[tuple[str, ...], str]] = {
    "bonds": {
        ("vdf_CF", "vdf_CT"): "r0_nm: 0.1529, k_kJ_per_mol_nm2: 224262.4",
        ("vdf_CF", "vdf_F"): "r0_nm: 0.1332, k_kJ_per_mol_nm2: 307105.6",
        ("vdf_CF", "vdf_HC"): "r0_nm: 0.1090, k_kJ_per_mol_nm2: 284512.0",
        ("vdf_CT", "vdf_HC"): "r0_nm: 0.1090, k_kJ_per_mol_nm2: 284512.0",
    },
    "angles": {
        ("vdf_CT", "vdf_CF", "vdf_CT"): "theta0_deg: 112.7, k_kJ_per_mol_rad2: 488.273",
        ("vdf_CF", "vdf_CT", "vdf_CF"): "theta0_deg: 112.7, k_kJ_per_mol_rad2: 488.273",
        ("vdf_CT", "vdf_CF", "vdf_F"): "theta0_deg: 109.5, k_kJ_per_mol_rad2: 418.400",
        ("vdf_CT", "vdf_CF", "vdf_HC"): "theta0_deg: 110.7, k_kJ_per_mol_rad2: 313.800",
        ("vdf_F", "vdf_CF", "vdf_F"): "theta0_deg: 109.1, k_kJ_per_mol_rad2: 644.336",
        ("vdf_F", "vdf_CF", "vdf_HC"): "theta0_deg: 107.0, k_kJ_per_mol_rad2: 334.720",
        ("vdf_CF", "vdf_CT", "vdf_HC"): "theta0_deg: 110.7, k_kJ_per_mol_rad2: 313.800",
        ("vdf_HC", "vdf_CT", "vdf_HC"): "theta0_deg: 107.8, k_kJ_per_mol_rad2: 276.144",
    },
    "torsions": {
        (left, "vdf_CF", "vdf_CT", right): "V1_kJ_per_mol: 0.0, V2_kJ_per_mol: 0.0, V3_kJ_per_mol: 1.2552"
        for left in ("vdf_CT", "vdf_F", "vdf_HC")
        for right in ("vdf_CF", "vdf_HC")
    },
}
CHARGES_E = {"F": -0.20, "H": 0.14}
# What hangs on each carbon of a unit.
UNITS = {
    "head": {"Ca": "HFF", "Cb": "HH"},
    "middle": {"Ca": "FF", "Cb": "HH"},
    "tail": {"Ca": "FF", "Cb": "HHH"},
}


def write(folder: Path) -> Path:
    """Write the folder's files; every unit lists fluorine last."""
    folder.mkdir(parents=True)
    units = "\n".join(f"  {name}:\n{_unit(carbons)}" for name, carbons in UNITS.items())
    (folder / "molecule.yaml").write_text(f"{MOLECULE}{units}\n")
    (folder / "atomtypes.itp").write_text(TYPES)
    lines = []
    for section, entries in BONDED.items():
        lines += [f"{section}:", *(f"  - {{types: [{', '.join(types)}], {said}}}" for types, said in entries.items())]
    (folder / "bonded.yaml").write_text("\n".join(lines) + "\n")
    return folder


def _unit(carbons: dict[str, str]) -> str:
    rows = [
        (name, kind, -sum(CHARGES_E[one] for one in carbons[name]))
        for name, kind in (("Ca", "vdf_CF"), ("Cb", "vdf_CT"))
    ]
    bonds = [("Ca", "Cb")]
    for element in "HF":
        ones = [carbon for carbon, aside in carbons.items() for one in aside if one == element]
        for letter, carbon in zip("abcd", ones, strict=False):
            rows.append((f"{element}{letter}", {"H": "vdf_HC", "F": "vdf_F"}[element], CHARGES_E[element]))
            bonds.append((carbon, f"{element}{letter}"))
    atoms = [f"      - {{name: {name}, type: {kind}, charge: {charge:.2f}}}" for name, kind, charge in rows]
    return "\n".join(["    atoms:", *atoms, f"    bonds: [{', '.join(f'[{a}, {b}]' for a, b in bonds)}]"])
