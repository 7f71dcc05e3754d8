"""What the audit finds when one term of one molecule is wrong; the record of it is AUDIT.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow.audit import __main__ as audit
from workflow.audit.check import check_folders
from workflow.audit.mutation import SCOPES, WITHOUT_STRUCTURE
from workflow.audit.rates import RECORD, Rates, measure, recorded
from workflow.inputs.molecule_files import molecule_folders

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = molecule_folders(ROOT)
ONE, ALIKE, COLUMN = SCOPES
KCAL_OR_TEN = ("x 4.184", "/ 4.184", "x 10", "/ 10")
RECORDED_WITHIN_PERCENT = 5

# Kind of number, changes (each by itself), how far the mistake reaches, the least share that must be found.
REQUIRED = [
    *((kind, KCAL_OR_TEN, ONE, 0.95) for kind in ("bond r0", "bond k", "angle theta0", "sigma", "charge")),
    *(("angle k", KCAL_OR_TEN, scope, 0.75) for scope in SCOPES),
    # Without the help of a term's twins and, for charges, of most of the sum:
    *((kind, KCAL_OR_TEN, ALIKE, 0.95) for kind in ("bond r0", "bond k", "angle theta0", "charge")),
    *((kind, KCAL_OR_TEN, COLUMN, 0.95) for kind in ("bond r0", "bond k", "angle theta0", "sigma")),
    *((kind, KCAL_OR_TEN, WITHOUT_STRUCTURE, 0.95) for kind in ("bond r0", "angle theta0")),
    *((kind, ("dropped",), ONE, 1.0) for kind in ("bond", "angle", "torsion", "pair", "atom", "atom type")),
    *((kind, ("swapped",), ONE, 0.8) for kind in ("bond", "angle", "torsion", "charge", "sigma")),
    *((kind, ("swapped",), ONE, 0.95) for kind in ("mass", "pair", "atom's type")),
]


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_no_molecule_raises_a_false_alarm(folder: Path) -> None:
    assert check_folders(ROOT, [folder]).lines() == []


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["--nonsense"], 2), (["Nobody"], 2)])
def test_what_is_asked_wrongly_leaves_the_record_alone(arguments: list[str], code: int) -> None:
    before = (ROOT / RECORD).stat().st_mtime_ns
    with pytest.raises(SystemExit) as stop:
        audit.main(arguments)
    assert stop.value.code == code and (ROOT / RECORD).stat().st_mtime_ns == before


def test_the_record_names_the_molecules_that_come_with_sheath() -> None:
    assert {"DME", "PIB", "Li"} <= recorded(ROOT)


@pytest.mark.slow
def test_mistakes_are_found_as_often_as_required_and_as_recorded() -> None:
    """One test, so that the mutants are made once; `python -m workflow.audit` writes the record anew."""
    rates = measure(ROOT, recorded(ROOT))
    assert set(rates.molecules) == recorded(ROOT) <= {folder.name for folder in FOLDERS}
    assert rates.made[ONE, "charge", "x 4.184"] > 150 and rates.made[ONE, "bond k", "x 2"] > 100
    missed = [
        f"{kind} {change}, {scope}: {rates.share(kind, (change,), scope):.2f} < {least}"
        for kind, changes, scope, least in REQUIRED
        for change in changes
        if rates.share(kind, (change,), scope) < least
    ]
    assert not missed
    assert not differences_from_the_record(rates)


def differences_from_the_record(rates: Rates) -> list[str]:
    """Where AUDIT.md says something else; a molecule of one's own need not be in it."""
    text = (ROOT / RECORD).read_text(encoding="utf-8")
    differ = sorted(recorded(ROOT) - set(rates.molecules))
    in_record: dict[tuple[str, str, str], int] = {}
    for part in re.split(r"^## Wrong: ", text, flags=re.MULTILINE)[1:]:
        scope, header, _, *rows = [line for line in part.splitlines() if line]
        changes = [cell.strip() for cell in header.strip("|").split("|")][1:]
        for row in rows:
            kind, *cells = [cell.strip() for cell in row.strip("|").split("|")]
            in_record |= {
                (scope, kind, c): int(cell.split()[0]) for c, cell in zip(changes, cells, strict=True) if cell
            }
    assert set(in_record) == {key for key, made in rates.made.items() if made}
    for key, percent in in_record.items():
        measured = 100 * rates.found[key] / rates.made[key]
        if abs(percent - measured) > RECORDED_WITHIN_PERCENT:
            differ.append(f"{', '.join(key)}: recorded {percent} %, measured {measured:.0f} %")
    return differ
