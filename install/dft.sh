#!/usr/bin/env bash
# The DFT jobs of the derivation (`make dft`): install/dft.sh SCRATCH PROCESSES
# An environment of their own in .venv-dft, then one single-thread process per core until all jobs are done, then the
# results into forcefields/opls-aa/derivation/raw.
set -euo pipefail
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
mkdir -p "$1"
scratch="$(cd "$1" && pwd -P)"
python="$project/.venv-dft/bin/python"
lock="$project/forcefields/opls-aa/derivation/requirements.lock"

if ! cmp -s "$lock" "$project/.venv-dft/requirements.lock"; then
    echo "Installing PySCF, geomeTRIC and tblite into .venv-dft."
    "${PYTHON:-python3}" -m venv --clear "$project/.venv-dft"
    "$python" -m pip install --quiet --require-hashes --requirement "$lock"
    cp "$lock" "$project/.venv-dft/requirements.lock"
fi

cd "$project/forcefields/opls-aa"
trap 'kill 0' INT TERM
for _ in $(seq "$2"); do
    nice -n 19 "$python" -u -m derivation.dft "$scratch" &
done
code=0
for job in $(jobs -p); do wait "$job" || code=$?; done
"$python" -m derivation.dft "$scratch" --collect
exit "$code"
