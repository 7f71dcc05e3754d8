"""How the equilibration went, as one small table: density, temperature and energy of every stage against time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pyedr
from scipy import constants

from workflow.protocol import Stage

COLUMNS = ("stage", "time_ps", "density_kg_per_m3", "temperature_K", "potential_kJ_per_mol")
ROWS_PER_STAGE = 500


def equilibration_record(work: Path, stages: Sequence[Stage]) -> str:
    """Return CSV text with at most 500 rows per stage, time counted from the start of the first stage.

    A constant-volume stage stores no density in its energy file; there it follows from mass and box.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    begin_ps = 0.0
    for stage in stages:
        energies = pyedr.edr_to_dict(str(work / f"{stage.name}.edr"))
        time_ps = energies["Time"]
        density = energies.get("Density", np.full(len(time_ps), _density_kg_per_m3(work, stage)))
        for i in range(0, len(time_ps), max(1, len(time_ps) // ROWS_PER_STAGE)):
            row = (density[i], energies["Temperature"][i], energies["Potential"][i])
            writer.writerow([stage.name, f"{begin_ps + time_ps[i]:.3f}", *(f"{value:.6g}" for value in row)])
        begin_ps += stage.length_ps
    return text.getvalue()


def _density_kg_per_m3(work: Path, stage: Stage) -> float:
    universe = mda.Universe(str(work / f"{stage.name}.tpr"), str(work / f"{stage.name}.gro"))
    volume_m3 = np.prod(universe.dimensions[:3]) * constants.angstrom**3
    return float(universe.atoms.total_mass() * constants.atomic_mass / volume_m3)
