# Sheath: from a few lines of YAML to report.html. What runs is in config.yaml; the rules are in workflow/rules/.
from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/common.smk"
include: "workflow/rules/build.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


localrules:
    pool,
    compare,
    write_report,


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        f"{RESULTS}/comparisons.csv",
        everything_before_the_report(),


onstart:
    begin()


onerror:
    # Jobs that depend on a failed one never run, so the report is written here from what exists.
    shell(f"python -P -m analysis report {REPORT_ARGUMENTS} || true")
    print(
        f"Some runs failed, {RESULTS}/report.html names them with what to do; then the same command goes on."
    )
