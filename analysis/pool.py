"""Tables of several replicas made into one: means with errors that contain the scatter between replicas.

For n replicas with values v_i and 95 % half-widths e_i: value = mean v_i; error = the larger of
t(0.975, n-1) s / sqrt(n) (s: standard deviation of the v_i) and sqrt(sum e_i^2) / n. With n = 1 both are the
run's own. A share that is 0 or 1 in all replicas keeps the widest of their own limits. Replicas in which a value was
not determined (NaN) are not counted in n; their notes stay. What a replica does not list of a distribution (P(n),
first shells) is 0 there, so that the pooled shares still add up to 1.

Where the replicas differ by more than their errors the note says so (analysis/replica_errors.py).
Where some replicas only know a bound (a viscosity whose integral has no plateau) the mean is that bound too, and its
note begins with the word: none of them lies beyond the number on the other side, on the average. Where all only know a
bound it is the one that says most: the largest lower one, the smallest upper one. A bound has no error, and replicas
that differ in it do not disagree.
Three kinds of rows are not means. What says where a series settles, and extremes, are the worst of the replicas
(`_WORST`), without an error. A diffusion coefficient that only some replicas have is none: averaging those would
choose the fast ones. First peak and minimum of g(r) are those of the replicas' mean g(r) (analysis/pooled_rdf.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.experiment import DEVIATION
from analysis.pooled_rdf import FEATURES, pooled_features, without_own_values
from analysis.replica_errors import BOUND, KEY, UNVARIED, half_widths, means
from analysis.run import RunError
from analysis.table import POOLED_COLUMNS, PREVIEW_MARK, join_notes, read_csv, write_csv

# quantity -> "max" or "min" of the replicas; NaN when any replica has NaN.
_WORST = {
    "start": "max",
    "stationary_from": "max",
    "stationary": "min",
    "box_edge_min": "min",
    "largest_step": "max",
    "trajectory_end": "min",
    "own_copy_distance_min": "min",
    "residence_lower_bound_continuous": "max",
    "residence_lower_bound_intermittent": "max",
}
# What only some replicas have is none: quantity -> what those have that have it, and what goes with it.
_ALL_OR_NONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "D_infinite": ("corrected", ()),
    "D": ("diffusive", ("D_sensitivity", "D_blocks", "D_infinite", "fit_window_start", "fit_window_end")),
    "D_bound": ("diffusive", ()),
    "D_free": ("diffusive", ()),
    "conductivity_ne": ("diffusive", ()),
    "transference_apparent": ("diffusive", ()),
    "conductivity": ("converged", ()),
    "onsager": ("converged", ()),
    "haven_ratio": ("converged", ()),
    "transference_onsager": ("converged", ()),
    "residence_time_continuous": ("long enough", ("residence_beta_continuous",)),
    "residence_time_intermittent": ("long enough", ("residence_beta_intermittent",)),
}
# Quantities of which a replica lists the commonest labels that occurred in it, and _REST is what it does not list: a
# label that it lacks has the value 0 there, or is part of the rest, and is then at most as common as any listed one.
_ABSENT_IS_ZERO = ("shell",)
_REST = "other"
# Distributions over x: a replica lists those x that occurred in it, and all others have the share 0 there.
_DISTRIBUTION = "_probability"


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
    joined["bound"] = joined["value"].notna() & joined["note"].str.extract(BOUND)[0].notna()
    groups = joined.groupby(KEY, sort=False, dropna=False)
    pooled = means(joined)
    unknown = groups["unknown"].sum().to_numpy()
    pooled["error"] = half_widths(pooled) + unknown / np.maximum(pooled["n"], 1)
    notes = _pooled_notes(joined.assign(note=without_own_values(joined)), groups.ngroup(), len(tables))
    # noise moves features of one run at will, and a bound is no estimate
    alarms = pooled["disagreement"].where(~pooled["quantity"].isin(FEATURES) & ~groups["bound"].any().to_numpy())
    pooled["note"] = [_with_alarm(note, times) for note, times in zip(notes, alarms, strict=True)]
    unvaried = pooled["error"].isna() & pooled["same"] & (pooled["unit"] == "1") & (pooled["n"] > 1)
    unvaried &= pooled["x"].isna() | pooled["quantity"].str.endswith(_DISTRIBUTION)  # not each bin of a g(r)
    pooled.loc[unvaried, "note"] = [join_notes(note, UNVARIED) for note in pooled.loc[unvaried, "note"]]
    pooled = _with_bounds(pooled, joined)
    pooled = _with_worst(pooled, joined, len(tables))
    pooled = _without_chosen(pooled, joined, len(tables))
    pooled = _with_features(pooled, joined)
    pooled["system"] = system
    return _in_order(pooled)[POOLED_COLUMNS]


def _with_alarm(note: str, times: float) -> str:
    """Return a note with what replicas that differ by more than their errors mean; a preview judges nothing."""
    if np.isnan(times) or re.search(PREVIEW_MARK, note):
        return note
    return join_notes(note, f"between replicas {times:.2g} times the error within: not equilibrated or too short")


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
        pooled.loc[rows, "note"] = [join_notes(note, found.note) for note in notes]
    return pooled


def _with_bounds(pooled: pd.DataFrame, joined: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the word of a bound first wherever a replica has only that, and no deviation of a bound.

    Each replica is at most (at least) right on the average, so their mean is a lower (upper) bound. Replicas whose
    integral has a plateau alone would be a choice of the fast ones.
    """
    pooled, known = pooled.copy(), joined[joined["bound"] & joined["x"].isna()]
    words = known["note"].str.extract(BOUND)[0].rename("word")
    for (quantity, label, word), own in known.groupby(["quantity", "label", words], sort=False):
        rows = (pooled["quantity"] == quantity) & (pooled["label"] == label) & pooled["x"].isna()
        n = int(pooled.loc[rows, "n"].iloc[0])
        told = f"{word} in {len(own)} of {n} replicas"
        if len(own) == n:
            pooled.loc[rows, "value"] = own["value"].max() if word == "lower bound" else own["value"].min()
        pooled.loc[rows, "error"] = np.nan
        starts = pooled.loc[rows, "note"].str.replace(PREVIEW_MARK, "", regex=True).str.startswith(str(word))
        pooled.loc[rows & ~starts, "note"] = [join_notes(told, note) for note in pooled.loc[rows & ~starts, "note"]]
        missed = (pooled["quantity"] == DEVIATION) & (pooled["label"] == quantity)
        pooled.loc[missed, ["value", "error", "n"]] = [np.nan, np.nan, 0]
        pooled.loc[missed, "note"] = f"the value is {'an' if str(word).startswith('u') else 'a'} {told}"
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
    """Return the rows with a 0 where a replica does not list what another one does, of shells and distributions.

    Where that replica has a rest, the label may be in it: `unknown` is the most that it can then be, which the error
    of the mean gets in full. The 0 keeps the sum of all labels, or of a distribution, 1.
    """
    blank = "preview" if joined["note"].str.contains(PREVIEW_MARK).any() else ""
    found = [joined.assign(unknown=0.0)]
    own = joined[joined["quantity"].isin(_ABSENT_IS_ZERO)]
    for replica, zeros in _unlisted(own, ["quantity"]):
        unknown = _most_unlisted(own[own["replica"] == replica])
        note = f"not among the commonest there, at most {unknown:.2g}" if unknown > 0 else ""
        found.append(zeros.assign(unknown=unknown, note=join_notes(blank, note)))
    curves = joined[joined["quantity"].str.endswith(_DISTRIBUTION) & joined["x"].notna()]
    for _, zeros in _unlisted(curves, ["quantity", "label"]):
        found.append(zeros.assign(unknown=0.0, note=blank))
    return pd.concat(found, ignore_index=True)


def _unlisted(own: pd.DataFrame, whole: Sequence[str]) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield replica and the rows, with the value 0, that others list and it does not.

    Rows that agree in `whole` are one distribution; a replica without any of one has not measured it.
    """
    one = [*whole, *(name for name in KEY if name not in whole)]
    for _, group in own.groupby(list(whole), sort=False):
        first = group.drop_duplicates(one).assign(value=0.0, error=np.nan)
        for replica, listed in group.groupby("replica", sort=False):
            known = pd.MultiIndex.from_frame(listed[one])
            zeros = first[~pd.MultiIndex.from_frame(first[one]).isin(known)]
            if len(zeros):
                yield int(str(replica)), zeros.assign(replica=replica)


def _most_unlisted(own: pd.DataFrame) -> float:
    """Return the largest share of a label that a replica does not list: of the rest, and of the least common listed."""
    rest = own["label"] == _REST
    return float(min(own.loc[rest, "value"].max(), own.loc[~rest, "value"].min())) if rest.any() else 0.0


def _without_chosen(pooled: pd.DataFrame, joined: pd.DataFrame, n_tables: int) -> pd.DataFrame:
    """Return the table without what some replicas have and others have not, of `_ALL_OR_NONE`."""
    pooled = pooled.copy()
    coefficients = joined[joined["quantity"].isin(_ALL_OR_NONE)]
    for key, own in coefficients.groupby(["quantity", "label", "x"], sort=False, dropna=False):
        quantity, label, x = str(key[0]), str(key[1]), float(str(key[2]))
        known = int(own["value"].notna().sum())
        if known in (0, n_tables):
            continue
        absent = joined.drop_duplicates("replica")[["replica"]].query("replica not in @own.replica")
        lacking = pd.concat([own[own["value"].isna()], absent.assign(note="not measured")])
        what, others = _ALL_OR_NONE[quantity]
        note = f"{what} in {known} of {n_tables} replicas: {'; '.join(_named(lacking))}"
        rows = (pooled["label"] == label) & pooled["quantity"].isin([quantity, *others])
        rows &= (pooled["x"] == x) | np.isnan(x)
        rows |= (pooled["quantity"] == DEVIATION) & (pooled["label"] == quantity)
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
