"""Shear viscosity from the fluctuations of the pressure tensor (Green and Kubo), by time decomposition.

eta = V / (k T) * integral_0^inf < P_ab(0) P_ab(t) > dt, averaged over the five independent components of the traceless
pressure tensor: xy, xz, yz, (xx - yy) / 2 and (2 zz - xx - yy) / (2 sqrt 3), which are equivalent in a liquid.
The integral as a function of its upper limit is averaged over S short runs. Its standard deviation among them grows as
A t^b; beyond the time where that is 40 % of the mean nothing is used. The mean is fitted with
eta [f (1 - exp(-t / tau_1)) + (1 - f) (1 - exp(-t / tau_2))] and weights t^-b, eta being the result.
Source: Zhang, Otani and Maginn, J. Chem. Theory Comput. 11, 3537, 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import constants, fft, optimize, stats

from analysis.pressures import Pressures, pressure_files, read_pressures
from analysis.run import Run

FloatArray = NDArray[np.float64]

LONGEST_LAG = 0.5  # of a segment
SPREAD_AT_END = 0.4  # standard deviation of one segment over the mean, where the fit ends
FIT_FROM_PS = 1.0  # faster vibrations are not exponential
FIT_POINTS = 200
MIN_FIT_POINTS = 8  # for four parameters
PLATEAU = 0.9  # share of the fitted viscosity that the integral must have reached by the end of the fit
MIN_SEGMENTS = 5
SHORTEST_END_PS = 5.0  # stresses of molecular liquids last for picoseconds: a level before that is none
TO_MPA_S = constants.nano**3 * constants.bar**2 * constants.pico / constants.k / constants.milli
"""One nm^3 bar^2 ps / (k K) in mPa s."""


@dataclass(frozen=True)
class Viscosity:
    """Viscosity in mPa s with the half-width of its 95 % interval (from the segments, Student's t).

    plateau: whether the integral levels off within the time that is known; if not, value is the integral at the end of
    that time, a lower bound. lag_ps (K,), running_mpas (K,), running_half_width (K,): the integral by its upper limit.
    """

    value_mpas: float
    half_width: float
    plateau: bool
    end_ps: float
    segments: int
    lag_ps: FloatArray
    running_mpas: FloatArray
    running_half_width: FloatArray


def viscosity_of(run: Run, volume_nm3: float) -> Viscosity | None:
    """Return the viscosity of a run from its files of pressures; None when it has none.

    volume_nm3 is that of segments whose file does not tell. Files are read once per process.

    Raises:
        RunError: a file cannot be used.
    """
    files = pressure_files(run)
    stamps = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in files)
    return _cached(files, stamps, volume_nm3, run.temperature_K) if files else None


@lru_cache(maxsize=8)
def _cached(files: tuple[Path, ...], stamps: tuple[int, ...], volume_nm3: float, temperature_K: float) -> Viscosity:
    return viscosity(read_pressures(files, volume_nm3, temperature_K))


def shear_components(pressure: FloatArray) -> FloatArray:
    """Return the five independent shear components (..., 5) of pressures (..., 6) in the order xx yy zz xy xz yz."""
    xx, yy, zz = (pressure[..., k] for k in range(3))
    normal = np.stack([(xx - yy) / 2, (2 * zz - xx - yy) / (2 * math.sqrt(3))], axis=-1)
    return np.concatenate([pressure[..., 3:], normal], axis=-1)


def running_integrals(pressures: Pressures) -> FloatArray:
    """Return V / (k T) times the integral of the pressure's correlation up to each lag, (S, K) in mPa s.

    K lags of 0 to half a segment; few segments are cut into parts, so that there are at least MIN_SEGMENTS.
    The mean pressure is not taken off: that of a shear component is zero.
    """
    parts = -(-MIN_SEGMENTS // len(pressures.pressure_bar))
    rows = []
    for segment, volume, temperature in zip(
        pressures.pressure_bar, pressures.volume_nm3, pressures.temperature_K, strict=True
    ):
        scale = TO_MPA_S * float(volume) / float(temperature) * pressures.interval_ps
        length = len(segment) // parts
        for part in range(parts):
            shear = shear_components(np.asarray(segment[part * length : (part + 1) * length], dtype=np.float64))
            correlation = _autocorrelation(shear).mean(axis=1)
            steps = (correlation[1:] + correlation[:-1]) / 2
            rows.append(scale * np.concatenate([[0.0], steps.cumsum()]))
    return np.array(rows)


def _autocorrelation(series: FloatArray) -> FloatArray:
    """Return < x(0) x(k) > over all origins for lags up to LONGEST_LAG of the length; series (N, C)."""
    n = len(series)
    lags = max(1, int(LONGEST_LAG * n))
    size = fft.next_fast_len(n + lags, real=True)
    spectrum = fft.rfft(series, size, axis=0)
    total = fft.irfft((spectrum * spectrum.conj()).real, size, axis=0)[:lags]
    return np.asarray(total / (n - np.arange(lags))[:, None])


def viscosity(pressures: Pressures) -> Viscosity:
    """Return the viscosity of these pressures with its interval, see the module.

    The interval is a jackknife over the segments, which must be longer than the pressure remembers. Wrong (too small)
    when slow relaxation carries less than the noise of the integral; "plateau" cannot see what no segment saw.
    """
    running = running_integrals(pressures)
    n, lag_ps = len(running), np.arange(running.shape[1], dtype=np.float64) * pressures.interval_ps
    end, power = reliable_part(running, lag_ps)
    mean = running.mean(axis=0)
    chosen = np.unique(np.linspace(_first(lag_ps, end), end, FIT_POINTS).astype(np.int64))
    fitted = fit_integral(lag_ps[chosen], mean[chosen], power)
    plateau = fitted is not None and fitted[1] >= PLATEAU * fitted[0] and lag_ps[end] >= SHORTEST_END_PS

    def result(integral: FloatArray) -> float:
        again = fit_integral(lag_ps[chosen], integral[chosen], power) if plateau else None
        return again[0] if again is not None else float(integral[end])

    replicates = np.array([result((running.sum(axis=0) - one) / (n - 1)) for one in running])
    spread = math.sqrt((n - 1) / n * float(((replicates - replicates.mean()) ** 2).sum()))
    quantile = float(stats.t.ppf(0.975, n - 1))
    widths = quantile * running.std(axis=0, ddof=1) / math.sqrt(n)
    return Viscosity(result(mean), quantile * spread, plateau, float(lag_ps[end]), n, lag_ps, mean, widths)


def _first(lag_ps: FloatArray, end: int) -> int:
    """Return where the fit begins: FIT_FROM_PS, or a tenth of what is fitted if that is earlier."""
    return max(1, min(int(np.searchsorted(lag_ps, FIT_FROM_PS)), end // 10))


def reliable_part(running: FloatArray, lag_ps: FloatArray) -> tuple[int, float]:
    """Return the last lag whose spread among segments is below SPREAD_AT_END of the mean, and b of A t^b.

    The spread is taken from the fitted power law, as that of few segments is noise itself.
    """
    spread, mean = running.std(axis=0, ddof=1), running.mean(axis=0)
    known = np.unique(np.geomspace(1, lag_ps.size - 1, 100).astype(np.int64))
    known = known[spread[known] > 0.0]
    if known.size < 3:
        return lag_ps.size - 1, 0.5
    power, intercept = np.polyfit(np.log(lag_ps[known]), np.log(spread[known]), 1)
    smooth = np.exp(intercept) * lag_ps[1:] ** power
    # before the integral has risen its noise is large beside it, which says nothing of later
    beyond = (smooth > SPREAD_AT_END * mean[1:]) & (np.maximum.accumulate(mean[1:]) > 0.5 * mean[1:].max())
    end = int(np.argmax(beyond)) if beyond.any() else lag_ps.size - 1
    return max(min(end, lag_ps.size - 1), 3), float(np.clip(power, 0.0, 2.0))


def fit_integral(lag_ps: FloatArray, integral: FloatArray, power: float) -> tuple[float, float] | None:
    """Return eta and the fitted integral at the last lag, from two exponentials; None when the fit fails.

    Neither is slower than the last lag: what is slower cannot be told from the noise of the integral.
    """

    def model(t: FloatArray, eta: float, share: float, log_fast: float, log_slow: float) -> FloatArray:
        fast, slow = np.exp(-t / math.exp(log_fast)), np.exp(-t / math.exp(log_slow))
        return np.asarray(eta * (share * (1 - fast) + (1 - share) * (1 - slow)))

    last, top = float(lag_ps[-1]), float(integral[len(integral) // 2 :].mean())
    if not top > 0.0 or lag_ps.size < MIN_FIT_POINTS:
        return None
    low, high = math.log(last * 1e-4), math.log(last)
    try:
        found, _ = optimize.curve_fit(
            model, lag_ps, integral, p0=(top, 0.5, math.log(last * 0.02), math.log(last * 0.2)),
            sigma=lag_ps**power, bounds=([0.0, 0.0, low, low], [100 * top, 1.0, high, high]), max_nfev=2000,
        )  # fmt: skip
    except RuntimeError:
        return None
    return float(found[0]), float(model(lag_ps[-1:], *found)[0])
