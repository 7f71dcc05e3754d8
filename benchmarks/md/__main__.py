"""`make benchmark-md`: ns/day of Sheath's choice against GROMACS as usually typed, in turns, in one run.

    usual    the packaged GROMACS (the first on the PATH), steps of 2 fs, `gmx mdrun -deffnm md` and nothing else
             (but -maxh, at which it stops), systems one after another
    sheath   the GROMACS that Sheath finds (`make gromacs-native`), `protocol: fast`, threads and cores as Sheath gives
             them, systems side by side
    by hand  Sheath's engine and protocol with ranks, threads and neighbour lists tried one by one: the best of them
    apart    Sheath's engine and protocol, as many runs as cores side by side on one thread each, their speeds added up:
             what threads lose against it is what the rule for threads per run rests on (workflow/estimate.py)

Every contestant runs for some seconds from the same minimised box; speeds are what GROMACS writes at the end of its
log, for six systems all their ns over the time that they took together, starts included. The ratio of each round is of
two runs next to each other; the interval is that of the median over the rounds (bootstrap, 95 %). The last lines are
    RATIO sheath/usual ATOMS x.xx    and    RATIO sheath/usual six x.xx
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.md.boxes import ROOT, Box, engine, make_box
from workflow import gromacs, processor
from workflow.cores import own_cores
from workflow.estimate import threads_for
from workflow.mdrun import run_once
from workflow.speed import performance
from workflow.workfolder import exclusive

SIZES = (2500, 3700, 7000, 14000)
OF_SIX = 3700
LEAST_ROUNDS = 7
SECONDS = 10.0
SECONDS_PER_DAY = 86400.0
BY_HAND = [
    ["-ntmpi", str(ranks), "-ntomp", str(threads), "-pin", "on", *lists]
    for ranks, threads in ((1, "all"), ("all", 1))
    for lists in ([], ["-nstlist", "20"], ["-nstlist", "50"])
]


@dataclass(frozen=True)
class Ran:
    """What one mdrun did: its speed and how far it came."""

    ns_per_day: float
    ns: float

    @staticmethod
    def of(log: Path) -> Ran:
        """Read the end of a GROMACS log."""
        ns_per_day = performance(log)
        (wall_s,) = re.findall(r"^ +Time: +[\d.]+ +([\d.]+)", log.read_text(encoding="utf-8"), re.M)
        return Ran(ns_per_day, ns_per_day * float(wall_s) / SECONDS_PER_DAY)


def main() -> None:
    """Make the boxes where they are missing, time everything in turns, print medians and ratios."""
    parser = argparse.ArgumentParser(prog="make benchmark-md", description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=ROOT / "work" / "benchmark-md", help="where the boxes lie")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS)
    parser.add_argument("--atoms", type=int, nargs="+", default=SIZES, help="sizes to measure")
    parsed = parser.parse_args()
    cores, usual = len(os.sched_getaffinity(0)), gromacs.on_path()
    if usual is None:
        raise SystemExit("Sheath: no packaged GROMACS is on the PATH to compare with. Remedy: make install")
    with engine(usual):
        print(f"usual: GROMACS {gromacs.find_gmx().version}, {gromacs.find_gmx().simd}")
    print(f"sheath: GROMACS {gromacs.find_gmx().version}, {gromacs.find_gmx().simd}; {processor.name()}, {cores} cores")
    boxes = {atoms: make_box(atoms, parsed.work.resolve(), cores) for atoms in {*parsed.atoms, OF_SIX}}
    lines = []
    with tempfile.TemporaryDirectory(prefix="sheath-benchmark-") as scratch:
        for atoms in parsed.atoms:
            lines.append(one_size(boxes[atoms], usual, cores, Path(scratch), parsed.rounds))
        lines.append(six_systems(boxes[OF_SIX], usual, cores, Path(scratch), parsed.rounds))
    print("\n".join(lines))


def one_size(box: Box, usual: str, cores: int, scratch: Path, rounds: int) -> str:
    """Print the speeds of one system of a size; return the line of its ratio."""
    hand = best_by_hand(box, cores, scratch)
    speeds = in_turns(
        {
            "usual": lambda: as_typed(usual, box.usual, scratch).ns_per_day,
            "sheath": lambda: as_sheath(box.fast, threads_for(1, box.atoms, cores), scratch).ns_per_day,
            "by hand": lambda: as_typed(str(gromacs.find_gmx().path), box.fast, scratch, hand).ns_per_day,
            "apart": lambda: apart(lambda _: as_sheath(box.fast, 1, scratch), cores),
        },
        rounds,
    )
    for name, found in speeds.items():
        print(f"{box.atoms} atoms, {name:8s} median {statistics.median(found):7.1f} ns/day ({spread(found)})")
    share = told(speeds["sheath"], speeds["by hand"])
    print(f"{box.atoms} atoms, sheath over by hand ({' '.join(hand)}): {share}")
    print(
        f"{box.atoms} atoms, {cores} threads over {cores} apart: {told(speeds['sheath'], speeds['apart'])}", flush=True
    )
    return f"RATIO sheath/usual {box.atoms} {told(speeds['sheath'], speeds['usual'])}"


def six_systems(box: Box, usual: str, cores: int, scratch: Path, rounds: int) -> str:
    """Print the speeds of six systems together; return the line of their ratio."""
    threads = threads_for(6, box.atoms, cores)
    speeds = in_turns(
        {
            "usual": lambda: together(lambda _: as_typed(usual, box.usual, scratch), 1),
            "sheath": lambda: together(lambda _: as_sheath(box.fast, threads, scratch), cores // threads),
        },
        rounds,
    )
    for name, found in speeds.items():
        print(f"six of {box.atoms} atoms, {name:8s} median {statistics.median(found):7.1f} ns/day ({spread(found)})")
    return f"RATIO sheath/usual six {told(speeds['sheath'], speeds['usual'])}"


def in_turns(contestants: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return name -> ns/day of each round; every contestant runs once before, unmeasured."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            speed = run()
            if number:
                found[name].append(speed)
    return found


def as_typed(gmx: str, tpr: Path, scratch: Path, options: list[str] | None = None) -> Ran:
    """Run `gmx mdrun -deffnm md`, until its time is over."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        shutil.copyfile(tpr, Path(folder) / "md.tpr")
        command = [gmx, "mdrun", "-deffnm", "md", *(options or []), "-maxh", str(SECONDS / 3600)]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        return Ran.of(Path(folder) / "md.log")


def as_sheath(tpr: Path, threads: int, scratch: Path) -> Ran:
    """Run one mdrun as the workflow starts it."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        work = Path(folder)
        with exclusive(work, "benchmark") as lock, own_cores(threads):
            flags: dict[str, Any] = {"s": tpr, "deffnm": work / "md", "maxh": SECONDS / 3600}
            run_once("mdrun", work / "gromacs.log", lock, threads, **flags)
        return Ran.of(work / "md.log")


def together(run: Callable[[int], Ran], side_by_side: int) -> float:
    """Return the ns/day of six runs together: all that they simulated over the time from first start to last end."""
    started = time.perf_counter()
    with ThreadPoolExecutor(side_by_side) as pool:
        ns = sum(one.ns for one in pool.map(run, range(6)))
    return ns / (time.perf_counter() - started) * SECONDS_PER_DAY


def apart(run: Callable[[int], Ran], cores: int) -> float:
    """Return the speeds of as many runs as cores, side by side, added up."""
    with ThreadPoolExecutor(cores) as pool:
        return sum(one.ns_per_day for one in pool.map(run, range(cores)))


def best_by_hand(box: Box, cores: int, scratch: Path) -> list[str]:
    """Return the options with which one system runs fastest, each tried twice; some boxes are too small for ranks."""
    tried = [[word.replace("all", str(cores)) for word in map(str, options)] for options in BY_HAND]
    gmx = str(gromacs.find_gmx().path)

    def speed(options: list[str]) -> float:
        try:
            return max(as_typed(gmx, box.fast, scratch, options).ns_per_day for _ in range(2))
        except subprocess.CalledProcessError:
            return 0.0

    return max(tried, key=speed)


def told(above: list[float], below: list[float]) -> str:
    """Return the median of the ratios of the rounds, with its 95 % interval by resampling the rounds."""
    ratios = np.array(above) / np.array(below)
    drawn = np.random.default_rng(1).choice(ratios, (10_000, ratios.size))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return f"{np.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def spread(values: list[float]) -> str:
    """Return the least and the most."""
    return f"{min(values):.1f} to {max(values):.1f}"


if __name__ == "__main__":
    main()
