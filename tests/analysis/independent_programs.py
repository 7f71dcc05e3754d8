"""What the tests against other programs share: one real run, the same with a box that stands still, and the programs.

A program that is missing is a failure with its remedy, never a test that is left out.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.lib.formats.libmdaxdr import XTCFile
from numpy.typing import NDArray

from analysis.read import Reading, load_reading, read
from analysis.run import Run, load_run
from analysis.shells import contact_nm
from tests.end_to_end import harness
from workflow.gromacs import GromacsError, fatal_message, find_gmx

FloatArray = NDArray[np.float64]
NM_IN_ANGSTROM = 10.0


@dataclass(frozen=True)
class Measured:
    """A run with its trajectory, read by Sheath; `tpr` names the molecules to GROMACS."""

    run: Run
    reading: Reading
    folder: Path
    tpr: Path

    @cached_property
    def universe(self) -> mda.Universe:
        """The trajectory as MDAnalysis reads it: the ground of the programs that are built upon it."""
        return mda.Universe(str(self.folder / "conf.gro"), str(self.folder / "traj.xtc"))

    @property
    def cations(self) -> NDArray[np.int64]:
        """Atoms of the cation."""
        return self.run.atom_indices(str(self.run.cation)).ravel()

    def paths_nm(self, species: str) -> FloatArray:
        """Unwrapped centres of mass of one species (F, M, 3)."""
        (index,) = (number for number, one in enumerate(self.run.species) if one.name == species)
        return np.asarray(self.reading.com_nm[:, self.reading.molecule_species == index], dtype=float)

    @property
    def masses_u(self) -> FloatArray:
        """Masses of all atoms."""
        return np.concatenate([np.tile(species.masses_u, species.count) for species in self.run.species])


def package(name: str) -> Any:
    """Return an imported package of the tests; the test fails when it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.fail(f"{name} cannot be imported ({error}), but this test compares with it. Remedy: run `make install`")


def gmx(tool: str, folder: Path, *arguments: str, stdin: str = "") -> None:
    """Run one GROMACS tool in a folder; the test fails when there is no GROMACS or when the tool does."""
    try:
        program = find_gmx().path
    except GromacsError as error:
        pytest.fail(str(error))
    done = subprocess.run(
        [str(program), "-quiet", "-nobackup", tool, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, input=stdin,
    )  # fmt: skip
    if done.returncode:
        pytest.fail(f"gmx {tool} failed: {fatal_message(done.stdout + done.stderr)}")


def read_xvg(path: Path) -> FloatArray:
    """Return the columns of a GROMACS table, one row each."""
    return np.loadtxt(path, comments=["#", "@"], unpack=True)


def simulate(folder: Path) -> tuple[Path, Path]:
    """Make the tiny electrolyte of the end-to-end tests, constant pressure; return its folder and its tpr."""
    done = harness.run(folder, targets=[str(harness.RUN / name) for name in ("run.json", "traj.xtc", "conf.gro")])
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / harness.RUN, harness.production_work(folder) / "production.tpr"


def measure(source: Path, tpr: Path, folder: Path, trajectory: Path | None = None) -> Measured:
    """Read a run by Sheath in a folder of its own, with another trajectory of the same atoms when given."""
    folder.mkdir()
    document: dict[str, Any] = json.loads((source / "run.json").read_text(encoding="utf-8"))
    no_energies: dict[str, Any] = dict.fromkeys(("energy", "equilibration_energy", "vapour_energy"))
    (folder / "run.json").write_text(json.dumps(document | no_energies | {"preview": False}), encoding="utf-8")
    shutil.copyfile(source / document["structure"], folder / "conf.gro")
    shutil.copyfile(trajectory or source / document["trajectory"], folder / "traj.xtc")
    run = load_run(folder / "run.json")
    read(run, folder / "reading")
    return Measured(run, load_reading(folder / "reading"), folder, tpr)


def write_standing_still(real: Measured, path: Path) -> None:
    """Write the real motion in a box of constant size, without drift of the whole.

    Positions relative to the box are kept, and the mean of their steps, weighted with the masses, is taken off.
    """
    universe, masses = real.universe, real.masses_u / real.masses_u.sum()
    edges = universe.dimensions[:3].astype(float)
    drift, last = np.zeros(3), None
    with mda.Writer(str(path), universe.atoms.n_atoms) as writer:
        for frame in universe.trajectory:
            relative = frame.positions / frame.dimensions[:3].astype(float)
            if last is not None:
                step = relative - last
                drift += masses @ (step - np.rint(step))
            last = relative
            frame.positions = ((relative - drift) % 1.0) * edges
            frame.dimensions = [*edges, 90.0, 90.0, 90.0]
            writer.write(universe.atoms)


def gmx_counts(real: Measured, sites: Sequence[NDArray[np.int64]], bin_nm: float, rmax_nm: float) -> FloatArray:
    """Return gmx rdf's numbers of pairs (sites, bins), bin k around k * bin_nm; the first one is half a bin."""
    groups = [("cations", real.cations), *((f"site{number}", atoms) for number, atoms in enumerate(sites))]
    text = "".join(f"[ {name} ]\n{' '.join(str(atom + 1) for atom in atoms)}\n" for name, atoms in groups)
    (real.folder / "sites.ndx").write_text(text, encoding="ascii")
    selections = [name for name, _ in groups[1:]]
    files = ["-f", "traj.xtc", "-s", str(real.tpr), "-n", "sites.ndx", "-o", "rdf.xvg"]
    bins = ["-bin", f"{bin_nm:g}", "-rmax", f"{rmax_nm:g}", "-norm", "none"]
    gmx("rdf", real.folder, *files, *bins, "-ref", "cations", "-sel", *selections)
    per_nm = read_xvg(real.folder / "rdf.xvg")[1:]
    return per_nm * real.reading.n_frames * real.cations.size * bin_nm


def gmx_msd(real: Measured) -> dict[str, FloatArray]:
    """Return gmx msd's MSD of the molecules of each species at all lags, all frames being origins.

    It gets the frames as if they were 1 ps apart: GROMACS 2022 breaks off ("vector::_M_default_append") at 0.2 ps.
    """
    with XTCFile(str(real.folder / "traj.xtc")) as source, XTCFile(str(real.folder / "1ps.xtc"), "w") as target:
        for number in range(len(source)):
            frame = source.read()
            target.write(frame.x, frame.box, number, float(number), frame.prec)
    selections = [f"resname {species.name}" for species in real.run.species]
    files = ["-f", "1ps.xtc", "-s", str(real.tpr), "-o", "msd.xvg"]
    gmx("msd", real.folder, *files, "-seltype", "mol_com", "-trestart", "1", "-sel", *selections)
    curves = read_xvg(real.folder / "msd.xvg")[1:]
    return {species.name: curve for species, curve in zip(real.run.species, curves, strict=True)}


@dataclass(frozen=True)
class Kinisi:
    """kinisi at work on the molecules of one species, whose atoms are `atoms` (M, n)."""

    universe: mda.Universe
    atoms: NDArray[np.int64]
    masses_u: Sequence[float]
    interval_ps: float

    @cached_property
    def parser(self) -> Any:
        """Its reading of the trajectory; the mean path of all other atoms, which it takes off, is put back."""
        sc = package("scipp")
        parser = package("kinisi.mdanalysis").MDAnalysisParser(
            self.universe,
            None,
            time_step=self.interval_ps * sc.Unit("ps"),
            step_skip=sc.scalar(1),
            specie_indices=sc.array(dims=["particle", "atoms in particle"], values=self.atoms),
            masses=sc.array(dims=["atoms in particle"], values=np.asarray(self.masses_u, dtype=float)),
            progress=False,
        )
        parser.displacements = parser.disp["particle", parser.indices.values]
        return parser

    @property
    def paths_nm(self) -> FloatArray:
        """Displacements of the centres of mass since the first frame (F, M, 3)."""
        displacements = self.parser.displacements.transpose(["obs", "particle", "dimension"])
        return np.asarray(displacements.values, dtype=float) / NM_IN_ANGSTROM

    @cached_property
    def data(self) -> Any:
        """Its mean squared displacements with their variances."""
        return package("kinisi.displacement").calculate_msd(self.parser, progress=False)

    @property
    def msd_nm2(self) -> FloatArray:
        """MSD at lags of 1 .. F frames; F stands for something else, see the test."""
        return np.asarray(self.data["da"].values, dtype=float) / NM_IN_ANGSTROM**2

    def diffusion(self, start_ps: float) -> tuple[float, float]:
        """Return mean and standard deviation of its posterior of D in nm^2/ps, fitted to all lags from `start_ps`."""
        sc, result = package("scipp"), package("kinisi.diffusion").Diffusion(self.data)
        result.bayesian_regression(start_ps * sc.Unit("ps"), progress=False, random_state=np.random.RandomState(1))
        d = np.asarray(result.gradient.values) / NM_IN_ANGSTROM**2 / 6
        return float(d.mean()), float(d.std())


def solvation_analysis(real: Measured) -> Any:
    """Return SolvationAnalysis' view of the cations, with our contact distances.

    It has one distance for a species: all kinds of sites of one must have the same here.
    """
    sites: dict[str, list[Any]] = {}
    radii: dict[str, float] = {}
    for site in real.run.partner_sites():
        radius = contact_nm(real.run, site) * NM_IN_ANGSTROM
        sites.setdefault(site.species, []).append(real.run.site_indices(site))
        assert radii.setdefault(site.species, radius) == radius
    solute = package("solvation_analysis.solute").Solute.from_atoms(
        real.universe.atoms[real.cations],
        {name: real.universe.atoms[np.concatenate(own)] for name, own in sites.items()},
        radii=radii,
        skip_rdf=True,
        analysis_classes=["coordination", "pairing", "speciation", "networking"],
        networking_solvents=["TFSI"],
    )
    solute.run()
    return solute
