"""The record of pure liquids against experiment, as one Markdown table with date and versions."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.compare import INFORMATIVE, TARGET_PERCENT, Comparison, comparisons
from analysis.run import RunError
from analysis.run_schema import check_document
from analysis.table import read_csv

_HEADER = (
    "Liquid", "Mixing", "T / K", "Property", "Computed", "Measured", "Deviation / %", "Met", "ns", "Date", "Remarks",
)  # fmt: skip
_NAMES = {
    "density": "density / kg m⁻³",
    "heat_of_vaporisation": "heat of vaporisation / kJ mol⁻¹",
    "dielectric_constant": "dielectric constant",
}
_VERSIONS = {"sheath": "Sheath", "gromacs": "GROMACS", "gromacs_simd": "built for", "packmol": "Packmol"}


@dataclass(frozen=True)
class System:
    """One finished liquid: its run.json files, its pooled tables and the day on which its last replica was done."""

    name: str
    runs: tuple[dict[str, Any], ...]
    tables: tuple[pd.DataFrame, ...]
    day: str

    @property
    def run(self) -> dict[str, Any]:
        """The run.json of the first replica."""
        return self.runs[0]


def record(results: Path) -> str:
    """Return the record of all liquids below a results folder as Markdown: a row per liquid, property, mixing rule.

    The day of a row is that on which run.json was written. The same results give the same text.

    Raises:
        RunError: no finished system has a measured value to compare with.
    """
    systems = [one for folder in sorted(results.iterdir()) if (one := _system(folder)) is not None]
    rows = [_row(one, found) for one in systems for found in comparisons(one.run, one.tables)]
    if not rows:
        raise RunError(f"{results}: no finished system there has a measured value to compare with")
    rows.sort(key=lambda row: (row[1], row[0], list(_NAMES.values()).index(row[3])))
    targets = [
        f"{_NAMES[quantity].partition(' /')[0]} {percent:g} %"
        + (" (an expectation)" if quantity in INFORMATIVE else "")
        for quantity, percent in TARGET_PERCENT.items()
    ]
    lines = [
        "# Pure liquids against experiment",
        "",
        "Written from results by `python -m analysis validation`; edit the systems or the force field, not this file.",
        "± is the half-width of the 95 % interval; that of the deviation is the computed value's alone. Targets: "
        + ", ".join(targets)
        + '. "undecided": the target lies within the errors of computation and measurement.',
        "",
        *_table(_HEADER, rows),
        "",
        "## What ran",
        "",
        *_table(("System", "Molecules", "Cut-off / nm", "Replicas", "Versions", "Physics"), map(_ran, systems)),
        "",
        "## Sources of the measured values",
        "",
        "Keys are those of `references.bib`.",
        "",
        *_sources(systems),
    ]
    return "\n".join(lines) + "\n"


def _system(folder: Path) -> System | None:
    """Return one finished system, or None when the folder holds none with measured values."""
    paths = sorted(folder.glob("r*/run.json"), key=lambda path: int(path.parent.name[1:] or 0))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    runs = [run for run in runs if not check_document(run)]
    tables = tuple(read_csv(path) for path in sorted((folder / "observables").glob("*.csv")))
    if not runs or not tables or not runs[0].get("published"):
        return None
    written_s = max(path.stat().st_mtime for path in paths)
    day = datetime.fromtimestamp(written_s, UTC).strftime("%Y-%m-%d")
    return System(folder.name, tuple(runs), tables, day)


def _row(system: System, one: Comparison) -> tuple[str, ...]:
    run = system.run
    liquid = ", ".join(str(species["name"]) for species in run["species"])
    unit_free = _NAMES.get(one.quantity, one.quantity)
    uncertainty = f" ± {one.uncertainty:g}" if math.isfinite(one.uncertainty) else ""
    met = one.met + (" (expectation)" if one.informative and one.met in ("yes", "no") else "")
    return (
        liquid,
        str(run.get("mixing_rule") or "not told"),
        f"{run['temperature_K']:g}",
        unit_free,
        _with_error(one.value, one.error),
        f"{one.measured:g}{uncertainty}",
        _with_error(one.deviation_percent, one.deviation_error),
        met,
        f"{min(float(r.get('production_ns_done') or 0) for r in system.runs):g}",
        system.day,
        one.note,
    )


def _with_error(value: float, error: float) -> str:
    """Return a value with two digits of its error."""
    if not math.isfinite(value):
        return "not determined"
    if not math.isfinite(error) or error <= 0:
        return f"{value:.4g}"
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}"


def _ran(system: System) -> tuple[str, ...]:
    run, versions = system.run, system.run.get("versions", {})
    counts = ", ".join(f"{species['count']} {species['name']}" for species in run["species"])
    told = ", ".join(f"{name} {versions[key]}" for key, name in _VERSIONS.items() if key in versions)
    physics = ", ".join(str(one.get("hashes", {}).get("production", "?")) for one in system.runs)
    return (system.name, counts, f"{run.get('cutoff_nm')}", str(len(system.runs)), told, physics)


def _sources(systems: Sequence[System]) -> list[str]:
    """Return one line per measured value, each once."""
    lines: dict[str, None] = {}
    for system in systems:
        liquid = ", ".join(str(species["name"]) for species in system.run["species"])
        for entry in system.run["published"]:
            remark = f": {entry['note']}" if entry.get("note") else ""
            lines[f"- {liquid}, {_NAMES.get(entry['quantity'], entry['quantity'])}: `{entry['source']}`{remark}"] = None
    return list(lines)


def _table(header: Sequence[str], rows: Any) -> list[str]:
    """Return a Markdown table; a bar inside a cell would end it."""
    cells = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(text.replace("|", "/") for text in row) + " |" for row in cells]
