"""Checks of an equilibrated box: wide enough for the cut-off, chains apart from their images, constraints complete."""

from __future__ import annotations

import re
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.lib.distances import distance_array
from numpy.typing import NDArray

from workflow.forcefield import TopologySummary, molecule_atoms
from workflow.inputs.cross_checks import edge_beyond_cutoffs_nm
from workflow.job import RunError, RunJob

CHAIN_IMAGE_NM = 1.2  # the least distance of a chain from its own periodic image


def check_box(structure: Path, run: RunJob) -> None:
    """Raise RunError when the equilibrated box is too narrow for the cut-off or for a chain.

    The edge must exceed twice the cut-off by 1 nm (0.5 nm in a preview, 0.3 nm without ions); a chain must be at least
    1.2 nm away from its own image.
    """
    universe = mda.Universe(str(structure))
    edge_nm = float(universe.dimensions[:3].min()) / 10
    config = run.inputs.config
    needed_nm = 2 * config.cutoff_nm + edge_beyond_cutoffs_nm(config, run.inputs.systems[run.system])
    if edge_nm < needed_nm:
        grow = (needed_nm / edge_nm) ** 3 * 1.05
        raise RunError(
            f"the equilibrated box is {edge_nm:.2f} nm wide; "
            f"a cut-off of {config.cutoff_nm} nm needs {needed_nm:.2f} nm. "
            f"Remedy: multiply the box size (salt_pairs or total_atoms) by at least {grow:.2f}."
        )
    nearest_nm = min(image_distances_nm(universe, run), default=np.inf)
    if nearest_nm < CHAIN_IMAGE_NM:
        raise RunError(
            f"a chain is only {nearest_nm:.2f} nm away from its own periodic image (at least {CHAIN_IMAGE_NM} nm are "
            "needed). Remedy: use a larger box or shorter chains."
        )


def image_distances_nm(universe: mda.Universe, run: RunJob) -> list[float]:
    """Return for each chain the shortest distance to its own nearest periodic images, in nm."""
    composition, first, found = run.inputs.compositions[run.system], 0, []
    box_nm = universe.dimensions[:3] / 10
    for name, count in composition.counts:
        molecule = run.inputs.molecule(run.system, name)
        polymer = molecule.kind == "polymer"
        size = len(molecule_atoms(molecule, composition.monomers if polymer else None))
        for start in range(first, first + count * size, size) if polymer else ():
            chain = whole_chain_nm(universe.atoms.positions[start : start + size] / 10, box_nm)
            found.append(_nearest_image_nm(chain, box_nm))
        first += count * size
    return found


def whole_chain_nm(xyz_nm: NDArray[np.float32], box_nm: NDArray[np.float32]) -> NDArray[np.float64]:
    """Undo the wrapping of a chain whose atoms follow each other along its bonds within half a box."""
    chain = np.array(xyz_nm, dtype=float)
    steps = np.diff(chain, axis=0)
    steps -= box_nm * np.round(steps / box_nm)
    chain[1:] = chain[0] + np.cumsum(steps, axis=0)
    return chain


def _nearest_image_nm(chain: NDArray[np.float64], box_nm: NDArray[np.float32]) -> float:
    shifts = np.array([(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) > (0, 0, 0)])
    return min(float(distance_array(chain, chain + shift * box_nm).min()) for shift in shifts)


def check_constraints(log: Path, topology: TopologySummary, constraints: str) -> None:
    """Raise RunError unless LINCS constrained exactly the bonds that it should, by GROMACS' name for which."""
    expected, what = (
        (topology.n_bonds, "bonds") if constraints == "all-bonds" else (topology.n_hydrogens, "hydrogen atoms")
    )
    found = re.search(r"The number of constraints is (\d+)", log.read_text(encoding="utf-8", errors="replace"))
    constrained = int(found.group(1)) if found else 0
    if constrained != expected:
        raise RunError(
            f"{constrained} bonds were constrained, but the topology has {expected} {what}. "
            "Remedy: every hydrogen's atom name must begin with H, and every hydrogen needs one bond."
        )
