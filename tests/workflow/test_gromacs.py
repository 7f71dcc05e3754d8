"""Finding GROMACS, quoting its errors, reading its checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workflow import gromacs

OLD = "GROMACS version:    2019.6\nSIMD instructions:  AVX2_256\n"


def test_the_gromacs_here_is_found_and_new_enough() -> None:
    found = gromacs.find_gmx()
    assert int(found.version[:4]) >= gromacs.OLDEST_VERSION
    assert found.simd != "unknown"


def test_an_old_gromacs_is_refused_with_the_remedy() -> None:
    with pytest.raises(gromacs.GromacsError, match=r"2019\.6, too old.*2021 or newer.*Remedy"):
        gromacs._parse_version(Path("/opt/gmx"), OLD)


def test_versions_with_suffixes_and_mpi_builds_are_understood() -> None:
    text = "GROMACS version:    2022.5-Debian_2022.5_2\nMPI library:        MPI\nSIMD instructions:  SSE4.1\n"
    found = gromacs._parse_version(Path("/usr/bin/gmx_mpi"), text)
    assert (found.version, found.mpi, found.simd) == ("2022.5-Debian_2022.5_2", True, "SSE4.1")


def test_a_missing_gromacs_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SHEATH_GMX", raising=False)
    gromacs.find_gmx.cache_clear()
    try:
        with pytest.raises(gromacs.GromacsError, match=r"GROMACS is missing.*make install"):
            gromacs.find_gmx()
    finally:
        gromacs.find_gmx.cache_clear()


def test_grompp_failure_quotes_gromacs_own_words(tmp_path: Path) -> None:
    (tmp_path / "nvt.mdp").write_text("integrator = md\nrcoulomb = 1\nrcoulomb = 2\n")
    (tmp_path / "a.gro").write_text("one\n    1\n    1LI     LI    1   0.000   0.000   0.000\n 3.0 3.0 3.0\n")
    (tmp_path / "a.top").write_text("")
    path = os.environ["PATH"]
    with pytest.raises(gromacs.GromacsError, match=r"rcoulomb.*doubly defined"):
        gromacs.grompp(tmp_path, "nvt", tmp_path / "a.gro", tmp_path / "a.top")
    assert os.environ["PATH"] == path  # importing gromacswrapper leaves the user's PATH alone


def test_a_file_that_is_no_checkpoint_holds_no_step(tmp_path: Path) -> None:
    (tmp_path / "x.cpt").write_bytes(b"not a checkpoint" * 100)
    assert gromacs.checkpoint_step(tmp_path / "x.cpt") is None
    assert gromacs.checkpoint_step(tmp_path / "missing.cpt") is None


def test_fatal_message_takes_the_error_not_the_noise() -> None:
    text = "noise\n-------\nFatal error:\nToo many LINCS\nwarnings (1000)\n\nFor more information\n"
    assert gromacs.fatal_message(text) == "Too many LINCS warnings (1000)"
    assert gromacs.fatal_message("a\nb\n") == "a b"
