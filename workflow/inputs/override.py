"""`override` of a configuration: keys that are laid over every system, and how a title tells of them."""

from __future__ import annotations

from workflow.inputs.fields import Fields
from workflow.inputs.tree import Items, Node, Scalar, Table, merged, to_plain

OVERRIDE_KEYS = (
    "temperature_K",
    "pressure_atm",
    "salt",
    "solvents",
    "volume_ratio",
    "additives",
    "chains",
    "box",
    "mixing_rule",
)
# The size of what is looked at, not which liquid it is: a title stays true.
UNTOLD = ("box", "chains.monomers")


def read_override(fields: Fields) -> Table | None:
    """The known keys of `override` that have values; what else stands there is told and left out."""
    below = fields.table_of("override", required=False)
    if below is None:
        return None
    for key in OVERRIDE_KEYS:
        below.node(key, required=False)
    below.finish()
    entries = {key: node for key, node in below.table.entries.items() if key in OVERRIDE_KEYS}
    for key, node in tuple(entries.items()):
        for path in _nulls(node, key):
            remedy = "Write a value or leave the key out"
            if key == "chains":
                remedy = "To run without chains, list systems without chains under `systems` instead"
            below.add(path, "an override cannot take away what a system has", remedy)
            entries.pop(key, None)
    return Table(entries, below.table.key_places, below.table.place)


def _nulls(node: Node, path: str) -> list[str]:
    """The keys, here and below, that have no value."""
    if isinstance(node, Table):
        return [found for key, one in node.entries.items() for found in _nulls(one, f"{path}.{key}")]
    if isinstance(node, Items):
        return [path for one in node.items if _nulls(one, path)][:1]
    return [path] if isinstance(node, Scalar) and node.value is None else []


def overridden(table: Table, override: Table | None) -> tuple[Table, tuple[str, ...]]:
    """A system's table with `override` laid over it, and the changed keys that its title does not tell.

    What is said about chains reaches only a system that has chains, a box in salt pairs only one that has salt.
    """
    if override is None:
        return table, ()
    entries = dict(override.entries)
    if not isinstance(table.entries.get("chains"), Table):
        entries.pop("chains", None)
    box, has_salt = entries.get("box"), isinstance({**table.entries, **entries}.get("salt"), Table)
    if not has_salt and isinstance(box, Table) and "salt_pairs" in box.entries:
        entries.pop("box")
    over = Table(entries, override.key_places, override.place)
    changed: list[str] = []
    for key, node in entries.items():
        below = table.entries.get(key)
        if key == "chains" and isinstance(node, Table) and isinstance(below, Table):
            laid = merged(below, node).entries
            changed += [f"chains.{one}" for one in node.entries if _differ(below.entries.get(one), laid[one])]
        else:
            laid = merged(table, over).entries
            changed += [key] if _differ(below, laid[key]) else []
    return merged(table, over), tuple(key for key in changed if key not in UNTOLD)


def _differ(one: Node | None, other: Node) -> bool:
    return one is None or to_plain(one) != to_plain(other)


def told(title: str, changed: tuple[str, ...]) -> str:
    """The title with what was overridden in brackets, as `... [override: temperature_K]`."""
    return f"{title} [override: {', '.join(changed)}]" if changed else title
