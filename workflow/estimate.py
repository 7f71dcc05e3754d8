"""How long and how large the configured runs are, from speeds measured on this machine where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow.inputs import Inputs
from workflow.progress import Progress, duration, read_all
from workflow.protocol import SETTLE_PS, equilibration_stages, production_stage
from workflow.speed import Speed, read_speeds

Measured = Speed | Progress
"""What tells how fast so many atoms ran on so many threads: a measurement of some seconds, or a real run."""

# A rough guess until a run was measured here: 2 cores of 2022 server processors with GROMACS 2022 built for SSE4.1.
ROUGH_ATOM_NS_PER_DAY_PER_THREAD, ROUGH_TIMESTEP_FS = 1.1e5, 2.0
XTC_BYTES_PER_ATOM = 4.2  # at a precision of 0.001 nm, measured on these liquids
OTHER_BYTES_PER_RUN = 50e6
SECONDS_PER_VAPOUR_NS = 4.0  # one molecule on one thread, whatever its size; measured on the same processors
BYTES_PER_VAPOUR_NS = 0.6e6
NIGHT_S = 12 * 3600.0
MOST_LINES = 60  # of runs, and of warnings, that a plan names one by one
LEAST_ATOMS_PER_THREAD = 250  # with fewer a thread mostly waits for the others; a usual figure, not measured here


@dataclass(frozen=True)
class RunEstimate:
    """One run: its size, its lengths (total_ns: with equilibration), and how long it takes on this machine with all."""

    system: str
    replica: int
    atoms: int
    total_ns: float
    production_ns: float
    viscosity_ns: float
    seconds: float
    measured: bool
    bytes: float


def estimates(inputs: Inputs, work_root: Path, threads: int) -> list[RunEstimate]:
    """Return an estimate per run, in the order of the configuration."""
    known: list[Measured] = [*read_speeds(work_root), *read_all(work_root)]
    protocol = (inputs.config.cutoff_nm, inputs.config.dynamics.timestep_fs)
    measured = [one for one in known if one.ns_per_day and (one.cutoff_nm, one.timestep_fs) == protocol]
    return [
        _estimate(inputs, system, replica, measured, threads)
        for system in inputs.config.systems
        for replica in range(1, inputs.config.replicas + 1)
    ]


def _estimate(inputs: Inputs, system: str, replica: int, measured: Sequence[Measured], threads: int) -> RunEstimate:
    atoms = inputs.compositions[system].n_atoms
    production_ns = production_stage(inputs, system).length_ps / 1000
    total_ns = production_ns + sum(stage.length_ps for stage in equilibration_stages(inputs, system)) / 1000
    rate = ROUGH_ATOM_NS_PER_DAY_PER_THREAD * inputs.config.dynamics.timestep_fs / ROUGH_TIMESTEP_FS
    if measured:
        nearest = min(measured, key=lambda one: abs(one.atoms - atoms) + abs(one.threads - threads) * atoms)
        rate = (nearest.ns_per_day or 0.0) * nearest.atoms / nearest.threads
    frames = production_ns * 1000 / inputs.config.frame_interval_ps
    size = frames * atoms * XTC_BYTES_PER_ATOM + OTHER_BYTES_PER_RUN
    lengths = inputs.config.lengths
    viscosity_ns = lengths.viscosity_segments * (SETTLE_PS + lengths.viscosity_segment_ps) / 1000
    seconds = (total_ns + viscosity_ns) * atoms / (rate * threads) * 86400
    if inputs.has_vapour(system):
        seconds += inputs.config.lengths.vapour_ns * SECONDS_PER_VAPOUR_NS
        size += inputs.config.lengths.vapour_ns * BYTES_PER_VAPOUR_NS
    return RunEstimate(system, replica, atoms, total_ns, production_ns, viscosity_ns, seconds, bool(measured), size)


def threads_per_run(inputs: Inputs, cores: int) -> int:
    """Return the cores that one mdrun gets: as configured, or the cores shared out among the runs."""
    wanted = inputs.config.threads_per_run
    if isinstance(wanted, int):
        return min(wanted, cores)
    runs = len(inputs.config.systems) * inputs.config.replicas
    smallest = min(inputs.compositions[name].n_atoms for name in inputs.config.systems)
    return threads_for(runs, smallest, cores)


def threads_for(runs: int, atoms: int, cores: int) -> int:
    """Return the threads of each of so many runs of this size: the cores shared out, but no more than help.

    Two runs side by side on one thread each do as much as one after the other on two threads or more, so as many run
    at a time as there are cores.
    """
    return max(1, min(cores // runs, atoms // LEAST_ATOMS_PER_THREAD))


def announcement(inputs: Inputs, found: Sequence[RunEstimate], cores: int, threads: int) -> str:
    """Return what is told before anything runs: total time, disk, one line per run."""
    side_by_side = max(1, min(cores // threads, len(found)))
    total_s = max(sum(one.seconds for one in found) / side_by_side, max(one.seconds for one in found))
    guess = "a rough guess until a run was measured here (`./sheath estimate` does, in a minute)"
    basis = "measured here" if all(one.measured for one in found) else guess
    total_days = total_s / 86400
    total = f"{total_days:.1f} days" if total_days >= 1 else f"{duration(total_s)} ({total_days:.2g} days)"
    runs = "1 run" if len(found) == 1 else f"{len(found)} runs"
    lines = [
        f"Sheath: {runs} on {cores} cores, {side_by_side} at a time, each on {threads} of them: "
        f"about {total} in all, {basis}; "
        f"{sum(one.bytes for one in found) / 1e9:.1f} GB of disk for runs that start afresh."
    ]
    if total_s > NIGHT_S:
        production_ns = sum(one.production_ns for one in found)
        lines.append(
            f"A night of 12 hours does {100 * NIGHT_S / total_s:.2g} % of it, about as much as "
            f"{production_ns * NIGHT_S / total_s:.2g} ns of production; interrupted, the same command goes on."
        )
    if inputs.config.preview:
        lines.append("Preview: small and short, to show that everything works; no D, no difference, no verdict.")
    elif inputs.config.replicas < 3:
        lines.append(
            f"A verdict on a difference between systems needs `replicas: 3`; with {inputs.config.replicas} "
            "every number still gets its own error bar."
        )
    lines += _first(
        [
            f"  {one.system} r{one.replica}: {one.atoms} atoms, {_length(one.production_ns)} production "
            f"(+ {_beside(one)}), about {duration(one.seconds)}"
            for one in found
        ],
        "runs; `./sheath status` names all",
    )
    warnings = [f"  warning: {name}: {text}" for name in inputs.systems for text in inputs.compositions[name].warnings]
    return "\n".join([*lines, *_first(warnings, "warnings; the report repeats each")])


def _first(lines: list[str], what: str) -> list[str]:
    """Return the lines, of a large sweep the first ones and how many more there are."""
    left_out = len(lines) - MOST_LINES
    return lines if left_out <= 0 else [*lines[:MOST_LINES], f"  and {left_out} more {what}"]


def _beside(one: RunEstimate) -> str:
    equilibration = f"{_length(one.total_ns - one.production_ns)} equilibration"
    return f"{equilibration}, {_length(one.viscosity_ns)} for the viscosity" if one.viscosity_ns else equilibration


def _length(ns: float) -> str:
    return f"{ns:g} ns" if ns >= 1 else f"{ns * 1000:g} ps"
