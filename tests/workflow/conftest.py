"""The project's own inputs, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow.inputs.plan import Inputs, load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def default_inputs() -> Inputs:
    """Return what `config.yaml` asks for."""
    return load(ROOT)


@pytest.fixture(scope="session")
def preview_inputs() -> Inputs:
    """Return what `preview.yaml` asks for."""
    return load(ROOT, [ROOT / "preview.yaml"])
