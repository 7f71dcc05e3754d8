"""Run the DFT jobs of the derivation, each once; an interrupted job goes on from its last step.

    python -m derivation.dft SCRATCH              run what is missing; may be started once per core
    python -m derivation.dft SCRATCH --list       show what there is
    python -m derivation.dft SCRATCH --collect    write the results into derivation/raw/

Results of `derivation/raw` count as done, so that a new machine does not begin again. One thread per process: two
single-thread processes finish more jobs than one with two threads.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# PySCF's wheel has an OpenBLAS that does not know newer processors and takes its slowest kernels for them.
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from derivation import level, raw
from derivation.jobs import Job, all_jobs
from derivation.optimise import dft_gradient, optimise, xtb_hessian_au
from derivation.potential import potential_points_A
from derivation.xyz_file import Structure, read, text_of


def main(arguments: list[str] | None = None) -> int:
    """Run, list or collect; return the number of failed jobs (at most 1)."""
    parser = argparse.ArgumentParser(prog="python -m derivation.dft", description=__doc__.splitlines()[0])
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--collect", action="store_true")
    parser.add_argument("--only", default="", help="jobs whose name contains this text")
    asked = parser.parse_args(arguments)
    asked.scratch.mkdir(parents=True, exist_ok=True)
    jobs = [job for job in all_jobs() if asked.only in job.name]
    if asked.collect:
        return raw.collect(asked.scratch, jobs)
    if asked.list:
        for job in jobs:
            print(f"{'done' if is_done(asked.scratch, job) else '    '} {job.expected_min:6.0f} min  {job.name}")
        return 0
    failed = [job for job in jobs if _attempt(asked.scratch, job, jobs)]
    return min(len(failed), 1)


def is_done(scratch: Path, job: Job) -> bool:
    """A result counts when it is whole, in the scratch folder or among the committed ones."""
    return _result(scratch, job).exists() or raw.has(job)


def _is_ready(scratch: Path, job: Job) -> bool:
    """A geometry can always begin; the rest waits for the geometry, which another process may be working on."""
    return job.calculation == "geometry" or _relaxed(scratch, job) is not None


def _result(scratch: Path, job: Job) -> Path:
    return scratch / f"{job.name}.{raw.SUFFIX[job.calculation]}"


def _attempt(scratch: Path, job: Job, jobs: list[Job]) -> bool:
    """Run one job unless it is done or running elsewhere; return whether it failed."""
    with _lock(scratch / f"{job.name}.lock") as free:
        if not free or is_done(scratch, job) or not _is_ready(scratch, job):
            return False
        left_h = sum(one.expected_min for one in jobs if not is_done(scratch, one)) / 60
        print(f"{time.strftime('%d %b %H:%M')} {job.name} (about {left_h:.1f} core hours left)", flush=True)
        try:
            _run(scratch, job)
        except Exception as error:  # one failed job must not keep the others of a night from running
            print(f"  {job.name} failed: {error}", file=sys.stderr, flush=True)
            return True
    return False


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    with path.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _run(scratch: Path, job: Job) -> None:
    began = time.monotonic()
    if job.calculation == "geometry":
        _geometry(scratch, job, began)
        return
    relaxed = _relaxed(scratch, job)
    assert relaxed is not None  # _is_ready
    data: dict[str, Any]
    if job.calculation in ("energy", "binding_energy"):
        used = level.ENERGY if job.calculation == "energy" else level.BINDING
        field = _converged(level.mean_field(relaxed, job.charge_e, used), job)
        data = {"energy_Ha": field.e_tot, "dipole_D": field.dip_moment(verbose=0).tolist(), "level": str(used)}
    elif job.calculation == "potential":
        field = _converged(level.mean_field(relaxed, job.charge_e, level.POTENTIAL), job)
        points_A, shell = potential_points_A(relaxed)
        data = {"points_A": points_A, "shell": shell, "potential_au": _potential_au(field, points_A)}
        data |= {"dipole_D": field.dip_moment(verbose=0)}
    else:
        field = _converged(level.mean_field(relaxed, job.charge_e, level.HESSIAN), job)
        data = {"hessian_au": field.Hessian().kernel().transpose(0, 2, 1, 3).reshape(3 * len(relaxed.symbols), -1)}
    _write(_result(scratch, job), data, time.monotonic() - began)


def _geometry(scratch: Path, job: Job, began: float) -> None:
    gradient = dft_gradient(job.start, job.charge_e, level.GEOMETRY)
    tightness = "scan" if job.held else "minimum"
    steps = scratch / f"{job.name}.steps.xyz"
    guess = xtb_hessian_au(job.start, job.charge_e)
    one, energy, count = optimise(job.start, gradient, tightness, job.held, steps, guess)
    said = {"energy_Ha": f"{energy:.8f}", "level": str(level.GEOMETRY), "gradients": str(count)}
    said |= {"wall_s": f"{time.monotonic() - began:.0f}"} | {k: v for k, v in job.start.said.items() if "GFN2" not in k}
    _replace(_result(scratch, job), text_of(Structure(job.structure, one.symbols, one.xyz_A, said)).encode())


def _relaxed(scratch: Path, job: Job) -> Structure | None:
    if len(job.start.symbols) == 1:
        return job.start
    path = scratch / f"{job.structure}.geometry.xyz"
    found = read(path) if path.exists() else raw.geometries()
    return found.get(job.structure)


def _converged(field: Any, job: Job) -> Any:
    field.kernel()
    if not field.converged:
        field = field.newton()
        field.kernel()
    if not field.converged:
        raise RuntimeError(f"the SCF of {job.name} did not converge")
    return field


def _potential_au(field: Any, points_A: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Electrostatic potential in Hartree/e of nuclei and electrons at the points."""
    from derivation.optimise import BOHR_A

    points = points_A / BOHR_A
    nuclei = field.mol.atom_coords()
    value = sum(z / np.linalg.norm(points - r, axis=1) for z, r in zip(field.mol.atom_charges(), nuclei, strict=True))
    density = field.make_rdm1()
    for begin in range(0, len(points), 200):
        part = slice(begin, begin + 200)
        value[part] -= np.einsum("pij,ij->p", field.mol.intor("int1e_grids", grids=points[part]), density)
    return np.asarray(value)


def _write(path: Path, data: dict[str, Any], wall_s: float) -> None:
    if path.suffix == ".json":
        _replace(path, json.dumps(data | {"wall_s": round(wall_s)}).encode())
        return
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, **{key: np.asarray(one, np.float32) for key, one in (data | {"wall_s": wall_s}).items()})  # type: ignore[arg-type]
    part.replace(path)


def _replace(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
