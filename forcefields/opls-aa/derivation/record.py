"""What came out of the fit, as the text of RESULT.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from derivation import binding, cis, record_binding
from derivation.acceptance import Criterion
from derivation.bonded import saddles
from derivation.fitted import Fitted
from derivation.hessians import imaginary_per_cm
from derivation.markdown import number, table
from derivation.outcome import Outcome
from derivation.shapes import Shape, rms_kJ_per_mol, shapes, spreads

ATOMS = ("N", "HN", "B", "HB")
HEADER = """# PAB, PIB and ammonia borane (AB) against DFT

Written by `python -m derivation.fit --write` from the results under `raw/`. Energies in kJ/mol, charges in e. Energies
of conformers stand above the one that DFT finds best at their length, those of complexes above the best one of their
chain; *turned* is the largest turn of a backbone torsion in degrees when the force field relaxes a conformer.
"""
AMMONIA_BORANE = """
Only these three criteria apply to it: no scan of the derivation turns its bond, and one site for Li+ was calculated.
None of them judges how it binds Li+: {binding}
Its lengths and angles are met by construction: one conformer, and r0 and theta0 moved until they agree.
Its torsion barrier is the measured one, not DFT's.
"""
LIMITS = """
- Lengths, angles and torsions are fitted and judged under the geometric mixing rule, OPLS' own. Li+ binding is judged
  under it and under Lorentz-Berthelot, the workflow's default; the worse of the two decides.
- One V per B-N bond is shared by all torsions about it, those of the chains' ends too, which no scan turns.
- The chains are linear. Real coatings are branched and cross-linked; how these differ is not in here.
- PBE without dispersion, as in the paper, is no target: the reference is omegaB97X-D3(BJ), triple zeta.
- A B-N bond is short or long with the conformer, which one harmonic term per type cannot be; the charges are a mean
  over coiled and extended chains in the same way.
- Fixed charges do not polarise: by how much Li+ binding is off, solvents and anion included, is told below. Compare
  differences between partners, and see what they miss, before a difference between two liquids is believed.
- All is judged in vacuum, from energies without zero-point motion or entropy; nothing is validated in a liquid.
"""


def record(outcome: Outcome) -> str:
    """Return the whole record as Markdown."""
    found = {kind: shapes(one.reached) for kind, one in outcome.fitted.items()}
    parts = [HEADER, _summary(outcome), _cannot_follow(outcome, found) + LIMITS]
    for kind, one in outcome.fitted.items():
        parts += [f"## {kind}\n", _criteria(outcome.verdicts[kind].criteria), _charges(one)]
        if kind == "AB":
            parts.append(f"{_ab_words(outcome)}Imaginary frequencies of AB-c1: {_said(imaginary_per_cm('AB-c1'))}.\n")
            continue
        parts.append(f"Torsions: {one.torsions}.\n{saddles(kind, one.molecule)}")
        parts += [_shapes(found[kind]), record_binding.sites(kind, _places(kind, outcome))]
        if kind == "PIB":
            parts.append(_cis(outcome.cis, one))
    return "\n".join([*parts, record_binding.holders_and_term(outcome)])


def _summary(outcome: Outcome) -> str:
    rows = [
        [kind, one.status, len(one.missed), len(one.open), one.jobs_missing, one.estimated or "none"]
        for kind, one in outcome.verdicts.items()
    ]
    rows += [[kind, "not fitted", "", "", "", f"all ({reason})"] for kind, reason in outcome.lacking.items()]
    text = table(["", "status", "criteria missed", "open", "DFT jobs missing", "still estimated"], rows)
    if outcome.missing:
        first = outcome.missing[0].name
        text += f"\n**Incomplete:** {len(outcome.missing)} DFT jobs are not done, the first is `{first}`.\n"
    return text


def _cannot_follow(outcome: Outcome, found: Mapping[str, Sequence[Shape]]) -> str:
    """By how much the chains miss what the form of the model cannot give."""
    misfits = {one.name: one.misfit_kJ_per_mol for one in next(iter(outcome.held.values()))}
    rows = []
    for kind in [kind for kind in found if kind != "AB"]:
        fitted = outcome.fitted[kind]
        inner = next(one for one in spreads(fitted.molecule, fitted.reached) if one.types == ("b_B", "b_N"))
        lengths = [f"{low:.3f} to {high:.3f}" for low, high in (inner.dft_A, inner.mm_A)]
        misfit = number(misfits.get(kind, float("nan")), "+.1f")
        rows.append([kind, number(rms_kJ_per_mol(found[kind])), *lengths, misfit])
    header = ["", "conformer energies, RMS", "inner B-N / angstrom, DFT", "force field", "Li+ binding, misfit"]
    return "## What charges, Lennard-Jones and harmonic terms cannot follow\n\n" + table(header, rows)


def _criteria(found: Sequence[Criterion]) -> str:
    rows = [
        [
            one.what,
            "not computed" if one.value is None else f"{one.value:.0f}" if one.unit == "pairs" else f"{one.value:.3f}",
            f"{one.limit:.4g} {one.unit if one.unit != '1' else ''}",
            "open" if one.value is None else "met" if one.met else "**missed**",
            one.where,
        ]
        for one in found
    ]
    return table(["criterion", "reached", "limit", "", "where"], rows)


def _charges(one: Fitted) -> str:
    parts = list(dict.fromkeys(part for part, _ in one.charges.charges_e))
    rows = [[part, *(f"{one.charges.charges_e[part, atom]:+.4f}" for atom in ATOMS)] for part in parts]
    errors = ", ".join(f"{name} {value:.3f}" for name, value in one.charges.rrms.items())
    return table(["charges", *ATOMS], rows) + f"\nRelative errors of the potentials of the fit: {errors}.\n"


def _shapes(found: Sequence[Shape]) -> str:
    rows = [
        [
            shape.name,
            number(shape.dft_kJ_per_mol),
            f"{shape.mm_kJ_per_mol:.1f}",
            number(shape.mm_kJ_per_mol - shape.dft_kJ_per_mol, "+.1f"),
            f"{shape.turned_deg:.0f}",
            _said(shape.imaginary_per_cm),
        ]
        for shape in found
    ]
    header = ["conformer", "DFT", "force field", "difference", "turned", "imaginary frequencies"]
    rms = number(rms_kJ_per_mol(found))
    return f"{table(header, rows)}\nRMS deviation, each length from its mean: {rms} kJ/mol. {_minima(found)}"


def _minima(found: Sequence[Shape]) -> str:
    known = {one.name: one.imaginary_per_cm for one in found if one.imaginary_per_cm is not None}
    true = [name for name, values in known.items() if not values]
    return f"True minima: {', '.join(true) or 'none shown'}; {len(found) - len(known)} conformers without a Hessian.\n"


def _places(kind: str, outcome: Outcome) -> dict[str, list[binding.Place]]:
    return {rule: binding.places(kind, lab) for rule, lab in outcome.labs.items()}


def _said(imaginary_per_cm: Sequence[float] | None) -> str:
    if imaginary_per_cm is None:
        return "no Hessian"
    return ", ".join(f"{one:.0f} cm-1" for one in imaginary_per_cm) or "none: a minimum"


def _ab_words(outcome: Outcome) -> str:
    misfits = {rule: one.misfit_kJ_per_mol for rule, found in outcome.held.items() for one in found if one.name == "AB"}
    said = ", ".join(f"{misfit:+.1f} kJ/mol ({rule})" for rule, misfit in misfits.items())
    return AMMONIA_BORANE.format(binding=f"it misses DFT by {said or 'what is not computed'}.")


def _cis(found: tuple[cis.CisEnergy | None, cis.CisEnergy | None], one: Fitted) -> str:
    rows = [
        [
            each.source,
            f"{each.energy_kJ_per_mol:+.2f}",
            number(each.error_kJ_per_mol, ".2f"),
            f"{each.probability:.2f}",
            " to ".join(number(end, ".2f") for end in each.range),
        ]
        for each in found
        if each is not None
    ]
    header = ["cis bond against trans bond", "energy", "standard error", "p(cis), 298.15 K", "within one error"]
    text = f"### How often a bond is cis\n\n{table(header, rows)}\n{_reason(one)}"
    if found[0] is not None and not found[0].is_certain:
        text += "The conformers' energy is not beyond twice its standard error: its sign is not certain.\n"
    if found[0] is not None and found[1] is not None:
        energy = found[1].energy_kJ_per_mol - found[0].energy_kJ_per_mol
        by = found[1].probability - found[0].probability
        text += f"The scans differ from the conformers by {energy:+.2f} kJ/mol and {by:+.2f} in p.\n"
        if cis.disagreement(*found):
            text += (
                "Within their own error they do not confirm the conformers' sign: whether cis is preferred is open.\n"
            )
        return f"{text}The conformers' p is used.\n\n{_drawn(found[0].probability)}"
    return text + "The second way, from relaxed scans, lacks them.\n"


def _drawn(probability: float) -> str:
    number_of = cis.adjacent("PIB")
    none = "none" if not number_of else f"{number_of}"
    return (
        f"Of these conformers of DFT {none} has two cis bonds in a row, and in drawn chains such atoms clash: whole\n"
        "sequences are drawn given that there are none, and without the straight chain. The share of cis bonds is\n"
        f"then {cis.shares_text(round(probability, 2))}, not {probability:.2f}.\n"
    )


def _reason(one: Fitted) -> str:
    barrier = cis.barrier_text(one.scans)
    if barrier is None:
        return "Cis and trans are drawn, as the bonds do not turn; the barrier between them is not computed yet.\n"
    return f"Cis and trans are drawn, as no bond turns within a simulation: the scans' barriers are {barrier} by DFT.\n"
