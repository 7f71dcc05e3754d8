"""How often a run was tried at the same place: twice, then it fails for good, whoever asks for it again.

Progress starts the count anew, so that a long run survives any number of accidents. What was given up is remembered
for one start of Snakemake: its retries then end at once, and the same command, given again, tries again.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from workflow.slurm import START_VARIABLE
from workflow.workfolder import write_text

MOST = 2


class Attempts:
    """The attempts at one step of one run, kept in a file."""

    def __init__(self, path: Path):
        self._path = path
        self._start = os.environ.get(START_VARIABLE)
        self._known: dict[str, Any] = {}
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = json.loads(path.read_text(encoding="utf-8"))
            if self._start and found["start"] == self._start:
                self._known = found

    @property
    def given_up(self) -> str | None:
        """Why this step was given up in this start of Snakemake, or None."""
        return str(self._known["reason"]) if self._known.get("count", 0) >= MOST else None

    def again(self, place: str, reason: str) -> bool:
        """Note that an attempt ended at a place; tell whether another one may be made."""
        count = self._known["count"] + 1 if self._known.get("place") == place else 1
        self._note(place, reason, count)
        return count < MOST

    def give_up(self, reason: str) -> None:
        """Note that trying again is of no use."""
        self._note("", reason, MOST)

    def forget(self) -> None:
        """Note that the step is done."""
        self._path.unlink(missing_ok=True)

    def _note(self, place: str, reason: str, count: int) -> None:
        self._known = {"start": self._start, "place": place, "reason": reason, "count": count}
        with suppress(OSError):  # on a full disk the reason of the failure is what must be told
            write_text(self._path, json.dumps(self._known, indent=1))
