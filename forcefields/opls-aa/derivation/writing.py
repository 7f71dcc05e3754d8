"""Writing of what came out of the fit into the molecules' folders."""

from __future__ import annotations

from pathlib import Path

from derivation.cis import CisEnergy, barrier_text
from derivation.fitted import Fitted
from derivation.itp_text import with_coordinates
from derivation.judgement import Verdict
from derivation.molecule_text import bonded_yaml, with_cis_probability, with_status, with_units
from derivation.outcome import Outcome


def write(outcome: Outcome, molecules: Path) -> None:
    """Write every fitted molecule into its folder under `molecules`: parameters, status and what it misses."""
    for kind, one in outcome.fitted.items():
        folder, verdict = molecules / kind, outcome.verdicts[kind]
        text = (folder / "molecule.yaml").read_text(encoding="utf-8")
        text = _with_verdict(text, verdict, one)
        if kind == "AB":
            _write_small(folder, one)
        else:
            text = with_units(text, one.molecule)
            (folder / "bonded.yaml").write_text(bonded_yaml(one.molecule), encoding="utf-8")
        if kind == "PIB" and outcome.cis[0] is not None:
            text = with_cis_probability(text, outcome.cis[0].probability, _cis_words(outcome.cis[0], one))
        (folder / "molecule.yaml").write_text(text, encoding="utf-8")


def _with_verdict(text: str, verdict: Verdict, one: Fitted) -> str:
    sources = verdict.sources(one.molecule.sources)
    return with_status(text, verdict.status, verdict.note, sources, verdict.missed)


def _write_small(folder: Path, one: Fitted) -> None:
    """The itp, and the pdb, which is the minimum by the itp's own numbers."""
    name = one.molecule.name
    (folder / f"{name}.itp").write_bytes((one.molecule.folder / f"{name}.itp").read_bytes())
    pdb = (folder / f"{name}.pdb").read_text(encoding="ascii")
    (folder / f"{name}.pdb").write_text(with_coordinates(pdb, one.reached[0].xyz_A), encoding="ascii")


def _cis_words(found: CisEnergy, one: Fitted) -> list[str]:
    height = barrier_text(one.scans)
    barrier = f" (barriers of {height} by DFT)" if height else ""
    return [
        f"The B-N bonds do not turn within a simulation{barrier}, so the share of cis bonds is an input:",
        "1/(1 + exp(E/RT)) at 298.15 K for the energy E of a cis bond above a trans one by DFT,",
        f"{found.energy_kJ_per_mol:.1f} kJ/mol with a standard error of {found.error_kJ_per_mol:.1f} ({found.source}).",
        "Draws that clash (two cis bonds in a row curl up) and the all-trans chain are rejected, so the share of cis",
        "bonds in the chains is lower than this; it is reported.",
    ]
