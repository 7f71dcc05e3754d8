"""Time step and masses of the dynamics: what the named protocols stand for, and what a configuration may change."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.inputs.fields import Fields

HYDROGEN_MASS_U = 1.008
HEAVIEST_HYDROGEN_U = 3.7  # the carbon of a methyl group is left with as much
HEAVY_HYDROGEN_U = 3.0
LONGEST_LIGHT_STEP_FS = 2.5  # with hydrogens of their own mass, whose angles swing within 20 fs
LONGEST_STEP_FS = 5.0


@dataclass(frozen=True)
class Dynamics:
    """How the atoms are moved.

    The time step; the mass that each hydrogen takes from the atom that it is bound to; which bonds keep their length
    (GROMACS' `constraints`).
    """

    timestep_fs: float
    hydrogen_mass_u: float = HYDROGEN_MASS_U
    constraints: str = "h-bonds"

    @property
    def has_long_steps(self) -> bool:
        """Whether steps are too long for hydrogens of their own mass."""
        return self.timestep_fs > LONGEST_LIGHT_STEP_FS

    @property
    def is_repartitioned(self) -> bool:
        """Whether hydrogens are heavier than they are."""
        return self.hydrogen_mass_u > HYDROGEN_MASS_U


PROTOCOLS = {"paper": Dynamics(2.0), "fast": Dynamics(4.0, 3.024, "all-bonds")}


def read_dynamics(fields: Fields) -> tuple[str, Dynamics]:
    """The protocol's name, and its time step and hydrogen mass or those that the configuration puts in their place."""
    name = fields.choice("protocol", tuple(PROTOCOLS)) or next(iter(PROTOCOLS))
    usual = PROTOCOLS[name]
    timestep_fs = _number_or_auto(fields, "timestep_fs", usual.timestep_fs, 0.5, LONGEST_STEP_FS, "fs")
    hydrogen_u = _number_or_auto(
        fields, "hydrogen_mass_u", usual.hydrogen_mass_u, HYDROGEN_MASS_U, HEAVIEST_HYDROGEN_U, "u"
    )
    if Dynamics(timestep_fs).has_long_steps and hydrogen_u < HEAVY_HYDROGEN_U:
        problem = f"steps of {timestep_fs:g} fs are too long for hydrogens of {hydrogen_u:g} u: the run would blow up"
        shorter, heavier = f"timestep_fs: {LONGEST_LIGHT_STEP_FS:g}", f"hydrogen_mass_u: {HEAVY_HYDROGEN_U:g}"
        given = next((key for key in ("timestep_fs", "hydrogen_mass_u") if fields.has(key)), "protocol")
        fields.add(given, problem, f"Write {shorter} or less, or {heavier} or more")
        return name, usual
    return name, Dynamics(timestep_fs, hydrogen_u, usual.constraints)


def _number_or_auto(fields: Fields, key: str, auto: float, least: float, most: float, unit: str) -> float:
    scalar = fields.scalar(key, False, f"`auto` or a number in {unit}")
    if scalar is None or scalar.value == "auto":
        return auto
    return fields.number(key, least=least, most=most, unit=unit) or auto
