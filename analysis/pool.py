"""Tables of several replicas made into one: means with errors that contain the scatter between replicas.

For n replicas with values v_i and 95 % half-widths e_i: value = mean v_i; error = the larger of
t(0.975, n-1) s / sqrt(n) (s: standard deviation of the v_i) and sqrt(sum e_i^2) / n. With n = 1 both are the
run's own. A share that is 0 or 1 in all replicas keeps the widest of their own limits. Replicas in which a value was
not determined (NaN) are not counted in n; their notes stay.

Where the replicas differ by more than their errors the note says so (analysis/replica_errors.py).
Three kinds of rows are not means. What says where a series settles, and extremes, are the worst of the replicas
(`_WORST`), without an error. A diffusion coefficient that only some replicas have is none: averaging those would
choose the fast ones. First peak and minimum of g(r) are those of the replicas' mean g(r) (analysis/pooled_rdf.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.pooled_rdf import FEATURES, pooled_features, without_own_values
from analysis.replica_errors import KEY, means
from analysis.run import RunError
from analysis.table import POOLED_COLUMNS, PREVIEW_MARK, read_csv, write_csv

# quantity -> "max" or "min" of the replicas; NaN when any replica has NaN.
_WORST = {
    "start": "max",
    "stationary_from": "max",
    "stationary": "min",
    "box_edge_min": "min",
    "largest_step": "max",
    "trajectory_end": "min",
    "own_copy_distance_min": "min",
}
# What a quantity takes with it when only some replicas have it.
_WITH = {
    "D": ("D", "D_sensitivity", "D_blocks", "D_infinite", "fit_window_start", "fit_window_end"),
    "D_bound": ("D_bound",),
    "D_free": ("D_free",),
    "haven_ratio": ("haven_ratio",),
    "transference_onsager": ("transference_onsager",),
    "residence_time_continuous": ("residence_time_continuous", "residence_beta_continuous"),
    "residence_time_intermittent": ("residence_time_intermittent", "residence_beta_intermittent"),
}
_HAVE = {
    "D": "diffusive",
    "D_bound": "diffusive",
    "D_free": "diffusive",
    "haven_ratio": "converged",
    "transference_onsager": "converged",
    "residence_time_continuous": "long enough",
    "residence_time_intermittent": "long enough",
}
# Quantities of which a replica lists the commonest labels that occurred in it, and _REST is what it does not list: a
# label that it lacks has the value 0 there, or is part of the rest, and is then at most as common as any listed one.
_ABSENT_IS_ZERO = ("shell",)
_REST = "other"
# What the note of a share says that was never, or always, seen: its error is then a limit.
_LIMIT = r"\b(?:never|always) seen: "


def pool_folders(folders: Sequence[Path], system: str, out: Path) -> None:
    """Pool every table that lies in at least one of the replicas' folders and write it into `out`.

    Raises:
        RunError: a folder is missing, no folder holds a table, or a table is of another system.
    """
    for folder in folders:
        if not folder.is_dir():
            raise RunError(f"{folder}: there is no such folder of observables")
    names = sorted({path.name for folder in folders for path in folder.glob("*.csv")})
    if not names:
        raise RunError(f"{', '.join(map(str, folders))}: no table to pool")
    for name in names:
        tables = []
        for folder in folders:
            if (folder / name).is_file():
                tables.append(_read_run_table(folder / name, system))
        write_csv(pool(tables, system), out / name)
    for stale in out.glob("*.csv"):
        if stale.name not in names:
            stale.unlink()


def _read_run_table(path: Path, system: str) -> pd.DataFrame:
    """Return the table of one replica, checked to be of this system."""
    try:
        table = read_csv(path)
    except ValueError as error:
        raise RunError(f"{path}: {error}") from error
    if "replica" not in table.columns:
        raise RunError(f"{path}: is a pooled table, not one of a replica")
    if not (table["system"] == system).all():
        raise RunError(f"{path}: is of system {table['system'].iloc[0]}, not of {system}")
    return table


def pool(tables: Sequence[pd.DataFrame], system: str) -> pd.DataFrame:
    """Return one table with the columns `POOLED_COLUMNS` from the tables of the replicas.

    Rows belong together when quantity, label, x and units agree. Raises ValueError without tables.
    """
    if not tables:
        raise ValueError("nothing to pool")
    joined = _with_zeros(pd.concat(tables, ignore_index=True))
    groups = joined.groupby(KEY, sort=False, dropna=False)
    pooled = means(joined)
    unknown = groups["unknown"].sum().to_numpy()
    pooled["error"] = _errors(pooled, joined) + unknown / np.maximum(pooled["n"], 1)
    notes = _pooled_notes(joined.assign(note=without_own_values(joined)), groups.ngroup(), len(tables))
    alarms = pooled["disagreement"].where(~pooled["quantity"].isin(FEATURES))  # noise moves those of one run at will
    pooled["note"] = [_with_alarm(note, times) for note, times in zip(notes, alarms, strict=True)]
    pooled = _with_worst(pooled, joined, len(tables))
    pooled = _without_chosen(pooled, joined, len(tables))
    pooled = _with_features(pooled, joined)
    pooled["system"] = system
    return _in_order(pooled)[POOLED_COLUMNS]


def _errors(pooled: pd.DataFrame, joined: pd.DataFrame) -> pd.Series[float]:
    """Return the half-widths: the larger of those from within and between; of shares that never varied their own.

    A share that is 0, or 1, in all replicas has no scatter, and what a replica knows of it is a limit ("never seen:
    below 0.1"): the widest of these limits stays. Without any the half-width is unknown, not 0.
    """
    limited = joined.assign(limit=joined["note"].str.contains(_LIMIT))
    groups = limited.groupby(KEY, sort=False, dropna=False)
    own = groups.agg(low=("value", "min"), high=("value", "max"), widest=("error", "max"), limit=("limit", "any"))
    own = own.reset_index()
    never_varied = (own["low"] == own["high"]) & own["low"].isin([0.0, 1.0]) & (own["unit"] == "1")
    widest = own["widest"].where(own["widest"] > 0)
    error = pooled[["within", "between"]].max(axis=1)
    return error.mask(never_varied & (own["limit"] | widest.isna()), widest)


def _with_alarm(note: str, times: float) -> str:
    """Return a note with what replicas that differ by more than their errors mean; a preview judges nothing."""
    if np.isnan(times) or re.search(PREVIEW_MARK, note):
        return note
    return _joined(note, f"between replicas {times:.2g} times the error within: not equilibrated or too short")


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _with_features(pooled: pd.DataFrame, joined: pd.DataFrame) -> pd.DataFrame:
    """Return the table with peaks and minima of the g(r) of all replicas together, after what the replicas say."""
    pooled = pooled.copy()
    for quantity, label, n, found in pooled_features(joined):
        rows = (pooled["quantity"] == quantity) & (pooled["label"] == label) & pooled["x"].isna()
        pooled.loc[rows, ["value", "error"]] = found.position, found.error
        pooled.loc[rows, "n"] = n
        if np.isfinite(found.position):
            notes = pooled.loc[rows, "note"]
        else:  # what single runs say of theirs does not matter then
            notes = pooled.loc[rows, "note"].str.contains(PREVIEW_MARK).map({True: "preview", False: ""})
        pooled.loc[rows, "note"] = [_joined(note, found.note) for note in notes]
    return pooled


def _with_worst(pooled: pd.DataFrame, joined: pd.DataFrame, n_tables: int) -> pd.DataFrame:
    """Return the table with the rows of `_WORST` as the worst replica, named in the note."""
    pooled = pooled.copy()
    for quantity, kind in _WORST.items():
        for label, own in joined[joined["quantity"] == quantity].groupby("label", sort=False):
            rows = (pooled["quantity"] == quantity) & (pooled["label"] == label)
            worst = float(own["value"].max(skipna=False) if kind == "max" else own["value"].min(skipna=False))
            pooled.loc[rows, "value"] = worst
            pooled.loc[rows, "error"] = np.nan
            pooled.loc[rows, "note"] = _note_of_worst(own, worst, kind) if n_tables > 1 else own["note"].iloc[0]
    return pooled


def _note_of_worst(own: pd.DataFrame, worst: float, kind: str) -> str:
    """Return the notes of all replicas, named, after which of them decides where they differ."""
    plain = own["note"].str.replace(PREVIEW_MARK, "", regex=True)
    texts = ["preview"] if own["note"].str.contains(PREVIEW_MARK, regex=True).any() else []
    if np.isfinite(worst) and own["value"].nunique() > 1:
        texts.append(f"{'largest' if kind == 'max' else 'smallest'} in {_names(own.loc[own['value'] == worst])}")
    return "; ".join(texts + _named(own.assign(note=plain)[plain != ""]))


def _with_zeros(joined: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a 0 where a replica lacks a label of `_ABSENT_IS_ZERO` that another one has.

    Where that replica has a rest, the label may be in it: `unknown` is the most that it can then be, which the error
    of the mean gets in full. The 0 keeps the sum of all labels 1.
    """
    own = joined[joined["quantity"].isin(_ABSENT_IS_ZERO)]
    first = own.drop_duplicates(["quantity", "label"]).assign(value=0.0, error=np.nan, note="")
    listed = pd.MultiIndex.from_frame(own[["quantity", "label", "replica"]])
    found = [joined.assign(unknown=0.0)]
    for replica in own["replica"].unique():
        zeros = first.assign(replica=replica)
        zeros = zeros[~pd.MultiIndex.from_frame(zeros[["quantity", "label", "replica"]]).isin(listed)]
        unknown = _most_unlisted(own[own["replica"] == replica])
        note = f"not among the commonest there, at most {unknown:.2g}" if unknown > 0 else ""
        if len(zeros):
            found.append(zeros.assign(unknown=unknown, note=note))
    return pd.concat(found, ignore_index=True)


def _most_unlisted(own: pd.DataFrame) -> float:
    """Return the largest share of a label that a replica does not list: of the rest, and of the least common listed."""
    rest = own["label"] == _REST
    return float(min(own.loc[rest, "value"].max(), own.loc[~rest, "value"].min())) if rest.any() else 0.0


def _without_chosen(pooled: pd.DataFrame, joined: pd.DataFrame, n_tables: int) -> pd.DataFrame:
    """Return the table without diffusion coefficients and times that some replicas have and others have not."""
    pooled = pooled.copy()
    coefficients = joined[joined["quantity"].isin(_WITH)]
    for key, own in coefficients.groupby(["quantity", "label", "x"], sort=False, dropna=False):
        quantity, label, x = str(key[0]), str(key[1]), float(str(key[2]))
        known = int(own["value"].notna().sum())
        if known in (0, n_tables):
            continue
        absent = joined.drop_duplicates("replica")[["replica"]].query("replica not in @own.replica")
        lacking = pd.concat([own[own["value"].isna()], absent.assign(note="not measured")])
        what = _HAVE[quantity]
        note = f"{what} in {known} of {n_tables} replicas: {'; '.join(_named(lacking))}"
        rows = (pooled["label"] == label) & pooled["quantity"].isin(_WITH[quantity])
        rows &= (pooled["x"] == x) | np.isnan(x)
        pooled.loc[rows, ["value", "error"]] = np.nan
        pooled.loc[rows, "note"] = note
        pooled.loc[rows, "n"] = 0
    return pooled


def _named(rows: pd.DataFrame) -> list[str]:
    """Return "r1+r3: note" for each distinct note."""
    return [f"{_names(own)}: {note}" for note, own in rows.groupby("note", sort=False)]


def _names(rows: pd.DataFrame) -> str:
    """Return "r1+r3" for the replicas of some rows."""
    return "+".join(f"r{replica}" for replica in rows["replica"])


def _pooled_notes(joined: pd.DataFrame, group: pd.Series[int], n_tables: int) -> list[str]:
    """Return one note per group: the common one, or each replica's own, named."""
    notes: dict[int, dict[str, list[int]]] = {}
    replicas: dict[int, int] = {}
    columns = (group, joined["note"], joined["replica"])
    for index, note, replica in zip(*columns, strict=True):
        notes.setdefault(int(index), {}).setdefault(note, []).append(int(replica))
        replicas[int(index)] = replicas.get(int(index), 0) + 1
    texts = []
    for index in range(len(notes)):
        of_group = notes[index]
        if len(of_group) == 1 and (replicas[index] == n_tables or n_tables == 1 or "" in of_group):
            texts.append(next(iter(of_group)))
        else:
            named = [f"{'+'.join(f'r{r}' for r in who)}: {note}" for note, who in of_group.items() if note]
            texts.append("; ".join(named))
    return texts


def _in_order(pooled: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with curves together, in order of x, otherwise as they came."""
    curve = pooled.groupby(["quantity", "label"], sort=False).ngroup()
    ordered = pooled.assign(curve=curve).sort_values(["curve", "x"], kind="stable", ignore_index=True)
    return ordered.drop(columns="curve")
