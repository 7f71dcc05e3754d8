"""What was simulated: run.json as frozen dataclasses, and the only place that opens a trajectory."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.run_schema import (
    Published,
    RunError,
    SiteGroup,
    Species,
    Stage,
    check_document,
    published_of,
    species_of,
)
from analysis.units import nm

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = ["Published", "Run", "RunError", "SiteGroup", "Species", "Stage", "frames", "load_run", "open_universe"]


SPACING_TOLERANCE = 0.01
"""Largest deviation of a frame's time from even spacing, in intervals."""
XTC_MAGIC = (1995, 2023)
"""First number of every XTC frame; the second one since GROMACS 2023 for very large systems."""


@dataclass(frozen=True)
class Run:
    """One simulated replica: run.json (schema 1) with `folder`, to which its file names are relative.

    What run.json may lack has a default here, so that a trajectory from elsewhere needs only system,
    replica, temperature_K, structure, trajectory, species and sites, and the cation (None for a liquid without ions).
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
    frame_interval_ps: float | None = None
    production_ns: float | None = None
    production_ns_done: float | None = None
    stages: tuple[Stage, ...] = ()
    composition: dict[str, Any] = field(default_factory=dict)
    chain_sequences: tuple[str, ...] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

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
        first = sum(species.count * species.n_atoms for species in self.species[:index])
        species = self.species[index]
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


def load_run(path: Path) -> Run:
    """Read and check a run.json.

    Raises:
        RunError: unreadable, or not as the schema says; all problems in one message.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: not valid JSON ({error})") from error
    problems = check_document(document)
    if problems:
        raise RunError(f"{path}: " + "; ".join(problems))
    return _build(document, path.resolve().parent)


def _build(document: dict[str, Any], folder: Path) -> Run:
    """Return the checked document as a Run."""
    known = {name: document[name] for name in Run.__dataclass_fields__ if document.get(name) is not None}
    for name in ("provisional", "chain_sequences"):
        if name in known:
            known[name] = tuple(known[name])
    known["species"] = tuple(species_of(entry) for entry in document["species"])
    known["sites"] = tuple(
        SiteGroup(entry["label"], entry["species"], entry["kind"], tuple(entry["atoms"])) for entry in document["sites"]
    )
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
    known["folder"] = folder
    known.setdefault("title", document["system"])
    return Run(**known)


@contextmanager
def open_universe(run: Run) -> Iterator[Universe]:
    """Open structure and trajectory with MDAnalysis; lengths there are in Angstrom.

    The trajectory is opened through a link in a temporary folder, because MDAnalysis writes an index of
    frame offsets beside the file that it opens, and a trajectory's folder need not be ours.

    Raises:
        RunError: a file is missing or unreadable, or its atoms are not those of run.json.
    """
    import MDAnalysis

    structure, trajectory = run.folder / run.structure, run.folder / run.trajectory
    for path in (structure, trajectory):
        if not path.is_file():
            raise RunError(f"{path}: there is no such file")
    _check_header(trajectory)
    with tempfile.TemporaryDirectory(prefix="sheath-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        link = Path(scratch) / trajectory.name
        link.symlink_to(trajectory.resolve())
        try:
            # Elements and masses are not guessed: run.json has them.
            universe = MDAnalysis.Universe(str(structure), str(link), to_guess=())
        # Whatever a parser meets in a damaged file it raises as it is, an IndexError for a .gro that was cut.
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split()).replace(scratch, "")
            raise RunError(
                f"{trajectory} with {structure.name}: cannot be opened, one of the two is damaged ({reason})"
            ) from error
        try:
            _check_atoms(run, universe, structure)
            yield universe
        finally:
            universe.trajectory.close()


def _check_header(trajectory: Path) -> None:
    """Refuse an empty trajectory, or an XTC that does not begin as one."""
    with trajectory.open("rb") as stream:
        magic = int.from_bytes(stream.read(4), "big")
    if trajectory.stat().st_size == 0:
        raise RunError(f"{trajectory}: the trajectory is empty")
    if trajectory.suffix == ".xtc" and magic not in XTC_MAGIC:
        raise RunError(f"{trajectory}: this is no XTC trajectory")


def _check_atoms(run: Run, universe: Universe, structure: Path) -> None:
    """Refuse a structure whose number or order of atoms is not that of run.json."""
    if universe.atoms.n_atoms != run.n_atoms:
        raise RunError(f"{structure}: {universe.atoms.n_atoms} atoms, but run.json describes {run.n_atoms}")
    if not all(species.names for species in run.species) or not hasattr(universe.atoms, "names"):
        return
    expected = [name for species in run.species for name in species.names * species.count]
    width = 5 if structure.suffix == ".gro" else 4 if structure.suffix == ".pdb" else None
    for index, (found, wanted) in enumerate(zip(universe.atoms.names, expected, strict=True)):
        if found[:width] != wanted[:width]:
            raise RunError(
                f"{structure}: atom {index + 1} is named {found}, but run.json says {wanted}: "
                "the order of the molecules is not the same"
            )


def frames(run: Run, universe: Universe) -> Iterator[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield time in ps, box lengths and positions in nm of each frame, checked, as far as they can be read.

    Raises:
        RunError: a frame repeats, goes back or is unevenly spaced; it has no rectangular box, or coordinates
            that are not numbers.
    """
    path = run.folder / run.trajectory
    timesteps, times = iter(universe.trajectory), list[float]()
    for number in count(1):
        try:
            timestep = next(timesteps)
        except (StopIteration, OSError, EOFError):
            # A file that was cut ends the iteration early, with or without an error; the reader tells.
            return
        where, time = f"{path}: frame {number}", float(timestep.time)
        # The first two frames give the spacing.
        times = [*times[:2], *times[2:][-1:], time]
        _check_time(where, times)
        if timestep.dimensions is None or not np.all(np.asarray(timestep.dimensions[:3]) > 0):
            raise RunError(f"{where} (time {time:g} ps) has no box")
        if not np.allclose(timestep.dimensions[3:], 90.0, atol=1e-3):
            raise RunError(f"{where} (time {time:g} ps): the box is not rectangular, which is not supported")
        positions = nm(timestep.positions)
        if not np.isfinite(positions).all():
            raise RunError(f"{where} (time {time:g} ps) has coordinates that are not numbers")
        yield time, nm(timestep.dimensions[:3]), positions


def _check_time(where: str, times: Sequence[float]) -> None:
    """Refuse a frame whose time repeats, goes back or is off the even spacing.

    `times` holds the first two frames, the one before this one, and this one, as far as there are.
    """
    if len(times) < 2:
        return
    before, now = times[-2:]
    if now <= before:
        raise RunError(
            f"{where} is at {now:g} ps, but the frame before it at {before:g} ps: the trajectory repeats or "
            "goes back. Remedy: join its parts again without overlap (gmx trjcat)"
        )
    spacing = times[1] - times[0]
    # Times are stored in single precision.
    rounding = 4 * float(np.finfo(np.float32).eps) * abs(now)
    if abs(now - before - spacing) > SPACING_TOLERANCE * spacing + rounding:
        raise RunError(
            f"{where} comes {now - before:g} ps after the one before, the first two are {spacing:g} ps "
            "apart: frames must be evenly spaced"
        )
