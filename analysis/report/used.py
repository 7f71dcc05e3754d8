"""For a paper: a methods paragraph and references, written from what the runs say of themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from analysis.report.collect import Finished, Results
from analysis.report.formatting import counted, join_words
from analysis.report.glance import first_cation, ion_charge_scales
from analysis.report.ran import span

_REFERENCES = Path(__file__).with_name("references.bib")


def methods(results: Results) -> list[str]:
    """Return the paragraphs of a methods section; none when nothing has finished."""
    ours = [one for one in results.finished if not one.foreign]
    foreign = [one for one in results.finished if one.foreign]
    texts = [_simulated(ours), _parameters(ours)] if ours else []
    texts += [_given(foreign)] if foreign else []
    return [*texts, _analysed(results)] if results.finished else []


def _runs(members: Sequence[Finished]) -> list[dict[str, Any]]:
    return [run for member in members for run in member.runs.values()]


def _contents(member: Finished) -> str:
    parts = [f"{species['count']} {species['name']}" for species in member.run["species"]]
    return f"{member.title}: {join_words(parts)}"


def _simulated(members: Sequence[Finished]) -> str:
    runs = _runs(members)
    boxes = "; ".join(_contents(member) for member in members)
    gromacs = join_words(sorted({str(run.get("versions", {}).get("gromacs", "of unknown version")) for run in runs}))
    names = dict.fromkeys(stage["name"] for run in runs for stage in run.get("stages", []))
    stages = join_words([name for name in names if name != "production"])
    replicas = join_words(sorted({counted(len(one.runs), "replica") for one in members}))
    told = any(run.get("hydrogen_mass_u") is not None for run in runs)
    heavy = f", hydrogens of {span(runs, 'hydrogen_mass_u')} u" if told else ""
    preview = " These were short previews, whose numbers prove nothing." if any(one.preview for one in members) else ""
    return (
        f"Cubic periodic boxes ({boxes}) were packed with Packmol [packmol] and simulated with GROMACS {gromacs} "
        f"[gromacs], {replicas} of each, which differ in packing and velocities. After minimisation (steepest descent) "
        f"came the stages {stages}; production at constant pressure was {span(runs, 'production_ns_done')} ns at "
        f"{span(runs, 'temperature_K')} K and {span(runs, 'pressure_atm')} atm, with steps of "
        f"{span(runs, 'timestep_fs')} fs{heavy}, V-rescale thermostat "
        "[vrescale], C-rescale barostat [crescale] and LINCS [lincs]. Lennard-Jones and real-space Coulomb "
        f"interactions were cut off at {span(runs, 'cutoff_nm')} nm, with long-range dispersion corrected and "
        f"particle-mesh Ewald [pme] beyond.{preview}"
    )


def _parameters(members: Sequence[Finished]) -> str:
    provisional = sorted({name for member in members for name in member.provisional})
    told = f" The parameters of {join_words(provisional)} are provisional." if provisional else ""
    scales = ion_charge_scales(_runs(members))
    charges = f" and charges of the ions times {join_words([f'{one:g}' for one in scales])}" if scales else ""
    charges = " and full charges of the ions" if scales == [1.0] else charges
    return (
        f"The force field is all-atom OPLS in form [jorgensen1996], with {span(_runs(members), 'mixing_rule')} mixing"
        f"{charges}. {_sources(members)}{told}"
    )


def _sources(members: Sequence[Finished]) -> str:
    """Return whose parameters each molecule has."""
    sources: dict[str, dict[str, None]] = {}
    for one in (one for run in _runs(members) for one in run["species"]):
        sources.setdefault(one["name"], {}).update(dict.fromkeys(one.get("sources") or ()))
    told = [f"{name} {', '.join(f'[{key}]' for key in keys)}" for name, keys in sources.items() if keys]
    return f"Parameters are from: {'; '.join(told)}." if told else "Its sources are not said in run.json."


def _given(members: Sequence[Finished]) -> str:
    return (
        f"Trajectories made elsewhere were analysed ({'; '.join(_contents(member) for member in members)}) at "
        f"{span(_runs(members), 'temperature_K')} K; how they were simulated is not said in their files."
    )


def _analysed(results: Results) -> str:
    size = " and corrected for the size of the box [finitesize]" if _has(results.finished, "D_infinite") else ""
    contacts = "Coordination numbers are direct counts within fixed contact distances. "
    counts = contacts if first_cation(results.finished) is not None else ""
    return (
        f"The analysis is that of Sheath {_version(results.finished)}, which reads trajectories with MDAnalysis "
        f"[mdanalysis]. {counts}Diffusion coefficients are slopes of the mean squared displacement where its exponent "
        f"is shown to be 1 [transport]{size}. "
        "Errors are half-widths of 95 % intervals; differences between systems are judged by Welch's test with Holm's "
        "adjustment where there are three replicas or more."
    )


def _has(members: Sequence[Finished], quantity: str) -> bool:
    """Return whether any system has a number of a quantity."""
    rows = [member.scalars for member in members]
    return any(bool(((own["quantity"] == quantity) & own["value"].map(math.isfinite)).any()) for own in rows)


def _version(members: Sequence[Finished]) -> str:
    found = {str(run["versions"]["sheath"]) for run in _runs(members) if run.get("versions", {}).get("sheath")}
    return join_words(sorted(found)) or "(version not said)"


def bibtex(results: Results, *, in_3d: bool) -> str:
    """Return the references of the methods as BibTeX, only of what really ran; empty when nothing has finished."""
    if not results.finished:
        return ""
    text = " ".join(methods(results))
    entries = {entry.split("{")[1].split(",")[0]: entry for entry in _entries()}
    for run in _runs(results.finished):
        entries = dict(run.get("references") or {}) | entries
    wanted = [key for key in entries if f"[{key}]" in text]
    wanted += ["snakemake"] if any(not one.foreign for one in results.finished) else []
    wanted += ["molstar"] if in_3d else []
    own = f"@software{{sheath,\n  title = {{Sheath}}, version = {{{_version(results.finished)}}}\n}}"
    return "\n\n".join([*(str(entries[key]) for key in entries if key in wanted), own]) + "\n"


def _entries() -> list[str]:
    return [one.strip() for one in re.split(r"\n(?=@)", _REFERENCES.read_text(encoding="utf-8"))]


def licences(viewer: str) -> list[tuple[str, str]]:
    """Return (library, licence text) of what the page carries along; `viewer` is Mol*'s, empty without it."""
    plotly = metadata.distribution("plotly").read_text("licenses/LICENSE.txt") or ""
    return [("plotly.js (MIT)", plotly), *([("Mol* (MIT)", viewer)] if viewer else [])]
