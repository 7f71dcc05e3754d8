"""How a cation moves: bound to a chain or free, with its shell or by leaving it.

Bound and free: a cation is bound while any coordinating site of a chain touches it (contact distances of
analysis/cutoffs.py; absences of up to 2 ps are filled and contacts shorter than 2 ps left out). A window of one lag
belongs to the bound when the cation is bound in every frame of it, to the free when in none, else to the exchanging.
"msd_bound" etc. = <|dR|^2> over the windows of a class; D of a class from the second half of the same windows,
[MSD(t) - MSD(t / 2)] / (3 t). Such a D is conditional: it holds while the state lasts; and it is none unless its own
two points rise as diffusion does: exponent log2[MSD(t) / MSD(t / 2)] at least 0.9, known to 0.15, and 1 within 1.9
half-widths of it (the rule of analysis/einstein.py).
Vehicular motion: dR of the cation over a lag beside dS, the displacement of the centre of mass of the molecules that
touched it at the origin: <|dS|^2>, <|dR - dS|^2> and <dR . dS> / sqrt(<dR^2> <dS^2>), which is 1 for a cation that
carries its shell along, and 0 for one that leaves it and moves independently. No diffusive window is needed for it.
Uncertainty: 95 % half-widths by jackknives over cations and over what holds them (the chain; the heaviest molecule of
the shell), see analysis/pair_sums.py. Wrong (too small) when cations move together for other reasons, or bridge
chains. Positions: centre of mass of all at rest.
Source: Borodin and Smith, J. Phys. Chem. B 110, 6293, 2006, for the two ways to move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.einstein import Criteria
from analysis.msd import FloatArray, IntArray, even_interval_ps
from analysis.pair_sums import Statistic, Sums, effective_number, jackknife, summed
from analysis.read import Reading
from analysis.run import Run
from analysis.shells import Contacts, coordinating_sites, first_frame, holder_of, molecule_contacts
from analysis.survival import frames_within, steady, stretches
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


def compute(run: Run, reading: Reading, start_frame: int) -> list[Row]:
    """Return how the cations move from `start_frame` on; nothing without a cation.

    Rows, label = cation, x = lag in ps: "msd_bound", "msd_free", "msd_exchanging" (nm^2), "share_bound",
    "share_free", "share_exchanging" (1, of windows), "D_bound", "D_free" (1e-10 m^2/s, none in a preview and none
    with the note "not diffusive: ..." or "not resolved: ..." when the exponent of the same windows says so),
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
        bound = bound_frames(chains, frames_within(PARAMETERS["dwell_ps"], interval_ps))
        chain = holding_chains(chains)
        members = np.flatnonzero(reading.molecule_species == run.species_index(run.cation))
        paths = np.asarray(reading.com_nm[first:, members[0] : members[-1] + 1])
        for lag_ps in PARAMETERS["state_lags_ps"]:
            rows += _state_rows(run, reading, paths, (bound, chain), lag_ps, interval_ps)
    for lag_ps in PARAMETERS["shell_lags_ps"]:
        rows += _shell_rows(run, reading, contacts, first, lag_ps, interval_ps)
    return rows


def _lag_frames(lag_ps: float, interval_ps: float, n_frames: int) -> int:
    """Return a lag in frames, an even number of them; 0 when it is too long for the run or too short for it."""
    lag = 2 * round(lag_ps / interval_ps / 2) if interval_ps > 0 else 0
    return lag if 2 <= lag <= PARAMETERS["longest_lag_fraction"] * (n_frames - 1) else 0


def bound_frames(chains: list[Contacts], dwell_frames: int) -> NDArray[np.bool_]:
    """Return whether each cation is bound to any chain in each frame, (F, N_cation), without flicker."""
    n_frames, n_cations = chains[0].n_frames, chains[0].n_cations
    keys = np.unique(np.concatenate([found.frame * n_cations + found.cation for found in chains]))
    frame, cation = np.divmod(keys, n_cations)
    lasting = steady(stretches(cation, frame, n_frames), dwell_frames)
    changes = np.zeros((n_frames + 1, n_cations), dtype=np.int64)
    np.add.at(changes, (lasting.start, lasting.pair), 1)
    np.add.at(changes, (lasting.stop, lasting.pair), -1)
    return np.asarray(changes[:-1].cumsum(axis=0) > 0)


def holding_chains(chains: list[Contacts]) -> IntArray:
    """Return which chain touches each cation, or touched it last, (F, N_cation); -1 before the first contact."""
    holder, first = np.full((chains[0].n_frames, chains[0].n_cations), -1), 0
    for found in chains:
        holder[found.frame, found.cation] = first + found.molecule
        first += found.n_molecules
    last_seen = np.where(holder >= 0, np.arange(len(holder))[:, None], 0)
    return np.take_along_axis(holder, np.maximum.accumulate(last_seen, axis=0), axis=0)


def _origins(n_frames: int, lag: int) -> NDArray[np.int64]:
    return np.arange(0, n_frames - lag, max(1, (n_frames - lag) // PARAMETERS["origins"]))


def state_sums(paths: NDArray[np.floating[Any]], bound: NDArray[np.bool_], chain: IntArray, lag: int) -> list[Sums]:
    """Return per state: windows, sum of |dR|^2 over the lag and over its first half, of each cation and holder.

    paths: (F, N, 3) unwrapped in nm; bound, chain: (F, N); lag in frames, even. What is not bound holds itself.
    """
    origins, n_cations = _origins(len(paths), lag), bound.shape[1]
    total = np.concatenate([np.zeros((1, n_cations), dtype=np.int64), bound.cumsum(axis=0)])
    spent = total[origins + lag + 1] - total[origins]
    whole = ((paths[origins + lag].astype(np.float64) - paths[origins]) ** 2).sum(axis=2)
    half = ((paths[origins + lag // 2].astype(np.float64) - paths[origins]) ** 2).sum(axis=2)
    classes = [spent == lag + 1, spent == 0]
    classes.append(~(classes[0] | classes[1]))
    cation, n_chains = np.broadcast_to(np.arange(n_cations), whole.shape), int(chain.max()) + 1
    found = []
    for number, inside in enumerate(classes):
        holder = chain[origins] if number == 0 else n_chains + cation
        key = (cation * (n_chains + n_cations) + holder)[inside]
        values = [np.ones(key.size), whole[inside], half[inside]]
        found.append(summed(key, values, n_chains + n_cations))
    return found


def _state_rows(
    run: Run,
    reading: Reading,
    paths: NDArray[np.floating[Any]],
    bound_to: tuple[NDArray[np.bool_], IntArray],
    lag_ps: float,
    interval_ps: float,
) -> list[Row]:
    """Return all rows of bound and free cations at one lag; `bound_to`: whether, and to which chain, each (F, N)."""
    label, x, lag = str(run.cation), (lag_ps, "ps"), _lag_frames(lag_ps, interval_ps, len(paths))
    lost = reading.step_note() or ("" if lag else "run too short")
    if lost:
        names = [f"msd_{state}" for state in STATES]
        return [row(name, label, math.nan, "nm^2", math.nan, *x, note=lost) for name in names]
    found = state_sums(paths, *bound_to, lag)
    each = np.arange(paths.shape[1])
    windows = np.array([np.bincount(own.cation, own.values[:, 0], minlength=each.size) for own in found])
    rows = []
    for state, own, count in zip(STATES, found, windows, strict=True):
        every = Sums(np.stack([count, windows.sum(axis=0)], axis=1), each, each)
        share, width = jackknife(every, every.values[:, 1], lambda s: s[..., 0] / s[..., 1])
        # a share of 0 or 1 in all cations does not tell how much it could have varied
        note = f"of {windows.sum():.0f} windows"
        rows.append(row(f"share_{state}", label, share, "1", width or math.nan, *x, note=note))
        rows.append(_mean_row(f"msd_{state}", label, own, "nm^2", x, lambda s: s[..., 1] / s[..., 0]))
    scale = NM2_PER_PS_IN_D_UNIT / (3 * lag * interval_ps)
    for state, own in zip(STATES[:2], found[:2], strict=True):
        reason = "preview" if run.preview else _why_not_diffusive(own)
        if reason:
            rows.append(row(f"D_{state}", label, math.nan, D_UNIT, math.nan, *x, note=reason))
        else:
            slope = _mean_row(
                f"D_{state}", label, own, D_UNIT, x, lambda s: scale * (s[..., 1] - s[..., 2]) / s[..., 0]
            )
            rows.append(slope)
    return [*rows, _mobility_row(label, found[0], found[1], x, preview=run.preview)]


def _why_not_diffusive(sums: Sums) -> str:
    """Return why the two points of a class make no coefficient; empty when they do, or when no window is in it."""
    if not sums.values.size:
        return ""
    if not np.all(sums.values[:, 1:].sum(axis=0) > 0.0):
        return "not resolved: no motion"
    beta, width = jackknife(sums, sums.values[:, 0], lambda s: np.log2(s[..., 1] / s[..., 2]))
    rule, found = Criteria(), f"exponent {beta:.2f} ± {width:.2f}"
    if math.isnan(width):
        return "not resolved: exponent without an error, of too few cations"
    if abs(beta - 1.0) > rule.stay_factor * max(width, rule.half_width_min):
        return f"not diffusive: {found}"
    if width > rule.half_width_max or beta < rule.exponent_min:
        return f"not resolved: {found}, needed at least {rule.exponent_min} ± {rule.half_width_max}"
    return ""


def _mean_row(name: str, label: str, sums: Sums, unit: str, x: tuple[float, str], statistic: Statistic) -> Row:
    """Return the row of one class, NaN when no window is in it."""
    windows = sums.values[:, 0]
    if not windows.size:
        return row(name, label, math.nan, unit, math.nan, *x, note=f"no cation stayed so for {x[0]:g} ps")
    value, width = jackknife(sums, windows, statistic)
    n_cations, n_windows = np.unique(sums.cation).size, round(float(windows.sum()))
    note = f"{n_cations} cation{'s' * (n_cations != 1)}, {n_windows} window{'s' * (n_windows != 1)}"
    return row(name, label, value, unit, width, *x, note=note)


def _mobility_row(label: str, bound: Sums, free: Sums, x: tuple[float, str], *, preview: bool) -> Row:
    """Return the ratio of the MSDs of bound and free cations."""
    name = "mobility_bound_to_free"
    if preview or not (bound.values.size and free.values.size):
        reason = "preview" if preview else f"no cation stayed bound, or none free, for {x[0]:g} ps"
        return row(name, label, math.nan, "1", math.nan, *x, note=reason)
    sides = np.zeros((len(bound.values) + len(free.values), 4))
    sides[: len(bound.values), :2], sides[len(bound.values) :, 2:] = bound.values[:, :2], free.values[:, :2]
    both = Sums(sides, np.r_[bound.cation, free.cation], np.r_[bound.holder, free.holder])
    # the class with fewer cations decides how well the ratio is known
    scarce = min((sides[:, 0], sides[:, 2]), key=lambda w: effective_number(both.holder, w))

    def ratio(s: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(s[..., 1] / s[..., 0] / (s[..., 3] / s[..., 2]))

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
    sums = shell_sums(run, reading, contacts, first, lag) if not lost else None
    if sums is None or not sums.values.size:
        lost = lost or "no cation touches anything"
        return [row(name, label, math.nan, unit, math.nan, *x, note=lost) for name, unit in names]
    statistics: tuple[Statistic, ...] = (
        lambda s: s[..., 3] / np.sqrt(s[..., 1] * s[..., 2]),
        lambda s: s[..., 2] / s[..., 0],
        lambda s: (s[..., 1] + s[..., 2] - 2 * s[..., 3]) / s[..., 0],
    )
    if not np.all(sums.values[:, 1:3].sum(axis=0) > 0):
        return [row(name, label, math.nan, unit, math.nan, *x, note="no motion") for name, unit in names]
    found = zip(names, statistics, strict=True)
    return [_mean_row(name, label, sums, unit, x, statistic) for (name, unit), statistic in found]


def shell_sums(run: Run, reading: Reading, contacts: dict[int, Contacts], first: int, lag: int) -> Sums:
    """Return windows with a shell, and sums of |dR|^2, |dS|^2 and dR . dS in nm^2, of each cation and holder.

    The holder is the heaviest molecule of the shell, which moves it most.
    """
    n_molecules = reading.molecule_species.size
    ions = np.flatnonzero(reading.molecule_species == run.species_index(str(run.cation)))
    keys, values = [], []
    for origins in np.array_split(_origins(reading.n_frames - first, lag), 10):
        if not origins.size:
            continue
        steps = reading.com_nm[first + origins + lag].astype(np.float64) - reading.com_nm[first + origins]
        mass, moment = np.zeros(origins.size * ions.size), np.zeros((3, origins.size * ions.size))
        heaviest, holder = np.zeros(mass.size), np.zeros(mass.size, dtype=np.int64)
        for index, at, molecule in _members(reading, contacts, origins, ions.size):
            own = np.full(at.size, run.species[index].mass_u)
            mass += np.bincount(at, own, minlength=mass.size)
            displaced = steps[at // ions.size, molecule]
            for axis in range(3):
                moment[axis] += np.bincount(at, own * displaced[:, axis], minlength=mass.size)
            heavier = own > heaviest[at]
            holder[at[heavier]], heaviest[at[heavier]] = molecule[heavier], own[heavier]
        held = np.flatnonzero(mass > 0)
        shell, ion = (moment[:, held] / mass[held]).T, steps[:, ions].reshape(-1, 3)[held]
        squares = [np.einsum("nk,nk->n", a, b) for a, b in ((ion, ion), (shell, shell), (ion, shell))]
        keys.append(held % ions.size * n_molecules + holder[held])
        values.append(np.array([np.ones(held.size), *squares]))
    return summed(np.concatenate(keys), list(np.concatenate(values, axis=1)), n_molecules)


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
