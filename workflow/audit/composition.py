"""What a molecule declares against its atoms: formula, SMILES, charge, names, masses."""

from __future__ import annotations

from collections import Counter

from workflow.audit.chemistry import FormulaError, bond_orders, formula_counts, formula_text, read_smiles
from workflow.audit.findings import Findings
from workflow.audit.topology import Topology
from workflow.inputs.molecules import Molecule
from workflow.inputs.problems import Place

MASS_TOLERANCE_U = 0.005
LONGEST_NAME = 5  # columns of a .gro file


def check_names_and_masses(topology: Topology, findings: Findings) -> None:
    """Every atom is of a known element, has its mass, and hydrogens, and only they, are named H..."""
    for atom, element in zip(topology.atoms, topology.elements, strict=True):
        term, known = f"atom {atom.label}", topology.types.get(atom.type)
        if element is None:
            if known is not None:
                problem = f"its type {atom.type} has the atomic number {known[0].atomic_number}, not known here"
                remedy = "Correct it; elements are known in workflow/audit/elements.py"
                findings.error(known[1], term, None, problem, remedy)
            continue
        if atom.name.startswith("H") != (element.symbol == "H"):
            problem = f"it is {element.symbol}, and names of hydrogens, and only they, begin with H"
            remedy = "Rename it: GROMACS' `constraints = h-bonds` goes by the name"
            findings.error(atom.place, term, atom.name, problem, remedy)
        elif not atom.name.upper().startswith(element.symbol.upper()):
            findings.warn(atom.place, term, atom.name, f"it is {element.symbol}", "Begin its name with the element")
        if len(atom.name) > LONGEST_NAME:
            findings.error(atom.place, term, atom.name, "a .gro file keeps five characters", "Shorten the name")
        assert known is not None
        for mass_u, place, of in ((atom.mass_u, atom.place, ""), (known[0].mass_u, known[1], f"type {atom.type} of ")):
            if abs(mass_u - element.mass_u) > MASS_TOLERANCE_U:
                problem = f"the mass of {element.symbol} is {element.mass_u:g}"
                findings.error(
                    place, f"mass of {of}{atom.label}", f"{mass_u:g} u", problem, f"Write {element.mass_u:g}"
                )


def check_declared(
    topology: Topology, molecule: Molecule, charge_e: int | None, monomers: int | None, findings: Findings
) -> None:
    """Formula, SMILES and charge say the same as the atoms and bonds; `monomers` is the length of a chain."""
    place = Place(molecule.folder / "molecule.yaml", 0)
    atoms = Counter(topology.symbols)
    middle = None if monomers is None else monomers - 2
    try:
        wanted = formula_counts(molecule.formula, middle)
        is_told = any((one.place, one.key) == (place, "formula") for one in findings.errors.found)
        if wanted != atoms and not is_told:  # a chain of another length says it already
            of = f"a chain of {monomers} units has" if monomers is not None else f"{topology.file.name} has"
            problem = f"{of} {formula_text(topology.symbols)}, the formula means {_counts(wanted)}"
            findings.error(place, "formula", molecule.formula, problem, "Correct the formula or the atoms")
    except FormulaError as error:
        findings.error(place, "formula", molecule.formula or None, str(error), "Write the elements with their numbers")
    if molecule.smiles is None:
        if not topology.is_chain:
            findings.error(place, "smiles", None, "the SMILES is missing", "Add it: the bonds are checked with it")
        return
    if not topology.is_chain:
        _check_smiles(topology, molecule.smiles, charge_e, place, findings)


def _check_smiles(topology: Topology, smiles: str, charge_e: int | None, place: Place, findings: Findings) -> None:
    try:
        graph = read_smiles(smiles)
    except FormulaError as error:
        findings.error(place, "smiles", smiles, str(error), "Correct it")
        return
    theirs, ours = Counter(graph.symbols), Counter(topology.symbols)
    if charge_e is not None and graph.charge_e != charge_e:
        problem = f"its charge is {graph.charge_e}, declared is {charge_e}"
        findings.error(place, "smiles", smiles, problem, "Correct `smiles` or `charge`")
    if theirs != ours:
        problem = f"it means {formula_text(graph.symbols)}, {topology.file.name} has {formula_text(topology.symbols)}"
        findings.error(place, "smiles", smiles, problem, f"Correct `smiles` or the atoms of {topology.file.name}")
    elif topology.bonds_are_known and bond_orders(topology.symbols, topology.bonded_pairs, smiles) is None:
        wanted = Counter(_kind(graph.symbols[i], graph.symbols[j]) for i, j in graph.orders)
        given = Counter(_kind(topology.symbols[i], topology.symbols[j]) for i, j in topology.bonded_pairs)
        kinds = [kind for kind in sorted(wanted | given) if wanted[kind] != given[kind]]
        differ = [f"{given[kind]} {kind} for {wanted[kind]}" for kind in kinds]
        how = f" ({', '.join(differ)})" if differ else ""
        problem = f"the bonds of {topology.file.name} are not those of the SMILES{how}"
        findings.error(Place(topology.file, 0), "[ bonds ]", None, problem, "Correct the bonds, or `smiles`")


def _kind(one: str, two: str) -> str:
    return "-".join(sorted((one, two)))


def _counts(counts: Counter[str]) -> str:
    return formula_text([symbol for symbol, count in counts.items() for _ in range(count)])
