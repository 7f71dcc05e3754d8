"""Repartitioned hydrogens: molecules keep their mass, hydrogens have what was asked for, nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.test_forcefield import MOLECULES, everything
from workflow.forcefield import write_topology
from workflow.hydrogen_mass import MASS_FIELD, repartition
from workflow.itp import ForceFieldError, sections


def masses_u(path: Path) -> list[list[tuple[str, float]]]:
    """Return name and mass of each atom of each kind of molecule."""
    found = [rows for title, rows in sections(path.read_text()) if title == "atoms"]
    return [[(row[4], float(row[MASS_FIELD])) for row in rows] for rows in found]


def without_masses(path: Path) -> list[object]:
    """Return all sections, masses of atoms left out."""
    return [
        (title, [row[:MASS_FIELD] for row in rows] if title == "atoms" else rows)
        for title, rows in sections(path.read_text())
    ]


def test_molecules_keep_their_mass_and_all_else(tmp_path: Path) -> None:
    top, plain = tmp_path / "heavy.top", tmp_path / "plain.top"
    for path in (top, plain):
        write_topology(path, everything(), "geometric", "all molecules")
    repartition(top, 3.024)
    for heavy, light in zip(masses_u(top), masses_u(plain), strict=True):
        assert sum(mass for _, mass in heavy) == pytest.approx(sum(mass for _, mass in light), abs=1e-5)
        assert all(mass == 3.024 for name, mass in heavy if name.startswith("H"))
        assert all(mass > 3.5 for name, mass in heavy if not name.startswith("H"))
    assert masses_u(top) != masses_u(plain)
    assert without_masses(top) == without_masses(plain)


def test_an_atom_lighter_than_its_hydrogens_is_refused(tmp_path: Path) -> None:
    top = tmp_path / "system.top"
    write_topology(top, [(MOLECULES["PAB"], 1, 4)], "geometric", "one chain")
    with pytest.raises(ForceFieldError, match=r"PAB: B4 would be left with 1\.8\d u .* Remedy: a smaller"):
        repartition(top, 4.0)
