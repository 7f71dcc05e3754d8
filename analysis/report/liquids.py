"""The table of pure liquids against experiment: value, measured value, deviation, target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.compare import Comparison, comparisons
from analysis.report.collect import Finished
from analysis.report.formatting import number, unit_text, with_interval
from analysis.report.names import quantity_name
from analysis.report.summary import Cell


@dataclass(frozen=True)
class LiquidLine:
    """One quantity of one liquid; the cells are those of the table, in its order."""

    member: Finished
    quantity: str
    name: str
    unit: str
    computed: Cell
    measured: Cell
    deviation: Cell
    target: str
    met: str


def liquid_lines(finished: Sequence[Finished]) -> tuple[LiquidLine, ...]:
    """Return one line per system and quantity that has a measured value to compare with."""
    return tuple(
        _line(member, one) for member in finished for one in comparisons(member.run, list(member.tables.values()))
    )


def _line(member: Finished, one: Comparison) -> LiquidLine:
    details = tuple(text for text in (one.note,) if text)
    if math.isfinite(one.value):
        computed = Cell(with_interval(one.value, one.error), details, True)
        deviation = Cell(with_interval(one.deviation_percent, one.deviation_error), (), True)
    else:
        computed, deviation = Cell(one.note or "not determined"), Cell("–")
    uncertainty = f" ± {number(one.uncertainty)}" if math.isfinite(one.uncertainty) else " (uncertainty not told)"
    remarks = tuple(text for text in (one.source, one.remark) if text)
    target = f"{number(one.target_percent)} %" + (", an expectation" if one.informative else "")
    return LiquidLine(
        member=member,
        quantity=one.quantity,
        name=quantity_name(one.quantity),
        unit=unit_text(one.unit),
        computed=computed,
        measured=Cell(number(one.measured, 5) + uncertainty, remarks),
        deviation=deviation,
        target=target if math.isfinite(one.target_percent) else "–",
        met=one.met,
    )
