# Equilibration and production. mdrun lives in work/, out of Snakemake's reach: what was computed outlives a rerun.
# A needless rerun (an edited rule, a touched file) finds its work folder done and costs seconds. Inputs are not
# ancient(): Snakemake 9.27 then leaves out whatever else is missing downstream of a rule that runs.


rule equilibrate:
    input:
        top=f"{RESULTS}/{{system}}/r{{replica}}/system.top",
        packed=f"{RESULTS}/{{system}}/r{{replica}}/packed.gro",
    output:
        structure=f"{RESULTS}/{{system}}/r{{replica}}/equilibrated.gro",
        state=f"{RESULTS}/{{system}}/r{{replica}}/equilibrated.cpt",
        energy=f"{RESULTS}/{{system}}/r{{replica}}/equilibration.csv",
    log:
        f"{RESULTS}/logs/equilibrate/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        runtime=1440,
        mem_mb=2000,
    params:
        physics=physics("equilibration"),
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: equilibrate on {threads} threads"
    shell:
        "python -P -m workflow.scripts.equilibrate --system {wildcards.system:q} --replica {wildcards.replica}"
        " --threads {threads} --out {params.folder:q} --work work --physics {params.physics}"
        " --log {log:q}"


rule produce:
    input:
        top=f"{RESULTS}/{{system}}/r{{replica}}/system.top",
        structure=f"{RESULTS}/{{system}}/r{{replica}}/equilibrated.gro",
        state=f"{RESULTS}/{{system}}/r{{replica}}/equilibrated.cpt",
    output:
        trajectory=f"{RESULTS}/{{system}}/r{{replica}}/traj.xtc",
        energy=f"{RESULTS}/{{system}}/r{{replica}}/energy.edr",
        structure=f"{RESULTS}/{{system}}/r{{replica}}/conf.gro",
        run=f"{RESULTS}/{{system}}/r{{replica}}/run.json",
    log:
        f"{RESULTS}/logs/produce/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        runtime=2880,
        mem_mb=2000,
    params:
        physics=physics("production"),
        description=description,
        production_ns=INPUTS.config.lengths.production_ns,
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: produce {params.production_ns} ns on {threads} threads"
    shell:
        "python -P -m workflow.scripts.produce --system {wildcards.system:q} --replica {wildcards.replica}"
        " --threads {threads} --out {params.folder:q} --work work --physics {params.physics} --production-ns {params.production_ns}"
        " --log {log:q}"


# Short runs at constant volume from frames of the production: the pressures that the viscosity needs.
rule sample_pressure:
    input:
        top=f"{RESULTS}/{{system}}/r{{replica}}/system.top",
        structure=f"{RESULTS}/{{system}}/r{{replica}}/conf.gro",
        trajectory=f"{RESULTS}/{{system}}/r{{replica}}/traj.xtc",
    output:
        f"{RESULTS}/{{system}}/r{{replica}}/viscosity/pressure.npz",
    log:
        f"{RESULTS}/logs/sample_pressure/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: THREADS
    resources:
        runtime=1440,
        mem_mb=2000,
    params:
        physics=physics("production"),
        production_ns=INPUTS.config.lengths.production_ns,
        segments=INPUTS.config.lengths.viscosity_segments,
        segment_ps=INPUTS.config.lengths.viscosity_segment_ps,
        folder=subpath(input.top, parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: sample the pressure in {params.segments} runs of {params.segment_ps} ps"
    shell:
        "python -P -m workflow.scripts.sample_pressure --system {wildcards.system:q} --replica {wildcards.replica}"
        " --threads {threads} --out {params.folder:q} --work work --physics {params.physics} --production-ns {params.production_ns}"
        " --log {log:q}"


# One molecule of a pure liquid alone, for its heat of vaporisation; it needs nothing of the liquid.
rule evaporate:
    output:
        top=f"{RESULTS}/{{system}}/r{{replica}}/vapour/system.top",
        energy=f"{RESULTS}/{{system}}/r{{replica}}/vapour/energy.edr",
    log:
        f"{RESULTS}/logs/evaporate/{{system}}-r{{replica}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        runtime=240,
        mem_mb=1000,
    params:
        physics=physics("vapour"),
        vapour_ns=INPUTS.config.lengths.vapour_ns,
        folder=subpath(output[0], parent=True),
    message:
        "{wildcards.system} r{wildcards.replica}: one molecule alone, {params.vapour_ns} ns"
    shell:
        "python -P -m workflow.scripts.evaporate --system {wildcards.system:q} --replica {wildcards.replica}"
        " --threads {threads} --out {params.folder:q} --work work --physics {params.physics}"
        " --log {log:q}"
