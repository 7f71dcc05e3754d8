"""The ./sheath command, as people type it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from workflow import command
from workflow.inputs.results_folder import LOCK_NAME
from workflow.progress import Progress
from workflow.workfolder import PROGRESS_FILE

ROOT = Path(__file__).resolve().parents[2]


def sheath(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ROOT / "sheath"), *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_check_tells_all_problems_at_once_and_runs_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("replicas: 0\ncutof_nm: 1\nlengths: {production_ns: -1}\n")
    done = sheath("check", "--configfile", str(bad), "--directory", str(tmp_path))
    assert done.returncode != 0
    assert all(word in done.stderr for word in ("replicas", "cutof_nm", "production_ns", "bad.yaml"))
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_check_of_good_inputs_shows_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0
    said = capsys.readouterr().out
    assert "40 Li, 40 TFSI" in said
    assert "All inputs are in order" in said


def told(folder: Path, **changes: object) -> None:
    """Write the progress of one run as its process would."""
    known = Progress("dol-dme-litfsi", 1, "results", 6165, 2, 1.2, 2.0, "production", 2500.0, 10000.0, ns_per_day=50.0)
    (folder / "work" / "abc").mkdir(parents=True, exist_ok=True)
    (folder / "work" / "abc" / PROGRESS_FILE).write_text(json.dumps(asdict(known) | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "production: 2.50 of 10.00 ns, 50.0 ns/day, 3.6 h left"),
        ({"pid": 2**22 + 1}, "stopped in stage production at 2500 of 10000 ps"),
        ({"host": "elsewhere", "updated_s": time.time() - 3600}, "stopped in stage production"),
    ],
)
def test_status_tells_running_from_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], words: str
) -> None:
    told(tmp_path, **({"pid": os.getpid(), "host": socket.gethostname()} | changes))
    assert command.main(["status", "--directory", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert words in said
    assert "[ec-dec-lipf6 r1] not started" in said


def test_status_quotes_the_reason_of_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results" / "ec-dec-lipf6" / "r1"
    folder.mkdir(parents=True)
    (folder / "failure.txt").write_text("Too many LINCS warnings\n")
    command.main(["status", "--directory", str(tmp_path)])
    assert "[ec-dec-lipf6 r1] failed: Too many LINCS warnings" in capsys.readouterr().out


def test_a_run_between_two_jobs_is_waiting_not_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(tmp_path, pid=2**22 + 1, stage="packing", asked_ps=0.0)
    folder = tmp_path / "results" / "dol-dme-litfsi" / "r1"
    folder.mkdir(parents=True)
    (folder / "packed.gro").write_text("packed")
    command.main(["status", "--directory", str(tmp_path)])
    assert "[dol-dme-litfsi r1] packed; equilibration waits" in capsys.readouterr().out
    told(tmp_path, pid=2**22 + 1, stage="npt", asked_ps=30.0)
    (folder / "equilibrated.gro").write_text("equilibrated")
    command.main(["status", "--directory", str(tmp_path)])
    assert "[dol-dme-litfsi r1] equilibrated; production waits" in capsys.readouterr().out


def test_a_report_before_the_first_run_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = sheath("report", "--directory", str(tmp_path))
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "nothing has run yet" in done.stderr and not list(tmp_path.iterdir())


def test_a_report_of_runs_that_failed_is_written_and_blocks_nothing(tmp_path: Path) -> None:
    failed = tmp_path / "results" / "dol-dme-litfsi" / "r1"
    failed.mkdir(parents=True)
    (failed / "failure.txt").write_text("packing: no room\n")
    assert sheath("report", "--directory", str(tmp_path)).returncode == 0
    assert "packing: no room" in (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "results" / LOCK_NAME).is_file()


def test_describe_hands_its_options_to_the_analysis(tmp_path: Path) -> None:
    done = sheath("describe", "--help")
    assert done.returncode == 0
    assert "--temperature" in done.stdout
    done = sheath("describe", "none.tpr", "none.xtc", "-o", str(tmp_path / "run.json"), "--temperature", "298")
    assert done.returncode == 2
    assert "none.tpr: there is no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_about_runs_from_elsewhere_needs_no_configuration(tmp_path: Path) -> None:
    absent, page = tmp_path / "absent.json", tmp_path / "page.html"
    done = sheath("report", str(absent), "-o", str(page), "--configfile", str(tmp_path / "none.yaml"))
    assert done.returncode == 2
    told = f"analysis: {absent}: cannot be read (No such file or directory). Remedy: describe the simulation first"
    assert done.stderr.startswith(told) and done.stderr.count("\n") == 1
    done = sheath("report", str(absent))
    assert done.returncode == 2
    assert "-o report.html" in done.stderr
    done = sheath("report", "-o", str(page))
    assert done.returncode == 2


def test_the_command_is_found_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").symlink_to(ROOT / "sheath")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sheath").symlink_to(Path("..") / "far")
    link = str(tmp_path / "bin" / "sheath")
    done = subprocess.run([link, "describe"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "./sheath describe" in done.stderr
    assert "python -m" not in done.stderr and "not installed" not in done.stderr


def test_a_reader_who_leaves_early_is_told_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [str(ROOT / "sheath"), "describe", "--help"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writing)
    assert done.stderr == b""


def test_the_help_says_what_becomes_of_given_runs() -> None:
    said = " ".join(sheath("report", "--help").stdout.split())
    assert "is compared with the first one given, runs of one system are replicas" in said


@pytest.mark.parametrize("stops", [True, False])
def test_ctrl_c_ends_the_analysis_without_a_traceback(tmp_path: Path, stops: bool) -> None:
    shim = tmp_path / "python"  # in place of the analysis: interrupts the command that started it, and stops or not
    shim.write_text(f"#!/bin/sh\nsleep 1\nkill -INT $PPID\nexec sleep {0.1 if stops else 60}\n")
    shim.chmod(0o755)
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"sys.executable = {str(shim)!r}; "
        "from workflow import command; command.INTERRUPT_S = 1.0; "
        "sys.exit(command.main(['describe', 'conf.gro', 'traj.xtc']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, start_new_session=True
    )
    assert (done.returncode, done.stderr) == (130, "")
