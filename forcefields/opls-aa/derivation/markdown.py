"""Tables and numbers of RESULT.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; without rows a line that says so."""
    if not rows:
        return f"({header[0]}: nothing computed yet)\n"
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def number(value: float, form: str = ".1f") -> str:
    """Return a number, or `not computed` for NaN."""
    return format(value, form) if np.isfinite(value) else "not computed"
