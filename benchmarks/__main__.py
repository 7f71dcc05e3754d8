"""`make benchmark`: times the analysis on one real trajectory, in turns with what it is compared with.

The last lines are ratios of medians over the rounds, file cache warm, imports and compilation left out:
    RATIO all/bare       reading and all observables of the trajectory (none from files of energies), over MDAnalysis
                         stepping through the file and doing nothing
    RATIO interrdf/rdf   MDAnalysis' InterRDF, one site after the other, over our g(r) of all sites
    RATIO gmx_rdf/rdf    `gmx rdf` with all sites at once, over the same
    RATIO gmx_msd/msd    `gmx msd` with all species at once, every frame an origin, over our MSD of all species
    RATIO 1core/2cores   reading and all observables on one core, over the same with two
All but the last run on one core. gmx msd takes time in the square of the frames, so both programs get the first 2,000
only, which is in its favour. The trajectory is made once by the workflow itself (trajectory.yaml; 10 to 20 minutes).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
OVERLAY = Path(__file__).with_name("trajectory.yaml")
MADE = Path("benchmark/dol-dme-litfsi/r1")
LEAST_ROUNDS = 5


def main() -> None:
    """Make the trajectory when it is not there, time everything in turns, print medians and ratios."""
    parser = argparse.ArgumentParser(prog="make benchmark", description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=ROOT / "work" / "benchmark", help="where the trajectory lies")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS)
    parser.add_argument("--frames", type=int, help="use only so many frames, for a quick look")
    parsed = parser.parse_args()
    folder = make_trajectory(parsed.work.resolve())
    from benchmarks.contestants import Contestants

    with tempfile.TemporaryDirectory(prefix="sheath-benchmark-") as scratch:
        contestants = Contestants(folder, Path(scratch), parsed.frames)
        print(contestants.description)
        timed = time_in_turns(contestants.one_core() | contestants.two_cores(), parsed.rounds)
    for name, seconds in timed.items():
        print(f"{name:10s} median {statistics.median(seconds):8.2f} s  ({min(seconds):.2f} to {max(seconds):.2f})")
    median = {name: statistics.median(seconds) for name, seconds in timed.items()}
    for above, below in (("all", "bare"), ("interrdf", "rdf"), ("gmx_rdf", "rdf"), ("gmx_msd", "msd")):
        print(f"RATIO {above}/{below} {median[above] / median[below]:.2f}")
    print(f"RATIO 1core/2cores {median['all'] / median['all_2cores']:.2f}")


def make_trajectory(work: Path) -> Path:
    """Return the folder with run.json and traj.xtc, made by the workflow where they are missing."""
    folder = work / MADE
    if not (folder / "traj.xtc").is_file():
        print(f"making the trajectory in {work}, once", flush=True)
        work.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(work)]
        options = ["--cores", "all", "--configfile", str(OVERLAY), "--", str(MADE / "traj.xtc")]
        subprocess.run([*command, *options], check=True, cwd=ROOT, stdin=subprocess.DEVNULL)
    return folder


def time_in_turns(work: dict[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, list[float]]:
    """Return name -> seconds of each round; every piece of work runs once before, unmeasured.

    The pieces take turns, so that whatever else the machine does meets all of them alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in work}
    cores = sorted(os.sched_getaffinity(0))
    for number in range(rounds + 1):
        for name, (piece, n_cores) in work.items():
            os.sched_setaffinity(0, cores[:n_cores])
            started = time.perf_counter()
            piece()
            if number:
                seconds[name].append(time.perf_counter() - started)
        os.sched_setaffinity(0, cores)
        if number:
            print(
                f"round {number} of {rounds}: " + ", ".join(f"{n} {s[-1]:.2f}" for n, s in seconds.items()), flush=True
            )
    return seconds


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[variable] = "1"
    main()
