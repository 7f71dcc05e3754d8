"""Finding GROMACS, quoting its errors, reading its checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow import gromacs, processor

REAL = gromacs.on_path()
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


@pytest.fixture
def fresh_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """No SHEATH_GMX, no build of our own, the search not remembered; returns a folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SHEATH_GMX", raising=False)
    monkeypatch.setattr(gromacs, "NATIVE", tmp_path / ".gromacs")
    gromacs.find_gmx.cache_clear()
    yield tmp_path
    gromacs.find_gmx.cache_clear()


def program(path: Path, simd: str, ends: str = "exit 0") -> Path:
    """Write a program that answers as GROMACS does when asked for its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'GROMACS version:    2022.5'\necho 'SIMD instructions:  {simd}'\n{ends}\n")
    path.chmod(0o755)
    return path


def test_the_build_for_this_machine_goes_before_the_path_and_sheath_gmx_before_both(
    fresh_search: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(fresh_search / "gmx", "SSE2")
    native = program(fresh_search / ".gromacs" / "bin" / "gmx", "SSE4.1")
    assert gromacs.find_gmx().path == native
    gromacs.find_gmx.cache_clear()
    monkeypatch.setenv("SHEATH_GMX", str(fresh_search / "gmx"))
    assert gromacs.find_gmx().simd == "SSE2"


def test_a_build_for_another_processor_is_refused_or_passed_over_with_the_remedy(
    fresh_search: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(processor, "flags", lambda: frozenset({"sse2", "sse4_1"}))
    program(fresh_search / ".gromacs" / "bin" / "gmx", "AVX2_256")
    with pytest.raises(gromacs.GromacsError, match=r"built for another processor.*avx2, fma.*Remedy.*gromacs-native"):
        gromacs.find_gmx()
    on_path = program(fresh_search / "gmx", "SSE4.1")
    assert gromacs.find_gmx().path == on_path
    assert "built for another processor" in caplog.text and "on the PATH is used" in caplog.text
    gromacs.find_gmx.cache_clear()
    monkeypatch.setenv("SHEATH_GMX", str(program(fresh_search / "ill", "SSE4.1", "kill -ILL $$")))
    with pytest.raises(gromacs.GromacsError, match=r"illegal instruction.*Remedy.*SHEATH_GMX"):
        gromacs.find_gmx()


def test_a_slow_build_is_told_with_the_remedy_and_a_fast_one_just_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "flags", lambda: frozenset({"sse2", "sse4_1", "avx", "avx2", "fma"}))
    slow, fast = (gromacs.Gmx(Path("/usr/bin/gmx"), "2022.5", simd, mpi=False) for simd in ("SSE4.1", "AVX2_256"))
    assert re.search(r"warning.*AVX2_256.*Remedy: `make gromacs-native`", gromacs.speed_remark(slow))
    assert gromacs.speed_remark(fast) == "GROMACS 2022.5 (/usr/bin/gmx), built for AVX2_256"


def test_a_missing_gromacs_is_told_in_one_sentence(fresh_search: Path) -> None:
    with pytest.raises(gromacs.GromacsError, match=r"GROMACS is missing.*make install"):
        gromacs.find_gmx()


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


# The real GROMACS behind the name and the answers of a build with MPI: such a build ends when -ntmpi is given.
MPI_BUILD = """\
#!/bin/sh
PATH=/usr/bin:/bin
echo "$*" >>{folder}/asked.txt
case " $* " in
    *" --version "*) {gmx} --version | sed 's/^MPI library: .*/MPI library:        MPI/'; exit ;;
esac
exec {gmx} "$@"
"""


def test_gmx_mpi_is_found_and_mdrun_is_one_process(fresh_search: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = fresh_search / "gmx_mpi"
    wrapper.write_text(MPI_BUILD.format(folder=fresh_search, gmx=REAL))
    wrapper.chmod(0o755)
    found = gromacs.find_gmx()
    assert found.path == wrapper and found.mpi
    with (fresh_search / "lock").open("a+") as lock:
        assert gromacs.start_mdrun(fresh_search / "log", lock, 3, s="none.tpr").wait(60) != 0
    asked = (fresh_search / "asked.txt").read_text().splitlines()[-1]
    assert "mdrun" in asked and "-ntomp 3" in asked and "-s none.tpr" in asked and "-ntmpi" not in asked
    assert "none.tpr" in (fresh_search / "log").read_text()
