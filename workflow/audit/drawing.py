"""Whether chains of a polymer can be drawn, as a run does before it packs them."""

from __future__ import annotations

from workflow.audit.chains import LONGEST
from workflow.audit.findings import Findings
from workflow.conformers import draw
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place
from workflow.itp import ForceFieldError


def check_drawing(molecule: Molecule, findings: Findings) -> None:
    """Draw one chain of the shortest and of a longer length; what prevents it is told once."""
    assert molecule.polymer is not None
    shortest = molecule.polymer.min_monomers
    for monomers in (shortest, max(LONGEST, shortest + 1)):
        try:
            draw(molecule, monomers, 1, seed=1)
        except ForceFieldError as error:
            problem, _, remedy = str(error).removeprefix(f"{molecule.name}: ").partition(". Remedy: ")
            place = Place(molecule.folder / "molecule.yaml", 0)
            words = f"no run can build chains of {monomers} monomers: {problem}"
            findings.error(place, "units", None, words, remedy[:1].upper() + remedy[1:].rstrip("."))
            return
