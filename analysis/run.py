"""What was simulated: run.json is read and checked here, and only here a trajectory is opened."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import constants

from analysis.run_record import Run, build_run
from analysis.run_schema import Published, RunError, SiteGroup, Species, Stage, check_document
from analysis.xtc import xtc_frames

if TYPE_CHECKING:
    from MDAnalysis import Universe

__all__ = [
    "Published",
    "Run",
    "RunError",
    "SiteGroup",
    "Species",
    "Stage",
    "load_run",
    "open_files",
    "open_universe",
]

SPACING_TOLERANCE = 0.01
"""Largest deviation of a frame's time from even spacing, in intervals."""
XTC_MAGIC = (1995, 2023)
"""First number of every XTC frame; the second one since GROMACS 2023 for very large systems."""
_DESCRIBE_AGAIN = "Remedy: name the structure that belongs to run.json, or write run.json anew (./sheath describe)"
_DESCRIBE_FIRST = (
    "Remedy: describe the simulation first (./sheath describe TOPOLOGY TRAJECTORY --temperature K -o run.json), then "
    "./sheath report run.json -o report.html"
)


def load_run(path: Path) -> Run:
    """Read and check a run.json.

    Raises:
        RunError: unreadable, or not as the schema says; all problems in one message.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        inside = path / "run.json"
        remedy = f"Remedy: {inside}" if inside.is_file() else _DESCRIBE_FIRST
        raise RunError(f"{path}: cannot be read ({error.strerror}). {remedy}") from error
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: is no run.json. {_DESCRIBE_FIRST}") from error
    except json.JSONDecodeError as error:
        raise RunError(f"{path}: not valid JSON ({error}). {_DESCRIBE_FIRST}") from error
    problems = check_document(document)
    if problems:
        raise RunError(f"{path}: " + "; ".join(problems))
    return build_run(document, path.resolve())


@contextmanager
def open_universe(run: Run) -> Iterator[Universe]:
    """Open structure and trajectory with MDAnalysis; lengths there are in Angstrom.

    Raises:
        RunError: a file is missing or unreadable, or its atoms are not those of run.json.
    """
    structure = run.folder / run.structure
    with open_files(structure, run.trajectory_paths, run.opening) as universe:
        _check_atoms(run, universe, structure)
        yield universe


@contextmanager
def open_files(structure: Path, trajectories: Sequence[Path], opening: Mapping[str, Any]) -> Iterator[Universe]:
    """Open a structure and the parts of a trajectory as one Universe; `opening` as in run.json.

    Trajectories are opened through links in a temporary folder, because MDAnalysis writes an index of
    frame offsets beside the file that it opens, and a trajectory's folder need not be ours.

    Raises:
        RunError: a file is missing or unreadable, or they do not belong together.
    """
    for path in (structure, *trajectories):
        if not path.is_file():
            raise RunError(f"{path}: there is no such file")
    for path in trajectories:
        _check_header(path)
    importlib.import_module("MDAnalysis")  # before warnings are silenced: it adds filters of its own
    with tempfile.TemporaryDirectory(prefix="sheath-") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        links = [_link(Path(scratch) / str(number), path) for number, path in enumerate(trajectories)]
        universe = _universe(structure, links, opening)
        if isinstance(universe, Exception):
            if isinstance(universe, RunError):
                raise universe
            raise RunError(_not_opened(structure, trajectories, universe).replace(scratch, ""))
        try:
            if opening.get("box_nm"):
                _set_box(universe, opening["box_nm"])
            yield universe
        finally:
            universe.trajectory.close()


def _universe(structure: Path, links: Sequence[str], opening: Mapping[str, Any]) -> Universe | Exception:
    """Return structure and trajectory as a Universe, or why that cannot be.

    A reader that fails to open is thrown away half made, which MDAnalysis tells with a traceback of its own: it is
    kept silent, since the reason is returned.
    """
    import MDAnalysis

    files = links[0] if len(links) == 1 else list(links)
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        # Elements and masses are not guessed: run.json has them.
        return MDAnalysis.Universe(str(structure), files, to_guess=(), **_options(opening, len(links)))
    # Whatever a parser meets in a damaged file it raises as it is, an IndexError for a .gro that was cut.
    except Exception as error:
        return error.with_traceback(None)
    finally:
        sys.unraisablehook = hook


def _link(folder: Path, path: Path) -> str:
    """Return the name of a link to a file, in a folder of its own."""
    folder.mkdir()
    link = folder / path.name
    link.symlink_to(path.resolve())
    if path.suffix == ".xtc":
        _index(link)
    return str(link)


def _index(link: Path) -> None:
    """Write MDAnalysis' index of the frames of an XTC file, which it would not make for a damaged one."""
    n_atoms, offsets = xtc_frames(link)
    if offsets.size:
        index, known = link.with_name(f".{link.name}_offsets.npz"), link.stat()
        np.savez(index, offsets=offsets, n_atoms=n_atoms, size=known.st_size, ctime=known.st_ctime)


def _options(opening: Mapping[str, Any], n_parts: int) -> dict[str, Any]:
    """Return the options with which MDAnalysis opens the files."""
    names = {"atom_style": "atom_style", "length_unit": "lengthunit", "time_unit": "timeunit", "dt_ps": "dt"}
    options = {theirs: opening[ours] for ours, theirs in names.items() if ours in opening}
    options["topology_format"] = opening.get("topology_format")
    if n_parts == 1 and not opening.keys() & {"counted_interval_ps", "box_nm"}:
        return options | {"format": opening.get("trajectory_format")}
    from analysis.joined import JoinedReader

    return options | {
        "format": JoinedReader,
        "part_format": opening.get("trajectory_format"),
        "counted_interval_ps": opening.get("counted_interval_ps"),
    }


def _set_box(universe: Universe, box_nm: Sequence[float]) -> None:
    """Give every frame of a trajectory without a box these edges."""
    from MDAnalysis.transformations.boxdimensions import set_dimensions

    edges = [edge * constants.nano / constants.angstrom for edge in box_nm]
    universe.trajectory.add_transformations(set_dimensions([*edges, 90.0, 90.0, 90.0]))


def _not_opened(structure: Path, trajectories: Sequence[Path], error: Exception) -> str:
    """Return why files cannot be opened, in one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    names = ", ".join([str(trajectories[0]), *(path.name for path in trajectories[1:])])
    counts = re.search(r"same number of atoms.*?atoms (\d+) .*[Nn]umber of atoms (\d+)", reason)
    if counts:
        return f"{names}: {counts[2]} atoms, but {structure} has {counts[1]}: they are not of the same system"
    if "isn't a valid topology format" in reason:
        return f"{structure}: the suffix tells no format that MDAnalysis knows. Remedy: --topology-format FORMAT"
    if "coordinate trajectory format" in reason:
        return f"{names}: the suffix tells no format that MDAnalysis knows. Remedy: --trajectory-format FORMAT"
    return f"{names} with {structure.name}: cannot be opened, one of the two is damaged ({reason})"


def _check_header(trajectory: Path) -> None:
    """Refuse an empty trajectory, or an XTC that does not begin as one."""
    with trajectory.open("rb") as stream:
        magic = int.from_bytes(stream.read(4), "big")
    if trajectory.stat().st_size == 0:
        raise RunError(f"{trajectory}: the trajectory is empty. Remedy: copy it again from where it was simulated")
    if trajectory.suffix == ".xtc" and magic not in XTC_MAGIC:
        raise RunError(f"{trajectory}: this is no XTC trajectory. Remedy: the suffix of its own format")


def _check_atoms(run: Run, universe: Universe, structure: Path) -> None:
    """Refuse a structure whose number or order of atoms is not that of run.json."""
    if universe.atoms.n_atoms != run.n_atoms:
        raise RunError(
            f"{structure}: {universe.atoms.n_atoms} atoms, but run.json describes {run.n_atoms}. {_DESCRIBE_AGAIN}"
        )
    if not all(species.names for species in run.species) or not hasattr(universe.atoms, "names"):
        return
    expected = np.empty(run.n_atoms, dtype=object)
    for species in run.species:
        expected[run.atom_indices(species.name)] = np.array(species.names, dtype=object)
    width = 5 if structure.suffix == ".gro" else 4 if structure.suffix == ".pdb" else None
    for index, (found, wanted) in enumerate(zip(universe.atoms.names, expected, strict=True)):
        if found[:width] != wanted[:width]:
            raise RunError(
                f"{structure}: atom {index + 1} is named {found}, but run.json says {wanted}: "
                f"the order of the molecules is not the same. {_DESCRIBE_AGAIN}"
            )
