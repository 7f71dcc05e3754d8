"""Each job of a run leaves where and when it worked and what it read, whatever its end; nothing of that stops it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import time
from pathlib import Path

import pytest

from workflow.inputs import Inputs, load
from workflow.mdrun import Interrupted
from workflow.provenance import FILE_NAME, read, recorded

ROOT = Path(__file__).resolve().parents[2]
PAB = "dol-dme-litfsi-pab"


def test_every_job_is_noted_with_its_end(
    tmp_path: Path, default_inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    before = time.time()
    with pytest.raises(Interrupted), recorded(tmp_path, "produce", 2, default_inputs, PAB):
        running = read(tmp_path)["jobs"]
        assert running[0]["ended"] is None and running[0]["step"] == "produce"
        raise Interrupted
    monkeypatch.delenv("SLURM_JOB_ID")
    with recorded(tmp_path, "produce", 2, default_inputs, PAB):
        pass
    first, second = read(tmp_path)["jobs"]
    assert (first["outcome"], second["outcome"]) == ("Interrupted", "done")
    assert (first["slurm_job"], second["slurm_job"]) == ("17", None)
    for one in (first, second):
        assert one["host"] == socket.gethostname() and Path(one["gromacs"]).is_file()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["begun"]) and one["begun"] <= one["ended"]
    begun = time.strptime(first["begun"], "%Y-%m-%dT%H:%M:%SZ")
    assert time.gmtime(before - 1) <= begun


def test_hashes_are_those_of_the_files_that_make_the_system(tmp_path: Path) -> None:
    inputs = load(ROOT, [ROOT / "sweeps" / "chain_content.yaml"])
    with recorded(tmp_path, "build", 1, inputs, f"{PAB}-2wt"):
        pass
    hashes = read(tmp_path)["inputs"]
    for name in (
        "config.yaml", "sweeps/chain_content.yaml", f"systems/{PAB}.yaml", "systems/dol-dme-litfsi.yaml",
        "forcefields/opls-aa/molecules/PAB/bonded.yaml", "forcefields/opls-aa/molecules/Li/Li.itp",
        "workflow/mdp/production.mdp",
    ):  # fmt: skip
        assert hashes[name] == hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    assert not [name for name in hashes if "/EC/" in name or "ec-dec" in name]


@pytest.mark.parametrize("text", ["{", "[]", '{"jobs": 1}', '{"jobs": [], "inputs": []}'])
def test_a_damaged_file_begins_anew(tmp_path: Path, default_inputs: Inputs, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with recorded(tmp_path, "build", 1, default_inputs, PAB):
        pass
    assert len(json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))["jobs"]) == 1


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path, default_inputs: Inputs) -> None:
    taken = tmp_path / "r1"
    taken.write_text("a file", encoding="utf-8")
    done = []
    with recorded(taken, "build", 1, default_inputs, PAB):
        done.append(os.getpid())
    assert done and taken.read_text(encoding="utf-8") == "a file"
