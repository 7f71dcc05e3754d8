# Validated inputs and the names that the rules share. All checking is Python (workflow/start.py).
import re
import shlex
import sys
from functools import cache, partial
from pathlib import Path

# Under --directory and in cluster jobs the packages lie beside the Snakefile, not in the working folder.
ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow.estimate import threads_per_run
from workflow.inputs import describing_hash, identity
from workflow.inputs.fields import SAFE_NAME
from workflow.imports import code_hash
from workflow.manifest import expected_file, write_expected
from workflow import owner, watch
from workflow.start import (
    check_slurm,
    end_leftover_jobs,
    known,
    lock_results,
    prepare,
    set_environment,
)

OVERLAYS = [Path(path) for path in workflow.config_settings.configfiles]
set_environment(ROOT, OVERLAYS, workflow.is_main_process)
# On a cluster there is a number of jobs, and cores only in a dry run; the profile says how many each job has.
SETTINGS = workflow.resource_settings
ASKED_THREADS = SETTINGS.overwrite_threads.get("produce")
CLUSTER_THREADS = None
if SETTINGS.nodes and (ASKED_THREADS or not SETTINGS.cores):
    CLUSTER_THREADS = int(getattr(ASKED_THREADS, "value", ASKED_THREADS) or 1)
CORES = SETTINGS.nodes * CLUSTER_THREADS if CLUSTER_THREADS else SETTINGS.cores or 1
INPUTS = prepare(
    ROOT,
    OVERLAYS,
    workflow.config_settings.config,
    workflow.is_main_process,
    CORES,
    CLUSTER_THREADS,
    workflow.output_settings.dryrun,
)
RESULTS = INPUTS.config.results
SYSTEMS = list(INPUTS.config.systems)
REPLICAS = list(range(1, INPUTS.config.replicas + 1))
THREADS = CLUSTER_THREADS or threads_per_run(INPUTS, CORES)

# In the rules, `python -P`: a user's own analysis.py in the working folder must not shadow ours.
REPORT_ARGUMENTS = (
    f"{shlex.quote(RESULTS)} --systems {shlex.join(SYSTEMS)} "
    f"--replicas {len(REPLICAS)} --expected {shlex.quote(str(expected_file(Path(RESULTS))))} "
    f"--out {shlex.quote(RESULTS)}/report.html"
)
OBSERVABLES = sorted(
    path.stem
    for path in (ROOT / "analysis" / "observables").glob("*.py")
    if not path.stem.startswith("_")
)
TABLES = [*OBSERVABLES, "stationarity"]

# Snakemake takes this pattern apart for every file of every job: a thousand names double the time of planning.
NAMES_PATTERN = (
    "|".join(map(re.escape, SYSTEMS)) if len(SYSTEMS) <= 50 else SAFE_NAME.pattern
)

_LOCKS = []  # kept open: the lock lives as long as this process


def begin():
    """Take the lock of the results folder and note what its report should find there."""
    lock, earlier = lock_results(Path(RESULTS))
    _LOCKS.append(lock)
    # All jobs of one start have this name in Slurm.
    jobs = getattr(workflow.scheduler._executor, "run_uuid", None)
    if jobs:
        check_slurm(jobs)
    if earlier.get("slurm_jobs"):
        end_leftover_jobs(earlier["slurm_jobs"])
    owner.write(lock, slurm_jobs=jobs)
    watch.begin(Path(lock.name), jobs)
    write_expected(INPUTS, Path(RESULTS))


def physics(step):
    """Return a params function: the hash of all physics that enters a run up to `step`."""
    return lambda wildcards: _identity(
        known(INPUTS, wildcards.system), int(wildcards.replica), step
    )


# Snakemake asks for the params of a job several times.
_identity = cache(partial(identity, INPUTS))
_description = cache(partial(describing_hash, INPUTS))


def vapour_of(wildcards):
    """Return the energies of the single molecule that a pure liquid's observables need; nothing for others."""
    energy = f"{RESULTS}/{wildcards.system}/r{wildcards.replica}/vapour/energy.edr"
    return [energy] if INPUTS.has_vapour(known(INPUTS, wildcards.system)) else []


def pressures_of(wildcards):
    """Return the pressures that the viscosity needs; nothing when they are not sampled."""
    pressures = (
        f"{RESULTS}/{wildcards.system}/r{wildcards.replica}/viscosity/pressure.npz"
    )
    return [pressures] if INPUTS.has_viscosity else []


def per_system(pattern, **names):
    """Return the files of this pattern below the folder of each system, or of those given as `system`."""
    known = {"system": SYSTEMS, "replica": REPLICAS} | names
    return expand(f"{RESULTS}/{{system}}/{pattern}", **known)


def everything_before_the_report():
    """Return all files that a whole report rests on.

    They are named one by one: after a failure report.html exists, but what it could not show must still be made.
    """
    tables = per_system("observables/{table}.csv", table=TABLES)
    runs = per_system("r{replica}/{file}", file=["run.json", "traj.xtc"])
    pure = list(filter(INPUTS.has_vapour, SYSTEMS))
    vapours = per_system("r{replica}/vapour/energy.edr", system=pure)
    sampled = SYSTEMS if INPUTS.has_viscosity else []
    pressures = per_system("r{replica}/viscosity/pressure.npz", system=sampled)
    snapshots = per_system("r1/snapshot/snapshot.json")
    return [*tables, *runs, *vapours, *pressures, *snapshots]


def description(wildcards):
    """Return the hash of what run.json tells beside the physics: titles, sites, status."""
    return _description(wildcards.system, int(wildcards.replica))


def code(*modules):
    """Return a hash of the analysis files that these modules rest on: an edited one makes its results anew."""
    return code_hash(ROOT, modules)


wildcard_constraints:
    system=NAMES_PATTERN,
    replica="|".join(map(str, REPLICAS)),
