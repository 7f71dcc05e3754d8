"""Small liquids of the force field's molecules, written in the formats that others use."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import MDAnalysis as mda
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from analysis.describe.elements import element_of_mass
from analysis.describe.request import Request
from workflow.forcefield import geometry_nm, molecule_atoms, molecule_bonds
from workflow.inputs import Molecule
from workflow.inputs.molecule_files import read_molecules
from workflow.inputs.problems import Problems

ROOT = Path(__file__).resolve().parents[3]
MOLECULES = {name: one for name, one in read_molecules(ROOT, Problems(ROOT)).items() if one is not None}
NM_IN_ANGSTROM = 10.0
SPACING_NM = 0.9


@dataclass(frozen=True)
class Liquid:
    """A system in the order of `order`: names of molecules, one entry each; F frames, 1 ps apart.

    positions_nm (F, N, 3) whole molecules, outside of the box where they walked there; box_nm the edge.
    """

    order: tuple[str, ...]
    positions_nm: NDArray[np.float64]
    box_nm: float
    elements: list[str]
    masses_u: list[float]
    charges_e: list[float]
    names: list[str]
    bonds: list[tuple[int, int]]
    molecule: NDArray[np.int64]

    @property
    def wrapped_nm(self) -> NDArray[np.float64]:
        """Every atom inside of the box by itself."""
        return self.positions_nm % self.box_nm

    def reordered(self, order: NDArray[np.int64]) -> Liquid:
        """The same liquid with its atoms in another order."""
        new = np.argsort(order)
        return Liquid(
            self.order,
            self.positions_nm[:, order],
            self.box_nm,
            [self.elements[i] for i in order],
            [self.masses_u[i] for i in order],
            [self.charges_e[i] for i in order],
            [self.names[i] for i in order],
            [(int(new[a]), int(new[b])) for a, b in self.bonds],
            self.molecule[order],
        )


def geometry(molecule: Molecule) -> NDArray[np.float64]:
    """Coordinates (n, 3) of a molecule about its centre, in nm."""
    xyz = geometry_nm(molecule)
    return np.asarray(xyz - xyz.mean(axis=0))


def liquid(order: Sequence[str], n_frames: int = 12, seed: int = 5, step_nm: float = 0.03) -> Liquid:
    """Molecules on a lattice, turned at random, each then walking as a whole."""
    rng = np.random.default_rng(seed)
    n_side = int(np.ceil(len(order) ** (1 / 3)))
    lattice = np.array([(x, y, z) for x in range(n_side) for y in range(n_side) for z in range(n_side)], dtype=float)
    places = (lattice[: len(order)] + 0.5) * SPACING_NM
    walks = rng.normal(0, step_nm, (n_frames, len(order), 3)).cumsum(axis=0)
    positions: list[NDArray[np.float64]] = []
    atoms: list[Any] = []
    bonds: list[tuple[int, int]] = []
    molecule: list[int] = []
    for number, name in enumerate(order):
        shape = Rotation.random(random_state=int(rng.integers(2**31))).apply(geometry(MOLECULES[name]))
        positions.append(shape[None] + places[number] + walks[:, number, None])
        bonds += [(a + len(atoms), b + len(atoms)) for a, b in molecule_bonds(MOLECULES[name])]
        atoms += molecule_atoms(MOLECULES[name])
        molecule += [number] * len(shape)
    return Liquid(
        tuple(order),
        np.concatenate(positions, axis=1),
        n_side * SPACING_NM,
        [str(element_of_mass(atom.mass_u)) for atom in atoms],
        [atom.mass_u for atom in atoms],
        [atom.charge_e for atom in atoms],
        [atom.name for atom in atoms],
        bonds,
        np.array(molecule),
    )


def universe_of(one: Liquid, *, names: bool = True, charges: bool = True) -> mda.Universe:
    """The liquid as a Universe at its first frame."""
    resindex = np.unique(one.molecule, return_inverse=True)[1]
    universe = mda.Universe.empty(
        len(one.elements), n_residues=len(one.order), atom_resindex=resindex, trajectory=True, velocities=False
    )
    universe.add_TopologyAttr("masses", one.masses_u)
    universe.add_TopologyAttr("resids", np.arange(len(one.order)) + 1)
    universe.add_TopologyAttr("bonds", one.bonds)
    if names:
        universe.add_TopologyAttr("names", one.names)
        universe.add_TopologyAttr("elements", one.elements)
        universe.add_TopologyAttr("resnames", list(one.order))
    if charges:
        universe.add_TopologyAttr("charges", one.charges_e)
    universe.atoms.positions = one.positions_nm[0] * NM_IN_ANGSTROM
    universe.dimensions = [one.box_nm * NM_IN_ANGSTROM] * 3 + [90.0] * 3
    return universe


def write_trajectory(
    path: Path,
    universe: mda.Universe,
    frames_nm: NDArray[np.float64],
    box_nm: float | None,
    times_ps: Sequence[float] | NDArray[np.float64] | None = None,
    angles: Sequence[float] = (90.0, 90.0, 90.0),
    **options: object,
) -> Path:
    """Write frames with MDAnalysis, 1 ps apart unless told."""
    times = np.arange(len(frames_nm), dtype=float) if times_ps is None else np.asarray(times_ps, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mda.Writer(
            str(path), universe.atoms.n_atoms, **(({"dt": 1.0} if path.suffix == ".dcd" else {}) | options)
        ) as writer:
            for xyz, time_ps in zip(frames_nm, times, strict=True):
                universe.atoms.positions = xyz * NM_IN_ANGSTROM
                universe.dimensions = None if box_nm is None else [*[box_nm * NM_IN_ANGSTROM] * 3, *angles]
                universe.trajectory.ts.time = float(time_ps)
                writer.write(universe.atoms)
    return path


def write_pdb(path: Path, universe: mda.Universe, bonds: str | None = "conect") -> Path:
    """Write the first frame with its CONECT records, or without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        universe.atoms.write(str(path), bonds=bonds)
    return path


def write_data(path: Path, one: Liquid, masses: bool = True) -> Path:
    """Write a LAMMPS data file, units real, atom style full, without hints for humans."""
    kinds = sorted(set(zip(one.masses_u, one.charges_e, strict=True)))
    numbers = {kind: index + 1 for index, kind in enumerate(kinds)}
    edge = one.box_nm * NM_IN_ANGSTROM
    head = [
        "a liquid",
        "",
        f"{len(one.elements)} atoms",
        f"{len(one.bonds)} bonds",
        f"{len(kinds)} atom types",
        "1 bond types",
        "",
        *(f"0.0 {edge:.6f} {axis}lo {axis}hi" for axis in "xyz"),
        "",
        "Masses",
        "",
        *(f"{number} {mass:.6f}" for (mass, _), number in numbers.items()),
        "",
        "Atoms # full",
        "",
    ]
    atoms = [
        f"{i + 1} {one.molecule[i] + 1} {numbers[one.masses_u[i], one.charges_e[i]]} {one.charges_e[i]:.6f} "
        + " ".join(f"{x * NM_IN_ANGSTROM:.6f}" for x in one.positions_nm[0, i])
        for i in range(len(one.elements))
    ]
    bonds = ["", "Bonds", "", *(f"{i + 1} 1 {a + 1} {b + 1}" for i, (a, b) in enumerate(one.bonds))]
    path.write_text("\n".join([*head, *atoms, *bonds]) + "\n", encoding="utf-8")
    return path


def request(topology: Path, *trajectories: Path, **changes: object) -> Request:
    """Return a request for a liquid at 298 K, written beside the topology."""
    known: dict[str, object] = {
        "topology": topology,
        "trajectories": tuple(trajectories),
        "out": topology.parent / "run.json",
        "system": "liquid",
        "temperature_K": 298.0,
    }
    return Request(**(known | changes))  # type: ignore[arg-type]


def write_dump(path: Path, one: Liquid) -> Path:
    """Write a text dump of LAMMPS, a frame every 50 steps."""
    n, edge = len(one.elements), 10 * one.box_nm
    with path.open("w") as stream:
        for frame, xyz in enumerate(one.wrapped_nm):
            stream.write(f"ITEM: TIMESTEP\n{50 * frame}\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS pp pp pp\n")
            stream.write(f"0 {edge}\n" * 3 + "ITEM: ATOMS id type x y z\n")
            stream.writelines(f"{i + 1} 1 {x:.5f} {y:.5f} {z:.5f}\n" for i, (x, y, z) in enumerate(10 * xyz))
    return path
