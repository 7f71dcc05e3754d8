"""Where and when the jobs of a run worked, and what they read: provenance.json, which the simulation leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE_NAME = "provenance.json"


def provenance_of(folder: Path) -> dict[str, Any]:
    """Return `jobs` and `inputs` of the run in a folder; both empty when nothing usable is there."""
    try:
        found = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        jobs = [one for one in found["jobs"] if isinstance(one, dict)]
        return {"jobs": jobs, "inputs": {str(name): str(digest) for name, digest in found["inputs"].items()}}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {"jobs": [], "inputs": {}}


def job_lines(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (step, where and when) of each job of a run, in the order of their beginnings."""
    return [(f"Job, {one.get('step')}", _told(one)) for one in run.get("provenance", {}).get("jobs", ())]


def _told(job: Mapping[str, Any]) -> str:
    slurm = f", Slurm job {job['slurm_job']}" if job.get("slurm_job") else ""
    end = f"{job['ended']}: {job.get('outcome')}" if job.get("ended") else "no end: killed, or at work"
    program = f", {job['gromacs']}" if job.get("gromacs") else ""
    return f"{job.get('host')}{slurm}, {job.get('threads')} threads{program}, {job.get('begun')} to {end}"


def input_lines(run: Mapping[str, Any]) -> dict[str, str]:
    """Return input file -> the first 16 digits of its SHA-256."""
    return {f"SHA-256 of {name}": digest[:16] for name, digest in run.get("provenance", {}).get("inputs", {}).items()}
