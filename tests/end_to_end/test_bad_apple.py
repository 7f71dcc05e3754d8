"""One system that blows up does not spoil the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import bad_apple, harness

pytestmark = pytest.mark.slow


def test_a_replica_that_blows_up_fails_alone_after_two_attempts(finished_copy: Path) -> None:
    overlays = bad_apple.prepare(finished_copy)
    done = harness.run(finished_copy, overlays=overlays)
    bad_apple.assert_fails_alone(finished_copy, done.returncode)
