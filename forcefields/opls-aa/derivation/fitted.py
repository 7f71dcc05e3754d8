"""What a fit gives: one molecule's parameters, and what they were fitted to."""

from __future__ import annotations

from dataclasses import dataclass

from derivation.bonded import Relaxed
from derivation.charges import ChargeFit, Potential
from derivation.scans import Scan
from workflow.inputs import Molecule


@dataclass(frozen=True)
class Fitted:
    """One molecule's parameters, what they were fitted to, and the minima that they give from DFT's conformers.

    `molecule` holds the parameters with the digits that are written for AB and with all digits for a chain. `scans`
    are the complete ones, `torsions` says whether the torsions were fitted to them or kept, and why.
    """

    kind: str
    molecule: Molecule
    charges: ChargeFit
    potentials: list[Potential]
    scans: list[Scan]
    reached: list[Relaxed]
    torsions: str = ""
