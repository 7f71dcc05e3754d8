"""Tables of several replicas made into one: means with errors that contain the scatter between replicas.

For n replicas with values v_i and 95 % half-widths e_i: value = mean v_i; error = the larger of
t(0.975, n-1) s / sqrt(n) (s: standard deviation of the v_i) and sqrt(sum e_i^2) / n. With n = 1 both are the
run's own. Replicas in which a value was not determined (NaN) are not counted in n; their notes stay.

Two kinds of rows are not means. What says where a series settles, and extremes, are the worst of the replicas
(`_WORST`), without an error. A diffusion coefficient that only some replicas have is none: averaging those would
choose the fast ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.run import RunError
from analysis.table import POOLED_COLUMNS, PREVIEW_MARK, read_csv, write_csv

_KEY = ["quantity", "label", "x", "x_unit", "unit"]
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
    "haven_ratio": ("haven_ratio",),
    "transference_onsager": ("transference_onsager",),
    "residence_time_continuous": ("residence_time_continuous", "residence_beta_continuous"),
    "residence_time_intermittent": ("residence_time_intermittent", "residence_beta_intermittent"),
}
_HAVE = {
    "D": "diffusive",
    "haven_ratio": "converged",
    "transference_onsager": "converged",
    "residence_time_continuous": "long enough",
    "residence_time_intermittent": "long enough",
}
# Quantities of which a replica lists every label that occurred in it: a label that it lacks has the value 0.
_ABSENT_IS_ZERO = ("shell",)


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
    joined["variance"] = (joined["error"] ** 2).where(joined["value"].notna())
    groups = joined.groupby(_KEY, sort=False, dropna=False)
    pooled = groups.agg(
        value=("value", "mean"),
        scatter=("value", "std"),
        n=("value", "count"),
        n_errors=("variance", "count"),
        variance=("variance", "sum"),
    ).reset_index()
    pooled["error"] = _pooled_error(pooled)
    pooled["note"] = _pooled_notes(joined, groups.ngroup(), len(tables))
    pooled = _with_worst(pooled, joined, len(tables))
    pooled = _without_chosen(pooled, joined, len(tables))
    pooled["system"] = system
    return _in_order(pooled)[POOLED_COLUMNS]


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
    """Return the rows with a 0 where a replica lacks a label of `_ABSENT_IS_ZERO` that another one has."""
    own = joined[joined["quantity"].isin(_ABSENT_IS_ZERO)]
    first = own.drop_duplicates(["quantity", "label"]).assign(value=0.0, error=np.nan, note="")
    listed = pd.MultiIndex.from_frame(own[["quantity", "label", "replica"]])
    zeros = [first.assign(replica=replica) for replica in own["replica"].unique()]
    zeros = [some[~pd.MultiIndex.from_frame(some[["quantity", "label", "replica"]]).isin(listed)] for some in zeros]
    return pd.concat([joined, *zeros], ignore_index=True)


def _without_chosen(pooled: pd.DataFrame, joined: pd.DataFrame, n_tables: int) -> pd.DataFrame:
    """Return the table without diffusion coefficients and times that some replicas have and others have not."""
    pooled = pooled.copy()
    coefficients = joined[joined["quantity"].isin(_WITH)]
    for (quantity, label), own in coefficients.groupby(["quantity", "label"], sort=False):
        known = int(own["value"].notna().sum())
        if known in (0, n_tables):
            continue
        absent = joined.drop_duplicates("replica")[["replica"]].query("replica not in @own.replica")
        lacking = pd.concat([own[own["value"].isna()], absent.assign(note="not measured")])
        what = _HAVE[str(quantity)]
        note = f"{what} in {known} of {n_tables} replicas: {'; '.join(_named(lacking))}"
        rows = (pooled["label"] == label) & pooled["quantity"].isin(_WITH[str(quantity)])
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


def _pooled_error(pooled: pd.DataFrame) -> NDArray[np.float64]:
    """Return the half-widths from the scatter of the replicas and from their own errors, the larger one."""
    n = pooled["n"].to_numpy(dtype=float)
    counted = np.maximum(n, 1)
    combined = np.sqrt(pooled["variance"].to_numpy(dtype=float)) / counted
    # One replica without an error leaves only the scatter to judge from.
    combined[(n == 0) | (pooled["n_errors"].to_numpy() < n)] = np.nan
    between = np.full(n.size, np.nan)
    several = n >= 2
    spread = pooled["scatter"].to_numpy(dtype=float)[several] / np.sqrt(n[several])
    between[several] = stats.t.ppf(0.975, n[several] - 1) * spread
    larger: NDArray[np.float64] = np.fmax(combined, between)
    return larger


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
