"""A new molecule's folder, written from what a LigParGen pair holds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workflow.audit.check import check_folders, check_topology
from workflow.audit.chemistry import FormulaError, formula_text, read_smiles
from workflow.audit.findings import Findings
from workflow.audit.ligpargen import Imported, read_pair
from workflow.audit.new_sites import site_lines
from workflow.audit.topology import Term, Topology
from workflow.inputs.molecule_files import (
    FORCE_FIELD,
    KINDS,
    MOLECULE_NAME,
    STATUSES,
    bibliography,
    read_declared,
)
from workflow.inputs.problems import Place, Problems, listing, nearest

LICENCE_NOT_STATED = "not stated: say under which licence the parameters may be passed on"


@dataclass(frozen=True)
class Wanted:
    """What a person says about the molecule to be imported."""

    name: str
    kind: str
    smiles: str
    sources: tuple[str, ...]
    title: str | None = None
    status: str = "provisional"
    licence: str = LICENCE_NOT_STATED
    density_kg_per_m3: float | None = None
    density_source: str | None = None


def import_pair(root: Path, itp: Path, gro: Path, wanted: Wanted, problems: Problems) -> tuple[Path, list[str]] | None:
    """Write the folder of a new molecule; its path and what is to be said, or None and problems.

    Nothing is written when there are problems, those that the audit finds among them, and a folder that exists is never
    touched.
    """
    before = len(problems)
    folder = root / FORCE_FIELD / "molecules" / wanted.name
    _check_wanted(root, folder, wanted, problems)
    charge_e = _charge_of(wanted.smiles, itp, problems)
    is_wanted = len(problems) == before
    imported = read_pair(itp, gro, wanted.name, charge_e, problems)
    if imported is None or charge_e is None:
        return None
    if not is_wanted:  # what is wrong with the numbers is told all the same
        _audit(root, imported.topology, None, charge_e, problems)
        return None
    scratch = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    inside = scratch / folder.name
    inside.mkdir(parents=True)
    try:
        _write(inside, wanted, imported, itp, charge_e)
        _audit(root, imported.topology, inside, charge_e, problems)
        if len(problems) > before:
            return None
        inside.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder, _told(imported, wanted, folder)


def _charge_of(smiles: str, itp: Path, problems: Problems) -> int | None:
    try:
        return read_smiles(smiles).charge_e
    except FormulaError as error:
        problems.add(Place(itp, 0), "--smiles", smiles, str(error), "Correct it")
        return None


def _write(folder: Path, wanted: Wanted, imported: Imported, itp: Path, charge_e: int) -> None:
    topology = imported.topology
    texts = {
        "molecule.yaml": _yaml(wanted, topology, charge_e),
        "atomtypes.itp": _types(topology),
        f"{wanted.name}.itp": _itp(wanted, imported, itp),
        f"{wanted.name}.pdb": _pdb(topology),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _audit(root: Path, topology: Topology, written: Path | None, charge_e: int, problems: Problems) -> None:
    """Add the errors of the audit; their places are lines of the files that were given."""
    findings, known = Findings(root), bibliography(root, Problems(root))
    molecule = read_declared(written, known, findings.errors) if written is not None else None
    if molecule is not None:  # told is the folder that would have been made
        molecule = replace(molecule, folder=root / FORCE_FIELD / "molecules" / molecule.name)
    check_topology(topology, molecule, charge_e, findings)
    if written is not None and not findings.errors.found:
        findings = check_folders(root, [written])
    for one in findings.errors.found:
        problems.add(one.place, one.key, one.value or None, one.problem, one.remedy)


def _check_wanted(root: Path, folder: Path, wanted: Wanted, problems: Problems) -> None:
    is_name = MOLECULE_NAME.fullmatch(wanted.name) is not None
    place = Place(folder / "molecule.yaml" if is_name else root / FORCE_FIELD / "molecules", 0)
    if not is_name:
        problem = "this name does not fit into a structure file"
        problems.add(place, "--name", wanted.name, problem, "Use one to five letters, digits, `_` and `-`")
    elif folder.exists():
        problems.add(place, "--name", wanted.name, "this molecule exists", "Choose another name or move that folder")
    for option, value, known in (("kind", wanted.kind, KINDS[:3]), ("status", wanted.status, STATUSES)):
        if value not in known:
            problems.add(place, f"--{option}", value, "this is not known", f"Use one of: {listing(known)}")
    keys = bibliography(root, problems)
    for source in (*wanted.sources, *([wanted.density_source] if wanted.density_source else [])):
        if source not in keys:
            remedy = f"{nearest(source, keys)}Add it to {FORCE_FIELD}/references.bib"
            option = "--source" if source in wanted.sources else "--density-source"
            problems.add(place, option, source, "this is not in references.bib", remedy)
    if not wanted.sources:
        problems.add(place, "--source", None, "where the parameters come from is missing", "Name a key, e.g. dodda2017")
    if (wanted.density_kg_per_m3 is None) != (wanted.density_source is None):
        problems.add(place, "--density", None, "a density and its source go together", "Give both or neither")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _yaml(wanted: Wanted, topology: Topology, charge_e: int) -> str:
    lines = [
        f"name: {_quoted(wanted.name)}",
        f"title: {_quoted(wanted.title or wanted.name)}",
        f"kind: {wanted.kind}",
        f"formula: {formula_text(topology.symbols)}",
        f"charge: {charge_e}",
        f"smiles: {_quoted(wanted.smiles)}",
        f"status: {wanted.status}",
    ]
    if wanted.status != "literature":
        lines.append('status_note: "LigParGen parameters, imported; nothing is validated in a liquid"')
    if wanted.density_kg_per_m3 is not None:
        lines += [f"density_kg_per_m3: {wanted.density_kg_per_m3:g}", f"density_source: {wanted.density_source}"]
    lines += [f"sources: [{', '.join(wanted.sources)}]", f"licence: {_quoted(wanted.licence)}"]
    sites = site_lines(topology) if wanted.kind != "cation" else []
    return "\n".join([*lines, "sites:" if sites else "sites: []", *sites]) + "\n"


def _types(topology: Topology) -> str:
    lines = [
        "; Sigma/nm and epsilon/(kJ mol-1), one type per element and pair of values.",
        "[ atomtypes ]",
        "; name  at.num    mass    charge  ptype   sigma     epsilon",
    ]
    for kind, _ in topology.types.values():
        numbers = f"{kind.mass_u:10.3f}    0.000    A  {kind.sigma_nm:10.6g} {kind.epsilon_kJ_per_mol:10.6g}"
        lines.append(f"{kind.name:9s} {kind.atomic_number:3d} {numbers}")
    return "\n".join(lines) + "\n"


def _itp(wanted: Wanted, imported: Imported, itp: Path) -> str:
    topology, correction = imported.topology, imported.correction
    name = wanted.name
    lines = [
        f"; {wanted.title or name}, imported from LigParGen's {itp.name}.",
        f"; Its charges added up to {correction.sum_before_e} e. The nearest ones that add up exactly and are equal",
        f"; for atoms alike by symmetry stand here (changed by at most {correction.largest_change_e} e).",
        "; Units nm, kJ/mol, degrees; harmonic terms are 1/2 k x^2. Sources: molecule.yaml.",
        "",
        "[ moleculetype ]",
        "; name  nrexcl",
        f"{name:7s} 3",
        "",
        "[ atoms ]",
        "; nr  type      resnr  residue  atom  cgnr   charge      mass      ; its name in the imported file",
    ]
    for i, (atom, charge) in enumerate(zip(topology.atoms, correction.charges_e, strict=True), 1):
        numbers = f"{i:4d}  {charge:10.6f}  {atom.mass_u:8.3f}  ; {imported.names[i - 1]}"
        lines.append(f"{i:4d}  {atom.type:9s} 1   {name:6s}  {atom.name:6s}{numbers}")
    lines += _section("bonds", "i   j  func  r0/nm   k/(kJ mol-1 nm-2)", topology.bonds, 1, (4, 1))
    lines += _section("pairs", "i   j  func", topology.pairs, 1, ())
    lines += _section("angles", "i   j   k  func  theta0/deg  k/(kJ mol-1 rad-2)", topology.angles, 1, (3, 3))
    lines += ["", "[ dihedrals ]", "; Ryckaert-Bellemans (phi = 180 is trans) of V1 V2 V3"]
    lines += [_torsion_line(term) for term in topology.torsions]
    if topology.impropers:
        lines += ["", "[ dihedrals ]", "; improper, periodic: k (1 + cos(2 phi - 180))"]
        lines += [
            f"{_numbers(t)}  4  {t.values[0]:.1f}  {t.values[1]:.3f}  {t.values[2]:.0f}" for t in topology.impropers
        ]
    return "\n".join(lines) + "\n"


def _section(name: str, header: str, terms: Sequence[Term], function: int, decimals: Sequence[int]) -> list[str]:
    lines = ["", f"[ {name} ]", f"; {header}"]
    for term in terms:
        values = "".join(f"  {value:.{places}f}" for value, places in zip(term.values, decimals, strict=True))
        lines.append(f"{_numbers(term)}  {function}{values}")
    return lines


def _numbers(term: Term) -> str:
    return " ".join(f"{i + 1:3d}" for i in term.atoms)


def _torsion_line(term: Term) -> str:
    c = [round(value, 6) + 0.0 for value in term.values]
    values = " ".join(f"{value:10.5f}" for value in c)
    fourier = ""
    if not any(c[4:]):
        v3 = -c[3] / 2
        fourier = " V " + " ".join(f"{v + 0.0:.6g}" for v in (3 * v3 - 2 * c[1], -c[2], v3))
    return f"{_numbers(term)}  3 {values}  ; {term.label}{fourier}"


def _pdb(topology: Topology) -> str:
    lines = [f"REMARK   {topology.name}: minimised in vacuo with its own parameters"]
    assert topology.xyz_nm is not None
    centred = 10 * (topology.xyz_nm - topology.xyz_nm.mean(axis=0))
    for i, (atom, (x, y, z)) in enumerate(zip(topology.atoms, centred, strict=True), 1):
        symbol = topology.symbols[i - 1]
        name = f" {atom.name:<3s}" if len(symbol) == 1 and len(atom.name) < 4 else f"{atom.name:<4s}"
        place = f"{x:8.3f}{y:8.3f}{z:8.3f}"
        lines.append(
            f"HETATM{i:5d} {name:4s} {topology.name:<4.4s} {1:4d}    {place}  1.00  0.00          {symbol:>2s}"
        )
    return "\n".join([*lines, "END"]) + "\n"


def _told(imported: Imported, wanted: Wanted, folder: Path) -> list[str]:
    correction = imported.correction
    told = [f"written: {folder} ({len(imported.topology.atoms)} atoms)"]
    if imported.was_in_angstrom:
        told.append("the .gro was in angstrom, not nm: converted")
    if correction.largest_change_e:
        told.append(
            f"charges added up to {correction.sum_before_e} e: changed by at most {correction.largest_change_e} e per "
            "atom, so that the sum is exact and atoms alike by symmetry have the same"
        )
    if wanted.kind == "solvent" and wanted.density_kg_per_m3 is None:
        told.append("to do: density_kg_per_m3 and density_source in molecule.yaml, for a volume ratio of solvents")
    if wanted.kind == "anion":
        told.append("to do: apparent_molar_volume_mL_per_mol and its source in molecule.yaml")
    if wanted.licence == LICENCE_NOT_STATED:
        told.append("to do: licence in molecule.yaml")
    return told
