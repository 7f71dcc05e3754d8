#!/usr/bin/env bash
# Runs a command inside the project's environment: install/run.sh COMMAND [ARGUMENT ...]
set -euo pipefail
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd "$project"

if [[ -e .venv/sheath-stamp ]]; then
    export VIRTUAL_ENV="$project/.venv"
    export PATH="$VIRTUAL_ENV/bin:$PATH"
elif [[ -e .conda/sheath-stamp ]]; then
    export CONDA_PREFIX="$project/.conda"
    export PATH="$CONDA_PREFIX/bin:$PATH"
    set +u # activation scripts read variables that may be unset
    for script in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
        # shellcheck disable=SC1090
        [[ -e "$script" ]] && source "$script"
    done
else
    echo "Sheath is not installed yet: run 'make install' first." >&2
    exit 1
fi
exec "$@"
