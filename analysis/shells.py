"""Direct contacts of the cations, frame by frame, as sparse lists: who touches whom, and with how many atoms.

A site touches a cation when their distance is below the contact distance of its kind of atom (analysis/cutoffs.py).
A molecule is in a cation's shell when any of its coordinating sites (O, N, F, hydrogen on boron) touches it; a whole
chain is one molecule. Everything that speaks of a cation's shell (numbers, speciation, residence, motif, bound
cations) starts here, so that all of it means the same contacts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.cutoffs import BAND_NM, CONTACT_NM, COORDINATING_KINDS, contact_distance_nm
from analysis.read import Reading
from analysis.run import Run, RunError, SiteGroup, Species
from analysis.statistics import CONSTANT_TOLERANCE, FloatArray, block_note

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]

_PAIRS_AT_ONCE = 1_000_000

PARTS = 5
"""Consecutive parts of a run whose means give an error."""
LEVEL = 0.25
"""Chance at which parts, or cations, are taken to differ by more than the rest: at 0.05 differences go unseen that
make errors a quarter too small; 0.25 is Bancroft's advice for such a choice."""
LOOSE = 2.0
"""Ratio of the error to that from parts alone beyond which shells are said to be frozen."""
MIN_CATIONS = 5
"""Fewer cations do not show how much they differ."""
MIN_CHAINS = 2
"""Chains differ far more than they fluctuate, which two of them show."""

HOLDERS: tuple[str, ...] = ("solvent", "anion", "chain")
"""Classes of molecules that hold a cation."""
_ORDER = {"solvent": 0, "additive": 1, "cation": 2, "anion": 3, "polymer": 4}
_HOLDER_OF_ROLE = {"anion": "anion", "polymer": "chain"}
_PART = re.compile(r"[_,](head|middle|tail)(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Contacts:
    """Molecules of one species that touch a cation: one entry per frame, cation and molecule (n of them).

    frame, cation, molecule (n,): counted from 0 within the analysed frames, the cations and the species;
    atoms (n,): how many of the molecule's sites touch. Sorted by frame, then cation, then molecule. Short integers: in
    a long run there are many contacts.
    """

    frame: Int32Array
    cation: Int32Array
    molecule: Int32Array
    atoms: Int32Array
    n_frames: int
    n_cations: int
    n_molecules: int

    def since(self, first: int) -> Contacts:
        """Return the contacts from frame `first` on, which becomes frame 0."""
        begin = int(np.searchsorted(self.frame, first))
        columns = (self.cation[begin:], self.molecule[begin:], self.atoms[begin:])
        return Contacts(self.frame[begin:] - first, *columns, self.n_frames - first, self.n_cations, self.n_molecules)

    def per_cation(self) -> IntArray:
        """Return how many molecules touch each cation in each frame, (F, N_cation)."""
        return _table(self.frame, self.cation, self.n_frames, self.n_cations)

    def per_molecule(self) -> IntArray:
        """Return how many cations touch each molecule in each frame, (F, N_molecule)."""
        return _table(self.frame, self.molecule, self.n_frames, self.n_molecules)

    def pair(self) -> IntArray:
        """Return one number for each pair of cation and molecule, (n,): cation * N_molecule + molecule."""
        return self.cation.astype(np.int64) * self.n_molecules + self.molecule


def _table(frame: Int32Array, column: Int32Array, n_frames: int, n_columns: int) -> IntArray:
    place = frame.astype(np.int64)
    place *= n_columns
    place += column
    counts = np.bincount(place, minlength=n_frames * n_columns)
    return counts.reshape(n_frames, n_columns)


def contact_nm(run: Run, site: SiteGroup) -> float:
    """Return the contact distance of a site group from the run's cation.

    Raises:
        RunError: its kind has none.
    """
    if site.kind not in CONTACT_NM:
        raise RunError(f"site {site.label}: no contact distance for kind {site.kind!r} in analysis/cutoffs.py")
    return contact_distance_nm(site.kind, run.find_species(str(run.cation)).masses_u)


def first_frame(reading: Reading, start_frame: int) -> int:
    """Return the first analysed frame: that of the first block that begins at or after `start_frame`."""
    return int(reading.block_edges_frame[reading.first_block(start_frame)])


def part_of(site: SiteGroup) -> str:
    """Return which unit of a chain a site belongs to, "head", "middle" or "tail"; empty when its label does not say."""
    found = _PART.search(site.label)
    return found.group(1) if found else ""


def holder_of(role: str) -> str:
    """Return the class (one of `HOLDERS`) of a species of this role; what is no anion and no chain is solvent."""
    return _HOLDER_OF_ROLE.get(role, "solvent")


def in_order(species: Sequence[Species]) -> list[Species]:
    """Return species as compositions of shells name them: solvents first, chains last."""
    return sorted(species, key=lambda one: _ORDER[one.role])


def shell_label(cation: str, names: Sequence[str], counts: Sequence[int]) -> str:
    """Return what a shell is called by the molecules in contact, e.g. "Li(DME)2(TFSI)"; "Li" touches nothing."""
    parts = ("" if n == 0 else f"({name})" if n == 1 else f"({name}){n}" for name, n in zip(names, counts, strict=True))
    return cation + "".join(parts)


def coordinating_sites(run: Run, species: str = "") -> list[SiteGroup]:
    """Return the site groups that turn negative charge to a cation, of one species or of all."""
    wanted = [site for site in run.partner_sites() if site.kind in COORDINATING_KINDS]
    return [site for site in wanted if species in ("", site.species)]


def touching(
    run: Run, reading: Reading, site: SiteGroup, first: int = 0, shift_nm: float = 0.0, last: int | None = None
) -> NDArray[np.void]:
    """Return the stored pairs of a site group within contact, from frame `first` to `last` - 1 or to the end.

    `shift_nm` is added to the contact distance.
    """
    contact = contact_nm(run, site)
    within_nm = contact + max(BAND_NM, shift_nm)
    last = reading.n_frames if last is None else last
    return reading.near(run.pair_label(site), contact + shift_nm, first, last, within_nm)


def _spans(run: Run, reading: Reading, sites: Sequence[SiteGroup], first: int) -> Iterator[tuple[int, int]]:
    """Yield spans of frames, from `first` on, that hold not too many pairs of these sites to work on at once."""
    n_pairs = sum(len(reading.pairs[run.pair_label(site)]) for site in sites)
    edges = np.linspace(first, reading.n_frames, math.ceil(n_pairs / _PAIRS_AT_ONCE) + 1).astype(int)
    return pairwise(edges.tolist() if n_pairs else [first, reading.n_frames])


def counted(run: Run, reading: Reading, site: SiteGroup, first: int = 0, shift_nm: float = 0.0) -> IntArray:
    """Return the contacts that each cation has with a site group in each frame from `first` on, (F - first, N_cation).

    `shift_nm` is added to the contact distance.
    """
    counts: IntArray = np.zeros((reading.n_frames - first, run.n_cations), dtype=np.int64)
    for low, high in _spans(run, reading, [site], first):
        pairs = touching(run, reading, site, low, shift_nm, high)
        counts[low - first : high - first] = _table(pairs["frame"] - low, pairs["cation"], high - low, run.n_cations)
    return counts


def molecule_contacts(run: Run, reading: Reading, sites: Sequence[SiteGroup], first: int = 0) -> Contacts:
    """Return which molecules touch a cation through any of these sites of one species, from frame `first` on.

    Raises:
        RunError: a site is of a kind without a contact distance.
    """
    n_molecules = run.find_species(sites[0].species).count
    found = [_contacts_of(run, reading, sites, span, n_molecules) for span in _spans(run, reading, sites, first)]
    columns = list(zip(*found, strict=True))
    del found
    # column by column from the last, so that the parts of each are given back as soon as they are joined
    atoms, molecule, cation, frame = (np.concatenate(columns.pop()) for _ in range(4))
    frame -= first
    return Contacts(frame, cation, molecule, atoms, reading.n_frames - first, run.n_cations, n_molecules)


def _contacts_of(
    run: Run, reading: Reading, sites: Sequence[SiteGroup], span: tuple[int, int], n_molecules: int
) -> tuple[Int32Array, ...]:
    """Return frame, cation and molecule of the contacts within some frames, and with how many atoms."""
    keys = []
    for site in sites:
        pairs = touching(run, reading, site, span[0], last=span[1])
        cation = pairs["frame"].astype(np.int64) * run.n_cations + pairs["cation"]
        keys.append(cation * n_molecules + pairs["site"] // len(site.atoms))
    ordered = np.concatenate(keys)
    # one group comes sorted by frame, cation and molecule; for several that is cheap to restore
    if len(sites) > 1 or np.any(np.diff(ordered) < 0):
        ordered = np.sort(ordered, kind="stable")
    begin = np.flatnonzero(np.diff(ordered, prepend=-1))
    cations, molecule = np.divmod(ordered[begin], n_molecules)
    frame, cation = np.divmod(cations, run.n_cations)
    atoms = np.diff(begin, append=ordered.size)
    return tuple(one.astype(np.int32) for one in (frame, cation, molecule, atoms))


@dataclass(frozen=True)
class MeanError:
    """Standard error of a mean over the cations and the parts of a run, with its degrees of freedom.

    All have the shape of the mean; `standard` is NaN where nothing varied. from_cations: whether the cations differ by
    more than what changes from part to part explains.
    """

    standard: FloatArray
    freedom: FloatArray
    from_cations: NDArray[np.bool_]

    @property
    def half_width(self) -> FloatArray:
        """Half-width t(0.975, freedom) * standard of the 95 % interval."""
        return np.asarray(special.stdtrit(self.freedom, 0.975) * self.standard)


def mean_error(means: FloatArray) -> MeanError:
    """Return the error of a mean from the means of C cations in P parts of a run, (P, C, ...).

    Two-way analysis of variance. Each says what the variance of the mean is: the means of the parts (v_p, P - 1
    degrees of freedom), those of the cations (v_c, C - 1), and what is left without both (v_r, (P - 1)(C - 1)). Parts
    exceed the rest where all cations fluctuate together, cations where shells outlast a part. By F tests at `LEVEL`:
    neither does: (P - 1) v_p + (C - 1) v_c over their degrees P + C - 2; one does: that one; both do: v_p + v_c - v_r,
    with Satterthwaite's degrees. One part, or one cation, leaves the other to decide. Too small where cations
    fluctuate together for longer than the run.
    Source: Scheffe, The Analysis of Variance (Wiley, 1959), ch. 7; Bancroft, Biometrics 20, 427, 1964, for the level.
    """
    (n_parts, n_cations), whole = means.shape[:2], means.mean(axis=(0, 1))
    by_parts, by_cations = means.mean(axis=1) - whole, means.mean(axis=0) - whole
    left = means - whole - by_parts[:, None] - by_cations
    f_p, f_c = n_parts - 1, n_cations - 1
    least = (CONSTANT_TOLERANCE * np.maximum(1.0, np.abs(whole))) ** 2
    v_p = _variance(by_parts, n_parts * f_p, least)
    v_c = _variance(by_cations, n_cations * f_c, least)
    v_r = _variance(left.reshape(-1, *whole.shape), n_parts * n_cations * f_p * f_c, least)
    together, apart = _exceeds(v_p, v_r, f_p, f_p * f_c), _exceeds(v_c, v_r, f_c, f_p * f_c)
    both = v_p + v_c - v_r
    with np.errstate(divide="ignore", invalid="ignore"):
        parts_of = [v**2 / f if f else 0.0 for v, f in ((v_p, f_p), (v_c, f_c), (v_r, f_p * f_c))]
        f_both = both**2 / np.asarray(sum(parts_of))
    which = [together & apart, together, apart]
    pooled = (f_p * v_p + f_c * v_c) / max(f_p + f_c, 1)
    variance = np.select(which, [both, v_p, v_c], pooled)
    freedom = np.select(which, [f_both, np.full_like(v_p, f_p), np.full_like(v_p, f_c)], float(max(f_p + f_c, 1)))
    return MeanError(np.sqrt(np.where(variance > 0, variance, np.nan)), freedom, apart)


def _variance(deviations: FloatArray, divisor: int, least: FloatArray) -> FloatArray:
    """Return the sum of squares over the first axis by a divisor; 0 where it is rounding, or the divisor 0."""
    found = (deviations**2).sum(axis=0) / max(divisor, 1)
    return np.asarray(np.where((found > least) & (divisor > 0), found, 0.0))


def _exceeds(variance: FloatArray, rest: FloatArray, freedom: int, freedom_rest: int) -> NDArray[np.bool_]:
    """Return whether a variance is larger than the rest by more than chance; any is where there is no rest."""
    ratio = np.divide(variance, rest, out=np.zeros_like(variance), where=rest > 0)
    by_chance = special.fdtrc(max(freedom, 1), max(freedom_rest, 1), ratio)
    return np.asarray(np.where(rest > 0, by_chance < LEVEL, variance > 0))


def mean_with_error(
    values: NDArray[Any], interval_ps: float, of: str = "cations", least: int = MIN_CATIONS
) -> tuple[float, float, str]:
    """Return the mean of something that each cation has in each frame (F, C), its 95 % half-width, and a remark.

    The error is that of `mean_error`, from five consecutive parts (of fewer frames: none) and the cations (fewer than
    `least`: none); `of` names what stands in their place, such as chains. NaN when neither can tell. Without a spacing
    of the frames the remark does not tell of parts that are too short.
    """
    n_frames, n_cations = values.shape
    mean = float(values.sum() / values.size)  # of counts exact, so that a share of all is 1
    parts = np.array_split(values, PARTS) if n_frames >= PARTS else [values]
    means = np.array([part.mean(axis=0) for part in parts])
    if n_cations < least:
        means = means.mean(axis=1, keepdims=True)
    found, from_parts = mean_error(means), mean_error(means.mean(axis=1, keepdims=True))
    error = float(found.half_width)
    if n_frames >= PARTS and np.isnan(from_parts.standard):
        way = "no error can be given" if np.isnan(error) else f"error from the spread between the {of}"
        return mean, error, f"never changed: {way}"
    ratio = error / float(from_parts.half_width)
    if found.from_cations and ratio > LOOSE:
        return mean, error, f"error from the spread between the {of}, {ratio:.3g} times that from parts of the run"
    series = values @ np.full(n_cations, 1.0 / n_cations) if np.isfinite(interval_ps) else None
    return mean, error, "" if series is None else block_note(series, interval_ps, PARTS)
