"""Which systems of a results folder are compared, and the tables of their replicas: `python -m analysis compare`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import comparison
from analysis.claims import VERDICT_COLUMNS, judge
from analysis.run_schema import RunError, check_document
from analysis.table import read_csv, write_csv

# What differs between the two systems of a pair.
VARIANT = "variant less base"
CHARGES = "charges of the chain: charged less uncharged"
EXCLUDED_VOLUME = "excluded volume: uncharged chain less none"
# Where a series settles is no property of the liquid.
_NOT_READ = "stationarity"

Runs = Mapping[str, Mapping[str, Any]]


def pairs(runs: Runs) -> Iterator[tuple[str, str, str]]:
    """Yield (system, the one it is compared with, what differs) for run.json documents by system.

    Every system is compared with each one that it extends, directly or not, as far as both are there. Of a chain and
    its control without charges the control is the one that is compared with, so that the difference is the charges'.
    """
    for name in runs:
        for other in _ancestors(name, runs):
            mine, its = _has_uncharged(runs[name]), _has_uncharged(runs[other])
            if mine and _has_chains(runs[other]) and not its:
                yield other, name, CHARGES
            elif mine and not _has_chains(runs[other]):
                yield name, other, EXCLUDED_VOLUME
            else:
                yield name, other, VARIANT


def _ancestors(name: str, runs: Runs) -> list[str]:
    found: list[str] = []
    base = runs[name].get("base")
    while base in runs and base not in [name, *found]:
        found.append(str(base))
        base = runs[str(base)].get("base")
    return found


def _has_chains(run: Mapping[str, Any]) -> bool:
    return any(one["role"] == "polymer" for one in run["species"])


def _has_uncharged(run: Mapping[str, Any]) -> bool:
    """Whether the chains of a system are a control, without charges."""
    return any(one.get("uncharged") for one in run["species"])


def replica_scalars(results: Path, system: str, replicas: Sequence[int]) -> pd.DataFrame:
    """Return all numbers (rows without x) of a system's replicas, as far as their tables can be read."""
    tables = []
    for replica in replicas:
        for path in sorted((results / system / f"r{replica}" / "observables").glob("*.csv")):
            if path.stem == _NOT_READ:
                continue
            try:
                table = read_csv(path)
            except (OSError, ValueError):
                continue  # the report names the tables that cannot be read
            if "replica" in table.columns:
                tables.append(table[table["x"].isna()])
    filled = [table for table in tables if len(table)]
    empty = pd.DataFrame(columns=["quantity", "label", "x", "value", "unit", "error", "note", "system", "replica"])
    return pd.concat(filled, ignore_index=True) if filled else empty


def compare_runs(results: Path, runs: Runs, replicas: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all comparisons between these systems, and the verdicts on the claims about them.

    `runs` has one run.json document per system; the tables are those of the replicas 1 to `replicas`.
    """
    wanted = list(pairs(runs))
    involved = dict.fromkeys(name for system, base, _ in wanted for name in (system, base))
    scalars = {name: replica_scalars(results, name, range(1, replicas + 1)) for name in involved}
    compared, verdicts = [], []
    for system, base, about in wanted:
        if scalars[system].empty or scalars[base].empty:
            continue
        preview = bool(runs[system].get("preview") or runs[base].get("preview"))
        compared.append(comparison.compare(scalars[system], scalars[base], about=about, preview=preview))
        if about == VARIANT and runs[system].get("base") == base and runs[system].get("claims"):
            verdicts.append(judge(runs[system]["claims"], scalars[system], scalars[base], preview=preview))
    return _joined(compared, comparison.COLUMNS), _joined(verdicts, VERDICT_COLUMNS)


def _joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def compare_folder(results: Path, systems: Sequence[str], replicas: int, out: Path) -> None:
    """Write the comparisons of a results folder to `out` and the verdicts on claims to `claims.csv` beside it.

    Raises:
        RunError: a run.json cannot be used.
        OSError: the files cannot be written.
    """
    runs = {}
    for system in systems:
        path = next((one for one in _run_files(results / system, replicas) if one.is_file()), None)
        if path is not None:
            runs[system] = _document(path)
    compared, verdicts = compare_runs(results, runs, replicas)
    write_csv(compared, out)
    write_csv(verdicts, out.with_name("claims.csv"))


def _run_files(folder: Path, replicas: int) -> Iterator[Path]:
    return (folder / f"r{replica}" / "run.json" for replica in range(1, replicas + 1))


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from error
    if wrong := check_document(document):
        raise RunError(f"{path}: {'; '.join(wrong)}")
    return dict(document)
