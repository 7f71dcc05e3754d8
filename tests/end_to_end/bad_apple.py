"""Three replicas of which one cannot be simulated, and what must come out of that."""

from __future__ import annotations

import re
from pathlib import Path

from tests.end_to_end import harness

OVERLAY = "replicas: 3\n"
BAD, GOOD = "r2", "r3"


def prepare(folder: Path) -> tuple[Path, ...]:
    """Pack two more replicas beside a finished one and let the atoms of the first attract only; return the overlays."""
    overlays = (harness.TINY, harness.overlay(folder, OVERLAY))
    built = [harness.RUN.parent / replica / "system.top" for replica in (BAD, GOOD)]
    done = harness.run(folder, overlays=overlays, targets=list(map(str, built)))
    assert done.returncode == 0, done.stdout + done.stderr
    top = folder / built[0]
    # Without repulsion, charges fall into each other.
    top.write_text(re.sub(r"^(.* A \S+) \S+$", r"\1 0.0", top.read_text(encoding="utf-8"), flags=re.M))
    return overlays


def assert_fails_alone(folder: Path, returncode: int) -> None:
    """Assert that one replica failed after two attempts, that the others are whole, and that the report says so."""
    assert returncode != 0
    system = folder / harness.RUN.parent
    for replica in ("r1", GOOD):
        harness.assert_continuous(system / replica / "traj.xtc", 40, 0.2)
        assert (system / replica / "observables" / "rdf.csv").is_file()
    reason = (system / BAD / "failure.txt").read_text(encoding="utf-8")
    assert "tried twice" in reason
    assert "Remedy" in reason
    page = (folder / "tiny" / "report.html").read_text(encoding="utf-8")
    assert "tried twice" in page
    assert attempts(folder) == 2


def attempts(folder: Path) -> int:
    """Return how often mdrun was started in the work folder that came to nothing."""
    (log,) = [path for path in (folder / "work").glob("*/gromacs.log") if not any(path.parent.glob("production.gro"))
              and not (path.parent / "npt.gro").is_file() and (path.parent / "minimise.tpr").is_file()]  # fmt: skip
    return log.read_text(encoding="utf-8", errors="replace").count("gmx mdrun")
