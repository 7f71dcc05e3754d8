"""Contacts taken from the stored pairs: who is counted, and as what."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.cutoffs import CONTACT_NM, IONS, contact_distance_nm, ion_of, pair_cutoff_nm
from analysis.neighbours import BIN_NM
from analysis.run import RunError, SiteGroup
from analysis.shells import (
    contact_nm,
    coordinating_sites,
    counted,
    holder_of,
    mean_error,
    mean_with_error,
    molecule_contacts,
    part_of,
)

from .contact_runs import FloatArray, contact_reading, contact_run, species, telegraph
from .moving_ions import is_honest, normal_deviates

O_SITE = SiteGroup("O(DME)", "DME", "O", (0, 2))
HB_SITE = SiteGroup("HB(DME)", "DME", "HB", (1,))
RUN = contact_run([species("K", "cation", 3), species("DME", "solvent", 4, 3)], [O_SITE, HB_SITE])


def test_molecules_are_counted_once_with_all_their_atoms() -> None:
    oxygens = telegraph(40, (3, 8), 0.3, 0.3, seed=1)
    hydrogens = telegraph(40, (3, 4), 0.3, 0.3, seed=2)
    reading = contact_reading(RUN, {"O(DME)": oxygens, "HB(DME)": hydrogens}, 40)
    found = molecule_contacts(RUN, reading, [O_SITE, HB_SITE], first=7)
    atoms = oxygens.reshape(40, 3, 4, 2).sum(axis=3) + hydrogens
    again = np.zeros((33, 3, 4), dtype=int)
    again[found.frame, found.cation, found.molecule] = found.atoms
    assert np.array_equal(again, atoms[7:])
    assert np.array_equal(found.per_cation(), (atoms[7:] > 0).sum(axis=2))
    assert np.array_equal(found.per_molecule(), (atoms[7:] > 0).sum(axis=1))
    assert np.all(np.diff(found.frame) >= 0)


def test_sites_are_counted_by_cation_and_frame() -> None:
    oxygens = telegraph(40, (3, 8), 0.3, 0.3, seed=1)
    reading = contact_reading(RUN, {"O(DME)": oxygens}, 40)
    assert np.array_equal(counted(RUN, reading, O_SITE, 7), oxygens.sum(axis=2)[7:])
    wider = counted(RUN, reading, O_SITE, shift_nm=0.021)
    assert np.all(wider[::2] == 8)  # those just beyond contact too, in every second frame


@pytest.mark.parametrize(
    ("label", "part"),
    [
        ("N_head(PAB)", "head"),
        ("HB_middle(PAB)", "middle"),
        ("N(PAB,tail)", "tail"),
        ("O(DME)", ""),
        ("O_carbonyl(EC)", ""),
        ("O_headgroup(X)", ""),
    ],
)
def test_units_are_read_from_the_label(label: str, part: str) -> None:
    assert part_of(SiteGroup(label, "X", "N", (0,))) == part


def test_classes_and_kinds() -> None:
    assert [holder_of(role) for role in ("solvent", "additive", "anion", "polymer")] == [
        "solvent",
        "solvent",
        "anion",
        "chain",
    ]
    assert coordinating_sites(RUN) == [O_SITE, HB_SITE]
    with pytest.raises(RunError, match="no contact distance for kind 'S'"):
        contact_nm(RUN, SiteGroup("S(X)", "X", "S", (0,)))


def test_contact_distances_grow_with_the_ion() -> None:
    assert contact_distance_nm("O", (6.941,)) == CONTACT_NM["O"] == 0.28
    # Na+ 0.102 and K+ 0.138 against Li+ 0.076 nm (Shannon 1976)
    assert contact_distance_nm("O", (22.98977,)) == pytest.approx(0.306)
    assert contact_distance_nm("HB", (39.0983,)) == pytest.approx(0.312)
    assert contact_distance_nm("O", (40.078,)) == pytest.approx(0.304)  # Ca2+, not K+
    assert contact_distance_nm("O", (6.94, 1.008)) == 0.28 and ion_of((6.94, 1.008)) == ""
    sodium = contact_run(
        [replace(species("Na", "cation", 3), masses_u=(22.99,)), species("DME", "solvent", 8)], [O_SITE]
    )
    assert contact_nm(sodium, O_SITE) == pytest.approx(0.306)


@pytest.mark.parametrize("ion", IONS)
def test_contact_distances_are_edges_of_bins(ion: str) -> None:
    for kind in CONTACT_NM:
        for distance in (contact_distance_nm, pair_cutoff_nm):
            bins = distance(kind, (IONS[ion][0],)) / BIN_NM
            assert bins == pytest.approx(round(bins), abs=1e-6)
        exact = CONTACT_NM[kind] + IONS[ion][1] - IONS["Li"][1]
        assert abs(contact_distance_nm(kind, (IONS[ion][0],)) - exact) <= BIN_NM / 2 + 1e-9


def changing(p_off: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """Contacts of each cation with three sites, in contact a fifth of the time; lifetime 1 / p_off frames of 300."""
    return lambda rng, n: telegraph(300, (n, 3), p_off, p_off / 4, int(rng.integers(2**31))).sum(axis=2) - 0.6


def together(share: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """All cations fluctuate together in a share of their variance."""
    return lambda rng, n: (
        math.sqrt(share) * rng.normal(size=(300, 1)) + math.sqrt(1 - share) * rng.normal(size=(300, n))
    )


def frozen_and_together(rng: np.random.Generator, n: int) -> FloatArray:
    """Shells that differ for ever, and a fluctuation of all that moves the mean as much."""
    common = 0.3 * math.sqrt(300 / n) * rng.normal(size=(300, 1))
    return np.asarray(0.3 * rng.normal(size=n) + common + rng.normal(size=(300, n)))


def frozen(rng: np.random.Generator, n: int) -> FloatArray:
    return np.repeat(rng.normal(size=(1, n)), 300, axis=0)


@pytest.mark.parametrize("n_cations", [5, 12, 40, 100])
@pytest.mark.parametrize(
    "system",
    [
        *(changing(p_off) for p_off in (0.2, 0.016, 0.0024)),
        frozen,
        *(together(share) for share in (0.03, 0.2, 1.0)),
        frozen_and_together,
    ],
    ids=["fast", "slow", "nearly frozen", "frozen", "hardly", "somewhat", "together", "frozen and together"],
)
def test_the_error_of_a_mean_is_honest(
    n_cations: int, system: Callable[[np.random.Generator, int], FloatArray]
) -> None:
    """From contacts that change all the time to none that do, alone and all at once: spread of z over 300 repeats."""
    means, found = [], []
    for seed in range(300):
        values = system(np.random.default_rng(seed), n_cations)
        means.append(values.mean())
        found.append(mean_error(np.array([part.mean(axis=0) for part in np.array_split(values, 5)])))
    width, freedom = (np.array([getattr(one, name) for one in found]) for name in ("half_width", "freedom"))
    deviations = np.array(means)
    z = np.array([normal_deviates(*one) for one in zip(deviations, width, freedom, strict=True)])
    varied = np.isfinite(width)  # five frozen cations may all have the same number
    assert varied.mean() > 0.95
    z, width, deviations = z[varied], width[varied], deviations[varied]
    assert is_honest(z), (z.std(ddof=1), z.mean())
    assert np.mean(np.abs(deviations) < width) > 0.9


def test_what_decides_on_the_error() -> None:
    rng = np.random.default_rng(1)
    parts, cations = np.arange(5.0)[:, None], np.arange(12.0)
    noise = 0.01 * rng.normal(size=(5, 12))
    one = mean_error(parts + noise)
    assert one.freedom == 4 and one.standard == pytest.approx(math.sqrt(2.5 / 5), rel=0.01) and not one.from_cations
    other = mean_error(cations + noise)
    assert other.freedom == 11 and other.standard == pytest.approx(math.sqrt(13 / 12), rel=0.01) and other.from_cations
    both = mean_error(parts + cations + noise)
    assert both.standard == pytest.approx(math.sqrt(2.5 / 5 + 13 / 12), rel=0.01) and 4 < both.freedom < 15
    alone = mean_error((parts + noise)[:, :1])
    assert alone.freedom == 4 and np.isnan(mean_error(np.ones((5, 12))).standard)
    several = mean_error(np.stack([parts + noise, cations + noise], axis=-1))
    assert several.standard.tolist() == pytest.approx([float(one.standard), float(other.standard)])


def test_what_never_changes_has_no_error_from_parts() -> None:
    same = np.ones((50, 8), dtype=bool)
    mean, error, note = mean_with_error(same, 1.0)
    assert mean == 1
    assert math.isnan(error)
    assert note == "never changed: no error can be given"
    half = np.repeat([[True, False] * 4], 50, axis=0)
    mean, error, note = mean_with_error(half, 1.0)
    assert mean == 0.5
    assert error == pytest.approx(2.3646 * math.sqrt(0.25 * 8 / 7 / 8), rel=1e-4)
    assert note == "never changed: error from the spread between the cations"


def test_one_frame_is_too_few() -> None:
    mean, error, note = mean_with_error(np.array([[1, 0, 2]]), math.nan)
    assert mean == 1
    assert math.isnan(error)
    assert note == ""
