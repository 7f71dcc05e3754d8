"""Bad surroundings: one clear message, no traceback, exit code not 0, nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end import harness

pytestmark = pytest.mark.slow

# Root may write anywhere. As root, the test becomes an ordinary user who may read everything (the interpreter
# may lie in root's home) but write only what is its own.
NOBODY = 65534
ORDINARY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # fmt: skip


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """Return an empty folder that belongs to an ordinary user."""
    folder = Path(tempfile.mkdtemp(prefix="sheath-test-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    shutil.rmtree(folder)
    shutil.rmtree(folder.with_name(folder.name + "-home"))


def as_ordinary_user(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    prefix = ORDINARY if os.geteuid() == 0 else []
    home = folder.with_name(folder.name + "-home")  # Snakemake keeps a cache there
    home.mkdir(exist_ok=True)
    if prefix:
        os.chown(home, NOBODY, NOBODY)
    return subprocess.run(
        [*prefix, *arguments], capture_output=True, text=True, timeout=harness.TIME_LIMIT_S, check=False,
        stdin=subprocess.DEVNULL, cwd=folder, env=os.environ | {"HOME": str(home)},
    )  # fmt: skip


def assert_one_message(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    output = done.stdout + done.stderr
    assert done.returncode != 0
    for part in parts:
        assert part in output, output
    assert "Traceback" not in output, output


def test_working_folder_that_one_may_not_write(ordinary_folder: Path) -> None:
    ordinary_folder.chmod(0o555)
    done = as_ordinary_user(harness.command(ordinary_folder), ordinary_folder)
    assert_one_message(done, "cannot be written", "--directory")


def test_results_folder_that_one_may_not_write(ordinary_folder: Path) -> None:
    for name in ("tiny", "work"):
        (ordinary_folder / name).mkdir()
    if os.geteuid() == 0:
        os.chown(ordinary_folder / "work", NOBODY, NOBODY)
    (ordinary_folder / "tiny").chmod(0o555)
    done = as_ordinary_user(harness.command(ordinary_folder), ordinary_folder)
    assert_one_message(done, "tiny: this folder cannot be written", "Nothing was started")
    assert list((ordinary_folder / "tiny").iterdir()) == []


def test_values_on_the_command_line_are_refused_with_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        [*harness.command(tmp_path), "--config", "replicas=3"], capture_output=True, text=True, check=False, timeout=60
    )
    assert_one_message(done, "--config is refused", "--configfile")


def test_bad_overlay_is_told_before_anything_runs(tmp_path: Path) -> None:
    bad = harness.overlay(tmp_path, "replicas: 0\ncutof_nm: 1.0\n")
    done = harness.run(tmp_path, "-n", overlays=(harness.TINY, bad))
    assert_one_message(done, "replicas", "cutof_nm", "cutoff_nm", bad.name)
    assert not (tmp_path / "work").exists()


def test_target_of_an_unknown_system_is_told_also_where_many_are_configured(tmp_path: Path) -> None:
    """With many systems Snakemake itself does not know their names (workflow/rules/common.smk)."""
    values = "{temperature_K: [" + ", ".join(str(280 + step) for step in range(60)) + "]}"
    many = f"systems: []\nsweeps:\n  - {{title: many, extends: dol-dme-litfsi, values: {values}}}\n"
    plan = [*harness.command(tmp_path, [harness.overlay(tmp_path, many)]), "-n"]
    planned = subprocess.run(plan, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.search(r"^produce +60$", planned.stdout, re.M), planned.stdout[-2000:]
    wrong = [*plan, "--", "results/nobody/r1/traj.xtc"]
    done = subprocess.run(wrong, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode != 0 and "no system `nobody` is configured" in done.stdout + done.stderr


@pytest.mark.parametrize("program", ["gmx", "packmol"])
def test_missing_program_is_told_before_anything_runs(tmp_path: Path, program: str) -> None:
    # A PATH with everything that the workflow needs but one program.
    folder = tmp_path / "bin"
    folder.mkdir()
    for path in (path for part in os.environ["PATH"].split(os.pathsep) for path in Path(part).glob("*")):
        if not path.name.startswith(program) and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    done = subprocess.run(
        [*harness.command(tmp_path), "-n"], capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"PATH": str(folder)},
    )  # fmt: skip
    assert_one_message(done, "is missing", "make install")


def test_packing_that_is_impossible_fails_with_the_remedy_and_the_report_says_so(tmp_path: Path) -> None:
    dense = harness.overlay(tmp_path, "packing_density_fraction: 1.4\n")
    done = harness.run(tmp_path, overlays=(harness.TINY, dense))
    assert_one_message(done, "Packmol cannot pack", "packing_density_fraction")
    assert "Packmol cannot pack" in (tmp_path / "tiny" / "report.html").read_text(encoding="utf-8")


def test_full_disk_loses_nothing(finished_copy: Path) -> None:
    """A run is made longer on a disk with room for a few frames; with room again the same command goes on."""
    disk = finished_copy.parent / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size for path in finished_copy.rglob("*") if path.is_file())
    script = Path(__file__).with_name("full_disk.sh")
    longer = harness.overlay(finished_copy, "lengths: {production_ns: 0.06}\n")
    namespace = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    command = harness.command(disk / "run", overlays=(harness.TINY, longer))
    done = subprocess.run(
        ["unshare", *namespace, "bash", str(script), str(disk), str(finished_copy), str(size), *command],
        capture_output=True, text=True, timeout=harness.TIME_LIMIT_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert "FIRST EXIT 1" in output, output
    assert "SECOND EXIT 0" in output, output
    first = output.split("FIRST EXIT")[0]
    assert "No space left" in first or "out of disk space" in first or "of disk are free" in first, first
    harness.assert_continuous(finished_copy.parent / "out.xtc", 60, 0.2)
