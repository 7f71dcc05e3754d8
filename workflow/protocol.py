"""The stages of a run and their GROMACS parameters, filled from the templates in `workflow/mdp/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from scipy import constants

from workflow.inputs import Inputs

MDP_FOLDER = Path(__file__).parent / "mdp"
ATM_TO_BAR = constants.atm / constants.bar
MINIMISATION_STEPS = 5000
GROMACS_LINCS, LONG_STEP_LINCS = (4, 1), (6, 2)  # order of the expansion, iterations
NVT_TIMESTEP_FS = 1.0  # the first stage starts from a packed box and is gentle
GAS_PHASE_TEMPERATURE_K = 800.0
GAS_PHASE_TIMESTEP_FS = 0.5
GAS_PHASE_CUTOFF_NM = 4.0
VAPOUR_CUTOFF_NM = 2.5  # beyond every pair of a solvent molecule; it has to be, or the run is refused
VAPOUR_ENERGY_INTERVAL_PS = 0.5  # friction makes the vibrations forget within a picosecond
VAPOUR_FRAME_INTERVAL_PS = 1.0  # kept in the work folder, to look at the torsions
PRESSURES = Path("viscosity", "pressure.npz")  # beside run.json
ENDLESS_PS = 1e5
SETTLE_PS = 20.0  # new velocities and a frame rounded to 0.001 nm are forgotten within picoseconds
PRESSURE_INTERVAL_FS = 6.0  # pressures of a liquid change within tens of femtoseconds


@dataclass(frozen=True)
class Stage:
    """One molecular-dynamics stage: name (= mdp template), ensemble, temperature, length, time step."""

    name: str
    ensemble: str
    temperature_K: float
    length_ps: float
    timestep_fs: float

    @property
    def steps(self) -> int:
        """Number of MD steps."""
        return round(self.length_ps * 1000 / self.timestep_fs)

    def numbered(self, number: int) -> Stage:
        """Return the same stage under a name of its own, for one of many segments."""
        return replace(self, name=f"{self.name}{number:02d}")


def equilibration_stages(inputs: Inputs, system: str) -> tuple[Stage, ...]:
    """Return NVT, compression, 400 K at constant volume (if its length is not 0) and NPT, in order."""
    lengths, temperature = inputs.config.lengths, inputs.systems[system].temperature_K
    timestep_fs = inputs.config.dynamics.timestep_fs
    stages = (
        Stage("nvt", "NVT", temperature, lengths.nvt_ps, min(NVT_TIMESTEP_FS, timestep_fs)),
        Stage("compress", "NPT", temperature, lengths.compress_ps, timestep_fs),
        Stage("anneal", "NVT", inputs.config.anneal_temperature_K, lengths.anneal_ps, timestep_fs),
        Stage("npt", "NPT", temperature, lengths.npt_ps, timestep_fs),
    )
    return tuple(stage for stage in stages if stage.steps > 0)


def production_stage(inputs: Inputs, system: str) -> Stage:
    """Return the production stage at the length that the configuration asks for."""
    length_ps = inputs.config.lengths.production_ns * 1000
    return _stage(inputs, system, "production", "NPT", length_ps)


def vapour_stage(inputs: Inputs, system: str) -> Stage:
    """Return the run of one molecule of a pure liquid in an empty box, as long as the configuration asks for."""
    return _stage(inputs, system, "vapour", "NVT", inputs.config.lengths.vapour_ns * 1000)


def vapour_mdp(inputs: Inputs, system: str, replica: int) -> str:
    """Return the mdp text of the vapour; all but `nsteps` is physics and enters the work folder's hash."""
    stage = vapour_stage(inputs, system)
    values = {
        "cutoff_nm": VAPOUR_CUTOFF_NM,
        **_moves(inputs, stage),
        "nsteps": stage.steps,
        "temperature_K": stage.temperature_K,
        "ld_seed": inputs.seed(system, replica, "thermostat vapour"),
        "velocity_seed": inputs.seed(system, replica, "velocities vapour"),
        "nstenergy": _interval_steps(VAPOUR_ENERGY_INTERVAL_PS, stage.timestep_fs),
        "nstxout": _interval_steps(VAPOUR_FRAME_INTERVAL_PS, stage.timestep_fs),
    }
    return _fill((stage.name,), values)


def viscosity_stages(inputs: Inputs, system: str) -> tuple[Stage, Stage]:
    """Return the two stages of one segment that samples the pressure: settling, then sampling, at constant volume."""
    return (
        _stage(inputs, system, "viscosity_settle", "NVT", SETTLE_PS),
        _stage(inputs, system, "viscosity", "NVT", inputs.config.lengths.viscosity_segment_ps),
    )


def speed_stage(inputs: Inputs, system: str) -> Stage:
    """Return a stage like production that ends by the clock, to measure how fast it runs."""
    return _stage(inputs, system, "speed", "NPT", ENDLESS_PS)


def _stage(inputs: Inputs, system: str, name: str, ensemble: str, length_ps: float) -> Stage:
    """Return a stage at the system's temperature with the time step of the protocol."""
    return Stage(name, ensemble, inputs.systems[system].temperature_K, length_ps, inputs.config.dynamics.timestep_fs)


def viscosity_mdp(inputs: Inputs, system: str, replica: int, segment: int, stage: Stage) -> str:
    """Return the mdp text of one stage of one segment; all of it is physics."""
    nstenergy = _interval_steps(PRESSURE_INTERVAL_FS / 1000, stage.timestep_fs)
    values = {
        "cutoff_nm": inputs.config.cutoff_nm,
        **_moves(inputs, stage),
        "nsteps": stage.steps,
        "temperature_K": stage.temperature_K,
        "ld_seed": inputs.seed(system, replica, f"thermostat {stage.name} {segment}"),
        "velocity_seed": inputs.seed(system, replica, f"velocities viscosity {segment}"),
        "nstenergy": nstenergy,
        "nstcalcenergy": nstenergy,
    }
    return _fill(("common", "dynamics", stage.name), values)


def _moves(inputs: Inputs, stage: Stage) -> dict[str, object]:
    """Return time step and constraints. Long steps need LINCS to be more exact than GROMACS' default.

    By default (4 and 1) it loses or makes 4e-3 kJ/mol/ps per atom at 4 fs, which a thermostat hides; so set, less than
    1e-4 (docs/decisions/0008-fast-protocol.md).
    """
    order, iterations = LONG_STEP_LINCS if inputs.config.dynamics.has_long_steps else GROMACS_LINCS
    return {
        "dt_ps": stage.timestep_fs / 1000,
        "constraints": inputs.config.dynamics.constraints,
        "lincs_order": order,
        "lincs_iter": iterations,
    }


def minimisation_mdp(inputs: Inputs) -> str:
    """Return the parameters of the energy minimisation."""
    values = {"cutoff_nm": inputs.config.cutoff_nm, "nsteps": MINIMISATION_STEPS}
    return _fill(("common", "minimise"), values)


def stage_mdp(inputs: Inputs, system: str, replica: int, stage: Stage) -> str:
    """Return the mdp text of one stage; all but `nsteps` is physics and enters the work folder's hash."""
    config = inputs.config
    nstenergy = _interval_steps(config.energy_interval_ps, stage.timestep_fs)
    values = {
        "cutoff_nm": config.cutoff_nm,
        **_moves(inputs, stage),
        "nsteps": stage.steps,
        "temperature_K": stage.temperature_K,
        "pressure_bar": inputs.systems[system].pressure_atm * ATM_TO_BAR,
        "ld_seed": inputs.seed(system, replica, f"thermostat {stage.name}"),
        "velocity_seed": inputs.seed(system, replica, "velocities"),
        "nstenergy": nstenergy,
        "nstcalcenergy": next(n for n in range(min(100, nstenergy), 0, -1) if nstenergy % n == 0),
        "nstxout": _interval_steps(config.frame_interval_ps, stage.timestep_fs),
    }
    return _fill(("common", "dynamics", stage.name), values)


def gas_phase_mdp(name: str, length_ps: float, frames: int, seed: int) -> str:
    """Return the mdp of one chain in an empty box: `gas_phase_minimise` or the hot `gas_phase` run."""
    steps = round(length_ps * 1000 / GAS_PHASE_TIMESTEP_FS)
    values = {
        "cutoff_nm": GAS_PHASE_CUTOFF_NM,
        "nsteps": steps,
        "temperature_K": GAS_PHASE_TEMPERATURE_K,
        "ld_seed": seed,
        "velocity_seed": seed,
        "nstxout": max(1, steps // frames),
    }
    return _fill((name,), values)


def without_length(mdp: str) -> str:
    """Return mdp text minus `nsteps`: what must be equal for a run to be the same run, longer."""
    return "\n".join(line for line in mdp.splitlines() if not line.startswith("nsteps"))


def _interval_steps(interval_ps: float, timestep_fs: float) -> int:
    return max(1, round(interval_ps * 1000 / timestep_fs))


def _fill(templates: tuple[str, ...], values: Mapping[str, object]) -> str:
    text = "\n".join((MDP_FOLDER / f"{name}.mdp").read_text(encoding="utf-8") for name in templates)
    # A `;` comment may hold a $name for its reader only, so the comments go before filling.
    bare = "\n".join(line.split(";")[0].rstrip() for line in text.splitlines())
    return Template(bare).substitute(values) + "\n"
