"""The two pages that most tests read."""

from __future__ import annotations

import pytest

from analysis.report import build
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import write_six


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of six finished systems at full length."""
    results = tmp_path_factory.mktemp("full")
    return Page(build(results, write_six(results), 1, results / "report.html"))


@pytest.fixture(scope="session")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of six previews."""
    results = tmp_path_factory.mktemp("preview")
    return Page(build(results, write_six(results, preview=True), 1, results / "report.html"))
