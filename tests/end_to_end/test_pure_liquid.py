"""A pure liquid from YAML to report: no salt, one molecule alone, measured values beside computed ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyedr
import pytest

from analysis.observables.dielectric import E_NM_IN_DEBYE, dielectric_constant
from analysis.read import load_reading
from tests.end_to_end import harness
from workflow import gromacs

pytestmark = pytest.mark.slow
OVERLAYS = (harness.TINY, harness.TINY.with_name("pure.yaml"))
RUN = Path("pure/pure-ec/r1")


@pytest.fixture(scope="module")
def pure_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the tiny pure liquid was run from nothing to its report."""
    folder = tmp_path_factory.mktemp("pure")
    done = harness.run(folder, overlays=OVERLAYS)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return folder


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"pure/pure-ec/observables/{name}.csv")


def value(folder: Path, name: str, quantity: str) -> float:
    rows = table(folder, name)
    return float(rows[rows.quantity == quantity].value.iloc[0])


def test_report_and_tables_know_of_no_cation(pure_run: Path) -> None:
    run = json.loads((pure_run / RUN / "run.json").read_text(encoding="utf-8"))
    assert run["cation"] is None and run["mixing_rule"] == "geometric"
    page = (pure_run / "pure/report.html").read_text(encoding="utf-8")
    assert "Pure liquids against experiment" in page and "Liquids without ions" in page
    assert table(pure_run, "rdf").empty and table(pure_run, "coordination").empty
    output = (pure_run / "output.txt").read_text(encoding="utf-8")
    assert "Traceback" not in output and "[pure-ec vapour r1] vapour:" in output


def test_the_liquid_is_dense_and_its_molecules_hold_together(pure_run: Path) -> None:
    # 47 molecules for 40 ps inside 0.7 nm: near the liquid, accuracy is the validation's business
    assert value(pure_run, "thermodynamics", "density") == pytest.approx(1321, rel=0.06)
    assert value(pure_run, "vaporisation", "heat_of_vaporisation") == pytest.approx(63, rel=0.12)
    assert value(pure_run, "dielectric", "molecular_dipole") == pytest.approx(5.4, abs=0.1)


def test_own_dipole_is_that_of_gmx_dipoles(pure_run: Path, tmp_path: Path) -> None:
    (tpr,) = (pure_run / "work").glob("*/production.tpr")
    files = {
        "o": tmp_path / "total.xvg",
        "eps": tmp_path / "eps.xvg",
        "a": tmp_path / "aver.xvg",
        "d": tmp_path / "d.xvg",
    }
    log = gromacs.run_tool(
        "dipoles", tmp_path / "log", answer="0\n", f=pure_run / RUN / "traj.xtc", s=tpr, temp=313.15, **files
    )
    theirs = np.loadtxt(files["o"], comments=["#", "@"])[:, 1:4]
    reading = load_reading(pure_run / RUN / "reading")
    assert reading.dipole_e_nm is not None
    np.testing.assert_allclose(reading.dipole_e_nm * E_NM_IN_DEBYE, theirs, atol=0.005)
    # g = 0 frames a sample: without our correction for the mean that is taken off, which gmx dipoles does not make
    ours, _ = dielectric_constant(reading.dipole_e_nm, reading.box_nm.prod(axis=1), 313.15, 1e-12)
    assert ours == pytest.approx(float(log.split("Epsilon =")[1].split()[0]), rel=1e-4)


def test_the_record_is_written_from_the_results(pure_run: Path, tmp_path: Path) -> None:
    from analysis.__main__ import main

    assert main(["validation", str(pure_run / "pure"), "--out", str(tmp_path / "record.md")]) == 0
    text = (tmp_path / "record.md").read_text(encoding="utf-8")
    assert text.count("| EC | geometric | 313.15 |") == 3 and "preview: not judged" in text


def test_a_longer_vapour_leaves_the_liquid_alone(pure_run: Path) -> None:
    before = (pure_run / RUN / "traj.xtc").stat()
    first = pyedr.edr_to_dict(str(pure_run / RUN / "vapour/energy.edr"))
    longer = harness.overlay(pure_run, "lengths: {vapour_ns: 0.15}\n")
    done = harness.run(pure_run, overlays=(*OVERLAYS, longer))
    assert done.returncode == 0, done.stdout + done.stderr
    after = (pure_run / RUN / "traj.xtc").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    second = pyedr.edr_to_dict(str(pure_run / RUN / "vapour/energy.edr"))
    assert second["Time"][-1] == pytest.approx(150.0)
    np.testing.assert_array_equal(second["Potential"][: len(first["Time"])], first["Potential"])
    rows = table(pure_run, "vaporisation")
    assert "0.15 ns" in rows[rows.quantity == "vapour_energy"].note.iloc[0]
