"""The fast protocol from YAML to report, and how well each protocol keeps energy when nothing thermostats it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyedr
import pytest

from tests.end_to_end import harness
from workflow import gromacs
from workflow.mdrun import run_once
from workflow.workfolder import exclusive

pytestmark = pytest.mark.slow
RUN = Path("tiny/ec-dec-lipf6-pab/r1")
# Boxes as small as this drift by 3e-4 to 5e-4 at 2 fs and 1e-4 at 4 fs; with one iteration of LINCS at 4 fs by 4e-3.
MOST_DRIFT_KJ_PER_MOL_PS_ATOM = 1e-3
NVE_PS = 20.0


@pytest.fixture(scope="module", params=["paper", "fast"])
def run_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the tiny electrolyte with chains was run from nothing to its report."""
    folder = tmp_path_factory.mktemp(request.param)
    text = f"protocol: {request.param}\nsystems: [ec-dec-lipf6-pab]\n"
    done = harness.run(folder, overlays=(harness.TINY, harness.overlay(folder, text)), cores=2)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_run_says_how_it_was_made_and_keeps_energy(run_of: Path) -> None:
    run = json.loads((run_of / RUN / "run.json").read_text(encoding="utf-8"))
    made = {"paper": (2.0, 1.008), "fast": (4.0, 3.024)}[run["protocol"]]
    assert (run["timestep_fs"], run["hydrogen_mass_u"]) == made
    # The analysis weighs with the masses that atoms have in nature, whatever they were simulated with.
    assert min(mass for species in run["species"] for mass in species["masses_u"]) == 1.008
    page = (run_of / "tiny/report.html").read_text(encoding="utf-8")
    assert f"{made[0]:g} fs" in page and f"{made[1]:g} u" in page
    assert abs(drift(run_of, run["timestep_fs"])) < MOST_DRIFT_KJ_PER_MOL_PS_ATOM


def drift(folder: Path, timestep_fs: float) -> float:
    """Return the slope of the total energy per atom in kJ/mol/ps of a run that goes on from production without baths.

    Its pair list has a wide buffer: with GROMACS' usual one, at the tiny box's cut-off, atoms that enter unseen cost
    ten times what the steps do.
    """
    production = harness.production_work(folder)
    work = folder / "nve"
    work.mkdir()
    baths = re.compile(r"^(tcoupl|tc-grps|tau|ref|pcoupl|compressibility|nsteps|nst\w+|ld-seed)\b.*\n", re.M)
    text = baths.sub("", (production / "production.mdp").read_text(encoding="utf-8"))
    steps = round(NVE_PS * 1000 / timestep_fs)
    text += f"tcoupl = no\npcoupl = no\nnsteps = {steps}\nnstenergy = 50\nverlet-buffer-tolerance = 0.0002\n"
    (work / "nve.mdp").write_text(text, encoding="utf-8")
    top, structure = folder / RUN / "system.top", production / "production.gro"
    tpr = gromacs.grompp(work, "nve", structure, top, production / "production.cpt")
    with exclusive(work, "nve") as lock:
        run_once("mdrun", work / "gromacs.log", lock, 1, s=tpr, deffnm=work / "nve")
    energy = pyedr.edr_to_dict(str(work / "nve.edr"))
    atoms = int((folder / RUN / "conf.gro").read_text(encoding="utf-8").splitlines()[1])
    return float(np.polyfit(energy["Time"], energy["Total Energy"], 1)[0]) / atoms
