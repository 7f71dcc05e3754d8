#!/usr/bin/env bash
# Installs what is missing and nothing else: install/install.sh [--tests | --slurm]   (called by `make install`)
#
#   mamba, micromamba or conda on the PATH   an environment from environment.yml in .conda
#   else                                     .venv from requirements.lock; GROMACS, Packmol and what the
#                                            installation itself needs from apt, when they are not there yet
#
# --tests adds Chromium, in which slow tests open the report, and says when there is no double-precision GROMACS,
# by which tests check the energies; SHEATH_GMX_DOUBLE names it when it is not gmx_d on the PATH.
# --slurm adds Slurm's programs, with which the tests start a cluster of their own on this machine (`make test-slurm`).
# SHEATH_CONDA=no takes the second way although conda is there; SHEATH_GMX names the GROMACS program to use.
set -euo pipefail

readonly OLDEST_GROMACS=2021 # first release with the C-rescale barostat
readonly PYTHONS="3.11, 3.12 or 3.13"
readonly APT_GET="apt-get -y -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0"

changed=no
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd "$project"

say() { printf '%s\n' "$*"; }
die() {
    printf 'Sheath: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# --- What is there? ---------------------------------------------------------------------------------------

# The GROMACS program, by the same rule as workflow/gromacs.py; prints nothing when there is none.
find_gromacs() {
    local name
    if [[ -n "${SHEATH_GMX:-}" ]]; then
        have "$SHEATH_GMX" || die "SHEATH_GMX=$SHEATH_GMX is not a program. Remedy: correct or unset it."
        command -v "$SHEATH_GMX"
        return
    fi
    if .gromacs/bin/gmx --version >/dev/null 2>&1 </dev/null; then # `make gromacs-native`, on a processor that it is for
        printf '%s' "$project/.gromacs/bin/gmx"
        return
    fi
    for name in gmx gmx_mpi gmx_d gmx_mpi_d; do
        if have "$name"; then
            command -v "$name"
            return
        fi
    done
}

# Stops when the GROMACS that is there cannot be used: it is never replaced.
check_gromacs() {
    local gmx="$1" answer version
    answer="$("$gmx" --version 2>&1 </dev/null)" || die "GROMACS cannot be started: '$gmx --version' failed. Remedy: \
repair it or take it off the PATH, then run the same command again. It said: $(tail -n 3 <<<"$answer")"
    version="$(sed -n 's/^GROMACS version:[^0-9]*\([0-9][0-9]*\).*/\1/p' <<<"$answer")"
    [[ -n "$version" ]] || die "'$gmx --version' does not say which GROMACS it is. Remedy: take it off the PATH or \
set SHEATH_GMX to another."
    ((version >= OLDEST_GROMACS)) || die "GROMACS at $gmx is version $(sed -n 's/^GROMACS version: *//p' <<<"$answer"), \
but Sheath needs $OLDEST_GROMACS or newer. Remedy: load a newer module, set SHEATH_GMX to a newer one, or take this one off the PATH."
}

python_version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# The first Python 3.11 to 3.13 on the PATH; prints nothing when there is none.
find_python() {
    local name
    for name in python3 python3.11 python3.12 python3.13; do
        have "$name" || continue
        case "$(python_version "$name")" in
            3.11 | 3.12 | 3.13)
                command -v "$name"
                return
                ;;
        esac
    done
}

conda_tool() {
    local name
    [[ "${SHEATH_CONDA:-yes}" != no ]] || return 0
    for name in mamba micromamba conda; do
        if have "$name"; then
            printf '%s' "$name"
            return
        fi
    done
}

chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        if have "$name"; then
            command -v "$name"
            return
        fi
    done
}

# An environment is finished when its stamp equals this: what went in, and where it lies (environments cannot move).
stamp() { # ENVIRONMENT
    local hash
    hash="$(cat requirements.lock environment.yml | { sha256sum 2>/dev/null || shasum -a 256; })"
    printf '%s %s %s\n' "$project/$1" "${hash%% *}" "$(python_version "$1/bin/python" || true)"
}
finished() { [[ -e "$1/sheath-stamp" && "$(<"$1/sheath-stamp")" == "$(stamp "$1")" ]]; }

# --- apt --------------------------------------------------------------------------------------------------

# apt-get as root, or through sudo; without either, the message for an administrator.
as_root() {
    local command="$1"
    if [[ "$(id -u)" == 0 ]]; then
        DEBIAN_FRONTEND=noninteractive bash -c "$command"
    elif have sudo && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
        sudo env DEBIAN_FRONTEND=noninteractive bash -c "$command"
    else
        return 77
    fi
}

apt_get() { # WORDS...: one call, with a message that says what to do when it fails
    local code=0
    as_root "$APT_GET $* >/dev/null" || code=$?
    if ((code == 77)); then
        die "you are not root and cannot use sudo here. Remedy: ask an administrator to run
    apt-get update && apt-get install -y --no-install-recommends ${wanted[*]}
then run the same command again."
    elif ((code != 0)); then
        die "apt-get failed, its own words are above; often another apt is running or the network is away. \
Nothing is lost. Remedy: run the same command again."
    fi
}

announce_apt() {
    say "Outside this folder, through apt (Debian packages, system-wide), these will be installed now: $*"
}

# The Debian package of a Python that fits, by apt's own lists.
debian_python() {
    local version
    for version in 3.11 3.12 3.13; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
            printf 'python%s' "$version"
            return
        fi
    done
}

# Fills `wanted` with the Debian packages of what is missing.
list_missing_packages() {
    local python paths
    wanted=()
    [[ -n "$(find_gromacs)" ]] || wanted+=(gromacs)
    have packmol || wanted+=(packmol)
    ! finished .venv || return 0
    have g++ || wanted+=(g++) # ParmEd is compiled on installation
    python="$(find_python)"
    if [[ -z "$python" ]]; then
        python="$(debian_python)"
        wanted+=("${python:-python3}" "${python:-python3}-venv" "${python:-python3}-dev")
        return
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null || wanted+=("python$(python_version "$python")-venv")
    paths="$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')"
    [[ -e "$paths/Python.h" ]] || wanted+=("python$(python_version "$python")-dev")
}

install_packages() {
    local -a wanted
    list_missing_packages
    ((${#wanted[@]})) || return 0
    have apt-get || die "missing here: ${wanted[*]} (names of Debian packages), and there is neither conda nor apt to \
install them. Remedy: install them your system's way (GROMACS $OLDEST_GROMACS or newer, Packmol, Python $PYTHONS with venv and its \
header files, a C++ compiler), or install micromamba, then run the same command again."
    announce_apt "${wanted[@]}"
    apt_get update
    list_missing_packages # apt's lists are fresh now: which Python do they have?
    apt_get install --no-install-recommends "${wanted[@]}"
    hash -r
    changed=yes
}

# --- the two environments ---------------------------------------------------------------------------------

# Installs the locked packages with the Python of ENVIRONMENT; the log stays beside them.
pip_install() { # ENVIRONMENT [LOCK]
    local lock="${2:-requirements.lock}"
    say "Installing the Python packages of $lock into $1 (one to three minutes)."
    "$1/bin/python" -m pip install --require-hashes --no-input --disable-pip-version-check --progress-bar off \
        -r "$lock" >"$1/install.log" 2>&1 ||
        die "pip could not install the packages (all of its words are in $1/install.log):
$(grep -iE '^ *error' "$1/install.log" | tail -n 5 || tail -n 5 "$1/install.log")
Remedy: when the network or the disk was the reason, run the same command again."
}

# A .venv that an interrupted installation or an older lock left is completed; one that was moved here is made anew.
usable_venv() {
    [[ "$(head -n 1 .venv/bin/pip 2>/dev/null)" == "#!$project/.venv/bin/"* ]] || return 1
    [[ "$PYTHONS" == *"$(python_version .venv/bin/python || printf none)"* ]]
}

install_venv() {
    local python
    ! finished .venv || return 0
    python="$(find_python)"
    [[ -n "$python" ]] || die "no Python $PYTHONS is on the PATH$(
        have python3 && printf ' (python3 is %s)' "$(python_version python3)"
    ). Remedy: install one of them, then run the same command again."
    if ! usable_venv; then
        # through a link, --clear would empty somebody else's folder
        [[ ! -L .venv ]] || die ".venv is a link to $(readlink .venv), which was made for another place. Remedy: remove the \
link (rm .venv) and run the same command again."
        "$python" -m venv --clear .venv || die "'$python -m venv' failed, its own words are above. Remedy: install \
this Python's venv module (Debian: python3-venv), then run the same command again."
    fi
    rm -f .venv/sheath-stamp .conda/sheath-stamp
    pip_install .venv
    stamp .venv >.venv/sheath-stamp
    changed=yes
}

install_conda() { # TOOL
    local tool="$1" folder
    local -a command
    ! finished .conda || return 0
    folder="$(mktemp -d)"
    # A GROMACS that is already there is used, never replaced.
    if [[ -n "$(find_gromacs)" ]]; then
        grep -v '^  - gromacs ' environment.yml >"$folder/environment.yml"
    else
        cp environment.yml "$folder/environment.yml"
    fi
    say "Creating the environment of environment.yml in .conda with $tool (a few minutes; nothing outside this folder \
but $tool's own package cache)."
    rm -rf .conda
    command=("$tool" env create)
    [[ "$tool" != micromamba ]] || command=("$tool" create)
    CONDA_ALWAYS_YES=true MAMBA_ALWAYS_YES=true "${command[@]}" -p "$project/.conda" -f "$folder/environment.yml" ||
        die "$tool could not create the environment, its own words are above. Remedy: run the same command again, or \
'make install SHEATH_CONDA=no' to do without it."
    rm -rf "$folder"
    pip_install .conda
    stamp .conda >.conda/sheath-stamp
    rm -f .venv/sheath-stamp
    changed=yes
}

# Programs that tests compare the analysis with, into the environment that is there; nothing else needs them.
install_compared() {
    local folder=.venv
    [[ -e .venv/sheath-stamp ]] || folder=.conda
    [[ ! -e "$folder/requirements-tests.lock" || "$(<"$folder/requirements-tests.lock")" != "$(<requirements-tests.lock)" ]] ||
        return 0
    changed=yes
    pip_install "$folder" requirements-tests.lock
    cp requirements-tests.lock "$folder/requirements-tests.lock"
}

# For the slow tests that open the report in a browser; without it they fail, nothing else.
install_chromium() {
    local -a wanted=(chromium)
    [[ -z "$(chromium)" ]] || return 0
    if have apt-get; then
        changed=yes
        announce_apt chromium "(tests open the report in it)"
        (apt_get update && apt_get install --no-install-recommends chromium) || true
        hash -r
    fi
    [[ -n "$(chromium)" ]] || say "Chromium is not here and could not be installed: the tests that open the report in \
a browser will fail. Remedy: install chromium your system's way."
}

# The tests start these daemons themselves, for their own cluster; what apt would start has no configuration and stays down.
install_slurm() {
    local name
    local -a wanted=(slurmctld slurmd slurm-client munge)
    local -a programs=(slurmctld slurmd sbatch munged)
    missing_programs() {
        for name in "${programs[@]}"; do
            PATH="$PATH:/usr/sbin:/sbin" have "$name" || printf '%s ' "$name"
        done
    }
    [[ -n "$(missing_programs)" ]] || return 0
    if have apt-get; then
        changed=yes
        announce_apt "${wanted[@]}" "(for the tests on a cluster)"
        apt_get update
        apt_get install --no-install-recommends "${wanted[@]}"
        hash -r
    fi
    [[ -z "$(missing_programs)" ]] || die "missing for the tests on a cluster: $(missing_programs). Remedy: install Slurm and \
munge your system's way."
}

# Debian's package brings it along; conda-forge's cannot lie in one environment with that of single precision.
tell_of_double_precision() {
    have "${SHEATH_GMX_DOUBLE:-gmx_d}" || say "A double-precision GROMACS (${SHEATH_GMX_DOUBLE:-gmx_d}) is not here: \
the tests that compare energies between two engines will fail. Remedy: on Debian and Ubuntu, apt-get install gromacs; \
with conda, conda create -n gromacs-double -c conda-forge 'gromacs=*=nompi_dblprec*', then set SHEATH_GMX_DOUBLE to \
the path of its bin/gmx_d."
}

main() {
    local gmx tool
    gmx="$(find_gromacs)"
    [[ -z "$gmx" ]] || check_gromacs "$gmx"
    tool="$(conda_tool)"
    if [[ -n "$tool" ]] && ! finished .venv; then
        install_conda "$tool"
    elif ! finished .conda; then
        install_packages
        gmx="$(find_gromacs)"
        { [[ -n "$gmx" ]] && have packmol; } || die "apt installed GROMACS and Packmol, but they are not on the PATH. \
Remedy: add their folder (usually /usr/bin) to the PATH and run the same command again."
        check_gromacs "$gmx"
        install_venv
    fi
    if [[ "${1:-}" == --tests ]]; then
        install_compared
        install_chromium
        tell_of_double_precision
    fi
    [[ "${1:-}" != --slurm ]] || install_slurm
    if [[ "$changed" == yes ]]; then
        say "Sheath is installed: $(installed_line)"
    else
        say "Nothing to install: $(installed_line)"
    fi
}

installed_line() {
    export -f find_gromacs have die
    export project
    install/run.sh bash -c 'set -e; printf "Python %s in %s, GROMACS at %s, Packmol at %s." "$(python -c \
        "import platform; print(platform.python_version())")" "$(dirname "$(dirname "$(command -v python)")")" \
        "$(find_gromacs)" "$(command -v packmol)"' || die "GROMACS or Packmol is missing although the installation ended. Remedy: \
delete .conda and .venv and run the same command again."
}

main "$@"
