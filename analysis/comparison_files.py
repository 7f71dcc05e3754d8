"""What is compared in a results folder, from the tables of its replicas: `python -m analysis compare`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from analysis import comparison
from analysis.claims import VERDICT_COLUMNS, judge
from analysis.run_schema import RunError, check_document
from analysis.sampling import NEEDED_COLUMNS, needs
from analysis.table import COLUMNS, POOLED_COLUMNS, read_csv, write_csv

# What differs between the two systems of a pair.
VARIANT = "variant less base"
CHARGES = "charges of the chain: charged less uncharged"
EXCLUDED_VOLUME = "excluded volume: uncharged chain less none"
FIRST = "no base is named: less the first system given"
# Where a series settles is no property of the liquid.
_NOT_READ = "stationarity"

Runs = Mapping[str, Mapping[str, Any]]


def pairs(runs: Runs) -> Iterator[tuple[str, str, str]]:
    """Yield (system, the one it is compared with, what differs) for run.json documents by system.

    Every system is compared with each one that it extends, directly or not, as far as both are there. Of a chain and
    its control without charges the control is the one that is compared with, so that the difference is the charges'.
    A system without such a base is compared with what its document names as `compared_with`, if anything.
    """
    for name in runs:
        ancestors, beside = _ancestors(name, runs), runs[name].get("compared_with")
        if not ancestors and beside in runs and beside != name:
            yield name, str(beside), FIRST
        for other in ancestors:
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


class Found(NamedTuple):
    """What is said of some systems: their comparisons, the verdicts on claims, what each number needs."""

    compared: pd.DataFrame
    verdicts: pd.DataFrame
    needs: pd.DataFrame


def replica_rows(results: Path, system: str, replicas: Sequence[int]) -> pd.DataFrame:
    """Return all rows of a system's replicas that can be compared or claimed, as far as their tables can be read."""
    folders = [results / system / f"r{replica}" / "observables" for replica in replicas]
    return _rows(folders, COLUMNS)


def _rows(folders: Sequence[Path], columns: Sequence[str]) -> pd.DataFrame:
    """Return the scalars and short curves of the tables with these columns in some folders."""
    tables = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.csv")) if path.stem != _NOT_READ):
        try:
            table = read_csv(path)
        except (OSError, ValueError):
            continue  # the report names the tables that cannot be read
        if list(table.columns) == list(columns):
            points = table.groupby(["quantity", "label"])["x"].transform("count")
            tables.append(table[table["x"].isna() | (points <= comparison.LONGEST_CURVE)])
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def compare_runs(results: Path, runs: Runs, replicas: int) -> Found:
    """Return all comparisons between these systems, the verdicts on the claims about them, what their errors need.

    `runs` has one run.json document per system; the tables are those of the replicas 1 to `replicas`.
    """
    rows = {name: replica_rows(results, name, range(1, replicas + 1)) for name in runs}
    controls = {
        str(run.get("base")): name for name, run in runs.items() if _has_uncharged(run) and not run.get("preview")
    }
    compared, verdicts = [], []
    for system, base, about in pairs(runs):
        if rows[system].empty or rows[base].empty:
            continue
        preview = bool(runs[system].get("preview") or runs[base].get("preview"))
        compared.append(comparison.compare(rows[system], rows[base], about=about, preview=preview))
        if about == VARIANT and runs[system].get("base") == base and (claims := runs[system].get("claims")):
            control = rows.get(controls.get(system, ""))
            verdicts.append(judge(claims, rows[system], rows[base], preview=preview, control=control))
    needed = [
        needs(_rows([results / name / "observables"], POOLED_COLUMNS), rows[name], _run_ns(results, name, replicas))
        for name, run in runs.items()
        if not run.get("preview")
    ]
    tables = zip((compared, verdicts, needed), (comparison.COLUMNS, VERDICT_COLUMNS, NEEDED_COLUMNS), strict=True)
    return Found(*(_joined(one, columns) for one, columns in tables))


def _run_ns(results: Path, system: str, replicas: int) -> float:
    """Return the shortest length of a system's runs; NaN when it is not told."""
    lengths = []
    for path in _run_files(results / system, replicas):
        try:
            lengths.append(float(json.loads(path.read_text(encoding="utf-8"))["production_ns_done"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return min(lengths, default=math.nan)


def _joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def compare_folder(results: Path, systems: Sequence[str], replicas: int, out: Path) -> None:
    """Write the comparisons of a results folder to `out`, verdicts on claims and what errors need beside it.

    These are `claims.csv` and `longer.csv`.

    Raises:
        RunError: a run.json cannot be used.
        OSError: the files cannot be written.
    """
    runs = {}
    for system in systems:
        path = next((one for one in _run_files(results / system, replicas) if one.is_file()), None)
        if path is not None:
            runs[system] = _document(path)
    found = compare_runs(results, runs, replicas)
    write_csv(found.compared, out)
    write_csv(found.verdicts, out.with_name("claims.csv"))
    write_csv(found.needs, out.with_name("longer.csv"))


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
