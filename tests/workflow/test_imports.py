"""An edit to any module that a result rests on makes it anew."""

from __future__ import annotations

from pathlib import Path

from workflow.imports import import_closure

ROOT = Path(__file__).resolve().parents[2]


def names(*modules: str) -> set[str]:
    return {path.relative_to(ROOT / "analysis").as_posix() for path in import_closure(ROOT, modules)}


def test_diffusion_rests_on_the_estimator() -> None:
    assert {"observables/diffusion.py", "msd.py", "einstein.py", "statistics.py"} <= names("observables/diffusion")


def test_reading_rests_on_unwrapping_but_on_no_observable() -> None:
    found = names("read")
    assert {"read.py", "unwrap.py", "neighbours.py", "units.py", "run.py"} <= found
    assert not any(name.startswith("observables/") for name in found)


def test_imports_inside_functions_and_circles_are_followed(tmp_path: Path) -> None:
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "a.py").write_text("def f():\n    from analysis.b import g\n")
    (tmp_path / "analysis" / "b.py").write_text("import analysis.a\nfrom analysis import c\nimport numpy\n")
    (tmp_path / "analysis" / "c.py").write_text("")
    assert [path.name for path in import_closure(tmp_path, ["a"])] == ["a.py", "b.py", "c.py"]
