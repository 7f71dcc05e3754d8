"""Hydrogen bonds N-H...O and N-H...F between molecules, frame by frame, by distance and angle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.frames import dimensions
from analysis.run import Run, SiteGroup
from analysis.unwrap import Float32Array, FloatArray, minimum_image

H_ACCEPTOR_NM = 0.25
"""Largest distance between the hydrogen and the acceptor."""
HYDROGEN_BONDS = "hydrogen_bonds:"
"""Before a label, the name under which its counts are stored."""
LEAST_ANGLE_DEGREES = 130.0
"""Smallest angle N-H...X at the hydrogen."""
DONOR_KIND = "HN"
ACCEPTOR_KINDS = ("O", "F")


class HydrogenBonds:
    """Counts the hydrogen bonds of every kind of hydrogen on nitrogen with every kind of O and F, one set a frame.

    Each donating molecule is counted by itself: between chains that hardly move bonds differ more than in time.

    Donors are the sites of kind HN, whose nitrogen is the atom that they are bonded to; acceptors the sites of the
    kinds O and F of all other molecules, of the same species too.
    """

    def __init__(self, run: Run) -> None:
        """Begin for the sites of a run; without donors or acceptors nothing is collected."""
        molecule = np.empty(run.n_atoms, dtype=np.int64)
        first = 0
        for species in run.species:
            molecule[run.atom_indices(species.name)] = first + np.arange(species.count)[:, None]
            first += species.count
        donors = [(site, *_donors(run, site)) for site in run.sites if site.kind == DONOR_KIND]
        donors = [entry for entry in donors if entry[1].size]
        acceptors = [(site, run.site_indices(site)) for site in run.sites if site.kind in ACCEPTOR_KINDS]
        acceptors = [entry for entry in acceptors if entry[1].size]
        self.labels = [f"{donor.label}-{acceptor.label}" for donor, _, _ in donors for acceptor, _ in acceptors]
        none = np.empty(0, dtype=np.int64)
        self._hydrogens = np.concatenate([none, *(hydrogens.ravel() for _, hydrogens, _ in donors)])
        self._nitrogens = np.concatenate([none, *(nitrogens.ravel() for _, _, nitrogens in donors)])
        # the donating molecule of each hydrogen, counted within its species
        self._donor = np.concatenate(
            [none, *(np.repeat(np.arange(len(one)), one.shape[1]) for _, one, _ in donors)], dtype=np.int64
        )
        self._n_donors = np.repeat([len(hydrogens) for _, hydrogens, _ in donors], len(acceptors))
        self._acceptors = np.concatenate([none, *(atoms for _, atoms in acceptors)])
        donor_kind = np.repeat(np.arange(len(donors)), [entry[1].size for entry in donors])
        self._donor_kind = donor_kind * len(acceptors)
        self._acceptor_kind = np.repeat(np.arange(len(acceptors)), [entry[1].size for entry in acceptors])
        self._molecule = molecule
        self._counts: list[NDArray[np.int16]] = []

    def add(self, positions: Float32Array, box: FloatArray) -> None:
        """Take in one frame: positions of all atoms (n_atoms, 3) and box lengths (3,) in nm."""
        if not self.labels:
            return
        hydrogen, acceptor = self._bonded(positions, box)
        kinds = self._donor_kind[hydrogen] + self._acceptor_kind[acceptor]
        shape = (len(self.labels), int(self._n_donors.max()))
        cells = np.bincount(kinds * shape[1] + self._donor[hydrogen], minlength=shape[0] * shape[1])
        self._counts.append(cells.reshape(shape).astype(np.int16))

    def _bonded(self, positions: Float32Array, box: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which hydrogen is bonded to which acceptor, as positions in the lists of both."""
        from MDAnalysis.lib.distances import capped_distance

        hydrogens, acceptors = positions[self._hydrogens], positions[self._acceptors]
        pairs = capped_distance(hydrogens, acceptors, H_ACCEPTOR_NM, box=dimensions(box), return_distances=False)
        hydrogen, acceptor = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
        to_acceptor = minimum_image(acceptors[acceptor].astype(float) - hydrogens[hydrogen], box)
        to_nitrogen = minimum_image(positions[self._nitrogens[hydrogen]].astype(float) - hydrogens[hydrogen], box)
        lengths = np.linalg.norm(to_acceptor, axis=1) * np.linalg.norm(to_nitrogen, axis=1)
        straight = np.einsum("pk,pk->p", to_acceptor, to_nitrogen) < lengths * np.cos(np.radians(LEAST_ANGLE_DEGREES))
        same = self._molecule[self._hydrogens[hydrogen]] == self._molecule[self._acceptors[acceptor]]
        kept = straight & ~same
        return hydrogen[kept], acceptor[kept]

    def series(self) -> dict[str, NDArray[np.generic]]:
        """Return "hydrogen_bonds:<label>" -> (S, donating molecules), the number of bonds; empty when none can be."""
        if not self._counts:
            return {}
        counts = np.array(self._counts)
        return {
            f"{HYDROGEN_BONDS}{label}": counts[:, index, : self._n_donors[index]]
            for index, label in enumerate(self.labels)
        }


def _donors(run: Run, site: SiteGroup) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the hydrogens of a site group (M, hydrogens) and what they are bonded to; none where bonds are missing."""
    bonds = run.find_species(site.species).bonds
    partner = dict(bonds) | {b: a for a, b in bonds}
    bonded = [(atom, partner[atom]) for atom in site.atoms if atom in partner]
    atoms = run.atom_indices(site.species)
    hydrogens, nitrogens = np.array(bonded, dtype=np.int64).reshape(-1, 2).T
    return atoms[:, hydrogens], atoms[:, nitrogens]
