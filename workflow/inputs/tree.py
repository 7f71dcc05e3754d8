"""Strict reading of YAML 1.2: every value keeps its file and line, and what could be misread is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as RawNode

from workflow.inputs.problems import Place, Problems

PLAIN_INT = re.compile(r"[-+]?[0-9]+")
PLAIN_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
PLAIN_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
PLAIN_NULL = ("", "~", "null", "Null", "NULL")
PLAIN_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

# Where one of several keys says the same thing, a later file that gives one of them replaces the others.
EXCLUSIVE_KEYS = (
    frozenset({"mol_per_L", "mol_per_L_solvent", "count"}),
    frozenset({"wt_percent", "count_like", "count"}),
    frozenset({"salt_pairs", "total_atoms"}),
)
# Mappings that mean something only as a whole: they are replaced by a later file, never mixed with it.
WHOLE_KEYS = frozenset({"ions"})

TAG_PREFIX = "tag:yaml.org,2002:"

Plain = None | bool | int | float | str


@dataclass(frozen=True)
class Scalar:
    """One value: what it means and how it was written."""

    value: Plain
    text: str
    place: Place


@dataclass(frozen=True)
class Items:
    """A list of values."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Table:
    """Keys with their values; `key_places` says where each key stands."""

    entries: Mapping[str, Node]
    key_places: Mapping[str, Place]
    place: Place


Node = Scalar | Items | Table


def read_table(path: Path, problems: Problems) -> Table | None:
    """Read one YAML file that holds keys; None, and a problem, when it cannot be read."""
    text = _read_text(path, problems)
    if text is None:
        return None
    try:
        raw = _composed(text)
    except (YAMLError, RecursionError, ValueError) as error:
        _add_unreadable(path, error, problems)
        return None
    if raw is None or not isinstance(raw, MappingNode):
        problems.add(Place(path, 1), "", None, "the file holds no keys", "Write it as `key: value` lines")
        return None
    before = len(problems)
    table = _convert(raw, _Source(path, _written_tags(text)), "", problems)
    return table if isinstance(table, Table) and len(problems) == before else None


@lru_cache(maxsize=256)
def _composed(text: str) -> RawNode | None:
    """The nodes of a YAML text; remembered, since a base is read again for each of its variants."""
    return YAML(typ="rt", pure=True).compose(text)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Source:
    """A file and the tags written in it, by line and column of the value they belong to."""

    path: Path
    tags: Mapping[tuple[int, int], str]

    def place(self, raw: RawNode) -> Place:
        return Place(self.path, raw.start_mark.line + 1)

    def tag(self, raw: RawNode) -> str | None:
        return self.tags.get((raw.start_mark.line, raw.start_mark.column))


@lru_cache(maxsize=256)
def _written_tags(text: str) -> Mapping[tuple[int, int], str]:
    """Where a tag is written out, as `!!str`: a node no longer tells it from the tag that its value implies."""
    if "!" not in text:
        return {}
    tags: dict[tuple[int, int], str] = {}
    for event in YAML(typ="rt", pure=True).parse(text):
        if getattr(event, "tag", None) is not None:
            mark = event.start_mark
            tags[mark.line, mark.column] = str(event.tag).replace(TAG_PREFIX, "!!")
    return tags


def _read_text(path: Path, problems: Problems) -> str | None:
    whole = Place(path, 0)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        problems.add(whole, "", None, "the file does not exist", "Create it or correct its name")
    except IsADirectoryError:
        problems.add(whole, "", None, "this is a folder, not a file", "Name a YAML file")
    except OSError as error:
        problems.add(whole, "", None, f"the file cannot be read ({error.strerror})", "Check its permissions")
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = Place(path, data[: error.start].count(b"\n") + 1)
            problems.add(place, "", None, "the file is not UTF-8 text", "Save it in the encoding UTF-8")
    return None


def _add_unreadable(path: Path, error: Exception, problems: Problems) -> None:
    """Turn the reader's exception into a problem with the line."""
    line, reason = (
        0,
        "it is nested too deeply" if isinstance(error, RecursionError) else str(error).split("\n")[0],
    )
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        reason = error.problem or error.context or reason
    remedy = "Look at this line and the one before it: indent with spaces and close every bracket and quote"
    problems.add(Place(path, line), "", None, f"not readable as YAML: {reason}", remedy)


def _convert(raw: RawNode, source: _Source, key: str, problems: Problems) -> Node:
    """Turn ruamel's node into ours and refuse anchors, tags, merge keys and doubled keys."""
    place, tag = source.place(raw), source.tag(raw)
    if raw.anchor is not None:
        problems.add(place, key, f"&{raw.anchor}", "anchors are not used here", "Write the value out")
        return Scalar(None, "", place)
    if tag is not None:
        problems.add(place, key, tag, "tags are not used here", "Write the plain value")
        return Scalar(None, "", place)
    if isinstance(raw, MappingNode):
        return _convert_table(raw, source, key, problems)
    if isinstance(raw, SequenceNode):
        items = (_convert(one, source, f"{key}[{number}]", problems) for number, one in enumerate(raw.value, 1))
        return Items(tuple(items), place)
    assert isinstance(raw, ScalarNode)
    return Scalar(plain_value(raw.value) if raw.style is None else raw.value, raw.value, place)


def _convert_table(raw: MappingNode, source: _Source, above: str, problems: Problems) -> Table:
    entries: dict[str, Node] = {}
    places: dict[str, Place] = {}
    for raw_key, raw_value in raw.value:
        place = source.place(raw_key)
        if not isinstance(raw_key, ScalarNode):
            problems.add(place, above, None, "a key must be a word", "Write `key: value`")
            continue
        name = raw_key.value
        full = f"{above}.{name}" if above else name
        if source.tag(raw_key) is not None:
            problems.add(place, full, source.tag(raw_key), "tags are not used here", "Write the plain key")
        if name == "<<":
            problems.add(place, full, None, "merge keys are not used here", "Write the keys out, or use `extends`")
        elif name in entries:
            first = places[name].line
            problems.add(place, full, None, f"the key is given twice (first in line {first})", "Keep only one")
        else:
            entries[name] = _convert(raw_value, source, full, problems)
            places[name] = place
    return Table(entries, places, source.place(raw))


def plain_value(text: str) -> Plain:
    """What an unquoted value means: `1e-3` is a number, `1:1` and `NO` are text."""
    if text in PLAIN_NULL:
        return None
    if text in PLAIN_BOOL:
        return PLAIN_BOOL[text]
    if PLAIN_INT.fullmatch(text):
        # Python refuses to convert thousands of digits; such a number is no amount of anything.
        return int(text) if len(text) <= 40 else float(text)
    if PLAIN_FLOAT.fullmatch(text) or PLAIN_NOT_FINITE.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower().lstrip("."))
    return text


def merged(base: Table, over: Table) -> Table:
    """Lay `over` on `base`, key by key and table by table; each value keeps the place it came from."""
    entries, places = dict(base.entries), dict(base.key_places)
    for group in EXCLUSIVE_KEYS:
        if group & set(over.entries):
            for name in group:
                entries.pop(name, None)
    for name, value in over.entries.items():
        below = entries.get(name)
        both_tables = isinstance(below, Table) and isinstance(value, Table) and name not in WHOLE_KEYS
        entries[name] = merged(below, value) if both_tables else value  # type: ignore[arg-type]
        places[name] = over.key_places[name]
    return Table(entries, {name: places[name] for name in entries}, over.place)


def to_plain(node: Node) -> object:
    """The values alone, as plain dicts, lists and scalars."""
    if isinstance(node, Table):
        return {name: to_plain(value) for name, value in node.entries.items()}
    if isinstance(node, Items):
        return [to_plain(one) for one in node.items]
    return node.value


def describe(node: Node) -> str:
    """A value as it was written, for a message."""
    if isinstance(node, Table):
        return "{" + ", ".join(f"{name}: {describe(value)}" for name, value in node.entries.items()) + "}"
    if isinstance(node, Items):
        return "[" + ", ".join(describe(one) for one in node.items) + "]"
    return node.text or "(nothing)"
