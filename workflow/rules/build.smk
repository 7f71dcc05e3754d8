# Packed boxes and topologies.


rule build:
    output:
        top=f"{RESULTS}/{{system}}/r{{replica}}/system.top",
        packed=f"{RESULTS}/{{system}}/r{{replica}}/packed.gro",
        composition=f"{RESULTS}/{{system}}/r{{replica}}/composition.json",
    log:
        f"{RESULTS}/logs/build/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    resources:
        runtime=60,
        mem_mb=2000,
    params:
        physics=physics("build"),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: pack the box and write the topology"
    shell:
        "python -P -m workflow.scripts.build --system {wildcards.system:q} --replica {wildcards.replica}"
        " --out {params.folder:q} --work work --physics {params.physics} --log {log:q}"
