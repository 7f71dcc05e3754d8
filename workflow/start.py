"""What happens before any rule runs: inputs are checked, programs found, space counted, the plan announced."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from workflow import owner, slurm
from workflow.estimate import RunEstimate, announcement, estimates, threads_per_run
from workflow.gromacs import GromacsError, find_gmx, speed_remark
from workflow.inputs import InputError, Inputs, load
from workflow.inputs.results_folder import LOCK_NAME
from workflow.job import OVERLAY_VARIABLE
from workflow.packing import PackingError, find_packmol

LEFTOVER_LIMIT_S = 180  # Slurm kills what has not ended 30 s after it was asked to, on most clusters
CONFIG_REFUSED = (
    "--config is refused: a value typed there is read by other rules (1:1 becomes 61, NO becomes False) and leaves "
    "no record of what ran. Remedy: write it into a small YAML file and give that with --configfile."
)


def set_environment(root: Path, overlays: Sequence[Path], main_process: bool) -> None:
    """Let every job find this Python, these packages, the overlays and the start that it belongs to."""
    if main_process:
        os.environ[slurm.START_VARIABLE] = f"{socket.gethostname()} {os.getpid()} {time.time():.0f}"
        os.environ[slurm.START_JOB_VARIABLE] = slurm.job_id() or ""
    os.environ[OVERLAY_VARIABLE] = os.pathsep.join(map(str, overlays))
    os.environ["PYTHONPATH"] = str(root)
    # Its list of fonts would lie in the home folder, which on clusters is small or not there.
    os.environ.setdefault("MPLCONFIGDIR", str(Path(".snakemake", "matplotlib").absolute()))
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def prepare(
    root: Path,
    overlays: Sequence[Path],
    config_values: object,
    main_process: bool,
    cores: int,
    threads: int | None,
    dry_run: bool,
) -> Inputs:
    """Return the validated inputs; leave with one clear message and exit code 1 when anything is wrong.

    In the main process also checks GROMACS, Packmol, the results folder and the disk, and announces the runs; on a
    cluster `threads` says how many each has. A dry run is told of a disk that is too small, and goes on.
    """
    if config_values:
        sys.exit(CONFIG_REFUSED)
    try:
        inputs = load(root, overlays)
    except InputError as error:
        sys.exit(str(error))
    if main_process:
        if threads:
            cores = min(cores, threads * len(inputs.config.systems) * inputs.config.replicas)
        threads = threads or threads_per_run(inputs, cores)
        found = estimates(inputs, Path("work"), threads)
        problems, short = (
            [*_too_many_threads(inputs, cores), *surroundings(inputs, Path())],
            shortage(inputs, Path(), found),
        )
        if problems or (short and not dry_run):
            sys.exit("\n".join([*problems, *short]))
        plan = announcement(inputs, found, cores, threads)
        print(*short, plan, speed_remark(find_gmx()), sep="\n", file=sys.stderr)
    return inputs


def surroundings(inputs: Inputs, directory: Path) -> list[str]:
    """Return what is wrong with the programs and the folders that the runs would use, one message each."""
    messages: list[str | None] = []
    for find in (find_gmx, find_packmol):
        try:
            find()
        except (GromacsError, PackingError) as error:
            messages.append(str(error))
    messages += [_unwritable(directory / inputs.config.results), _unwritable(directory / "work")]
    return [message for message in messages if message]


def shortage(inputs: Inputs, directory: Path, found: Sequence[RunEstimate]) -> list[str]:
    """Return a message when the disk is too small for the runs that are not done yet."""
    results = directory / inputs.config.results
    missing = [one for one in found if not (results / one.system / f"r{one.replica}" / "traj.xtc").exists()]
    message = _too_small(directory / "work", sum(one.bytes for one in missing))
    return [message] if message else []


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


def lock_results(results: Path) -> tuple[IO[str], dict[str, Any]]:
    """Take the lock of the results folder, held as long as this process lives; leave with a message if it is taken.

    Also returns what the lock says of a start that did not end by itself.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        handle = (results / LOCK_NAME).open("a+")
    except OSError as error:
        sys.exit(f"{results}: cannot be written: {error.strerror}. Remedy: change its permissions or use --directory.")
    if (other := owner.user_of(handle, results / LOCK_NAME)) is not None:
        sys.exit(
            f"{results}: another Sheath works on this folder ({other}). Remedy: wait for it, or stop it with Ctrl-C in "
            f"its terminal; `./sheath status` shows what it does. When a crash ended it on another machine, this "
            f"command works {owner.FRESH_S:.0f} s after."
        )
    earlier = owner.read(handle)
    owner.write(handle, slurm_jobs=earlier.get("slurm_jobs"))
    return handle, earlier


def check_slurm(name: str) -> None:
    """Leave with a message when Slurm cannot be asked: nothing could be submitted."""
    if slurm.unfinished(name) is None:
        sys.exit(
            "Slurm does not answer: `squeue` fails or is not on the PATH. Remedy: run this on a login node of the "
            "cluster, or without --profile slurm, on this machine: snakemake --cores all. Nothing was started."
        )


def end_leftover_jobs(name: str) -> None:
    """End the Slurm jobs that a killed Snakemake left: nobody would see them end, and each run has one writer.

    Leaves with a message when they do not end.
    """
    jobs = slurm.unfinished(name)
    if not jobs:
        return
    print(
        f"Sheath: Slurm jobs of an earlier start are ended ({', '.join(jobs)}); the jobs of this start go on from "
        "their checkpoints.",
        file=sys.stderr,
    )
    slurm.cancel(jobs)
    end = time.monotonic() + LEFTOVER_LIMIT_S
    while slurm.unfinished(name) != {}:
        if time.monotonic() > end:
            sys.exit(f"Slurm does not end the jobs {', '.join(jobs)}. Remedy: `scancel` them and start again.")
        time.sleep(1)


def known(inputs: Inputs, system: str) -> str:
    """Return the name of a configured system; LookupError for another one, which a user may have typed as a target."""
    if system not in inputs.compositions:
        raise LookupError(f"no system `{system}` is configured. Remedy: name it under `systems:` in config.yaml")
    return system
