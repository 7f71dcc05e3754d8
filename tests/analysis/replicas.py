"""Tables of replicas and run.json documents made of known numbers, for tests of what compares systems."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.table import frame, row, write_csv
from tests.analysis.conftest import run_document, species_entry

Values = Mapping[tuple[str, str], Sequence[float]]


def scalars(system: str, values: Values, error: float = 0.01, note: str = "") -> pd.DataFrame:
    """Return the numbers of a system's replicas, one value a replica under each (quantity, label)."""
    tables = [
        frame([row(*key, one, "1", error, note=note if math.isnan(one) else "")], system=system, replica=replica)
        for key, own in values.items()
        for replica, one in enumerate(own, start=1)
    ]
    return pd.concat(tables, ignore_index=True)


def document(system: str, base: str | None, *, chains: bool, **changes: Any) -> dict[str, Any]:
    """Return run.json of an electrolyte with or without chains; `uncharged` marks the chains as a control."""
    uncharged = changes.pop("uncharged", False)
    species = [species_entry("Li", "cation", 4, charge_e=1.0), species_entry("G", "solvent", 8, (16.0,))]
    species += [species_entry("PAB", "polymer", 1, (14.0,)) | {"uncharged": uncharged}] if chains else []
    return run_document(species, [], system=system, title=f"title of {system}", base=base, **changes)


def write_replicas(results: Path, run: Mapping[str, Any], values: Values) -> None:
    """Write run.json and one table of numbers for each replica, as the workflow leaves them."""
    system = str(run["system"])
    n = max(len(own) for own in values.values())
    for replica in range(1, n + 1):
        folder = results / system / f"r{replica}"
        rows = [row(*key, own[replica - 1], "1", 0.01) for key, own in values.items() if len(own) >= replica]
        write_csv(frame(rows, system=system, replica=replica), folder / "observables" / "measured.csv")
        (folder / "run.json").write_text(json.dumps(dict(run) | {"replica": replica}), encoding="utf-8")
