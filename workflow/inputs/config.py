"""What to run: `config.yaml` with its overlays as a frozen `Config`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs.dynamics import Dynamics, read_dynamics
from workflow.inputs.fields import SAFE_NAME, SAFE_NAME_REMEDY, Fields
from workflow.inputs.lengths import (
    HIGHEST_TEMPERATURE_K,
    WHY_FRAMES_ARE_CLOSE,
    Lengths,
    Steps,
    check_interval,
    read_interval,
    read_lengths,
)
from workflow.inputs.override import read_override
from workflow.inputs.problems import Place, Problems
from workflow.inputs.results_folder import check_results_folder
from workflow.inputs.sweeps import Variant, read_sweeps
from workflow.inputs.tree import Table, merged, read_table

LOOSEST_PACKING = 0.2  # of the predicted density
DENSEST_PACKING = 1.5
MOST_REPLICAS = 100
MOST_RUNS = 3000
LONGEST_CHECKPOINT_MIN = 60.0
MIXING_RULES = ("lorentz-berthelot", "geometric")
# Files of the results folder, which a system's folder of the same name would replace.
TAKEN_SYSTEM_NAMES = ("report.html", "comparisons.csv", "claims.csv", "longer.csv")


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
    dynamics: Dynamics
    lengths: Lengths
    anneal_temperature_K: float
    frame_interval_ps: float
    energy_interval_ps: float
    checkpoint_interval_min: float
    threads_per_run: int | str
    packing_density_fraction: float


@dataclass(frozen=True)
class ReadConfig:
    """A configuration together with where it came from, at which later checks point.

    `places` are those of its systems; `variants` are the systems among them that sweeps make.
    """

    config: Config
    fields: Fields
    override: Table | None
    places: tuple[Place, ...]
    variants: Mapping[str, Variant]


def read_config(root: Path, files: Sequence[Path], problems: Problems) -> ReadConfig | None:
    """Read the configuration and lay each further file on it.

    Parameters
    ----------
    root
        The project's folder.
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
    read = _read_all(fields, root, problems)
    check_results_folder(fields, root, tables[0], read.config.results, read.config.preview)
    return read


def _read_all(fields: Fields, root: Path, problems: Problems) -> ReadConfig:
    names = _system_names(fields, problems)
    variants = read_sweeps(fields, root)
    names += [(name, one.place) for name, one in variants.items() if name not in dict(names)]
    protocol, dynamics = read_dynamics(fields)
    steps = Steps(dynamics.timestep_fs)
    frame_ps = read_interval(fields, "frame_interval_ps", WHY_FRAMES_ARE_CLOSE, steps)
    config = Config(
        systems=tuple(name for name, _ in names),
        replicas=fields.integer("replicas", most=MOST_REPLICAS) or 1,
        seed=fields.integer("seed", least=0) or 0,
        results=fields.name("results") or "results",
        preview=bool(fields.flag("preview")),
        mixing_rule=fields.choice("mixing_rule", MIXING_RULES) or MIXING_RULES[0],
        cutoff_nm=fields.number("cutoff_nm", least=0.5, unit="nm") or 1.0,
        protocol=protocol,
        dynamics=dynamics,
        lengths=read_lengths(fields, frame_ps, steps),
        anneal_temperature_K=fields.number("anneal_temperature_K", above=0, most=HIGHEST_TEMPERATURE_K, unit="K")
        or 1.0,
        frame_interval_ps=frame_ps,
        energy_interval_ps=read_interval(
            fields, "energy_interval_ps", "density and pressure move within picoseconds", steps
        ),
        checkpoint_interval_min=_checkpoint_interval(fields),
        threads_per_run=_threads(fields),
        packing_density_fraction=_packing_fraction(fields),
    )
    production_ps = config.lengths.production_ns * 1000.0
    check_interval(fields, "frame_interval_ps", config.frame_interval_ps, production_ps, steps)
    check_interval(fields, "energy_interval_ps", config.energy_interval_ps, production_ps, steps)
    _check_amount(fields, config)
    override = read_override(fields)
    fields.finish()
    return ReadConfig(config, fields, override, tuple(place for _, place in names), variants)


def _system_names(fields: Fields, problems: Problems) -> list[tuple[str, Place]]:
    """The names under `systems`: each safe in a shell and a path, none twice, capitals ignored; sweeps need none."""
    names: list[tuple[str, Place]] = []
    known: dict[str, str] = {}
    for number, item in enumerate(fields.texts("systems", required=not fields.tables("sweeps")), 1):
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
            names.append((name, item.place))
            known[name.lower()] = name
    return names


def _check_amount(fields: Fields, config: Config) -> None:
    """As many runs as a project can want; more is a slip of the finger."""
    runs = len(config.systems) * config.replicas
    if runs > MOST_RUNS:
        problem = f"{config.replicas} replicas of {len(config.systems)} systems are {runs} runs, more than {MOST_RUNS}"
        most = max(MOST_RUNS // len(config.systems), 1)
        fields.add("replicas", problem, f"Write {most} or less, or name fewer systems")


def _threads(fields: Fields) -> int | str:
    scalar = fields.scalar("threads_per_run", True, "`auto` or a whole number")
    if scalar is None or scalar.value == "auto":
        return "auto"
    if isinstance(scalar.value, str):
        fields.add("threads_per_run", "this must be `auto` or a whole number", "Write `auto` or a number of cores")
        return "auto"
    return fields.integer("threads_per_run") or "auto"


def _checkpoint_interval(fields: Fields) -> float:
    return fields.number("checkpoint_interval_min", above=0, most=LONGEST_CHECKPOINT_MIN, unit="minutes") or 1.0


def _packing_fraction(fields: Fields) -> float:
    key = "packing_density_fraction"
    fraction = fields.number(key)
    if fraction is not None and fraction < LOOSEST_PACKING:
        problem = "a box that loose is a gas, which the compression does not bring to a liquid"
        fields.add(key, problem, f"Write a number from {LOOSEST_PACKING} to {DENSEST_PACKING}, such as 0.6")
    elif fraction is not None and fraction > DENSEST_PACKING:
        fields.add(
            key,
            "molecules without overlap do not get that much denser than the liquid",
            f"Write a number from {LOOSEST_PACKING} to {DENSEST_PACKING}, such as 0.6",
        )
    return fraction or 1.0
