"""Whether two builds of GROMACS compute the same energies: python -m workflow.engine_check REFERENCE_GMX OTHER_GMX

A box of the first preview system is built and minimised by the reference; then both compute its energies once, from
the same input file. For `make gromacs-native`.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyedr

from workflow import gromacs
from workflow.inputs import Inputs, load
from workflow.job import ROOT, RunJob
from workflow.mdrun import Job, minimise, run_once
from workflow.protocol import equilibration_stages, minimisation_mdp, stage_mdp
from workflow.scripts.build import build
from workflow.workfolder import exclusive, write_text

TOLERANCE = 1e-4
"""Of each term. In mixed precision pairs are added up in another order: measured below 1e-5, 3e-5 of the sum."""
FLOOR = 1e-6
"""Of all terms together, for terms that happen to be near zero."""
COMPARED = re.compile(r"Bond|Angle|Ryckaert|Dih\.|LJ|Coulomb|Coul\.|Disper|Potential")


def main(arguments: Sequence[str]) -> int:
    """Compare two programs; 1 when they disagree, with the terms by which."""
    reference, other = arguments
    inputs = load(ROOT, [ROOT / "preview.yaml"])
    with tempfile.TemporaryDirectory(prefix="sheath-engines-") as scratch:
        work = Path(scratch) / "work"
        _use(reference)
        tpr = prepare(inputs, inputs.config.systems[0], work)
        found = {}
        for number, program in enumerate((reference, other)):
            _use(program)
            found[program] = energies(tpr, work / f"engine{number}")
    told = disagreements(found[reference], found[other])
    for name, (one, two) in told.items():
        print(f"{name}: {one:.6g} kJ/mol by {reference}, {two:.6g} by {other}")
    if not told:
        print(f"{len(found[reference])} energies agree: {other} and {reference}.")
    return 1 if told else 0


def _use(program: str) -> None:
    os.environ["SHEATH_GMX"] = program
    gromacs.find_gmx.cache_clear()


def prepare(inputs: Inputs, system: str, work: Path) -> Path:
    """Return the run input of a system's minimised box, with velocities, for a run of no step."""
    run = RunJob(inputs, system, 1, work / "out", work / "runs", 1)
    build(run)
    with exclusive(work / "box", system) as lock:
        task = Job(work / "box", lock, len(os.sched_getaffinity(0)), 60, run.reporter(work / "box"), 0.0)
        write_text(task.work / "minimise.mdp", minimisation_mdp(inputs))
        top, packed = run.out / "system.top", run.out / "packed.gro"
        structure = minimise(task, gromacs.grompp(task.work, "minimise", packed, top))
        stage = replace(equilibration_stages(inputs, system)[0], length_ps=0.0)
        write_text(task.work / f"{stage.name}.mdp", stage_mdp(inputs, system, 1, stage))
        return gromacs.grompp(task.work, stage.name, structure, top)


def energies(tpr: Path, work: Path) -> dict[str, float]:
    """Return the potential energies in kJ/mol, by GROMACS' names, that the GROMACS in use finds for a run input."""
    with exclusive(work, work.name) as lock:
        run_once("mdrun", work / "gromacs.log", lock, 1, s=tpr, deffnm=work / "point")
    values = pyedr.edr_to_dict(str(work / "point.edr"))
    return {name: float(series[0]) for name, series in values.items() if COMPARED.search(name)}


def disagreements(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return by name the energies of one that the other does not give, or gives differently by more than rounding."""
    floor = FLOOR * sum(abs(value) for value in one.values())
    pairs = {name: (value, other.get(name, float("nan"))) for name, value in one.items()}
    return {name: (a, b) for name, (a, b) in pairs.items() if not abs(a - b) <= TOLERANCE * abs(a) + floor}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
