# The systems against each other, and the one page about all of them.


rule compare:
    input:
        tables=expand(
            "{results}/{system}/observables/{table}.csv",
            results=RESULTS,
            system=SYSTEMS,
            table=TABLES,
        ),
    output:
        comparisons=report(
            f"{RESULTS}/comparisons.csv",
            caption="../captions/comparisons.rst",
            category="Tables",
        ),
        claims=report(
            f"{RESULTS}/claims.csv",
            caption="../captions/claims.rst",
            category="Tables",
        ),
        longer=report(
            f"{RESULTS}/longer.csv",
            caption="../captions/longer.rst",
            category="Tables",
        ),
    log:
        f"{RESULTS}/logs/compare.log",
    conda:
        "../../environment.yml"
    params:
        code=code("comparison_files"),
        folder=subpath(output.comparisons, parent=True),
        systems=SYSTEMS,
        replicas=len(REPLICAS),
    message:
        "compare the systems"
    shell:
        "python -P -m analysis compare {params.folder:q} --systems {params.systems:q} --replicas {params.replicas}"
        " --out {output.comparisons:q} 2>&1 | tee -i {log:q} >&2"


rule write_report:
    input:
        # made anew whenever a table is, and one file to plan with instead of all tables
        comparisons=f"{RESULTS}/comparisons.csv",
        snapshots=expand(
            "{results}/{system}/r1/snapshot/snapshot.json",
            results=RESULTS,
            system=SYSTEMS,
        ),
    output:
        report(
            f"{RESULTS}/report.html",
            caption="../captions/page.rst",
            category="Report",
        ),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        code=code("report/*", "report/page"),
        arguments=REPORT_ARGUMENTS,
    message:
        "write {output}"
    shell:
        "python -P -m analysis report {params.arguments} 2>&1 | tee -i {log:q} >&2"
