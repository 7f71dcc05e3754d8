"""What happens before any rule runs: inputs are checked, programs found, space counted, the plan announced."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from workflow.estimate import RunEstimate, announcement, estimates, threads_per_run
from workflow.gromacs import GromacsError, find_gmx, speed_remark
from workflow.inputs import InputError, Inputs, load
from workflow.inputs.results_folder import LOCK_NAME
from workflow.job import OVERLAY_VARIABLE
from workflow.packing import PackingError, find_packmol

CONFIG_REFUSED = (
    "--config is refused: a value typed there is read by other rules (1:1 becomes 61, NO becomes False) and leaves "
    "no record of what ran. Remedy: write it into a small YAML file and give that with --configfile."
)


def set_environment(root: Path, overlays: Sequence[Path]) -> None:
    """Let every job find this Python, these packages and the overlays, wherever it runs."""
    os.environ[OVERLAY_VARIABLE] = os.pathsep.join(map(str, overlays))
    os.environ["PYTHONPATH"] = str(root)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def prepare(root: Path, overlays: Sequence[Path], config_values: object, main_process: bool, cores: int) -> Inputs:
    """Return the validated inputs; leave with one clear message and exit code 1 when anything is wrong.

    In the main process also checks GROMACS, Packmol, the results folder and the disk, and announces the runs.
    """
    if config_values:
        sys.exit(CONFIG_REFUSED)
    try:
        inputs = load(root, overlays)
    except InputError as error:
        sys.exit(str(error))
    if main_process:
        threads = threads_per_run(inputs, cores)
        found = estimates(inputs, Path("work"), threads)
        problems = [*_too_many_threads(inputs, cores), *surroundings(inputs, Path(), found)]
        if problems:
            sys.exit("\n".join(problems))
        print(announcement(inputs, found, cores, threads), speed_remark(find_gmx()), sep="\n", file=sys.stderr)
    return inputs


def surroundings(inputs: Inputs, directory: Path, found: Sequence[RunEstimate]) -> list[str]:
    """Return what is wrong with the programs, the folders and the disk that the runs would use, one message each."""
    messages: list[str | None] = []
    for find in (find_gmx, find_packmol):
        try:
            find()
        except (GromacsError, PackingError) as error:
            messages.append(str(error))
    results, work = directory / inputs.config.results, directory / "work"
    missing = [one for one in found if not (results / one.system / f"r{one.replica}" / "traj.xtc").exists()]
    messages += [_unwritable(results), _unwritable(work), _too_small(work, sum(one.bytes for one in missing))]
    return [message for message in messages if message]


def _too_many_threads(inputs: Inputs, cores: int) -> list[str]:
    """Return what is wrong with the number of threads that the configuration asks for."""
    wanted = inputs.config.threads_per_run
    if not isinstance(wanted, int) or wanted <= cores:
        return []
    return [
        f"threads_per_run = {wanted}, but Snakemake was given {cores} cores. Remedy: write `auto` or {cores} or less, "
        f"or give more cores (snakemake --cores {wanted}, or `all`). Nothing was started."
    ]


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _unwritable(folder: Path) -> str | None:
    existing = _nearest_existing(folder)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return None
    return (
        f"{folder}: this folder cannot be written ({existing} is not a writable folder for this user). Remedy: "
        "change its permissions, or run elsewhere with `snakemake --directory FOLDER`. Nothing was started."
    )


def _too_small(folder: Path, needed_bytes: float) -> str | None:
    existing = _nearest_existing(folder)
    free = shutil.disk_usage(existing).free
    if free >= needed_bytes:
        return None
    return (
        f"{existing}: {free / 1e9:.2f} GB of disk are free, the runs need about {needed_bytes / 1e9:.2f} GB. "
        "Remedy: free space, raise frame_interval_ps, or run elsewhere with `snakemake --directory FOLDER`. "
        "Nothing was started."
    )


def lock_results(results: Path) -> IO[str]:
    """Take the lock of the results folder, held as long as this process lives; leave with a message if it is taken."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        handle = (results / LOCK_NAME).open("a+")
    except OSError as error:
        sys.exit(f"{results}: cannot be written: {error.strerror}. Remedy: change its permissions or use --directory.")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        sys.exit(
            f"{results}: another Sheath works on this folder ({handle.read().strip()}). "
            "Remedy: wait for it, or stop it with Ctrl-C in its terminal; `./sheath status` shows what it does."
        )
    handle.truncate(0)
    handle.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}))
    handle.flush()
    return handle
