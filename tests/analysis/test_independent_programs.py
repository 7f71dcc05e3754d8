"""Sheath's numbers are those of other programs on the same trajectory.

gmx rdf and msd, MDAnalysis InterRDF, SolvationAnalysis and kinisi, each on one real run (the tiny electrolyte
of the end-to-end tests, at constant pressure), kinisi also on random walkers, of whom D is known. Where two programs
define a thing differently the test says so and compares what both define. Each tolerance is given with its reason and
is smaller than the mistakes that it should show; where that is not plain, the test makes such a mistake and sees it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from MDAnalysis.analysis.rdf import InterRDF

from analysis.einstein import NORMAL_QUANTILE, fit_between
from analysis.msd import fft_msd, log_spaced_lags, msd_curve
from analysis.observables import coordination, speciation
from analysis.table import frame
from tests.analysis.conftest import gas_document, write_run
from tests.analysis.independent_programs import (
    NM_IN_ANGSTROM,
    FloatArray,
    Kinisi,
    Measured,
    gmx_counts,
    gmx_msd,
    measure,
    simulate,
    solvation_analysis,
    write_standing_still,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _other_programs_may_warn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Return a real run at constant pressure: its box breathes."""
    folder = tmp_path_factory.mktemp("real")
    return measure(*simulate(folder), folder / "measured")


@pytest.fixture(scope="module")
def standing_still(real: Measured, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Return the same motion in a box of constant size without drift."""
    folder = tmp_path_factory.mktemp("still")
    write_standing_still(real, folder / "traj.xtc")
    return measure(real.folder, real.tpr, folder / "measured", folder / "traj.xtc")


# --- g(r) --------------------------------------------------------------------------------------------------


def test_g_is_that_of_interrdf(real: Measured) -> None:
    reading, edges = real.reading, real.reading.bin_edges_nm
    volumes = reading.box_nm.prod(axis=1)
    # InterRDF divides by the mean volume, we by each frame's own: the ratio is known, and seen at this tolerance
    ratio = volumes.mean() * (1 / volumes).mean()
    assert ratio - 1 > 20 * 1e-6
    compared = 0
    for site in real.run.partner_sites():
        label = real.run.pair_label(site)
        groups = (real.universe.atoms[atoms] for atoms in (real.cations, real.run.site_indices(site)))
        theirs = InterRDF(*groups, edges.size - 1, (0.0, NM_IN_ANGSTROM * float(edges[-1]))).run().results
        ours = reading.histograms[label].sum(axis=0)
        _assert_same_counts(ours, theirs.count)
        ideal = reading.norm[label].sum() * 4 / 3 * np.pi * np.diff(edges**3)
        # theirs from our counts, so that a pair on an edge between bins does not count twice
        np.testing.assert_allclose(theirs.rdf, theirs.count / ideal * ratio, rtol=1e-6)
        compared += int(ours.sum())
    assert compared > 10_000


def test_g_is_that_of_gmx_rdf(real: Measured) -> None:
    reading, edges = real.reading, real.reading.bin_edges_nm
    sites = real.run.partner_sites()
    width = 2 * float(edges[1] - edges[0])
    theirs = gmx_counts(real, [real.run.site_indices(site) for site in sites], width, float(edges[-1]))
    for site, counts in zip(sites, theirs, strict=True):
        ours = reading.histograms[real.run.pair_label(site)].sum(axis=0)
        # their bins lie around multiples of the width: each is an upper half and the lower half of the next
        pairs = ours[1 : 2 * ((ours.size - 1) // 2) + 1].reshape(-1, 2).sum(axis=1)
        _assert_same_counts(pairs, np.rint(counts[1 : pairs.size + 1]))  # GROMACS writes them to 0.002


def _assert_same_counts(ours: Any, theirs: FloatArray) -> None:
    """Assert that two histograms are the same but for single pairs that lie on an edge between bins.

    XTC keeps positions in steps of 0.001 nm, so that d^2 is a whole number of 1e-6 nm^2 where no boundary lies
    between: one pair in 8 d / 0.001 nm, one in 4000, lies on an edge exactly, and rounding decides on its side. It then
    counts in two bins. Bins shifted by one differ in more than 5 in 100.
    """
    total = float(ours.sum())
    tolerance = 4.0 + 2 * total / 4000
    assert np.abs(ours - theirs).sum() <= tolerance
    assert np.abs(ours[1:] - theirs[:-1]).sum() > 5 * tolerance


# --- mean squared displacements ----------------------------------------------------------------------------


def test_msd_is_that_of_gmx_msd(standing_still: Measured) -> None:
    """In a box of constant size without drift; elsewhere the definitions differ.

    Tolerance 5e-4: both read the same positions, GROMACS computes with float32 and writes six digits; whole
    molecules' centres carry 1e-7 of the box, 2e-7 nm, against steps of 0.03 nm. A lag of one frame more is 0.5 more at
    first.
    """
    for name, theirs in gmx_msd(standing_still).items():
        ours = fft_msd(standing_still.paths_nm(name))
        half = ours.size // 2
        np.testing.assert_allclose(theirs[1:half], ours[1:half], rtol=5e-4)
        assert np.abs(ours[2 : half + 1] / theirs[1:half] - 1).max() > 100 * 5e-4  # a lag of one frame more


def test_gmx_msd_differs_where_the_box_breathes_by_drift_and_jumps(real: Measured, standing_still: Measured) -> None:
    """GROMACS leaves the drift in, which a breathing box makes, and adds whole edges of the first box at jumps."""
    worst = []
    for one in (real, standing_still):
        theirs = gmx_msd(one)
        half = one.reading.n_frames // 2
        deviations = [curve[1:half] / fft_msd(one.paths_nm(name))[1:half] - 1 for name, curve in theirs.items()]
        worst.append(np.abs(deviations).max())
    assert worst[0] > 10 * worst[1]


def test_paths_in_a_breathing_box_are_those_of_kinisi(real: Measured) -> None:
    """kinisi sums minimum-image steps in each frame's own box too; the drift of the whole is taken off here.

    Tolerance 1e-5 nm: our paths are stored as float32, 2e-7 nm here. The drift, which the box makes, is 1000 times as
    large; adding whole edges at jumps would be wrong by the change of the edge, 0.01 nm.
    """
    theirs = {species.name: _kinisi_of(real, species.name).paths_nm for species in real.run.species}
    masses = np.concatenate([np.full(one.count, one.mass_u) for one in real.run.species])
    drift = np.average(np.concatenate(list(theirs.values()), axis=1), axis=1, weights=masses)[:, None]
    assert np.abs(drift).max() > 50 * 1e-5
    for name, paths in theirs.items():
        ours = real.paths_nm(name)
        np.testing.assert_allclose(ours - ours[0], paths - drift, atol=1e-5, rtol=0)


def _kinisi_of(measured: Measured, species: str) -> Kinisi:
    atoms = measured.run.atom_indices(species)
    masses = measured.run.find_species(species).masses_u
    return Kinisi(measured.universe, atoms, masses, measured.reading.interval_ps)


# --- D and its error ---------------------------------------------------------------------------------------

WALKERS, FRAMES, TRUE_D = 64, 400, 0.001
START_PS, END_PS = 5.0, 100.0


def _walkers(folder: Path, seed: int) -> Measured:
    """Return free walkers, 1 ps between frames; those of odd number are one more species of the same mass."""
    rng = np.random.default_rng(seed)
    steps = np.sqrt(2 * TRUE_D) * rng.standard_normal((FRAMES, WALKERS, 3))
    steps -= steps.mean(axis=1, keepdims=True)  # no drift: kinisi would have to be told of it
    positions = 3.0 * rng.random((1, WALKERS, 3)) + steps.cumsum(axis=0)
    document = gas_document(1, WALKERS - 1)
    document["species"][1]["masses_u"] = document["species"][0]["masses_u"]
    write_run(folder / "walk", document, positions % 3.0, np.full((FRAMES, 3), 3.0))
    return measure(folder / "walk", folder / "no.tpr", folder / "measured")


@pytest.mark.parametrize("seed", range(3))
def test_d_and_its_error_are_those_of_kinisi(tmp_path: Path, seed: int) -> None:
    """The same window from its start on; kinisi fits all lags behind it, which weigh little.

    D within a quarter of its standard error: both are generalised least squares with the random walk's covariance,
    kinisi with the measured variance of each lag. (An ordinary line scatters seven times as widely as either.)
    Errors within a third of each other: kinisi counts disjoint windows (a tenth too wide), ours is of overlapping
    ones or of the walkers' spread, itself known to a tenth. A missing root or factor 2 or 3 is more.
    """
    walk = _walkers(tmp_path, seed)
    ours = np.asarray(walk.reading.com_nm, dtype=float)
    other = Kinisi(walk.universe, np.arange(WALKERS)[:, None], [1.0], 1.0)
    _assert_same_msd(ours, other.msd_nm2)
    d, deviation = other.diffusion(START_PS)
    fit = fit_between(msd_curve(ours, log_spaced_lags(FRAMES), 1.0), START_PS, END_PS)
    assert fit is not None
    assert abs(fit.d_nm2_per_ps - d) < 0.25 * deviation
    assert 3 / 4 < fit.half_width / NORMAL_QUANTILE / deviation < 4 / 3
    assert abs(d - TRUE_D * (1 - 1 / WALKERS)) < 4 * deviation  # without drift the walkers have lost one of them


def _assert_same_msd(paths_nm: FloatArray, theirs: FloatArray) -> None:
    """Assert that kinisi's MSD is ours, with what it adds to it.

    kinisi 2.1 reads the first frame of a trajectory twice and takes the step from there to frame k - 1 for one of
    k frames: at lag k it averages F - k right squares and that one. Its last lag, F, is of that one alone.
    """
    lags = np.arange(1, len(paths_nm))
    right = len(paths_nm) - lags
    first = ((paths_nm[lags - 1] - paths_nm[0]) ** 2).sum(axis=-1).mean(axis=-1)
    expected = (fft_msd(paths_nm)[lags] * right + first) / (right + 1)
    np.testing.assert_allclose(theirs[:-1], expected, rtol=2e-4)


# --- coordination and pairing ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solute(real: Measured) -> Any:
    """Return SolvationAnalysis' view of the cations, with our contact distances."""
    return solvation_analysis(real)


@pytest.fixture(scope="module")
def table(real: Measured) -> pd.DataFrame:
    """Return our coordination numbers and shares, of all frames."""
    rows = [row for one in (coordination, speciation) for row in one.compute(real.run, real.reading, 0)]
    return frame(rows, system="real", replica=1)


def _values(table: pd.DataFrame, quantity: str) -> dict[str, float]:
    chosen = table[table["quantity"] == quantity]
    return dict(zip(chosen["label"], chosen["value"], strict=True))


def _two_contacts(real: Measured) -> float:
    """Tolerance of all that counts contacts: two cations in one frame.

    Both programs look for the same pairs and differ in the last digit of a distance: of 10 000 contacts, 0.01 lie
    so close to the contact distance. A distance 0.02 nm longer, or a molecule counted once for each of its atoms,
    is more (test below).
    """
    return 2.0 / (real.reading.n_frames * real.cations.size)


def test_coordination_numbers_are_those_of_solvation_analysis(real: Measured, solute: Any, table: pd.DataFrame) -> None:
    tolerance = _two_contacts(real)
    theirs = solute.coordination.coordination_numbers  # molecules; those without contact are left out
    ours = _values(table, "cn_molecule")
    assert ours == pytest.approx({label: theirs.get(label.removeprefix("Li-"), 0.0) for label in ours}, abs=tolerance)
    # atoms: the nearest one of each molecule and the others, which it keeps apart
    both = pd.concat([solute.solvation_data, solute.solvation_data_duplicates])
    atoms = both.index.get_level_values("solvent_atom_ix")
    shells = real.reading.n_frames * real.cations.size
    by_site = {
        real.run.pair_label(site): np.isin(atoms, real.run.site_indices(site)).sum() / shells
        for site in real.run.partner_sites()
    }
    assert _values(table, "cn") == pytest.approx(by_site, abs=tolerance)
    assert _values(table, "cn_integral") == pytest.approx(by_site, abs=tolerance)
    # the effects: another distance, and atoms in place of molecules
    wide = table[(table["quantity"] == "cn_band") & (table["note"] == "high")]
    assert wide["value"].sum() - sum(by_site.values()) > 5 * tolerance
    assert sum(by_site.values()) - sum(theirs.values()) > 50 * tolerance


def test_pairing_is_that_of_solvation_analysis(real: Measured, solute: Any, table: pd.DataFrame) -> None:
    """SSIP, CIP and AGG from the networks of cations and anions; the share with a species from its pairing.

    Not from its `solute_status`: version 0.4 counts networks where it says solutes, so that two cations in one
    network are one, and the other is "isolated".
    """
    tolerance = _two_contacts(real)
    networks = solute.networking.network_df.reset_index()
    sizes = networks.groupby(["frame", "network"])["solvent_ix"].transform("count")[networks["solvent"] == "solute_0"]
    shells = real.reading.n_frames * real.cations.size
    shares = {"CIP": (sizes == 2).sum() / shells, "AGG": (sizes > 2).sum() / shells}
    theirs = {"SSIP": 1 - sum(shares.values()), **shares}
    ours = _values(table, "speciation")
    assert ours == pytest.approx({f"Li-{name}": share for name, share in theirs.items()}, abs=tolerance)
    assert 1 - ours["Li-SSIP"] == pytest.approx(solute.pairing.solvent_pairing.get("TFSI", 0.0), abs=tolerance)
    never = table[(table["quantity"] == "cn_molecule_probability") & (table["x"] == 0)]
    for label, share in zip(never["label"], never["value"], strict=True):
        paired = solute.pairing.solvent_pairing.get(label.removeprefix("Li-"), 0.0)
        assert 1 - share == pytest.approx(paired, abs=tolerance)


def test_shells_are_those_of_solvation_analysis(real: Measured, solute: Any, table: pd.DataFrame) -> None:
    ours = {label: share for label, share in _values(table, "shell").items() if label not in ("Li", "other")}
    order = [species.name for species in real.run.species if species.role == "solvent"] + ["TFSI"]
    theirs = {}
    for shell in solute.speciation.speciation_fraction.to_dict("records"):
        counts = [(name, int(shell.get(name, 0))) for name in order]
        label = "Li" + "".join("" if n == 0 else f"({name})" if n == 1 else f"({name}){n}" for name, n in counts)
        theirs[label] = shell["fraction"]
    assert len(ours) > 1
    assert ours == pytest.approx(theirs, abs=_two_contacts(real))
