"""Scan points that are mirror images of each other: which they are, and that one serves for both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from derivation import jobs, mirror, raw, scans, xyz_file
from derivation.oligomers import oligomer
from derivation.starts import STARTS, torsion_deg
from derivation.xyz_file import Structure

ENERGY_HA = -1.0


STARTING = xyz_file.read(STARTS)


def points_of(scan: str) -> dict[str, Structure]:
    return {name: one for name, one in STARTING.items() if name.startswith(f"{scan}@")}


def turned_back(one: Structure) -> Structure:
    """Return the structure with every atom where its own mirror image has it, one hydrogen a little aside."""
    moved = one.xyz_A * np.array([-1.0, 1.0, 1.0])
    moved[-1] += 0.1
    return replace(one, xyz_A=moved)


def test_a_flat_backbone_has_images_and_one_displaced_atom_ends_that() -> None:
    points = points_of("PIB-n3-t2")
    found = mirror.images(points)
    assert found == {f"PIB-n3-t2@-{angle:03d}": f"PIB-n3-t2@+{angle:03d}" for angle in range(30, 151, 30)}
    moved = {name: turned_back(one) if "-060" in name else one for name, one in points.items()}
    assert set(mirror.images(moved)) == set(found) - {"PIB-n3-t2@-060"}
    assert mirror.images(points_of("PAB-n3-t1")) == {}


def test_an_image_is_the_starting_structure_of_the_point_it_stands_for() -> None:
    points = points_of("PIB-n3-t2")
    one, other = points["PIB-n3-t2@+060"], points["PIB-n3-t2@-060"]
    image = mirror.image_of(one, other.name)
    assert dict(image.said) == dict(other.said) and image.name == other.name
    torsion = oligomer("PIB", 3).torsions[1]
    assert torsion_deg(image.xyz_A, torsion) == pytest.approx(-60.0, abs=1.0)
    apart = [np.linalg.norm(at.xyz_A[:, None] - at.xyz_A[None], axis=2) for at in (one, image)]
    assert apart[1] == pytest.approx(apart[0], abs=1e-9)


def test_no_image_is_a_job_and_every_other_point_is() -> None:
    spared = mirror.images(STARTING)
    names = {job.structure for job in jobs.all_jobs()}
    assert spared and set(spared) == set(STARTING) - names
    assert set(spared.values()) <= names


def test_a_scan_is_whole_with_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    points = points_of("PIB-n3-t2")
    spared = mirror.images(points)
    assert len(spared) == 5
    computed = {name: one for name, one in points.items() if name not in spared}
    monkeypatch.setattr(raw, "geometries", lambda: computed)
    monkeypatch.setattr(raw, "energy_Ha", lambda name: ENERGY_HA * abs(_angle(computed[name])))
    (scan,) = scans.scans("PIB")
    assert scan.angles_deg.tolist() == list(range(-150, 181, 30))
    assert np.array_equal(scan.energies_kJ_per_mol[:5], scan.energies_kJ_per_mol[-2:-7:-1])
    assert len(np.unique(scan.energies_kJ_per_mol)) == 7


def _angle(one: Structure) -> float:
    return float(one.said["held_deg"])
