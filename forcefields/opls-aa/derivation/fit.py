"""Fit PAB, PIB and AB to the committed DFT results, judge the fit, and write what came out.

python -m derivation.fit            fits, prints the record
python -m derivation.fit --write    also writes molecules/{PAB,PIB,AB} and derivation/RESULT.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from derivation import cis, raw, record, writing
from derivation.acceptance import difference_criterion
from derivation.ammonia_borane import fit_ammonia_borane
from derivation.binding import RULES, Lab, holders
from derivation.bonded import first_guess, refine, relaxed
from derivation.charges import PARTS, all_labels, fit, potential_of, unit_counts
from derivation.fitted import Fitted
from derivation.jobs import all_jobs
from derivation.judgement import judge, remarks
from derivation.outcome import Outcome
from derivation.parameters import molecules, rounded, with_bonded, with_charges
from derivation.scans import scans
from workflow.inputs import Molecule

KINDS = ("PAB", "PIB", "AB")


def main(arguments: list[str] | None = None) -> int:
    """Fit what can be fitted; return 1 when DFT results are missing for every one of the molecules."""
    parser = argparse.ArgumentParser(prog="python -m derivation.fit", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    known = molecules()
    with TemporaryDirectory() as scratch:
        outcome = derive(known, Path(scratch))
        text = record.record(outcome)
        print(text)
        if asked.write and outcome.fitted:
            Path(__file__).with_name("RESULT.md").write_text(text, encoding="utf-8")
            writing.write(outcome, known["PAB"].folder.parent)
    if not outcome.fitted:
        print("nothing can be fitted. Remedy: python -m derivation.dft SCRATCH", file=sys.stderr)
    return 0 if outcome.fitted else 1


def derive(start: Mapping[str, Molecule], scratch: Path) -> Outcome:
    """Return everything that the committed DFT results give; what cannot be fitted keeps its parameters."""
    fitted: dict[str, Fitted] = {}
    lacking: dict[str, str] = {}
    for kind in KINDS:
        try:
            fitted[kind] = fit_molecule(kind, start[kind], scratch)
        except ValueError as error:
            lacking[kind] = str(error)
    known = {**start, **{kind: one.molecule for kind, one in fitted.items()}}
    missing = [job for job in all_jobs() if not raw.has(job)]
    labs = {rule: Lab(known, rule=rule) for rule in RULES}
    held = {rule: holders(lab) for rule, lab in labs.items()}
    difference = difference_criterion(held)
    energies = (cis.from_conformers(cis.counted("PIB")), cis.from_scans(scans("PIB")))
    said = remarks(held, energies)
    verdicts = {kind: judge(one, labs, difference, missing, said.get(kind, "")) for kind, one in fitted.items()}
    return Outcome(fitted, lacking, known, missing, verdicts, labs, held, energies)


def fit_molecule(kind: str, start: Molecule, scratch: Path) -> Fitted:
    """Return a fitted molecule. Raises ValueError when DFT results are missing."""
    return fit_ammonia_borane(start, scratch) if kind == "AB" else fit_chain(kind, start)


def fit_chain(kind: str, start: Molecule) -> Fitted:
    """Return the fitted chain. Raises ValueError when DFT results are missing."""
    names = [name for name in raw.geometries() if name.startswith(f"{kind}-n") and raw.has_arrays(name, "potential")]
    # Ends and middle units come from chains that have middle units between middle units or ends: four and five.
    long = [potential_of(name) for name in names if not name.startswith(f"{kind}-n3")]
    potentials = long or [potential_of(name) for name in names]
    charges = fit(kind, potentials)
    counts = {part: unit_counts(kind, part) for part in PARTS[kind]}
    assert set(charges.charges_e) == set(all_labels(kind))
    charged = with_charges(start, rounded(charges.charges_e, counts))
    found = scans(kind)
    fitted, torsions = refine(kind, with_bonded(charged, first_guess(kind, charged)), found)
    return Fitted(kind, fitted, charges, potentials, found, relaxed(kind, fitted), torsions)


if __name__ == "__main__":
    sys.exit(main())
