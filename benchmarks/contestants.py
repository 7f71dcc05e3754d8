"""The pieces of work that the benchmark times: ours, and those of MDAnalysis and GROMACS."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import MDAnalysis
import numpy as np
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysis.lib.formats.libmdaxdr import XTCFile
from numpy.typing import NDArray

from analysis.frames import frame_buffer, raw_frames
from analysis.msd import fft_msd
from analysis.neighbours import BIN_NM, Neighbours
from analysis.observe import observe
from analysis.read import load_reading, read
from analysis.run import load_run, open_universe
from analysis.unwrap import Bonds, Unwrapper, centres_of_mass
from workflow.gromacs import find_gmx

MSD_FRAMES = 2000
FRAMES_AT_ONCE = 16
Piece = tuple[Callable[[], object], int]
"""What is to be done, and on how many cores."""


class Contestants:
    """All contestants for one run; files are copied to where they may be written beside."""

    def __init__(self, folder: Path, scratch: Path, n_frames: int | None) -> None:
        """Begin for a run of the workflow, of which the first `n_frames` frames are used when given."""
        self._scratch = scratch
        # Not as a preview, of which less is computed.
        document = json.loads((folder / "run.json").read_text(encoding="utf-8")) | {"preview": False}
        document |= {"production_ns": None, "production_ns_done": None, "vapour_energy": None}
        # Energies are read from files of their own.
        document |= {"energy": None, "equilibration_energy": None}
        (scratch / "run.json").write_text(json.dumps(document), encoding="utf-8")
        shutil.copyfile(folder / document["structure"], scratch / document["structure"])
        self._xtc, self._gro = scratch / document["trajectory"], scratch / document["structure"]
        self._universe = self._copy(folder / document["trajectory"], n_frames)
        self._first_frames = self._write_first_frames()
        (self._tpr,) = sorted((folder.parents[2] / "work").glob("*/production.tpr"))[-1:]
        self._run = load_run(scratch / "run.json")
        self._sites = [(self._run.pair_label(site), self._run.site_indices(site)) for site in self._run.partner_sites()]
        cations = self._run.atom_indices(str(self._run.cation)).ravel()
        self._cations = cations
        self._sites.append((f"{self._run.cation}-{self._run.cation}", cations))
        box_nm = self._universe.dimensions[:3].min() / 10
        self._r_max_nm = float(np.floor(box_nm * 0.49 / BIN_NM) * BIN_NM)
        frames, atoms = self._universe.trajectory.n_frames, self._run.n_atoms
        self.description = f"{atoms} atoms, {frames} frames, {len(self._sites)} g(r) up to {self._r_max_nm:.2f} nm"

    def _copy(self, trajectory: Path, n_frames: int | None) -> MDAnalysis.Universe:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if n_frames is None:
                self._xtc.symlink_to(trajectory.resolve())
            else:
                whole = self._scratch / "whole.xtc"
                whole.symlink_to(trajectory.resolve())
                universe = MDAnalysis.Universe(str(self._gro), str(whole), to_guess=())
                universe.atoms.write(str(self._xtc), frames=universe.trajectory[:n_frames])
            return MDAnalysis.Universe(str(self._gro), str(self._xtc), to_guess=())

    def one_core(self) -> dict[str, Piece]:
        """Return name -> work on one core."""
        pieces = {
            "bare": self.bare,
            "all": self.everything,
            "rdf": self.rdf,
            "interrdf": self.interrdf,
            "gmx_rdf": self.gmx_rdf,
            "msd": self.msd,
            "gmx_msd": self.gmx_msd,
        }
        return {name: (piece, 1) for name, piece in pieces.items()}

    def two_cores(self) -> dict[str, Piece]:
        """Return name -> work on two cores."""
        return {"all_2cores": (lambda: self.everything(2), 2)}

    def bare(self) -> None:
        """Let MDAnalysis step through the file."""
        for _ in self._universe.trajectory:
            pass

    def everything(self, processes: int = 1) -> None:
        """Read the trajectory and compute all observables."""
        folder = self._scratch / "reading"
        read(self._run, folder, processes=processes)
        observe(self._run, load_reading(folder), self._scratch / "observables", processes)

    def rdf(self) -> None:
        """Count the distances of all g(r)."""
        pairs = self._scratch / "pairs"
        pairs.mkdir(exist_ok=True)
        counted = Neighbours(self._run, 1, self._r_max_nm, pairs)
        for first, boxes, positions in self._frames():
            counted.add(first, np.zeros(len(boxes), dtype=np.int64), positions, boxes)
        counted.flush()
        shutil.rmtree(pairs)

    def interrdf(self) -> None:
        """Compute the same g(r) with MDAnalysis, one after the other."""
        bins = round(self._r_max_nm / BIN_NM)
        cations = self._universe.atoms[self._cations]
        for _, atoms in self._sites:
            block = (1, 1) if atoms is self._cations else None
            InterRDF(
                cations, self._universe.atoms[atoms], bins, (0.0, 10 * self._r_max_nm), exclusion_block=block
            ).run()

    def gmx_rdf(self) -> None:
        """Compute the same g(r) with GROMACS, in one call."""
        index = self._scratch / "sites.ndx"
        groups = [("cations", self._cations), *((f"g{number}", atoms) for number, (_, atoms) in enumerate(self._sites))]
        index.write_text("".join(f"[ {name} ]\n{' '.join(str(a + 1) for a in atoms)}\n" for name, atoms in groups))
        selections = [name for name, _ in groups[1:]]
        distances = ["-bin", str(BIN_NM), "-rmax", f"{self._r_max_nm:.4f}"]
        self._gmx(
            "rdf", self._xtc, "-n", str(index), "-ref", "cations", "-sel", *selections, *distances, "-o", "rdf.xvg"
        )

    def msd(self) -> None:
        """Compute the mean squared displacements of all species over the first frames."""
        bonds = Bonds(self._run)
        sums = centres_of_mass(bonds, self._run)
        masses = np.repeat([s.mass_u for s in self._run.species], [s.count for s in self._run.species])
        unwrapper = Unwrapper(masses)
        paths = np.concatenate(
            [
                unwrapper.steps(bonds.centres(positions, boxes, sums)[0], boxes)
                for _, boxes, positions in self._frames(MSD_FRAMES)
            ]
        )
        first = 0
        for species in self._run.species:
            fft_msd(paths[:, first : first + species.count])
            first += species.count

    def gmx_msd(self) -> None:
        """Compute the same mean squared displacements with GROMACS, in one call."""
        selections = [f"resname {species.name}" for species in self._run.species]
        options = ["-seltype", "mol_com", "-trestart", "1", "-o", "msd.xvg"]
        self._gmx("msd", self._first_frames, "-sel", *selections, *options)

    def _write_first_frames(self) -> Path:
        """Return a file of the frames for gmx msd, 1 ps apart: with 0.02 ps GROMACS 2022 breaks off."""
        path = self._scratch / "first.xtc"
        with XTCFile(str(self._xtc)) as source, XTCFile(str(path), "w") as target:
            for number in range(min(MSD_FRAMES, len(source))):
                frame = source.read()
                target.write(frame.x, frame.box, number, float(number), frame.prec)
        return path

    def _frames(self, most: int | None = None) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float32]]]:
        """Yield number of the first, boxes and positions of some frames at a time."""
        with open_universe(self._run) as universe:
            n_frames = int(universe.trajectory.n_frames)
            n_frames = n_frames if most is None else min(n_frames, most)
            buffer, boxes, first = frame_buffer(self._run.n_atoms, FRAMES_AT_ONCE), [], 0
            for number, (_, box, _) in enumerate(raw_frames(universe.trajectory, 0, n_frames, buffer), start=1):
                boxes.append(box)
                if len(boxes) == len(buffer) or number == n_frames:
                    yield first, np.array(boxes), buffer[: len(boxes)]
                    boxes, first = [], number

    def _gmx(self, tool: str, trajectory: Path, *options: str) -> None:
        files = ["-f", str(trajectory), "-s", str(self._tpr)]
        command = [str(find_gmx().path), "-quiet", "-nobackup", tool, *files, *options]
        done = subprocess.run(command, cwd=self._scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"gmx {tool} failed: {done.stderr[-1500:]}")
