"""Writing of what came out of the fit into the molecules' folders."""

from __future__ import annotations

import json
from pathlib import Path

from derivation.cis import CisEnergy, barrier_text, disagreement, shares_text
from derivation.fitted import Fitted
from derivation.itp_text import with_coordinates
from derivation.molecule_text import bonded_yaml, with_cis_probability, with_line, with_status, with_units
from derivation.outcome import Outcome

LICENCE = "derived by this project, under its licence; Lennard-Jones terms from DREIDING (B) and OPLS-AA (N, H)"
# The itp's first line, true for every status.
ITP_HEADER = (
    "; Ammonia borane, written by derivation/fit.py: do not edit. How far to trust it: status in molecule.yaml."
)


def write(outcome: Outcome, molecules: Path) -> None:
    """Write every fitted molecule into its folder under `molecules`: parameters, status and what it misses."""
    for kind, one in outcome.fitted.items():
        folder, verdict = molecules / kind, outcome.verdicts[kind]
        text = (folder / "molecule.yaml").read_text(encoding="utf-8")
        text = with_status(text, verdict.status, verdict.note, verdict.sources, verdict.missed)
        text = with_line(text, "licence", json.dumps(LICENCE))
        if kind == "AB":
            _write_small(folder, one)
        else:
            text = with_units(text, one.molecule)
            (folder / "bonded.yaml").write_text(bonded_yaml(one.molecule), encoding="utf-8")
        if kind == "PIB" and outcome.cis[0] is not None:
            text = with_cis_probability(
                text, outcome.cis[0].probability, _cis_words(outcome.cis[0], outcome.cis[1], one)
            )
        (folder / "molecule.yaml").write_text(text, encoding="utf-8")


def _write_small(folder: Path, one: Fitted) -> None:
    """The itp, and the pdb, which is the minimum by the itp's own numbers."""
    name = one.molecule.name
    itp = (one.molecule.folder / f"{name}.itp").read_text(encoding="utf-8")
    (folder / f"{name}.itp").write_text(f"{ITP_HEADER}\n{itp.partition(chr(10))[2]}", encoding="utf-8")
    pdb = (folder / f"{name}.pdb").read_text(encoding="ascii")
    (folder / f"{name}.pdb").write_text(with_coordinates(pdb, one.reached[0].xyz_A), encoding="ascii")


def _cis_words(found: CisEnergy, scans: CisEnergy | None, one: Fitted) -> list[str]:
    height = barrier_text(one.scans)
    barrier = f" (barriers of {height} by DFT)" if height else ""
    return [
        f"The B-N bonds do not turn within a simulation{barrier}, so the share of cis bonds is an input:",
        "1/(1 + exp(E/RT)) at 298.15 K for the energy E of a cis bond above a trans one by DFT,",
        f"{found.energy_kJ_per_mol:.1f} kJ/mol with a standard error of {found.error_kJ_per_mol:.1f} ({found.source}).",
        *_doubt(found, scans),
        "Two cis bonds in a row clash and no conformer of DFT has them: sequences are drawn given that there are none,",
        f"and without the all-trans chain. The share of cis bonds is then {shares_text(round(found.probability, 2))}.",
    ]


def _doubt(found: CisEnergy, scans: CisEnergy | None) -> list[str]:
    if scans is None or not disagreement(found, scans):
        return []
    energy, error = scans.energy_kJ_per_mol, scans.error_kJ_per_mol
    return [f"Relaxed scans give {energy:+.1f} with a standard error of {error:.1f}: they do not confirm the sign."]
