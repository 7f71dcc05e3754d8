"""From YAML to report.html on real Packmol, grompp and mdrun."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pandas as pd
import pytest

from tests.end_to_end import harness

pytestmark = pytest.mark.slow


def test_run_from_nothing_ends_in_a_report(finished_run: Path) -> None:
    page = (finished_run / "tiny" / "report.html").read_text(encoding="utf-8")
    assert "dol-dme-litfsi" in page or "LiTFSI" in page
    harness.assert_continuous(finished_run / harness.RUN / "traj.xtc", 40, 0.2)


def test_announcement_names_days_and_runs_before_anything_else(finished_run: Path) -> None:
    output = (finished_run / "output.txt").read_text(encoding="utf-8")
    assert "days" in output
    assert "dol-dme-litfsi r1:" in output
    assert "40 ps production" in output


def test_progress_lines_tell_stage_speed_and_time_left(finished_run: Path) -> None:
    output = (finished_run / "output.txt").read_text(encoding="utf-8")
    assert "[dol-dme-litfsi r1] production:" in output
    assert "ns/day" in output


def test_liquid_is_neutral_dense_and_at_temperature(finished_run: Path) -> None:
    folder = finished_run / harness.RUN
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    charge = sum(species["count"] * sum(species["charges_e"]) for species in run["species"])
    assert abs(charge) < 1e-9
    universe = mda.Universe(str(folder / "conf.gro"))
    assert len(universe.atoms) == sum(species["count"] * len(species["masses_u"]) for species in run["species"])
    table = pd.read_csv(finished_run / "tiny/dol-dme-litfsi/observables/thermodynamics.csv")
    temperature = table[table.quantity == "temperature"].value.iloc[0]
    density = table[table.quantity == "density"].value.iloc[0]
    assert temperature == pytest.approx(298, abs=10)
    # 900 atoms for 40 ps: the packed box (60 % of this) must have become a liquid; accuracy is the demo's business
    assert density == pytest.approx(run["composition"]["predicted_density_kg_per_m3"], rel=0.10)


def test_lithium_sits_among_oxygens(finished_run: Path) -> None:
    table = pd.read_csv(finished_run / "tiny/dol-dme-litfsi/observables/rdf.csv")
    peaks = table[(table.quantity == "first_peak") & table.label.isin(["Li-O(DME)", "Li-O(DOL)", "Li-O(TFSI)"])]
    # With six cations one of the partners may stay without a contact; the table then says so.
    found = peaks[~peaks.note.fillna("").str.contains("beyond the contact distance")].value.dropna()
    assert len(found) >= 1
    # Few contacts in so small a box: the fitted place scatters by 0.01 nm; the second shell begins beyond 0.35 nm.
    assert np.all((found > 0.17) & (found < 0.25))


def test_preview_prints_no_diffusion_coefficient(finished_run: Path) -> None:
    table = pd.read_csv(finished_run / "tiny/dol-dme-litfsi/observables/diffusion.csv")
    assert table[table.quantity == "D"].value.isna().all()


def test_second_start_finds_nothing_to_do(finished_copy: Path) -> None:
    done = harness.run(finished_copy)
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout + done.stderr


def test_status_shows_the_finished_run(finished_run: Path) -> None:
    done = subprocess.run(
        [str(harness.ROOT / "sheath"), "status", "--configfile", str(harness.TINY), "--directory", str(finished_run)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "[dol-dme-litfsi r1] finished: 0.04 ns of production" in done.stdout
    assert "report.html" in done.stdout


def test_snakemakes_own_report_holds_the_whole_page(finished_copy: Path, tmp_path: Path) -> None:
    done = harness.run(finished_copy, "--report", str(tmp_path / "all.zip"))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = {Path(name).name: name for name in archive.namelist() if "/raw/" in name}
        assert archive.read(names["report.html"]) == (finished_copy / "tiny" / "report.html").read_bytes()
        (index,) = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("report.html")]
        assert b"verdicts and convergence light" in archive.read(index), "the caption"
    assert {"comparisons.csv", "claims.csv", "longer.csv"} <= set(names)


def test_all_results_can_be_read_by_other_users(finished_run: Path) -> None:
    """With the usual umask; a file that was made as a temporary one and renamed would be for its owner alone."""
    assert os.umask(0o022) & 0o044 == 0, "the tests themselves run with a umask that hides files"
    for path in [finished_run / "tiny", *(finished_run / "tiny").rglob("*")]:
        mode = path.stat().st_mode
        assert mode & stat.S_IROTH and mode & stat.S_IRGRP, path
        assert not path.is_dir() or (mode & stat.S_IXOTH and mode & stat.S_IXGRP), path


def test_nothing_is_written_outside_the_working_folder(tmp_path: Path) -> None:
    """Home, temporary folder and the project itself are as before; a part of the workflow runs, from elsewhere."""
    run, home, scratch = tmp_path / "scratch" / "run", tmp_path / "home", tmp_path / "tmp"
    for folder in (run, home, scratch):
        folder.mkdir(parents=True)
    before = _files_of_the_project()
    command = harness.command(run, targets=["tiny/dol-dme-litfsi/r1/equilibrated.gro"])
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(scratch), "XDG_CACHE_HOME": str(home / ".cache")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=harness.TIME_LIMIT_S, check=False, cwd=harness.ROOT,
        env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (run / "tiny" / "dol-dme-litfsi" / "r1" / "equilibrated.gro").is_file()
    assert sorted(path.name for path in run.iterdir() if path.name != ".snakemake") == ["tiny", "work"]
    # Locks of cores are shared by all runs of a user on a machine; everything else that was temporary is gone.
    assert [path.name for path in scratch.iterdir() if not path.name.startswith("sheath-cores-")] == []
    assert [path for path in home.rglob("*") if path.is_file() and "snakemake" not in path.parts[-2:-1]] == []
    assert _files_of_the_project() == before


def _files_of_the_project() -> set[str]:
    """Return the project's files without caches and environments; other tests write none either."""
    found = set()
    for folder, folders, files in os.walk(harness.ROOT):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in ("__pycache__", "work")]
        found |= {str(Path(folder) / file) for file in files}
    return found
