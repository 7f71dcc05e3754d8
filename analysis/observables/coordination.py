"""Coordination numbers by direct contact: how many sites, and how many molecules, touch a cation.

Definition: a site touches a cation when their distance is below the contact distance of its kind of atom
(analysis/cutoffs.py: fixed, the same in every system). CN = contacts per cation, averaged over cations and
frames. The total counts the sites of the negatively polarised kinds O, N, F and HB (hydrogen on boron). A molecule
touches when any of its sites of these kinds does, as in speciation (of a species that has none: any site); a whole
polymer chain counts as one molecule. Denticity: with how many of its sites of these kinds a molecule touches the same
cation (1: monodentate, 2: bidentate), as shares of the molecules in contact.
Uncertainty: 95 % half-width of the mean from five consecutive parts and from the cations (analysis of variance,
Student's t; analysis/shells.py).
Wrong when contacts live as long as the run: cations and parts then only tell what the packing was (see residence).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.cutoffs import BAND_NM, CONTACT_NM, COORDINATING_KINDS, NO_CONTACT
from analysis.read import Reading
from analysis.run import Run, SiteGroup, Species
from analysis.shells import (
    Contacts,
    IntArray,
    contact_nm,
    coordinating_sites,
    counted,
    first_frame,
    mean_with_error,
    molecule_contacts,
)
from analysis.statistics import (
    MAX_POINTS,
    MIN_POINTS,
    FloatArray,
    block_average,
    drift_limit,
    drift_z,
)
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "series_points": 500,  # a series is thinned to at most so many means
    "probability_up_to": 12,  # P(n) is given for n = 0 to here, further when more occur
    "denticity_up_to": 6,  # shares for 1 to here at most, the last one with all above
}


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return the coordination numbers of every site group, every species and in total.

    Rows (unit 1; labels "Li-O(DME)" for sites, "Li-DME" for molecules, "Li-all" for the total): "cn",
    "cn_molecule", "cn_total"; "cn_band" (x: contact distance -+ 0.02 nm); "cn_integral" (from the histogram
    of distances, must agree with "cn"); "cn_probability", "cn_molecule_probability", "cn_total_probability"
    (x: n; share of cations with n contacts); "denticity" (x: atoms of one molecule that touch; share of the molecules
    in contact) and "denticity_mean"; "cn_drift", "cn_molecule_drift" and "cn_total_drift" (last half less first third);
    "cn_series", "cn_molecule_series" and "cn_total_series" (x: time in ps; means of consecutive frames over the
    whole trajectory). Averages are over the frames from the first block that begins at or after `start_frame`.
    Of a site whose kind has no contact distance only "cn" is given, NaN with the reason.
    """
    first = first_frame(reading, start_frame)
    if not run.n_cations:
        return []
    sites = [site for site in run.partner_sites() if site.kind in CONTACT_NM]
    rows = [
        row("cn", run.pair_label(site), math.nan, "1", note=f"no contact distance for the kind {site.kind!r}")
        for site in run.partner_sites()
        if site not in sites
    ]
    total = np.zeros((reading.n_frames, run.n_cations), dtype=np.int64)
    for site in sites:
        label = run.pair_label(site)
        counts = counted(run, reading, site)
        total += counts if site.kind in COORDINATING_KINDS else 0
        rows += _rows_of("cn", label, counts, run, reading, first)
        rows += _band_rows(run, reading, site, first)
        rows.append(_integral_row(run, reading, site, start_frame, counts[first:]))
    for species in run.species:
        of_species = [site for site in sites if site.species == species.name]
        if of_species:
            holding = coordinating_sites(run, species.name) or of_species
            contacts = molecule_contacts(run, reading, holding)
            rows += _rows_of("cn_molecule", f"{run.cation}-{species.name}", contacts.per_cation(), run, reading, first)
            rows += _denticity_rows(run, species, contacts.since(first))
    if coordinating_sites(run):
        rows += _rows_of("cn_total", f"{run.cation}-all", total, run, reading, first)
    return rows


def _rows_of(quantity: str, label: str, counts: IntArray, run: Run, reading: Reading, first: int) -> list[Row]:
    """Return mean, distribution, drift and series of contacts (F, N_cation), all but the last from `first` on."""
    mean, error, doubt = mean_with_error(counts[first:], reading.interval_ps)
    rows = [row(quantity, label, mean, "1", error, note=_note(mean, error, doubt))]
    occurring = int(counts[first:].max())
    for n in range(max(occurring, PARAMETERS["probability_up_to"]) + 1):
        never = 0.0, math.nan, ""
        share, error, _ = mean_with_error(counts[first:] == n, math.nan) if n <= occurring else never
        rows.append(row(f"{quantity}_probability", label, share, "1", error, x=n, x_unit="1"))
    series = counts @ np.full(run.n_cations, 1.0 / run.n_cations)
    if not run.preview:
        rows.append(_drift_row(f"{quantity}_drift", label, series[first:], len(run.partner_sites())))
    return rows + _series_rows(f"{quantity}_series", label, series, reading.time_ps, first)


def _series_rows(quantity: str, label: str, series: FloatArray, time_ps: FloatArray, first: int) -> list[Row]:
    """Return the means of consecutive frames of a series (F,) over the whole trajectory."""
    edges = np.linspace(0, series.size, min(PARAMETERS["series_points"], series.size) + 1).astype(np.int64)
    begins, sizes = edges[:-1], np.diff(edges)
    times, means = (np.add.reduceat(values, begins) / sizes for values in (time_ps, series))
    return [
        row(quantity, label, mean, "1", x=time, x_unit="ps", note="before the start" if begin < first else "")
        for begin, time, mean in zip(begins.tolist(), times.tolist(), means.tolist(), strict=True)
    ]


def _note(mean: float, error: float, doubt: str) -> str:
    """Return what must be said of a mean number of contacts and of its error."""
    known = "" if mean >= NO_CONTACT else "no contact"
    return known if math.isnan(error) and known else "; ".join(text for text in (known, doubt) if text)


def _drift_row(quantity: str, label: str, series: FloatArray, n_tests: int) -> Row:
    """Return by how much a series rises from its first third to its last half, and whether that is more than chance.

    The half-width is that at which the normal deviate of the difference (analysis/statistics.py) would be 1.96.
    """
    if series.size < MIN_POINTS:
        return row(quantity, label, math.nan, "1", note=f"only {series.size} frames: not judged")
    difference = float(series[-(series.size // 2) :].mean() - series[: series.size // 3].mean())
    z = drift_z(block_average(series, MAX_POINTS)[0])
    if z == 0 or math.isinf(z):
        return row(quantity, label, difference, "1", note="never changed" if difference == 0 else "changed once")
    error = abs(difference / z) * float(stats.norm.ppf(0.975))
    return row(quantity, label, difference, "1", error, note="drifts" if abs(z) > drift_limit(n_tests) else "")


def _denticity_rows(run: Run, species: Species, found: Contacts) -> list[Row]:
    """Return with how many coordinating atoms the molecules of a species hold a cation."""
    sites = coordinating_sites(run, species.name)
    n_atoms = sum(len(site.atoms) for site in sites)
    if not sites:
        return []
    label = f"{run.cation}-{species.name}"
    highest = min(n_atoms, PARAMETERS["denticity_up_to"])
    if found.frame.size < NO_CONTACT * found.n_frames * found.n_cations:
        return [
            row("denticity", label, math.nan, "1", x=n, x_unit="1", note="no contact") for n in range(1, highest + 1)
        ]
    rows = [row("denticity_mean", label, *_ratio(found, found.atoms))]
    for n in range(1, highest + 1):
        with_more = n == highest < n_atoms
        share = _ratio(found, found.atoms >= n if with_more else found.atoms == n)
        rows.append(row("denticity", label, *share, x=n, x_unit="1", note="or more" if with_more else ""))
    return rows


def _ratio(found: Contacts, weights: NDArray[Any]) -> tuple[float, str, float]:
    """Return the mean of a weight over all contacts, its unit, and its 95 % half-width.

    A mean over contacts, whose number varies, is a ratio of two means over cations and frames; to first order its
    error is that of (weights - mean), summed per cation and frame, over the mean number of contacts.
    """
    mean = float(weights.mean())
    shape = found.n_frames, found.n_cations
    place = found.frame.astype(np.int64)
    place *= found.n_cations
    place += found.cation
    deviation = np.bincount(place, weights, minlength=shape[0] * shape[1]).reshape(shape) - mean * found.per_cation()
    _, error, _ = mean_with_error(deviation * (deviation.size / found.frame.size), math.nan)
    return mean, "1", error


def _band_rows(run: Run, reading: Reading, site: SiteGroup, first: int) -> list[Row]:
    """Return the coordination number at both ends of the band of contact distances."""
    rows = []
    for name, shift_nm in (("low", -BAND_NM), ("high", BAND_NM)):
        x = contact_nm(run, site) + shift_nm
        counts = counted(run, reading, site, first, shift_nm)
        mean, error, _ = mean_with_error(counts, math.nan)
        rows.append(row("cn_band", run.pair_label(site), mean, "1", error, x=x, x_unit="nm", note=name))
    return rows


def _integral_row(run: Run, reading: Reading, site: SiteGroup, start_frame: int, counts: IntArray) -> Row:
    """Return the coordination number from the histogram: the integral of rho 4 pi r^2 g up to contact.

    A histogram does not tell the cations apart: the error is that of the counts (F, N_cation) of the same pairs.
    """
    label = run.pair_label(site)
    first = reading.first_block(start_frame)
    bins = int(np.searchsorted(reading.bin_edges_nm, contact_nm(run, site) + 1e-9)) - 1
    n_pairs = int(reading.histograms[label][first:, :bins].sum())
    _, error, doubt = mean_with_error(counts, reading.interval_ps)
    mean = n_pairs / counts.size
    return row("cn_integral", label, mean, "1", error, note=_note(mean, error, doubt))
