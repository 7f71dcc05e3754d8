"""The methods paragraph and its references say what really ran, and the licences travel with the page."""

from __future__ import annotations

import math
import re
from pathlib import Path

from analysis.report import build
from analysis.report.collect import collect
from analysis.report.used import bibtex, licences, methods
from analysis.table import row
from tests.analysis.report.page import Page
from tests.analysis.report.synthetic import ETHER, make_run, make_tables, write_system


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{(\w+),", text, re.M)


def test_methods_name_the_numbers_of_run_json_and_cite_only_what_ran(tmp_path: Path) -> None:
    run = make_run(ETHER) | {"timestep_fs": 1.5, "temperature_K": 311.5, "provisional": ["DME"]}
    tables = make_tables(run)
    write_system(tmp_path / "a", run, tables)
    results = collect(tmp_path / "a", [ETHER], 1)
    text = " ".join(methods(results))
    for words in (
        "1.5 fs",
        "311.5 K",
        "GROMACS 2022.5",
        "10 ns",
        "40 Li",
        "1.008 u",
        "parameters of DME are provisional",
        "nvt",
    ):
        assert words in text, words
    cited = keys(bibtex(results, in_3d=False))
    assert {"gromacs", "packmol", "jorgensen1996", "mdanalysis", "snakemake", "sheath"} <= set(cited)
    assert "finitesize" not in cited and "molstar" not in cited and len(cited) == len(set(cited))
    assert set(re.findall(r"\[(\w+)\]", text)) <= set(cited)
    tables["diffusion"] += [row("D_infinite", "Li", 0.9, "1e-10 m^2/s", 0.1), row("D_infinite", "DME", math.nan, "1")]
    write_system(tmp_path / "b", run, tables)
    assert {"finitesize", "molstar"} <= set(keys(bibtex(collect(tmp_path / "b", [ETHER], 1), in_3d=True)))


def test_each_molecules_parameters_are_cited_once_with_the_entries_of_run_json(tmp_path: Path) -> None:
    run = make_run(ETHER)
    for one, sources in zip(run["species"], (["aqvist1990"], ["canongialopes2004", "doi:10.1/x"]), strict=False):
        one["sources"] = sources
    run["references"] = {key: f"@article{{{key},\n  year = {{1990}}\n}}" for key in ("aqvist1990", "jorgensen1996")}
    write_system(tmp_path, run, make_tables(run))
    results = collect(tmp_path, [ETHER], 1)
    assert "Li [aqvist1990]; TFSI [canongialopes2004], [doi:10.1/x]." in " ".join(methods(results))
    cited = keys(bibtex(results, in_3d=False))
    assert {"aqvist1990", "jorgensen1996"} <= set(cited) and len(cited) == len(set(cited))


def test_of_a_trajectory_from_elsewhere_no_simulation_is_described(tmp_path: Path) -> None:
    run = make_run(ETHER) | {"system": "mine", "protocol": "not said", "base": None}
    write_system(tmp_path, run, make_tables(run))
    results = collect(tmp_path, ["mine"], {"mine": 1})
    text = " ".join(methods(results))
    assert "made elsewhere" in text and "Packmol" not in text and "V-rescale" not in text
    assert not {"gromacs", "packmol", "jorgensen1996", "snakemake"} & set(keys(bibtex(results, in_3d=False)))
    page = Page(build(tmp_path, ["mine"], {"mine": 1}, tmp_path / "report.html"))
    assert "made elsewhere" in page.find(id="methods")[0]["text"]


def test_licences_are_the_libraries_own_texts() -> None:
    found = dict(licences("text of the viewer"))
    assert "Permission is hereby granted" in found["plotly.js (MIT)"] and found["Mol* (MIT)"] == "text of the viewer"
    assert len(licences("")) == 1
