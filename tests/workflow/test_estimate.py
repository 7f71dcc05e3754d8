"""Announced times: measured speeds are used, and what is guessed says so."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from workflow.estimate import announcement, estimates, threads_per_run
from workflow.inputs.plan import Inputs, load
from workflow.progress import Progress
from workflow.workfolder import PROGRESS_FILE


def test_six_runs_of_ten_nanoseconds_are_listed(default_inputs: Inputs, tmp_path: Path) -> None:
    found = estimates(default_inputs, tmp_path, 1)
    text = announcement(default_inputs, found, 8, 1)
    assert len(found) == 6
    assert text.count("10 ns production") == 6
    assert "days" in text
    assert "rough guess" in text
    assert "replicas: 3" in text


def test_a_measured_speed_decides(default_inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "abc").mkdir()
    atoms = default_inputs.compositions["dol-dme-litfsi"].n_atoms
    measured = Progress("x", 1, "results", atoms, 1, 1.2, 2.0, "production", ns_per_day=63.0)
    (tmp_path / "abc" / PROGRESS_FILE).write_text(json.dumps(asdict(measured)))
    first = estimates(default_inputs, tmp_path, 1)[0]
    assert first.measured
    assert first.viscosity_ns == pytest.approx(2.2)
    assert first.seconds == pytest.approx((first.total_ns + 2.2) / 63.0 * 86400)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 1), (12, 2), (64, 10)])
def test_cores_are_shared_among_the_runs(default_inputs: Inputs, cores: int, threads: int) -> None:
    assert threads_per_run(default_inputs, cores) == threads


def test_a_pure_liquid_takes_its_vapour_into_account(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    inputs = load(root, [root / "validation.yaml"])
    lengths = replace(inputs.config.lengths, vapour_ns=0.0)
    without = replace(inputs, config=replace(inputs.config, lengths=lengths))
    both = [estimates(one, tmp_path, 1)[0] for one in (inputs, without)]
    assert 60 < both[0].seconds - both[1].seconds < 600
    assert both[0].total_ns == both[1].total_ns == pytest.approx(3.75)


def test_a_plan_of_many_runs_names_the_first_and_counts_all(tmp_path: Path) -> None:
    (tmp_path / "many.yaml").write_text("replicas: 20\n", encoding="utf-8")
    inputs = load(Path(__file__).resolve().parents[2], [tmp_path / "many.yaml"])
    text = announcement(inputs, estimates(inputs, tmp_path, 1), 8, 1)
    assert text.startswith("Sheath: 120 runs") and text.count("10 ns production") == 60
    assert "  and 60 more runs" in text
