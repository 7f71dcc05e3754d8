"""Shapes of polymer chains, drawn by seed: planar cis/trans ones, or gauche/trans starts of a hot run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow.backbone import Backbone
from workflow.cis_trans import drawn, is_straight
from workflow.inputs.molecules import Molecule
from workflow.internal_coordinates import Vector, torsion_deg
from workflow.itp import ForceFieldError

MAX_ATTEMPTS_PER_CHAIN = 20
WHOLE_SEQUENCES = 300  # drawn for one chain; long ones nearly all curl up, and are then grown bond by bond
NO_CHAIN_REMEDY = (
    "Atoms four or more bonds apart came too close (CLASH_NM in workflow/backbone.py). Remedy: correct lengths and "
    "angles in bonded.yaml, or cis_probability if it is 0; `./sheath molecule check` draws chains again. Side groups "
    "that stand too densely cannot be drawn."
)


@dataclass(frozen=True)
class Conformer:
    """Coordinates (n, 3) in nm, centred on the mean, and the backbone torsions as one letter each.

    The letters are c (cis) and t (trans) for planar chains; None for a start of a gas-phase run, which
    forgets it.
    """

    xyz_nm: NDArray[np.float64]
    sequence: str | None


def draw(molecule: Molecule, monomers: int, count: int, seed: int) -> list[Conformer]:
    """Draw `count` clash-free conformers of a chain, the same ones for the same seed.

    With a `cis_probability` inner backbone bonds are cis or trans, in one plane. Each is cis with that probability,
    given that no two cis bonds follow each other, that no atoms four or more bonds apart clash and that the chain is
    not the straight zigzag (except with a single torsion): whole sequences are drawn until one is clash-free, so that
    the share of cis bonds is below `cis_probability` (`cis_trans.share`; `cis_share` gives what was drawn). Chains so
    long that nearly every sequence clashes are grown bond by bond instead, which shifts the shares a little.
    Without one (`gas_phase`) torsions are trans, +gauche or -gauche with equal probability, plus or minus 15
    degrees. A torsion that clashes is drawn again, the all-trans zigzag is rejected, and sequences repeat only when
    there are hardly any others. Raises ForceFieldError when no clash-free chain is found.
    """
    chain = Backbone(molecule, monomers)
    rng = np.random.default_rng(seed)
    found = _planar(chain, count, rng) if chain.cis_probability is not None else _staggered(chain, count, rng)
    if len(found) < count:
        raise ForceFieldError(
            f"{molecule.name}: only {len(found)} of {count} clash-free chains of {monomers} monomers found. "
            f"{NO_CHAIN_REMEDY}"
        )
    return found


def _planar(chain: Backbone, count: int, rng: np.random.Generator) -> list[Conformer]:
    found: list[Conformer] = []
    for _ in range(count):
        one = _whole(chain, rng) or _grown(chain, rng)
        if one is None:
            break
        letters, xyz = one
        found.append(Conformer(xyz - xyz.mean(axis=0), letters))
    return found


def _whole(chain: Backbone, rng: np.random.Generator) -> tuple[str, Vector] | None:
    """One chain whose sequence was drawn as a whole; None when all clash."""
    for _ in range(WHOLE_SEQUENCES):
        letters = drawn(len(chain.path) - 3, chain.cis_probability or 0.0, rng)
        xyz = None if is_straight(letters) else chain.built(letters)
        if xyz is not None:
            return letters, xyz
    return None


def _grown(chain: Backbone, rng: np.random.Generator) -> tuple[str, Vector] | None:
    """One chain grown bond by bond; None when that does not come to an end."""
    for _ in range(MAX_ATTEMPTS_PER_CHAIN):
        grown = chain.grow(rng)
        if grown is not None and not is_straight(grown[0]):
            return grown
    return None


def _staggered(chain: Backbone, count: int, rng: np.random.Generator) -> list[Conformer]:
    found: list[Conformer] = []
    seen: set[str] = set()
    attempts = 0
    while len(found) < count and attempts < MAX_ATTEMPTS_PER_CHAIN * (len(found) + 2):
        attempts += 1
        grown = chain.grow(rng)
        if grown is None:
            continue
        letters, xyz = grown
        if set(letters) == {"t"}:
            continue
        # A sequence comes again only after many draws have brought nothing new: a short chain has few.
        if letters in seen and attempts < MAX_ATTEMPTS_PER_CHAIN * (len(found) + 1):
            continue
        seen.add(letters)
        found.append(Conformer(xyz - xyz.mean(axis=0), None))
    return found


def cis_share(sequences: Sequence[str]) -> float:
    """Share of cis bonds (c) in all bonds of these sequences; NaN when there is none."""
    letters = "".join(sequences)
    return letters.count("c") / len(letters) if letters else float("nan")


def sequence_from_coordinates(xyz_nm: NDArray[np.float64], molecule: Molecule, monomers: int) -> str:
    """Backbone torsions of a whole chain (n, 3), not broken across the box, head first, one letter each.

    Planar chains: c within 90 degrees of cis, else t. Others: t beyond 120 degrees, else + or - by sign.
    Raises ForceFieldError when the number of coordinates is not that of the chain.
    """
    chain = Backbone(molecule, monomers)
    if xyz_nm.shape != (len(chain.topology.atoms), 3):
        raise ForceFieldError(
            f"{molecule.name}: coordinates of shape {xyz_nm.shape}, not ({len(chain.topology.atoms)}, 3)."
        )
    path = chain.path
    angles = [torsion_deg(*(np.asarray(xyz_nm[i], float) for i in path[k : k + 4])) for k in range(len(path) - 3)]
    if chain.cis_probability is not None:
        return "".join("c" if abs(angle) < 90 else "t" for angle in angles)
    return "".join("t" if abs(angle) > 120 else "+" if angle > 0 else "-" for angle in angles)
