"""The motion that several observables share: of each species by itself, and of all ions together.

Of a species: its MSD and D, found once (analysis/msd.py, analysis/einstein.py).
Of all ions: paths of the charge that they carry, and the slopes of its displacements. One sample a frame: the
displacement of all charges over a lag is one walk, however many ions there are, and its error comes from parts of the
run, not from molecules.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from scipy import constants

from analysis.einstein import HALF_DECADE, Criteria, Diffusion, estimate, gls_slope_weights
from analysis.msd import FloatArray, IntArray, MsdCurve, Positions, fft_msd, log_spaced_lags, msd_curve
from analysis.read import Reading
from analysis.run import Run

END_FRACTION = 0.05  # of the run: last lag of a slope; beyond, hardly any independent windows are left
LATEST_END_FRACTION = 0.1  # when half a decade would not fit otherwise
START_FRACTION = 0.02  # of the run: first lag where the ions have no diffusive window
MANY_PARTS, FEW_PARTS = 10, 5  # of the run, each at least twice as long as the last lag
FRAMES_AT_ONCE = 1000
REFERENCE_LAG_PS = constants.nano / constants.pico


@dataclass(frozen=True)
class Motion:
    """The MSD of one species, D from it or why there is none, and which of its lags is `REFERENCE_LAG_PS`, if any."""

    curve: MsdCurve
    diffusion: Diffusion
    reference: int | None


def motion_of(positions: Positions, interval_ps: float) -> Motion:
    """Return the motion of molecules from their unwrapped positions in nm (F, M, 3)."""
    lags, reference = log_spaced_lags(len(positions)), round(REFERENCE_LAG_PS / interval_ps)
    long_enough = 1 <= reference <= (len(positions) - 1) // 2
    if long_enough:
        lags = np.union1d(lags, [reference])
    curve = msd_curve(positions, lags, interval_ps)
    at = int(np.searchsorted(lags, reference)) if long_enough else None
    return Motion(curve, estimate(positions, interval_ps, curve, Criteria()), at)


_known: dict[tuple[int, int, int, float], Motion] = {}


def species_motion(reading: Reading, index: int, start_frame: int, interval_ps: float) -> Motion:
    """Return the motion of a species that has molecules; found once per reading and process, whoever asks."""
    key = id(reading.com_nm), index, start_frame, interval_ps
    if key not in _known:
        _known[key] = motion_of(species_positions(reading, index, start_frame), interval_ps)
        weakref.finalize(reading.com_nm, _known.pop, key, None)  # before another array can have the same id
    return _known[key]


def species_positions(reading: Reading, index: int, start_frame: int) -> Positions:
    """Return the unwrapped centres of mass of a species; its molecules lie together, so that nothing is copied."""
    members = np.flatnonzero(reading.molecule_species == index)
    return reading.com_nm[start_frame:, members[0] : members[-1] + 1]


@dataclass(frozen=True)
class Slopes:
    """Slopes d<dA . dB>/dt in e^2 nm^2/ps of the charge carried by cations (+) and anions (-): ++, --, +-.

    whole: (3,) from the whole run; parts: (P, 3) from consecutive parts; note: the window; diffusive: whether the
    ions themselves diffuse in that window, without which a slope is apparent.
    """

    whole: FloatArray
    parts: FloatArray
    note: str
    diffusive: bool = True


def charge_paths(run: Run, reading: Reading, start_frame: int) -> FloatArray:
    """Return P+ and P- in e nm in every frame, (F, 2, 3), with the sums of charges times unwrapped positions."""
    charges = np.array([one.charge_e for one in run.species])[reading.molecule_species]
    signs = np.stack([np.maximum(charges, 0.0), np.minimum(charges, 0.0)])
    moving = np.flatnonzero(charges)
    com_nm = reading.com_nm[start_frame:, moving[0] : moving[-1] + 1]
    signs, origin = signs[:, moving[0] : moving[-1] + 1], np.asarray(com_nm[0], dtype=np.float64)
    paths = np.empty((len(com_nm), 2, 3))
    for first in range(0, len(com_nm), FRAMES_AT_ONCE):
        part = com_nm[first : first + FRAMES_AT_ONCE].astype(np.float64) - origin
        paths[first : first + FRAMES_AT_ONCE] = signs @ part
    return paths


def solvent_path(run: Run, reading: Reading, start_frame: int) -> FloatArray | None:
    """Return the path in nm of the centre of mass of all neutral molecules, (F, 3); None when there are none."""
    masses = np.array([0.0 if one.charge_e else one.mass_u for one in run.species])[reading.molecule_species]
    if not masses.any():
        return None
    com_nm = reading.com_nm[start_frame:]
    shares, origin = masses / masses.sum(), np.asarray(com_nm[0], dtype=np.float64)
    parts = [
        shares @ (com_nm[first : first + FRAMES_AT_ONCE] - origin) for first in range(0, len(com_nm), FRAMES_AT_ONCE)
    ]
    return np.asarray(np.concatenate(parts))


def window(n_frames: int, interval_ps: float, start_ps: float) -> tuple[IntArray, bool]:
    """Return the lags in frames of the collective fit, and whether they begin after start_ps.

    start_ps is the lag from which on all ions diffuse, NaN where one never does.
    """
    length = (n_frames - 1) * interval_ps
    latest = LATEST_END_FRACTION * length
    diffusive = bool(HALF_DECADE * start_ps <= latest)
    start = start_ps if diffusive else START_FRACTION * length
    end = min(max(END_FRACTION * length, HALF_DECADE * start), latest)
    lags = log_spaced_lags(n_frames)
    inside = lags[(lags * interval_ps >= start * (1 - 1e-9)) & (lags * interval_ps <= end * (1 + 1e-9))]
    if inside.size < 3:
        inside = np.unique(np.geomspace(3, 9, 5).astype(np.int64))
    return inside, diffusive


def collective_slopes(currents: FloatArray, interval_ps: float, start_ps: float) -> Slopes:
    """Return the slopes of the collective displacements of P+ and P- (F, 2, 3), see Slopes."""
    lags, diffusive = window(len(currents), interval_ps, start_ps)
    note = f"window {lags[0] * interval_ps:.4g}-{lags[-1] * interval_ps:.4g} ps"
    weights = gls_slope_weights(lags.astype(np.float64) * interval_ps)
    n_parts = MANY_PARTS if lags[-1] <= len(currents) // (2 * MANY_PARTS) else FEW_PARTS
    parts = np.array_split(np.arange(len(currents)), n_parts)
    by_part = np.array([_three_slopes(currents[part], lags, weights) for part in parts])
    return Slopes(_three_slopes(currents, lags, weights), by_part, note, diffusive)


def _three_slopes(currents: FloatArray, lags: IntArray, weights: FloatArray) -> FloatArray:
    """Return the slopes ++, -- and +-, the last from |d(P+ + P-)|^2 = |dP+|^2 + |dP-|^2 + 2 dP+ . dP-."""
    plus, minus = currents[:, :1], currents[:, 1:]
    of_plus, of_minus, of_both = (float(weights @ fft_msd(path)[lags]) for path in (plus, minus, plus + minus))
    return np.array([of_plus, of_minus, (of_both - of_plus - of_minus) / 2])
