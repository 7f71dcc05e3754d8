"""A run.json for a trajectory that Sheath did not make: what was asked, what was found, what cannot be computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.describe.atoms import atoms_of
from analysis.describe.document import document_of
from analysis.describe.doubts import BROKEN, doubts
from analysis.describe.files import check_files, topology_of
from analysis.describe.looking import Frames, look
from analysis.describe.opening import opening_notes, opening_of
from analysis.describe.request import Request, check_corrections, with_given_sites
from analysis.describe.species import Found, species_of_atoms
from analysis.read import MIN_FRAMES
from analysis.run import RunError
from analysis.run_schema import check_document

NO_BOX = (
    "the trajectory has no box: no g(r), density or conductivity, and distances are right only where nothing crosses a "
    "boundary. Remedy: --box X Y Z (nm), when it was constant"
)


def describe(request: Request) -> tuple[dict[str, Any], list[str]]:
    """Return the document for run.json and what must be known about it, one sentence each.

    Raises:
        RunError: files that are missing, unreadable or do not belong together; a box that is not rectangular;
            atoms of an unknown element; corrections that concern nothing.
    """
    check_files(request)
    opening = opening_of(request)
    universe = topology_of(request, opening)
    frames, first = look(request, opening, universe.atoms.n_atoms)
    box = first.box_nm if request.box_nm is None else np.array(request.box_nm)
    atoms = atoms_of(universe, request.elements, first.positions_nm, box)
    species = species_of_atoms(atoms, request.corrections)
    check_corrections(request, species)
    species = [with_given_sites(one, request) for one in species]
    doubtful = doubts(request, atoms, species, first)
    broken = any(BROKEN in note for note in doubtful)
    notes = [
        *atoms.notes,
        *(note for one in species for note in one.notes),
        *doubtful,
        *opening_notes(request, frames),
        *_notes(request, species, frames),
        *([NO_BOX] if not frames.has_box and request.box_nm is None and not broken else []),
        *_missing(request),
    ]
    document = document_of(request, species, frames, opening, notes)
    problems = check_document(document)
    if problems:
        raise RunError(f"{request.topology}: {'; '.join(problems)}")
    return document, notes


def _missing(request: Request) -> list[str]:
    """Return a note for each file of pressures that is not there: the others can be used."""
    return [
        f"{path}: there is no such file, and nothing that needs it. Remedy: --viscosity-energies FILE.edr"
        for path in request.viscosity_energies
        if not path.is_file()
    ]


def _notes(request: Request, species: Sequence[Found], frames: Frames) -> list[str]:
    """Return what the user should know before measuring."""
    notes = list(frames.notes)
    net = sum(one.charge_e * len(one.atoms) for one in species)
    if abs(net) > 0.1:
        notes.append(f"the charges of all molecules add up to {net:g} e. Remedy: --charge NAME=Q for what is wrong")
    scaled = [one for one in species if abs(one.charge_e - round(one.charge_e)) > 0.01]
    if scaled:
        notes.append("scaled charges: " + ", ".join(f"{one.name} {one.charge_e:+g} e" for one in scaled))
    few = [one.name for one in species if len(one.atoms) == 1]
    if len(few) > 3:
        notes.append(f"only one molecule each of {', '.join(few[:8])}: the bonds may be wrong")
    if frames.lost:
        notes.append(f"the trajectory breaks off: {frames.count} of {frames.count + frames.lost} frames can be read")
    if frames.count < MIN_FRAMES:
        plural = "" if frames.count == 1 else "s"
        notes.append(f"only {frames.count} frame{plural}; measuring needs at least {MIN_FRAMES}")
    return notes
