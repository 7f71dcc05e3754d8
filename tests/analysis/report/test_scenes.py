"""What the page shows in 3D: structures that the viewer can read, pictures, and a word where there is nothing."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from analysis.report import build
from analysis.report.collect import collect
from analysis.report.palette import species_styles
from analysis.report.scenes import Seen, packed, seen_of, viewer
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, make_tables, write_system


def document(name: str = "DME") -> dict[str, Any]:
    """A snapshot of two molecules and a cation, as analysis/snapshot.py writes it."""
    species = [
        {"name": "Li", "role": "cation", "names": ["LI"], "elements": ["Li"], "bonds": []},
        {"name": name, "role": "solvent", "names": ["O1", "C'1"], "elements": ["O", "C"], "bonds": [[0, 1]]},
    ]
    xyz = [0, 0, 0, 200, 0, 0, 200, 140, 0, 0, 0, 200, 0, 140, 200]
    scene = {"time_ps": 60.0, "molecules": [0, 1, 1], "xyz_pm": xyz}
    shell = scene | {"label": "Li(DME)2", "contacts": [[0, 1], [0, 3]]}
    return {"schema": 1, "species": species, "box": scene | {"edges_pm": [3000, 3000, 3000]}, "shells": [shell]}


def write(folder: Path, content: str, title: str | None = None) -> Path:
    """Write a finished system with a snapshot."""
    run = make_run(ETHER, title=title)
    write_system(folder, run, make_tables(run))
    place = folder / ETHER / "r1" / "snapshot"
    place.mkdir()
    (place / "snapshot.json").write_text(content, encoding="utf-8")
    return folder


def seen(folder: Path) -> Seen:
    (member,) = collect(folder, [ETHER], 1).finished
    return seen_of(member, folder, species_styles([member]))


def unpacked(text: str) -> str:
    return gzip.decompress(base64.b64decode(text)).decode("utf-8")


def test_structures_hold_the_moment_in_angstrom_and_views_the_species_colours(tmp_path: Path) -> None:
    found = seen(write(tmp_path, json.dumps(document())))
    box, shell = found.scenes
    atoms = [line.split() for line in unpacked(box.structure).splitlines() if line.startswith("HETATM")]
    assert len(atoms) == 5 and atoms[2][2:6] == ["C", "C_1", ".", "DME"]
    assert [float(one) for one in atoms[2][-3:]] == [2.0, 1.4, 0.0]
    assert "DME O1 C_1 sing" in unpacked(shell.structure)
    view = unpacked(shell.view)
    assert dict(found.legend)["DME"] in view and '"O (DME)"' in view and "dash_length" in view
    assert json.loads(unpacked(box.view))["root"]["kind"] == "root"


def test_each_scene_has_a_picture_and_a_caption(tmp_path: Path) -> None:
    for scene in seen(write(tmp_path, json.dumps(document()))).scenes:
        picture = Image.open(io.BytesIO(base64.b64decode(scene.png.partition(",")[2])))
        assert picture.size == (640, 640)
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 3
        assert "60 ps" in scene.caption


def test_what_cannot_be_shown_is_told(tmp_path: Path) -> None:
    texts = {"note": json.dumps({"species": [], "note": "box <unknown>"}), "broken": "{", "strange": "[1]"}
    notes = {name: seen(write(tmp_path / name, text)).note for name, text in texts.items()}
    assert notes["note"] == "box <unknown>"
    assert "cannot be used" in notes["broken"] and "cannot be used" in notes["strange"]
    page = Page(build(tmp_path / "note", [ETHER], 1, tmp_path / "note" / "report.html"))
    assert page.find(data_unseen=ETHER)[0]["text"] == "box <unknown>"
    assert not page.find(id="scene-data"), "no viewer where there is nothing to see"


def test_a_hostile_name_is_no_part_of_a_structure(tmp_path: Path) -> None:
    found = seen(write(tmp_path, json.dumps(document("DME\nATOM 'x"))))
    assert all(re.fullmatch(r"[\x20-\x7e]*", line) for line in unpacked(found.scenes[0].structure).splitlines())
    assert unpacked(found.scenes[0].structure).count("DME_ATOM__x") > 2
    for name in ("<b>", "data_x", "loop_"):
        structure = unpacked(seen(write(tmp_path / name.strip("<>"), json.dumps(document(name)))).scenes[0].structure)
        assert not re.search(r" (_|data_|loop_)\w* ", structure.split("Cartn_z")[1]), "a name is no keyword"


def test_the_viewer_comes_from_its_package_with_its_licence(tmp_path: Path) -> None:
    given = viewer()
    assert "MIT License" in given["licence"] and len(unpacked(given["script"])) > 1_000_000
    assert packed("a") == packed("a")
    page = build(write(tmp_path, json.dumps(document())), [ETHER], 1, tmp_path / "report.html")
    first = page.read_bytes()
    assert build(tmp_path, [ETHER], 1, tmp_path / "again.html").read_bytes() == first
