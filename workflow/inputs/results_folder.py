"""The folder of the results: never one of the project's own, and previews keep to theirs."""

from __future__ import annotations

import os
from pathlib import Path

from workflow.inputs.fields import Fields
from workflow.inputs.problems import Problems
from workflow.inputs.tree import Scalar, Table, describe, read_table

# Folders of the project itself, into which results must never be written, whether or not they exist already.
TAKEN_FOLDERS = (
    "analysis",
    "docs",
    "forcefields",
    "profiles",
    "slurm",
    "sweeps",
    "systems",
    "tests",
    "work",
    "workflow",
)
LOCK_NAME = ".sheath.lock"  # every results folder holds one
PREVIEW_FILE = "preview.yaml"


def check_results_folder(fields: Fields, root: Path, base: Table, results: str, preview: bool) -> None:
    """Record a problem when results would be written where they must not.

    Parameters
    ----------
    fields, base
        The whole configuration, and `config.yaml` alone without what was laid over it.
    root, results, preview
        The project's folder, the name of the results' folder and whether the runs are previews.
    """
    if results.lower() in TAKEN_FOLDERS:
        fields.add("results", "this is a folder of the project itself", "Choose another name, such as `results`")
    elif (what := _in_the_way(root, results)) is not None:
        remedy = f"Choose another name, such as `{results}-2`, or move it away if it is yours"
        fields.add("results", f"{what} of this name exists and holds no results", remedy)
    elif preview:
        _check_apart_from_full_length(fields, base, results)
    elif results.lower() == _folder_of_previews(root):
        remedy = f"Choose another name, such as `results`, or lay {PREVIEW_FILE} over config.yaml"
        fields.add("results", f"this is the folder of the previews ({PREVIEW_FILE})", remedy)


def _in_the_way(root: Path, results: str) -> str | None:
    """What stands in the project's folder under this name without being a folder for results."""
    for entry in sorted(root.iterdir()):
        if entry.name.lower() != results.lower():
            continue
        if not entry.is_dir():
            return "a file"
        # An empty folder may be a link to a large disk, made for the results.
        if os.access(entry, os.R_OK | os.X_OK) and not (entry / LOCK_NAME).exists() and any(entry.iterdir()):
            return "a folder"
    return None


def _check_apart_from_full_length(fields: Fields, base: Table, results: str) -> None:
    preview, folder = base.entries.get("preview"), base.entries.get("results")
    laid_over = preview is not None and describe(preview) != "true"
    if results == "results" or (laid_over and folder is not None and describe(folder) == results):
        remedy = "Choose a folder of its own, such as `results: preview`"
        fields.add("results", "a preview must not share a folder with a run of full length", remedy)


def _folder_of_previews(root: Path) -> str | None:
    """The folder that the project's own preview uses; whatever is wrong in its file is told when it is used."""
    path = root / PREVIEW_FILE
    table = read_table(path, Problems(root)) if path.is_file() else None
    folder = table.entries.get("results") if table is not None else None
    return folder.text.lower() if isinstance(folder, Scalar) else None
