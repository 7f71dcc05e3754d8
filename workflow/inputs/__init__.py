"""The project's inputs: the only reader of its YAML files."""

from __future__ import annotations

from workflow.inputs.config import Config
from workflow.inputs.lengths import Lengths
from workflow.inputs.molecules import Molecule, PolymerSpec, Site
from workflow.inputs.plan import Inputs, describing_hash, identity, load
from workflow.inputs.problems import InputError
from workflow.inputs.published import Published
from workflow.inputs.system_parts import Additive, Chains, Salt
from workflow.inputs.systems import System

__all__ = [
    "Additive",
    "Chains",
    "Config",
    "InputError",
    "Inputs",
    "Lengths",
    "Molecule",
    "PolymerSpec",
    "Published",
    "Salt",
    "Site",
    "System",
    "describing_hash",
    "identity",
    "load",
]
