"""Which files of `analysis/` a module rests on: an edit to any of them makes its results anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGE = "analysis"


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


def _imported(root: Path, path: Path) -> Iterator[Path]:
    """Yield the files of the package that one file imports, at any depth of its code."""
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
