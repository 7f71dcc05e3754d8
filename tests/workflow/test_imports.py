"""An edit to any module that a result rests on makes it anew."""

from __future__ import annotations

from pathlib import Path

from workflow.imports import code_hash, import_closure

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


def test_the_hash_changes_with_every_file_it_stands_for_and_with_no_other(tmp_path: Path) -> None:
    package = tmp_path / "analysis"
    (package / "report").mkdir(parents=True)
    for name, text in (("a", "import analysis.b"), ("b", "x = 1"), ("c", "y = 1"), ("report/d", "z = 1")):
        (package / f"{name}.py").write_text(text)

    def changed(name: str, *modules: str) -> bool:
        """Whether an edit to a file changes the hash, which then comes back when the file does."""
        before, text = code_hash(tmp_path, modules), (package / name).read_text()
        (package / name).write_text(f"{text}\n# edited")
        after = code_hash(tmp_path, modules)
        (package / name).write_text(text)
        assert code_hash(tmp_path, modules) == before
        return after != before

    assert changed("a.py", "a") and changed("b.py", "a") and not changed("c.py", "a")
    assert changed("report/d.py", "report/*", "a") and changed("b.py", "report/*", "a")
    (package / "report" / "style.css").write_text("p {}")
    assert changed("report/style.css", "report/*")
