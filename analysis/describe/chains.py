"""Chain molecules: their backbone, the unit that repeats along it, and which unit each atom belongs to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from analysis.describe.molecules import neighbours_of

LONG_BACKBONE = 20
"""Heavy atoms along a neutral molecule from which on it counts as a polymer; tetraglyme has 16."""

_MIN_UNITS = 2


def backbone(elements: Sequence[str], bonds: Sequence[tuple[int, int]]) -> list[int]:
    """Return the heavy atoms along the longest way through a molecule.

    Exact for molecules without rings (twice the farthest atom from an atom); with rings it may be shorter than
    the longest. It begins with nitrogen where one end is N and the other B, else with the atom that comes first.
    """
    heavy = [atom for atom, element in enumerate(elements) if element not in ("", "H")]
    if not heavy:
        return []
    neighbours = neighbours_of(len(elements), bonds)
    start = _farthest(heavy[0], elements, neighbours)[-1]
    path = _farthest(start, elements, neighbours)
    ends = (elements[path[0]], elements[path[-1]])
    reverse = ends == ("B", "N") or (ends != ("N", "B") and path[0] > path[-1])
    return path[::-1] if reverse else path


def _farthest(start: int, elements: Sequence[str], neighbours: Sequence[Sequence[int]]) -> list[int]:
    """Return the way from a heavy atom to the heavy atom farthest from it."""
    came_from, queue, last = {start: start}, deque([start]), start
    while queue:
        last = queue.popleft()
        for other in neighbours[last]:
            if other not in came_from and elements[other] not in ("", "H"):
                came_from[other] = last
                queue.append(other)
    path = [last]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def is_chain_of_boron_and_nitrogen(elements: Sequence[str], path: Sequence[int]) -> bool:
    """Return whether a backbone is of N and B in turn, at least two of each."""
    text = [elements[atom] for atom in path]
    return len(text) >= 2 * _MIN_UNITS and all({a, b} == {"B", "N"} for a, b in pairwise(text))


def units(elements: Sequence[str], bonds: Sequence[tuple[int, int]]) -> dict[int, str]:
    """Return head, middle or tail for every atom of a chain; nothing when no unit repeats along its backbone.

    The unit is the shortest sequence of backbone atoms, told apart by element and heavy side groups, that repeats
    at least twice; what is left over at the end counts as the tail.
    """
    path = backbone(elements, bonds)
    neighbours = neighbours_of(len(elements), bonds)
    kinds = [_kind(atom, path, elements, neighbours) for atom in path]
    period = _period(kinds)
    if period is None:
        return {}
    n_units = -(-len(path) // period)
    unit_of = {atom: position // period for position, atom in enumerate(path)}
    queue = deque(path)
    while queue:
        atom = queue.popleft()
        for other in neighbours[atom]:
            if other not in unit_of:
                unit_of[other] = unit_of[atom]
                queue.append(other)
    names = {0: "head", n_units - 1: "tail"}
    return {atom: names.get(unit, "middle") for atom, unit in unit_of.items()}


def _kind(atom: int, path: Sequence[int], elements: Sequence[str], neighbours: Sequence[Sequence[int]]) -> str:
    """Return the element of a backbone atom and those of its heavy side groups, as text."""
    side = sorted(
        elements[other] for other in neighbours[atom] if other not in path and elements[other] not in ("", "H")
    )
    return elements[atom] + "(" + "".join(side) + ")"


def _period(kinds: Sequence[str]) -> int | None:
    """Return after how many atoms a sequence repeats; None when it does not. Its two ends may differ."""
    for period in range(1, len(kinds) // _MIN_UNITS + 1):
        inner = kinds[1:-1]
        if all(a == b for a, b in zip(inner, inner[period:], strict=False)):
            return period
    return None
