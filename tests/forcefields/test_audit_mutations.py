"""What the audit finds when one term of one molecule is wrong; the record of it is AUDIT.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow.audit.check import check_folders
from workflow.audit.mutation import SCOPES, WITHOUT_STRUCTURE
from workflow.audit.rates import RECORD, Rates, measure
from workflow.inputs.molecule_files import molecule_folders

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = molecule_folders(ROOT)
KCAL_OR_TEN = ("x 4.184", "/ 4.184", "x 10", "/ 10")
CERTAIN = ("bond r0", "bond k", "angle theta0", "sigma", "charge")


@pytest.fixture(scope="module")
def rates() -> Rates:
    return measure(ROOT)


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_no_molecule_raises_a_false_alarm(folder: Path) -> None:
    assert check_folders(ROOT, [folder]).lines() == []


@pytest.mark.slow
def test_every_molecule_is_mutated(rates: Rates) -> None:
    assert set(rates.molecules) == {folder.name for folder in FOLDERS}
    atoms = rates.made[SCOPES[0], "charge", "x 4.184"]
    assert atoms > 150 and rates.made[SCOPES[0], "bond k", "x 2"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("kind", CERTAIN)
def test_wrong_units_of_bonds_angles_sigma_and_charges_are_found(rates: Rates, kind: str) -> None:
    for change in KCAL_OR_TEN:
        assert rates.share(kind, (change,)) >= 0.95, change


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bond r0", "bond k", "angle theta0", "charge"])
def test_so_are_they_when_all_terms_alike_are_wrong_together(rates: Rates, kind: str) -> None:
    """The twins of a wrong term, and of a charge the sum, do not help then."""
    for change in KCAL_OR_TEN:
        assert rates.share(kind, (change,), SCOPES[1]) >= 0.95, change


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bond r0", "bond k", "angle theta0", "sigma"])
def test_so_is_a_whole_column_in_other_units(rates: Rates, kind: str) -> None:
    for change in KCAL_OR_TEN:
        assert rates.share(kind, (change,), SCOPES[2]) >= 0.95, change


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bond r0", "angle theta0"])
def test_lengths_and_angles_are_judged_without_a_structure(rates: Rates, kind: str) -> None:
    assert rates.share(kind, KCAL_OR_TEN, WITHOUT_STRUCTURE) >= 0.95


@pytest.mark.slow
def test_wrong_force_constants_of_angles_are_found(rates: Rates) -> None:
    for scope in SCOPES:
        for change in KCAL_OR_TEN:
            assert rates.share("angle k", (change,), scope) >= 0.75, (scope, change)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bond", "angle", "torsion", "pair", "atom", "atom type"])
def test_a_line_that_is_missing_is_always_found(rates: Rates, kind: str) -> None:
    assert rates.share(kind, ("dropped",)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("bond", 0.9),
        ("angle", 0.8),
        ("torsion", 0.9),
        ("charge", 0.9),
        ("mass", 1),
        ("pair", 1),
        ("atom's type", 0.95),
        ("sigma", 0.85),
    ],
)
def test_what_is_exchanged_with_its_neighbour_is_mostly_found(rates: Rates, kind: str, least: float) -> None:
    assert rates.share(kind, ("swapped",)) >= least


@pytest.mark.slow
def test_the_record_is_of_these_molecules(rates: Rates) -> None:
    """`python -m workflow.audit` writes it anew; a molecule of your own need not be in it."""
    text = (ROOT / RECORD).read_text(encoding="utf-8")
    listed = re.search(r"^\d+ mutants; molecules [^:]*:\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert listed is not None and set(re.split(r",\s+", listed[1])) <= set(rates.molecules)
    recorded: dict[tuple[str, str, str], int] = {}
    for part in re.split(r"^## Wrong: ", text, flags=re.MULTILINE)[1:]:
        scope, header, _, *rows = [line for line in part.splitlines() if line]
        changes = [cell.strip() for cell in header.strip("|").split("|")][1:]
        for row in rows:
            kind, *cells = [cell.strip() for cell in row.strip("|").split("|")]
            recorded |= {(scope, kind, c): int(cell.split()[0]) for c, cell in zip(changes, cells, strict=True) if cell}
    assert set(recorded) == {key for key, made in rates.made.items() if made}
    for key, share in recorded.items():
        assert share == pytest.approx(100 * rates.found[key] / rates.made[key], abs=5), (key, "write it anew")
