"""Sequences of cis and trans bonds of a planar chain: each bond cis with one probability, no two cis bonds in a row.

Two cis bonds in a row put atoms onto each other, so the model is that of independent bonds given that there are none.
Its chances follow from a recursion over the bonds that are still to come (a transfer matrix).
"""

from __future__ import annotations

import numpy as np

CERTAIN = 1 - 1e-12  # a probability of 1 would allow no trans bond, which must stand between two cis ones


def _after_cis(left: int, probability: float) -> float:
    """How much less weight `left` bonds have after a cis bond than after a trans one."""
    ratio = 1.0
    for _ in range(left):
        ratio = (1 - probability) / (1 - probability + probability * ratio)
    return ratio


def cis_next(letters: str, bonds: int, probability: float) -> float:
    """The chance that the next bond of a chain of `bonds` is cis, after these letters (c and t)."""
    if letters.endswith("c"):
        return 0.0
    p = min(probability, CERTAIN)
    cis = p * _after_cis(bonds - len(letters) - 1, p)
    return cis / (1 - p + cis)


def drawn(bonds: int, probability: float, rng: np.random.Generator) -> str:
    """One whole sequence."""
    letters = ""
    while len(letters) < bonds:
        letters += "c" if rng.random() < cis_next(letters, bonds, probability) else "t"
    return letters


def is_straight(letters: str) -> bool:
    """Whether the chain is the straight zigzag, which is not built; of a single torsion it is."""
    return len(letters) > 1 and set(letters) == {"t"}


def share(bonds: int, probability: float) -> float:
    """The mean share of cis bonds in sequences of `bonds` bonds, the straight zigzag left out."""
    trans, mean, straight = 1.0, 0.0, 1.0  # chance that the bond before is trans; cis bonds so far; all trans so far
    for count in range(bonds):
        cis = cis_next("t" * count, bonds, probability)
        straight *= 1 - cis
        mean, trans = mean + trans * cis, 1 - trans * cis
    return mean / bonds / (1 - straight if bonds > 1 else 1)
