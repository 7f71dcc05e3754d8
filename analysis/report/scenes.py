"""The box and the shells in 3D: structures for Mol*, described in MolViewSpec, and a picture of each."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.report.collect import Finished, records
from analysis.report.drawing import GREY, Styles
from analysis.report.formatting import number, with_interval
from analysis.report.pictures import ELEMENT_COLOURS, Atoms, picture

BOX = "box"
_OF_BOND = ("comp_id", "atom_id_1", "atom_id_2", "value_order")
_OF_ATOM = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id",
    "label_entity_id", "label_seq_id", "auth_seq_id", "Cartn_x", "Cartn_y", "Cartn_z",
)  # fmt: skip
_PM_PER_NM = 1000
_VIEWER = "static/molstar"


@dataclass(frozen=True)
class Scene:
    """One thing to look at: key, heading, caption, its picture as PNG, and what the viewer is given (packed)."""

    key: str
    heading: str
    caption: str
    png: str
    structure: str
    view: str


@dataclass(frozen=True)
class Seen:
    """All scenes of one system, or why there are none."""

    member: Finished
    scenes: tuple[Scene, ...]
    note: str = ""
    legend: tuple[tuple[str, str], ...] = ()


def seen_of(member: Finished, results_dir: Path, styles: Styles) -> Seen:
    """Return the scenes of one system from what its first replica left; a note where there are none."""
    path = results_dir / member.name / "r1" / "snapshot" / "snapshot.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if "note" in document:
            return Seen(member, (), str(document["note"]))
        scenes = [_box(member, document, styles)]
        scenes += [_shell(member, document, rank, styles) for rank in range(len(document["shells"]))]
    except OSError:
        return Seen(member, (), "no moment of this run was kept")
    except (ValueError, KeyError, TypeError, IndexError) as error:
        return Seen(member, (), f"{path.name} cannot be used: {type(error).__name__}: {error}")
    names = [str(species["name"]) for species in document["species"]]
    return Seen(member, tuple(scenes), legend=tuple((name, styles.get(name, (GREY, ""))[0]) for name in names))


def store_of(seen: Sequence[Seen]) -> dict[str, Any]:
    """Return what the page hands to the browser: the viewer and all scenes; nothing when there are none."""
    scenes = {one.key: {"structure": one.structure, "view": one.view} for each in seen for one in each.scenes}
    return {"viewer": viewer(), "scenes": scenes} if scenes else {}


def _box(member: Finished, document: Mapping[str, Any], styles: Styles) -> Scene:
    scene = document["box"]
    atoms = _atoms(document, scene, styles)
    edges_nm = np.array(scene.get("edges_pm", []), dtype=float) / _PM_PER_NM
    size = " × ".join(number(float(edge), 3) for edge in edges_nm)
    caption = f"All molecules at {number(scene['time_ps'], 6)} ps of the first replica, whole, centres inside the box"
    caption += f" of {size} nm." if size else "; its edges are not known."
    view = _view(document, atoms, ball_and_stick=False, extra=_edges(edges_nm))
    return _scene(f"{member.name}-{BOX}", "Box", caption, atoms, edges_nm, (), document, scene, view)


def _shell(member: Finished, document: Mapping[str, Any], rank: int, styles: Styles) -> Scene:
    scene = document["shells"][rank]
    atoms, label = _atoms(document, scene, styles), str(scene["label"])
    caption = f"{label}: {_share(member, label)}; as it occurred at {number(scene['time_ps'], 6)} ps. "
    caption += "Carbon has the colour of its species; dashed: contacts of the cation."
    contacts = [(int(a), int(b)) for a, b in scene["contacts"]]
    view = _view(document, atoms, ball_and_stick=True, extra=_contacts(atoms, contacts))
    key = f"{member.name}-shell-{rank + 1}"
    return _scene(key, f"Shell {rank + 1}: {label}", caption, atoms, np.empty(0), contacts, document, scene, view)


def _scene(
    key: str,
    heading: str,
    caption: str,
    atoms: Atoms,
    edges_nm: NDArray[np.float64],
    contacts: Sequence[tuple[int, int]],
    document: Mapping[str, Any],
    scene: Mapping[str, Any],
    view: dict[str, Any],
) -> Scene:
    drawn = picture(atoms, edges_nm, contacts, sticks=not heading.startswith("Box"))
    png = "data:image/png;base64," + base64.b64encode(drawn).decode("ascii")
    return Scene(key, heading, caption, png, packed(_mmcif(document, scene, atoms)), packed(json.dumps(view)))


def _share(member: Finished, label: str) -> str:
    """Return which share of the cations has a shell, as the table says it."""
    rows = member.scalars
    found = records(rows[(rows["quantity"] == "shell") & (rows["label"] == label) & rows["value"].notna()])
    if not found:
        return "its share is not in the tables"
    return f"share of the cations {with_interval(float(found[0]['value']), float(found[0]['error']))}"


def _atoms(document: Mapping[str, Any], scene: Mapping[str, Any], styles: Styles) -> Atoms:
    """Return the atoms of a scene, molecule by molecule."""
    kinds = [document["species"][index] for index in scene["molecules"]]
    bonds, first = [], 0
    for kind in kinds:
        bonds += [(first + a, first + b) for a, b in kind["bonds"]]
        first += len(kind["names"])
    return Atoms(
        xyz_nm=np.array(scene["xyz_pm"], dtype=float).reshape(first, 3) / _PM_PER_NM,
        elements=tuple(element for kind in kinds for element in kind["elements"]),
        species=tuple(kind["name"] for kind in kinds for _ in kind["names"]),
        colours={kind["name"]: styles.get(kind["name"], (GREY, ""))[0] for kind in kinds},
        bonds=tuple(bonds),
    )


def _token(text: str) -> str:
    """Return a name as a word of a CIF file."""
    word = re.sub(r"[^A-Za-z0-9]", "_", text) or "_"
    # these would begin a data name or another part of the file
    return f"m{word}" if re.match(r"_|(data|save|loop|stop|global)_", word, re.IGNORECASE) else word


def _mmcif(document: Mapping[str, Any], scene: Mapping[str, Any], atoms: Atoms) -> str:
    """Return a scene as mmCIF: each molecule a residue of a chain named like its species, bonds once per species."""
    kinds = [document["species"][index] for index in dict.fromkeys(scene["molecules"])]
    lines = ["data_scene", "loop_", "_entity.id", "_entity.type"]
    lines += [f"{_token(kind['name'])} non-polymer" for kind in kinds]
    bonds = [(kind, a, b) for kind in kinds for a, b in kind["bonds"]]
    if bonds:
        lines += ["#", "loop_", *(f"_chem_comp_bond.{name}" for name in _OF_BOND)]
        lines += [f"{_token(k['name'])} {_token(k['names'][a])} {_token(k['names'][b])} sing" for k, a, b in bonds]
    lines += ["#", "loop_", *(f"_atom_site.{name}" for name in _OF_ATOM)]
    place = 0
    for molecule, index in enumerate(scene["molecules"], start=1):
        kind = document["species"][index]
        comp = _token(kind["name"])
        for name, element in zip(kind["names"], kind["elements"], strict=True):
            x, y, z = 10 * atoms.xyz_nm[place]
            place += 1
            where = f"{x:.2f} {y:.2f} {z:.2f}"
            lines.append(f"HETATM {place} {element} {_token(name)} . {comp} {comp} {comp} . {molecule} {where}")
    return "\n".join([*lines, "#", ""])


def _view(document: Mapping[str, Any], atoms: Atoms, *, ball_and_stick: bool, extra: list[Any]) -> dict[str, Any]:
    """Return a scene in MolViewSpec: species in their colours; the structure's address is filled in by the page."""
    components = []
    for name, colour in atoms.colours.items():
        alone = sum(one == name for one in atoms.species) == 1 or not ball_and_stick
        kind = "ball_and_stick" if ball_and_stick else "spacefill"
        colours: list[Any] = [_node("color", {"color": colour})]
        if ball_and_stick and not alone:
            present = sorted({e for e, of in zip(atoms.elements, atoms.species, strict=True) if of == name} - {"C"})
            colours += [
                _node("color", {"color": ELEMENT_COLOURS[element], "selector": {"type_symbol": element}})
                for element in present
                if element in ELEMENT_COLOURS
            ]
        shown = _node("representation", {"type": kind}, colours)
        components.append(_node("component", {"selector": {"label_asym_id": _token(name)}}, [shown]))
    structure = _node("structure", {"type": "model"}, components)
    parsed = _node("parse", {"format": "mmcif"}, [structure])
    drawn = [_node("primitives", {}, extra)] if extra else []
    canvas = _node("canvas", {"background_color": "#ffffff"})
    root = _node("root", {}, [_node("download", {"url": "STRUCTURE"}, [parsed]), *drawn, canvas])
    return {"root": root, "metadata": {"version": "1", "timestamp": "1970-01-01T00:00:00.000Z"}}


def _node(kind: str, params: dict[str, Any], children: Sequence[Any] = ()) -> dict[str, Any]:
    node: dict[str, Any] = {"kind": kind}
    if params:
        node["params"] = params
    return node | ({"children": list(children)} if children else {})


def _tube(start_nm: Any, end_nm: Any, radius: float, **more: Any) -> dict[str, Any]:
    ends = {"start": _angstrom(start_nm), "end": _angstrom(end_nm)}
    return _node("primitive", {"kind": "tube", "radius": radius, "color": "#444444"} | ends | more)


def _angstrom(where_nm: Any) -> list[float]:
    return [round(10 * float(one), 2) for one in where_nm]


def _edges(edges_nm: NDArray[np.float64]) -> list[Any]:
    return [_tube(a * edges_nm, b * edges_nm, 0.15) for a, b in box_edges()] if edges_nm.size else []


def box_edges() -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the twelve edges of a box as pairs of corners, in box lengths."""
    corners = [np.array(one, dtype=float) for one in itertools.product((0, 1), repeat=3)]
    return [(a, b) for a, b in itertools.combinations(corners, 2) if np.abs(a - b).sum() == 1]


def _contacts(atoms: Atoms, contacts: Sequence[tuple[int, int]]) -> list[Any]:
    """Return the cation's contacts as dashed lines, with the names of the atoms that touch."""
    drawn, named = [], dict.fromkeys(one for pair in contacts for one in pair)
    for a, b in contacts:
        drawn.append(_tube(atoms.xyz_nm[a], atoms.xyz_nm[b], 0.04, dash_length=0.15))
    for one in named or {0: None}:
        alone = atoms.elements[one] == atoms.species[one]
        text = atoms.elements[one] if alone else f"{atoms.elements[one]} ({atoms.species[one]})"
        where = {"position": _angstrom(atoms.xyz_nm[one]), "label_size": 0.7, "label_color": "#111111"}
        drawn.append(_node("primitive", {"kind": "label", "text": text, "label_offset": 2} | where))
    return drawn


def packed(text: str) -> str:
    """Return a text compressed for the page, which unpacks it: gzip, then base64; the same text gives the same."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), mtime=0)).decode("ascii")


def viewer() -> dict[str, str]:
    """Return Mol* as its package carries it, packed: script and style; its licence is plain text."""
    folder = resources.files("molstar_cli") / _VIEWER
    script, style, licence, version = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("molstar.js", "molstar.css", "LICENSE.molstar", "VERSION")
    )
    return {"script": packed(script), "style": packed(style), "licence": licence, "version": version.strip()}
