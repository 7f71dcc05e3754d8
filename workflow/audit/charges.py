"""The smallest correction that makes rounded charges add up exactly."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import gcd

UNIT_E = Decimal("0.000001")
MOST_OFF_E = Decimal("0.01")


@dataclass(frozen=True)
class Correction:
    """Corrected charges in elementary charges, what they added up to before, and the largest change of one."""

    charges_e: tuple[Decimal, ...]
    sum_before_e: Decimal
    largest_change_e: Decimal


def corrected(charges_e: Sequence[Decimal], alike: Sequence[int], total_e: int) -> Correction | None:
    """The charges nearest to the given ones that add up to `total_e` and are equal for atoms that are alike.

    Nearest is meant as least squares: every group of atoms that are alike (the same number in `alike`) gets its mean,
    then every atom the same part of what lacks. Rounding to 1e-6 e leaves some units; they go to as few groups as
    possible. None when the given charges are more than 0.01 e off: that is no rounding.
    """
    before = sum(charges_e, Decimal(0))
    if abs(before - total_e) > MOST_OFF_E:
        return None
    sizes = Counter(alike)
    share = (total_e - before) / len(charges_e)
    sums: dict[int, Decimal] = {}
    for charge, group in zip(charges_e, alike, strict=True):
        sums[group] = sums.get(group, Decimal(0)) + charge
    means = {group: sums[group] / size for group, size in sizes.items()}
    units = {group: round((mean + share) / UNIT_E) for group, mean in means.items()}
    lacking = int(total_e / UNIT_E) - sum(units[group] * size for group, size in sizes.items())
    if lacking % gcd(*sizes.values()):  # thirds of a unit would be needed: let atoms that are alike differ by one
        return corrected(charges_e, range(len(charges_e)), total_e)
    for group, steps in _steps(lacking, sizes).items():
        units[group] += steps
    new = tuple(units[group] * UNIT_E for group in alike)
    assert sum(new, Decimal(0)) == total_e
    largest = max(abs(a - b) for a, b in zip(new, charges_e, strict=True))
    return Correction(new, before, largest)


def _steps(lacking: int, sizes: Counter[int]) -> dict[int, int]:
    """How many units each group moves so that all atoms together move by `lacking`, in as few steps as possible.

    `lacking` is a multiple of the greatest common divisor of the groups' sizes, so that there is a way.
    """
    moves = {size * sign: (group, sign) for group, size in sizes.items() for sign in (1, -1)}
    came_from: dict[int, int | None] = {0: None}
    waiting = deque([0])
    while lacking not in came_from:
        reached = waiting.popleft()
        for move in moves:
            if abs(reached + move) <= abs(lacking) + 2 * max(sizes.values()) and reached + move not in came_from:
                came_from[reached + move] = reached
                waiting.append(reached + move)
    steps: dict[int, int] = {}
    while (previous := came_from[lacking]) is not None:
        group, sign = moves[lacking - previous]
        steps[group] = steps.get(group, 0) + sign
        lacking = previous
    return steps
