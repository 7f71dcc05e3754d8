"""How long molecules stay at a cation, and how often a cation changed them.

Definitions: C(t) is the chance that a contact found at a moment drawn at random lasts a time t longer
(analysis/survival.py); "continuous" ends at the first frame without contact, "intermittent" forgives absences of at
most t* = 2 ps (Impey, Madden and McDonald, J. Phys. Chem. 87, 5071, 1983). The residence time is the integral of
C(t). A contact is that of a whole molecule, through any of its coordinating sites (label "Li-DME") or through those of
one kind (label "Li-O(DME)"), by the fixed contact distances of analysis/cutoffs.py; P counts as a kind of its own.
An exchange is an arrival and a departure, contacts and absences shorter than t* not counted.
Uncertainty: 95 % half-widths by jackknife over the cations (each divided in time when there are fewer than ten).
Where less than 0.05 molecules touch, the answer is "no contact"; where C(T/2) > 0.1 for an analysed length T, there is
a lower bound and no time. Wrong (too long) when contacts break and form between two frames, for the continuous form
above all, which depends on the spacing of the frames.
Statics of a run in which the shells hardly changed say what the packing was, not what the liquid is: hence the warning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.cutoffs import COORDINATING_KINDS, NO_CONTACT
from analysis.read import Reading
from analysis.run import Run
from analysis.shells import Contacts, coordinating_sites, first_frame, molecule_contacts
from analysis.statistics import half_width_95
from analysis.survival import (
    FloatArray,
    Residence,
    Stretches,
    Survival,
    bridged,
    exchanges,
    frames_within,
    groups_of,
    new_partners,
    residence,
    steady,
    stretches,
    survival,
)
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "forgiven_ps": 2.0,  # t*: absences up to here are bridged, shorter contacts are no exchange
    "few_exchanges": 5.0,  # per cation; below, averages over shells are not sampled
    "kinds": (*COORDINATING_KINDS, "P"),
}

MIN_FRAMES = 10
FORMS = ("continuous", "intermittent")
_NEVER_SEEN = 3.0  # upper 95 % limit of a count when nothing was counted (rule of three)


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return survival functions, residence times and exchanges of every species and kind of site.

    Rows, labels "Li-DME" and "Li-O(DME)", form = continuous or intermittent: "survival_<form>" (x: lag in ps),
    "residence_time_<form>" (ps; NaN with "tau > X ps (lower bound)" or "no contact" as the note),
    "residence_lower_bound_<form>" (ps; only when there is no time), "residence_beta_<form>" (exponent of the stretched
    exponential that describes C). Per species and with label "Li-all": "exchanges" (per cation over the
    analysed part) and "new_partners" (molecules per cation that it did not hold at first); the note of "Li-all"
    warns below five. Averages are over the frames from the first block that begins at or after `start_frame`.
    """
    first = first_frame(reading, start_frame)
    if run.cation is None or not run.n_cations or not run.partner_sites():
        return []
    if reading.n_frames - first < MIN_FRAMES:
        note = f"only {reading.n_frames - first} frames"
        return [row("exchanges", f"{run.cation}-all", math.nan, "1", note=note)]
    rows: list[Row] = []
    lasting: dict[str, tuple[Stretches, int]] = {}
    apart = [site for site in run.partner_sites() if site.kind in PARAMETERS["kinds"]]
    forgiven = frames_within(PARAMETERS["forgiven_ps"], reading.interval_ps)
    for species in run.species:
        sites = coordinating_sites(run, species.name)
        if sites:
            contacts = molecule_contacts(run, reading, sites, first)
            label = f"{run.cation}-{species.name}"
            own = _contact_rows(label, contacts, reading.interval_ps)
            rows += own
            if len(sites) == 1:  # through its only kind of site: the same contacts
                apart.remove(sites[0])
                rows += [{**entry, "label": run.pair_label(sites[0])} for entry in own]
            lasting[label] = steady(_stretches(contacts), forgiven), species.count
    for site in apart:
        contacts = molecule_contacts(run, reading, [site], first)
        rows += _contact_rows(run.pair_label(site), contacts, reading.interval_ps)
    return rows + _exchange_rows(run, lasting, "" if forgiven else _nothing_forgiven(reading.interval_ps))


def _nothing_forgiven(interval_ps: float) -> str:
    return f"frames {interval_ps:g} ps apart: nothing to forgive"


def _stretches(contacts: Contacts) -> Stretches:
    return stretches(contacts.pair(), contacts.frame, contacts.n_frames)


def _contact_rows(label: str, contacts: Contacts, interval_ps: float) -> list[Row]:
    """Return the rows of one kind of contact in both forms."""
    mean = contacts.frame.size / (contacts.n_frames * contacts.n_cations)
    if mean < NO_CONTACT:
        return [row(f"residence_time_{form}", label, math.nan, "ps", note="no contact") for form in FORMS]
    found = _stretches(contacts)
    forgiven = frames_within(PARAMETERS["forgiven_ps"], interval_ps)
    rows: list[Row] = []
    for form, part in zip(FORMS, (found, bridged(found, forgiven)), strict=True):
        curve = survival(part, *groups_of(part, contacts.n_molecules, contacts.n_cations))
        remark = "" if form == "continuous" or forgiven else _nothing_forgiven(interval_ps)
        rows += _survival_rows(label, form, curve, interval_ps)
        rows += _time_rows(label, form, residence(curve, interval_ps), remark)
    return rows


def _survival_rows(label: str, form: str, curve: Survival, interval_ps: float) -> list[Row]:
    """Return C(t) at lags that replicas share: not the last one, which depends on the length of the run."""
    # five digits: replicas whose spacing differs by rounding have the same lags
    points = [(float(f"{lag * interval_ps:.5g}"), lag) for lag in curve.lag_frames[:-1]]
    values = zip(points, curve.curve, curve.half_width(), strict=False)
    return [row(f"survival_{form}", label, value, "1", error, lag_ps, "ps") for (lag_ps, _), value, error in values]


def _time_rows(label: str, form: str, found: Residence, remark: str) -> list[Row]:
    """Return the residence time, or its lower bound, and the exponent."""
    note = "; ".join(text for text in (found.note, remark) if text)
    if math.isnan(found.time_ps):
        return [
            row(f"residence_time_{form}", label, math.nan, "ps", note=note),
            row(f"residence_lower_bound_{form}", label, found.lower_bound_ps, "ps", found.half_width_ps),
        ]
    reason = "" if math.isfinite(found.beta) else "C falls too fast to show an exponent"
    return [
        row(f"residence_time_{form}", label, found.time_ps, "ps", found.half_width_ps, note=note),
        row(f"residence_beta_{form}", label, found.beta, "1", found.beta_half_width, note=reason),
    ]


def _exchange_rows(run: Run, lasting: dict[str, tuple[Stretches, int]], remark: str) -> list[Row]:
    """Return the exchanges and new partners per cation, per species and of all together; remark: on all exchanges."""
    none = np.zeros(run.n_cations)
    all_exchanges, all_new = none, none
    rows: list[Row] = []
    for label, (found, n_molecules) in lasting.items():
        changed = exchanges(found, n_molecules, run.n_cations)
        met = new_partners(found, n_molecules, run.n_cations).astype(np.float64)
        all_exchanges, all_new = all_exchanges + changed, all_new + met
        rows += [_per_cation("exchanges", label, changed, remark), _per_cation("new_partners", label, met)]
    label, mean = f"{run.cation}-all", float(all_exchanges.mean())
    few = mean < PARAMETERS["few_exchanges"] and not run.preview
    warning = f"statics rest on {mean:.2g} exchanges per {run.cation}" if few else ""
    told = "; ".join(text for text in (warning, remark) if text)
    rows.append(_per_cation("exchanges", label, all_exchanges, told))
    return [*rows, _per_cation("new_partners", label, all_new)]


def _per_cation(quantity: str, label: str, counts: FloatArray, note: str = "") -> Row:
    """Return the mean over the cations, its interval from their spread, or from the rule of three when all are 0."""
    error = half_width_95(counts) if counts.any() else _NEVER_SEEN / counts.size
    return row(quantity, label, float(counts.mean()), "1", error, note=note)
