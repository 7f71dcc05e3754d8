# make install   installs what is missing          make test       installs what is missing, runs all tests
# make demo      install + preview of all systems  make test-fast  the same, fast tests only
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast lock

IN_ENVIRONMENT := install/run.sh
PYTEST := $(IN_ENVIRONMENT) python -m pytest -n 2 --dist worksteal

help:
	@sed -n 's/^# //p' Makefile | head -2

install:
	@install/install.sh

demo: install
	@$(IN_ENVIRONMENT) snakemake --cores all --configfile preview.yaml
	@install/after_demo.sh

test:
	@install/install.sh --tests
	@$(PYTEST)

test-fast: install
	@$(PYTEST) -m "not slow"

# For maintainers, after a change in requirements.in; needs uv (https://docs.astral.sh/uv) on the PATH.
lock:
	uv pip compile requirements.in --output-file requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock"
