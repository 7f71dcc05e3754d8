"""What came out of the fit, as text for RESULT.md and as the molecules' files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from derivation import binding
from derivation.acceptance import (
    Criterion,
    binding_criteria,
    charge_criteria,
    difference_criterion,
    geometry_criteria,
    torsion_criteria,
)
from workflow.inputs import Molecule

if TYPE_CHECKING:
    from derivation.fit import Fitted

HEADER = """# PAB and PIB against DFT

Written by `python -m derivation.fit --write` from the results under `raw/`. Energies in kJ/mol, charges in e.
"""


def record(fitted: Sequence[Fitted], known: Mapping[str, Molecule], missing: Sequence[str]) -> str:
    """Return the whole record as Markdown."""
    parts = [HEADER]
    if missing:
        parts.append(f"**Incomplete:** {len(missing)} DFT jobs are not done, the first is `{missing[0]}`.\n")
    held = binding.holders(known)
    for one in fitted:
        places = binding.places(one.kind, one.molecule, known["Li"])
        parts += [f"## {one.kind}\n", _criteria(criteria(one, places)), _charges(one), _places(places)]
    parts += ["## Who holds Li+\n", _criteria([difference_criterion(held)]), _holders(held)]
    return "\n".join(parts)


def criteria(one: Fitted, places: Sequence[binding.Place]) -> list[Criterion]:
    """Return every criterion of one chain."""
    return [
        *charge_criteria(one.kind, one.potentials, one.charges),
        *geometry_criteria(one.kind, one.molecule),
        *torsion_criteria(one.molecule, one.scans),
        *binding_criteria(places),
    ]


def _criteria(found: Sequence[Criterion]) -> str:
    rows = [
        f"| {one.what} | {'not computed' if one.value is None else f'{one.value:.3f}'} | {one.limit:g} {one.unit} "
        f"| {'open' if one.value is None else 'met' if one.met else '**missed**'} | {one.where} |"
        for one in found
    ]
    return "\n".join(["| criterion | reached | limit | | where |", "|---|---|---|---|---|", *rows, ""])


def _charges(one: Fitted) -> str:
    rows = [f"| {part} | {atom} | {value:+.4f} |" for (part, atom), value in one.charges.charges_e.items()]
    errors = ", ".join(f"{name} {value:.3f}" for name, value in one.charges.rrms.items())
    return "\n".join(
        ["| unit | atom | charge |", "|---|---|---|", *rows, "", f"Relative error of the potential: {errors}.\n"]
    )


def _places(found: Sequence[binding.Place]) -> str:
    rows = [
        f"| {one.name} | {one.touches_dft} | {one.dft_kJ_per_mol:.1f} | {one.mm_kJ_per_mol:.1f} | {one.touches_mm} |"
        for one in found
    ]
    return "\n".join(
        [
            "| complex | Li+ touches (DFT) | DFT | force field | touches (force field) |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _holders(found: Sequence[binding.Holder]) -> str:
    rows = [
        f"| {one.name} | {one.dft_kJ_per_mol:.1f} | {one.mm_kJ_per_mol:.1f} | {one.misfit_kJ_per_mol:+.1f} |"
        for one in found
    ]
    table = ["| partner | DFT | force field | misfit |", "|---|---|---|---|", *rows, ""]
    return "\n".join(["Binding energy of Li+ in the best complex:\n", *table, _exchanges(found)])


def _exchanges(found: Sequence[binding.Holder]) -> str:
    rows = [
        f"| Li·{x.name} + {chain.name} → Li·{chain.name} + {x.name} | {chain.dft_kJ_per_mol - x.dft_kJ_per_mol:+.1f} "
        f"| {chain.mm_kJ_per_mol - x.mm_kJ_per_mol:+.1f} | {chain.misfit_kJ_per_mol - x.misfit_kJ_per_mol:+.1f} |"
        for chain in found
        if chain.name in ("PAB", "PIB", "AB")
        for x in found
        if x.name not in ("PAB", "PIB", "AB")
    ]
    return "\n".join(
        ["Exchange energies:\n", "| exchange | DFT | force field | misfit |", "|---|---|---|---|", *rows, ""]
    )


def write_molecule(one: Fitted) -> None:
    """Write charges, types and bonded parameters into the molecule's folder."""
    from derivation.molecule_text import bonded_yaml, with_units

    folder = one.molecule.folder
    path = folder / "molecule.yaml"
    path.write_text(with_units(path.read_text(encoding="utf-8"), one.molecule), encoding="utf-8")
    (folder / "bonded.yaml").write_text(bonded_yaml(one.molecule), encoding="utf-8")
