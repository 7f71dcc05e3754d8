"""The laws of the architecture that a syntax tree can show: who imports whom, who starts what, lengths."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("analysis", "workflow")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "forcefields").rglob("*.py"))]
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow").rglob("*.smk"))]

# Inside analysis a module imports from its own layer or from those to the left, never to the right.
LAYERS = (
    {"units", "table", "run", "run_keys", "run_schema", "run_record", "joined", "cutoffs", "xtc"},
    {"read", "reading", "neighbours", "unwrap", "energies", "dipole", "chain_geometry", "hydrogen_bonding"}
    | {"frames", "joining", "kernels", "part", "survey", "workers"},
    {"describe"},
    {"figures", "statistics", "einstein", "msd", "experiment", "arrhenius"}
    | {"shells", "pair_sums", "survival", "finite_size", "pressures", "green_kubo", "collective", "turning_points"},
    {"stationarity"},
    {"observables"},
    {"observe", "snapshot"},
    {"pool", "pooled_rdf", "replica_errors"},
    {"compare", "comparison", "comparison_files", "claims", "sampling"},
    {"report", "record"},
    {"report_runs"},
    {"__main__"},
)


def name_of(path: Path) -> str:
    """Return the dotted name of a module of the project."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything a file imports, at any depth of the code."""
    package = name_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def importers(package: str) -> set[str]:
    """Return the modules of the project that import a package."""
    return {name_of(path) for path in MODULES if any(one.split(".")[0] == package for one in imports(path))}


def layer_of(name: str) -> int:
    """Return the number of the layer of an analysis module such as `analysis.report.page`."""
    part = name.split(".")[1]
    found = [number for number, layer in enumerate(LAYERS) if part in layer]
    assert found, f"analysis/{part} has no layer: say in LAYERS of tests/test_layout.py who may import it"
    return found[0]


def calls_with(tree: ast.Module, keyword: str) -> list[int]:
    """Return the lines of the calls that are given a keyword argument."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and any(word.arg == keyword for word in node.keywords)
    ]


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the string constants that are not docstrings."""
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_workflow_analysis_and_snakemake_do_not_import_each_other(path: Path) -> None:
    own = name_of(path).split(".")[0]
    forbidden = {*PACKAGES, "snakemake"} - {own}
    assert not {one for one in imports(path) if one.split(".")[0] in forbidden}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.parts[-2:] != ("analysis", "__init__.py")], ids=name_of
)
def test_analysis_imports_downwards(path: Path) -> None:
    name = name_of(path)
    if not name.startswith("analysis."):
        return
    used = {one for one in imports(path) if one.startswith("analysis.")}
    assert not {one for one in used if layer_of(one) > layer_of(name)}


def test_observables_do_not_import_each_other() -> None:
    for path in sorted((ROOT / "analysis/observables").glob("*.py")):
        used = [one for one in imports(path) if one.startswith("analysis.observables.")]
        assert not used, f"{path.name} imports {used}"


def test_only_inputs_reads_yaml() -> None:
    readers = importers("ruamel") | importers("yaml")
    assert readers
    assert all(name.startswith("workflow.inputs") for name in readers), readers


def test_only_the_gromacs_module_starts_gmx() -> None:
    assert importers("gromacs") <= {"workflow.gromacs"}
    for path in MODULES:
        if name_of(path) != "workflow.gromacs":
            found = [text.lineno for text in texts(tree_of(path)) if text.value in {"gmx", "gmx_mpi"}]
            assert not found, f"{path}:{found}"


def test_only_the_run_module_makes_a_universe_for_the_analysis() -> None:
    for path in MODULES:
        name = name_of(path)
        if name.startswith("analysis.") and name not in {"analysis.run", "analysis.describe.files"}:
            calls = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
            names = [getattr(call, "attr", getattr(call, "id", "")) for call in calls]
            assert "Universe" not in names, path


def test_grompp_is_never_silenced() -> None:
    for path in MODULES:
        tree = tree_of(path)
        assert not calls_with(tree, "maxwarn"), path
        assert not [text for text in texts(tree) if "maxwarn" in str(text.value)], path
    for path in RULES:
        assert "maxwarn" not in path.read_text(encoding="utf-8"), path


def test_no_shell_and_no_change_of_folder() -> None:
    for path in MODULES:
        tree = tree_of(path)
        assert not calls_with(tree, "shell"), path
        assert "os.chdir" not in ast.unparse(tree), path


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_and_modules_are_short(path: Path) -> None:
    """A function has fewer than 40 lines, its docstring not counted; a module fewer than 300."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300
    long = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            lines = (node.end_lineno or 0) - node.lineno + 1
            lines -= (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            long += [f"{node.name}: {lines}"] if lines >= 40 else []
    assert not long


def test_rule_files_are_short_and_hold_no_science() -> None:
    assert len(RULES[0].read_text(encoding="utf-8").splitlines()) < 40
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 150, path
        assert not re.search(r"^\s*run:", text, re.MULTILINE), f"{path}: rules call scripts, they hold no Python"


def test_no_module_is_a_drawer() -> None:
    assert not [path for path in SOURCES if path.stem in {"utils", "util", "helpers", "misc", "common"}]


def test_every_package_and_module_has_a_docstring() -> None:
    assert not [path for path in MODULES if not ast.get_docstring(tree_of(path))]
