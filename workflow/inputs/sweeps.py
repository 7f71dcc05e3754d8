"""Sweeps: many systems from one, which differ in the values of one quantity or of several."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.fields import SAFE_NAME, SAFE_NAME_REMEDY, Fields
from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.tree import Items, Scalar, Table, describe, merged

CONTENT = "chains.wt_percent"
MOST_SYSTEMS = 3000  # of one sweep: as many as there may be runs


@dataclass(frozen=True)
class Quantity:
    """What can be swept: its unit, and how a value stands in a system's name and in its title."""

    unit: str
    in_name: str
    in_title: str


QUANTITIES = {
    "temperature_K": Quantity("K", "{}K", "{} K"),
    "salt.mol_per_L": Quantity("mol/L", "{}M", "{} mol/L"),
    "salt.mol_per_L_solvent": Quantity("mol/L", "{}Msolv", "{} mol per litre of solvents"),
    "ion_charge_scale": Quantity("1", "{}q", "charges of the ions times {}"),
    CONTENT: Quantity("wt%", "{}wt", "{} wt% chains"),
    "chains.monomers": Quantity("1", "{}mer", "chains of {}"),
}


@dataclass(frozen=True)
class Swept:
    """One swept quantity and the value that was asked for."""

    quantity: str
    value: float

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return QUANTITIES[self.quantity].unit


@dataclass(frozen=True)
class Variant:
    """A system that a sweep makes of the file `extends`.

    `base` is the one that it is compared with: the first value of the quantity that is named last, all others alike;
    None for that one itself. `keeps_claims`: it differs from its base in chains that the base lacks, and in nothing
    else, so that what is claimed of chains is about the two.
    """

    name: str
    title: str
    extends: str
    base: str | None
    swept: tuple[Swept, ...]
    scalars: tuple[Scalar, ...]
    keeps_claims: bool

    @property
    def place(self) -> Place:
        """Where the last of its values stands."""
        return self.scalars[-1].place

    def head(self) -> Table:
        """Its title and what it is compared with, as a table to lay over the others."""
        entries = {"title": Scalar(self.title, self.title, self.place)}
        if self.base is not None:
            entries["extends"] = Scalar(self.base, self.base, self.place)
        return Table(entries, dict.fromkeys(entries, self.place), self.place)


def read_sweeps(fields: Fields, root: Path) -> dict[str, Variant]:
    """The systems that the `sweeps` of a configuration make, by name, each name safe and none twice."""
    known = sorted(path.stem for path in (root / "systems").glob("*.yaml"))
    taken = {name.lower(): f"systems/{name}.yaml" for name in known}
    variants: dict[str, Variant] = {}
    for below in fields.tables("sweeps"):
        before = len(below.problems)
        title, extends = below.text("title"), below.name("extends")
        values = _read_values(below)
        below.finish()
        if extends is not None and extends not in known:
            remedy = f"{nearest(extends, known)}Use one of: {listing(known)}"
            below.add("extends", f"there is no file systems/{extends}.yaml", remedy)
        if title is None or extends is None or not values or len(below.problems) > before:
            continue
        for variant in _variants(title, extends, values):
            if (other := taken.get(variant.name.lower())) is not None:
                problem = f"the system would be called {variant.name}, and so is that of {other}"
                below.problems.add(
                    variant.place, below.full("values"), None, problem, "Sweep other values, or keep one of the two"
                )
            taken[variant.name.lower()] = below.prefix
            variants[variant.name] = variant
    return variants


def _read_values(fields: Fields) -> dict[str, tuple[Scalar, ...]]:
    """The values of each quantity of one sweep."""
    below = fields.table_of("values")
    if below is None:
        return {}
    values = {name: _numbers(below, name) for name in QUANTITIES if below.has(name)}
    below.finish()
    # the order of the file: what is named last is compared along
    values = {name: values[name] for name in below.table.entries if name in values}
    if not below.table.entries:
        fields.add("values", "nothing is swept", f"Name one of: {listing(QUANTITIES)}")
    n_systems = math.prod(len(one) for one in values.values())
    if n_systems > MOST_SYSTEMS:
        fields.add("values", f"these are {n_systems} systems, more than {MOST_SYSTEMS}", "Name fewer values")
    if any(one.value == 0 for one in values.get(CONTENT, ())) and "chains.monomers" in values:
        problem = "without chains their length is nothing: the same liquid would be run once for each"
        below.add(CONTENT, problem, "Leave 0 out, and name the system without chains under `systems`")
    return values


def _numbers(fields: Fields, key: str) -> tuple[Scalar, ...]:
    """The values of one quantity: finite numbers, none twice."""
    node = fields.node(key)
    if not isinstance(node, Items) or not node.items:
        fields.add(key, "this must be a list of values", f"Write `{key}: [1, 2, 3]`")
        return ()
    numbers: dict[str, Scalar] = {}
    for item in node.items:
        value = item.value if isinstance(item, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            problem, remedy = "this must be a number", "Write plain numbers without quotes or a unit"
        elif _text(value) in numbers:
            problem, remedy = "this value stands twice", "Keep one; six digits tell values apart"
        elif not SAFE_NAME.fullmatch(_text(value)):
            problem, remedy = "this value cannot be part of a name", SAFE_NAME_REMEDY
        else:
            assert isinstance(item, Scalar)
            numbers[_text(value)] = item
            continue
        fields.problems.add(item.place, fields.full(key), describe(item), problem, remedy)
    return tuple(numbers.values())


def _text(value: object) -> str:
    """A number as it stands in names and titles: `2.5`, `298`."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _variants(title: str, extends: str, values: dict[str, tuple[Scalar, ...]]) -> list[Variant]:
    """One system for each combination of values; the quantity named last varies fastest."""
    last = list(values)[-1]
    from_zero = last == CONTENT and values[last][0].value == 0
    found = []
    for scalars in itertools.product(*values.values()):
        own = dict(zip(values, scalars, strict=True))
        first = own | {last: values[last][0]}
        name, base = _name(extends, own), _name(extends, first)
        texts = [QUANTITIES[key].in_title.format(_text(one.value)) for key, one in own.items()]
        swept = tuple(Swept(key, float(one.value)) for key, one in own.items())  # type: ignore[arg-type]
        told = f"{title}, {', '.join(texts)}"
        found.append(Variant(name, told, extends, base if base != name else None, swept, scalars, from_zero))
    return found


def _name(extends: str, values: Mapping[str, Scalar]) -> str:
    return "-".join([extends, *(QUANTITIES[key].in_name.format(_text(one.value)) for key, one in values.items())])


def swept_table(table: Table, variant: Variant, problems: Problems) -> Table | None:
    """A system's table with the values of a sweep laid over it; None, and a problem, when it lacks what is swept."""
    for swept, scalar in zip(variant.swept, variant.scalars, strict=True):
        group, _, key = swept.quantity.rpartition(".")
        over = _table({key: scalar})
        if group and not isinstance(table.entries.get(group), Table):
            problem = f"`{variant.extends}` has no {group}"
            remedy = f"Let the sweep extend a system that has {group}"
            problems.add(scalar.place, swept.quantity, scalar.text, problem, remedy)
            return None
        if swept.quantity == CONTENT and swept.value == 0:
            entries = {name: node for name, node in table.entries.items() if name != "chains"}
            table = Table(entries, table.key_places, table.place)
        else:
            table = merged(table, _table({group: over}) if group else over)
    return table


def _table(entries: Mapping[str, Scalar | Table]) -> Table:
    place = next(iter(entries.values())).place
    return Table(entries, dict.fromkeys(entries, place), place)
