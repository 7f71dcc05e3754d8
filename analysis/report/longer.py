"""How much longer: what each key number needs for an error of ten percent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.report.collect import Finished, records
from analysis.report.formatting import number
from analysis.report.names import line_name, rank_of
from analysis.sampling import MOST_REPLICAS, TARGET, Needed, needed

KEY_QUANTITIES = frozenset({
    "cn_total", "cn_molecule", "motif_share", "speciation", "exchanges", "D", "msd_at_1ns", "conductivity",
    "conductivity_ne", "transference_apparent", "transference_onsager", "haven_ratio", "viscosity",
    "residence_time_intermittent", "dielectric_constant", "heat_of_vaporisation",
})  # fmt: skip


@dataclass(frozen=True)
class LongerLine:
    """One number of an electrolyte: for each system what its error needs."""

    name: str
    texts: tuple[str, ...]


def longer_lines(members: Sequence[Finished]) -> tuple[LongerLine, ...]:
    """Return a line per key number that at least one system has; nothing of previews."""
    if all(member.preview for member in members):
        return ()
    texts: dict[tuple[str, str], dict[str, str]] = {}
    for member in members:
        for row in records(member.scalars):
            key = (str(row["quantity"]), str(row["label"]))
            if key[0] in KEY_QUANTITIES:
                found = needed(float(row["value"]), float(row["error"]), int(row["n"]), _length_ns(member))
                texts.setdefault(key, {})[member.name] = "preview" if member.preview else words(found)
    ordered = sorted(texts, key=lambda key: rank_of(key[0]))
    return tuple(
        LongerLine(line_name(*key), tuple(texts[key].get(one.name, "–") for one in members)) for key in ordered
    )


def _length_ns(member: Finished) -> float:
    """Return the shortest length of a system's runs; NaN when it is not told."""
    lengths = [run.get("production_ns_done") for run in member.runs.values()]
    return min((float(one) for one in lengths if one is not None), default=math.nan)


def words(found: Needed) -> str:
    """Return in words what an error needs."""
    if found.note:
        return found.note
    present = f"± {number(100 * found.relative, 2)} %"
    if found.reached:
        return f"{present}: enough"
    ways = [f"{number(found.run_ns, 2)} ns a run"] if math.isfinite(found.run_ns) else []
    ways.append(f"{found.replicas} replicas" if found.replicas else f"more than {MOST_REPLICAS} replicas")
    return f"{present}: {' or '.join(ways)}"


def target_text() -> str:
    """Return the error that is aimed at, as text."""
    return f"{100 * TARGET:.0f} %"
