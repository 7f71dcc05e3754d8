"""Puts the report together: collects, draws, fills the template, writes one self-contained file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.comparison import FEWEST_REPLICAS
from analysis.comparison_files import compare_runs
from analysis.cutoffs import BAND_NM, CONTACT_NM, NO_CONTACT
from analysis.report.bars import bar_figures
from analysis.report.collect import Electrolyte, Finished, Results, collect, contacts_nm, electrolytes
from analysis.report.differences import first_of, pairs_of, split_by_charges, verdicts_of
from analysis.report.drawing import Figure, Styles, page_template
from analysis.report.expected import load_expected
from analysis.report.figures import cn_series_figures, density_figure, msd_figures, rdf_figures
from analysis.report.first import claim_grid, state_of
from analysis.report.formatting import counted
from analysis.report.given import PAGE_MARK
from analysis.report.glance import first_cation, glance_table
from analysis.report.light import WORDS, light_of, questions
from analysis.report.liquids import liquid_lines
from analysis.report.longer import MOST_LINES, longer_lines, target_text
from analysis.report.palette import species_styles, variant_of, variant_styles
from analysis.report.ran import choices, description, few_replicas, heading, sentence
from analysis.report.scenes import seen_of, store_of
from analysis.report.summary import detail_groups
from analysis.report.sweeps import sweeps
from analysis.report.used import bibtex, licences, methods
from analysis.report.verdict import stationarity_lines, verdict

_FOLDER = Path(__file__).parent
_SCRIPTS = ("tabs.js", "draw.js", "see.js")
TABS = (("first", "Overview"), ("compare", "Compare"), ("see", "See"), ("believe", "Believe"), ("use", "Use"))
# Named buttons only: plotly's own choice grows with its versions and has included one that sends data away.
_FIGURE_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}


def build(
    results_dir: Path,
    systems: list[str],
    replicas: int | Mapping[str, int],
    out: Path,
    expected: Path | None = None,
) -> Path:
    """Write the report about `systems` to `out` and return `out`.

    Every system whose pooled tables exist below `results_dir` is shown; every other one is named with the text
    of its replicas' failure.txt, or as not finished. The page is written also when nothing has finished. It
    loads nothing: plotly.js, style and figures are inside. The same input gives the same bytes, and the
    file appears whole or not at all.

    Args:
        results_dir: folder with one folder per system, as the workflow leaves it.
        systems: ids of the systems asked for, in the order of the report.
        replicas: replicas asked for per system; those of each system where single runs were given.
        out: path of the HTML file; its folder is created.
        expected: JSON file with the hash of the physics and the length that the configuration has now, per
            system and replica; results of another configuration, and shorter ones, are marked.

    Raises:
        OSError: when `out` cannot be written.
        RunError: when `expected` cannot be read.
    """
    results = collect(results_dir, systems, replicas, load_expected(expected) if expected else None)
    text = _render(results, results_dir)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(out)
    return out


def _environment() -> Environment:
    """Return where templates are looked up, and the filters that they use."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"counted": counted, "state_of": state_of}
    return environment


def _render(results: Results, results_dir: Path) -> str:
    groups = electrolytes(results.finished)
    with_ions = first_cation(results.finished) is not None
    sections, swept = _sections(results, groups, results_dir), sweeps(results.finished)
    store = {
        "template": page_template(),
        "config": _FIGURE_CONFIG,
        "figures": {f.key: _json_of(f) for section in [*sections, *swept] for f in section["all"]},
    }
    return (
        _environment()
        .get_template("template.html.j2")
        .render(
            results=results,
            heading=heading(results),
            sentence=sentence(results),
            previews=[one for one in results.finished if one.preview],
            **_parameters(results.finished),
            page_mark=Markup(PAGE_MARK),
            few_replicas=few_replicas(results),
            **dict(zip(("glance_columns", "glances"), glance_table(results.finished), strict=True)),
            with_ions=with_ions or not results.finished,
            liquids=liquid_lines(results.finished),
            sections=sections,
            sweeps=swept,
            **_first_screen(results.finished, sections),
            **_seen(results, results_dir),
            tabs=TABS,
            choices=choices(results),
            descriptions=[(one, description(one), stationarity_lines(one)) for one in results.finished],
            verdicts={one.name: verdict(one) for one in results.finished},
            with_chains=any(run.get("monomers") for one in results.finished for run in one.runs.values()),
            **_limits(results.finished),
            **_inside(store),
        )
    )


def _first_screen(finished: Sequence[Finished], sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the reader sees first: the verdicts and the convergence light."""
    with_ions = first_cation(finished) is not None
    grids = [claim_grid(section["group"].title, section["verdicts"]) for section in sections]
    return {
        "grids": [grid for grid in grids if grid is not None],
        "lights": [light_of(one, with_ions=with_ions) for one in finished],
        "questions": questions(with_ions=with_ions),
        "light_words": WORDS,
    }


def _seen(results: Results, results_dir: Path) -> dict[str, Any]:
    """Return the box and the shells of each system, and what a paper about all this needs."""
    styles = species_styles(results.finished)
    seen = [seen_of(one, results_dir, styles) for one in results.finished]
    store = store_of(seen)
    return {
        "seen": seen,
        "scene_data": Markup(json_for_html(store)) if store else "",
        "methods": methods(results),
        "bibtex": bibtex(results, in_3d=bool(store)),
        "licences": licences(store["viewer"]["licence"] if store else ""),
    }


def _limits(finished: Sequence[Finished]) -> dict[str, Any]:
    """Return the limits that the definitions name."""
    return {
        "contacts": {one.cation: contacts_nm(one) for one in finished if one.cation is not None} or {"Li": CONTACT_NM},
        "band_nm": BAND_NM,
        "no_contact": NO_CONTACT,
        "fewest_replicas": FEWEST_REPLICAS,
        "target": target_text(),
    }


def _inside(store: dict[str, Any]) -> dict[str, Any]:
    """Return what the page carries along: style, scripts, the figures' data."""
    return {
        "style": Markup(_raw_text((_FOLDER / "style.css").read_text(encoding="utf-8"), "style")),
        "plotly_js": Markup(_raw_text(get_plotlyjs(), "script")) if store["figures"] else "",
        "scripts": [
            Markup(_raw_text((_FOLDER / name).read_text(encoding="utf-8"), "script"))
            for name in ("tabs.js", "draw.js", "see.js")
        ],
        "figure_data": Markup(json_for_html(store)),
    }


def _sections(results: Results, groups: Sequence[Electrolyte], results_dir: Path) -> list[dict[str, Any]]:
    """Return what the template shows per electrolyte: tables, comparisons and figures by kind."""
    variants, species = variant_styles(groups), species_styles(results.finished)
    found = compare_runs(
        results_dir, {one.name: one.run for one in results.finished}, max(results.replicas.values(), default=1)
    )
    sections = []
    for group in groups:
        figures = _figures(group, variants, species) | {"bars": bar_figures(group, variants, species, found.compared)}
        pairs = pairs_of(group.members, found.compared)
        longer = longer_lines(group.members, found.needs)
        sections.append(
            {
                "group": group,
                "tables": detail_groups(group),
                "pairs": pairs,
                "with_controls": split_by_charges(pairs),
                "verdicts": verdicts_of(group.members, found.verdicts),
                "with_first": first_of(pairs),
                "longer": longer[:MOST_LINES],
                "longer_left_out": len(longer[MOST_LINES:]),
                "members": [
                    (one, variant_of(one, group), variants[variant_of(one, group)][0]) for one in group.members
                ],
                "preview": any(one.preview for one in group.members),
                "figures": figures,
                "all": [figure for kind in figures.values() for figure in kind],
            }
        )
    return sections


def _figures(group: Electrolyte, variants: Styles, species: Styles) -> dict[str, list[Figure]]:
    shells = rdf_figures(group, variants)
    density = density_figure(group, variants)
    return {
        "rdf": [figure for figure in shells if not figure.folded],
        "rdf_chains": [figure for figure in shells if figure.folded],
        "msd": msd_figures(group, variants),
        "time": ([density] if density else []) + cn_series_figures(group, species),
    }


def _parameters(finished: Sequence[Finished]) -> dict[str, Any]:
    """Return what is to be known of the force field before any number is read."""
    return {
        "provisional": _provisional(finished),
        "provisional_notes": _provisional_notes(finished),
        "misfits": _misfits(finished),
    }


def _provisional_notes(finished: Sequence[Finished]) -> dict[str, str]:
    """Return provisional molecule -> what its maker says about its parameters."""
    species = [entry for one in finished for run in one.runs.values() for entry in run["species"]]
    return {str(entry["name"]): str(entry.get("status_note") or "") for entry in species}


def _misfits(finished: Sequence[Finished]) -> dict[str, list[str]]:
    """Return molecule -> the criteria that its parameters miss, each with the number reached and the limit."""
    species = [entry for one in finished for run in one.runs.values() for entry in run["species"]]
    return {
        str(entry["name"]): [
            f"{one['criterion']} {one['reached']:g}{'' if one['unit'] == '1' else ' ' + one['unit']} "
            f"(limit {one['limit']:g})"
            for one in entry["misfits"]
        ]
        for entry in species
        if entry.get("misfits")
    }


def _provisional(finished: Sequence[Finished]) -> dict[str, list[str]]:
    """Return provisional molecule -> systems that contain it."""
    names = sorted({name for one in finished for name in one.provisional})
    return {name: [one.name for one in finished if name in one.provisional] for name in names}


def _json_of(figure: Figure) -> dict[str, Any]:
    drawn: dict[str, Any] = json.loads(figure.figure.to_json())
    drawn["layout"] |= {"height": figure.height_px, "autosize": True}
    return {"data": drawn["data"], "layout": drawn["layout"]}


def json_for_html(value: Any) -> str:
    """Return JSON that cannot end the script element around it, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _raw_text(text: str, element: str) -> str:
    """Check that a text of ours or of plotly can stand inside a raw-text element.

    Raises:
        ValueError: when it would end the element or open a comment; escaping could change its meaning.
    """
    lowered = text.lower()
    if f"</{element}" in lowered or "<!--" in lowered:
        raise ValueError(f"a text meant for <{element}> holds its end or a comment")
    return text
