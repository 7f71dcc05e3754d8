"""Is a number of the right size? Ranges, and the slip that would explain a value outside of one."""

from __future__ import annotations

# Factor that brings a value into its range -> the slip that explains it.
ENERGY_SLIPS = (
    (4.184, "it looks like kcal instead of kJ: multiply by 4.184"),
    (1 / 4.184, "it looks converted from kcal twice: divide by 4.184"),
    (2.0, "it looks like k x^2 instead of 1/2 k x^2: multiply by 2"),
    (0.5, "it looks doubled: divide by 2"),
    (418.4, "it looks like kcal/A^2 instead of kJ/nm^2: multiply by 418.4"),
    (836.8, "it looks like kcal/A^2 in k x^2: multiply by 836.8"),
    (100.0, "it looks like kJ/A^2 instead of kJ/nm^2: multiply by 100"),
    (0.1, "it looks ten times too large"),
    (10.0, "it looks ten times too small"),
)
LENGTH_SLIPS = (
    (0.1, "it looks like angstrom instead of nm: divide by 10"),
    (10.0, "it looks ten times too small"),
    (0.5, "it looks doubled: divide by 2"),
    (2.0, "it looks halved: multiply by 2"),
    (0.1 * 2 ** (-1 / 6), "it looks like the distance of the minimum in angstrom: divide by 11.225"),
    (2 ** (-1 / 6), "it looks like the distance of the minimum: divide by 1.1225"),
    (2 ** (5 / 6), "it looks like half the distance of the minimum: multiply by 1.7818"),
)
ANGLE_SLIPS = (
    (57.29578, "it looks like radian instead of degree: multiply by 57.296"),
    (0.5, "it looks doubled: divide by 2"),
    (2.0, "it looks halved: multiply by 2"),
)


def within(value: float, low: float, high: float) -> bool:
    """Whether a value lies in a closed range."""
    return low <= value <= high


def remedy(value: float, low: float, high: float, slips: tuple[tuple[float, str], ...]) -> str:
    """What to do about a value outside its range: the range, and the first slip that explains it."""
    slip = next((text for factor, text in slips if within(value * factor, low, high)), None)
    return f"Expected {shown(low)} to {shown(high)}" + (f"; {slip}" if slip else "; correct it")


def shown(value: float) -> str:
    """A number in three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):.0f}" if abs(value) >= 1000 else f"{value:.3g}"
