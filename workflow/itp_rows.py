"""Rows of GROMACS `.itp` files with the place where each stands, `#include`s of the same folder read in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.problems import Place, Problems

LARGEST = 1e12  # no parameter in nm, kJ/mol or degrees comes near
_HEADER = re.compile(r"\[\s*([A-Za-z0-9_]+)\s*\]", re.ASCII)
_INCLUDE = re.compile(r"#\s*include\s+[\"<]([^\"<>]*)[\">]")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One line as it is written, with its line break, and its place."""

    text: str
    place: Place


@dataclass(frozen=True)
class Row:
    """The fields of one line of data, the section it belongs to and its place."""

    section: str
    fields: tuple[str, ...]
    place: Place


def number(text: str) -> float:
    """A decimal number as GROMACS reads it. Raises ValueError for anything else: nan, inf, 1e999, 1_0, 1,5."""
    if not _NUMBER.fullmatch(text) or abs(float(text)) > LARGEST:
        raise ValueError(f"`{text}` is not a number" if not _NUMBER.fullmatch(text) else f"`{text}` is far too large")
    return float(text)


def whole(text: str) -> int:
    """A whole number in plain digits. Raises ValueError for anything else."""
    if not re.fullmatch(r"[-+]?[0-9]{1,9}", text, re.ASCII):
        raise ValueError(f"`{text}` is not a whole number")
    return int(text)


def read_text(path: Path, problems: Problems) -> str | None:
    """The text of a file; None, and a problem, when it is missing, a folder, unreadable or not UTF-8."""
    whole_file = Place(path, 0)
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        problems.add(whole_file, "", None, "the file does not exist", "Add it")
    except IsADirectoryError:
        problems.add(whole_file, "", None, "this is a folder, not a file", "Put a text file of this name there")
    except OSError as error:
        problems.add(whole_file, "", None, f"the file cannot be read ({error.strerror})", "Check its permissions")
    except UnicodeDecodeError as error:
        place = Place(path, data[: error.start].count(b"\n") + 1)
        problems.add(place, "", None, "the file is not UTF-8 text", "Save it in the encoding UTF-8")
    return None


def read_lines(path: Path, problems: Problems) -> tuple[Line, ...]:
    """All lines of a file; what it includes stands in place of the `#include`.

    Only a `.itp` file that lies in the same folder can be included: those are the files whose content decides
    whether a run may continue (`workflow.inputs.identity`), and a molecule's folder has to be complete by itself.
    """
    return tuple(_lines(path, problems, (path.name,)))


def _lines(path: Path, problems: Problems, above: tuple[str, ...]) -> list[Line]:
    text = read_text(path, problems)
    found: list[Line] = []
    # GROMACS ends a line at a line feed only; Python's splitlines would also at characters that it reads on over.
    for number_of_line, line in enumerate((text or "").rstrip("\n").split("\n"), 1):
        place = Place(path, number_of_line)
        code = line.partition(";")[0].strip()
        if not code.startswith("#"):
            found.append(Line(f"{line}\n", place))
            continue
        match = _INCLUDE.fullmatch(code)
        if match is None:
            remedy = "Delete this line: keep the lines that you mean and write every value out"
            problems.add(
                place, "line", code, "the preprocessor is not used here, so that what stands is what runs", remedy
            )
        elif _may_be_included(match[1], place, problems, above):
            found += _lines(path.parent / match[1], problems, (*above, match[1]))
    return found


def _may_be_included(name: str, place: Place, problems: Problems, above: tuple[str, ...]) -> bool:
    folder = place.file.parent
    remedy = f"Copy that file into {folder.name}/ and include it by its name, or paste its lines here"
    if not _is_inside(folder, name):
        problems.add(place, "#include", name, "an include must lie in the molecule's folder itself", remedy)
    elif not name.endswith(".itp"):
        problems.add(place, "#include", name, "only .itp files can be included", "Rename it to end in .itp")
    elif name in above:
        problems.add(place, "#include", name, "the file includes itself", "Delete this line")
    else:
        return True
    return False


def _is_inside(folder: Path, name: str) -> bool:
    """Whether a name means a file that itself, not only a link to it, lies in the folder."""
    if not name.isprintable() or not name or "/" in name or "\\" in name:
        return False
    try:
        return (folder / name).resolve().parent == folder.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return False


def read_rows(path: Path, problems: Problems) -> tuple[Row, ...]:
    """The rows of an itp file in order, comments and empty lines dropped; what cannot be read becomes a problem."""
    rows: list[Row] = []
    section = ""
    for line in read_lines(path, problems):
        code = line.text.partition(";")[0].strip()
        if not code:
            continue
        header = _HEADER.fullmatch(code)
        if header is not None:
            section = header[1].lower()
        elif code.startswith("["):
            problems.add(line.place, "line", code, "this is no section header", "Write `[ name ]` alone in its line")
        elif code.endswith("\\"):
            problems.add(line.place, "line", code, "a line cannot be continued", "Write it in one line, without `\\`")
        elif not section:
            problems.add(
                line.place, "line", code, "this stands before the first section", "Write `[ section ]` above it"
            )
        else:
            rows.append(Row(section, tuple(code.split()), line.place))
    return tuple(rows)
