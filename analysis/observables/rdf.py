"""Radial distribution functions of every kind of site around the cation, and running coordination numbers.

The cations among themselves have one too, with N_cation (N_cation - 1) pairs, both ways of each pair counted.

Definitions:
    g(r) = n(r) / (sum_frames N_cation N_site / V(t) * 4/3 pi (r_hi^3 - r_lo^3)), with each frame's own volume
    (constant-pressure boxes breathe); N(r) = pairs closer than r per cation, exact from counts, which equals
    the integral of rho 4 pi r^2 g.
Uncertainty: 95 % half-width, Student's t, from five consecutive parts of the trajectory; as far out as pairs are
listed one by one, past the first shell, from the parts and from the cations (analysis of variance, analysis/shells.py).
Positions of peak and minimum (analysis/turning_points.py) are sought on a g(r) smoothed by a Gaussian of fixed width;
the curves in the table are not smoothed. Their errors are those of the same parts and cations, by the jackknife over
both, so that bins that vary together are taken as such. A peak counts when it stands out from the noise of the smoothed
g, its standard error from the parts or by counting; cations that differ, for ever even, do not make a peak noise.
They are wrong as a contact distance: see analysis/cutoffs.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.cutoffs import CONTACT_NM
from analysis.read import Reading
from analysis.reading import between, release
from analysis.run import Run, SiteGroup
from analysis.shells import MIN_CATIONS, contact_nm, first_frame, mean_error
from analysis.stationarity import contact_series
from analysis.statistics import block_note
from analysis.table import Row, join_notes, row
from analysis.turning_points import Finder, peak_at, peaks_above, place, places_without_one, trough_behind, unresolved

PARAMETERS: dict[str, Any] = {
    "row_bins": 2,  # histogram bins of 0.002 nm merged into one row of the table
    "smoothing_nm": 0.005,  # standard deviation of the Gaussian used to find peaks, less than that of any first shell
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
        of_cations = by_cation(run, reading, label, start_frame)
        rows += _curve_rows(label, curve, of_cations)
        nearest_nm = contact_nm(run, site) if site and site.kind in CONTACT_NM else None
        doubt = _doubt(run, reading, site, start_frame) if site else ""
        rows += _feature_rows(label, curve, of_cations, nearest_nm, doubt)
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


def _parts(reading: Reading, start_frame: int) -> list[NDArray[np.int64]]:
    """Return the blocks of each of at most five parts."""
    first, n_blocks = reading.first_block(start_frame), reading.block_edges_frame.size - 1
    return np.array_split(np.arange(first, n_blocks), min(PARAMETERS["parts"], n_blocks - first))


def curve_of(run: Run, reading: Reading, label: str, start_frame: int) -> Curve:
    """Return the counts of one label after `start_frame`, merged into at most five parts."""
    frames = np.diff(reading.block_edges_frame)
    n_cations = run.n_cations
    parts = _parts(reading, start_frame)
    return Curve(
        counts=np.array([reading.histograms[label][part].sum(axis=0) for part in parts]),
        norm=np.array([reading.norm[label][part].sum() for part in parts]),
        cation_frames=np.array([float(frames[part].sum() * n_cations) for part in parts]),
        edges_nm=reading.bin_edges_nm,
        counted=2 if label == _cation_label(run) else 1,
    )


def by_cation(run: Run, reading: Reading, label: str, start_frame: int) -> NDArray[np.int64]:
    """Return the pairs of each cation in each part (P, N_cation, K') in the bins below which all pairs are listed.

    K' = 0 without such a list, and with too few cations to show how much they differ.
    """
    parts = _parts(reading, start_frame)
    if label not in reading.pair_cutoffs_nm or run.n_cations < MIN_CATIONS:
        return np.zeros((len(parts), run.n_cations, 0), dtype=np.int64)
    n_bins = int(np.searchsorted(reading.bin_edges_nm, reading.pair_cutoffs_nm[label] + 1e-9)) - 1
    width_nm = np.float32(reading.bin_edges_nm[1] - reading.bin_edges_nm[0])
    counts = np.zeros((len(parts), run.n_cations * n_bins), dtype=np.int64)
    for number, part in enumerate(parts):
        for low, high in pairwise(reading.block_edges_frame[part[0] : part[-1] + 2].tolist()):
            pairs = np.asarray(between(reading.pairs[label], low, high))
            # Rounding decides on the side of a pair on the edge of a bin, as in the histogram.
            bins = (pairs["distance_nm"] / width_nm).astype(np.int64)
            places = pairs["cation"].astype(np.int64) * n_bins + bins
            counts[number] += np.bincount(places[bins < n_bins], minlength=counts.shape[1])
    release(reading.pairs[label])
    return counts.reshape(len(parts), run.n_cations, n_bins)


def _cation_label(run: Run) -> str:
    """Return the label of the cations among themselves."""
    return f"{run.cation}-{run.cation}"


def merge_bins(curve: Curve, width: int) -> Curve:
    """Return the curve with `width` bins merged into one; bins left over at the end are dropped."""
    n_bins = curve.counts.shape[1] // width
    counts = curve.counts[:, : n_bins * width].reshape(curve.counts.shape[0], n_bins, width).sum(axis=2)
    return Curve(counts, curve.norm, curve.cation_frames, curve.edges_nm[: n_bins * width + 1 : width], curve.counted)


def _half_width(of_parts: FloatArray, of_cations: FloatArray) -> FloatArray:
    """Return the 95 % half-width of the mean of parts (P, K), in the first bins with those of cations, (P, C, K').

    0 where nothing differs, as where nothing comes; NaN from a single part.
    """
    found = mean_error(of_parts[:, None]).half_width
    if of_cations.size:
        found[: of_cations.shape[2]] = mean_error(of_cations).half_width
    return found if len(of_parts) < 2 else np.nan_to_num(found)


def _curve_rows(label: str, curve: Curve, of_cations: NDArray[np.int64]) -> list[Row]:
    """Return the rows of both curves; of_cations: (P, N_cation, K') pairs of each cation in the first bins."""
    width = PARAMETERS["row_bins"]
    merged = merge_bins(curve, width)
    g, g_parts = merged.g()
    running, running_parts = merged.running_cn()
    n_rows = of_cations.shape[2] // width
    counts = of_cations[..., : n_rows * width].reshape(*of_cations.shape[:2], n_rows, width).sum(axis=3)
    # one cation has its share of all that is expected
    share = len(counts[0]) / merged.norm[:, None, None] / merged.shells_nm3[:n_rows]
    g_error = _half_width(g_parts, counts * share)
    frames = merged.cation_frames[:, None, None] / len(counts[0])
    running_error = _half_width(running_parts, counts.cumsum(axis=2) / frames)
    rows = [
        row("g", label, value, "1", error, x, "nm")
        for x, value, error in zip(merged.centres_nm, g, g_error, strict=True)
    ]
    return rows + [
        row("running_cn", label, value, "1", error, x, "nm")
        for x, value, error in zip(merged.edges_nm[1:], running, running_error, strict=True)
    ]


def _feature_rows(
    label: str, curve: Curve, of_cations: NDArray[np.int64], nearest_nm: float | None, doubt: str
) -> list[Row]:
    """Return the rows of the first peak and of the minimum behind it."""
    r, (g, g_parts) = curve.centres_nm, (_smooth(values, curve) for values in curve.g())
    peaks = _peaks(g, g_parts, curve)
    if peaks.size == 0:
        note = "no peak stands out"
        return [row(name, label, np.nan, "nm", note=note) for name in ("first_peak", "first_minimum")]
    rows = []
    for name, find in (
        ("first_peak", lambda g: peak_at(g, peaks[0])),
        ("first_minimum", lambda g: trough_behind(r, g, peaks)),
    ):
        position = place(find, r, g)
        if math.isnan(position):
            rows.append(row(name, label, position, "nm", note="no minimum of g behind the first peak"))
            continue
        beyond = name == "first_peak" and nearest_nm is not None and position > nearest_nm
        remark = f"beyond the contact distance of {nearest_nm:g} nm" if beyond else ""
        if name == "first_minimum":
            remark = f"g = {np.interp(position, r, g):.2g} there"
        error = _place_error(find, curve, of_cations)
        if why := unresolved(error):
            rows.append(row(name, label, math.nan, "nm", note=join_notes(why, doubt)))
            continue
        rows.append(row(name, label, position, "nm", error, note=join_notes(remark, doubt)))
    return rows


def _place_error(find: Finder, curve: Curve, of_cations: NDArray[np.int64]) -> float:
    """Return the 95 % half-width of where g turns, from parts and cations, half a bin where nothing differs.

    Without one of n curves the place is x_i: (1 - n) x_i is what that one adds (a pseudo-value). Taken of parts, of
    cations, and for what is left of each cation in each part, fitted where the whole curve is. Beyond the listed pairs
    all cations count as alike.
    """
    r, g_parts = curve.centres_nm, curve.g()[1]
    n_parts, n_cations, n_listed = of_cations.shape
    n_cations = n_cations if n_listed else 1
    curves = np.repeat(g_parts[:, None], n_cations, axis=1)
    if n_listed:
        curves[..., :n_listed] = of_cations * n_cations / (curve.norm[:, None, None] * curve.shells_nm3[:n_listed])
    curves, n = _smooth(curves, curve), n_parts * n_cations
    whole = curves.mean(axis=(0, 1))
    stretch = find(whole)
    if stretch is None or n < 2:
        return math.nan
    added = (1 - n) * stretch.places(r, (n * whole - curves) / (n - 1))
    for axis, own in ((0, curves.mean(axis=1)), (1, curves.mean(axis=0))):
        if len(own) > 1:
            effect = (1 - len(own)) * places_without_one(find, r, own) - added.mean(axis=1 - axis)
            added += np.expand_dims(effect - effect.mean(), 1 - axis)
    error = float(mean_error(added).half_width)
    if np.isfinite(added).all() and math.isnan(error):
        return float(r[1] - r[0]) / 2
    return error


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
