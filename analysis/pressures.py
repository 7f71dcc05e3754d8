"""The pressure tensor of short runs at constant volume, from which the viscosity comes.

Two sources: the file that the workflow leaves beside run.json (`viscosity/pressure.npz`), or the energy files that
run.json names under `viscosity_energies`, one for each run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.energies import read_terms
from analysis.run import Run, RunError

SAMPLED = Path("viscosity", "pressure.npz")
"""Beside run.json: pressure_bar (S, N, 6), interval_ps, volume_nm3 (S,), temperature_K (S,), production_hash."""
COMPONENTS = ("Pres-XX", "Pres-YY", "Pres-ZZ", "Pres-XY", "Pres-XZ", "Pres-YZ")


@dataclass(frozen=True)
class Pressures:
    """S segments of N samples: pressure_bar (S, N, 6) in the order xx yy zz xy xz yz, with volume and temperature.

    volume_nm3 (S,) and temperature_K (S,) are those of each segment.
    """

    pressure_bar: NDArray[np.floating[Any]]
    interval_ps: float
    volume_nm3: NDArray[np.float64]
    temperature_K: NDArray[np.float64]


def pressure_files(run: Run) -> tuple[Path, ...]:
    """Return the files that hold the pressures of a run; none when they were not sampled."""
    named = tuple(run.folder / name for name in getattr(run, "viscosity_energies", None) or ()) if run.folder else ()
    if named or not run.folder:
        return named
    sampled = run.folder / SAMPLED
    return (sampled,) if sampled.is_file() and _is_of(sampled, run) else ()


def _is_of(sampled: Path, run: Run) -> bool:
    """Return whether the file is of this production: one that an earlier run left in the folder is not."""
    try:
        with np.load(sampled) as file:
            told = str(file["production_hash"]) if "production_hash" in file.files else ""
    except (OSError, ValueError, EOFError):
        return True  # read_pressures tells what is wrong with it
    return told in ("", run.hashes.get("production", told))


def read_pressures(files: tuple[Path, ...], volume_nm3: float, temperature_K: float) -> Pressures:
    """Return the pressures of these files, cut to the shortest segment; volume and temperature where files lack them.

    Raises:
        RunError: a file is missing or unreadable, lacks a component, or differs in spacing from the others.
    """
    if files[0].suffix == ".npz":
        return _sampled(files[0])
    segments, intervals, volumes = [], [], []
    for path in files:
        terms = _terms(path)
        times = np.asarray(terms["Time"], dtype=float)
        interval = float(np.median(np.diff(times))) if times.size > 1 else 0.0
        if not interval > 0.0:
            raise RunError(f"{path}: {times.size} samples of the pressure, which are not evenly spaced")
        # the last step is always written, even off the spacing
        even = int((times[-1] - times[0]) / interval + 1e-3) + 1
        if np.abs(times[:even] - times[0] - interval * np.arange(min(even, times.size))).max() > 0.01 * interval:
            raise RunError(f"{path}: the samples of the pressure are not evenly spaced")
        segments.append(np.stack([np.asarray(terms[name][:even], dtype=float) for name in COMPONENTS], axis=1))
        intervals.append(interval)
        volumes.append(float(np.mean(terms["Volume"])) if "Volume" in terms else volume_nm3)
    if max(intervals) > 1.001 * min(intervals):
        raise RunError(f"{files[0].parent}: pressures every {min(intervals):g} and {max(intervals):g} ps")
    shortest = min(len(segment) for segment in segments)
    pressure = np.stack([segment[:shortest] for segment in segments])
    return Pressures(pressure, intervals[0], np.array(volumes), np.full(len(files), temperature_K))


def _sampled(path: Path) -> Pressures:
    try:
        with np.load(path) as file:
            found = Pressures(
                file["pressure_bar"], float(file["interval_ps"]), file["volume_nm3"], file["temperature_K"]
            )
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise RunError(f"{path}: the pressures cannot be read ({error})") from error
    if found.pressure_bar.ndim != 3 or found.pressure_bar.shape[2] != len(COMPONENTS):
        raise RunError(f"{path}: pressures have the shape (segments, samples, 6), not {found.pressure_bar.shape}")
    if not np.isfinite(found.pressure_bar).all():
        raise RunError(f"{path}: pressures that are not numbers")
    return found


def _terms(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the terms of one energy file, checked to hold the pressure tensor in bar."""
    terms, units = read_terms(path, "pressures")
    for name in COMPONENTS:
        if units.get(name) != "bar":
            raise RunError(f"{path}: {name} is {'in ' + units[name] if name in units else 'missing'}, expected in bar")
    return terms
