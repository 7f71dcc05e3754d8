"""Typed access to the keys of one table; whatever is wrong becomes a problem and reading goes on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.tree import Items, Node, Scalar, Table, describe, plain_value

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
SAFE_NAME_REMEDY = "Use letters, digits, `_`, `.` and `-` only, and begin with a letter or digit"


class Fields:
    """Reads the keys of one table by type, remembers which were asked for, and reports the unknown ones.

    Every reader returns None after it has recorded a problem, and for an optional key that is absent or
    `null`.
    """

    def __init__(self, table: Table, prefix: str, problems: Problems) -> None:
        self.table = table
        self.prefix = prefix
        self.problems = problems
        self._asked: list[str] = []

    def full(self, key: str) -> str:
        """The key with the keys above it, as `salt.mol_per_L`."""
        return f"{self.prefix}.{key}" if self.prefix else key

    def place(self, key: str) -> Place:
        """Where the key stands; where the table begins if it is absent."""
        return self.table.key_places.get(key, self.table.place)

    def find(self, key: str) -> Place:
        """Where a key stands that may lie deeper, as `salt.mol_per_L`; if absent, the table above it."""
        return self._look_up(key)[0]

    def _look_up(self, key: str) -> tuple[Place, Node | None]:
        table, place = self.table, self.table.place
        node: Node | None = None
        for word in key.split("."):
            node = table.entries.get(word)
            place = table.key_places.get(word, place)
            if not isinstance(node, Table):
                break
            table = node
        return place, node

    def add(self, key: str, problem: str, remedy: str) -> None:
        """Record a problem with the value of a key, which may lie deeper, as `box.salt_pairs`."""
        place, node = (self.place(key), self.table.entries[key]) if key in self.table.entries else self._look_up(key)
        self.problems.add(place, self.full(key), None if node is None else describe(node), problem, remedy)

    def node(self, key: str, required: bool = True) -> Node | None:
        """The value of a key as a node; `null` counts as absent."""
        self._asked.append(key)
        node = self.table.entries.get(key)
        if node is None or (isinstance(node, Scalar) and node.value is None):
            if required:
                self.add(
                    key,
                    "the key is missing" if node is None else "it has no value",
                    f"Add a value for `{key}`",
                )
            return None
        return node

    def has(self, key: str) -> bool:
        """Whether the key has a value (and is thereby known)."""
        return self.node(key, required=False) is not None

    def scalar(self, key: str, required: bool, wanted: str) -> Scalar | None:
        """The value of a key that must be a single one."""
        node = self.node(key, required)
        if node is None or isinstance(node, Scalar):
            return node
        self.add(key, f"this must be {wanted}", f"Write {wanted}")
        return None

    def number(
        self,
        key: str,
        *,
        required: bool = True,
        above: float | None = None,
        least: float | None = None,
        most: float | None = None,
        unit: str = "",
    ) -> float | None:
        """A finite number, larger than `above`, not smaller than `least` and not larger than `most`."""
        wanted = f"a number{f' in {unit}' if unit else ''}"
        scalar = self.scalar(key, required, wanted)
        if scalar is None:
            return None
        if isinstance(scalar.value, bool) or not isinstance(scalar.value, int | float):
            self.add(key, f"this must be {wanted}", _number_remedy(scalar))
            return None
        return self._in_range(key, float(scalar.value), above, least, most, unit)

    def _in_range(
        self, key: str, value: float, above: float | None, least: float | None, most: float | None, unit: str
    ) -> float | None:
        if not math.isfinite(value):
            self.add(key, "this must be a finite number", "Write an ordinary number")
        elif above is not None and value <= above:
            self.add(key, f"this must be larger than {above:g}", f"Write a number larger than {above:g}")
        elif least is not None and value < least:
            self.add(key, f"this must be at least {least:g}", f"Write {least:g} or more")
        elif most is not None and value > most:
            limit = f"{most:g} {unit}".strip()
            self.add(key, f"this must be at most {limit}", f"Write {most:g} or less")
        else:
            return value
        return None

    def integer(self, key: str, *, required: bool = True, least: int = 1, most: int | None = None) -> int | None:
        """A whole number that is not smaller than `least` and not larger than `most`."""
        scalar = self.scalar(key, required, "a whole number")
        if scalar is None:
            return None
        value = scalar.value
        whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
        if isinstance(value, bool) or not (isinstance(value, int) or whole):
            self.add(key, "this must be a whole number", _number_remedy(scalar, whole=True))
        elif float(value) < least:  # type: ignore[arg-type]
            self.add(key, f"this must be at least {least}", f"Write {least} or more")
        elif float(value) > 1e9:  # type: ignore[arg-type]
            self.add(key, "this number is beyond anything that can be run", "Write a smaller one")
        elif most is not None and float(value) > most:  # type: ignore[arg-type]
            self.add(key, f"this must be at most {most}", f"Write {most} or less")
        else:
            return int(value)  # type: ignore[arg-type]
        return None

    def flag(self, key: str) -> bool | None:
        """A boolean: `true` or `false`."""
        scalar = self.scalar(key, True, "true or false")
        if scalar is not None and not isinstance(scalar.value, bool):
            self.add(key, "this must be true or false", "Write `true` or `false`")
            return None
        return None if scalar is None else bool(scalar.value)

    def text(self, key: str, *, required: bool = True) -> str | None:
        """A text in one line; a number or a boolean counts as the text it was written as."""
        scalar = self.scalar(key, required, "a text")
        if scalar is None:
            return None
        value = scalar.text.strip()
        if not value or not value.isprintable():
            self.add(key, "this must be a text in one line", "Write a short text")
            return None
        return value

    def choice(self, key: str, known: Sequence[str], *, required: bool = True) -> str | None:
        """One of the known words."""
        value = self.text(key, required=required)
        if value is not None and value not in known:
            self.add(key, "this is not known", f"{nearest(value, known)}Use one of: {listing(known)}")
            return None
        return value

    def name(self, key: str, *, required: bool = True) -> str | None:
        """A name that neither a shell nor a path can misread."""
        value = self.text(key, required=required)
        if value is not None and not SAFE_NAME.fullmatch(value):
            self.add(key, "a shell or a path could misread this name", SAFE_NAME_REMEDY)
            return None
        return value

    def texts(self, key: str, *, required: bool = True) -> tuple[Scalar, ...]:
        """A list of words, each kept with its place."""
        node = self.node(key, required)
        if node is None:
            return ()
        if not isinstance(node, Items):
            self.add(key, "this must be a list", f"Write `{key}: [a, b]`")
            return ()
        if required and not node.items:
            self.add(key, "the list is empty", "Name at least one")
        words = []
        for item in node.items:
            if isinstance(item, Scalar) and item.text.strip():
                words.append(item)
            else:
                self.problems.add(item.place, self.full(key), describe(item), "this must be a word", "Write a name")
        return tuple(words)

    def table_of(self, key: str, *, required: bool = True) -> Fields | None:
        """The keys below a key."""
        node = self.node(key, required)
        if node is None:
            return None
        if not isinstance(node, Table):
            self.add(key, "this must hold keys of its own", f"Write `{key}: {{name: value}}`")
            return None
        return Fields(node, self.full(key), self.problems)

    def tables(self, key: str) -> tuple[Fields, ...]:
        """An optional list of tables."""
        node = self.node(key, required=False)
        if node is None:
            return ()
        if not isinstance(node, Items) or not all(isinstance(one, Table) for one in node.items):
            self.add(key, "this must be a list of keys with values", f"Write `{key}: [{{name: value}}]`")
            return ()
        return tuple(
            Fields(one, f"{self.full(key)}[{number}]", self.problems)
            for number, one in enumerate(node.items, 1)
            if isinstance(one, Table)
        )

    def finish(self) -> None:
        """Report every key that was not asked for, with the nearest known one."""
        known = sorted(set(self._asked))
        for key in self.table.entries:
            if key not in known:
                self.add(key, "this key is not known", f"{nearest(key, known)}Known here: {listing(known)}")


def _number_remedy(scalar: Scalar, whole: bool = False) -> str:
    """How to write the number that was perhaps meant."""
    text = scalar.text
    if isinstance(plain_value(text), int | float) and not isinstance(plain_value(text), bool):
        return "Write it without quotes" if isinstance(scalar.value, str) else "Write a whole number, such as 3"
    if whole:
        return "Write a whole number, such as 3"
    if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text):
        return f"Write a decimal point: {text.replace(',', '.')}"
    if re.fullmatch(r"[-+]?[0-9.,_ ]+[eE]?[-+]?[0-9]*", text):
        return "Write digits and at most one point"
    return "Write a plain number without quotes or a unit, such as 1.5"
