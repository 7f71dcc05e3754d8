"""A molecule's graph: what its SMILES says, bond orders, and which of its atoms are alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem, rdBase

from workflow.inputs.tree import Plain

Pair = tuple[int, int]


class FormulaError(Exception):
    """A formula or SMILES cannot be read; the text says why."""


@dataclass(frozen=True)
class Graph:
    """What a SMILES says: elements (hydrogens included), bonds with their orders, and the charge."""

    symbols: tuple[str, ...]
    orders: dict[Pair, float]
    charge_e: int


@lru_cache(maxsize=256)
def read_smiles(smiles: str) -> Graph:
    """The graph of a SMILES. Raises FormulaError when RDKit cannot read it."""
    with rdBase.BlockLogs():
        read = Chem.MolFromSmiles(smiles)
    if read is None or read.GetNumAtoms() == 0:
        raise FormulaError("this is no SMILES that RDKit can read")
    whole = Chem.AddHs(read)
    Chem.Kekulize(whole, clearAromaticFlags=True)
    Chem.SetAromaticity(whole, Chem.AromaticityModel.AROMATICITY_MDL)  # no lactone or carbonate ring is aromatic
    orders = {
        (min(ends), max(ends)): bond.GetBondTypeAsDouble()
        for bond in whole.GetBonds()
        for ends in [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())]
    }
    return Graph(tuple(atom.GetSymbol() for atom in whole.GetAtoms()), orders, Chem.GetFormalCharge(whole))


@lru_cache(maxsize=1024)
def _plain_graph(symbols: tuple[str, ...], bonds: tuple[Pair, ...]) -> Chem.Mol:
    """Elements joined by single bonds: so that the ends of a delocalised bond (nitrate) are alike."""
    editable = Chem.RWMol()
    for symbol in symbols:
        atom = Chem.Atom(0 if symbol == "?" else symbol)
        atom.SetNoImplicit(True)
        editable.AddAtom(atom)
    for i, j in bonds:
        editable.AddBond(i, j, Chem.BondType.SINGLE)
    molecule = editable.GetMol()
    molecule.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(molecule)
    return molecule


@lru_cache(maxsize=1024)
def classes(symbols: tuple[str, ...], bonds: tuple[Pair, ...]) -> tuple[int, ...]:
    """A number per atom; atoms that the graph of elements cannot tell apart have the same one."""
    molecule = _plain_graph(symbols, bonds)
    return tuple(Chem.CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False))


@lru_cache(maxsize=1024)
def _canonical(symbols: tuple[str, ...], bonds: tuple[Pair, ...]) -> tuple[str, tuple[int, ...]]:
    """The canonical text of a graph and the order in which it names the atoms."""
    molecule = _plain_graph(symbols, bonds)
    text = Chem.MolToSmiles(molecule, canonical=True, allHsExplicit=True)
    order = molecule.GetProp("_smilesAtomOutputOrder")
    return text, tuple(int(one) for one in re.findall(r"\d+", order))


@lru_cache(maxsize=1024)
def bond_orders(symbols: tuple[str, ...], bonds: tuple[Pair, ...], smiles: str) -> dict[Pair, float] | None:
    """The order of every bond by a SMILES, averaged over bonds that are alike; None when it is another molecule.

    Averaging makes the three bonds of nitrate 4/3 each. Raises FormulaError for a SMILES that cannot be read.
    """
    graph = read_smiles(smiles)
    theirs = tuple(sorted(graph.orders))
    text, order = _canonical(symbols, bonds)
    their_text, their_order = _canonical(graph.symbols, theirs)
    if text != their_text:
        return None
    ours_of = dict(zip(their_order, order, strict=True))
    ranks = classes(symbols, bonds)
    alike: dict[Pair, list[float]] = {}
    found: dict[Pair, Pair] = {}
    for (i, j), value in graph.orders.items():
        a, b = sorted((ours_of[i], ours_of[j]))
        key = (min(ranks[a], ranks[b]), max(ranks[a], ranks[b]))
        found[a, b] = key
        alike.setdefault(key, []).append(value)
    return {pair: sum(alike[key]) / len(alike[key]) for pair, key in found.items()}


_TOKEN = re.compile(r"([A-Z][a-z]?)|(\()|(\))|(\d+|x)|(-)")


def formula_counts(formula: str, x: Plain = None) -> Counter[str]:
    """Atoms by element in a formula such as `C4H10O2` or, with `x`, `H3N-BH2-(NH2-BH2)x-NH2-BH3`.

    Raises FormulaError for anything else.
    """
    groups: list[Counter[str]] = [Counter()]
    last: Counter[str] | None = None
    position = 0
    for match in _TOKEN.finditer(formula):
        if match.start() != position:
            break
        position = match.end()
        symbol, opens, closes, times, _ = match.groups()
        if symbol:
            last = Counter({symbol: 1})
            groups[-1].update(last)
        elif opens:
            groups.append(Counter())
            last = None
        elif closes and len(groups) > 1:
            last = groups.pop()
            groups[-1].update(last)
        elif times and last is not None:
            _multiply(groups[-1], last, _count(times, x))
            last = None
        elif closes or times:
            raise FormulaError("brackets or numbers of this formula do not fit together")
        else:
            last = None
    if position != len(formula) or len(groups) != 1 or not formula:
        raise FormulaError("this is no formula such as C4H10O2")
    return Counter({symbol: n for symbol, n in groups[0].items() if n})


def _count(times: str, x: Plain) -> int:
    if times == "x":
        if not isinstance(x, int):
            raise FormulaError("`x` stands for the middle units of a polymer")
        return x
    return int(times)


def _multiply(group: Counter[str], last: Counter[str], times: int) -> None:
    """Turn the last thing of a group, which it holds once, into `times` of it."""
    for symbol, count in last.items():
        group[symbol] += count * (times - 1)


def formula_text(symbols: Sequence[str]) -> str:
    """The formula of these atoms: carbon, hydrogen, then the rest by the alphabet."""
    counts = Counter(symbols)
    ordered = sorted(counts, key=lambda one: ({"C": "", "H": " "}.get(one, one), one))
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in ordered)
