"""The part of RESULT.md on Li+: sites, partners, exchange energies, and a pair term that is not used."""

from __future__ import annotations

from collections.abc import Sequence

from derivation import binding, pair_term, raw
from derivation.binding import HYDRIDES, Holder, Lab, Place
from derivation.markdown import number, table
from derivation.outcome import Outcome


def sites(found: Sequence[Place]) -> str:
    """Return the table of a chain's complexes."""
    rows = [
        [one.name, one.touches_dft, f"{one.dft_kJ_per_mol:.1f}", f"{one.mm_kJ_per_mol:.1f}", one.touches_mm]
        for one in found
    ]
    return table(["complex", "Li+ touches (DFT)", "DFT", "force field", "touches (force field)"], rows)


def holders_and_term(outcome: Outcome) -> str:
    """Return who holds Li+, with and without the pair term."""
    term = pair_term.term_of(outcome.lab, outcome.known)
    changed = outcome.lab if term is None else outcome.lab.with_term(term)
    held = binding.holders(changed) if term is not None else []
    unfitted = [kind for kind in HYDRIDES if kind in outcome.lacking]
    text = "## Who holds Li+\n\nBinding energy in the best complex, from the best conformer:\n\n"
    text += _holders(outcome.held)
    if unfitted:
        text += f"\n{' and '.join(unfitted)} with the parameters of before.\n"
    text += "\nExchange energies, the last columns with the pair term below:\n\n" + _exchanges(outcome.held, held)
    return text + "\n" + _term(outcome.lab, term, changed)


def _holders(found: Sequence[Holder]) -> str:
    rows = [
        [one.name, f"{one.dft_kJ_per_mol:.1f}", f"{one.mm_kJ_per_mol:.1f}", f"{one.misfit_kJ_per_mol:+.1f}"]
        for one in found
    ]
    return table(["partner", "DFT", "force field", "misfit"], rows)


def _exchanges(found: Sequence[Holder], changed: Sequence[Holder]) -> str:
    other = {one.name: one for one in changed}
    rows = [
        [
            f"Li·{x.name} + {chain.name} → Li·{chain.name} + {x.name}",
            f"{chain.dft_kJ_per_mol - x.dft_kJ_per_mol:+.1f}",
            *_pair(chain, x),
            *(_pair(other[chain.name], other[x.name]) if other else ("not computed", "")),
        ]
        for chain in found
        if chain.name in HYDRIDES
        for x in found
        if x.name not in HYDRIDES
    ]
    return table(["exchange", "DFT", "force field", "misfit", "with the term", "misfit"], rows)


def _pair(chain: Holder, x: Holder) -> tuple[str, str]:
    misfit = chain.misfit_kJ_per_mol - x.misfit_kJ_per_mol
    return f"{chain.mm_kJ_per_mol - x.mm_kJ_per_mol:+.1f}", f"{misfit:+.1f}"


def _term(lab: Lab, term: pair_term.PairTerm | None, changed: Lab) -> str:
    title = "## A Li-H(B) pair term, not used\n\n"
    if term is None:
        return title + "Too few complexes with DFT energies to fit its two numbers.\n"
    names = pair_term.usable()
    by_dft = pair_term.mean_contact_A({name: raw.geometries()[name].xyz_A for name in names})
    both = [pair_term.effect(lab), pair_term.effect(changed)]
    rows: list[list[object]] = [
        ["RMS deviation of binding energies at DFT's geometries", *(f"{x.rms_at_dft_kJ_per_mol:.1f}" for x in both)],
        ["RMS deviation of binding energies, each minimised", *(f"{x.rms_kJ_per_mol:.1f}" for x in both)],
        ["pairs of sites in the wrong order", *(x.wrong_orders for x in both)],
        [f"mean Li-H(B) contact / angstrom (DFT {by_dft:.2f})", *(f"{x.distance_A:.2f}" for x in both)],
        ["sigma of Li-H(B) / nm", *(number(x.sigma_nm, ".4f") for x in (_unchanged(term), term))],
        ["epsilon of Li-H(B) / kJ/mol", *(number(x.epsilon_kJ_per_mol, ".3g") for x in (_unchanged(term), term))],
    ]
    fitted = "C6 alone (C12 would be negative)" if term.c12_change == 0 else "C12 and C6"
    text = (
        f"One `[ nonbond_params ]` line, {fitted} fitted by least squares to the binding energies of\n"
        f"{len(names)} complexes at DFT's geometries, each from the conformer that it was made from:\n\n"
    )
    return title + text + table(["", "without", "with"], rows) + WHY_NOT


def _unchanged(term: pair_term.PairTerm) -> pair_term.PairTerm:
    return pair_term.PairTerm(term.c12_before, term.c6_before, 0.0, 0.0)


WHY_NOT = """
At DFT's geometries the force field's bonds are strained, by more in some complexes than in others; the term takes that
up too, and the minimised complexes then have what it put in without the strain.
It is not used: solvents and anion have misfits of their own, as fixed charges do not polarise. A term for the hydrides
alone shifts every exchange energy between them and the rest (table above); one per solvent would be needed as well to
keep the balance.
"""
