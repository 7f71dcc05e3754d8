"""What the report of foreign runs takes for the code that reads is what the workflow takes for it."""

from __future__ import annotations

from pathlib import Path

import analysis
from analysis.report_runs import _reading_code
from workflow.imports import import_closure


def test_the_code_that_reads_is_what_the_workflow_takes_for_it() -> None:
    package = Path(analysis.__file__).parent
    assert _reading_code(package) == import_closure(package.parent, ["read"])
