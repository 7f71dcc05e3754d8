"""Fit PAB and PIB to the committed DFT results, judge the fit, and write what came out.

python -m derivation.fit            fits, prints the record
python -m derivation.fit --write    also writes molecules/{PAB,PIB} and derivation/RESULT.md
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from derivation import raw, record
from derivation.bonded import first_guess, refine
from derivation.charges import ChargeFit, Potential, all_labels, fit, potential_of, unit_counts
from derivation.jobs import all_jobs
from derivation.parameters import molecules, rounded, with_bonded, with_charges
from derivation.torsions import Scan, scans
from workflow.inputs import Molecule

KINDS = ("PAB", "PIB")
PARTS = ("head", "middle", "tail")


@dataclass(frozen=True)
class Fitted:
    """One chain's parameters and what they were fitted to."""

    kind: str
    molecule: Molecule
    charges: ChargeFit
    potentials: list[Potential]
    scans: list[Scan]


def main(arguments: list[str] | None = None) -> int:
    """Fit both chains; return 1 when DFT results that the fit cannot do without are missing."""
    parser = argparse.ArgumentParser(prog="python -m derivation.fit", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    missing = [job.name for job in all_jobs() if not raw.has(job)]
    known = molecules()
    try:
        fitted = {kind: fit_chain(kind, known[kind]) for kind in KINDS}
    except (KeyError, ValueError) as error:
        print(f"the fit lacks DFT results: {error}. Remedy: python -m derivation.dft SCRATCH", file=sys.stderr)
        return 1
    known |= {kind: one.molecule for kind, one in fitted.items()}
    text = record.record(list(fitted.values()), known, missing)
    print(text)
    if asked.write:
        Path(__file__).with_name("RESULT.md").write_text(text, encoding="utf-8")
        for one in fitted.values():
            record.write_molecule(one)
    return 0


def fit_chain(kind: str, start: Molecule) -> Fitted:
    """Return the fitted chain. Raises KeyError or ValueError when DFT results are missing."""
    names = [name for name in raw.geometries() if name.startswith(f"{kind}-n") and raw.has_arrays(name, "potential")]
    # Ends and middle units come from chains that have middle units between middle units or ends: four and five.
    long = [potential_of(name) for name in names if not name.startswith(f"{kind}-n3")]
    potentials = long or [potential_of(name) for name in names]
    charges = fit(kind, potentials)
    counts = {part: unit_counts(kind, part) for part in PARTS}
    assert set(charges.charges_e) == set(all_labels(kind))
    charged = with_charges(start, rounded(charges.charges_e, counts))
    guess = with_bonded(charged, first_guess(kind, charged))
    found = scans(kind)
    return Fitted(kind, refine(kind, guess, found), charges, potentials, found)


if __name__ == "__main__":
    sys.exit(main())
