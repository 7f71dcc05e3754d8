"""Three replicas of which one cannot be simulated, and what must come out of that."""

from __future__ import annotations

import re
from pathlib import Path

from tests.end_to_end import harness

OVERLAY = "replicas: 3\n"
BAD, GOOD = "r2", "r3"


def prepare(folder: Path) -> tuple[Path, ...]:
    """Pack two more replicas beside a finished one and make all angles of the first too stiff for any time step."""
    overlays = (harness.TINY, harness.overlay(folder, OVERLAY))
    built = [harness.RUN.parent / replica / "system.top" for replica in (BAD, GOOD)]
    done = harness.run(folder, overlays=overlays, targets=list(map(str, built)))
    assert done.returncode == 0, done.stdout + done.stderr
    top = folder / built[0]
    top.write_text(re.sub(r"(\[ angles \].*?)(?=\n\[|\Z)", stiffened, top.read_text(encoding="utf-8"), flags=re.S))
    return overlays


def stiffened(section: re.Match[str]) -> str:
    """Return a section of angles (i j k function theta0 k) with force constants a hundred times as large."""
    return re.sub(
        r"^((?: *\S+){4} +\d\S* +)(\d\S*)", lambda row: f"{row[1]}{100 * float(row[2])}", section[0], flags=re.M
    )


def assert_fails_alone(folder: Path, returncode: int) -> None:
    """Assert that one replica failed after two attempts, that the others are whole, and that the report says so."""
    assert returncode != 0
    system = folder / harness.RUN.parent
    for replica in ("r1", GOOD):
        harness.assert_continuous(system / replica / "traj.xtc", 40, 0.2)
        assert (system / replica / "observables" / "rdf.csv").is_file()
    reason = (system / BAD / "failure.txt").read_text(encoding="utf-8")
    # GROMACS gives up after a thousand warnings or crashes after the first, as the velocities will have it.
    for words in ("lincs warning", "gromacs.log", "tried twice", "the system blew up. remedy"):
        assert words in reason.lower(), reason
    assert not list(folder.glob("step*.pdb"))
    page = (folder / "tiny" / "report.html").read_text(encoding="utf-8")
    assert "lincs warning" in page.lower()
    assert attempts(folder) == 2


def attempts(folder: Path) -> int:
    """Return how often mdrun was started for the stage that failed."""
    (log,) = [path for path in (folder / "work").glob("*/gromacs.log") if (path.parent / "nvt.log").is_file()
              and not (path.parent / "npt.gro").is_file()]  # fmt: skip
    return len(re.findall(r"gmx mdrun .*/nvt\.tpr", log.read_text(encoding="utf-8", errors="replace")))
