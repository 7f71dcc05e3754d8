"""A run.json for a trajectory that Sheath did not make: what was asked, what was found, what cannot be computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.describe.atoms import atoms_of
from analysis.describe.document import document_of
from analysis.describe.opening import Frames, frames_of, opening_of, time_of_steps
from analysis.describe.request import Request, check_corrections, with_given_sites
from analysis.describe.species import Found, species_of_atoms
from analysis.run import RunError, open_files
from analysis.run_schema import check_document

NO_BOX = (
    "the trajectory has no box: no g(r), density or conductivity, and distances are right only where nothing crosses a "
    "boundary. Remedy: --box X Y Z (nm), when it was constant"
)
FEW_FRAMES = 10


def describe(request: Request) -> tuple[dict[str, Any], list[str]]:
    """Return the document for run.json and what must be known about it, one sentence each.

    Raises:
        RunError: files that are missing, unreadable or do not belong together; a box that is not rectangular;
            atoms of an unknown element; corrections that concern nothing.
    """
    opening = opening_of(request)
    if request.timestep_fs is not None:
        with open_files(request.topology, request.trajectories, opening) as universe:
            opening |= time_of_steps(request, universe)
    with open_files(request.topology, request.trajectories, opening) as universe:
        frames = frames_of(request, universe)
        universe.trajectory[0]
        atoms = atoms_of(universe, request.elements)
    species = species_of_atoms(atoms, request.corrections)
    check_corrections(request, species)
    species = [with_given_sites(one, request) for one in species]
    notes = [*atoms.notes, *(note for one in species for note in one.notes), *_notes(species, frames)]
    document = document_of(request, species, frames, opening, notes)
    problems = check_document(document)
    if problems:
        raise RunError(f"{request.topology}: {'; '.join(problems)}")
    return document, notes


def _notes(species: Sequence[Found], frames: Frames) -> list[str]:
    """Return what the user should know before measuring."""
    notes = []
    net = sum(one.charge_e * len(one.atoms) for one in species)
    if abs(net) > 0.1:
        notes.append(f"the charges of all molecules add up to {net:g} e. Remedy: --charge NAME=Q for what is wrong")
    scaled = [one for one in species if abs(one.charge_e - round(one.charge_e)) > 0.01]
    if scaled:
        notes.append("scaled charges: " + ", ".join(f"{one.name} {one.charge_e:+g} e" for one in scaled))
    few = [one.name for one in species if len(one.atoms) == 1]
    if len(few) > 3:
        notes.append(f"only one molecule each of {', '.join(few[:8])}: the bonds may be wrong")
    if not frames.has_box:
        notes.append(NO_BOX)
    if frames.lost:
        notes.append(f"the trajectory breaks off: {frames.count} of {frames.count + frames.lost} frames can be read")
    if frames.count < FEW_FRAMES:
        plural = "" if frames.count == 1 else "s"
        notes.append(f"only {frames.count} frame{plural}; measuring needs at least {FEW_FRAMES}")
    return notes
