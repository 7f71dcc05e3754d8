# One pass over each trajectory, observables as views on it, pooled tables.
# A hash of the code is a param: an edited observable is computed again without reading the trajectory.


rule read:
    input:
        run=f"{RESULTS}/{{system}}/r{{replica}}/run.json",
        trajectory=f"{RESULTS}/{{system}}/r{{replica}}/traj.xtc",
    output:
        directory(f"{RESULTS}/{{system}}/r{{replica}}/reading"),
    log:
        f"{RESULTS}/logs/read/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        runtime=240,
        mem_mb=4000,
    params:
        code=code("read"),
    message:
        "{wildcards.system} r{wildcards.replica}: read the trajectory"
    shell:
        "python -P -m analysis read {input.run:q} --out {output:q} --processes {threads} 2>&1 | tee -i {log:q} >&2"


rule observe:
    input:
        run=f"{RESULTS}/{{system}}/r{{replica}}/run.json",
        reading=f"{RESULTS}/{{system}}/r{{replica}}/reading",
        vapour=vapour_of,
        pressures=pressures_of,
    output:
        expand(
            "{results}/{{system}}/r{{replica}}/observables/{table}.csv",
            results=RESULTS,
            table=TABLES,
        ),
    log:
        f"{RESULTS}/logs/observe/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        runtime=60,
        mem_mb=4000,
    params:
        code=code("observe", *[f"observables/{name}" for name in OBSERVABLES]),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: measure"
    shell:
        "python -P -m analysis observe {input.run:q} {input.reading:q} --out {params.folder:q} --processes {threads} 2>&1 | tee -i {log:q} >&2"


# One moment for the report's pictures; of the first replica alone.
rule snapshot:
    input:
        run=f"{RESULTS}/{{system}}/r1/run.json",
        trajectory=f"{RESULTS}/{{system}}/r1/traj.xtc",
        reading=f"{RESULTS}/{{system}}/r1/reading",
    output:
        f"{RESULTS}/{{system}}/r1/snapshot/snapshot.json",
    log:
        f"{RESULTS}/logs/snapshot/{{system}}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("snapshot"),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system}: keep a moment for the pictures"
    shell:
        "python -P -m analysis snapshot {input.run:q} {input.reading:q} --out {params.folder:q} 2>&1 | tee -i {log:q} >&2"


rule pool:
    input:
        tables=expand(
            "{results}/{{system}}/r{replica}/observables/{table}.csv",
            results=RESULTS,
            replica=REPLICAS,
            table=TABLES,
        ),
    output:
        expand(
            "{results}/{{system}}/observables/{table}.csv",
            results=RESULTS,
            table=TABLES,
        ),
    log:
        f"{RESULTS}/logs/pool/{{system}}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("pool"),
        replicas=lambda wildcards: [
            f"{RESULTS}/{wildcards.system}/r{replica}/observables"
            for replica in REPLICAS
        ],
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system}: pool the replicas"
    shell:
        "python -P -m analysis pool {params.replicas:q} --system {wildcards.system:q} --out {params.folder:q}"
        " 2>&1 | tee -i {log:q} >&2"
