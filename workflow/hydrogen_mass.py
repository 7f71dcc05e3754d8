"""Hydrogen mass repartitioning: hydrogens take mass from the atom that they are bound to, so that longer steps hold.

Masses do not enter the equilibrium distribution of positions, so structure stays what it was; how fast molecules turn
changes a little, and how fast they move should not (Feenstra, Hess and Berendsen 1999, doi:10.1002/(SICI)1096-987X
(199906)20:8<786::AID-JCC5>3.0.CO;2-B; the project's own measurement is docs/decisions/0008-fast-protocol.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from workflow.itp import ForceFieldError, rows_of, sections

MASS_FIELD = 7  # of a line of [ atoms ]


def repartition(path_top: Path, hydrogen_mass_u: float) -> None:
    """Rewrite a topology written by `write_topology` with hydrogens of this mass; molecules keep theirs.

    Raises ForceFieldError when an atom would be left with less mass than its hydrogens have.
    """
    text = path_top.read_text(encoding="utf-8")
    masses_u = iter(_masses_u(path_top, text, hydrogen_mass_u))
    lines, section = [], ""
    for line in text.split("\n"):
        bare = line.split(";", 1)[0].strip()
        if bare.startswith("["):
            section = bare.strip("[] \t")
        elif bare and section == "atoms":
            line = "  ".join([*bare.split()[:MASS_FIELD], f"{next(masses_u):.6f}"])
        lines.append(line)
    path_top.write_text("\n".join(lines), encoding="utf-8")


def _masses_u(path_top: Path, text: str, hydrogen_mass_u: float) -> Iterator[float]:
    """Yield the new masses of the atoms of each kind of molecule, in the order of the file, by ParmEd."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ParmEd warns of optional parts that are not used here
        import parmed  # takes a second, is needed here only

        whole = parmed.gromacs.GromacsTopologyFile(str(path_top))
        parmed.tools.HMassRepartition(whole, hydrogen_mass_u).execute()
    sizes = [len(rows) for title, rows in sections(text) if title == "atoms"]
    first = 0
    for (name, count), size in zip(rows_of(text, "molecules"), sizes, strict=True):
        for atom in whole.atoms[first : first + size]:
            if atom.atomic_number != 1 and any(one.atomic_number == 1 for one in atom.bond_partners):
                _check_rest(f"{path_top}: {name}: {atom.name}", atom.mass, hydrogen_mass_u)
            yield atom.mass
        first += int(count) * size


def _check_rest(where: str, mass_u: float, hydrogen_mass_u: float) -> None:
    if mass_u < hydrogen_mass_u:
        raise ForceFieldError(
            f"{where} would be left with {mass_u:.2f} u when its hydrogens have {hydrogen_mass_u:g} u. Remedy: a "
            "smaller hydrogen_mass_u, or protocol: paper."
        )
