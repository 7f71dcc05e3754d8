"""The fitted chain as the text of `molecule.yaml` (its units) and `bonded.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow.inputs import Molecule

BONDED_HEADER = """# Written by derivation/fit.py: do not edit. How well it fits DFT: derivation/RESULT.md.
# Harmonic terms 1/2 k x^2; torsions V1/2 (1 + cos phi) + V2/2 (1 - cos 2 phi) + V3/2 (1 + cos 3 phi), phi = 0 cis.
"""
DIGITS = {"r0_nm": 5, "k_kJ_per_mol_nm2": 0, "theta0_deg": 2, "k_kJ_per_mol_rad2": 1}


def with_units(text: str, molecule: Molecule) -> str:
    """Replace the `units:` block, which is the last one of a polymer's `molecule.yaml`."""
    assert molecule.polymer is not None
    head, _, _ = text.partition("\nunits:\n")
    lines = []
    for part in ("head", "middle", "tail"):
        unit = molecule.polymer.units[part]
        lines += [f"  {part}:", "    atoms:"]
        lines += [f"      - {{name: {a['name']}, type: {a['type']}, charge: {a['charge']:.4f}}}" for a in unit["atoms"]]
        bonds = ", ".join(f"[{a}, {b}]" for a, b in unit["bonds"])
        lines.append(f"    bonds: [{bonds}]")
    return "\n".join([head, "units:", *lines, ""])


def bonded_yaml(molecule: Molecule) -> str:
    """Return the whole `bonded.yaml`."""
    assert molecule.polymer is not None
    parts = [BONDED_HEADER]
    for section in ("bonds", "angles", "torsions", "impropers"):
        rows = [f"  - {_row(one)}" for one in molecule.polymer.bonded[section]]
        parts.append("\n".join([f"{section}:", *rows]) if rows else f"{section}: []")
    return "\n".join([parts[0] + parts[1], *parts[2:], ""])


def _row(one: Mapping[str, Any]) -> str:
    words = [f"{key}: {_value(key, value)}" for key, value in one.items()]
    return "{" + ", ".join(words) + "}"


def _value(key: str, value: Any) -> str:
    if key == "types":
        return "[" + ", ".join(value) + "]"
    if isinstance(value, float):
        return f"{value:.{DIGITS.get(key, 4)}f}" + (".0" if DIGITS.get(key) == 0 else "")
    return str(value)
