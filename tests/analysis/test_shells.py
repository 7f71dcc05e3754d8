"""Contacts taken from the stored pairs: who is counted, and as what."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.cutoffs import CONTACT_NM, contact_distance_nm, ion_of
from analysis.run import RunError, SiteGroup
from analysis.shells import (
    contact_nm,
    coordinating_sites,
    counted,
    holder_of,
    mean_with_error,
    molecule_contacts,
    part_of,
)

from .contact_runs import contact_reading, contact_run, species, telegraph

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
