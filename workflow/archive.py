"""`./sheath archive`: what a paper's repository needs, in one .tar.gz with the hash of every file.

Inputs, parameters and versions tell what ran; topologies, first and last structures, tables and the report what came
of it. The trajectories, most of the bytes, come along only when asked for. The same files give the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from workflow.inputs import Inputs
from workflow.inputs.molecule_files import FORCE_FIELD

PROJECT = ("config.yaml", "requirements.lock", "environment.yml", "CITATION.cff", "LICENSE", "CHANGELOG.md")
SUMMARIES = ("report.html", "comparisons.csv", "claims.csv", "longer.csv")
OF_A_RUN = (
    "run.json",
    "provenance.json",
    "composition.json",
    "system.top",
    "packed.gro",
    "equilibrated.gro",
    "conf.gro",
)
CURVES = ("equilibration.csv", "viscosity/pressure.npz", "vapour/energy.edr", "failure.txt")
TRAJECTORIES = ("traj.xtc", "energy.edr")
SUMS = "SHA256SUMS"
READ_ME = """\
{title}

inputs/   what was asked for: configuration, systems, molecules with their parameters, GROMACS' templates, versions
results/  what came of it: the report, comparisons, and for each system its tables; for each replica run.json (versions,
          seeds, hashes), topology, first and last structure{more}
Every file is in {sums}: `sha256sum -c {sums}`.
Made by Sheath {version}. {missing}
"""


class ArchiveError(Exception):
    """An archive cannot be written; the text says why and what to do."""


def contents(inputs: Inputs, directory: Path, trajectories: bool) -> list[tuple[str, Path]]:
    """Return (name in the archive, file) of all that belongs there and exists, in the order of the names.

    Links and whatever else is no regular file are left out: an archive holds nothing from elsewhere.
    """
    found = [*_of_the_project(inputs), *_of_the_results(inputs, directory, trajectories)]
    return sorted((name, path) for name, path in found if _is_file(path))


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _of_the_project(inputs: Inputs) -> Iterator[tuple[str, Path]]:
    root = inputs.root
    paths = [root / name for name in PROJECT]
    paths += sorted((root / "systems").glob("*.yaml")) + sorted((root / "workflow" / "mdp").glob("*.mdp"))
    paths += [root / FORCE_FIELD / name for name in ("references.bib", "CHANGELOG.md")]
    used = {molecule.folder for system in inputs.systems for molecule in inputs.molecules_of(system).values()}
    for folder in sorted(used):
        paths += sorted(folder.iterdir())
    yield from ((f"inputs/{path.relative_to(root).as_posix()}", path) for path in paths)
    for path in inputs.config_files[1:]:
        yield f"inputs/overlays/{path.name}", path


def _of_the_results(inputs: Inputs, directory: Path, trajectories: bool) -> Iterator[tuple[str, Path]]:
    results = directory / inputs.config.results
    for name in SUMMARIES:
        yield f"results/{name}", results / name
    for system in inputs.config.systems:
        tables = [path.relative_to(results) for path in sorted((results / system / "observables").glob("*.csv"))]
        for replica in range(1, inputs.config.replicas + 1):
            folder = Path(system, f"r{replica}")
            names = (*OF_A_RUN, *CURVES, *(TRAJECTORIES if trajectories else ()))
            tables += [folder / name for name in names]
            tables += [path.relative_to(results) for path in sorted((results / folder / "observables").glob("*.csv"))]
        yield from ((f"results/{path.as_posix()}", results / path) for path in tables)


def unfinished(inputs: Inputs, directory: Path) -> list[str]:
    """Return the configured runs that have no run.json."""
    results = directory / inputs.config.results
    return [
        f"{system} r{replica}"
        for system in inputs.config.systems
        for replica in range(1, inputs.config.replicas + 1)
        if not (results / system / f"r{replica}" / "run.json").is_file()
    ]


def write(inputs: Inputs, directory: Path, out: Path, trajectories: bool, version: str) -> list[tuple[str, Path]]:
    """Write the archive, whole or not at all, and return what it holds.

    Raises ArchiveError when the file exists or there is nothing to archive, OSError when it cannot be written.
    """
    files = contents(inputs, directory, trajectories)
    if out.exists() or out.is_symlink():
        raise ArchiveError(f"{out}: this file exists. Remedy: name another one, or move it away.")
    if not any(name.startswith("results/") for name, _ in files):
        raise ArchiveError(
            f"{directory / inputs.config.results}: there are no results yet. Remedy: run Snakemake first."
        )
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("wb") as raw:
            _write(raw, _top_folder(out), files, _read_me(inputs, directory, trajectories, version))
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return files


def _top_folder(out: Path) -> str:
    return out.name.partition(".")[0] or "archive"


def _write(raw: BinaryIO, top: str, files: list[tuple[str, Path]], read_me: str) -> None:
    sums = []
    # no times and no owners: the same files give the same bytes
    with (
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for name, path in files:
            with path.open("rb") as stream:
                size, digest = path.stat().st_size, hashlib.sha256()
                tar.addfile(_entry(f"{top}/{name}", size), _Hashed(stream, digest))
                sums.append(f"{digest.hexdigest()}  {name}\n")
        sums.append(f"{hashlib.sha256(read_me.encode()).hexdigest()}  README\n")
        for name, text in (("README", read_me), (SUMS, "".join(sums))):
            tar.addfile(_entry(f"{top}/{name}", len(text.encode())), io.BytesIO(text.encode()))


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, stream: BinaryIO, digest: hashlib._Hash) -> None:
        self._stream, self._digest = stream, digest

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self._digest.update(data)
        return data


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


def _read_me(inputs: Inputs, directory: Path, trajectories: bool, version: str) -> str:
    missing = unfinished(inputs, directory)
    more = ", trajectory and energies" if trajectories else "; the trajectories are not here"
    told = f"Not finished when this was made: {', '.join(missing)}." if missing else ""
    title = json.dumps([inputs.systems[name].title for name in inputs.config.systems], ensure_ascii=False)
    return READ_ME.format(title=title, sums=SUMS, version=version, missing=told, more=more)
