"""Which files of `analysis/` a module rests on: an edit to any of them makes its results anew."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

PACKAGE = "analysis"


def code_hash(root: Path, modules: Sequence[str]) -> str:
    """Return 16 hexadecimal digits that stand for the content of all files that some modules rest on.

    `report/*` are the files of a folder, whatever they hold, without what they import. A hash, not the files as inputs
    of the rules: Snakemake spends most of its planning on files.
    """
    folders = [name.removesuffix("/*") for name in modules if name.endswith("/*")]
    paths = [path for folder in folders for path in sorted((root / PACKAGE / folder).iterdir()) if path.is_file()]
    paths += import_closure(root, [name for name in modules if not name.endswith("/*")])
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def import_closure(root: Path, modules: Sequence[str]) -> list[Path]:
    """Return the files of the named modules (`read`, `observables/rdf`) and of all that they import, sorted."""
    wanted = [root / PACKAGE / f"{name}.py" for name in modules]
    found: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path not in found:
            found.add(path)
            wanted.extend(_imported(root, path))
    return sorted(found)


@cache
def _imported(root: Path, path: Path) -> tuple[Path, ...]:
    """Return the files of the package that one file imports, at any depth of its code."""
    return tuple(_found(root, path))


def _found(root: Path, path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            file = root / Path(*name.split(".")).with_suffix(".py")
            if name.split(".")[0] == PACKAGE and file.is_file():
                yield file
