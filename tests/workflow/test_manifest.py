"""run.json carries the claims about a system and marks the chains of a control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.run_schema import check_document
from workflow.inputs.plan import Inputs, load
from workflow.job import RunJob
from workflow.manifest import _contents, _what

ROOT = Path(__file__).resolve().parents[2]
PAB, CONTROL = "dol-dme-litfsi-pab", "dol-dme-litfsi-pab-uncharged"


@pytest.fixture(scope="module")
def controls() -> Inputs:
    """What controls.yaml asks for."""
    return load(ROOT, [ROOT / "controls.yaml"])


def described(inputs: Inputs, system: str, folder: Path) -> dict[str, Any]:
    """Return what run.json says of a system before it has run."""
    (folder / "composition.json").write_text(json.dumps({"chain_sequences": None, "chain_cis_share": None}))
    run = RunJob(inputs, system, 1, folder, folder, 1)
    return dict(json.loads(json.dumps(_what(run) | _contents(run))))


def test_claims_and_controls_are_in_run_json(controls: Inputs, tmp_path: Path) -> None:
    chain, control = (described(controls, system, tmp_path) for system in (PAB, CONTROL))
    assert [one["id"] for one in chain["claims"]] == ["C1", "C2", "C3", "C6"]
    assert control["claims"] == [] and control["base"] == PAB

    def of(document: dict[str, Any], key: str) -> dict[str, Any]:
        return {one["name"]: one[key] for one in document["species"]}

    assert [name for name, without in of(control, "uncharged").items() if without] == ["PAB"]
    assert not any(of(chain, "uncharged").values())
    assert set(of(control, "charges_e")["PAB"]) == {0.0}
    assert of(control, "masses_u") == of(chain, "masses_u") and of(control, "count") == of(chain, "count")
    files = {"schema": 1, "structure": "conf.gro", "trajectory": "traj.xtc"}
    assert check_document(control | files) == [] and check_document(chain | files) == []


def test_swept_values_are_in_run_json_as_asked_and_as_reached(tmp_path: Path) -> None:
    inputs = load(ROOT, [ROOT / "sweeps" / "chain_content.yaml"])
    files = {"schema": 1, "structure": "conf.gro", "trajectory": "traj.xtc"}
    for system in inputs.config.systems:
        document = described(inputs, system, tmp_path) | files
        assert check_document(document) == []
        (swept,) = document["sweep"]
        assert (document["sweep_of"], swept["quantity"], swept["unit"]) == (PAB, "chains.wt_percent", "wt%")
        masses = {s["name"]: s["count"] * sum(s["masses_u"]) for s in document["species"]}
        chains = masses.pop("PAB", 0.0)
        assert swept["reached"] == pytest.approx(100 * chains / sum(masses.values()))
        assert f"{swept['value']:g}wt" == system.rpartition("-")[2]
    wrong = document | {"sweep": [{"quantity": 1}]}
    assert [line.partition(" ")[0] for line in check_document(wrong)] == [
        f"sweep[0].{key}" for key in ("quantity", "unit", "value", "reached")
    ]


def test_a_system_that_no_sweep_made_says_nothing_of_one(controls: Inputs, tmp_path: Path) -> None:
    assert not {"sweep", "sweep_of"} & described(controls, PAB, tmp_path).keys()


def test_the_sources_of_every_molecule_are_in_run_json_with_their_entries(controls: Inputs, tmp_path: Path) -> None:
    document = described(controls, PAB, tmp_path)
    sources = {one["name"]: one["sources"] for one in document["species"]}
    assert all(sources.values()) and sources["Li"] == list(controls.molecules["Li"].sources)
    keys = {key for own in sources.values() for key in own}
    assert set(document["references"]) == keys  # of the molecules that come along none has a DOI in place of a key
    for key, entry in document["references"].items():
        assert entry.startswith("@") and f"{{{key}," in entry and entry.endswith("}") and entry.count("\n@") == 0
        assert entry.count("{") == entry.count("}")
