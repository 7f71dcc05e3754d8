"""Which liquids: `systems/<name>.yaml`, variants resolved against what they extend, as frozen `System`s."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from workflow.inputs.claims import Claim, read_claims
from workflow.inputs.config import MIXING_RULES
from workflow.inputs.fields import SAFE_NAME, SAFE_NAME_REMEDY, Fields
from workflow.inputs.lengths import HIGHEST_TEMPERATURE_K, LOWEST_TEMPERATURE_K
from workflow.inputs.molecules import Molecule
from workflow.inputs.override import overridden, told
from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.published import Published, read_published
from workflow.inputs.sweeps import Swept, Variant, swept_table
from workflow.inputs.system_parts import (
    Additive,
    Chains,
    Salt,
    read_additives,
    read_chains,
    read_salt,
    read_solvents,
)
from workflow.inputs.tree import Table, describe, merged, read_table

FOLDER = "systems"
HIGHEST_PRESSURE_ATM = 100000.0
LEAST_CHARGE_SCALE = 0.5  # electronic polarisation screens by 1/sqrt(eps_inf), about 0.7 to 0.8
# A variant that gives only these is the same liquid, described otherwise: what was measured holds for it too.
SAME_LIQUID = frozenset({"extends", "title", "mixing_rule", "parameter_set", "ion_charge_scale", "box"})
# A variant that adds chains and nothing else is what the claims about its base are about.
CHAINS_ADDED = frozenset({"extends", "title", "chains", "claims", "published"})


@dataclass(frozen=True)
class System:
    """One liquid as a chemist says it; `base` is the system that this one extends.

    `salt` is None for a liquid without ions, `mixing_rule` is None where the configuration's holds, `parameter_set` is
    None where the force field's own parameters hold, `ion_charge_scale` scales the charges of all ions. `claims` are
    about what its chains change against `base`; of a liquid without chains, about the variants that add them.
    """

    name: str
    title: str
    base: str | None
    temperature_K: float
    pressure_atm: float
    salt: Salt | None
    solvents: tuple[str, ...]
    volume_ratio: tuple[float, ...]
    additives: tuple[Additive, ...]
    chains: Chains | None
    salt_pairs: int | None
    total_atoms: int | None
    published: tuple[Published, ...]
    mixing_rule: str | None = None
    parameter_set: str | None = None
    ion_charge_scale: float = 1.0
    claims: tuple[Claim, ...] = ()
    sweep_of: str | None = None
    swept: tuple[Swept, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def is_pure(self) -> bool:
        """Whether there is one kind of neutral molecule and nothing else."""
        return len(self.solvents) == 1 and self.salt is None and not self.additives and self.chains is None


@dataclass(frozen=True)
class ReadSystem:
    """A system and the keys it came from, at which later checks point."""

    system: System
    fields: Fields


def check_file_names(root: Path, problems: Problems) -> None:
    """Two files that give one system name, or names that differ in capitals only, are a problem."""
    known: dict[str, Path] = {}
    folder = root / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() not in (".yaml", ".yml") or path.name.startswith("."):
            continue
        other = known.setdefault(path.stem.lower(), path)
        if other is not path:
            problem = f"two systems of one name: the other file is {other.name}"
            problems.add(Place(path, 0), "", None, problem, "Rename or remove one; capitals do not tell names apart")


def read_system(
    root: Path,
    name: str,
    molecules: Mapping[str, Molecule | None],
    override: Table | None,
    problems: Problems,
    variant: Variant | None,
    known: dict[Path, list[Table]],
) -> ReadSystem | None:
    """Read a system's file with all that it extends, lay `override` on it and check it.

    `known` remembers what was read of each file, since many systems share one.
    A `variant` has no file of its own: it is that of the system that its sweep extends, with the swept values on top.
    Returns None when problems were found; they are recorded.
    """
    before = len(problems)
    path = root / FOLDER / f"{variant.extends if variant is not None else name}.yaml"
    if path not in known:
        known[path] = _with_bases(path, problems)
    tables = known[path]
    if not tables:
        return None
    table = tables[-1]
    for over in reversed(tables[:-1]):
        # What was published of the base was not measured on a variant of another composition.
        dropped = [] if set(over.entries) <= SAME_LIQUID else ["published"]
        dropped += [] if _adds_chains(table, over) else ["claims"]
        table = merged(_without(table, "title", "extends", *dropped), over)
    table, changed = overridden(table, override)
    if variant is not None:
        dropped = ["title", "extends", "published", *([] if variant.keeps_claims else ["claims"])]
        swept = swept_table(_without(table, *dropped), variant, problems)
        if swept is None:
            return None
        table = merged(swept, variant.head())
    # A key that is missing is missing in the base already; a title is not inherited.
    places = {"title": Place(path, 1), **table.key_places}
    fields = Fields(Table(table.entries, places, tables[-1].place), "", problems)
    system = _read(fields, name, molecules, root)
    if system is None or len(problems) > before:
        return None
    system = replace(system, files=tuple(one.place.file for one in tables))
    if variant is not None:
        system = replace(system, sweep_of=variant.extends, swept=variant.swept)
    return ReadSystem(replace(system, title=told(system.title, changed)), fields)


def _adds_chains(table: Table, over: Table) -> bool:
    """Whether a variant adds chains to a liquid that has none, and changes nothing else."""
    return set(over.entries) <= CHAINS_ADDED and "chains" in over.entries and "chains" not in table.entries


def _without(table: Table, *keys: str) -> Table:
    entries = {key: value for key, value in table.entries.items() if key not in keys}
    return Table(entries, table.key_places, table.place)


def _with_bases(path: Path, problems: Problems) -> list[Table]:
    """The tables of a system, of what it extends, and so on; empty when one of them cannot be read."""
    tables: list[Table] = []
    chain = [path.stem]
    while True:
        table = read_table(path, problems)
        if table is None:
            return []
        tables.append(table)
        if "extends" not in table.entries:
            return tables
        place, name = table.key_places["extends"], describe(table.entries["extends"])
        known = sorted(one.stem for one in path.parent.glob("*.yaml"))
        if not SAFE_NAME.fullmatch(name):
            problems.add(place, "extends", name, "a shell or a path could misread this name", SAFE_NAME_REMEDY)
        elif name in chain:
            way = " -> ".join([*chain, name])
            problems.add(place, "extends", name, f"systems extend each other in a circle ({way})", "Break the circle")
        elif name not in known:
            remedy = f"{nearest(name, known)}Use one of: {listing(known)}"
            problems.add(place, "extends", name, "there is no such system", remedy)
        else:
            chain.append(name)
            path = path.with_name(f"{name}.yaml")
            continue
        return []


def _read(fields: Fields, name: str, molecules: Mapping[str, Molecule | None], root: Path) -> System | None:
    title = fields.text("title")
    base = fields.text("extends", required=False)
    temperature_K = fields.number("temperature_K", above=0, most=HIGHEST_TEMPERATURE_K, unit="K")
    if temperature_K is not None and temperature_K < LOWEST_TEMPERATURE_K:
        problem = f"no electrolyte is liquid below {LOWEST_TEMPERATURE_K} K"
        fields.add("temperature_K", problem, "Give kelvin, not degrees Celsius, such as 298")
    pressure_atm = fields.number("pressure_atm", above=0, most=HIGHEST_PRESSURE_ATM, unit="atm")
    salt = read_salt(fields, molecules)
    solvents = read_solvents(fields, molecules)
    ratio = read_ratio(fields, len(solvents))
    additives = read_additives(fields, molecules, solvents)
    chains = read_chains(fields, molecules)
    pairs, atoms = _read_box(fields, salt)
    mixing_rule, parameter_set, ion_charge_scale = _read_interactions(fields)
    published = read_published(fields, root, _not_computed(fields, len(solvents)))
    claims = read_claims(fields, root)
    fields.finish()
    if title is None or temperature_K is None or pressure_atm is None or (salt is None and fields.has("salt")):
        return None
    return System(
        name=name,
        title=title,
        base=base,
        temperature_K=temperature_K,
        pressure_atm=pressure_atm,
        salt=salt,
        solvents=solvents,
        volume_ratio=ratio,
        additives=additives,
        chains=chains,
        salt_pairs=pairs,
        total_atoms=atoms,
        published=published,
        mixing_rule=mixing_rule,
        parameter_set=parameter_set,
        ion_charge_scale=ion_charge_scale,
        claims=claims,
    )


def _read_interactions(fields: Fields) -> tuple[str | None, str | None, float]:
    """How the system's own interactions differ from the configuration's: mixing rule, parameters, charges of ions."""
    mixing_rule = fields.choice("mixing_rule", MIXING_RULES, required=False)
    parameter_set = fields.text("parameter_set", required=False)
    scale = fields.number("ion_charge_scale", required=False, least=LEAST_CHARGE_SCALE, most=1.0)
    if fields.has("ion_charge_scale") and not fields.has("salt"):
        fields.add("ion_charge_scale", "there are no ions whose charges could be scaled", "Leave it out")
    return mixing_rule, parameter_set, scale or 1.0


def _not_computed(fields: Fields, n_solvents: int) -> dict[str, str]:
    """What is not computed of a liquid with ions or with several components, and why."""
    refused = {}
    if n_solvents != 1 or fields.has("salt") or fields.has("additives") or fields.has("chains"):
        refused["heat_of_vaporisation"] = "this is computed for a pure liquid only: one solvent and nothing else"
    if fields.has("salt"):
        refused["dielectric_constant"] = "this is computed for a liquid without ions only: theirs has no static value"
    return refused


def read_ratio(fields: Fields, n_solvents: int) -> tuple[float, ...]:
    """Parts by volume, one a solvent, from `1:1`; a single solvent needs none."""
    text = fields.text("volume_ratio", required=n_solvents > 1)
    if text is None:
        return (1.0,) * n_solvents
    words = [word.strip() for word in text.split(":")]
    if not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", word) for word in words):
        fields.add(
            "volume_ratio",
            "this must be parts by volume",
            "Write them as `1:1`, positive numbers with colons",
        )
    elif any(float(word) <= 0 for word in words):
        fields.add("volume_ratio", "every part must be larger than 0", "Leave the solvent out or give it a part")
    elif len(words) != n_solvents:
        problem = f"{len(words)} parts for {n_solvents} solvents"
        fields.add("volume_ratio", problem, f"Give one part a solvent, as `{':'.join(['1'] * max(n_solvents, 1))}`")
    else:
        return tuple(float(word) for word in words)
    return (1.0,) * n_solvents


def _read_box(fields: Fields, salt: Salt | None) -> tuple[int | None, int | None]:
    """The size of the box: salt pairs or total atoms; a salt given as `count`, or no salt, needs total atoms."""
    counted = salt is not None and salt.count is not None
    without_salt = not fields.has("salt")
    below = fields.table_of("box")
    if below is None:
        return None, None
    pairs, atoms = below.integer("salt_pairs", required=False), below.integer("total_atoms", required=False)
    if below.has("salt_pairs") and below.has("total_atoms"):
        below.add("total_atoms", "the size is given twice, as salt_pairs and as total_atoms", "Keep one of them")
    elif without_salt and below.has("salt_pairs"):
        remedy = "Give box.total_atoms instead, or add the salt under `salt`"
        below.add("salt_pairs", "there is no salt whose pairs could be counted", remedy)
    elif counted and below.has("salt_pairs"):
        below.add("salt_pairs", "salt.count says already how many there are", "Give box.total_atoms instead")
    elif not below.has("salt_pairs") and not below.has("total_atoms"):
        wanted = "total_atoms" if counted or without_salt else "salt_pairs (or total_atoms)"
        fields.add("box", "the size of the box is not given", f"Give {wanted}")
    below.finish()
    return pairs, atoms
