"""A moment of a run for the eye: the box with whole molecules, and the commonest shells of its cation.

The box is the last frame that was read, each molecule whole and with its centre inside. A shell is the latest cation
that had the composition (as in observables/speciation.py: molecules within the contact distances), in the middle, with
the molecules that touch it. Nothing here is a number to quote: shares stand in the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from analysis.describe.elements import element_of_mass, element_of_name
from analysis.read import Reading
from analysis.run import Run, RunError, Species, open_universe
from analysis.shells import (
    Contacts,
    coordinating_sites,
    first_frame,
    in_order,
    molecule_contacts,
    shell_label,
    touching,
)
from analysis.stationarity import find_start
from analysis.units import nm
from analysis.unwrap import FloatArray, bond_tree, make_whole, minimum_image

DOCUMENT = "snapshot.json"
MOST_SHELLS = 3
_PM_PER_NM = 1000
_LATER = 1e-3  # of a frame's time: how far the trajectory's may be from the reading's
_HYDROGEN_UP_TO_U = 4.1  # also one that was made heavier

Molecule = tuple[int, int]
"""Index of a species and number of a molecule within it."""


def write_snapshot(run: Run, reading: Reading, folder: Path) -> Path:
    """Write `snapshot.json` into a folder and return it; what cannot be shown is told in it as `note`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DOCUMENT
    path.write_text(json.dumps(snapshot(run, reading), separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def snapshot(run: Run, reading: Reading) -> dict[str, Any]:
    """Return one run as a document: species (names, elements, bonds), `box`, `shells`, lengths in pm; or a `note`.

    A scene has `time_ps`, `molecules` (index of the species of each), `xyz_pm` (all their atoms), for the box its
    `edges_pm`, for a shell its `label` and the `contacts`, pairs of atoms counted within the scene.
    """
    document: dict[str, Any] = {"schema": 1, "species": [_described(species) for species in run.species]}
    if reading.unknown_boundary or reading.n_frames == 0:
        return document | {"note": reading.unknown_boundary or "no frames"}
    try:
        with _frames(run, reading) as frame:
            return document | {"box": _box(run, *frame(reading.n_frames - 1)), "shells": _shells(run, reading, frame)}
    except RunError as error:
        return document | {"note": str(error)}


def _described(species: Species) -> dict[str, Any]:
    names = species.names or tuple("" for _ in species.masses_u)
    elements = [_element(name, mass, species.n_atoms) for name, mass in zip(names, species.masses_u, strict=True)]
    if len(set(names)) < len(names) or not all(names):
        names = tuple(f"{element}{number}" for number, element in enumerate(elements, start=1))
    bonds = [list(bond) for bond in species.bonds]
    return {"name": species.name, "role": species.role, "names": list(names), "elements": elements, "bonds": bonds}


def _element(name: str, mass_u: float, n_atoms: int) -> str:
    """Return the element of an atom; X where neither mass nor name tells."""
    found = element_of_mass(mass_u) or element_of_name(name, n_atoms == 1)
    return found or ("H" if 0 < mass_u < _HYDROGEN_UP_TO_U else "X")


Frame = tuple[float, FloatArray, FloatArray]
"""Time in ps, positions in nm (atoms, 3), edges of the box in nm (NaN without a box)."""


@contextmanager
def _frames(run: Run, reading: Reading) -> Iterator[Any]:
    """Yield a function: number of a frame that was read -> that frame of the trajectory."""
    with open_universe(run) as universe:
        trajectory = universe.trajectory

        def frame(number: int) -> Frame:
            wanted_ps = float(reading.time_ps[number])
            within_ps = _LATER * max(reading.interval_ps, 1e-9) if np.isfinite(reading.interval_ps) else _LATER
            same = len(trajectory) == reading.n_frames
            # with frames left out, what was read has other numbers than the file
            for place in [number] if same else range(len(trajectory)):
                now = trajectory[place]
                if same or abs(float(now.time) - wanted_ps) <= within_ps:
                    edges_nm = reading.box_nm[number].astype(np.float64)
                    return wanted_ps, nm(now.positions.astype(np.float64)), edges_nm
            raise RunError(f"the frame at {wanted_ps:g} ps is not found in the trajectory again")

        yield frame


def _box(run: Run, time_ps: float, positions: FloatArray, edges_nm: FloatArray) -> dict[str, Any]:
    """Return all molecules, each whole, with its centre in the box."""
    known, parts = bool(np.isfinite(edges_nm).all()), []
    for species in run.species:
        own = positions[run.atom_indices(species.name)]
        if known:
            own = make_whole(own, edges_nm, bond_tree(species.n_atoms, species.bonds))
            centres = own.mean(axis=1, keepdims=True)
            own = own - edges_nm * np.floor(centres / edges_nm)
        parts.append(own.reshape(-1, 3))
    molecules = [index for index, species in enumerate(run.species) for _ in range(species.count)]
    scene = {"time_ps": round(time_ps, 6), "molecules": molecules, "xyz_pm": _pm(np.concatenate(parts))}
    return scene | ({"edges_pm": _pm(edges_nm)} if known else {})


def _pm(lengths_nm: FloatArray) -> list[int]:
    whole: list[int] = np.rint(_PM_PER_NM * lengths_nm).astype(int).ravel().tolist()
    return whole


def _shells(run: Run, reading: Reading, frame: Any) -> list[dict[str, Any]]:
    """Return the commonest shells after the run's start, the commonest first; none without a cation."""
    start, _ = find_start(run, reading)
    first = first_frame(reading, start)
    species = [one for one in in_order(run.species) if coordinating_sites(run, one.name)]
    if run.cation is None or not run.n_cations or not species or first >= reading.n_frames:
        return []
    contacts = {one: molecule_contacts(run, reading, coordinating_sites(run, one.name), first) for one in species}
    counts = np.stack([found.per_cation() for found in contacts.values()], axis=-1)
    kinds, which, often = np.unique(counts.reshape(-1, len(species)), axis=0, return_inverse=True, return_counts=True)
    where = which.reshape(counts.shape[:2])
    scenes = []
    for kind in np.argsort(-often, kind="stable")[:MOST_SHELLS]:
        moment, cation = (int(found[-1]) for found in np.nonzero(where == kind))
        names = [one.name for one in species]
        touched = _touched(run, contacts, moment, cation)
        scene = _shell(run, reading, frame(first + moment), (first + moment, cation), touched)
        scenes.append(scene | {"label": shell_label(run.cation, names, kinds[kind].tolist())})
    return scenes


def _touched(run: Run, contacts: dict[Species, Contacts], moment: int, cation: int) -> list[Molecule]:
    """Return the molecules that touch a cation in a frame."""
    found = []
    for species, own in contacts.items():
        here = (own.frame == moment) & (own.cation == cation)
        found += [(run.species_index(species.name), int(molecule)) for molecule in own.molecule[here]]
    return found


def _shell(run: Run, reading: Reading, at: Frame, of: tuple[int, int], touched: list[Molecule]) -> dict[str, Any]:
    """Return a cation in the middle with the molecules that touch it, whole and on its side of every boundary."""
    (time_ps, positions, edges_nm), (number, cation) = at, of
    index = run.species_index(str(run.cation))
    centre = positions[run.atom_indices(str(run.cation))[cation]]
    parts, firsts, atoms = [centre - centre[:1]], {}, len(centre)
    near = _near_atoms(run, reading, number, cation)
    for molecule in touched:
        species = run.species[molecule[0]]
        own = positions[run.atom_indices(species.name)[molecule[1]]] - centre[0]
        if np.isfinite(edges_nm).all():
            own = make_whole(own[None], edges_nm, bond_tree(species.n_atoms, species.bonds))[0]
            contact = own[near[molecule][0]]
            own = own + minimum_image(contact, edges_nm) - contact
        firsts[molecule], atoms = atoms, atoms + len(own)
        parts.append(own)
    contacts = [[0, firsts[molecule] + atom] for molecule in touched for atom in near[molecule]]
    scene = {"time_ps": round(time_ps, 6), "molecules": [index, *(species for species, _ in touched)]}
    return scene | {"xyz_pm": _pm(np.concatenate(parts)), "contacts": contacts}


def _near_atoms(run: Run, reading: Reading, number: int, cation: int) -> dict[Molecule, list[int]]:
    """Return molecule -> its atoms within the contact distance of a cation in a frame, the nearest site kinds first."""
    found: dict[Molecule, list[int]] = {}
    for site in coordinating_sites(run):
        pairs = touching(run, reading, site, number, last=number + 1)
        for one in pairs[pairs["cation"] == cation]["site"]:
            molecule, place = divmod(int(one), len(site.atoms))
            found.setdefault((run.species_index(site.species), molecule), []).append(int(site.atoms[place]))
    return found
