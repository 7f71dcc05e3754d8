"""What the end-to-end tests share: the real workflow in an empty folder, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).with_name("tiny.yaml")
RUN = Path("tiny/dol-dme-litfsi/r1")
TIME_LIMIT_S = 600


def command(folder: Path, overlays: Sequence[Path] = (TINY,), cores: int = 1, targets: Sequence[str] = ()) -> list[str]:
    """Return the snakemake command that a user would type, for a working folder elsewhere."""
    configs = ["--configfile", *map(str, overlays)] if overlays else []
    return [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder),
            "--cores", str(cores), *configs, *(["--", *targets] if targets else [])]  # fmt: skip


def run(folder: Path, *extra: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the workflow to its end and return what it printed."""
    return subprocess.run(
        [*command(folder, **options), *extra],  # type: ignore[arg-type]
        capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False, stdin=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip


def start(folder: Path, **options: object) -> subprocess.Popen[bytes]:
    """Start the workflow in the background, in a session of its own, its output in `<folder>/output.txt`."""
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            command(folder, **options),  # type: ignore[arg-type]
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=ROOT,
            # Tests that run in the background of a script ignore Ctrl-C, which what they start would inherit.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


def overlay(folder: Path, text: str) -> Path:
    """Write one more overlay and return its path."""
    path = folder / f"overlay{len(list(folder.glob('overlay*.yaml')))}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def processes(word: str, folder: Path) -> list[int]:
    """Return the ids of the processes whose program is `word` and whose working folder is `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if word.encode() in arguments[:3] and (entry / "cwd").resolve() == folder.resolve():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_for(condition: Callable[[], bool], limit_s: float = 120, step_s: float = 0.05) -> None:
    """Wait until a condition holds; fail when it never does."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "the condition waited for never came"
        time.sleep(step_s)


def production_work(folder: Path) -> Path:
    """Return the only work folder that holds a production."""
    (found,) = {path.parent for path in (folder / "work").glob("*/production.tpr")}
    return found


def halfway(folder: Path, frames: int) -> Callable[[], bool]:
    """Return a condition: production has a checkpoint and has written at least so many frames."""

    def reached() -> bool:
        for trajectory in (folder / "work").glob("*/production.xtc"):
            if trajectory.with_suffix(".cpt").is_file() and trajectory.stat().st_size > 0:
                return count_frames(trajectory) >= frames
        return False

    return reached


def count_frames(trajectory: Path) -> int:
    """Return the number of whole frames that can be read now, on a copy: the file is being written."""
    copy = trajectory.with_name("peek.xtc")
    shutil.copyfile(trajectory, copy)
    try:
        return len(times_and_positions(copy)[0])
    finally:
        copy.unlink()


def times_and_positions(trajectory: Path) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the time stamps in ps and the positions of every readable frame."""
    times, positions = [], []
    with mda.lib.formats.libmdaxdr.XTCFile(str(trajectory)) as frames:
        try:
            for frame in frames:
                times.append(frame.time)
                positions.append(frame.x.copy())
        except OSError:  # the last frame is being written
            pass
    return np.array(times, dtype=float), np.array(positions)


def assert_continuous(trajectory: Path, length_ps: float, interval_ps: float) -> None:
    """Assert that every frame from 0 to the end is there once: no gap, no double."""
    times, _ = times_and_positions(trajectory)
    expected = np.arange(round(length_ps / interval_ps) + 1) * interval_ps
    assert len(times) == len(expected)
    np.testing.assert_allclose(times, expected, atol=interval_ps / 100)


def kept_until_checkpoint(folder: Path) -> Path:
    """Copy what a killed production had written, to be compared with the finished trajectory."""
    copy = folder / "before.xtc"
    shutil.copyfile(production_work(folder) / "production.xtc", copy)
    return copy


def assert_resumed(folder: Path, before: Path, length_ps: float = 60) -> None:
    """Assert that the finished trajectory is continuous and begins with the frames that existed at the kill."""
    final = folder / RUN / "traj.xtc"
    assert_continuous(final, length_ps, 0.2)
    old, new = times_and_positions(before), times_and_positions(final)
    log = (production_work(folder) / "production.log").read_text(encoding="utf-8", errors="replace")
    assert "Restarting from checkpoint" in log
    # Frames after the last checkpoint are computed again, those before it are the very same bytes.
    same = [np.array_equal(old[1][i], new[1][i]) for i in range(len(old[0]))]
    assert sum(same) >= 10
    assert all(same[: same.index(False)] if False in same else same)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill a started workflow with everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
