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

from workflow.estimate import announcement, estimates, threads_per_run
from workflow.gromacs import GromacsError, find_gmx
from workflow.inputs import InputError, Inputs, load
from workflow.packing import PackingError, find_packmol

LOCK_NAME = ".sheath.lock"
CONFIG_REFUSED = (
    "--config is refused: a value typed there is read by other rules (1:1 becomes 61, NO becomes False) and leaves "
    "no record of what ran. Remedy: write it into a small YAML file and give that with --configfile."
)


def set_environment(root: Path) -> None:
    """Let every job find this Python and these packages, wherever it runs."""
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
        if main_process:
            find_gmx()
            find_packmol()
    except (InputError, GromacsError, PackingError) as error:
        sys.exit(str(error))
    if main_process:
        found = estimates(inputs, Path("work"), threads_per_run(inputs, cores))
        _check_writable(Path(inputs.config.results))
        _check_writable(Path("work"))
        _check_space(Path("work"), sum(one.bytes for one in found if not _has_results(inputs, one.system, one.replica)))
        print(announcement(inputs, found, cores, threads_per_run(inputs, cores)), file=sys.stderr)
    return inputs


def _has_results(inputs: Inputs, system: str, replica: int) -> bool:
    return (Path(inputs.config.results) / system / f"r{replica}" / "traj.xtc").exists()


def _check_writable(folder: Path) -> None:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        sys.exit(
            f"{folder}: this folder cannot be written ({existing} is not a writable folder for this user). Remedy: "
            "change its permissions, or run elsewhere with `snakemake --directory FOLDER`. Nothing was started."
        )


def _check_space(folder: Path, needed_bytes: float) -> None:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        sys.exit(
            f"{existing}: {free / 1e9:.2f} GB of disk are free, the runs need about {needed_bytes / 1e9:.2f} GB. "
            "Remedy: free space, raise frame_interval_ps, or run elsewhere with "
            "`snakemake --directory FOLDER`. Nothing was started."
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
