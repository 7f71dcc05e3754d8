"""What the configuration asks for now against what ran: results of an earlier one must not pass for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.report.formatting import join_words, number
from analysis.run_schema import RunError

EARLIER = "from an earlier configuration"
_SHORTER = 0.999
"""Share of the length asked for below which a run counts as short: the last frame may be missing."""


def load_expected(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return system -> replica (as text) -> "production_hash" and "production_ns" from a JSON file.

    Raises:
        RunError: the file cannot be read or has another shape.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: what is expected cannot be read ({error})") from error
    replicas = [one for system in _values(document, path) for one in _values(system, path)]
    for one in replicas:
        if not isinstance(one, dict) or not isinstance(one.get("production_ns", 0.0), int | float):
            raise RunError(f"{path}: not system -> replica -> production_hash and production_ns (a number)")
    return dict(document)


def _values(document: object, path: Path) -> list[Any]:
    if not isinstance(document, dict):
        raise RunError(f"{path}: not system -> replica -> production_hash and production_ns")
    return list(document.values())


def compare(runs: Mapping[int, dict[str, Any]], expected: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return remarks in whole sentences and marks of a few words about runs that are not what is asked for.

    A run is from an earlier configuration when the hash of its physics is not the expected one; it is short when
    less was done than is expected, or than its own run.json asks for where nothing is expected.
    """
    earlier, short = [], dict[int, str]()
    for replica, run in runs.items():
        wanted = expected.get(str(replica), {})
        wanted_hash = wanted.get("production_hash")
        if wanted_hash is not None and run.get("hashes", {}).get("production") != wanted_hash:
            earlier.append(replica)
        asked, done = wanted.get("production_ns", run.get("production_ns")), run.get("production_ns_done")
        if asked is not None and done is not None and done < _SHORTER * asked:
            short[replica] = f"{number(float(done))} of {number(float(asked))} ns"
    remarks = [f"{_replicas(earlier)} {EARLIER}, not what is configured now"] if earlier else []
    remarks += [f"replica {replica}: {text}" for replica, text in short.items()]
    return remarks, [*([EARLIER] if earlier else []), *dict.fromkeys(short.values())]


def _replicas(which: list[int]) -> str:
    names = join_words([str(replica) for replica in which])
    return f"replicas {names} are" if len(which) > 1 else f"replica {names} is"
