# make install   installs what is missing          make test       installs what is missing, runs all tests
# make demo      install + preview of all systems  make test-fast  the same, fast tests only
# make gromacs-native   builds GROMACS for this machine's processor: two to three times faster
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast test-slurm gromacs-native benchmark benchmark-md benchmark-report benchmark-scale lock derive dft

IN_ENVIRONMENT := install/run.sh
PYTEST := $(IN_ENVIRONMENT) python -m pytest -n 2 --dist worksteal

help:
	@sed -n 's/^# //p' Makefile | head -3

install:
	@install/install.sh

demo: install
	@$(IN_ENVIRONMENT) snakemake --cores all --configfile preview.yaml
	@install/after_demo.sh

# GROMACS for this machine's processor, two to three times faster than a distribution's; about 20 minutes on 2 cores.
gromacs-native: install
	@$(IN_ENVIRONMENT) env PYTHONPATH=. install/gromacs_native.sh

test:
	@install/install.sh --tests
	@$(PYTEST) -m "not slurm_only"
	@echo "Left out: the rarer faults on a cluster (make test-slurm)."

# Runs on a real Slurm, which is started on this machine for the tests alone, and what happens when something fails.
test-slurm:
	@install/install.sh --slurm
	@$(PYTEST) -m slurm

test-fast: install
	@$(PYTEST) -m "not slow"

# For maintainers: how fast the analysis is; makes its trajectory once in work/benchmark (10 to 20 minutes).
benchmark: install
	@$(IN_ENVIRONMENT) env PYTHONPATH=. python -P -m benchmarks

# For maintainers: ns/day of Sheath's engine, protocol and threads against GROMACS as usually typed; an hour.
benchmark-md: install
	@$(IN_ENVIRONMENT) env PYTHONPATH=. python -P -m benchmarks.md

# For maintainers: time and memory of the planning for 10, 100 and 1,000 systems; five minutes on 2 cores.
benchmark-scale: install
	@$(IN_ENVIRONMENT) env PYTHONPATH=. python -P -m benchmarks.scale

# For maintainers: the report's first paint in Chromium, over that of an empty page with the same libraries; a minute.
benchmark-report:
	@install/install.sh --tests
	@$(IN_ENVIRONMENT) env PYTHONPATH=. python -P -m benchmarks.report

# For maintainers: the parameters of PAB and PIB again from the committed DFT results, and how well they fit.
derive: install
	@$(IN_ENVIRONMENT) env PYTHONPATH=.:forcefields/opls-aa python -m derivation.fit --write

# For maintainers: the DFT jobs whose results are missing, one process per core; interrupted, the same command goes on.
SCRATCH ?= work/dft
DFT_PROCESSES ?= $(shell nproc 2>/dev/null || echo 2)
dft:
	@install/dft.sh "$(SCRATCH)" "$(DFT_PROCESSES)"

# For maintainers, after a change in requirements.in; needs uv (https://docs.astral.sh/uv) on the PATH.
lock:
	uv pip compile requirements.in --output-file requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
	uv pip compile requirements-tests.in --constraint requirements.lock --output-file requirements-tests.lock --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
	uv pip compile forcefields/opls-aa/derivation/requirements.in --universal --python-version 3.11 \
		--output-file forcefields/opls-aa/derivation/requirements.lock \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
