"""What ran, in tables: composition, protocol with the origin of each choice, seeds, versions, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.comparison import FEWEST_REPLICAS
from analysis.report.collect import NOT_SAID, Finished, Results
from analysis.report.formatting import counted, flat, join_words, number, scalar, with_interval
from analysis.report.glance import ion_charge_scales
from analysis.report.provenance import input_lines, job_lines
from analysis.report.summary import scalars_of
from analysis.units import PS_PER_NS

OUR_QUESTION = "Lithium electrolytes at boron–nitrogen chains"
PAPER = "paper"
OURS = "our choice"
_PAPER_CUTOFF_NM = 1.2
_PAPER_PRODUCTION_NS = 10.0
_PAPER_TEMPERATURE_K = 298.0
_PAPER_PRESSURE_ATM = 1.0
_PAPER_MIXING = "lorentz-berthelot"


def heading(results: Results) -> str:
    """Return what the page is about: the project's question where our runs have ions, else what it holds."""
    if not results.finished:
        return "Electrolytes" if results.given else OUR_QUESTION
    ours = any(run["protocol"] != NOT_SAID for run in _all_runs(results.finished))
    if not any(run.get("cation") for run in _all_runs(results.finished)):
        return "Liquids without ions"
    return OUR_QUESTION if ours else "Electrolytes"


def sentence(results: Results) -> str:
    """Return one sentence about what ran, from the runs themselves."""
    finished = results.finished
    asked = len(finished) + len(results.unfinished)
    if not finished and results.given:
        return f"None of the runs of {counted(asked, 'system')} could be measured."
    if not finished:
        return f"None of the {asked} systems asked for has finished yet." if asked else "No system was asked for."
    runs = _all_runs(finished)
    count = f"{len(finished)} of {counted(asked, 'system')}" if results.unfinished else counted(asked, "system")
    # A trajectory that Sheath did not make tells its temperature and little else.
    wanted = (
        ("temperature_K", "{} K"),
        ("pressure_atm", "{} atm"),
        ("cutoff_nm", "{} nm cut-off"),
        ("mixing_rule", "{} mixing"),
    )
    facts = [_lengths(finished)] if any(run.get("production_ns_done") is not None for run in runs) else []
    facts += [text.format(span(runs, key)) for key, text in wanted if any(run.get(key) is not None for run in runs)]
    gromacs = sorted({str(run["versions"]["gromacs"]) for run in runs if run.get("versions", {}).get("gromacs")})
    facts += [f"GROMACS {join_words(gromacs)}"] if gromacs else []
    return f"Molecular dynamics of {count}, {_replicas(results)}: {', '.join(facts)}."


def _replicas(results: Results) -> str:
    """Return "2 replicas each", or where the systems differ "1, 1 and 2 replicas"."""
    counts = list(results.replicas.values())
    if len(set(counts)) > 1:
        return f"{join_words([str(n) for n in counts])} replicas"
    return counted(counts[0], "replica") + (" each" if len(results.finished) > 1 else "")


def _lengths(finished: Sequence[Finished]) -> str:
    """Return "10 ns of production", or of runs from elsewhere "0.2 ns read, averages over 0.1 ns"."""
    runs = _all_runs(finished)
    own = [run for run in runs if "analysed" not in run and run.get("production_ns_done") is not None]
    texts = [f"{span(own, 'production_ns_done')} ns of production"] if own else []
    read = list(dict.fromkeys(_read(run) for run in runs if "analysed" in run))
    texts += [f"{join_words(read)} ns read"] if read else []
    averaged = sorted(ns for one in finished for run in one.runs.values() if (ns := _averaged_ns(one, run)) is not None)
    over = list(dict.fromkeys(number(ns, 2) for ns in averaged))
    return join_words(texts) + (f", averages over {' to '.join([over[0], *over[1:][-1:]])} ns" if over else "")


def _averaged_ns(member: Finished, run: dict[str, Any]) -> float | None:
    """Return which length of a run from elsewhere is in the averages: from the latest start of the replicas on."""
    table, of = member.tables.get("stationarity"), run.get("analysed")
    if table is None or of is None:
        return None
    start_ps = table.loc[(table["quantity"] == "start") & table["value"].notna(), "value"].max()
    return (of["last_ps"] - start_ps) / PS_PER_NS if of["first_ps"] <= start_ps < of["last_ps"] else None


def _read(run: dict[str, Any]) -> str:
    """Return how many ns of a run were read, of how many there are: "0.09 of 0.2", or "0.2"."""
    done, there = run.get("production_ns_done"), run.get("production_ns")
    part = there is not None and done < there * (1 - 1e-9)
    return f"{_plain(done)} of {_plain(there)}" if part else _plain(done)


def few_replicas(results: Results) -> str:
    """Return what one or two replicas do not tell; empty where every system has three."""
    counts = [results.replicas[one.name] for one in results.finished]
    whose = " of a system" if len(set(counts)) > 1 else ""
    texts = []
    if 1 in counts:
        texts.append(
            f"With 1 replica{whose} the interval knows only what varies within a run, not what the packing left behind."
        )
    if 2 in counts:
        texts.append(
            f"With 2 replicas{whose} the interval is that of their scatter, 12.7 standard errors by Student's t, "
            "where this is wider than what varies within the runs."
        )
    return " ".join([*texts, f"Statements about differences need {FEWEST_REPLICAS}."]) if texts else ""


def choices(results: Results) -> tuple[tuple[str, str, str], ...]:
    """Return (what, how it was done here, whose choice) for our own runs; empty when there are none."""
    runs = [run for run in _all_runs(results.finished) if run.get("protocol") != NOT_SAID]
    if not runs:
        return ()
    return (*_from_paper(runs), *_ours(runs))


def _from_paper(runs: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    def compared(what: str, key: str, unit: str, papers: Any) -> tuple[str, str, str]:
        same = all(run.get(key) == papers for run in runs)
        origin = PAPER if same else f"differs from the paper ({scalar(papers)}{unit})"
        return (what, f"{span(runs, key)}{unit}", origin)

    gromacs = join_words(sorted({str(run.get("versions", {}).get("gromacs", "?")) for run in runs}))
    return [
        ("Packing", "Packmol", PAPER),
        ("Engine", f"GROMACS {gromacs}", "paper (version 2019.3 there)"),
        ("Force field", "all-atom OPLS form", PAPER),
        compared("Mixing of Lennard-Jones parameters", "mixing_rule", "", _PAPER_MIXING),
        compared("Cut-off, Lennard-Jones and real-space Coulomb", "cutoff_nm", " nm", _PAPER_CUTOFF_NM),
        ("Coulomb beyond the cut-off", "particle-mesh Ewald", PAPER),
        ("Minimisation", "steepest descent", PAPER),
        compared("Temperature", "temperature_K", " K", _PAPER_TEMPERATURE_K),
        compared("Pressure", "pressure_atm", " atm", _PAPER_PRESSURE_ATM),
        compared("Production at constant pressure", "production_ns", " ns", _PAPER_PRODUCTION_NS),
        ("Thermostat", "V-rescale", PAPER),
        ("Constraints", "LINCS", PAPER),
    ]


def _ours(runs: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    names = dict.fromkeys(stage["name"] for run in runs for stage in run.get("stages", []))
    stages = join_words([name for name in names if name != "production"])
    of_electrolytes = [
        ("Which six systems", "two electrolytes, each bare and with either chain: our reading", OURS),
        ("Meaning of 1 M", "mol of salt per litre of solution unless the system says otherwise", OURS),
        ("Separator", "not in the box", OURS),
        ("Charges of the ions", _ionic_charges(runs), OURS),
    ]
    rows = of_electrolytes if any(run.get("cation") for run in runs) else []
    rows += [
        ("Numbers of molecules, size of the box", "see each system below", OURS),
        ("Time step", f"{span(runs, 'timestep_fs')} fs", OURS),
        ("Mass of a hydrogen (beyond 1.008 u taken from its neighbour)", f"{span(runs, 'hydrogen_mass_u')} u", OURS),
        ("Bonds constrained", _constrained(runs), OURS),
        ("Time constant of the thermostat", "1 ps", OURS),
        ("Barostat", "C-rescale", OURS),
        ("Long-range dispersion", "corrected in energy and pressure", OURS),
        ("Equilibration", f"minimisation, then the stages {stages}" if stages else "see below", OURS),
    ]
    if any(run.get("monomers") for run in runs):
        rows.append(("Length and number of the chains", "see each system below", OURS))
    return rows


def _constrained(runs: Sequence[dict[str, Any]]) -> str:
    """Return which bonds LINCS held, in words; runs made before this was noted held those with a hydrogen."""
    words = {"h-bonds": "those with a hydrogen", "all-bonds": "all"}
    found = {str(run.get("constraints") or "h-bonds") for run in runs}
    return join_words(sorted(words.get(one, one) for one in found))


def _ionic_charges(runs: Sequence[dict[str, Any]]) -> str:
    """Return whether the ions have whole charges, as their formulas say, or scaled ones in some systems."""
    return "full" if set(ion_charge_scales(runs)) <= {1.0} else "scaled in some systems, see below"


def description(member: Finished) -> dict[str, Any]:
    """Return the tables about one system: composition, species, stages, replicas, versions, sequences."""
    run, composition = member.run, member.run["composition"]
    asked, reached = flat(composition.get("asked", {})), flat(composition.get("reached", {}))
    return {
        "amounts": [(key, asked.get(key, "–"), reached.get(key, "–")) for key in dict.fromkeys([*asked, *reached])],
        "species": [
            {key: scalar(species.get(key)) for key in ("title", "name", "role", "count", "status")}
            | {"atoms": str(len(species["masses_u"]))}
            for species in run["species"]
        ],
        "facts": _facts(member),
        "warnings": [] if member.foreign else [str(text) for text in composition.get("warnings", [])],
        "stages": [
            tuple(_plain(stage.get(key)) for key in ("name", "ensemble", "temperature_K", "length_ps"))
            for stage in run.get("stages", [])
        ],
        "replicas": [_replica(number_, one, _averaged_ns(member, one)) for number_, one in member.runs.items()],
        "versions": flat(run.get("versions", {})),
        "sequences": {n: one["chain_sequences"] for n, one in member.runs.items() if one.get("chain_sequences")},
    }


def _facts(member: Finished) -> list[tuple[str, str]]:
    run, composition = member.run, member.run["composition"]
    facts = [("Extends", str(run["base"]))] if run.get("base") else []
    if run.get("monomers"):
        facts.append(("Monomers per chain", scalar(run["monomers"])))
    density, mass = composition.get("predicted_density_kg_per_m3"), composition.get("mass_u")
    if density is not None:
        without = " (without the chains)" if run.get("monomers") else ""
        facts.append(("Density predicted from pure volumes" + without, f"{number(float(density))} kg/m³"))
    if mass is not None:
        facts.append(("Mass of the box", f"{number(float(mass), 6)} u"))
    volumes = [row for (name, _, unit), row in scalars_of(member).items() if (name, unit) == ("volume", "nm^3")]
    if volumes and float(volumes[0]["value"]) > 0:
        volume_nm3, error_nm3 = float(volumes[0]["value"]), float(volumes[0]["error"])
        edge_nm = volume_nm3 ** (1 / 3)
        text = with_interval(edge_nm, edge_nm * error_nm3 / (3 * volume_nm3))
        facts.append(("Edge of a cube of the mean volume", f"{text} nm"))
    wanted = (
        ("Cut-off", "cutoff_nm", " nm"),
        ("Mixing rule", "mixing_rule", ""),
        ("Other parameters, set", "parameter_set", ""),
        ("Time step", "timestep_fs", " fs"),
        ("Mass of a hydrogen", "hydrogen_mass_u", " u"),
        ("Protocol", "protocol", ""),
    )
    known = [one for one in wanted if run.get(one[1]) not in (None, NOT_SAID)]
    return [*facts, *((name, f"{scalar(run[key])}{unit}") for name, key, unit in known)]


def _replica(replica: int, run: dict[str, Any], averaged_ns: float | None) -> dict[str, Any]:
    interval = run.get("frame_interval_ps")
    return {
        "replica": replica,
        "lines": [
            *_length(run, averaged_ns),
            *([("Frames every", f"{scalar(interval)} ps")] if interval else []),
            *_files(run),
            *job_lines(run),
        ],
        "cis_share": _cis_share(run),
        "seeds": flat(run.get("seeds", {})),
        "hashes": flat(run.get("hashes", {})) | input_lines(run),
    }


def _length(run: dict[str, Any], averaged_ns: float | None) -> list[tuple[str, str]]:
    """Return how long a run is and how much of it was read, and is in the averages."""
    done, asked = run.get("production_ns_done"), run.get("production_ns")
    if "analysed" not in run:
        return [("Production done", f"{scalar(done)} of {scalar(asked)} ns")]
    of = run["analysed"]
    frames = f"{of['frames']}, from {_plain(of['first_ps'])} to {_plain(of['last_ps'])} ps"
    averaged = [("Length in the averages", f"{number(averaged_ns, 2)} ns")] if averaged_ns is not None else []
    return [("Length read", f"{_read(run)} ns"), *averaged, ("Frames read", frames)]


def _files(run: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names of the files of a run that was given."""
    if "analysed" not in run:
        return []
    parts = run["trajectory"] if isinstance(run["trajectory"], list) else [run["trajectory"]]
    found = [("Topology", [run["structure"]]), ("Trajectory", parts)]
    found += [("Energies", [run["energy"]])] if run.get("energy") else []
    return [(what, ", ".join(Path(name).name for name in names)) for what, names in found]


def _cis_share(run: dict[str, Any]) -> str:
    """Return which share of cis bonds the chains were to have and which was drawn; empty when not said."""
    composition = run.get("composition", {})
    share = run.get("chain_cis_share") or composition.get("chain_cis_share") or composition.get("chains_cis_share")
    if not isinstance(share, dict):
        return ""
    return f"{_share(share.get('drawn'))} drawn, {_share(share.get('asked'))} asked"


def _share(value: Any) -> str:
    return number(float(value), 3) if isinstance(value, int | float) else scalar(value)


def _all_runs(finished: Sequence[Finished]) -> list[dict[str, Any]]:
    return [run for member in finished for run in member.runs.values()]


def span(runs: Sequence[dict[str, Any]], key: str) -> str:
    """Return the distinct values of one key over all runs, "298" or "298 and 318"."""
    values = list(dict.fromkeys(_plain(run.get(key)) for run in runs))
    return join_words(values)


def _plain(value: Any) -> str:
    """Return what was set, not measured, with all its digits: 298.15 stays 298.15."""
    return f"{value:g}" if isinstance(value, float) else scalar(value)
