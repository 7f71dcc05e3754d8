"""Radial distribution functions of every kind of site around the cation, and running coordination numbers.

The cations among themselves have one too, with N_cation (N_cation - 1) pairs, both ways of each pair counted.

Definitions:
    g(r) = n(r) / (sum_frames N_cation N_site / V(t) * 4/3 pi (r_hi^3 - r_lo^3)), with each frame's own volume
    (constant-pressure boxes breathe); N(r) = pairs closer than r per cation, exact from counts, which equals
    the integral of rho 4 pi r^2 g.
Uncertainty: 95 % half-width from five consecutive parts of the trajectory (Student's t); as far out as pairs are
listed one by one, past the first shell, the larger of this and that from the spread between the cations.
Positions of peak and minimum are sought on a g(r) smoothed by a Gaussian of fixed width; the curves in the
table are not smoothed. They are wrong as a contact distance: see analysis/cutoffs.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal, stats

from analysis.cutoffs import CONTACT_NM
from analysis.read import Reading
from analysis.reading import between, release
from analysis.run import Run, SiteGroup
from analysis.shells import MIN_CATIONS, contact_nm, first_frame
from analysis.stationarity import contact_series
from analysis.statistics import block_note
from analysis.table import Row, row

PARAMETERS: dict[str, Any] = {
    "row_bins": 2,  # histogram bins of 0.002 nm merged into one row of the table
    "smoothing_nm": 0.005,  # standard deviation of the Gaussian used to find peaks
    "prominence": 0.2,  # least height of a peak of g above its foot
    "noise_factor": 5.0,  # a peak must stand out by so many standard errors
    "trough_search_nm": 0.25,  # where to look for the minimum when there is no second peak
    "peak_search_nm": 0.02,  # how far a part's peak may lie from that of the whole
    "parts": 5,
}

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Pair counts of one label after the start: P parts of the trajectory, K bins.

    counts: (P, K) pairs; norm: (P,) sum of N_cation N_site / V; cation_frames: (P,) cations times frames;
    counted: how often each pair is counted, twice among cations.
    """

    counts: NDArray[np.int64]
    norm: FloatArray
    cation_frames: FloatArray
    edges_nm: FloatArray
    counted: int = 1

    @property
    def shells_nm3(self) -> FloatArray:
        """Volumes of the spherical shells (K,)."""
        return 4.0 / 3.0 * np.pi * np.diff(self.edges_nm**3)

    @property
    def centres_nm(self) -> FloatArray:
        """Middles of the bins (K,)."""
        return (self.edges_nm[:-1] + self.edges_nm[1:]) / 2

    def g(self) -> tuple[FloatArray, FloatArray]:
        """Return g of all parts together (K,) and of each part (P, K)."""
        ideal = self.norm[:, None] * self.shells_nm3
        return self.counts.sum(axis=0) / ideal.sum(axis=0), self.counts / ideal

    def running_cn(self) -> tuple[FloatArray, FloatArray]:
        """Return the neighbours within each bin's upper edge, of all parts (K,) and of each (P, K)."""
        cumulative = np.cumsum(self.counts, axis=1)
        return cumulative.sum(axis=0) / self.cation_frames.sum(), cumulative / self.cation_frames[:, None]


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return g, running_cn, first_peak and first_minimum for every site group and for cations around a cation.

    Rows: "g" (x: bin centre, nm; value dimensionless), "running_cn" (x: upper bin edge, nm), both in rows of
    0.004 nm up to half the smallest box length; "first_peak" and "first_minimum" (nm), NaN with the reason in
    the note when there is none, and with a warning when the contacts change too slowly for errors from parts
    (analysis/statistics.py). Uses the blocks of frames that begin at or after `start_frame`.
    """
    rows: list[Row] = []
    sites: dict[str, SiteGroup | None] = {run.pair_label(site): site for site in run.partner_sites()}
    if run.cation is not None:
        sites[_cation_label(run)] = None
    for label, site in sites.items():
        curve = curve_of(run, reading, label, start_frame)
        reason = _why_unknown(run, reading, site)
        if reason:
            rows += [row(name, label, np.nan, "nm", note=reason) for name in ("first_peak", "first_minimum")]
            continue
        rows += _curve_rows(label, curve, by_cation(run, reading, label, start_frame))
        nearest_nm = contact_nm(run, site) if site and site.kind in CONTACT_NM else None
        rows += _feature_rows(label, curve, nearest_nm, _doubt(run, reading, site, start_frame) if site else "")
    return rows


def _why_unknown(run: Run, reading: Reading, site: SiteGroup | None) -> str:
    """Return why there is no g(r) of a site group, or of the cations among themselves; empty when there is."""
    if not np.isfinite(reading.box_nm).all():
        return "no box, so no density to compare with"
    if site is None:
        return "" if run.n_cations > 1 else "a single cation"
    return "" if run.site_indices(site).size else "no atoms of this kind"


def _doubt(run: Run, reading: Reading, site: SiteGroup, start_frame: int) -> str:
    """Return what the contacts of a site group say about errors from parts; empty for a kind without a contact."""
    if site.kind not in CONTACT_NM:
        return ""
    first = first_frame(reading, start_frame)
    return block_note(contact_series(run, reading, site)[first:], reading.interval_ps, PARAMETERS["parts"])


def curve_of(run: Run, reading: Reading, label: str, start_frame: int) -> Curve:
    """Return the counts of one label after `start_frame`, merged into at most five parts."""
    first = reading.first_block(start_frame)
    frames = np.diff(reading.block_edges_frame)
    n_cations = run.n_cations
    parts = np.array_split(np.arange(first, frames.size), min(PARAMETERS["parts"], frames.size - first))
    return Curve(
        counts=np.array([reading.histograms[label][part].sum(axis=0) for part in parts]),
        norm=np.array([reading.norm[label][part].sum() for part in parts]),
        cation_frames=np.array([float(frames[part].sum() * n_cations) for part in parts]),
        edges_nm=reading.bin_edges_nm,
        counted=2 if label == _cation_label(run) else 1,
    )


def by_cation(run: Run, reading: Reading, label: str, start_frame: int) -> NDArray[np.int64]:
    """Return the pairs of each cation (N_cation, K') in the bins below which all pairs of the label are listed.

    K' = 0 without such a list, and with too few cations to show how much they differ.
    """
    if label not in reading.pair_cutoffs_nm or run.n_cations < MIN_CATIONS:
        return np.zeros((run.n_cations, 0), dtype=np.int64)
    n_bins = int(np.searchsorted(reading.bin_edges_nm, reading.pair_cutoffs_nm[label] + 1e-9)) - 1
    width_nm = np.float32(reading.bin_edges_nm[1] - reading.bin_edges_nm[0])
    counts = np.zeros(run.n_cations * n_bins, dtype=np.int64)
    for low, high in pairwise(reading.block_edges_frame[reading.first_block(start_frame) :].tolist()):
        pairs = np.asarray(between(reading.pairs[label], low, high))
        # Rounding decides on the side of a pair on the edge of a bin, as in the histogram.
        bins = (pairs["distance_nm"] / width_nm).astype(np.int64)
        places = pairs["cation"].astype(np.int64) * n_bins + bins
        counts += np.bincount(places[bins < n_bins], minlength=counts.size)
    release(reading.pairs[label])
    return counts.reshape(run.n_cations, n_bins)


def _cation_label(run: Run) -> str:
    """Return the label of the cations among themselves."""
    return f"{run.cation}-{run.cation}"


def merge_bins(curve: Curve, width: int) -> Curve:
    """Return the curve with `width` bins merged into one; bins left over at the end are dropped."""
    n_bins = curve.counts.shape[1] // width
    counts = curve.counts[:, : n_bins * width].reshape(curve.counts.shape[0], n_bins, width).sum(axis=2)
    return Curve(counts, curve.norm, curve.cation_frames, curve.edges_nm[: n_bins * width + 1 : width], curve.counted)


def _half_width(parts: FloatArray) -> FloatArray:
    """Return the 95 % half-width of the mean over the first axis; NaN from fewer than two parts."""
    n_parts = parts.shape[0]
    if n_parts < 2:
        return np.full(parts.shape[1:], np.nan)
    spread: FloatArray = parts.std(axis=0, ddof=1)
    return spread * float(stats.t.ppf(0.975, n_parts - 1) / np.sqrt(n_parts))


def _curve_rows(label: str, curve: Curve, of_cations: NDArray[np.int64]) -> list[Row]:
    """Return the rows of both curves; of_cations: (N_cation, K') pairs of each cation in the first bins."""
    merged = merge_bins(curve, PARAMETERS["row_bins"])
    g, g_parts = merged.g()
    running, running_parts = merged.running_cn()
    g_error, running_error = _half_width(g_parts), _half_width(running_parts)
    n_rows = of_cations.shape[1] // PARAMETERS["row_bins"]
    if n_rows:
        counts = of_cations[:, : n_rows * PARAMETERS["row_bins"]].reshape(len(of_cations), n_rows, -1).sum(axis=2)
        per_cation = _half_width(counts * len(of_cations) / (merged.norm.sum() * merged.shells_nm3[:n_rows]))
        g_error[:n_rows] = np.fmax(g_error[:n_rows], per_cation)
        per_cation = _half_width(counts.cumsum(axis=1) * len(of_cations) / merged.cation_frames.sum())
        running_error[:n_rows] = np.fmax(running_error[:n_rows], per_cation)
    rows = [
        row("g", label, value, "1", error, x, "nm")
        for x, value, error in zip(merged.centres_nm, g, g_error, strict=True)
    ]
    return rows + [
        row("running_cn", label, value, "1", error, x, "nm")
        for x, value, error in zip(merged.edges_nm[1:], running, running_error, strict=True)
    ]


def _feature_rows(label: str, curve: Curve, nearest_nm: float | None, doubt: str) -> list[Row]:
    """Return the rows of the first peak and of the minimum behind it."""
    g, g_parts = (_smooth(values, curve) for values in curve.g())
    peaks = _peaks(g, g_parts, curve)
    if peaks.size == 0:
        note = "no peak stands out"
        return [row(name, label, np.nan, "nm", note=note) for name in ("first_peak", "first_minimum")]
    r = curve.centres_nm
    position = peak_vertex(r, g, int(peaks[0]))
    near = np.abs(r - position) <= PARAMETERS["peak_search_nm"]
    positions = [peak_vertex(r, part, int(np.argmax(np.where(near, part, -np.inf)))) for part in g_parts]
    beyond = nearest_nm is not None and position > nearest_nm
    note = _joined(f"beyond the contact distance of {nearest_nm:g} nm" if beyond else "", doubt)
    error = float(_half_width(np.array(positions)))
    return [
        row("first_peak", label, position, "nm", error, note=note),
        _minimum_row(label, curve, (g, g_parts), peaks, doubt),
    ]


def _smooth(values: FloatArray, curve: Curve) -> FloatArray:
    """Return values along their last axis, smoothed by the Gaussian of fixed physical width."""
    sigma = PARAMETERS["smoothing_nm"] / (curve.edges_nm[1] - curve.edges_nm[0])
    smoothed: FloatArray = ndimage.gaussian_filter1d(values, sigma, axis=-1, mode="nearest")
    return smoothed


def _peaks(g: FloatArray, g_parts: FloatArray, curve: Curve) -> NDArray[np.int64]:
    """Return the bins of peaks with g > 1 that stand out from noise, nearest first.

    Noise is the larger of counting noise in a smoothing width and of the scatter between the parts.
    """
    sigma_bins = PARAMETERS["smoothing_nm"] / (curve.edges_nm[1] - curve.edges_nm[0])
    expected = curve.norm.sum() / curve.counted * curve.shells_nm3 * (2 * np.sqrt(np.pi) * sigma_bins)
    noise = np.sqrt(np.maximum(g, 1.0) / expected)
    if g_parts.shape[0] > 1:
        noise = np.maximum(noise, g_parts.std(axis=0, ddof=1) / np.sqrt(g_parts.shape[0]))
    return peaks_above(g, noise)


def peaks_above(g: FloatArray, noise: FloatArray) -> NDArray[np.int64]:
    """Return the bins of peaks with g > 1 that stand out from the noise (K,), standard errors, nearest first."""
    peaks, properties = signal.find_peaks(g, height=1.0, prominence=PARAMETERS["prominence"])
    kept: NDArray[np.int64] = peaks[properties["prominences"] > PARAMETERS["noise_factor"] * noise[peaks]]
    return kept


def peak_vertex(r: FloatArray, g: FloatArray, peak: int) -> float:
    """Return the vertex of the parabola through a bin and its neighbours."""
    if not 0 < peak < g.size - 1:
        return float(r[peak])
    left, middle, right = g[peak - 1 : peak + 2]
    curvature = left - 2 * middle + right
    if curvature >= 0:
        return float(r[peak])
    return float(r[peak] + 0.5 * (left - right) / curvature * (r[1] - r[0]))


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _minimum_row(
    label: str, curve: Curve, whole_and_parts: tuple[FloatArray, FloatArray], peaks: NDArray[np.int64], doubt: str
) -> Row:
    """Return the row of the first minimum, with its error from the parts."""
    r, (g, g_parts) = curve.centres_nm, whole_and_parts
    first = int(peaks[0])
    if peaks.size > 1:
        last = int(peaks[1])
    else:
        last = min(g.size - 1, first + round(PARAMETERS["trough_search_nm"] / (r[1] - r[0])))
    trough = trough_middle(r, g, first, last)
    if trough is None:
        return row("first_minimum", label, np.nan, "nm", note="no minimum of g behind the first peak")
    troughs = [trough_middle(r, part, first, last) for part in g_parts]
    found = np.array([value for value in troughs if value is not None])
    note = _joined(f"g = {np.interp(trough, r, g):.2g} there", doubt)
    return row("first_minimum", label, trough, "nm", float(_half_width(found)), note=note)


def trough_middle(r: FloatArray, g: FloatArray, first: int, last: int) -> float | None:
    """Return the middle of the lowest stretch of g between two bins; None when it lies at the end."""
    between = g[first : last + 1]
    depth = between.min() + 0.005 * (g[first] - between.min())
    lowest = int(np.argmin(between))
    low = high = lowest
    while low > 0 and between[low - 1] <= depth:
        low -= 1
    while high < between.size - 1 and between[high + 1] <= depth:
        high += 1
    if high == between.size - 1:
        return None
    return float((r[first + low] + r[first + high]) / 2)
