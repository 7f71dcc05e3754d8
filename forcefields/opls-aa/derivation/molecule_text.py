"""What was fitted as the text of `molecule.yaml` and `bonded.yaml`; the lines that it does not concern stay."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from derivation.acceptance import Criterion
from workflow.inputs import Molecule

BONDED_HEADER = """# Written by derivation/fit.py: do not edit. What is fitted, and how well: derivation/RESULT.md.
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


def with_status(text: str, status: str, note: str, sources: Sequence[str], missed: Sequence[Criterion]) -> str:
    """Replace status, status_note and sources, and the entries of `misfit:` by one for each missed criterion."""
    text = re.sub(r"^misfit:.*\n(?:[ -].*\n)*", "", text, flags=re.MULTILINE)
    entries = [f"\n  - {_misfit(one)}" for one in missed]
    misfit = "".join(["\nmisfit:", *entries]) if entries else ""
    text = with_line(text, "status", status)
    text = with_line(text, "status_note", json.dumps(note, ensure_ascii=False) + misfit)
    return with_line(text, "sources", f"[{', '.join(sources)}]")


def with_line(text: str, key: str, value: str) -> str:
    """Replace the value of one of the file's outermost keys. Raises ValueError unless it stands there once."""
    found, count = re.subn(rf"^{key}:.*$", lambda _: f"{key}: {value}", text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"molecule.yaml has {count} lines that begin with `{key}:`, not one")
    return found


def _misfit(one: Criterion) -> str:
    assert one.value is not None
    # With as few digits as leave the value beyond its limit.
    pairs = [(f"{one.value:.{digits}g}", f"{one.limit:.{max(digits, 4)}g}") for digits in (3, 4, 6, 17)]
    reached, limit = next(pair for pair in pairs if float(pair[0]) > float(pair[1]))
    criterion, unit = json.dumps(one.what, ensure_ascii=False), json.dumps(one.unit)
    return f"{{criterion: {criterion}, reached: {reached}, limit: {limit}, unit: {unit}}}"


def with_cis_probability(text: str, probability: float, comment: Sequence[str]) -> str:
    """Replace the probability of a cis bond (two digits) and the comment above it."""
    lines = "".join(f"# {line}\n" for line in comment)
    new = f"{lines}conformers: {{cis_probability: {probability:.2f}}}"
    found, count = re.subn(r"(?:^#.*\n)*^conformers: \{cis_probability:.*$", lambda _: new, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError("molecule.yaml has no line `conformers: {cis_probability: ...}`")
    return found


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
