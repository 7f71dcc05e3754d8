"""Coordination numbers by direct contact: how many sites, and how many molecules, touch a cation.

Definition: a site touches a cation when their distance is below the contact distance of its kind of atom
(analysis/cutoffs.py: fixed, the same in every system). CN = contacts per cation, averaged over cations and
frames. A molecule touches when any of its sites does; a whole polymer chain counts as one molecule. The total
counts the sites of the negatively polarised kinds O, N, F and HB (hydrogen on boron).
Uncertainty: 95 % half-width of the mean over five consecutive parts of the time series (Student's t).
Wrong when contacts live longer than a tenth of the trajectory: the parts are then not independent, as the note says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.cutoffs import BAND_NM, CONTACT_NM, COORDINATING_KINDS, NO_CONTACT
from analysis.read import Reading
from analysis.run import Run, RunError, SiteGroup
from analysis.statistics import block_error, block_note
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "parts": 5,
    "series_points": 500,  # a series is thinned to at most so many means
    "probability_up_to": 12,  # P(n) is given for n = 0 to here, further when more occur
}

IntArray = NDArray[np.int64]


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the coordination numbers of every site group, every species and in total.

    Rows (unit 1; labels "Li-O(DME)" for sites, "Li-DME" for molecules, "Li-all" for the total): "cn",
    "cn_molecule", "cn_total"; "cn_band" (x: contact distance -+ 0.02 nm); "cn_integral" (from the histogram
    of distances, must agree with "cn"); "cn_probability", "cn_molecule_probability", "cn_total_probability"
    (x: n; share of cations with n contacts); "cn_series", "cn_molecule_series" and "cn_total_series"
    (x: time in ps; means of consecutive frames over the whole trajectory). Averages are over the frames from
    the first block that begins at or after `start_frame`.

    Raises:
        RunError: a site is of a kind without a contact distance.
    """
    first = int(reading.block_edges_frame[reading.first_block(start_frame)])
    rows: list[Row] = []
    for site in run.partner_sites():
        label = run.pair_label(site)
        counts = site_contacts(run, reading, site)
        own = len(rows)
        rows += _rows_of("cn", label, counts, reading, first)
        rows += _band_rows(run, reading, site, first)
        rows.append(_integral_row(run, reading, site, start_frame, note=str(rows[own]["note"])))
    for species in run.species:
        sites = [site for site in run.partner_sites() if site.species == species.name]
        if sites:
            counts = molecule_contacts(run, reading, sites)
            rows += _rows_of("cn_molecule", f"{run.cation}-{species.name}", counts, reading, first)
    coordinating = [site for site in run.partner_sites() if site.kind in COORDINATING_KINDS]
    if coordinating:
        counts = np.sum([site_contacts(run, reading, site) for site in coordinating], axis=0)
        rows += _rows_of("cn_total", f"{run.cation}-all", counts, reading, first)
    return rows


def contact_nm(site: SiteGroup) -> float:
    """Return the contact distance of a site group.

    Raises:
        RunError: its kind has none.
    """
    if site.kind not in CONTACT_NM:
        raise RunError(f"site {site.label}: no contact distance for kind {site.kind!r} in analysis/cutoffs.py")
    return CONTACT_NM[site.kind]


def site_contacts(run: Run, reading: Reading, site: SiteGroup, shift_nm: float = 0.0) -> IntArray:
    """Return the contacts of each cation with a site group in each frame, shape (F, N_cation)."""
    pairs = reading.pairs[run.pair_label(site)]
    touching = pairs["distance_nm"] < np.float32(contact_nm(site) + shift_nm)
    n_cations = run.n_cations
    keys = pairs["frame"][touching].astype(np.int64) * n_cations + pairs["cation"][touching]
    return np.bincount(keys, minlength=reading.n_frames * n_cations).reshape(reading.n_frames, n_cations)


def molecule_contacts(run: Run, reading: Reading, sites: Sequence[SiteGroup]) -> IntArray:
    """Return how many molecules touch a cation through any of these sites of one species, (F, N_cation)."""
    n_cations = run.n_cations
    n_molecules = run.find_species(sites[0].species).count
    keys = []
    for site in sites:
        pairs = reading.pairs[run.pair_label(site)]
        touching = pairs[pairs["distance_nm"] < np.float32(contact_nm(site))]
        cation = touching["frame"].astype(np.int64) * n_cations + touching["cation"]
        keys.append(cation * n_molecules + touching["site"] // len(site.atoms))
    cations = np.unique(np.concatenate(keys)) // n_molecules
    return np.bincount(cations, minlength=reading.n_frames * n_cations).reshape(reading.n_frames, n_cations)


def _rows_of(quantity: str, label: str, counts: IntArray, reading: Reading, first: int) -> list[Row]:
    """Return mean, distribution and series of contacts (F, N_cation), the first two from frame `first` on."""
    series = counts.mean(axis=1)
    mean, error = block_error(series[first:], PARAMETERS["parts"])
    note = _note(series[first:], mean, error, reading)
    rows = [row(quantity, label, mean, "1", error, note=note)]
    highest = max(int(counts[first:].max()), PARAMETERS["probability_up_to"])
    for n in range(highest + 1):
        share, error = block_error((counts[first:] == n).mean(axis=1), PARAMETERS["parts"])
        rows.append(row(f"{quantity}_probability", label, share, "1", error, x=n, x_unit="1"))
    thinned = min(PARAMETERS["series_points"], series.size)
    for part in np.array_split(np.arange(series.size), thinned):
        note = "before the start" if part[0] < first else ""
        time_ps = float(reading.time_ps[part].mean())
        rows.append(row(f"{quantity}_series", label, series[part].mean(), "1", x=time_ps, x_unit="ps", note=note))
    return rows


def _note(series: NDArray[np.float64], mean: float, error: float, reading: Reading) -> str:
    """Return what must be said of a mean number of contacts and of its error."""
    known = "" if mean >= NO_CONTACT else "no contact"
    if np.isnan(error) and series.size >= PARAMETERS["parts"]:
        return known or "never changed: no error can be given"
    doubt = block_note(series, reading.interval_ps, PARAMETERS["parts"])
    return "; ".join(text for text in (known, doubt) if text)


def _band_rows(run: Run, reading: Reading, site: SiteGroup, first: int) -> list[Row]:
    """Return the coordination number at both ends of the band of contact distances."""
    rows = []
    for name, shift_nm in (("low", -BAND_NM), ("high", BAND_NM)):
        series = site_contacts(run, reading, site, shift_nm)[first:].mean(axis=1)
        mean, error = block_error(series, PARAMETERS["parts"])
        x = contact_nm(site) + shift_nm
        rows.append(row("cn_band", run.pair_label(site), mean, "1", error, x=x, x_unit="nm", note=name))
    return rows


def _integral_row(run: Run, reading: Reading, site: SiteGroup, start_frame: int, note: str) -> Row:
    """Return the coordination number from the histogram: the integral of rho 4 pi r^2 g up to contact."""
    label = run.pair_label(site)
    first = reading.first_block(start_frame)
    bins = int(np.searchsorted(reading.bin_edges_nm, contact_nm(site) + 1e-9)) - 1
    frames = np.diff(reading.block_edges_frame)[first:]
    per_block = reading.histograms[label][first:, :bins].sum(axis=1)
    parts = np.array_split(np.arange(frames.size), min(PARAMETERS["parts"], frames.size))
    n_cations = run.n_cations
    means = np.array([per_block[part].sum() / (frames[part].sum() * n_cations) for part in parts])
    _, error = block_error(means, len(parts)) if len(parts) > 1 else (0.0, float("nan"))
    return row("cn_integral", label, per_block.sum() / (frames.sum() * n_cations), "1", error, note=note)
