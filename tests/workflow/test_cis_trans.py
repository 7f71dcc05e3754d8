"""Sequences of cis and trans bonds against the enumeration of all of them."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from workflow import cis_trans
from workflow.backbone import Backbone
from workflow.conformers import cis_share, draw
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems

ROOT = Path(__file__).resolve().parents[2]
PIB = read_molecules(ROOT, Problems(ROOT))["PIB"]
ASKED = 0.72  # PIB's


def enumerated(bonds: int, probability: float, straight: bool = False) -> dict[str, float]:
    """The chance of every sequence: independent bonds, given no two cis in a row and, unless told, not all trans."""
    words = ["".join(one) for one in product("ct", repeat=bonds)]
    kept = [one for one in words if "cc" not in one and (straight or bonds == 1 or "c" in one)]
    weights = {one: probability ** one.count("c") * (1 - probability) ** one.count("t") for one in kept}
    total = sum(weights.values())
    return {one: weight / total for one, weight in weights.items()}


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.72, 0.95])
@pytest.mark.parametrize("bonds", [1, 2, 5, 9])
def test_the_chances_of_whole_sequences_are_those_of_the_enumeration(bonds: int, probability: float) -> None:
    for letters, wanted in enumerated(bonds, probability, straight=True).items():
        chance = 1.0
        for count, letter in enumerate(letters):
            cis = cis_trans.cis_next(letters[:count], bonds, probability)
            chance *= cis if letter == "c" else 1 - cis
        assert chance == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.72, 0.95])
@pytest.mark.parametrize("bonds", [1, 2, 3, 9, 13])
def test_the_mean_share_is_that_of_the_enumeration(bonds: int, probability: float) -> None:
    wanted = sum(chance * one.count("c") / bonds for one, chance in enumerated(bonds, probability).items())
    assert cis_trans.share(bonds, probability) == pytest.approx(wanted, abs=1e-12)


def test_sequences_are_drawn_as_often_as_their_chance() -> None:
    rng = np.random.default_rng(4)
    found = Counter(cis_trans.drawn(5, ASKED, rng) for _ in range(8000))
    wanted = enumerated(5, ASKED, straight=True)
    assert set(found) == set(wanted)
    for letters, chance in wanted.items():
        assert abs(found[letters] - 8000 * chance) < 4.5 * np.sqrt(8000 * chance)


def test_a_bond_that_is_always_cis_has_a_trans_one_beside_it() -> None:
    assert cis_trans.drawn(5, 1.0, np.random.default_rng(1)) == "ctctc"
    assert cis_trans.share(5, 1.0) == pytest.approx(0.6)


@pytest.mark.parametrize("monomers", [3, 4, 5])
def test_short_chains_clash_where_two_cis_bonds_follow_each_other_and_only_there(monomers: int) -> None:
    assert PIB is not None
    chain = Backbone(PIB, monomers)
    for one in map("".join, product("ct", repeat=2 * monomers - 3)):
        assert (chain.built(one) is None) == ("cc" in one), one


@pytest.mark.parametrize("monomers", [3, 4, 6])
def test_chains_are_drawn_from_that_distribution(monomers: int) -> None:
    """The drawn share lies within four standard errors of the exact one, and sequences may come twice."""
    assert PIB is not None and PIB.polymer is not None and PIB.polymer.cis_probability == ASKED
    count, bonds = 400, 2 * monomers - 3
    sequences = [one.sequence or "" for one in draw(PIB, monomers, count, seed=monomers)]
    chances = enumerated(bonds, ASKED)
    each = np.array([one.count("c") / bonds for one in chances])
    mean = float(np.dot(each, list(chances.values())))
    variance = float(np.dot((each - mean) ** 2, list(chances.values())))
    assert abs(cis_share(sequences) - mean) < 4 * np.sqrt(variance / count)
    assert set(sequences) <= set(chances) and len(set(sequences)) < count


def test_the_shares_of_pib_that_its_files_tell() -> None:
    assert cis_trans.share(9, ASKED) == pytest.approx(0.379, abs=5e-4)  # six monomers
    assert cis_trans.share(17, ASKED) == pytest.approx(0.366, abs=5e-4)  # ten
