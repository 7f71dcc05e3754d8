"""provenance.json beside run.json: where and when each job of a run worked, and the hashes of the files it read.

run.json tells versions, seeds and hashes of the physics; what differs from one run of the same to the next stands here,
since a run.json that changes makes Snakemake measure again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workflow import slurm
from workflow.gromacs import GromacsError, find_gmx
from workflow.inputs import Inputs
from workflow.workfolder import write_text

LOGGER = logging.getLogger("sheath")
FILE_NAME = "provenance.json"
MOST_JOBS = 200  # the newest are kept: each line of a run in chunks is a job
DONE = "done"


@contextmanager
def recorded(out: Path, step: str, threads: int, inputs: Inputs, system: str) -> Iterator[None]:
    """Note a job in the folder of its run: when it began, and when and how it ended.

    A job that is killed leaves no end. That nothing can be written is told, and stops no simulation.
    """
    job: dict[str, Any] = {
        "step": step,
        "host": socket.gethostname(),
        "slurm_job": slurm.job_id(),
        "threads": threads,
        "begun": _now(),
        "ended": None,
        "outcome": None,
    }
    earlier = read(out)
    _write(out, earlier, job, {})
    outcome = DONE
    try:
        yield
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        job |= {"ended": _now(), "outcome": outcome, "gromacs": _program()}
        with suppress(OSError):  # a file that vanished meanwhile has no hash to tell
            earlier["inputs"] = input_hashes(inputs, system)
        _write(out, earlier, job, earlier["inputs"])


def read(out: Path) -> dict[str, Any]:
    """Return what is known of the jobs of a run: `jobs` and `inputs`; empty ones when the file cannot be read."""
    with suppress(OSError, ValueError):
        found = json.loads((out / FILE_NAME).read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("jobs"), list) and isinstance(found.get("inputs"), dict):
            return found
    return {"jobs": [], "inputs": {}}


def input_hashes(inputs: Inputs, system: str) -> dict[str, str]:
    """Return file -> SHA-256 of what a system is made of: configuration, its files, its molecules, the templates.

    Files of the project are named from its folder, others by their name alone.
    """
    root = inputs.root
    paths = [*inputs.config_files, *inputs.systems[system].files]
    for name, _ in inputs.compositions[system].counts:
        paths += sorted(path for path in inputs.molecules[name].folder.iterdir() if path.is_file())
    paths += sorted((root / "workflow" / "mdp").glob("*.mdp"))
    return {
        str(path.relative_to(root) if path.is_relative_to(root) else path.name): _sha256(path)
        for path in paths
        if path.is_file()
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _program() -> str | None:
    try:
        return str(find_gmx().path)
    except GromacsError:
        return None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _write(out: Path, earlier: dict[str, Any], job: dict[str, Any], inputs: dict[str, str]) -> None:
    jobs = [*earlier["jobs"], job][-MOST_JOBS:]
    try:
        write_text(out / FILE_NAME, json.dumps({"jobs": jobs, "inputs": inputs or earlier["inputs"]}, indent=1) + "\n")
    except OSError as error:
        LOGGER.warning("%s could not be written: %s", out / FILE_NAME, error)
