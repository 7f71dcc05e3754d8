"""The fit of ammonia borane: charges, lengths, angles and force constants; its torsion barrier is the measured one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from derivation import raw
from derivation.bonded import Relaxed, mean_missed, relaxed, stretch_and_bend
from derivation.charges import PARTS, fit, potential_of, unit_counts
from derivation.fitted import Fitted
from derivation.itp_text import Terms, with_numbers
from derivation.parameters import SECTIONS, rounded
from workflow.inputs import Molecule

KIND = "AB"
ROUNDS = 4


def fit_ammonia_borane(start: Molecule, scratch: Path) -> Fitted:
    """Return ammonia borane with fitted numbers in the layout of its itp; the files that it needs go into `scratch`.

    Raises ValueError when its potential or its Hessian has not been computed.
    """
    names = [name for name in raw.geometries() if name.startswith(f"{KIND}-c") and raw.has_arrays(name, "potential")]
    potentials = [potential_of(name) for name in names]
    charges = fit(KIND, potentials)
    counts = {part: unit_counts(KIND, part) for part in PARTS[KIND]}
    final = rounded(charges.charges_e, counts)
    by_atom = {atom: charge for (_, atom), charge in final.items()}
    terms = {section: stretch_and_bend(KIND, start, section) for section in SECTIONS}
    molecule, reached = _placed(start, by_atom, terms, scratch)
    for _ in range(ROUNDS):
        terms = {section: _moved(molecule, reached, section, values) for section, values in terms.items()}
        molecule, reached = _placed(start, by_atom, terms, scratch)
    return Fitted(KIND, molecule, charges, potentials, [], reached, "measured")


def _moved(
    molecule: Molecule, reached: list[Relaxed], section: str, values: Terms
) -> dict[tuple[str, ...], tuple[float, float]]:
    """Move r0 and theta0 by what the minimised molecule misses on average."""
    missed = mean_missed(molecule, reached, section)
    return {key: (x0 + missed[key], k) for key, (x0, k) in values.items()}


def _placed(
    start: Molecule, charges_e: Mapping[str, float], terms: Mapping[str, Terms], scratch: Path
) -> tuple[Molecule, list[Relaxed]]:
    """The molecule with these numbers in a folder of its own, and what it relaxes to."""
    folder = Path(mkdtemp(dir=scratch))
    for name in ("atomtypes.itp", f"{KIND}.pdb"):
        (folder / name).write_bytes((start.folder / name).read_bytes())
    text = (start.folder / f"{KIND}.itp").read_text(encoding="utf-8")
    (folder / f"{KIND}.itp").write_text(with_numbers(text, charges_e, terms), encoding="utf-8")
    molecule = replace(start, folder=folder)
    return molecule, relaxed(KIND, molecule)
