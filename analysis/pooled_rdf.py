"""First peak and first minimum of the g(r) of all replicas together.

Definition: g(r) = mean over the R replicas of their g in the same fixed bins, smoothed by a Gaussian of fixed width;
peak and minimum are found on it as on that of one run (analysis/turning_points.py), and are not the mean of what is
found in the single runs: one that is too noisy to show its minimum still has its part in that of all.
A peak counts when it stands out from the noise: the errors within the runs, taken as those of independent bins, and
where they are not known the scatter between the runs. Half-widths of g rest on 4 degrees of freedom (parts alone) or on
3 more than there are cations (first shells), which no table tells. Eight are taken: the noise is then 20 % too large
far out and at most 15 % too small near, which the factor of five leaves room for (counted: in noisy gases it makes no
peak, where four make some in a hundred; normal errors hide first peaks of few counts, and make of the second the
first). What frozen shells add to the errors is shared by neighbouring bins and no noise: it errs on the safe side. Runs
that differ in how high a peak is do not make it noise.
Uncertainty: with three replicas or more 95 % half-width from the jackknife, t(0.975, R - 1)
sqrt((R - 1) / R sum (x_i - mean x)^2), x_i: the position without replica i; with two the larger of their own. Wrong
where the runs share their packing.
Source: Efron and Stein, Ann. Statist. 9, 586, 1981, for the jackknife.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage, stats

from analysis.observables.rdf import PARAMETERS
from analysis.turning_points import Finder, peak_at, peaks_above, place, places_without_one, trough_behind, unresolved

FloatArray = NDArray[np.float64]
FEATURES = ("first_peak", "first_minimum")
_FEWEST_FOR_JACKKNIFE = 3
_FREEDOM = 8  # of half-widths of g: of five parts and as few cations as are told apart
_OWN_VALUE = r"^g = \S+ there(?:; )?"
"""What the note of one run's minimum says of its own g."""


@dataclass(frozen=True)
class Feature:
    """Position of a peak or a minimum in nm with its 95 % half-width, NaN when there is none, and why or how deep."""

    position: float = math.nan
    error: float = math.nan
    note: str = ""


def features_of(r: FloatArray, g: FloatArray, errors: FloatArray) -> dict[str, Feature]:
    """Return first peak and first minimum of the mean of several g.

    r: (K,) nm, evenly spaced; g and errors: (R, K) with 95 % half-widths, NaN where unknown. The error of a feature is
    NaN with fewer than three replicas, or when one of the delete-one means has none.
    """
    sigma = PARAMETERS["smoothing_nm"] / (r[1] - r[0])
    smooth = ndimage.gaussian_filter1d(g, sigma, axis=1, mode="nearest")
    whole = smooth.mean(axis=0)
    peaks = peaks_above(whole, _within(errors, sigma) if np.isfinite(errors).all() else _between(smooth))
    if peaks.size == 0:
        return dict.fromkeys(FEATURES, Feature(note="no peak stands out"))
    peak = _feature(lambda g: peak_at(g, peaks[0]), r, smooth)
    minimum = _feature(lambda g: trough_behind(r, g, peaks), r, smooth)
    deep = math.isfinite(minimum.position)
    none = minimum.note or "no minimum of g behind the first peak"
    note = f"g = {np.interp(minimum.position, r, whole):.2g} there" if deep else none
    return {"first_peak": peak, "first_minimum": replace(minimum, note=note)}


def _feature(find: Finder, r: FloatArray, smooth: FloatArray) -> Feature:
    """Return where the mean turns, with the error from the delete-one means; half a bin when they are all alike."""
    position = place(find, r, smooth.mean(axis=0))
    if len(smooth) < _FEWEST_FOR_JACKKNIFE or math.isnan(position):
        return Feature(position)
    error = _jackknife(places_without_one(find, r, smooth))
    if why := unresolved(error):
        return Feature(note=why)
    return Feature(position, error if error != 0.0 else float(r[1] - r[0]) / 2)


def _within(errors: FloatArray, sigma: float) -> FloatArray:
    """Return the standard error (K,) of the smoothed mean from the half-widths of independent bins."""
    quantile = float(stats.t.ppf(0.975, _FREEDOM))
    variance = ((errors / quantile) ** 2).sum(axis=0) / len(errors) ** 2
    # the squared Gaussian is one of width sigma / sqrt 2 and area 1 / (2 sqrt(pi) sigma)
    narrow = ndimage.gaussian_filter1d(variance, sigma / math.sqrt(2), mode="nearest")
    return np.asarray(np.sqrt(narrow / max(1.0, 2 * math.sqrt(math.pi) * sigma)))


def _between(smooth: FloatArray) -> FloatArray:
    if len(smooth) < 2:
        return np.zeros(smooth.shape[1])
    return np.asarray(smooth.std(axis=0, ddof=1) / math.sqrt(len(smooth)))


def _jackknife(values: FloatArray) -> float:
    """Return the 95 % half-width from delete-one estimates; NaN when one of them is."""
    n = values.size
    return float(stats.t.ppf(0.975, n - 1)) * math.sqrt((n - 1) * float(values.var()))


def pooled_features(joined: pd.DataFrame) -> Iterator[tuple[str, str, int, Feature]]:
    """Yield (quantity, label, replicas, feature) of every g(r) that several replicas have, from all their rows.

    Only the bins that all of them have are used: boxes differ a little, and with them the longest distance.
    """
    for label, own in joined[joined["quantity"] == "g"].groupby("label", sort=False):
        g = own.pivot(index="x", columns="replica", values="value").dropna()
        if g.shape[1] < 2 or len(g) < 3:
            continue
        errors = own.pivot(index="x", columns="replica", values="error").loc[g.index]
        found = features_of(g.index.to_numpy(float), g.to_numpy(float).T, errors.to_numpy(float).T)
        for quantity, feature in found.items():
            rows = joined[(joined["quantity"] == quantity) & (joined["label"] == label)]
            yield quantity, str(label), g.shape[1], _with_own_error(feature, rows, g.shape[1])


def _with_own_error(feature: Feature, own: pd.DataFrame, n: int) -> Feature:
    """Return a feature that has no error with the largest of the replicas' own, and with what it was found in."""
    note = "; ".join(text for text in (feature.note, f"in the g(r) of {n} replicas together") if text)
    if math.isfinite(feature.position) and not math.isfinite(feature.error):
        return replace(feature, error=float(own["error"].max()), note=note)
    return replace(feature, note=note)


def without_own_values(joined: pd.DataFrame) -> pd.Series[str]:
    """Return the notes, those of minima without the value of the single run's g."""
    plain = joined["note"].str.replace(_OWN_VALUE, "", regex=True)
    return joined["note"].where(joined["quantity"] != "first_minimum", plain)
