# The systems against each other, and the one page about all of them.


rule compare:
    input:
        tables=expand(
            "{results}/{system}/observables/{table}.csv",
            results=RESULTS,
            system=SYSTEMS,
            table=TABLES,
        ),
        code=code("comparison_files"),
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
        tables=expand(
            "{results}/{system}/observables/{table}.csv",
            results=RESULTS,
            system=SYSTEMS,
            table=TABLES,
        ),
        snapshots=expand(
            "{results}/{system}/r1/snapshot/snapshot.json",
            results=RESULTS,
            system=SYSTEMS,
        ),
        code=[
            str(path)
            for path in sorted((ROOT / "analysis" / "report").iterdir())
            if path.is_file()
        ]
        + code("comparison_files", "sampling"),
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
        arguments=REPORT_ARGUMENTS,
    message:
        "write {output}"
    shell:
        "python -P -m analysis report {params.arguments} 2>&1 | tee -i {log:q} >&2"
