"""The smallest correction of charges."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest

from workflow.audit.charges import corrected


@pytest.mark.parametrize("seed", range(20))
def test_the_sum_is_exact_atoms_alike_are_equal_and_no_other_choice_is_nearer(seed: int) -> None:
    rng = random.Random(seed)
    alike = [group for group in range(rng.randint(1, 6)) for _ in range(rng.choice((1, 2, 3, 6)))]
    total = rng.choice((-1, 0, 1))
    raw = [rng.uniform(-0.6, 0.6) for _ in alike]
    shift = (total - sum(raw)) / len(raw) + rng.uniform(-4e-4, 4e-4) / len(raw)
    charges = [Decimal(f"{q + shift:.4f}") for q in raw]
    found = corrected(charges, alike, total)
    assert found is not None
    assert sum(found.charges_e) == total
    assert found.largest_change_e == max(abs(a - b) for a, b in zip(found.charges_e, charges, strict=True))
    new, old = np.array(found.charges_e, dtype=float), np.array(charges, dtype=float)
    for _ in range(20):  # any other set that keeps the conditions is further away (but for the rounding to 1e-6 e)
        step = np.array([rng.uniform(-1, 1) for _ in range(max(alike) + 1)])[alike]
        step -= step.mean()
        other = new + 1e-3 * step
        assert np.linalg.norm(new - old) <= np.linalg.norm(other - old) + 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_atoms_alike_keep_one_charge_where_that_is_possible(seed: int) -> None:
    rng = random.Random(seed)
    alike = [0, 0, 1, 1, 1, 2, 2, 2, 2, 3]
    charges = [Decimal(f"{rng.uniform(-0.01, 0.01) / 10:.4f}") for _ in alike]
    found = corrected(charges, alike, 0)
    assert found is not None
    assert len({(group, charge) for group, charge in zip(alike, found.charges_e, strict=True)}) == 4


def test_three_atoms_alike_cannot_share_a_charge_of_one_exactly() -> None:
    found = corrected([Decimal("0.3333")] * 3, [0, 0, 0], 1)
    assert found is not None and sorted(found.charges_e) == [
        Decimal("0.333333"),
        Decimal("0.333333"),
        Decimal("0.333334"),
    ]


def test_more_than_a_rounding_is_refused() -> None:
    assert corrected([Decimal("0.3"), Decimal("-0.2899")], [0, 1], 0) is None
    assert corrected([Decimal("0.3"), Decimal("-0.29")], [0, 1], 0) is not None
