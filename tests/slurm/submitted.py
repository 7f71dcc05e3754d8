"""What the tests on a cluster share: `snakemake --profile slurm` in the background, and its jobs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end import harness
from tests.slurm.cluster import Cluster

RUN_JSON = str(harness.RUN / "run.json")
END_LIMIT_S = 540


def command(folder: Path, overlays: Sequence[Path], *extra: str, targets: Sequence[str] = (RUN_JSON,)) -> list[str]:
    """Return what a user types, for a working folder elsewhere, on nodes of two cores, asking Slurm often."""
    return [
        sys.executable, "-m", "snakemake", "--profile", "slurm", "--directory", str(folder),
        "--configfile", *map(str, overlays), "--set-threads", "equilibrate=1", "produce=1",
        "--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "5", *extra,
        *(["--", *targets] if targets else []),
    ]  # fmt: skip


@contextmanager
def started(
    cluster: Cluster, folder: Path, overlays: Sequence[Path], *extra: str, targets: Sequence[str] = (RUN_JSON,)
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the workflow in the background, its output in `<folder>/output.txt`; kill it in the end."""
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            command(folder, overlays, *extra, targets=targets),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=harness.ROOT,
            env=cluster.env,
        )  # fmt: skip
    try:
        yield process
    finally:
        harness.kill_session(process)


def assert_ends_well(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for the workflow's end; it must have done all that was asked."""
    assert process.wait(END_LIMIT_S) == 0, output_of(folder)


def output_of(folder: Path) -> str:
    """Return what the workflow printed, then what its simulation jobs told last."""
    logs = sorted(folder.glob("*/logs/*/*.log"))
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (folder / "output.txt", *logs)]
    return "\n".join(texts)


def running_job(cluster: Cluster) -> tuple[str, str]:
    """Return the only running job and its node."""
    (line,) = cluster.ask("squeue", "--noheader", "--states=RUNNING", "--format", "%i %N").splitlines()
    job, node = line.split()
    return job, node


def restarts(cluster: Cluster, job: str) -> int:
    """Return how often Slurm has put a job back into the queue."""
    words = cluster.ask("scontrol", "show", "job", job).split()
    return int(next(word for word in words if word.startswith("Restarts=")).split("=")[1])


def submissions(folder: Path) -> int:
    """Return how many jobs the workflow submitted."""
    return output_of(folder).count("has been submitted with SLURM jobid")


def longer(folder: Path, production_ns: float) -> tuple[Path, ...]:
    """Return the overlays of the tiny electrolyte with so long a production."""
    return harness.TINY, harness.overlay(folder, f"lengths: {{production_ns: {production_ns}}}\n")


def all_ended(cluster: Cluster) -> bool:
    """Tell whether no job waits or runs; False when Slurm does not answer."""
    with contextlib.suppress(subprocess.SubprocessError):
        return not cluster.ask("squeue", "--noheader").strip()
    return False
