"""The stages and their parameters: what the paper states is what GROMACS is told."""

from __future__ import annotations

import dataclasses

import pytest

from workflow import protocol
from workflow.inputs.dynamics import PROTOCOLS
from workflow.inputs.plan import Inputs

SYSTEM = "dol-dme-litfsi"


def parameters(text: str) -> dict[str, str]:
    """Return an mdp text as a dict; a doubled key fails, as it does in grompp."""
    pairs = [line.split("=") for line in text.splitlines() if line.strip()]
    keys = [pair[0].strip() for pair in pairs]
    assert len(set(keys)) == len(keys)
    return {key: pair[1].strip() for key, pair in zip(keys, pairs, strict=True)}


def test_production_follows_the_paper(default_inputs: Inputs) -> None:
    stage = protocol.production_stage(default_inputs, SYSTEM)
    mdp = parameters(protocol.stage_mdp(default_inputs, SYSTEM, 1, stage))
    assert stage.steps == 5_000_000  # 10 ns of 2 fs
    assert float(mdp["dt"]) * int(mdp["nsteps"]) == pytest.approx(10_000)
    assert (mdp["tcoupl"], float(mdp["ref-t"]), float(mdp["tau-t"])) == ("V-rescale", 298.0, 1.0)
    assert mdp["pcoupl"] == "C-rescale"
    assert float(mdp["ref-p"]) == pytest.approx(1.01325)
    assert (mdp["constraints"], mdp["constraint-algorithm"]) == ("h-bonds", "LINCS")
    assert (mdp["lincs-order"], mdp["lincs-iter"]) == ("4", "1")  # GROMACS' own
    assert (mdp["coulombtype"], float(mdp["rcoulomb"]), float(mdp["rvdw"])) == ("PME", 1.2, 1.2)
    assert mdp["DispCorr"] == "EnerPres"
    assert int(mdp["nstxout-compressed"]) * float(mdp["dt"]) == pytest.approx(1.0)


def test_equilibration_is_hot_at_constant_volume_for_a_nanosecond(default_inputs: Inputs) -> None:
    stages = {stage.name: stage for stage in protocol.equilibration_stages(default_inputs, SYSTEM)}
    assert list(stages) == ["nvt", "compress", "anneal", "npt"]
    assert (stages["anneal"].temperature_K, stages["anneal"].ensemble) == (400.0, "NVT")
    assert stages["anneal"].length_ps >= 1000
    assert "pcoupl" not in parameters(protocol.stage_mdp(default_inputs, SYSTEM, 1, stages["anneal"]))


def test_every_preview_stage_is_long_enough(preview_inputs: Inputs) -> None:
    assert all(stage.length_ps >= 10 for stage in protocol.equilibration_stages(preview_inputs, SYSTEM))
    assert protocol.production_stage(preview_inputs, SYSTEM).length_ps >= 20


def test_velocities_and_thermostat_differ_between_replicas_only_by_seed(default_inputs: Inputs) -> None:
    stage = protocol.equilibration_stages(default_inputs, SYSTEM)[0]
    first, second = (parameters(protocol.stage_mdp(default_inputs, SYSTEM, replica, stage)) for replica in (1, 2))
    assert {key for key in first if first[key] != second[key]} == {"gen-seed", "ld-seed"}


def test_length_is_the_only_thing_that_identity_forgets(default_inputs: Inputs) -> None:
    stage = protocol.production_stage(default_inputs, SYSTEM)
    longer = dataclasses.replace(stage, length_ps=20_000.0)
    texts = [protocol.stage_mdp(default_inputs, SYSTEM, 1, one) for one in (stage, longer)]
    assert texts[0] != texts[1]
    assert protocol.without_length(texts[0]) == protocol.without_length(texts[1])
    hotter = dataclasses.replace(stage, temperature_K=310.0)
    other = protocol.stage_mdp(default_inputs, SYSTEM, 1, hotter)
    assert protocol.without_length(other) != protocol.without_length(texts[0])


def test_the_fast_protocol_takes_longer_steps_at_the_same_times(default_inputs: Inputs) -> None:
    fast = dataclasses.replace(
        default_inputs, config=dataclasses.replace(default_inputs.config, dynamics=PROTOCOLS["fast"])
    )
    for paper, other in zip(
        protocol.equilibration_stages(default_inputs, SYSTEM), protocol.equilibration_stages(fast, SYSTEM), strict=True
    ):
        assert (paper.name, paper.length_ps) == (other.name, other.length_ps)
    stage = protocol.production_stage(fast, SYSTEM)
    mdp = parameters(protocol.stage_mdp(fast, SYSTEM, 1, stage))
    assert stage.steps == 2_500_000
    assert int(mdp["nstxout-compressed"]) * float(mdp["dt"]) == pytest.approx(1.0)
    assert int(mdp["nstenergy"]) % int(mdp["nstcalcenergy"]) == 0
    assert (mdp["constraints"], mdp["lincs-order"], mdp["lincs-iter"]) == ("all-bonds", "6", "2")
