"""Numbers, units and labels as text: an interval decides how many digits a value deserves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_HUGE = 1e7
_UNITS = {
    "1": "",
    "nm^2": "nm²",
    "nm^3": "nm³",
    "kg/m^3": "kg/m³",
    "kg/m^3/ns": "kg/m³/ns",
    "m^2/s": "m²/s",
    "cm^2/s": "cm²/s",
    "percent": "%",
    "degC": "°C",
}


def with_interval(value: float, half_width: float) -> str:
    """Return "value ± half width": two significant digits of the half-width, the value to the same place.

    From 1e7 on a half-width has an exponent. A value without a known interval is followed by "(no interval)",
    never shown alone.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number to show")
    if not math.isfinite(half_width):
        return f"{number(value)} (no interval)"
    if half_width >= _HUGE:
        return f"{number(value)} ± {half_width:.1e}"
    if half_width <= 0:
        return f"{number(value)} ± 0"
    # The exponent is taken after rounding to two digits: 0.0996 becomes 0.10, not 0.100.
    exponent = int(f"{half_width:.1e}".split("e")[1])
    places = 1 - exponent
    if places >= 0:
        return f"{_minus(f'{value:.{places}f}')} ± {half_width:.{places}f}"
    return f"{_minus(f'{round(value, places):.0f}')} ± {round(half_width, places):.0f}"


def number(value: float, digits: int = 4) -> str:
    """Return a plain number with `digits` significant digits, without an exponent where that is short."""
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        return _minus(f"{value:.{digits - 1}e}")
    whole = len(str(int(abs(value))))
    text = f"{value:.0f}" if whole >= digits else f"{value:.{digits}g}"
    return _minus(text)


def unit_text(unit: str) -> str:
    """Return a unit for reading: "1e-10 m^2/s" becomes "10⁻¹⁰ m²/s", "1" becomes nothing."""
    if unit.startswith("1e"):
        power, _, rest = unit[2:].partition(" ")
        return f"10{power.translate(_SUPERSCRIPTS)} {unit_text(rest)}".strip()
    return _UNITS.get(unit, unit)


def label_text(label: str) -> str:
    """Return a label for reading: "Li-O_carbonyl(EC)" becomes "Li–O carbonyl (EC)"."""
    head, dash, tail = label.partition("-")
    site, paren, species = (tail if dash else head).partition("(")
    text = site.replace("_", " ")
    if paren:
        text = f"{text} ({species}" if "_" in site else f"{text}({species}"
    return f"{head}–{text}" if dash else text


def species_of(label: str) -> str:
    """Return the species a label ends with: "Li-O(DME)" and "Li-DME" give "DME", "DME" itself too."""
    if label.endswith(")") and "(" in label:
        return label[label.rindex("(") + 1 : -1]
    return label.rpartition("-")[2]


def flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Return nested JSON as "outer, inner" -> text, for tables of what was asked and reached."""
    if isinstance(value, Mapping):
        merged: dict[str, str] = {}
        for key, inner in value.items():
            merged |= flat(inner, f"{prefix}, {key}" if prefix else str(key))
        return merged
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {prefix: " : ".join(scalar(item) for item in value)}
    return {prefix: scalar(value)}


def scalar(value: Any) -> str:
    """Return one JSON scalar as text; None becomes a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else str(value)


def counted(n: int, noun: str) -> str:
    """Return "1 replica", "3 replicas"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def join_words(words: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _minus(text: str) -> str:
    """Return a number with a true minus sign, and zero without one."""
    if "e" in text:
        return text
    return text.replace("-", "−") if text.strip("-0.") else text.removeprefix("-")
