"""Reading of `molecule.yaml` and of what stands beside it in a molecule's folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.inputs.fields import Fields
from workflow.inputs.misfit import read_misfits
from workflow.inputs.molecules import Molecule, PolymerSpec, Site
from workflow.inputs.problems import Place, Problems, listing, nearest
from workflow.inputs.tree import Items, Scalar, Table, read_table, to_plain

if TYPE_CHECKING:
    from workflow.audit.topology import Topology

FORCE_FIELD = Path("forcefields", "opls-aa")
ALTERNATIVES = FORCE_FIELD / "alternatives"
KINDS = ("cation", "anion", "solvent", "polymer")
STATUSES = ("literature", "derived", "provisional")
SITE_KINDS = ("O", "N", "F", "P", "B", "HB", "HN")
UNITS = ("head", "middle", "tail")
# Section of bonded.yaml -> number of types of an entry, or 1 for `centre`, and its other keys.
BONDED = {
    "bonds": (2, ("r0_nm", "k_kJ_per_mol_nm2")),
    "angles": (3, ("theta0_deg", "k_kJ_per_mol_rad2")),
    "torsions": (4, ("V1_kJ_per_mol", "V2_kJ_per_mol", "V3_kJ_per_mol")),
    "impropers": (1, ("phase_deg", "k_kJ_per_mol", "multiplicity")),
}
LARGEST = 1e12  # no parameter comes near
# A .gro file keeps five characters of a residue's name.
MOLECULE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,4}")
BIB_KEY = re.compile(r"^\s*@\w+\s*\{\s*([^,\s]+)\s*,", re.MULTILINE)


def read_molecules(root: Path, problems: Problems) -> dict[str, Molecule | None]:
    """Read every molecule's folder; a molecule with a problem is None and the problem recorded."""
    folder = root / FORCE_FIELD / "molecules"
    if not folder.is_dir():
        problems.add(Place(folder, 0), "", None, "the folder of the molecules does not exist", "Restore it")
        return {}
    known_sources = bibliography(root, problems)
    molecules: dict[str, Molecule | None] = {}
    for one in molecule_folders(root):
        before = len(problems)
        molecule = read_declared(one, known_sources, problems)
        molecules[one.name] = molecule if len(problems) == before else None
        check_content(one, molecule, problems)
        if len(problems) > before:
            molecules[one.name] = None
    return molecules


def molecule_folders(root: Path) -> list[Path]:
    """The folders of all molecules of the force field, by name."""
    return _folders(root / FORCE_FIELD / "molecules", "*")


def alternative_folders(root: Path) -> list[Path]:
    """The molecules' folders of all parameter sets (see parameter_sets.py), by set and name."""
    return _folders(root / ALTERNATIVES, "*/*")


def _folders(folder: Path, pattern: str) -> list[Path]:
    return [one for one in sorted(folder.glob(pattern)) if one.is_dir() and not one.name.startswith((".", "_"))]


def bibliography(root: Path, problems: Problems) -> frozenset[str]:
    """The keys of all entries of references.bib."""
    path = root / FORCE_FIELD / "references.bib"
    try:
        return frozenset(BIB_KEY.findall(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        problems.add(Place(path, 0), "", None, "the bibliography cannot be read", "Restore this file")
        return frozenset()


def read_declared(folder: Path, known_sources: frozenset[str], problems: Problems) -> Molecule | None:
    """What `molecule.yaml` and `bonded.yaml` declare; where it has problems, the values concerned are empty or zero.

    None when molecule.yaml cannot be read at all.
    """
    table = read_table(folder / "molecule.yaml", problems)
    if table is None:
        return None
    fields = Fields(table, "", problems)
    name = _name(fields, folder)
    kind = fields.choice("kind", KINDS) or ""
    density, density_source = _sourced(fields, "density_kg_per_m3", "density_source", known_sources)
    volume, volume_source = _sourced(
        fields, "apparent_molar_volume_mL_per_mol", "apparent_molar_volume_source", known_sources
    )
    polymer = _polymer(fields, folder) if kind == "polymer" else None
    status = fields.choice("status", STATUSES) or ""
    molecule = Molecule(
        name=name,
        title=fields.text("title") or "",
        kind=kind,
        formula=fields.text("formula") or "",
        charge_e=_charge(fields, kind),
        smiles=fields.text("smiles", required=False),
        status=status,
        status_note=fields.text("status_note", required=status in ("derived", "provisional")),
        density_kg_per_m3=density,
        density_source=density_source,
        apparent_molar_volume_mL_per_mol=volume,
        apparent_molar_volume_source=volume_source,
        sources=_sources(fields, known_sources),
        licence=fields.text("licence") or "",
        sites=_sites(fields, polymer),
        folder=folder,
        polymer=polymer,
        misfits=read_misfits(fields, status),
    )
    fields.finish()
    return molecule


def charge_is_known(molecule: Molecule | None, problems: Problems) -> bool:
    """Whether `charge` was read without a problem."""
    if molecule is None:
        return False
    file = molecule.folder / "molecule.yaml"
    return not any(one.place.file == file and one.key == "charge" for one in problems.found)


def check_content(folder: Path, molecule: Molecule | None, problems: Problems) -> list[Topology]:
    """Record what is wrong with the files beside `molecule.yaml`; what can be read of them, for further checks.

    That is one Topology for a small molecule, one per chain of two to five units for a polymer. A folder that holds
    nothing but what lacks is told by its missing molecule.yaml alone.
    """
    from workflow.audit.content import read_content

    if molecule is None and not any(folder.glob("*.itp")):
        return []
    charge_e = molecule.charge_e if molecule is not None and charge_is_known(molecule, problems) else None
    return read_content(folder, molecule, charge_e, problems)


def _name(fields: Fields, folder: Path) -> str:
    name = fields.text("name") or folder.name
    if not MOLECULE_NAME.fullmatch(name):
        remedy = "Use one to five letters, digits, `_` and `-`: a .gro file keeps no more"
        fields.add("name", "this name does not fit into a structure file", remedy)
    elif name != folder.name:
        fields.add("name", f"the folder is called `{folder.name}`", "Give both the same name")
    return name


def _charge(fields: Fields, kind: str) -> int:
    charge_e = fields.integer("charge", least=-8)
    wanted = {"cation": "positive", "anion": "negative"}.get(kind, "zero")
    if charge_e is not None and kind in KINDS:
        sign = "positive" if charge_e > 0 else "negative" if charge_e < 0 else "zero"
        if sign != wanted:
            fields.add("charge", f"the charge of a {kind} is {wanted}", "Correct `charge` or `kind`")
    return charge_e or 0


def _sourced(fields: Fields, key: str, source_key: str, known: frozenset[str]) -> tuple[float | None, str | None]:
    """An optional value and the key of its source, which must be given with it."""
    volume = key.startswith("apparent")
    value = fields.number(key, required=False, above=None if volume else 0)
    source = fields.text(source_key, required=value is not None)
    if source is not None:
        _check_source(fields, source_key, source, known)
    return value, source


def _sources(fields: Fields, known: frozenset[str]) -> tuple[str, ...]:
    words = tuple(one.text for one in fields.texts("sources"))
    for word in words:
        _check_source(fields, "sources", word, known)
    return words


def _check_source(fields: Fields, key: str, source: str, known: frozenset[str]) -> None:
    if source not in known:
        problem = f"`{source}` is not in references.bib"
        fields.add(key, problem, f"{nearest(source, known)}Add it to {FORCE_FIELD}/references.bib")


def _sites(fields: Fields, polymer: PolymerSpec | None) -> tuple[Site, ...]:
    in_units = {atom["name"] for unit in polymer.units.values() for atom in unit["atoms"]} if polymer else None
    sites: list[Site] = []
    for below in fields.tables("sites"):
        name, kind = below.name("name"), below.choice("kind", SITE_KINDS)
        atoms = tuple(one.text for one in below.texts("atoms"))
        below.finish()
        if name in [site.name for site in sites]:
            below.add("name", "two sites have one name", "Rename one or join their atoms")
        for atom in atoms:
            if in_units is not None and atom not in in_units:
                below.add("atoms", f"no unit has an atom `{atom}`", f"Use one of: {listing(sorted(in_units))}")
        if name is not None and kind is not None and atoms:
            sites.append(Site(name, kind, atoms))
    return tuple(sites)


def _polymer(fields: Fields, folder: Path) -> PolymerSpec | None:
    before = len(fields.problems)
    units = fields.table_of("units")
    join = tuple(one.text for one in fields.texts("join"))
    min_monomers = fields.integer("min_monomers")
    cis_probability = _conformers(fields)
    if len(join) != 2:
        fields.add("join", "this must be two atoms", "Name the previous unit's atom, then the next unit's")
    plain_units: dict[str, dict[str, object]] = {}
    for unit in UNITS if units is not None else ():
        below = units.table_of(unit) if units is not None else None
        if below is not None:
            plain_units[unit] = _unit(below)
    if units is not None:
        units.finish()
    bonded = _bonded(folder / "bonded.yaml", fields.problems)
    if bonded is None or min_monomers is None or len(join) != 2 or len(fields.problems) > before:
        return None
    return PolymerSpec(plain_units, (join[0], join[1]), min_monomers, cis_probability, bonded)


def _bonded(path: Path, problems: Problems) -> dict[str, Any] | None:
    """The parameters by atom type, or None when the file has problems."""
    table = read_table(path, problems)
    if table is None:
        return None
    before = len(problems)
    inner = table.entries.get("bonded")  # they may stand under a key `bonded`
    inside = inner if isinstance(inner, Table) and len(table.entries) == 1 else table
    fields = Fields(inside, "", problems)
    for section, (width, keys) in BONDED.items():
        if not fields.has(section):
            if section != "impropers":
                fields.add(section, "the key is missing", f"Add `{section}`, a list")
            continue
        for below in fields.tables(section):
            _check_entry(below, width, keys)
    fields.finish()
    plain = to_plain(inside)
    assert isinstance(plain, dict)
    return plain if len(problems) == before else None


def _check_entry(fields: Fields, width: int, keys: Sequence[str]) -> None:
    if width == 1:
        fields.text("centre")
    elif len(fields.texts("types")) != width:
        fields.add("types", f"these must be {width} atom types", "Name them in the order of the bonds")
    for key in keys:
        if key == "multiplicity":
            fields.integer(key)
        else:
            fields.number(key, least=-LARGEST, most=LARGEST)
    fields.finish()


def _conformers(fields: Fields) -> float | None:
    """The probability of a cis bond, or None for conformers from the gas phase."""
    node = fields.node("conformers")
    if isinstance(node, Scalar):
        fields.choice("conformers", ("gas_phase",))
        return None
    below = fields.table_of("conformers")
    if below is None:
        return None
    probability = below.number("cis_probability", least=0)
    if probability is not None and probability > 1:
        below.add("cis_probability", "a probability is at most 1", "Write a number from 0 to 1")
    below.finish()
    return probability


def _unit(fields: Fields) -> dict[str, object]:
    atoms: list[dict[str, object]] = []
    for below in fields.tables("atoms"):
        charge = below.number("charge", unit="e")
        atoms.append({"name": below.text("name"), "type": below.text("type"), "charge": charge})
        below.finish()
    names = [atom["name"] for atom in atoms]
    if not atoms or len(set(names)) != len(names):
        fields.add("atoms", "a unit has atoms, each with its own name", "List each atom once: {name, type, charge}")
    bonds: list[list[str]] = []
    node = fields.node("bonds", required=False)
    for item in node.items if isinstance(node, Items) else ():
        pair = to_plain(item)
        if isinstance(pair, list) and len(pair) == 2 and all(one in names for one in pair):
            bonds.append([str(one) for one in pair])
        else:
            fields.problems.add(
                item.place, fields.full("bonds"), pair, "a bond joins two atoms of the unit", "Name both"
            )
    fields.finish()
    return {"atoms": atoms, "bonds": bonds}
