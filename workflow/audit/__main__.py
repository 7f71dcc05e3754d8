"""`python -m workflow.audit`: measure what the audit finds and write forcefields/opls-aa/AUDIT.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from workflow.audit.rates import RECORD, measure, record, recorded
from workflow.inputs.molecule_files import molecule_folders
from workflow.job import ROOT


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the molecules that the record names, and those that are given, and write it anew."""
    parser = argparse.ArgumentParser(prog="python -m workflow.audit", description=__doc__)
    parser.add_argument("molecules", nargs="*", help="molecules to add to those that the record names")
    named = parser.parse_args(arguments).molecules
    known = [folder.name for folder in molecule_folders(ROOT)]
    unknown = [name for name in named if name not in known]
    if unknown:
        parser.error(f"no molecule is called {', '.join(unknown)}; there are {', '.join(known)}")
    (ROOT / RECORD).write_text(record(measure(ROOT, {*recorded(ROOT), *named})), encoding="utf-8")
    print(f"written: {RECORD}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
