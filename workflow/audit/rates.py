"""The share of mutants that the audit finds, and the record of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from workflow.audit.mutation import CHANGES, SCOPES, WITHOUT_STRUCTURE, is_found, lines_dropped, mutants
from workflow.audit.topology import Topology
from workflow.inputs import InputError
from workflow.inputs.molecule_files import bibliography, check_content, molecule_folders, read_declared
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Problems

RECORD = Path("forcefields", "opls-aa", "AUDIT.md")
LISTED = r"^\d+ mutants; molecules [^:]*:\n(.*?)\n\n"
CHAIN_OF_UNITS = 4  # the shortest with two middle units
Key = tuple[str, str, str]  # scope, kind of number, change


@dataclass
class Rates:
    """Mutants found and made, by how far the mistake reaches, kind of number and change."""

    molecules: tuple[str, ...]
    found: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    made: dict[Key, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, key: Key, is_found: bool) -> None:
        """Count one mutant."""
        self.made[key] += 1
        self.found[key] += is_found

    def share(self, kind: str, changes: Sequence[str], scope: str = SCOPES[0]) -> float:
        """Part of the mutants of a kind that are found, over some changes."""
        keys = [(scope, kind, change) for change in changes]
        return sum(self.found[key] for key in keys) / sum(self.made[key] for key in keys)


def recorded(root: Path) -> frozenset[str]:
    """The molecules that the record names: those that come with the project, none of a user's own."""
    found = re.search(LISTED, (root / RECORD).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return frozenset(re.split(r",\s+", found[1])) if found else frozenset()


def measure(root: Path, names: Collection[str]) -> Rates:
    """Mutate these molecules of the force field. Raises InputError when one cannot be read."""
    problems = Problems(root)
    known = bibliography(root, problems)
    read = []
    for folder in (one for one in molecule_folders(root) if one.name in names):
        molecule = read_declared(folder, known, problems)
        topologies = check_content(folder, molecule, problems)
        if molecule is not None and topologies:
            read.append((molecule, _one(molecule, topologies)))
    if problems.found:
        raise InputError([one.text(root) for one in problems.found])
    rates = Rates(tuple(molecule.name for molecule, _ in read))
    for molecule, topology in read:
        _measure_one(molecule, topology, rates)
    return rates


def _one(molecule: Molecule, topologies: Sequence[Topology]) -> Topology:
    """The molecule itself, or of a polymer the chain that is mutated."""
    if molecule.polymer is None:
        return topologies[0]
    return topologies[min(max(CHAIN_OF_UNITS - molecule.polymer.min_monomers, 0), len(topologies) - 1)]


def _measure_one(molecule: Molecule, topology: Topology, rates: Rates) -> None:
    told: dict[object, bool] = {}
    for mutant in mutants(topology):
        key = (mutant.kind, mutant.change, mutant.concerned, mutant.scope == WITHOUT_STRUCTURE)
        if key not in told:  # a term that no other is alike to makes the same mutant twice
            told[key] = is_found(mutant.topology, molecule)
        rates.add((mutant.scope, mutant.kind, mutant.change), told[key])
    for kind, is_told in lines_dropped(molecule):
        rates.add((SCOPES[0], kind, "dropped"), is_told)


def record(rates: Rates) -> str:
    """AUDIT.md: one table per reach of the mistake, one row per kind of number, one column per change."""
    parts = [_HEAD.format(molecules=fill(", ".join(rates.molecules), 110), n=sum(rates.made.values()))]
    for scope in (*SCOPES, WITHOUT_STRUCTURE):
        kinds = list(dict.fromkeys(kind for one, kind, _ in rates.made if one == scope))
        changes = [c for c in CHANGES if any(rates.made.get((scope, kind, c)) for kind in kinds)]
        lines = [f"## Wrong: {scope}", "", f"| of | {' | '.join(changes)} |", "|---" * (len(changes) + 1) + "|"]
        for kind in kinds:
            cells = [_cell(rates, (scope, kind, change)) for change in changes]
            lines.append(f"| {kind} | {' | '.join(cells)} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _cell(rates: Rates, key: Key) -> str:
    made = rates.made.get(key, 0)
    if not made:
        return ""
    found = rates.found[key]
    return f"{100 * found / made:.0f} % ({found}/{made})"


_HEAD = """# What the audit finds

Written by `python -m workflow.audit`; a test measures it anew and compares. Every term of every molecule is made wrong
in every usual way, one mistake at a time, and the audit (`./sheath molecule check`) is asked. A cell holds the share of
mutants for which it tells an error. Warnings do not count. The unchanged molecules raise no error.

{n} mutants; molecules (of polymers a chain of four units):
{molecules}

What makes these numbers honest, and what they do not say:
- A mutant is judged by what its own folder holds and by what is known of elements and bonds; no file of another
  molecule, nor the unchanged one, is looked at. Ranges of force constants and of epsilon are narrower than a factor of
  4.184, so kcal for kJ nearly always leaves them; a factor of 2 often does not.
- *One term* is the easy case: its twins by symmetry disagree with it, and one wrong charge breaks the sum. *All alike
  by symmetry* and *the whole column* (a whole file in other units) take that away.
- The structure was minimised with the right parameters, which shows a wrong r0 or theta0. The last table is without it.
- The ranges hold these molecules, by choice; what they do to others was tried on 19 ions of the 2009IL set and five
  molecules from LigParGen (files not kept here). The first try told wrongly of five of the ions; ranges for chlorine,
  carbanions and C2F5 were widened for it. Left is one false alarm, formate's H-C-O angles, and two ions whose impropers
  are written as torsions; rightly told was an angle of benzoate that differs from its twin. None of the five from
  LigParGen raised any.
- *Swapped*: exchanged with the next line that holds something else.
- Not found are mostly torsions that no other is alike to (their heights differ by more than 4 between molecules), the
  epsilon of bare cations, whose effect on the distance of an oxygen is small, and charges of a neutral molecule that
  are all too small together.
"""
