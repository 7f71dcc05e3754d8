"""A running cluster for the tests; without Slurm's programs they are left out by name, in CI they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.slurm.cluster import Cluster, missing_programs, running_cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Yield a cluster of two nodes that this test has for itself."""
    if missing := missing_programs():
        what = f"Slurm's {', '.join(missing)} not installed: runs on a cluster are not tested. Remedy: make test-slurm"
        if os.environ.get("CI") == "true":
            pytest.fail(what)
        pytest.skip(what)
    with running_cluster() as running:
        yield running
