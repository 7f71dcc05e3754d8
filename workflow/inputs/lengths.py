"""Times: how long each stage lasts and how often the production writes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workflow.inputs.fields import Fields

SHORTEST_STAGE_PS = 10.0
SHORTEST_PRODUCTION_PS = 20.0
SHORTEST_VAPOUR_NS = 0.02
MOST_SEGMENTS = 99
FEWEST_FRAMES = 10  # and values of the energy
LONGEST_INTERVAL_PS = 10.0
SETTLING_ANNEAL_PS = 1000.0  # a shorter hot stage at full length gets a warning
LEAST_ANNEAL_ABOVE_K = 50.0
HIGHEST_TEMPERATURE_K = 2000.0
LOWEST_TEMPERATURE_K = 150  # salts in glymes and carbonates are glasses there
WHY_FRAMES_ARE_CLOSE = (
    "the paths of the molecules are joined by the nearest image, so nothing may move half a box between two frames"
)


@dataclass(frozen=True)
class Steps:
    """Times are whole numbers of steps, else frames would not lie where the tables say they do."""

    timestep_fs: float

    def check(self, fields: Fields, key: str, time_ps: float) -> None:
        """Record a problem when a time is no whole number of steps."""
        steps = time_ps * 1000.0 / self.timestep_fs
        if abs(steps - round(steps)) > 1e-4:
            problem = f"this is not a whole number of steps of {self.timestep_fs:g} fs"
            fields.add(key, problem, f"Write a multiple of {self.timestep_fs / 1000.0:g} ps")

    def below(self, time_ps: float) -> float:
        """The longest time of whole steps that is not longer."""
        return math.floor(time_ps * 1000.0 / self.timestep_fs + 1e-6) * self.timestep_fs / 1000.0


@dataclass(frozen=True)
class Lengths:
    """How long each stage lasts; 0 leaves out the hot stage, the vapour or the viscosity."""

    nvt_ps: float
    compress_ps: float
    anneal_ps: float
    npt_ps: float
    production_ns: float
    vapour_ns: float = 0.0
    viscosity_segments: int = 0
    viscosity_segment_ps: float = 200.0


def read_lengths(fields: Fields, frame_interval_ps: float, steps: Steps) -> Lengths:
    """The lengths of the stages, with stand-ins for those that are wrong; `fields` is the whole configuration."""
    below = fields.table_of("lengths")
    if below is None:
        return Lengths(1.0, 1.0, 0.0, 1.0, 1.0)
    nvt_ps, compress_ps = _stage(below, "nvt_ps", steps), _stage(below, "compress_ps", steps)
    anneal_ps, npt_ps = _stage(below, "anneal_ps", steps), _stage(below, "npt_ps", steps)
    production_ns = below.number("production_ns", above=0, unit="ns")
    if production_ns is not None:
        _check_production(below, production_ns * 1000.0, frame_interval_ps, steps)
    vapour_ns = _vapour(below, steps)
    segments = below.integer("viscosity_segments", least=0, most=MOST_SEGMENTS) or 0
    segment_ps = _stage(below, "viscosity_segment_ps", steps)
    below.finish()
    return Lengths(nvt_ps, compress_ps, anneal_ps, npt_ps, production_ns or 1.0, vapour_ns, segments, segment_ps)


def _vapour(fields: Fields, steps: Steps) -> float:
    vapour_ns = fields.number("vapour_ns", least=0, unit="ns") or 0.0
    if 0 < vapour_ns < SHORTEST_VAPOUR_NS:
        problem = f"the vapour is simulated for at least {SHORTEST_VAPOUR_NS:g} ns, or not at all"
        fields.add("vapour_ns", problem, f"Write {SHORTEST_VAPOUR_NS:g} or more, or 0 to leave it out")
        return 0.0
    steps.check(fields, "vapour_ns", vapour_ns * 1000.0)
    return vapour_ns


def _stage(fields: Fields, key: str, steps: Steps) -> float:
    length_ps = fields.number(key, unit="ps")
    if length_ps is None:
        return SHORTEST_STAGE_PS
    if length_ps < SHORTEST_STAGE_PS and not (key == "anneal_ps" and length_ps == 0):
        leave_out = ", or 0 to leave the stage out" if key == "anneal_ps" else ""
        problem = f"a stage lasts at least {SHORTEST_STAGE_PS:g} ps"
        fields.add(key, problem, f"Write {SHORTEST_STAGE_PS:g} or more{leave_out}")
        return SHORTEST_STAGE_PS
    steps.check(fields, key, length_ps)
    return length_ps


def _check_production(fields: Fields, production_ps: float, frame_interval_ps: float, steps: Steps) -> None:
    if production_ps < SHORTEST_PRODUCTION_PS * (1 - 1e-9):
        needed_ps = max(SHORTEST_PRODUCTION_PS, FEWEST_FRAMES * frame_interval_ps)
        problem = (
            f"production of {production_ps:g} ps is too short: at least {SHORTEST_PRODUCTION_PS:g} ps "
            f"and {FEWEST_FRAMES} frames, one every {frame_interval_ps:g} ps, are needed"
        )
        fields.add("production_ns", problem, f"Write at least {needed_ps / 1000.0:g}")
    steps.check(fields, "production_ns", production_ps)


def read_interval(fields: Fields, key: str, why: str, steps: Steps) -> float:
    """The time between two frames or two values of the energy; `why` says what a longer one would spoil."""
    interval_ps = fields.number(key, above=0, unit="ps")
    if interval_ps is None:
        return 1.0
    if interval_ps > LONGEST_INTERVAL_PS:
        problem = f"this interval is too long: at most {LONGEST_INTERVAL_PS:g} ps, since {why}"
        fields.add(key, problem, f"Write {LONGEST_INTERVAL_PS:g} or less, such as 1")
        return 1.0
    steps.check(fields, key, interval_ps)
    return interval_ps


def check_interval(fields: Fields, key: str, interval_ps: float, production_ps: float, steps: Steps) -> None:
    """The production must hold ten intervals; one that is too short itself has its own message."""
    longest_ps = production_ps / FEWEST_FRAMES
    if interval_ps <= longest_ps * (1 + 1e-9) or production_ps < SHORTEST_PRODUCTION_PS * (1 - 1e-9):
        return
    problem = (
        f"a production of {production_ps:g} ps holds {math.floor(production_ps / interval_ps + 1e-9)} of these "
        f"intervals, too few: at least {FEWEST_FRAMES} {'frames' if key.startswith('frame') else 'values'} are needed"
    )
    remedy = f"Write {steps.below(longest_ps):g} or less, or a lengths.production_ns of at least"
    fields.add(key, problem, f"{remedy} {FEWEST_FRAMES * interval_ps / 1000.0:g}")


def check_anneal(fields: Fields, anneal_ps: float, anneal_temperature_K: float, hottest_K: float) -> None:
    """The hot stage is hotter than every system, else it dissolves nothing; `hottest_K` is the highest of them."""
    needed_K = hottest_K + LEAST_ANNEAL_ABOVE_K
    if anneal_ps == 0 or anneal_temperature_K >= needed_K:
        return
    problem = f"the hot stage must be at least {LEAST_ANNEAL_ABOVE_K:g} K above the systems (up to {hottest_K:g} K)"
    hotter = f"Write {needed_K:g} or more, or leave" if needed_K <= HIGHEST_TEMPERATURE_K else "Leave"
    fields.add("anneal_temperature_K", problem, f"{hotter} the stage out with lengths.anneal_ps: 0")


def anneal_warning(anneal_ps: float, preview: bool) -> tuple[str, ...]:
    """A warning when a run of full length has no hot stage or a short one."""
    if preview or anneal_ps >= SETTLING_ANNEAL_PS:
        return ()
    found = f"the hot stage lasts only {anneal_ps:g} ps" if anneal_ps else "there is no hot stage"
    return (
        f"lengths.anneal_ps = {anneal_ps:g}: {found}, so shells that the packing made may outlive the production. "
        f"Write {SETTLING_ANNEAL_PS:g} or more for runs of full length.",
    )
