"""The part of RESULT.md on Li+: sites, partners, exchange energies, and a pair term that is not used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivation import binding, pair_term, raw
from derivation.binding import HYDRIDES, Holder, Lab, Place
from derivation.markdown import number, table
from derivation.outcome import Outcome


def sites(kind: str, found: Mapping[str, Sequence[Place]]) -> str:
    """Return the table of a chain's complexes under each mixing rule, and what it shows."""
    rules = list(found)
    by_name = {rule: {one.name: one for one in some} for rule, some in found.items()}
    rows = []
    for one in found[rules[0]]:
        these = [by_name[rule][one.name] for rule in rules]
        cells = [cell for x in these for cell in (f"{x.mm_kJ_per_mol:.1f}", x.touches_mm)]
        rows.append([one.name, one.touches_dft, f"{one.dft_kJ_per_mol:.1f}", *cells])
    header = ["complex", "Li+ touches (DFT)", "DFT", *(cell for rule in rules for cell in (rule, "touches"))]
    if not rows:
        return table(header, rows)
    return f"{table(header, rows)}\n{_orders(kind, found)}{_hydridic(found)}"


def _orders(kind: str, found: Mapping[str, Sequence[Place]]) -> str:
    """Return how many pairs of sites are judged and are wrong, which are not judged, and where DFT's best site is."""
    by_dft = next(iter(found.values()))
    wrong = ", ".join(f"{len(binding.wrong_orders(some))} ({rule})" for rule, some in found.items())
    close = [
        f"{_short(a)} and {_short(b)} ({b.dft_kJ_per_mol - a.dft_kJ_per_mol:.2f} apart{_wrong(a, b)})"
        for a, b in binding.close_pairs(by_dft)
    ]
    judged, count = binding.judged_pairs(by_dft), len(by_dft) * (len(by_dft) - 1) // 2
    again = [f"{one} is {first} once more and left out" for one, first in binding.repeated(kind).items()]
    lines = [
        f"DFT separates {judged} of {count} pairs of these sites by more than {binding.ORDERED_KJ_PER_MOL:.3f} kJ/mol;",
        f"of those {judged} the force field has in the wrong order {wrong}. Not judged: {', '.join(close) or 'none'}.",
        *(f"{line}." for line in again),
        f"DFT's best site is {_short(by_dft[0])}: {binding.contacts(by_dft[0].name)} angstrom. All complexes are of",
        "n = 3; at n = 2, which was not calculated here, another site may be the best one, such as the hydride face.",
    ]
    return "\n".join(lines) + "\n"


def _hydridic(found: Mapping[str, Sequence[Place]]) -> str:
    """Return by how much sites where Li+ touches only hydrogens on boron stand too high or too low."""
    first = next(iter(found.values()))
    names = [one.name for one in first if one.touches_mm.endswith(" H(B)") and "," not in one.touches_mm]
    lines = []
    for name in names:
        each = [next(one for one in some if one.name == name) for some in found.values()]
        off = [one.mm_kJ_per_mol - one.dft_kJ_per_mol for one in each]
        word = "too high" if off[0] > 0 else "too low"
        by = ", ".join(f"{abs(one):.1f}" for one in off)
        said = ", ".join(f"{one.mm_kJ_per_mol:.1f}" for one in each)
        lines.append(f"{_short(each[0])} {word} by {by} kJ/mol ({said} against {each[0].dft_kJ_per_mol:.1f} by DFT)")
    if not lines:
        return ""
    text = ";\n".join(lines)
    return f"Sites at which Li+ touches nothing but H(B) in the force field ({', '.join(found)}):\n{text}.\n"


def _wrong(a: Place, b: Place) -> str:
    return ", wrong order" if b.mm_kJ_per_mol < a.mm_kJ_per_mol else ""


def _short(one: Place) -> str:
    return one.name.rpartition("-")[2]


def holders_and_term(outcome: Outcome) -> str:
    """Return who holds Li+, under each mixing rule, and with and without the pair term under the first."""
    rule, lab = next(iter(outcome.labs.items()))
    strained = pair_term.term_of(lab, outcome.known)
    labs = [lab]
    if strained is not None:
        labs += [lab.with_term(one) for one in (strained, pair_term.relaxed_term_of(lab, strained))]
    held = dict(outcome.held)
    if strained is not None:
        held[f"{rule}, with the term"] = binding.holders(labs[-1])
    unfitted = [kind for kind in HYDRIDES if kind in outcome.lacking]
    text = "## Who holds Li+\n\nBinding energy in the best complex, from the best conformer, by mixing rule:\n\n"
    text += _holders(outcome.held)
    if unfitted:
        text += f"\n{' and '.join(unfitted)} with the parameters of before.\n"
    text += "\nExchange energies; the term is the one below that is fitted to relaxed energies:\n\n" + _exchanges(held)
    return text + "\n" + _term(labs, strained)


def _holders(held: Mapping[str, Sequence[Holder]]) -> str:
    """Rows of partners, pairs of columns of rules."""
    each = [{one.name: one for one in some} for some in held.values()]
    rows = [
        [name, f"{one.dft_kJ_per_mol:.1f}"]
        + [cell for x in each for cell in (f"{x[name].mm_kJ_per_mol:.1f}", f"{x[name].misfit_kJ_per_mol:+.1f}")]
        for name, one in each[0].items()
    ]
    return table(["partner", "DFT", *(cell for rule in held for cell in (rule, "misfit"))], rows)


def _exchanges(held: Mapping[str, Sequence[Holder]]) -> str:
    each = [{one.name: one for one in some} for some in held.values()]
    rows = [
        [
            f"Li·{x.name} + {chain.name} → Li·{chain.name} + {x.name}",
            f"{chain.dft_kJ_per_mol - x.dft_kJ_per_mol:+.1f}",
            *(cell for found in each for cell in _pair(found[chain.name], found[x.name])),
        ]
        for chain in each[0].values()
        if chain.name in HYDRIDES
        for x in each[0].values()
        if x.name not in HYDRIDES
    ]
    return table(["exchange", "DFT", *(cell for rule in held for cell in (rule, "misfit"))], rows)


def _pair(chain: Holder, x: Holder) -> tuple[str, str]:
    misfit = chain.misfit_kJ_per_mol - x.misfit_kJ_per_mol
    return f"{chain.mm_kJ_per_mol - x.mm_kJ_per_mol:+.1f}", f"{misfit:+.1f}"


def _term(labs: Sequence[Lab], strained: pair_term.PairTerm | None) -> str:
    title = f"## A Li-H(B) pair term, not used ({labs[0].rule} rule)\n\n"
    if strained is None:
        return title + "Too few complexes with DFT energies to fit its two numbers.\n"
    names = pair_term.usable()
    by_dft = pair_term.mean_contact_A({name: raw.geometries()[name].xyz_A for name in names})
    each = [pair_term.effect(lab) for lab in labs]
    none = pair_term.PairTerm(strained.c12_before, strained.c6_before, 0.0, 0.0)
    pairs = [lab.term or none for lab in labs]
    rows: list[list[object]] = [
        ["RMS deviation of binding energies at DFT's geometries", *(f"{x.rms_at_dft_kJ_per_mol:.1f}" for x in each)],
        ["RMS deviation of binding energies, each minimised", *(f"{x.rms_kJ_per_mol:.1f}" for x in each)],
        ["pairs of sites in the wrong order", *(x.wrong_orders for x in each)],
        [f"mean Li-H(B) contact / angstrom (DFT {by_dft:.2f})", *(f"{x.distance_A:.2f}" for x in each)],
        ["sigma of Li-H(B) / nm", *(number(x.sigma_nm, ".4f") for x in pairs)],
        ["epsilon of Li-H(B) / kJ/mol", *(number(x.epsilon_kJ_per_mol, ".3g") for x in pairs)],
    ]
    text = (
        "One `[ nonbond_params ]` line, its two numbers fitted by least squares to the binding energies of\n"
        f"{len(names)} complexes{_of_all(len(names))}, each from the conformer that it was made from:\n\n"
    )
    header = ["", "without", "fitted at DFT's geometries", "fitted to relaxed energies"]
    return title + text + table(header, rows) + _changes(each[0], each[-1]) + WHY_NOT


def _of_all(count: int) -> str:
    again = [one for kind in HYDRIDES for one in binding.repeated(kind)]
    return f" (of {count + len(again)}; {', '.join(again)} repeats another)" if again else ""


def _changes(without: pair_term.Effect, term: pair_term.Effect) -> str:
    return (
        "\nFitted to relaxed energies the term takes the RMS deviation of binding from "
        f"{without.rms_kJ_per_mol:.0f} to {term.rms_kJ_per_mol:.0f} kJ/mol,\n"
        f"the wrong orders from {without.wrong_orders} to {term.wrong_orders} and "
        f"the contact from {without.distance_A:.2f} to {term.distance_A:.2f} angstrom.\n"
    )


WHY_NOT = """
At DFT's geometries the force field's bonds are strained, by more in some complexes than in others; a term fitted there
takes that up too, and the minimised complexes then have what it put in without the strain.
Neither is used: solvents and anion have misfits of their own, as fixed charges do not polarise. A term for the hydrides
alone shifts every exchange energy between them and the rest (table above); one per solvent would be needed as well to
keep the balance.
"""
