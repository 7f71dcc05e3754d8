"""Relaxed geometries by geomeTRIC, with PySCF or GFN2-xTB, that go on from where they were interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derivation.level import Level, mean_field
from derivation.xyz_file import Structure, read, text_of

BOHR_A = 0.529177210544  # CODATA 2022
MOST_STEPS = 150
# Changes of energy (Hartree), gradients (Hartree/Bohr) and displacements (angstrom) at which a geometry is relaxed.
# Those of minima have Gaussian's default gradients, but displacements three times as large: in these floppy chains
# the last third of the steps gained 0.01 kJ/mol. Scan points are compared at 0.1 kJ/mol.
RELAXED = {
    "minimum": {"energy": 2e-6, "grms": 3.0e-4, "gmax": 4.5e-4, "drms": 4.0e-3, "dmax": 6.0e-3},
    "scan": {"energy": 5e-6, "grms": 1.0e-3, "gmax": 1.5e-3, "drms": 6.7e-3, "dmax": 1.0e-2},
}

Gradient = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
Torsion = tuple[tuple[int, int, int, int], float]


def dft_gradient(structure: Structure, charge_e: int, level: Level) -> Gradient:
    """Return a function of coordinates (n, 3) in angstrom: energy in Hartree, gradient in Hartree/Bohr."""
    field = mean_field(structure, charge_e, level)
    scanner = field.nuc_grad_method().as_scanner()  # starts every SCF from the density of the step before

    def gradient(xyz_A: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        energy, slope = scanner(field.mol.set_geom_(xyz_A, unit="Angstrom", inplace=False))
        if not scanner.base.converged:
            raise RuntimeError(f"{structure.name}: the SCF did not converge")
        return float(energy), np.asarray(slope)

    return gradient


def xtb_gradient(structure: Structure, charge_e: int) -> Gradient:
    """Return the same function at GFN2-xTB, for starting structures."""
    from tblite.interface import Calculator

    numbers = np.array(
        [{"H": 1, "Li": 3, "B": 5, "C": 6, "N": 7, "O": 8, "F": 9, "S": 16}[s] for s in structure.symbols]
    )

    def gradient(xyz_A: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        calculator = Calculator("GFN2-xTB", numbers, xyz_A / BOHR_A, charge=charge_e)
        calculator.set("verbosity", 0)
        result = calculator.singlepoint()
        return float(result.get("energy")), np.asarray(result.get("gradient"))

    return gradient


def xtb_hessian_au(structure: Structure, charge_e: int, step_A: float = 0.005) -> NDArray[np.float64]:
    """Return GFN2-xTB's Hessian in Hartree/Bohr^2 by central differences: a first guess that saves DFT steps."""
    gradient = xtb_gradient(structure, charge_e)
    rows = []
    for number in range(structure.xyz_A.size):
        shift = np.zeros(structure.xyz_A.shape)
        shift[divmod(number, 3)] = step_A
        difference = gradient(structure.xyz_A + shift)[1] - gradient(structure.xyz_A - shift)[1]
        rows.append(difference.ravel() / (2 * step_A / BOHR_A))
    hessian = np.array(rows)
    return np.asarray((hessian + hessian.T) / 2)


def optimise(
    start: Structure,
    gradient: Gradient,
    tightness: str = "minimum",
    held: Torsion | None = None,
    checkpoint: Path | None = None,
    hessian: NDArray[np.float64] | None = None,
) -> tuple[Structure, float, int]:
    """Return the relaxed structure, its energy in Hartree and the number of gradients that it took.

    `held` keeps one torsion at a value in degrees. `checkpoint` is an .xyz file to which every step is added and
    from whose last frame an interrupted run goes on. `hessian` in Hartree/Bohr^2, (3 n, 3 n), guesses the first steps.
    Raises RuntimeError when it does not converge.
    """
    import geometric

    if checkpoint is not None and checkpoint.exists():
        start = list(read(checkpoint).values())[-1]
    steps: list[tuple[float, NDArray[np.float64]]] = []

    class Engine(geometric.engine.Engine):  # type: ignore[misc]
        def calc_new(self, coords: NDArray[np.float64], _folder: str) -> dict[str, Any]:
            xyz_A = coords.reshape(-1, 3) * BOHR_A
            energy, slope = gradient(xyz_A)
            steps.append((energy, xyz_A))
            if checkpoint is not None:
                _append(checkpoint, start, xyz_A, energy)
            return {"energy": energy, "gradient": slope.ravel()}

    molecule = geometric.molecule.Molecule()
    molecule.elem, molecule.xyzs = list(start.symbols), [start.xyz_A]
    with TemporaryDirectory() as folder:
        options = _options(Path(folder), tightness, held, hessian)
        try:
            geometric.optimize.run_optimizer(customengine=Engine(molecule), **options)
        except geometric.errors.Error as error:
            raise RuntimeError(f"{start.name}: {error}") from error
    energy, xyz_A = steps[-1]
    return Structure(start.name, start.symbols, xyz_A, start.said), energy, len(steps)


def _options(folder: Path, tightness: str, held: Torsion | None, hessian: NDArray[np.float64] | None) -> dict[str, Any]:
    """geomeTRIC's options; it takes what is more than a number from files."""
    options: dict[str, Any] = {f"convergence_{key}": value for key, value in RELAXED[tightness].items()}
    options |= {"maxiter": MOST_STEPS, "input": str(folder / "run.txt"), "check": 0}
    (folder / "log.ini").write_text(QUIET, encoding="ascii")
    options["logIni"] = str(folder / "log.ini")
    if hessian is not None:
        np.savetxt(folder / "hessian.txt", hessian)
        options["hessian"] = f"file:{folder}/hessian.txt"
    if held is not None:
        atoms, angle_deg = held
        line = " ".join(str(i + 1) for i in atoms)
        (folder / "held.txt").write_text(f"$set\ndihedral {line} {angle_deg}\n", encoding="ascii")
        options["constraints"] = str(folder / "held.txt")
    return options


QUIET = """[loggers]
keys=root
[handlers]
keys=none
[formatters]
keys=
[logger_root]
level=CRITICAL
handlers=none
[handler_none]
class=NullHandler
args=()
"""


def _append(path: Path, start: Structure, xyz_A: NDArray[np.float64], energy: float) -> None:
    count = path.read_text(encoding="ascii").count("energy=") if path.exists() else 0
    frame = Structure(f"{start.name.split('@')[0]}@{count}", start.symbols, xyz_A, {"energy": f"{energy:.8f}"})
    with path.open("a", encoding="ascii") as file:
        file.write(text_of(frame))
