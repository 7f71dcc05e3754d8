"""What to run: `config.yaml` with its overlays as a frozen `Config`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.fields import SAFE_NAME, SAFE_NAME_REMEDY, Fields
from workflow.inputs.problems import Problems
from workflow.inputs.tree import Node, Table, describe, merged, read_table

TIMESTEP_PS = 0.002
SHORTEST_STAGE_PS = 10.0
SHORTEST_PRODUCTION_PS = 20.0
FEWEST_FRAMES = 10
DENSEST_PACKING = 1.5  # of the predicted density
MIXING_RULES = ("lorentz-berthelot", "geometric")
PROTOCOLS = ("paper",)
OVERRIDE_KEYS = (
    "temperature_K",
    "pressure_atm",
    "salt",
    "solvents",
    "volume_ratio",
    "additives",
    "chains",
    "box",
)
# Folders of the project itself, into which results must never be written.
TAKEN_FOLDERS = (
    "analysis",
    "docs",
    "forcefields",
    "profiles",
    "slurm",
    "systems",
    "tests",
    "work",
    "workflow",
)
# Files of the results folder, which a system's folder of the same name would replace.
TAKEN_SYSTEM_NAMES = ("report.html", "comparisons.csv")


@dataclass(frozen=True)
class Lengths:
    """How long each stage lasts; `anneal_ps` 0 leaves the hot stage out."""

    nvt_ps: float
    compress_ps: float
    anneal_ps: float
    npt_ps: float
    production_ns: float


@dataclass(frozen=True)
class Config:
    """The checked configuration; `results` is the name of a folder, `threads_per_run` may be `auto`."""

    systems: tuple[str, ...]
    replicas: int
    seed: int
    results: str
    preview: bool
    mixing_rule: str
    cutoff_nm: float
    protocol: str
    lengths: Lengths
    anneal_temperature_K: float
    frame_interval_ps: float
    energy_interval_ps: float
    checkpoint_interval_min: float
    threads_per_run: int | str
    packing_density_fraction: float


@dataclass(frozen=True)
class ReadConfig:
    """A configuration together with the nodes it came from, which later checks point at."""

    config: Config
    fields: Fields
    override: Table | None
    system_nodes: tuple[Node, ...]


def read_config(files: Sequence[Path], problems: Problems) -> ReadConfig | None:
    """Read the configuration and lay each further file on it.

    Parameters
    ----------
    files
        `config.yaml` and then the overlays; a value of a later file replaces the earlier one.
    problems
        Receives whatever is wrong.

    Returns
    -------
    The configuration, with stand-ins for what was wrong in it; None when a file could not be read.
    """
    tables = [read_table(path, problems) for path in files]
    if any(table is None for table in tables):
        return None
    table = tables[0]
    for over in tables[1:]:
        table = merged(table, over) if table is not None and over is not None else table
    assert table is not None and tables[0] is not None
    fields = Fields(table, "", problems)
    read = _read_all(fields, problems)
    _check_folder(fields, tables[0], read)
    return read


def _read_all(fields: Fields, problems: Problems) -> ReadConfig:
    names = _system_names(fields, problems)
    frame_ps = _interval(fields, "frame_interval_ps")
    config = Config(
        systems=tuple(name for name, _ in names),
        replicas=fields.integer("replicas") or 1,
        seed=fields.integer("seed", least=0) or 0,
        results=fields.name("results") or "results",
        preview=bool(fields.flag("preview")),
        mixing_rule=fields.choice("mixing_rule", MIXING_RULES) or MIXING_RULES[0],
        cutoff_nm=fields.number("cutoff_nm", least=0.5, unit="nm") or 1.0,
        protocol=fields.choice("protocol", PROTOCOLS) or PROTOCOLS[0],
        lengths=_lengths(fields, frame_ps),
        anneal_temperature_K=fields.number("anneal_temperature_K", above=0, unit="K") or 1.0,
        frame_interval_ps=frame_ps,
        energy_interval_ps=_interval(fields, "energy_interval_ps"),
        checkpoint_interval_min=fields.number("checkpoint_interval_min", above=0, unit="minutes") or 1.0,
        threads_per_run=_threads(fields),
        packing_density_fraction=_packing_fraction(fields),
    )
    override = fields.table_of("override", required=False)
    if override is not None:
        for key in OVERRIDE_KEYS:
            override.node(key, required=False)
        override.finish()
    fields.finish()
    return ReadConfig(config, fields, override.table if override else None, tuple(node for _, node in names))


def _system_names(fields: Fields, problems: Problems) -> list[tuple[str, Node]]:
    """The names under `systems`: each safe in a shell and a path, none twice, capitals ignored."""
    names: list[tuple[str, Node]] = []
    known: dict[str, str] = {}
    for number, item in enumerate(fields.texts("systems"), 1):
        key, name = f"systems[{number}]", item.text
        if not SAFE_NAME.fullmatch(name):
            problems.add(item.place, key, name, "a shell or a path could misread this name", SAFE_NAME_REMEDY)
        elif name.endswith((".yaml", ".yml")):
            remedy = f"Write `{name.rpartition('.')[0]}`"
            problems.add(item.place, key, name, "a system is named without the ending of its file", remedy)
        elif name.lower() in TAKEN_SYSTEM_NAMES:
            problems.add(item.place, key, name, "a file of the results has this name", "Rename the system")
        elif name.lower() in known:
            problem = f"two systems have one name (the other is `{known[name.lower()]}`)"
            problems.add(item.place, key, name, problem, "Name each system once; capitals do not tell names apart")
        else:
            names.append((name, item))
            known[name.lower()] = name
    return names


def _check_folder(fields: Fields, base: Table, read: ReadConfig) -> None:
    """Results stay outside the project's own folders, and previews have a folder of their own."""
    results = read.config.results
    if results.lower() in TAKEN_FOLDERS:
        fields.add("results", "this is a folder of the project itself", "Choose another name, such as `results`")
    if not read.config.preview:
        return
    preview, folder = base.entries.get("preview"), base.entries.get("results")
    laid_over = preview is not None and describe(preview) != "true"
    if results == "results" or (laid_over and folder is not None and describe(folder) == results):
        remedy = "Choose a folder of its own, such as `results: preview`"
        fields.add("results", "a preview must not share a folder with a run of full length", remedy)


def _lengths(fields: Fields, frame_interval_ps: float) -> Lengths:
    below = fields.table_of("lengths")
    if below is None:
        return Lengths(1.0, 1.0, 0.0, 1.0, 1.0)
    nvt_ps, compress_ps = _stage(below, "nvt_ps"), _stage(below, "compress_ps")
    anneal_ps, npt_ps = _stage(below, "anneal_ps"), _stage(below, "npt_ps")
    production_ns = below.number("production_ns", above=0, unit="ns")
    if production_ns is not None:
        _check_production(below, production_ns * 1000.0, frame_interval_ps)
    below.finish()
    return Lengths(nvt_ps, compress_ps, anneal_ps, npt_ps, production_ns or 1.0)


def _check_production(fields: Fields, production_ps: float, frame_interval_ps: float) -> None:
    needed_ps = max(SHORTEST_PRODUCTION_PS, FEWEST_FRAMES * frame_interval_ps)
    if production_ps < needed_ps * (1 - 1e-9):
        frames = production_ps / frame_interval_ps
        problem = (
            f"production of {production_ps:g} ps is too short: at least {SHORTEST_PRODUCTION_PS:g} ps "
            f"and {FEWEST_FRAMES} frames are needed (this gives {frames:.3g}, one every {frame_interval_ps:g} ps)"
        )
        fields.add("production_ns", problem, f"Write at least {needed_ps / 1000.0:g}")
    _check_steps(fields, "production_ns", production_ps)


def _stage(fields: Fields, key: str) -> float:
    length_ps = fields.number(key, least=0, unit="ps")
    if length_ps is None:
        return SHORTEST_STAGE_PS
    if length_ps < SHORTEST_STAGE_PS and not (key == "anneal_ps" and length_ps == 0):
        leave_out = ", or 0 to leave the stage out" if key == "anneal_ps" else ""
        problem = f"a stage lasts at least {SHORTEST_STAGE_PS:g} ps"
        fields.add(key, problem, f"Write {SHORTEST_STAGE_PS:g} or more{leave_out}")
    _check_steps(fields, key, length_ps)
    return length_ps


def _interval(fields: Fields, key: str) -> float:
    interval_ps = fields.number(key, above=0, unit="ps")
    if interval_ps is None:
        return 1.0
    _check_steps(fields, key, interval_ps)
    return interval_ps


def _check_steps(fields: Fields, key: str, time_ps: float) -> None:
    """Times are whole numbers of steps, else frames would not lie where the tables say they do."""
    steps = time_ps / TIMESTEP_PS
    if abs(steps - round(steps)) > 1e-4:
        problem = f"this is not a whole number of steps of {TIMESTEP_PS * 1000:g} fs"
        fields.add(key, problem, f"Write a multiple of {TIMESTEP_PS:g} ps")


def _threads(fields: Fields) -> int | str:
    scalar = fields.scalar("threads_per_run", True, "`auto` or a whole number")
    if scalar is None or scalar.value == "auto":
        return "auto"
    if isinstance(scalar.value, str):
        fields.add("threads_per_run", "this must be `auto` or a whole number", "Write `auto` or a number of cores")
        return "auto"
    return fields.integer("threads_per_run") or "auto"


def _packing_fraction(fields: Fields) -> float:
    key = "packing_density_fraction"
    fraction = fields.number(key, above=0)
    if fraction is not None and fraction > DENSEST_PACKING:
        fields.add(
            key,
            "molecules without overlap do not get that much denser than the liquid",
            f"Write a number between 0 and {DENSEST_PACKING}, such as 0.6",
        )
    return fraction or 1.0
