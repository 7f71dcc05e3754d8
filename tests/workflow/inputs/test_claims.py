"""Claims are data: checked with file and line, inherited where they mean something, carried in run.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.forcefield import sites_of
from workflow.inputs import describing_hash, identity, load
from workflow.inputs.claims import Claim, ClaimPart

if TYPE_CHECKING:
    from tests.workflow.inputs.conftest import Project

BASE = "systems/ether.yaml"
PAB = "systems/ether-pab.yaml"
CLAIMS = """\
claims:
  - id: C1
    text: fewer oxygens of DME
    source: doi:10.1/x
    parts:
      - {quantity: cn, label: Li-O(DME), direction: down}
      - {quantity: share, label: Li, direction: above, threshold: 0.05}
"""
WANTED = Claim(
    "C1",
    "fewer oxygens of DME",
    "doi:10.1/x",
    (ClaimPart("cn", "Li-O(DME)", "down"), ClaimPart("share", "Li", "above", 0.05)),
)
ROOT = Path(__file__).parents[3]


def with_claims(project: Project) -> Project:
    project.write(BASE, (project.root / BASE).read_text() + CLAIMS)
    return project


def test_a_variant_that_adds_chains_takes_the_claims_over(project: Project) -> None:
    inputs = with_claims(project).load()
    assert {name: one.claims for name, one in inputs.systems.items()} == {
        "ether": (WANTED,),
        "ether-pab": (WANTED,),
        "ether-pib": (WANTED,),
    }


@pytest.mark.parametrize(
    "variant",
    [
        "extends: ether\ntitle: hot\ntemperature_K: 320\n",
        "extends: ether\ntitle: geometric\nmixing_rule: geometric\n",
        "extends: ether\ntitle: hot\ntemperature_K: 320\nchains: {molecule: PAB, monomers: 10, wt_percent: 10}\n",
        "extends: ether-pab\ntitle: control\nchains: {uncharged: true}\n",
        "extends: ether-pab\ntitle: more\nchains: {wt_percent: 20}\n",
        "extends: ether-pab\ntitle: large\nbox: {salt_pairs: 80}\n",
    ],
)
def test_no_other_variant_does(project: Project, variant: str) -> None:
    """The claims compare chains with none: they say nothing of a hotter liquid, of a control or of more chains."""
    with_claims(project).write("systems/other.yaml", variant)
    project.edit("config.yaml", "  - ether-pib\n", "  - other\n")
    assert project.load().systems["other"].claims == ()


CASES = [
    ("id: C1", "id: C 1", "id = C 1", "misread", "letters"),
    ("    text: fewer oxygens of DME\n", "", "text", "missing", "Add a value"),
    ("source: doi:10.1/x", "source: nobody2000", "nobody2000", "not in references.bib", "doi:"),
    ("quantity: cn,", "quantity: c n,", "quantity = c n", "no quantity", "such as `cn`"),
    ("direction: down", "direction: less", "direction = less", "not known", "up, down, above"),
    ("direction: down", "direction: down, threshold: 1", "threshold = 1", "has none", "Leave it out"),
    (", threshold: 0.05", "", "threshold", "missing", "Add a value"),
    ("label: Li-O(DME)", "lable: Li-O(DME)", "lable", "not known", "`label`"),
    ("{quantity: share, label: Li, ", "{quantity: cn, label: Li-O(DME), ", "label", "stands twice", "Keep one"),
]


@pytest.mark.parametrize(("old", "new", "what", "problem", "remedy"), CASES, ids=[case[2] for case in CASES])
def test_mistakes_are_told_with_their_line(
    project: Project, old: str, new: str, what: str, problem: str, remedy: str
) -> None:
    with_claims(project).edit(BASE, old, new)
    told = [text for text in project.problems() if text.startswith(f"{BASE}:") and ": claims[1]" in text]
    assert any(what in text and problem in text and remedy in text for text in told), project.problems()


def test_a_claim_needs_parts_and_an_id_of_its_own(project: Project) -> None:
    with_claims(project)
    text = (project.root / BASE).read_text()
    project.write(BASE, text + "  - {id: C1, text: the same id, source: 'doi:10.1/x'}\n")
    told = project.problems()
    assert any("two claims have one id" in one for one in told)
    assert any("a claim without parts cannot be judged" in one for one in told)


def test_claims_describe_a_run_and_are_no_physics(project: Project) -> None:
    before = project.load()
    after = with_claims(project).load()
    assert describing_hash(after, "ether-pab", 1) != describing_hash(before, "ether-pab", 1)
    assert identity(after, "ether-pab", 1, "production") == identity(before, "ether-pab", 1, "production")


def test_every_claim_of_the_paper_stands_once_and_names_sites_that_exist() -> None:
    inputs = load(ROOT)
    claims = [one for system in inputs.systems.values() if system.base is None for one in system.claims]
    assert sorted(one.id for one in claims) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    for system in inputs.systems.values():
        names = [name for name, _ in inputs.compositions[system.name].counts]
        small = [inputs.molecules[name] for name in names if inputs.molecules[name].polymer is None]
        sites = {f"Li-{site['name']}({one.name})" for one in small for site in sites_of(one)}
        # the share of the motif is labelled by the analysis (analysis/observables/speciation.py)
        known = {"cn": sites, "cn_molecule": {f"Li-{name}" for name in names}, "D": set(names)}
        known |= {"msd_at_1ns": set(names), "motif_share": {"Li-(O)2-N(middle)"}}
        for claim in system.claims:
            assert claim.parts and claim.source.startswith("doi:")
            assert all(part.label in known[part.quantity] for part in claim.parts), claim
