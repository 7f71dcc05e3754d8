"""What a results folder holds: the finished systems with their tables, the others with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cutoffs import CONTACT_NM, contact_distance_nm
from analysis.report.expected import compare
from analysis.report.formatting import counted
from analysis.report.provenance import provenance_of
from analysis.run_schema import check_document
from analysis.table import FAILED, PREVIEW_MARK, read_csv

NOT_SAID = "not said"
# What a run.json from elsewhere may leave out, and the page needs.
_DEFAULTS: dict[str, Any] = {
    "preview": False,
    "provisional": (),
    "composition": {},
    "protocol": NOT_SAID,
    "cation": None,
    "published": (),
}
_LONGEST_REASON = 6000
_WHICH_REPLICA = r"^(?:largest|smallest) in r\d+(?:\+r\d+)*(?:; |$)"
"""What pooling says of an extreme: which replica has it, nothing odd."""


@dataclass(frozen=True)
class Finished:
    """A system with pooled tables.

    Attributes:
        name: system id.
        runs: replica number -> its run.json as read, at least one.
        tables: observable name -> pooled table, at least one.
        remarks: what the reader must know: a missing replica, an unreadable table, a failed last attempt.
        marks: the same in a few words where it concerns all numbers, to stand beside the name.
    """

    name: str
    runs: dict[int, dict[str, Any]]
    tables: dict[str, pd.DataFrame]
    remarks: tuple[str, ...]
    marks: tuple[str, ...] = ()

    @property
    def run(self) -> dict[str, Any]:
        """The run.json of the first replica; what describes the system is the same in all."""
        return next(iter(self.runs.values()))

    @property
    def title(self) -> str:
        """Title of the system."""
        return str(self.run["title"])

    @property
    def preview(self) -> bool:
        """True when any of the runs is a preview."""
        return any(bool(run["preview"]) for run in self.runs.values())

    @property
    def foreign(self) -> bool:
        """True when Sheath did not make these runs: nothing tells by which protocol."""
        return bool(self.run["protocol"] == NOT_SAID)

    @property
    def notes(self) -> tuple[str, ...]:
        """What `describe` guessed of runs from elsewhere, or found odd about their files."""
        texts = [str(text) for run in self.runs.values() for text in run["composition"].get("warnings", ())]
        return tuple(dict.fromkeys(texts)) if self.foreign else ()

    @property
    def cation(self) -> str | None:
        """Name of the cation; None for a liquid without ions."""
        return None if self.run["cation"] is None else str(self.run["cation"])

    @property
    def provisional(self) -> tuple[str, ...]:
        """Molecules of this system whose parameters are provisional."""
        return tuple(sorted({str(name) for run in self.runs.values() for name in run["provisional"]}))

    def curves(self, quantity: str) -> pd.DataFrame:
        """Rows with an x of one quantity, from whichever table holds it; none when nothing does."""
        return self._curves.get(quantity, self._rows.iloc[:0])

    @cached_property
    def scalars(self) -> pd.DataFrame:
        """All rows without an x, with the observable they come from in the column `observable`."""
        return self._rows[self._rows["x"].isna()]

    @cached_property
    def _curves(self) -> dict[str, pd.DataFrame]:
        rows = self._rows[self._rows["x"].notna()]
        return {str(quantity): chosen for quantity, chosen in rows.groupby("quantity", sort=False)}

    @cached_property
    def _rows(self) -> pd.DataFrame:
        filled = {name: table for name, table in self.tables.items() if len(table)}
        rows = pd.concat([table.assign(observable=name) for name, table in filled.items()])
        return rows[rows["quantity"] != FAILED]


@dataclass(frozen=True)
class Unfinished:
    """A system without numbers, and why (one text per replica)."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Electrolyte:
    """A base system and the variants that extend it, as far as finished; without the base it is `headless`."""

    name: str
    title: str
    members: tuple[Finished, ...]

    @property
    def headless(self) -> bool:
        """True when what its members extend has no numbers."""
        return all(one.name != self.name for one in self.members)


@dataclass(frozen=True)
class Results:
    """Everything that the report is about.

    `replicas` holds those asked for of each system; `given` says that single runs were given, not a configuration.
    """

    finished: tuple[Finished, ...]
    unfinished: tuple[Unfinished, ...]
    replicas: dict[str, int]
    given: bool = False


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, column name -> value."""
    return [{str(column): value for column, value in row.items()} for row in table.to_dict("records")]


def collect(
    results_dir: Path,
    systems: Sequence[str],
    replicas: int | Mapping[str, int],
    expected: Mapping[str, Any] | None = None,
) -> Results:
    """Read run.json and pooled tables of each system; whatever cannot be read becomes a reason, no error.

    `replicas` are those of every system, or of each one where runs were given and nothing is configured.
    `expected` (see `analysis.report.expected`) is what the configuration asks for now.
    """
    counts = dict.fromkeys(systems, replicas) if isinstance(replicas, int) else {one: replicas[one] for one in systems}
    found = [_system(results_dir, name, counts[name], (expected or {}).get(name, {})) for name in systems]
    return Results(
        finished=tuple(one for one in found if isinstance(one, Finished)),
        unfinished=tuple(one for one in found if isinstance(one, Unfinished)),
        replicas=counts,
        given=not isinstance(replicas, int),
    )


def has_several_cations(finished: Sequence[Finished]) -> bool:
    """Return whether the cation is not the same in all systems that have one."""
    return len({one.cation for one in finished if one.cation is not None}) > 1


def contacts_nm(member: Finished) -> dict[str, float]:
    """Return kind of site -> contact distance in nm from this system's cation; nothing without ions."""
    masses_u = next((one["masses_u"] for one in member.run["species"] if one["name"] == member.cation), None)
    return {} if masses_u is None else {kind: contact_distance_nm(kind, masses_u) for kind in CONTACT_NM}


def electrolytes(finished: Sequence[Finished]) -> tuple[Electrolyte, ...]:
    """Group systems by the base that they extend or are compared with, followed to its root, in their order."""
    base_of = {one.name: one.run.get("compared_with") or one.run.get("base") for one in finished}
    groups: dict[str, list[Finished]] = {}
    for one in finished:
        groups.setdefault(_root(one.name, base_of), []).append(one)
    titles = {one.name: one.title for one in finished}
    return tuple(
        Electrolyte(root, _title(root, members, titles), tuple(sorted(members, key=lambda one: one.name != root)))
        for root, members in groups.items()
    )


def _title(root: str, members: Sequence[Finished], titles: Mapping[str, str]) -> str:
    """Return the title of a base; without it that of its only variant, or its name."""
    return titles.get(root) or (members[0].title if len(members) == 1 else root)


def _root(name: str, base_of: dict[str, Any]) -> str:
    seen = {name}
    while base_of.get(name) and base_of[name] not in seen:
        name = str(base_of[name])
        seen.add(name)
    return name


def _system(results_dir: Path, name: str, replicas: int, expected: Mapping[str, Any]) -> Finished | Unfinished:
    folder = results_dir / name
    problems: list[str] = []
    runs: dict[int, dict[str, Any]] = {}
    for replica in range(1, replicas + 1):
        run = _run(folder / f"r{replica}" / "run.json", problems)
        if run is not None:
            runs[replica] = run
    tables = {
        path.stem: table
        for path in sorted((folder / "observables").glob("*.csv"))
        if (table := _table(path, problems)) is not None
    }
    failures = _failures(folder, replicas)
    if runs and any(len(table) for table in tables.values()):
        remarks = [f"the last attempt of {text}" for text in failures] + problems
        compared, marks = compare(runs, expected)
        remarks += _unmeasured(tables) + _of_trajectory(tables) + _missing(tables, runs, replicas)
        return Finished(name, runs, tables, tuple(compared + remarks), tuple(marks))
    reasons = failures + problems or ["not finished" + _how_far(runs, replicas)]
    return Unfinished(name, tuple(reasons))


def _run(path: Path, problems: list[str]) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    where = f"{path.parent.name}/{path.name}"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problems.append(f"{where} cannot be read: {error}")
        return None
    wrong = check_document(run)
    if wrong:
        problems.append(f"{where} is no valid description of a run: {'; '.join(wrong)}")
        return None
    known = {key: value for key, value in run.items() if value is not None}
    return _DEFAULTS | {"title": run["system"]} | known | {"provenance": provenance_of(path.parent)}


def _table(path: Path, problems: list[str]) -> pd.DataFrame | None:
    try:
        return read_csv(path)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        problems.append(f"observables/{path.name} cannot be read: {error}")
        return None


def _failures(folder: Path, replicas: int) -> list[str]:
    texts = []
    for replica in range(1, replicas + 1):
        for what, below in (("", Path()), (" (its vapour)", Path("vapour"))):
            path = folder / f"r{replica}" / below / "failure.txt"
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace").strip()
                texts.append(f"replica {replica}{what} failed: {text[-_LONGEST_REASON:] or 'no reason was written'}")
    return texts


def _unmeasured(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what could not be measured, and why."""
    rows = [row for table in tables.values() for row in records(table[table["quantity"] == FAILED])]
    return [f"could not be measured: {row['label']}: {row['note']}" for row in rows]


def _of_trajectory(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what is odd about the trajectories: cut short, longer than asked for, frames too far apart."""
    table = tables.get("thermodynamics")
    if table is None:
        return []
    notes = table.loc[table["quantity"] == "trajectory_end", "note"]
    for pattern in (PREVIEW_MARK, _WHICH_REPLICA):
        notes = notes.str.replace(pattern, "", regex=True)
    return [note for note in notes if note]


def _missing(tables: dict[str, pd.DataFrame], runs: dict[int, dict[str, Any]], replicas: int) -> list[str]:
    expected = ("rdf", "coordination", "diffusion", "thermodynamics", "stationarity")
    remarks = [f"no table of {name}" for name in expected if name not in tables]
    pooled = [int(table["n"].max()) for table in tables.values() if "n" in table and table["n"].notna().any()]
    behind = max(pooled, default=len(runs))
    if behind < replicas:
        remarks.append(f"numbers from {behind} of {counted(replicas, 'replica')}")
    return remarks


def _how_far(runs: dict[int, dict[str, Any]], replicas: int) -> str:
    return f" ({len(runs)} of {counted(replicas, 'replica')} simulated, not analysed)" if runs else ""
