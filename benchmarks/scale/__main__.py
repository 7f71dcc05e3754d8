"""`make benchmark-scale`: what `snakemake -n` costs for 10, 100 and 1,000 systems of a sweep, three replicas each.

Every line has the seconds of the clock and of the processor, and the largest memory. The last ones are the imports and
the reading of the inputs, which every job pays once: alone, and with 1,000 systems configured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPLICAS = 3
CORES = 2
TEMPERATURES_K = (280, 285, 290, 295, 300, 305, 310, 315, 320, 325)
SCALES = (0.7, 0.72, 0.75, 0.78, 0.8, 0.85, 0.9, 0.92, 0.95, 1)
CONTENTS_WT = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18)
SIZES = {10: (1, 1), 100: (1, 10), 1000: (10, 10)}
OVERLAY = """\
systems: []
replicas: {replicas}
results: scale
sweeps:
  - title: benchmark of the planning
    extends: dol-dme-litfsi-pab
    values:
      temperature_K: {temperatures}
      ion_charge_scale: {scales}
      chains.wt_percent: {contents}
"""
START = "from pathlib import Path; from workflow import job; job.load(job.ROOT, [Path({overlay!r})])"


def main() -> None:
    """Print one line for each number of systems."""
    with tempfile.TemporaryDirectory() as folder:
        for size, (temperatures, scales) in SIZES.items():
            overlay = Path(folder) / f"{size}.yaml"
            values = (list(TEMPERATURES_K[:temperatures]), list(SCALES[:scales]), list(CONTENTS_WT))
            text = OVERLAY.format(replicas=REPLICAS, temperatures=values[0], scales=values[1], contents=values[2])
            overlay.write_text(text, encoding="utf-8")
            arguments = ["--cores", str(CORES), "--directory", folder, "--configfile", str(overlay)]
            plan = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "-n", *arguments]
            print(f"{size} systems, {size * REPLICAS} runs: {measured(plan)}", flush=True)
        for size in (min(SIZES), max(SIZES)):
            command = [sys.executable, "-P", "-c", START.format(overlay=str(Path(folder) / f"{size}.yaml"))]
            print(f"start of a job beside {size} systems: {measured(command)}", flush=True)


def measured(command: list[str]) -> str:
    """Run a command, which must succeed, and return what it cost."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(output.read().decode(errors="replace")[-2000:])
    gib = usage.ru_maxrss / 2**20
    return f"{wall_s:.1f} s ({usage.ru_utime + usage.ru_stime:.1f} s of processor), {gib:.2f} GiB"


if __name__ == "__main__":
    main()
