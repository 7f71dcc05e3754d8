"""A run.json that was checked, as frozen dataclasses: the run and where its atoms are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.cutoffs import CONTACT_NM
from analysis.run_schema import Published, SiteGroup, Species, Stage


@dataclass(frozen=True)
class Run:
    """One simulated replica: run.json (schema 1) with `folder`, to which its file names are relative.

    What run.json may lack has a default here, so that a trajectory from elsewhere needs only system,
    replica, temperature_K, structure, trajectory, species and sites, and the cation (None for a liquid without ions).
    `trajectory` is the first file, `parts` are all, in the order in which they are joined; `opening` says how
    MDAnalysis is to open them where it cannot know (keys: run_keys.py). `notes` say what of run.json cannot be used.
    """

    folder: Path
    system: str
    replica: int
    temperature_K: float
    cation: str | None
    structure: str
    trajectory: str
    species: tuple[Species, ...]
    sites: tuple[SiteGroup, ...]
    title: str = ""
    base: str | None = None
    preview: bool = False
    provisional: tuple[str, ...] = ()
    pressure_atm: float | None = None
    cutoff_nm: float | None = None
    mixing_rule: str | None = None
    monomers: int | None = None
    protocol: str | None = None
    energy: str | None = None
    equilibration_energy: str | None = None
    vapour_energy: str | None = None
    published: tuple[Published, ...] = ()
    timestep_fs: float | None = None
    hydrogen_mass_u: float | None = None
    frame_interval_ps: float | None = None
    production_ns: float | None = None
    production_ns_done: float | None = None
    stages: tuple[Stage, ...] = ()
    composition: dict[str, Any] = field(default_factory=dict)
    chain_sequences: tuple[str, ...] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    opening: dict[str, Any] = field(default_factory=dict)
    viscosity_energies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def trajectory_paths(self) -> tuple[Path, ...]:
        """The files of the trajectory, in the order in which they are joined."""
        return tuple(self.folder / name for name in self.parts or (self.trajectory,))

    @cached_property
    def n_atoms(self) -> int:
        """Atoms of the whole system."""
        return sum(species.count * species.n_atoms for species in self.species)

    @cached_property
    def n_molecules(self) -> int:
        """Molecules of the whole system."""
        return sum(species.count for species in self.species)

    @cached_property
    def mass_u(self) -> float:
        """Mass of the whole system in u."""
        return sum(species.count * species.mass_u for species in self.species)

    def species_index(self, name: str) -> int:
        """Return the position of a species in `species`; raises KeyError when there is none."""
        for index, species in enumerate(self.species):
            if species.name == name:
                return index
        raise KeyError(name)

    def find_species(self, name: str) -> Species:
        """Return the species of that name; raises KeyError when there is none."""
        return self.species[self.species_index(name)]

    def atom_indices(self, name: str) -> NDArray[np.int64]:
        """Return the atoms of a species in the trajectory, shape (count, atoms per molecule)."""
        index = self.species_index(name)
        species = self.species[index]
        if species.atoms:
            return np.array(species.atoms, dtype=np.int64).reshape(species.count, species.n_atoms)
        first = sum(species.count * species.n_atoms for species in self.species[:index])
        return first + np.arange(species.count * species.n_atoms).reshape(species.count, species.n_atoms)

    def site_indices(self, site: SiteGroup) -> NDArray[np.int64]:
        """Return the atoms of a site group in the trajectory, molecule by molecule, shape (N_site,)."""
        return self.atom_indices(site.species)[:, list(site.atoms)].ravel()

    def partner_sites(self) -> tuple[SiteGroup, ...]:
        """Return the site groups that do not belong to the cation's own species; none without a cation."""
        return tuple(site for site in self.sites if self.cation is not None and site.species != self.cation)

    @cached_property
    def n_cations(self) -> int:
        """Number of cations, 0 for a liquid without ions."""
        return self.find_species(self.cation).count if self.cation is not None else 0

    @cached_property
    def has_ions(self) -> bool:
        """Whether any species is charged."""
        return any(species.charge_e != 0 for species in self.species)

    def pair_label(self, site: SiteGroup) -> str:
        """Return the label of a cation-site pair, e.g. "Li-O(DME)"."""
        return f"{self.cation}-{site.label}"


def build_run(document: dict[str, Any], path: Path) -> Run:
    """Return a document that `check_document` found in order as a Run; it was read from `path`."""
    known = {name: document[name] for name in Run.__dataclass_fields__ if document.get(name) is not None}
    if isinstance(document["trajectory"], list):
        known["trajectory"], known["parts"] = document["trajectory"][0], document["trajectory"]
    for name in ("provisional", "chain_sequences", "parts", "viscosity_energies"):
        if name in known:
            known[name] = tuple(known[name])
    known["species"] = tuple(species_of(entry) for entry in document["species"])
    known["sites"], known["notes"] = _sites_of(document, path.name)
    known["stages"] = tuple(
        Stage(
            str(entry["name"]),
            str(entry["ensemble"]),
            float(entry["temperature_K"]),
            float(entry["length_ps"]),
        )
        for entry in document.get("stages") or ()
    )
    known["published"] = tuple(published_of(entry) for entry in document.get("published") or ())
    known.setdefault("cation", None)
    known["folder"] = path.parent
    known.setdefault("title", document["system"])
    return Run(**known)


def _sites_of(document: dict[str, Any], name: str) -> tuple[tuple[SiteGroup, ...], tuple[str, ...]]:
    """Return the sites that can be used, and a note for each that cannot be, or not for everything."""
    sites, notes = [], []
    for index, entry in enumerate(document["sites"]):
        where = f"{name}: site {entry['label']} (sites[{index}])"
        if reason := _unmatched(entry, document["species"]):
            notes.append(f"{where} is left out: {reason}. Remedy: correct it in {name}, or remove the site")
            continue
        sites.append(SiteGroup(entry["label"], entry["species"], entry["kind"], tuple(entry["atoms"])))
        if entry["kind"] not in CONTACT_NM and entry["species"] != document.get("cation"):
            notes.append(
                f"{where} has only a g(r): for kind = {entry['kind']!r} there is no contact distance. Remedy: one of "
                f"the kinds {', '.join(CONTACT_NM)}, or a distance for this kind in analysis/cutoffs.py"
            )
    return tuple(sites), tuple(notes)


def _unmatched(site: dict[str, Any], species: list[dict[str, Any]]) -> str:
    """Return which key of a site points at no atom, and what it may hold; empty when every atom is there."""
    n_atoms = {entry["name"]: len(entry["masses_u"]) for entry in species}
    if site["species"] not in n_atoms:
        return f"species = {site['species']!r} is none of {', '.join(n_atoms)}"
    last = n_atoms[site["species"]] - 1
    wrong = [atom for atom in site["atoms"] if not (isinstance(atom, int) and 0 <= atom <= last)]
    if site["atoms"] and not wrong:
        return ""
    found = f"has {', '.join(map(str, wrong))}" if wrong else "is empty"
    return f"atoms {found}, while a molecule of {site['species']} has the atoms 0 to {last}"


def published_of(entry: dict[str, Any]) -> Published:
    """Return one checked entry of `published`."""

    def number(key: str) -> float:
        return math.nan if entry.get(key) is None else float(entry[key])

    return Published(
        quantity=entry["quantity"],
        value=float(entry["value"]),
        unit=entry["unit"],
        source=entry["source"],
        uncertainty=number("uncertainty"),
        temperature_K=number("temperature_K"),
        other_composition=bool(entry.get("other_composition")),
        note=str(entry.get("note") or ""),
    )


def species_of(entry: dict[str, Any]) -> Species:
    """Return one checked entry of `species`."""
    count = len(entry["masses_u"])
    return Species(
        name=entry["name"],
        title=entry.get("title") or entry["name"],
        role=entry["role"],
        count=entry["count"],
        charge_e=float(entry["charge_e"]),
        status=entry.get("status") or "unknown",
        masses_u=tuple(float(mass) for mass in entry["masses_u"]),
        charges_e=tuple(float(charge) for charge in entry.get("charges_e") or ()) or (float("nan"),) * count,
        names=tuple(entry.get("names") or ()),
        bonds=tuple((int(a), int(b)) for a, b in entry.get("bonds") or ()),
        atoms=tuple(entry.get("atoms") or ()),
    )
