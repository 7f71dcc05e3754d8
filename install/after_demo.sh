#!/usr/bin/env bash
# The closing words of `make demo`: where the report is and what to run for the full length.
set -euo pipefail
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
activate="source .venv/bin/activate"
[[ -e "$project/.venv/sheath-stamp" ]] || activate="conda activate ./.conda"
cat <<EOF

The preview's report:  $project/preview/report.html   (open it in a browser)

For the full length (six systems of 10 ns, output in results/):
    $activate
    snakemake --cores all -n     # what would run, and how long it takes on this machine
    snakemake --cores all        # interrupted at any moment, the same command goes on
EOF
