"""The only place that starts GROMACS: finds `gmx`, checks its version, runs tools through gromacswrapper.

gromacswrapper takes seconds to import and asks every `gmx*` on the PATH for its commands, so it is
imported on first use only and shown a folder that holds nothing but the GROMACS in use.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from workflow import processor

LOGGER = logging.getLogger("sheath")
NATIVE = Path(__file__).parents[1] / ".gromacs"  # where `make gromacs-native` installs
OLDEST_VERSION = 2021  # first release with the C-rescale barostat
ERROR_HEADINGS = (
    "Fatal error",
    "Software inconsistency error",
    "Error in user input",
    "Inconsistency in user input",
    "File input/output error",
    "Range checking error",
    "System I/O error",
)
DRIVERS = ("gmx", "gmx_mpi", "gmx_d", "gmx_mpi_d")


class GromacsError(Exception):
    """GROMACS is missing, too old, or one of its tools failed; the text quotes GROMACS' own words."""


@dataclass(frozen=True)
class Gmx:
    """The GROMACS in use: its program, version and what it was built for."""

    path: Path
    version: str
    simd: str
    mpi: bool  # a library-MPI build takes no -ntmpi


def on_path() -> str | None:
    """Return the first GROMACS program on the PATH."""
    return next(filter(None, map(shutil.which, DRIVERS)), None)


@cache
def find_gmx() -> Gmx:
    """Return the GROMACS named by SHEATH_GMX, the one built by `make gromacs-native`, or the first on the PATH.

    Raises GromacsError when there is none, when it is older than 2021, or when it was built for another processor.
    """
    wanted = os.environ.get("SHEATH_GMX")
    if not wanted and (NATIVE / "bin" / "gmx").is_file():
        try:
            return _ask(str(NATIVE / "bin" / "gmx"))
        except GromacsError as error:
            # A clone on a disk that machines share: those that cannot run the build use what they have.
            if on_path() is None:
                raise
            LOGGER.warning("%s Until then the GROMACS on the PATH is used.", error)
    found = shutil.which(wanted) if wanted else on_path()
    if found is None:
        where = f"SHEATH_GMX={wanted} is not a program" if wanted else "no gmx or gmx_mpi is on the PATH"
        raise GromacsError(
            f"GROMACS is missing: {where}. Remedy: run `make install`, or load your GROMACS module "
            "(version 2021 or newer), and start again."
        )
    return _ask(found)


def _ask(program: str) -> Gmx:
    """Return what a GROMACS tells of itself. Raises GromacsError when it cannot be used here."""
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GromacsError(f"GROMACS cannot be started: {program}: {error}. Remedy: reinstall it.") from error
    if answer.returncode == -signal.SIGILL:
        raise _for_another_processor(program, "it ends with an illegal instruction")
    found = _parse_version(Path(program), answer.stdout + answer.stderr)
    if lacking := processor.lacking(found.simd, processor.flags()):
        raise _for_another_processor(program, f"built for {found.simd}, which needs {', '.join(lacking)}")
    return found


def _for_another_processor(program: str, why: str) -> GromacsError:
    remedy = "on a machine of this kind run `make gromacs-native` in a clone of its own"
    if not program.startswith(str(NATIVE)):
        remedy += ", load a GROMACS module for this machine, or set SHEATH_GMX to another gmx"
    return GromacsError(
        f"GROMACS at {program} was built for another processor than {processor.name()}: {why}. Remedy: {remedy}."
    )


def speed_remark(gmx: Gmx) -> str:
    """Return which GROMACS is used and, when a build for this processor would be faster, how to get it."""
    text = f"GROMACS {gmx.version} ({gmx.path}), built for {gmx.simd}"
    if not processor.is_slow(gmx.simd, processor.flags()):
        return text
    return (
        f"{text}\n  warning: this processor ({processor.name()}) has {processor.widest(processor.flags())}: a build "
        "for it is up to 2.5 times faster. Remedy: `make gromacs-native` (about 20 minutes on 2 cores), or a GROMACS "
        "module made for this machine"
    )


def _parse_version(path: Path, text: str) -> Gmx:
    version = re.search(r"GROMACS version:\s*(?:VERSION\s*)?(\S+)", text)
    year = re.match(r"\d+", version.group(1)) if version else None
    if version is None or year is None:
        raise GromacsError(f"GROMACS at {path} does not tell its version. Remedy: reinstall it.")
    if int(year.group()) < OLDEST_VERSION:
        raise GromacsError(
            f"GROMACS at {path} is version {version.group(1)}, too old: Sheath needs {OLDEST_VERSION} or newer "
            "(C-rescale barostat). Remedy: load or install a newer one."
        )
    simd = re.search(r"SIMD instructions:\s*(\S+)", text)
    mpi = re.search(r"MPI library:\s*(\S+)", text)
    return Gmx(path, version.group(1), simd.group(1) if simd else "unknown", bool(mpi and mpi.group(1) == "MPI"))


@cache
def _wrapper() -> Any:
    """Import gromacswrapper once, showing it only the GROMACS in use."""
    gmx, path = find_gmx(), os.environ["PATH"]
    os.environ["GROMACSWRAPPER_SUPPRESS_SETUP_CHECK"] = "1"
    with tempfile.TemporaryDirectory(prefix="sheath-gmx-") as folder:
        (Path(folder) / gmx.path.name).symlink_to(gmx.path)
        os.environ["GMXBIN"] = folder
        os.environ["PATH"] = f"{gmx.path.parent}{os.pathsep}{path}"  # by its bare name, while it is imported
        try:
            import gromacs.tools
        finally:
            os.environ["PATH"] = path
    return gromacs.tools


def _command(tool: str) -> Any:
    """Return gromacswrapper's command for one GROMACS tool, bound to the GROMACS in use."""
    gmx = find_gmx()
    return _wrapper().tool_factory(tool.replace("-", "_").capitalize(), tool, str(gmx.path))(failure=None)


def run_tool(tool: str, log: Path, answer: str | None = None, **flags: Any) -> str:
    """Run one GROMACS tool to its end, append what it says to `log`, and return it.

    `flags` are GROMACS options without the dash; `answer` goes to standard input.
    Raises GromacsError with GROMACS' own message.
    """
    code, out, err = _command(tool)(
        input=answer, stdout=subprocess.PIPE, stderr=subprocess.PIPE, use_input=answer is not None, **flags
    )
    text = f"{out or ''}{err or ''}"
    with log.open("a") as handle:
        handle.write(f"\n$ gmx {tool} {flags}\n{text}")
    if code != 0:
        raise GromacsError(f"gmx {tool} failed (see {log}): {fatal_message(text)}")
    return text


def start_mdrun(log: Path, lock: IO[str], threads: int, **flags: Any) -> subprocess.Popen[str]:
    """Start mdrun in the background on `threads` OpenMP threads, its output appended to `log`.

    `lock` becomes its standard input: the flock on it lives as long as this mdrun does, even when the
    Python process that started it is killed, so that no second mdrun can write to the same files.
    """
    if not find_gmx().mpi:
        flags["ntmpi"] = 1
    os.environ["GMX_MAXBACKUP"] = "-1"
    os.environ["GMX_SUPPRESS_DUMP"] = "1"  # a system that blows up would leave step*.pdb in the working folder
    with log.open("a") as handle:
        process: subprocess.Popen[str] = _command("mdrun").Popen(
            stdin=lock, stdout=handle, stderr=handle, ntomp=threads, **flags
        )
    return process


def fatal_message(text: str) -> str:
    """Return GROMACS' own words about a fatal error, or the last lines that it printed."""
    errors = re.findall(r"(?:ERROR|WARNING) \d+ \[.*?\]:\n(.*?)\n\n", text, re.S)
    if errors:
        return " | ".join(" ".join(error.split()) for error in errors)
    found = re.findall(rf"(?:{'|'.join(ERROR_HEADINGS)}):\n(.*?)\n\n", text, re.S)
    if found:
        return " ".join(found[-1].split())  # a log also holds what earlier attempts said
    if warnings := re.findall(r"(Step .*LINCS WARNING\n.*\n.*)\n", text):  # all that is said before a crash
        return " ".join(warnings[-1].split())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-5:]) if lines else "it said nothing"


def checkpoint_step(checkpoint: Path) -> int | None:
    """Return the MD step that a checkpoint holds, or None when it is missing or unreadable."""
    if not checkpoint.is_file():
        return None
    command = [str(find_gmx().path), "-quiet", "dump", "-cp", str(checkpoint)]
    step = None
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            match = re.match(r"step = (\d+)", line)
            if match:
                step = int(match.group(1))
        code = process.wait()
    return step if code == 0 else None  # a damaged file is read to its end to be believed


def grompp(work: Path, stage: str, structure: Path, topology: Path, state: Path | None = None) -> Path:
    """Prepare `<work>/<stage>.tpr` from `<work>/<stage>.mdp`; any warning of grompp is an error.

    `state` is a checkpoint whose positions, velocities and box are taken at full precision.
    """
    tpr = work / f"{stage}.tpr"
    flags: dict[str, Any] = {
        "f": work / f"{stage}.mdp",
        "c": structure,
        "p": topology,
        "o": tpr,
        "po": work / f"{stage}.full.mdp",
    }
    if state is not None:
        flags["t"] = state
    run_tool("grompp", work / "gromacs.log", **flags)  # without -maxwarn, grompp fails on any warning
    return tpr
