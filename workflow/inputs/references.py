"""The entries of references.bib: where the parameters come from, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from workflow.inputs.molecule_files import BIB_KEY, FORCE_FIELD


def bibtex_of(root: Path, keys: Iterable[str]) -> dict[str, str]:
    """Return key -> BibTeX entry of these keys; a DOI, which also may be a source, has no entry there."""
    text = (root / FORCE_FIELD / "references.bib").read_text(encoding="utf-8")
    entries = {}
    for chunk in re.split(r"^(?=\s*@\w+\s*\{)", text, flags=re.MULTILINE):
        if found := BIB_KEY.match(chunk):
            entries[found[1]] = re.sub(r"^%.*$", "", chunk, flags=re.MULTILINE).strip()
    return {key: entries[key] for key in sorted(set(keys)) if key in entries}
