"""What a report about given runs needs before anything is measured: names, places and runs that belong together."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from analysis.run import Run, RunError

PAGE_MARK = '<meta name="generator" content="Sheath">'
"""By this line, near its top, a page is known to be ours."""
_MARK_WITHIN = 4096
_BYTES = 65536  # several frames of a small box; a whole frame of a large one differs in its first coordinates
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
# What replicas share, beside their species.
_SHARED = ("temperature_K", "cation", "base", "preview")


def check_page(out: Path) -> None:
    """Refuse a place where no page can be written, and to replace anything but a page of ours.

    Raises:
        RunError: `out` is a folder, has another suffix, exists and is no page of ours, or cannot be written there.
    """
    if out.is_dir():
        raise RunError(f"{out}: is a folder. Remedy: -o {out / 'report.html'}")
    if out.suffix.lower() not in (".html", ".htm"):
        raise RunError(f"{out}: the report is an HTML page. Remedy: -o {out.with_suffix('.html')}")
    if out.exists() and not is_our_page(out):
        raise RunError(f"{out}: exists and is no report of Sheath; it is left as it is. Remedy: another name with -o")
    check_folder(out.parent, "-o")


def is_our_page(path: Path) -> bool:
    """Return whether a file is a report that this version, or a later one, wrote."""
    try:
        with path.open("rb") as stream:
            return PAGE_MARK.encode() in stream.read(_MARK_WITHIN)
    except OSError:
        return False


def check_folder(folder: Path, option: str) -> None:
    """Refuse a folder in which nothing can be written; it need not exist yet.

    Raises:
        RunError: it, or what it is to be made in, is a file or read-only.
    """
    existing = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    remedy = f"Remedy: another place with {option}"
    if not existing.is_dir():
        raise RunError(f"{existing}: is a file, not a folder. {remedy}")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise RunError(f"{existing}: nothing can be written there (read-only). {remedy}")


def check_name(run: Run, path: Path) -> None:
    """Refuse a system whose name is no plain name of a folder: it would be written elsewhere.

    Raises:
        RunError: see above.
    """
    if not _PLAIN_NAME.fullmatch(run.system):
        raise RunError(
            f"{path}: system = {run.system!r} cannot be the name of a folder. Remedy: letters, digits, _ . + and -, "
            "the first one a letter or digit"
        )


def check_outside(run: Run, path: Path, work: Path) -> None:
    """Refuse runs whose files lie in the work folder, where files are replaced and removed.

    Raises:
        RunError: see above.
    """
    for own in (path, run.folder / run.structure, *run.trajectory_paths):
        if own.resolve().is_relative_to(work.resolve()):
            raise RunError(f"{own}: lies in the work folder {work}, whose files are replaced. Remedy: --work FOLDER")


def check_distinct(runs: Sequence[tuple[Path, Run]]) -> None:
    """Refuse replicas that share a trajectory, or a part of one: they would count the same frames twice.

    Two files are the same when they are one place, or agree in size and in their first and last bytes.

    Raises:
        RunError: see above.
    """
    seen: dict[object, Path] = {}
    for path, run in runs:
        for part in dict.fromkeys(run.trajectory_paths):
            for mark in _marks(part):
                other = seen.setdefault(mark, path)
                if other != path:
                    raise RunError(
                        f"{other} and {path}: two replicas of {run.system} from the same trajectory ({part}). "
                        "Remedy: leave one of them out, or describe it again with its own trajectory"
                    )


def _marks(trajectory: Path) -> list[object]:
    """Return by what a file is known: its place, and its size with its first and last bytes when it has any."""
    place = trajectory.resolve()
    try:
        with place.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _BYTES))
            last = stream.read()
            stream.seek(0)
            return [place, (size, stream.read(_BYTES), last)] if size else [place]
    except OSError:
        return [place]  # reading it tells what is wrong


def check_alike(runs: Sequence[tuple[Path, Run]]) -> None:
    """Refuse replicas of one system that are not of one liquid under the same conditions.

    Raises:
        RunError: temperature, cation, base, preview, or names, counts, charges or sizes of the species differ.
    """
    (first, reference), *others = runs
    for path, run in others:
        for key, mine, theirs in _differences(reference, run):
            raise RunError(
                f"{first} and {path}: both are of {run.system}, but {key} is {mine} and {theirs}: not replicas. "
                "Remedy: describe one of them with another --system"
            )


def _differences(one: Run, other: Run) -> list[tuple[str, str, str]]:
    """Return (key, value, other value) of everything in which two runs differ that replicas share."""
    pairs = [(key, getattr(one, key), getattr(other, key)) for key in _SHARED]
    pairs.append(("species", _species(one), _species(other)))
    return [(key, _text(mine), _text(theirs)) for key, mine, theirs in pairs if mine != theirs]


def _species(run: Run) -> str:
    """Return "24 Li (+1 e, 1 atom)" and so on, in order of the names."""
    known = sorted(run.species, key=lambda one: one.name)
    return ", ".join(f"{one.count} {one.name} ({one.charge_e:+.4g} e, {one.n_atoms} atoms)" for one in known)


def _text(value: object) -> str:
    """Return a value of run.json for a message."""
    return f"{value:g}" if isinstance(value, float) else "not told" if value is None else str(value)
