"""What `./sheath clean` and `./sheath archive` say and ask; both refuse while somebody works on the results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflow import archive, clean, owner
from workflow.inputs import Inputs
from workflow.inputs.results_folder import LOCK_NAME
from workflow.manifest import sheath_version

REFUSED = "Remedy: wait until it has finished, or stop it with Ctrl-C in its terminal. Nothing was done."
KEPT = "Nothing was deleted."


class Busy(Exception):
    """Somebody works on the results; the text says who."""


@contextmanager
def nobody_works_on(results: Path) -> Iterator[None]:
    """Hold the lock of a results folder, if it has one; raises Busy while Snakemake works on it."""
    lock = results / LOCK_NAME
    if not lock.is_file() or lock.is_symlink():
        yield
        return
    with lock.open("a+") as handle:
        if (user := owner.user_of(handle, lock)) is not None:
            raise Busy(f"{results}: Sheath works on this folder ({user}). {REFUSED}")
        yield


def run_clean(inputs: Inputs, options: argparse.Namespace) -> int:
    """Tell what may go and how much it frees, ask, and remove it; 1 while a run is in use."""
    try:
        with nobody_works_on(options.directory / inputs.config.results):
            return _clean(inputs, options)
    except Busy as busy:
        print(busy, file=sys.stderr)
        return 1


def _clean(inputs: Inputs, options: argparse.Namespace) -> int:
    may_go, used = clean.removable(inputs, options.directory)
    if used:
        print("\n".join([f"in use: {one}" for one in used] + [REFUSED]), file=sys.stderr)
        return 1
    if not may_go:
        print("Nothing is there that could go.")
    for why in (clean.STEPS, clean.OTHERS, clean.TRAJECTORIES):
        group = [one for one in may_go if one.why == why]
        if group:
            print(f"{why} ({len(group)} work folders, {_size(sum(one.bytes for one in group))}):")
            print("".join(f"  {one.folder}  {one.run}  {_size(one.bytes)}\n" for one in group), end="")
            if _agreed(why, options):
                freed = sum(one.bytes for one in group if clean.remove(one))
                print(f"Deleted; {_size(freed)} are free.")
            else:
                print(KEPT)
    return 0


def _agreed(why: str, options: argparse.Namespace) -> bool:
    """Ask at a terminal; elsewhere --yes is the answer, and for trajectories --trajectories beside it."""
    if options.yes and (why != clean.TRAJECTORIES or options.trajectories):
        return True
    if not sys.stdin.isatty():
        print(f"Not asked: no terminal. --yes{' --trajectories' if why == clean.TRAJECTORIES else ''} deletes them.")
        return False
    return input("Delete them? [y/N] ").strip().lower() in ("y", "yes")


def run_archive(inputs: Inputs, options: argparse.Namespace) -> int:
    """Write the archive and tell what it holds and how much the trajectories would add; 1 when it cannot be written."""
    try:
        with nobody_works_on(options.directory / inputs.config.results):
            files = archive.write(inputs, options.directory, options.out, options.trajectories, sheath_version())
    except (Busy, archive.ArchiveError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{options.out}: cannot be written ({error.strerror}).", file=sys.stderr)
        return 1
    whole = archive.contents(inputs, options.directory, trajectories=True)
    more = sum(path.stat().st_size for _, path in whole) - sum(path.stat().st_size for _, path in files)
    print(f"{options.out}: {len(files)} files, {_size(options.out.stat().st_size)}; hashes in {archive.SUMS} inside.")
    if more:
        print(f"The trajectories are left out; --trajectories adds {_size(more)}.")
    for name in archive.unfinished(inputs, options.directory):
        print(f"warning: {name} has not finished")
    return 0


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"
