"""Who holds the cation: ion pairs, the composition of its shell, and the motif of the published claim.

Definitions (contacts: fixed distances, analysis/cutoffs.py, coordinating sites O, N, F and hydrogen on boron):
    SSIP: no anion touches the cation; CIP: one anion, which touches only this cation; AGG: two or more anions, or one
    that touches two or more cations (mdgo's rule; Raman "fractions" are something else).
    Composition: the molecules in contact, e.g. "Li(DME)2(TFSI)"; a bare "Li" touches nothing.
    Holder: solvent (any neutral molecule that is no chain, additives too), anion, chain, mixed (more than one class),
    nothing.
    Motif (O)2-N(middle): at least two oxygens of solvent and at least one nitrogen of a middle unit of a chain touch
    the same cation. Nitrogen of first and last units ("end": artefacts of short chains) and contacts through hydrogen
    on boron (HB) are counted apart. Beside it the share that independent contacts would give: the product of the two.
Shares are of cations, averaged over cations and frames.
Uncertainty: 95 % half-width from five consecutive parts and from the cations (analysis of variance, Student's t;
analysis/shells.py). A share that is 0 or 1 throughout has the rule of three, 3 / N_eff, with N_eff = cations
(1 + new partners per cation / (2 molecules per shell)) of the species that exchanges least among those that decide on
the share: every cation counts once, and again for every two shells of that species that it exchanged.
Wrong when the packing still holds (statics that rest on few exchanges, see residence); other cations than the run's own
are not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.read import Reading
from analysis.run import Run, SiteGroup, Species
from analysis.shells import (
    HOLDERS,
    Contacts,
    IntArray,
    coordinating_sites,
    counted,
    first_frame,
    holder_of,
    in_order,
    mean_with_error,
    molecule_contacts,
    part_of,
    shell_label,
)
from analysis.survival import Stretches, frames_within, new_partners, steady, stretches
from analysis.table import Row, join_notes, row

PARAMETERS: dict[str, Any] = {
    "compositions": 40,  # the commonest ones; what is left is "other"
    "steady_ps": 2.0,  # absences up to here and contacts shorter than this are flicker
    "solvent_oxygens": 2,  # of the motif
}

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
_RULE_OF_THREE = 3.0


@dataclass(frozen=True)
class Shells:
    """What touches the cations of a run after the start; F frames, C cations.

    contacts: of each species that can coordinate, solvents first; n_eff: independent shells in the run, by class of the
    molecules that hold.
    """

    contacts: dict[Species, Contacts]
    shape: tuple[int, int]
    n_eff: dict[str, float]
    interval_ps: float

    def held_by(self, holder: str) -> IntArray:
        """Return how many molecules of a class touch each cation, (F, C)."""
        counts: IntArray = np.zeros(self.shape, dtype=np.int64)
        for one, found in self.contacts.items():
            if holder_of(one.role) == holder:
                counts += found.per_cation()
        return counts

    def has(self, holder: str) -> bool:
        """Return whether the run has molecules of a class that can coordinate."""
        return any(holder_of(species.role) == holder for species in self.contacts)


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return pairing, holders, compositions and the motif as shares of the cations (unit 1).

    Rows: "speciation" (labels "Li-SSIP", "Li-CIP", "Li-AGG") and "speciation_steady" (the same, flicker of up to 2 ps
    left out), when there are anions; "holder" ("Li-solvent", "Li-anion", "Li-chain", "Li-mixed", "Li-nothing") and
    "holder_mixed" ("Li-solvent+anion", ...); "shell" (labels are compositions, the commonest, and "other"); with chains
    "motif_share" and "motif_expected" ("Li-(O)2-N(middle)" and its parts). Each group of "speciation", "holder" and
    "shell" adds up to 1. Averages are over the frames from the first block that begins at or after `start_frame`.
    """
    first = first_frame(reading, start_frame)
    species = [one for one in in_order(run.species) if coordinating_sites(run, one.name)]
    if run.cation is None or not run.n_cations or not species or first >= reading.n_frames:
        return []
    contacts = {one: molecule_contacts(run, reading, coordinating_sites(run, one.name), first) for one in species}
    flicker = frames_within(PARAMETERS["steady_ps"], reading.interval_ps)
    lasting = {one: _lasting(found, flicker) for one, found in contacts.items()}
    shape = reading.n_frames - first, run.n_cations
    shells = Shells(contacts, shape, _independent_shells(lasting, contacts, shape), reading.interval_ps)
    cation = run.cation
    rows = _pairing_rows("speciation", run, shells)
    rows += _holder_rows(cation, shells)
    rows += _composition_rows(cation, shells)
    rows += _motif_rows(run, reading, first, shells)
    for one, found in lasting.items():
        contacts[one] = _contacts_of(found, contacts[one])
    return rows + _pairing_rows("speciation_steady", run, shells)


def _lasting(found: Contacts, dwell_frames: int) -> Stretches:
    """Return the stretches of contact without flicker."""
    return steady(stretches(found.pair(), found.frame, found.n_frames), dwell_frames)


def _contacts_of(lasting: Stretches, found: Contacts) -> Contacts:
    """Return stretches as contacts, one for each frame; `found` has their sizes."""
    pair, frame = lasting.frames()
    cation, molecule = np.divmod(pair, found.n_molecules)
    cation, molecule = (one.astype(np.int32, copy=False) for one in (cation, molecule))
    return Contacts(frame, cation, molecule, np.ones_like(frame), found.n_frames, found.n_cations, found.n_molecules)


def _independent_shells(
    lasting: dict[Species, Stretches], contacts: dict[Species, Contacts], shape: tuple[int, int]
) -> dict[str, float]:
    """Return N_eff of the module's docstring for each class of molecules: of its species that exchanges least."""
    independent: dict[str, float] = {}
    for species, found in lasting.items():
        size = float(found.length.sum()) / (shape[0] * shape[1])
        met = int(new_partners(found, contacts[species].n_molecules, shape[1]).sum())
        # species that hold next to nothing do not decide what the others' shells show
        n_eff = shape[1] + met / (2 * max(size, 1.0))
        holder = holder_of(species.role)
        independent[holder] = min(n_eff, independent.get(holder, math.inf))
    return independent


def share_row(quantity: str, label: str, true: BoolArray, shells: Shells, deciding: Sequence[str] = HOLDERS) -> Row:
    """Return the share of true values among cations and frames (F, C), with an honest error when it never changes.

    deciding: the classes of molecules whose contacts decide on it.
    """
    mean, error, note = mean_with_error(true, shells.interval_ps)
    if true.all() or not true.any():
        mean = float(true.all())
        n_eff = min(shells.n_eff[holder] for holder in deciding if holder in shells.n_eff)
        error = min(1.0, _RULE_OF_THREE / n_eff)
        word, side = ("never", "below") if mean == 0 else ("always", "above")
        note = f"{word} seen: {side} {abs(mean - error):.2g} at 95 % ({n_eff:.3g} independent shells)"
    return row(quantity, label, mean, "1", error, note=note)


def _pairing_rows(quantity: str, run: Run, shells: Shells) -> list[Row]:
    """Return the shares of SSIP, CIP and AGG among the run's cations; nothing without anions."""
    if not shells.has("anion"):
        return []
    n_anions = shells.held_by("anion")
    shared = np.zeros(shells.shape, dtype=bool)
    for species, found in shells.contacts.items():
        if holder_of(species.role) == "anion":
            several = found.per_molecule()[found.frame, found.molecule] > 1
            shared[found.frame[several], found.cation[several]] = True
    pairs = (n_anions == 1) & ~shared
    states = {"SSIP": n_anions == 0, "CIP": pairs, "AGG": (n_anions > 0) & ~pairs}
    rows = [share_row(quantity, f"{run.cation}-{name}", true, shells, ["anion"]) for name, true in states.items()]
    others = [one.name for one in run.species if one.role == "cation" and one.name != run.cation]
    if others:
        unseen = f"contacts with {', '.join(others)} are not counted: an anion that one of them shares is not told"
        rows = [one | {"note": join_notes(one["note"], unseen)} for one in rows]
    return rows


def _holder_rows(cation: str, shells: Shells) -> list[Row]:
    """Return the shares of cations held by one class of molecules, by several (and by which), and by none."""
    held = np.stack([shells.held_by(holder) > 0 for holder in HOLDERS], axis=-1)
    pattern = held @ (1 << np.arange(len(HOLDERS)))
    rows: list[Row] = []
    mixed: list[Row] = []
    for code in range(1 << len(HOLDERS)):
        names = [name for bit, name in enumerate(HOLDERS) if code >> bit & 1]
        if not all(shells.has(name) for name in names):
            continue
        target = mixed if len(names) > 1 else rows
        label = f"{cation}-{'+'.join(names) or 'nothing'}"
        target.append(share_row("holder_mixed" if len(names) > 1 else "holder", label, pattern == code, shells))
    rows.append(share_row("holder", f"{cation}-mixed", held.sum(axis=-1) > 1, shells))
    return rows + mixed


def _composition_rows(cation: str, shells: Shells) -> list[Row]:
    """Return the shares of the commonest compositions, fewest anions and chains first, and of all others."""
    counts = [found.per_cation() for found in shells.contacts.values()]
    codes = np.ravel_multi_index(counts, [int(one.max()) + 1 for one in counts])
    found, frequency = np.unique(codes, return_counts=True)
    kept = found[np.argsort(-frequency, kind="stable")[: PARAMETERS["compositions"]]]
    numbers = np.unravel_index(kept, [int(one.max()) + 1 for one in counts])
    rows = []
    for code, *own in sorted(zip(kept, *numbers, strict=True), key=lambda entry: tuple(entry[:0:-1])):
        label = shell_label(cation, [one.name for one in shells.contacts], own)
        rows.append(share_row("shell", label, codes == code, shells))
    return [*rows, share_row("shell", "other", ~np.isin(codes, kept), shells)]


def _motif_rows(run: Run, reading: Reading, first: int, shells: Shells) -> list[Row]:
    """Return the motif, its parts, and what independent parts would give; nothing without chains of N or B-H."""
    if not shells.has("chain"):
        return []

    def atoms_of(sites: Sequence[SiteGroup]) -> IntArray:
        counts: IntArray = np.zeros(shells.shape, dtype=np.int64)
        for site in sites:
            counts += counted(run, reading, site, first)
        return counts

    roles = {species.name: holder_of(species.role) for species in run.species}
    oxygens = [s for s in run.partner_sites() if s.kind == "O" and roles[s.species] == "solvent"]
    chain = [site for site in coordinating_sites(run) if roles[site.species] == "chain" and site.kind in ("N", "HB")]
    if not chain:
        return []
    enough = atoms_of(oxygens) >= PARAMETERS["solvent_oxygens"]
    wanted = _parts_of_chain(chain)
    parts = {name: atoms_of(sites) > 0 for name, sites in wanted.items() if sites}
    if "N" in parts and "HB" in parts:
        parts["HB without N"] = parts["HB"] & ~parts["N"]
    head = f"{run.cation}-(O){PARAMETERS['solvent_oxygens']}"
    rows = [share_row("motif_share", head, enough, shells, ["solvent"])]
    for name, true in parts.items():
        rows.append(share_row("motif_share", f"{run.cation}-{name}", true, shells, ["chain"]))
        rows.append(share_row("motif_share", f"{head}-{name}", true & enough, shells, ["solvent", "chain"]))
        rows.append(_expected_row(f"{head}-{name}", true, enough, shells))
    if "N" in parts and "N(middle)" not in parts:
        note = "the sites of the chains do not name a middle unit"
        rows.append(row("motif_share", f"{head}-N(middle)", math.nan, "1", note=note))
    return rows


def _parts_of_chain(chain: Sequence[SiteGroup]) -> dict[str, list[SiteGroup]]:
    """Return the sites of the chains by kind and unit: "N(middle)", "N(end)", "N", and the same of HB."""
    parts: dict[str, list[SiteGroup]] = {}
    for kind in ("N", "HB"):
        own = [site for site in chain if site.kind == kind]
        parts[f"{kind}(middle)"] = [site for site in own if part_of(site) == "middle"]
        parts[f"{kind}(end)"] = [site for site in own if part_of(site) in ("head", "tail")]
        parts[kind] = own
    return parts


def _expected_row(label: str, one: BoolArray, other: BoolArray, shells: Shells) -> Row:
    """Return the share of cations with both if the two were independent: the product of their shares."""
    shares = float(one.mean()), float(other.mean())
    # to first order the product varies as the sum of both, each times the other's share
    _, error, note = mean_with_error(shares[1] * one + shares[0] * other, shells.interval_ps)
    remarks = ["if the two were independent of each other", *([note] if shares[0] * shares[1] else [])]
    return row("motif_expected", label, shares[0] * shares[1], "1", error, note="; ".join(remarks))
