"""Parts of a trajectory that were read by several processes, made into one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from analysis.part import Part
from analysis.run import Run
from analysis.unwrap import minimum_image


def join_pairs(folder: Path, n_parts: int, n_labels: int) -> None:
    """Put the files of close pairs of all parts one after the other into `pairs`; the parts' own folders go."""
    (folder / "pairs0").rename(folder / "pairs")
    for index in range(n_labels):
        with (folder / "pairs" / f"{index}.bin").open("ab") as joined:
            for part in range(1, n_parts):
                with (folder / f"pairs{part}" / f"{index}.bin").open("rb") as own:
                    shutil.copyfileobj(own, joined)
    for left in folder.glob("pairs[0-9]*"):
        shutil.rmtree(left)


def join_paths(com_path: Path, parts: Sequence[Part], run: Run) -> float:
    """Let the paths of each part begin where those of the part before end; return the largest step in box lengths.

    Each part was unwrapped from its own first frame, its drift taken out; between the last frame of one and the first
    of the next lies one minimum-image step as between any others, and the drift of the whole system in it goes too.
    """
    masses = np.repeat([species.mass_u for species in run.species], [species.count for species in run.species])
    shares = masses / masses.sum()
    com_nm = np.load(com_path, mmap_mode="r+")
    largest = max(part.largest_step for part in parts)
    shift = np.zeros_like(parts[0].end)
    for before, part in pairwise(parts):
        box = part.box_nm[0]
        step = minimum_image(part.start - before.end, box)
        largest = max(largest, float((np.abs(step) / box).max()))
        shift = before.end_steady + shift + step - shares @ step - part.start
        own = slice(part.first, part.first + part.time_ps.size)
        com_nm[own] += shift.astype(np.float32)
    com_nm.flush()
    return largest
