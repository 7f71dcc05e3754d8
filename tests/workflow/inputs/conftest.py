"""A small project in a temporary folder, whose files a test spoils one by one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow.inputs import InputError, Inputs, load

REPOSITORY = Path(__file__).parents[3]

CONFIG = """\
systems:
  - ether
  - ether-pab
  - ether-pib
replicas: 1
seed: 7
results: results
preview: false
protocol: paper
mixing_rule: lorentz-berthelot
cutoff_nm: 1.2
lengths:
  nvt_ps: 100
  compress_ps: 100
  anneal_ps: 100
  npt_ps: 100
  production_ns: 10
  vapour_ns: 20
  viscosity_segments: 10
  viscosity_segment_ps: 200
anneal_temperature_K: 400
frame_interval_ps: 1
energy_interval_ps: 1
checkpoint_interval_min: 1
threads_per_run: auto
packing_density_fraction: 0.6
"""

ETHER = """\
title: 1 M LiTFSI in DOL/DME
temperature_K: 298
pressure_atm: 1
salt:
  ions: {Li: 1, TFSI: 1}
  mol_per_L: 1.0
solvents: [DOL, DME]
volume_ratio: 1:1
box:
  salt_pairs: 40
"""

PAB = """\
extends: ether
title: with PAB
chains:
  molecule: PAB
  monomers: 10
  wt_percent: 10
"""

PIB = """\
extends: ether
title: with PIB
chains:
  molecule: PIB
  count_like: ether-pab
"""


class Project:
    """A project's folder with the real molecules and three systems of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        leave_out = shutil.ignore_patterns("alternatives", "derivation")
        shutil.copytree(REPOSITORY / "forcefields", root / "forcefields", ignore=leave_out)
        shutil.copytree(REPOSITORY / "workflow" / "mdp", root / "workflow" / "mdp")
        (root / "systems").mkdir()
        self.write("config.yaml", CONFIG)
        self.write("systems/ether.yaml", ETHER)
        self.write("systems/ether-pab.yaml", PAB)
        self.write("systems/ether-pib.yaml", PIB)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace a text that occurs once; the line in which the new text begins."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def load(self, *overlays: str) -> Inputs:
        """The inputs, with overlays by name."""
        return load(self.root, [self.root / name for name in overlays])

    def problems(self, *overlays: str) -> tuple[str, ...]:
        """The problems that loading tells."""
        with pytest.raises(InputError) as caught:
            self.load(*overlays)
        assert str(caught.value) == "\n".join(caught.value.lines)
        return caught.value.lines

    def problem(self, *overlays: str) -> str:
        """The one problem that loading tells."""
        lines = self.problems(*overlays)
        assert len(lines) == 1, lines
        return lines[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without problems."""
    return Project(tmp_path)
