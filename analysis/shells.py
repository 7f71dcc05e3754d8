"""Direct contacts of the cations, frame by frame, as sparse lists: who touches whom, and with how many atoms.

A site touches a cation when their distance is below the contact distance of its kind of atom (analysis/cutoffs.py).
A molecule is in a cation's shell when any of its coordinating sites (O, N, F, hydrogen on boron) touches it; a whole
chain is one molecule. Everything that speaks of a cation's shell (numbers, speciation, residence, motif, bound
cations) starts here, so that all of it means the same contacts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.cutoffs import BAND_NM, CONTACT_NM, COORDINATING_KINDS
from analysis.read import Reading
from analysis.run import Run, RunError, SiteGroup
from analysis.statistics import block_error, block_note, half_width_95

IntArray = NDArray[np.int64]

PARTS = 5
"""Consecutive parts of a run whose means give an error."""
LOOSE = 2.0
"""Ratio of the errors from cations and from parts beyond which shells are said to be frozen."""
MIN_CATIONS = 5
"""Fewer cations do not show how much they differ."""

HOLDERS: tuple[str, ...] = ("solvent", "anion", "chain")
"""Classes of molecules that hold a cation."""
_HOLDER_OF_ROLE = {"anion": "anion", "polymer": "chain"}
_PART = re.compile(r"[_,](head|middle|tail)(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Contacts:
    """Molecules of one species that touch a cation: one entry per frame, cation and molecule (n of them).

    frame, cation, molecule (n,): counted from 0 within the analysed frames, the cations and the species;
    atoms (n,): how many of the molecule's sites touch. Sorted by frame, then cation, then molecule.
    """

    frame: IntArray
    cation: IntArray
    molecule: IntArray
    atoms: IntArray
    n_frames: int
    n_cations: int
    n_molecules: int

    def per_cation(self) -> IntArray:
        """Return how many molecules touch each cation in each frame, (F, N_cation)."""
        return _table(self.frame, self.cation, self.n_frames, self.n_cations)

    def per_molecule(self) -> IntArray:
        """Return how many cations touch each molecule in each frame, (F, N_molecule)."""
        return _table(self.frame, self.molecule, self.n_frames, self.n_molecules)

    def pair(self) -> IntArray:
        """Return one number for each pair of cation and molecule, (n,): cation * N_molecule + molecule."""
        return self.cation * self.n_molecules + self.molecule


def _table(frame: IntArray, column: IntArray, n_frames: int, n_columns: int) -> IntArray:
    counts = np.bincount(frame * n_columns + column, minlength=n_frames * n_columns)
    return counts.reshape(n_frames, n_columns)


def contact_nm(site: SiteGroup) -> float:
    """Return the contact distance of a site group.

    Raises:
        RunError: its kind has none.
    """
    if site.kind not in CONTACT_NM:
        raise RunError(f"site {site.label}: no contact distance for kind {site.kind!r} in analysis/cutoffs.py")
    return CONTACT_NM[site.kind]


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


def coordinating_sites(run: Run, species: str = "") -> list[SiteGroup]:
    """Return the site groups that turn negative charge to a cation, of one species or of all."""
    wanted = [site for site in run.partner_sites() if site.kind in COORDINATING_KINDS]
    return [site for site in wanted if species in ("", site.species)]


def touching(run: Run, reading: Reading, site: SiteGroup, first: int = 0, shift_nm: float = 0.0) -> NDArray[np.void]:
    """Return the stored pairs of a site group within contact, from frame `first` on.

    `shift_nm` is added to the contact distance.
    """
    contact = contact_nm(site)
    pairs = reading.near(run.pair_label(site), contact + shift_nm, within_nm=contact + max(BAND_NM, shift_nm))
    return pairs[np.searchsorted(pairs["frame"], first) :] if first else pairs


def counted(run: Run, reading: Reading, pairs: NDArray[np.void], first: int = 0) -> IntArray:
    """Return how many of these pairs each cation has in each frame from `first` on, (F - first, N_cation)."""
    frame = pairs["frame"].astype(np.int64) - first
    return _table(frame, pairs["cation"].astype(np.int64), reading.n_frames - first, run.n_cations)


def molecule_contacts(run: Run, reading: Reading, sites: Sequence[SiteGroup], first: int = 0) -> Contacts:
    """Return which molecules touch a cation through any of these sites of one species, from frame `first` on.

    Raises:
        RunError: a site is of a kind without a contact distance.
    """
    n_cations, n_molecules = run.n_cations, run.find_species(sites[0].species).count
    keys = []
    for site in sites:
        pairs = touching(run, reading, site, first)
        cation = (pairs["frame"].astype(np.int64) - first) * n_cations + pairs["cation"]
        keys.append(cation * n_molecules + pairs["site"] // len(site.atoms))
    ordered = np.concatenate(keys)
    # one group comes sorted by frame, cation and molecule; for several that is cheap to restore
    if len(sites) > 1 or np.any(np.diff(ordered) < 0):
        ordered = np.sort(ordered, kind="stable")
    begin = np.flatnonzero(np.diff(ordered, prepend=-1))
    cations, molecule = np.divmod(ordered[begin], n_molecules)
    frame, cation = np.divmod(cations, n_cations)
    atoms = np.diff(begin, append=ordered.size)
    return Contacts(frame, cation, molecule, atoms, reading.n_frames - first, n_cations, n_molecules)


def mean_with_error(values: NDArray[Any], interval_ps: float) -> tuple[float, float, str]:
    """Return the mean of something that each cation has in each frame (F, C), its 95 % half-width, and a remark.

    The error is the larger of two: from the means of five consecutive parts (sees all that fluctuates together, but
    not what is frozen) and from the means of the cations (sees cations whose shells never change). Where shells
    change often and cations are independent of each other both estimate the same. NaN when neither can tell.
    Without a spacing of the frames the remark does not tell of parts that are too short.
    """
    series = values @ np.full(values.shape[1], 1.0 / values.shape[1])  # faster than a mean over a short axis
    mean, by_parts = block_error(series, PARTS)
    by_cations = half_width_95(values.mean(axis=0)) if values.shape[1] >= MIN_CATIONS else np.nan
    error = float(np.fmax(by_parts, by_cations or np.nan))
    if np.isnan(by_parts) and series.size >= PARTS:
        way = "no error can be given" if np.isnan(error) else "error from the spread between the cations"
        return mean, error, f"never changed: {way}"
    ratio = by_cations / by_parts
    doubt = block_note(series, interval_ps, PARTS) if np.isfinite(interval_ps) else ""
    if ratio > LOOSE:
        doubt = f"error from the spread between the cations, {ratio:.3g} times that from parts of the run"
    return mean, error, doubt
