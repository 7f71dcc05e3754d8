"""What install.sh says and does on machines that lack something, with small stand-ins on a PATH of our own.

The stand-ins only answer questions (which version, which user); installing itself happens in `make test`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = (
    "bash",
    "cat",
    "cp",
    "dirname",
    "env",
    "grep",
    "head",
    "id",
    "mktemp",
    "readlink",
    "rm",
    "sed",
    "sha256sum",
    "tail",
)

Machine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A copy of what install.sh reads, and a PATH with the common tools and the given stand-ins only."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "install", project / "install")
    for name in ("requirements.lock", "requirements-tests.lock", "environment.yml"):
        shutil.copy(ROOT / name, project)
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or f"/usr/bin/{tool}")

    def run(
        *arguments: str, variables: dict[str, str] | None = None, **stand_ins: str
    ) -> subprocess.CompletedProcess[str]:
        for name, body in stand_ins.items():
            path = programs / name.replace("_get", "-get").replace("_cache", "-cache")
            path.unlink(missing_ok=True)
            path.write_text(f"#!{programs}/bash\n{body}\n", encoding="utf-8")
            path.chmod(0o755)
        return subprocess.run(
            [str(project / "install/install.sh"), *arguments],
            env={"PATH": str(programs), "HOME": str(tmp_path), **(variables or {})},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return run


GMX_2019 = "echo 'GROMACS version:    2019.6'"
GMX_2022 = "echo 'GROMACS version:    2022.5-Debian_2022.5_2'"
NEW_PYTHON = f'exec "{sys.executable}" "$@"'
OLD_PYTHON = "echo 3.9"
PACKMOL = "exit 0"
SUDO = '[[ "$1" == -n ]] && exit 0; echo "sudo $*" >&2; exit 1'


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Assert that installing stopped with one message; return it."""
    assert done.returncode == 1
    assert done.stderr.startswith("Sheath: ")
    assert done.stderr.count("Sheath: ") == 1
    return done.stderr


def test_old_gromacs_is_named_and_not_replaced(machine: Machine) -> None:
    done = machine(gmx=GMX_2019, apt_get="echo apt-get was called; exit 1")
    message = refusal(done)
    assert "version 2019.6" in message
    assert "2021 or newer" in message
    assert "apt-get was called" not in done.stdout


def test_old_gromacs_of_an_mpi_module_is_found_too(machine: Machine) -> None:
    assert "version 2020.1" in refusal(machine(gmx_mpi="echo 'GROMACS version:    2020.1-MPI'"))


def test_gromacs_that_does_not_start_is_named(machine: Machine) -> None:
    message = refusal(machine(gmx="echo 'libgromacs.so.7: cannot open shared object file' >&2; exit 127"))
    assert "cannot be started" in message
    assert "libgromacs.so.7" in message


def test_gromacs_named_by_variable_must_exist(machine: Machine) -> None:
    message = refusal(machine(gmx=GMX_2022, variables={"SHEATH_GMX": "/opt/none/gmx"}))
    assert "SHEATH_GMX=/opt/none/gmx" in message


def test_without_apt_and_conda_everything_missing_is_listed(machine: Machine) -> None:
    message = refusal(machine())
    assert "gromacs packmol g++ python3 python3-venv python3-dev" in message
    assert "neither conda nor apt" in message
    assert "Python 3.11, 3.12 or 3.13" in message


def test_what_is_there_is_not_asked_for(machine: Machine) -> None:
    message = refusal(machine(gmx_mpi=GMX_2022, python3=NEW_PYTHON, **{"g++": "exit 0"}))
    assert "missing here: packmol (" in message


def test_old_python_is_refused_although_the_rest_is_there(machine: Machine) -> None:
    message = refusal(machine(gmx=GMX_2022, packmol=PACKMOL, python3=OLD_PYTHON, **{"g++": "exit 0"}))
    assert "missing here: python3 " in message
    assert "Python 3.11, 3.12 or 3.13" in message


def test_an_environment_behind_a_link_is_not_emptied(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "pip").write_text("#!/somewhere/.venv/bin/python\n", encoding="utf-8")
    (tmp_path / "project" / ".venv").symlink_to(other)
    stand_ins = {"gmx": GMX_2022, "packmol": PACKMOL, "python3": NEW_PYTHON, "g++": "exit 0"}
    assert f".venv is a link to {other}" in refusal(machine(**stand_ins))
    assert (other / "bin" / "pip").exists()


def test_ordinary_user_without_sudo_gets_the_command_for_an_administrator(machine: Machine) -> None:
    done = machine(id="echo 1000", python3=NEW_PYTHON, apt_get="exit 0", **{"g++": "exit 0"})
    message = refusal(done)
    assert "apt-get install -y --no-install-recommends gromacs packmol\n" in message
    assert "you are not root" in message


def test_sudo_that_asks_a_password_without_a_terminal_is_no_sudo(machine: Machine) -> None:
    sudo = '[[ "$1" == -n ]] && exit 1; echo sudo would hang here; sleep 100'
    done = machine(id="echo 1000", sudo=sudo, python3=NEW_PYTHON, apt_get="exit 0", **{"g++": "exit 0"})
    assert "you are not root" in refusal(done)


def test_sudo_is_used_when_it_works(machine: Machine) -> None:
    done = machine(id="echo 1000", sudo=SUDO, python3=NEW_PYTHON, apt_get="exit 0", gmx=GMX_2022)
    assert "sudo env DEBIAN_FRONTEND=noninteractive bash -c apt-get -y" in done.stderr


def test_apt_says_what_it_will_install_before_it_starts(machine: Machine) -> None:
    apt = 'echo "called with $*" >&2; exit 100'
    done = machine(id="echo 0", python3=NEW_PYTHON, apt_get=apt, **{"g++": "exit 0"})
    assert done.returncode == 1
    assert done.stdout.startswith("Outside this folder, through apt")
    assert "gromacs packmol" in done.stdout
    assert "update" in done.stderr
    assert " install " not in done.stderr
    assert "Remedy: run the same command again." in done.stderr


def test_conda_failing_names_the_other_way(machine: Machine) -> None:
    done = machine(mamba="echo 'could not solve' >&2; exit 1", gmx=GMX_2022)
    assert done.returncode == 1
    assert "could not solve" in done.stderr
    assert "SHEATH_CONDA=no" in done.stderr


def test_conda_leaves_out_gromacs_only_where_there_is_one(machine: Machine) -> None:
    show = 'cat "${@: -1}" >&2; exit 1'
    assert "- gromacs >=" in machine(micromamba=show).stderr
    there = machine(micromamba=show, gmx=GMX_2022).stderr
    assert "- gromacs >=" not in there
    assert "- packmol" in there


def finished_venv(project: Path) -> None:
    """Make .venv look finished: a python that answers the version, and the stamp that install.sh writes."""
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f"#!{shutil.which('bash')}\necho 3.11\n", encoding="utf-8")
    (binaries / "python").chmod(0o755)
    contents = b"".join((project / name).read_bytes() for name in ("requirements.lock", "environment.yml"))
    stamp = f"{project.resolve()}/.venv {hashlib.sha256(contents).hexdigest()} 3.11\n"
    (project / ".venv" / "sheath-stamp").write_text(stamp, encoding="utf-8")
    shutil.copy(project / "requirements-tests.lock", project / ".venv")


@pytest.mark.parametrize("double", ["gmx_d", "named", "none"])
def test_missing_double_precision_is_told_before_the_tests(double: str, machine: Machine, tmp_path: Path) -> None:
    finished_venv(tmp_path / "project")
    programs = {"gmx": GMX_2022, "packmol": PACKMOL, "chromium": "exit 0"}
    if double != "none":
        programs["gmx_d" if double == "gmx_d" else "other"] = GMX_2022
    variables = {"SHEATH_GMX_DOUBLE": str(tmp_path / "bin/other")} if double == "named" else {}
    done = machine("--tests", variables=variables, **programs)
    assert done.returncode == 0, done.stderr
    assert "Nothing to install" in done.stdout
    assert ("apt-get install gromacs" in done.stdout) == (double == "none")
    assert ("SHEATH_GMX_DOUBLE" in done.stdout) == (double == "none")
    assert "double-precision" not in machine(**programs).stdout


def test_slurm_that_is_missing_is_asked_of_apt_or_named(machine: Machine, tmp_path: Path) -> None:
    finished_venv(tmp_path / "project")
    programs = {"gmx": GMX_2022, "packmol": PACKMOL}
    message = refusal(machine("--slurm", **programs))
    assert "missing for the tests on a cluster" in message and "sbatch" in message
    apt = 'echo "apt-get $*" >&2; exit 100'
    done = machine("--slurm", id="echo 0", apt_get=apt, **programs)
    assert "slurmctld slurmd slurm-client munge (for the tests on a cluster)" in done.stdout
    there = dict.fromkeys(("slurmctld", "slurmd", "sbatch", "munged"), "exit 0")
    done = machine("--slurm", **programs, **there)
    assert done.returncode == 0 and "Nothing to install" in done.stdout


def test_second_installation_finds_nothing_to_do() -> None:
    """Where `make test` runs, everything is installed: the same call says so and changes nothing."""
    stamps = [path for path in (ROOT / ".venv" / "sheath-stamp", ROOT / ".conda" / "sheath-stamp") if path.exists()]
    before = [path.stat().st_mtime_ns for path in stamps]
    # Not as a part of the make that runs the tests, which would print the folders that it enters.
    alone = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        ["make", "install"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, env=alone
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Nothing to install: Python 3.1")
    assert [path.stat().st_mtime_ns for path in stamps] == before


def test_running_before_installing_says_so(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "install", tmp_path / "install")
    done = subprocess.run(
        [str(tmp_path / "install/run.sh"), "true"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "make install" in done.stderr
