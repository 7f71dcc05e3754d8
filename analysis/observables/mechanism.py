"""How a cation moves: bound to a chain or free, with its shell or by leaving it.

Bound and free: a cation is bound while any coordinating site of a chain touches it (contact distances of
analysis/cutoffs.py; absences of up to 2 ps are filled and contacts shorter than 2 ps left out). A window of one lag
belongs to the bound when the cation is bound in every frame of it, to the free when in none, else to the exchanging.
"msd_bound" etc. = <|dR|^2> over the windows of a class; D of a class from the second half of the same windows,
[MSD(t) - MSD(t / 2)] / (3 t), which leaves out what happens in a cage. Such a D is conditional: it holds while the
state lasts.
Vehicular motion: dR of the cation over a lag beside dS, the displacement of the centre of mass of the molecules that
touched it at the origin: <|dS|^2>, <|dR - dS|^2> and <dR . dS> / sqrt(<dR^2> <dS^2>), which is 1 for a cation that
carries its shell along, and 0 for one that leaves it and moves independently. No diffusive window is needed for it.
Uncertainty: 95 % half-widths by a jackknife over cations; Student's t with their effective number, as some spend more
time in a class than others. Wrong (too small) when cations move together. Positions: centre of mass of all at rest.
Source: Borodin and Smith, J. Phys. Chem. B 110, 6293, 2006, for the two ways to move.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.msd import FloatArray, even_interval_ps
from analysis.read import Reading
from analysis.run import Run
from analysis.shells import Contacts, coordinating_sites, first_frame, holder_of, molecule_contacts
from analysis.survival import steady, stretches
from analysis.table import Row, row
from analysis.units import D_UNIT, NM2_PER_PS_IN_D_UNIT

PARAMETERS: dict[str, Any] = {
    "dwell_ps": 2.0,
    "state_lags_ps": (100.0, 1000.0),
    "shell_lags_ps": (10.0, 100.0, 1000.0),
    "longest_lag_fraction": 0.5,  # of the analysed part of the run
    "origins": 1000,  # per lag
}

STATES = ("bound", "free", "exchanging")
MIN_CATIONS = 3.0  # effective number below which there is no error
Statistic = Callable[[FloatArray], FloatArray]


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return how the cations move from `start_frame` on; nothing without a cation.

    Rows, label = cation, x = lag in ps: "msd_bound", "msd_free", "msd_exchanging" (nm^2), "share_bound",
    "share_free", "share_exchanging" (1, of windows), "D_bound", "D_free" (1e-10 m^2/s, none in a preview),
    "mobility_bound_to_free" (1, ratio of both MSDs), all only with chains; "vehicular_correlation" (1),
    "msd_of_shell" and "msd_relative_to_shell" (nm^2). NaN, with the reason, for a class that no window is in and for
    lags of more than half of what is analysed.
    """
    if run.cation is None or not coordinating_sites(run):
        return []
    first = first_frame(reading, start_frame)
    interval_ps = even_interval_ps(reading.time_ps)
    contacts = {
        index: molecule_contacts(run, reading, sites, first)
        for index, species in enumerate(run.species)
        if (sites := coordinating_sites(run, species.name))
    }
    rows: list[Row] = []
    chains = [found for index, found in contacts.items() if holder_of(run.species[index].role) == "chain"]
    if chains:
        # a single frame has no interval, and no stretch to fill
        bound = bound_frames(chains, PARAMETERS["dwell_ps"] / interval_ps if interval_ps > 0 else 0.0)
        members = np.flatnonzero(reading.molecule_species == run.species_index(run.cation))
        paths = np.asarray(reading.com_nm[first:, members[0] : members[-1] + 1])
        for lag_ps in PARAMETERS["state_lags_ps"]:
            rows += _state_rows(run, reading, paths, bound, lag_ps, interval_ps)
    for lag_ps in PARAMETERS["shell_lags_ps"]:
        rows += _shell_rows(run, reading, contacts, first, lag_ps, interval_ps)
    return rows


def _lag_frames(lag_ps: float, interval_ps: float, n_frames: int) -> int:
    """Return a lag in frames, an even number of them; 0 when it is too long for the run or too short for it."""
    lag = 2 * round(lag_ps / interval_ps / 2) if interval_ps > 0 else 0
    return lag if 2 <= lag <= PARAMETERS["longest_lag_fraction"] * (n_frames - 1) else 0


def bound_frames(chains: list[Contacts], dwell_frames: float) -> NDArray[np.bool_]:
    """Return whether each cation is bound to any chain in each frame, (F, N_cation), without flicker."""
    n_frames, n_cations = chains[0].n_frames, chains[0].n_cations
    keys = np.unique(np.concatenate([found.frame * n_cations + found.cation for found in chains]))
    frame, cation = np.divmod(keys, n_cations)
    lasting = steady(stretches(cation, frame, n_frames), int(dwell_frames + 1e-6))
    changes = np.zeros((n_frames + 1, n_cations), dtype=np.int64)
    np.add.at(changes, (lasting.start, lasting.pair), 1)
    np.add.at(changes, (lasting.stop, lasting.pair), -1)
    return np.asarray(changes[:-1].cumsum(axis=0) > 0)


def _origins(n_frames: int, lag: int) -> NDArray[np.int64]:
    return np.arange(0, n_frames - lag, max(1, (n_frames - lag) // PARAMETERS["origins"]))


def state_sums(paths: NDArray[np.floating[Any]], bound: NDArray[np.bool_], lag: int) -> FloatArray:
    """Return per state, cation: windows, sum of |dR|^2 over the lag and over its first half; shape (3, N, 3).

    paths: (F, N, 3) unwrapped in nm; bound: (F, N); lag in frames, even.
    """
    origins = _origins(len(paths), lag)
    total = np.concatenate([np.zeros((1, bound.shape[1]), dtype=np.int64), bound.cumsum(axis=0)])
    spent = total[origins + lag + 1] - total[origins]
    whole = ((paths[origins + lag].astype(np.float64) - paths[origins]) ** 2).sum(axis=2)
    half = ((paths[origins + lag // 2].astype(np.float64) - paths[origins]) ** 2).sum(axis=2)
    classes = [spent == lag + 1, spent == 0]
    classes.append(~(classes[0] | classes[1]))
    parts = [[inside.sum(axis=0), (whole * inside).sum(axis=0), (half * inside).sum(axis=0)] for inside in classes]
    return np.asarray(parts, dtype=np.float64).transpose(0, 2, 1)


def jackknife(sums: FloatArray, weight: FloatArray, statistic: Statistic) -> tuple[float, float]:
    """Return a statistic of sums over cations and the half-width of its 95 % interval.

    sums: (N, K), one row per cation; weight: (N,) windows of each; statistic: sums (..., K) -> (...).
    The effective number of cations is (sum w)^2 / sum w^2; below MIN_CATIONS the half-width is NaN.
    """
    total = sums.sum(axis=0)
    value = float(statistic(total))
    effective = weight.sum() ** 2 / (weight**2).sum()
    if not effective >= MIN_CATIONS:
        return value, math.nan
    # a cation without a window leaves the statistic as it is, and so adds nothing but its number
    replicates = statistic(total - sums[sums.any(axis=1)])
    n = len(replicates)
    variance = (n - 1) / n * float(((replicates - replicates.mean()) ** 2).sum())
    return value, float(stats.t.ppf(0.975, effective - 1)) * math.sqrt(variance)


def _state_rows(
    run: Run,
    reading: Reading,
    paths: NDArray[np.floating[Any]],
    bound: NDArray[np.bool_],
    lag_ps: float,
    interval_ps: float,
) -> list[Row]:
    """Return all rows of bound and free cations at one lag."""
    label, x, lag = str(run.cation), (lag_ps, "ps"), _lag_frames(lag_ps, interval_ps, len(paths))
    lost = reading.step_note() or ("" if lag else "run too short")
    if lost:
        names = [f"msd_{state}" for state in STATES]
        return [row(name, label, math.nan, "nm^2", math.nan, *x, note=lost) for name in names]
    sums = state_sums(paths, bound, lag)
    windows = sums[:, :, 0].sum()
    rows = []
    for state, own in zip(STATES, sums, strict=True):
        every = np.stack([own[:, 0], sums[:, :, 0].sum(axis=0)], axis=1)
        share, width = jackknife(every, every[:, 1], lambda s: s[..., 0] / s[..., 1])
        # a share of 0 or 1 in all cations does not tell how much it could have varied
        rows.append(row(f"share_{state}", label, share, "1", width or math.nan, *x, note=f"of {windows:.0f} windows"))
        rows.append(_mean_row(f"msd_{state}", label, own, "nm^2", x, lambda s: s[..., 1] / s[..., 0]))
    scale = NM2_PER_PS_IN_D_UNIT / (3 * lag * interval_ps)
    for state, own in zip(STATES[:2], sums[:2], strict=True):
        name = f"D_{state}"
        if run.preview:
            rows.append(row(name, label, math.nan, D_UNIT, math.nan, *x, note="preview"))
        else:
            rows.append(_mean_row(name, label, own, D_UNIT, x, lambda s: scale * (s[..., 1] - s[..., 2]) / s[..., 0]))
    return [*rows, _mobility_row(label, sums, x, preview=run.preview)]


def _mean_row(name: str, label: str, sums: FloatArray, unit: str, x: tuple[float, str], statistic: Statistic) -> Row:
    """Return the row of one class, NaN when no window is in it."""
    windows = sums[:, 0]
    if not windows.any():
        return row(name, label, math.nan, unit, math.nan, *x, note=f"no cation stayed so for {x[0]:g} ps")
    value, width = jackknife(sums, windows, statistic)
    return row(name, label, value, unit, width, *x, note=f"{(windows > 0).sum()} cations, {windows.sum():.0f} windows")


def _mobility_row(label: str, sums: FloatArray, x: tuple[float, str], *, preview: bool) -> Row:
    """Return the ratio of the MSDs of bound and free cations."""
    name, both = "mobility_bound_to_free", np.concatenate([sums[0], sums[1]], axis=1)
    if preview or not (both[:, 0].any() and both[:, 3].any()):
        reason = "preview" if preview else f"no cation stayed bound, or none free, for {x[0]:g} ps"
        return row(name, label, math.nan, "1", math.nan, *x, note=reason)
    # the class with fewer cations decides how well the ratio is known
    scarce = min((both[:, 0], both[:, 3]), key=lambda w: w.sum() ** 2 / (w**2).sum())

    def ratio(s: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(s[..., 1] / s[..., 0] / (s[..., 4] / s[..., 3]))

    value, width = jackknife(both, scarce, ratio)
    return row(name, label, value, "1", width, *x)


def _shell_rows(
    run: Run, reading: Reading, contacts: dict[int, Contacts], first: int, lag_ps: float, interval_ps: float
) -> list[Row]:
    """Return the rows of the motion of cation and shell at one lag."""
    label, x = str(run.cation), (lag_ps, "ps")
    lag = _lag_frames(lag_ps, interval_ps, reading.n_frames - first)
    names = (("vehicular_correlation", "1"), ("msd_of_shell", "nm^2"), ("msd_relative_to_shell", "nm^2"))
    lost = reading.step_note() or ("" if lag else "run too short")
    sums = shell_sums(run, reading, contacts, first, lag) if not lost else np.zeros((1, 4))
    lost = lost or ("" if sums[:, 0].any() else "no cation touches anything")
    if lost:
        return [row(name, label, math.nan, unit, math.nan, *x, note=lost) for name, unit in names]
    statistics: tuple[Statistic, ...] = (
        lambda s: s[..., 3] / np.sqrt(s[..., 1] * s[..., 2]),
        lambda s: s[..., 2] / s[..., 0],
        lambda s: (s[..., 1] + s[..., 2] - 2 * s[..., 3]) / s[..., 0],
    )
    if not np.all(sums[:, 1:3].sum(axis=0) > 0):
        return [row(name, label, math.nan, unit, math.nan, *x, note="no motion") for name, unit in names]
    found = zip(names, statistics, strict=True)
    return [_mean_row(name, label, sums, unit, x, statistic) for (name, unit), statistic in found]


def shell_sums(run: Run, reading: Reading, contacts: dict[int, Contacts], first: int, lag: int) -> FloatArray:
    """Return per cation: windows with a shell, and sums of |dR|^2, |dS|^2 and dR . dS in nm^2; shape (N, 4)."""
    sums = np.zeros((run.n_cations, 4))
    ions = np.flatnonzero(reading.molecule_species == run.species_index(str(run.cation)))
    for origins in np.array_split(_origins(reading.n_frames - first, lag), 10):
        if not origins.size:
            continue
        steps = reading.com_nm[first + origins + lag].astype(np.float64) - reading.com_nm[first + origins]
        mass, moment = np.zeros(origins.size * ions.size), np.zeros((3, origins.size * ions.size))
        for index, at, molecule in _members(reading, contacts, origins, ions.size):
            own = np.full(at.size, run.species[index].mass_u)
            mass += np.bincount(at, own, minlength=mass.size)
            displaced = steps[at // ions.size, molecule]
            for axis in range(3):
                moment[axis] += np.bincount(at, own * displaced[:, axis], minlength=mass.size)
        held = mass > 0
        shell = np.divide(moment, mass, out=np.zeros_like(moment), where=held).T.reshape(origins.size, ions.size, 3)
        ion = steps[:, ions] * held.reshape(origins.size, ions.size, 1)
        squares = [np.einsum("omk,omk->m", a, b) for a, b in ((ion, ion), (shell, shell), (ion, shell))]
        sums += np.stack([held.reshape(origins.size, ions.size).sum(axis=0), *squares], axis=1)
    return sums


def _members(
    reading: Reading, contacts: dict[int, Contacts], origins: NDArray[np.int64], n_cations: int
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield species, (origin, cation) as one number, and molecule of all contacts at these origins."""
    for index, found in contacts.items():
        members = np.flatnonzero(reading.molecule_species == index)
        slot = np.full(found.n_frames, -1)
        slot[origins] = np.arange(origins.size)
        low, high = np.searchsorted(found.frame, (origins[0], origins[-1] + 1))
        here = slot[found.frame[low:high]]
        wanted = np.flatnonzero(here >= 0) + low
        at = here[wanted - low] * n_cations + found.cation[wanted]
        yield index, at, members[found.molecule[wanted]]
