"""What the user asks for, and corrections of what is guessed, checked against what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.describe.sites import ELEMENT_OF_KIND, Site
from analysis.describe.species import Corrections, Found, with_sites
from analysis.run import RunError


@dataclass(frozen=True)
class Request:
    """What the user asks for: files, conditions, and corrections of what is guessed.

    elements: atom name or type -> element; sites: species -> its sites as (name, kind, atom names or numbers from 1).
    """

    topology: Path
    trajectories: tuple[Path, ...]
    out: Path
    system: str
    temperature_K: float
    replica: int = 1
    title: str | None = None
    base: str | None = None
    pressure_atm: float | None = None
    cation: str | None = None
    energy: Path | None = None
    viscosity_energies: tuple[Path, ...] = ()
    corrections: Corrections = field(default_factory=Corrections)
    elements: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, Sequence[tuple[str, str, tuple[str, ...]]]] = field(default_factory=dict)
    timestep_fs: float | None = None
    frame_interval_ps: float | None = None
    box_nm: tuple[float, float, float] | None = None
    lammps_units: str | None = None
    topology_format: str | None = None
    trajectory_format: str | None = None
    atom_style: str | None = None


def check_corrections(request: Request, species: Sequence[Found]) -> None:
    """Refuse corrections of species that were not found, and two species of one name."""
    names = [one.name for one in species]
    told = f"{request.topology}: the species are {', '.join(names)}"
    if len(set(names)) < len(names):
        raise RunError(f"{told}: two have the same name. Remedy: give each its own with --name OLD=NEW")
    given = {
        "--charge": request.corrections.charges_e,
        "--role": request.corrections.roles,
        "--site": request.sites,
        "--cation": [request.cation] if request.cation else [],
    }
    for option, wanted in given.items():
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise RunError(f"{told}; {option} names {', '.join(unknown)}, which is none of them")


def with_given_sites(species: Found, request: Request) -> Found:
    """Return a species with the sites that the user gave."""
    given = request.sites.get(species.name, ())
    sites = [Site(name, kind, _atoms(species, atoms)) for name, kind, atoms in given]
    for site in sites:
        wanted = ELEMENT_OF_KIND[site.kind]
        other = [atom for atom in site.atoms if species.elements[atom] != wanted]
        if other:
            told = ", ".join(f"{species.names[atom] if species.names else atom + 1}" for atom in other)
            element = species.elements[other[0]] or "without mass"
            raise RunError(
                f"--site {site.name}({species.name}): the kind {site.kind} is {wanted}, but {told} is {element}"
            )
    return with_sites(species, sites)


def _atoms(species: Found, given: Sequence[str]) -> tuple[int, ...]:
    """Return the indices in a molecule of atoms given by name or by number from 1."""
    found = []
    for text in given:
        if text in species.names:
            found.append(species.names.index(text))
        elif text.isdigit() and 1 <= int(text) <= len(species.elements):
            found.append(int(text) - 1)
        else:
            known = ", ".join(species.names) or f"1 to {len(species.elements)}"
            raise RunError(f"--site: {species.name} has no atom {text}; its atoms are {known}")
    return tuple(found)
