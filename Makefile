# Everything runs from .venv, which `make setup` builds from requirements.lock alone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
AUDIT := .audit
SCHEMAS := .schemas
SITE := .site

COMPILE := env -u PIP_FIND_LINKS CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet \
	--upgrade --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
AZ = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/azsec-interop/az-$(word 1,$(shell cksum < interop/requirements.lock))

.PHONY: help setup demo cluster-tools actionlint test test-cluster check golden bench bench-peer fidelity faults audit schemas interop docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Build .venv from the lock, if the lock changed since

demo: setup ## Plan, apply, tamper and find the drift on the built-in Azure; no account needed
	@$(BIN)/python scripts/demo

test: setup ## Run every test that needs no cluster
	@$(BIN)/python -m pytest -n 2 --ignore=tests/cluster

test-cluster: setup cluster-tools ## Run the tests on real API servers of Kubernetes
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/cluster

check: setup ## Check style, types, the layers of the code and the format of the blueprints
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/azsec fmt --check

golden: setup ## Rewrite the expected outputs of the tests; review them with git diff
	AZSEC_REWRITE_GOLDEN=1 $(BIN)/python -m pytest tests/reports tests/scenarios

bench: setup ## Measure commands, estates, fleets (2 hours; parts: python -m benchmarks --only estates)
	@$(BIN)/python -m benchmarks

bench-peer: setup ## Measure terraform with azapi and azsec on the same 1,000 resources (needs terraform)
	@$(BIN)/python -m benchmarks.peers

fidelity: setup ## Hold the built-in Azure against recorded traffic; writes docs/fidelity.md and docs/simulator-support.md
	@$(BIN)/python -m fidelity

faults: setup ## Kill azsec at 60 writes, try every other fault; writes docs/reliability.md
	@$(BIN)/python -m faults

audit: setup $(AUDIT)/.installed ## Scan what the blueprints deploy with checkov, against docs/audit.md
	@$(BIN)/python -m audit

schemas: setup $(SCHEMAS)/.installed ## Read the types of 25 SDK packages; writes docs/schemas.md
	@$(BIN)/python -m schemas

interop: setup $(AZ)/.installed ## Run az, the Go SDK and recorded requests against the built-in Azure
	@$(BIN)/python -m interop $(AZ)/bin/az

docs: $(SITE)/.installed ## Build the documentation as a site into build/docs; fails on a broken link
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet

cluster-tools: setup ## Build etcd and kube-apiserver for tests/cluster, if missing (10 to 20 minutes)
	@$(BIN)/python -m cluster_tools

actionlint: ## Build actionlint for tests/ci, if missing (needs Go; a minute)
	@$(PYTHON) -m ci_tools

lock: setup ## Pin the newest allowed dependencies, with their hashes
	$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock --output-file runtime.lock pyproject.toml
	$(COMPILE) --output-file audit/requirements.lock audit/requirements.in
	$(COMPILE) --output-file schemas/requirements.lock schemas/requirements.in
	$(COMPILE) --output-file cluster_tools/requirements.lock cluster_tools/requirements.in
	$(COMPILE) --output-file interop/requirements.lock interop/requirements.in
	$(COMPILE) --output-file docs/site/requirements.lock docs/site/requirements.in

clean: ## Remove .venv, .audit, .schemas, .site and every cache
	rm -rf $(VENV) $(AUDIT) $(SCHEMAS) $(SITE) build dist *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --no-deps: the lock is complete, and `pip check` proves it. The project itself is built with the
# setuptools of the lock, so nothing is fetched that has no hash; its warning about folders with the
# name of the package is meant for people who are not in this folder.
$(INSTALLED): requirements.lock pyproject.toml tests/references.lock
	@command -v $(PYTHON) >/dev/null || { \
		echo 'azsec needs Python 3.11 or newer, and there is no $(PYTHON) on this machine.' \
		'Install it, or name another: make setup PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "azsec needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
		'Name another: make setup PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) comes without venv. On Debian and Ubuntu: apt install python3-venv' >&2; \
		exit 1; }
	@echo 'Building $(VENV) from requirements.lock (once, about a minute) ...'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--target $(VENV)/references --requirement tests/references.lock
	@$(BIN)/python -m compileall -q provisioner
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@

# checkov pins what azsec uses in other versions, so it has a place of its own.
$(AUDIT)/.installed: audit/requirements.lock
	@echo 'Building $(AUDIT) from audit/requirements.lock (once, about a minute) ...'
	@$(PYTHON) -m venv --clear $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --requirement audit/requirements.lock
	@touch $@

# What is read there is no part of what azsec runs on.
$(SCHEMAS)/.installed: schemas/requirements.lock
	@echo 'Building $(SCHEMAS) from schemas/requirements.lock (once, about a minute) ...'
	@rm -rf $(SCHEMAS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --target $(SCHEMAS) --requirement schemas/requirements.lock
	@touch $@

$(SITE)/.installed: docs/site/requirements.lock
	@echo 'Building $(SITE) from docs/site/requirements.lock (once, half a minute) ...'
	@$(PYTHON) -m venv --clear $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --requirement docs/site/requirements.lock
	@touch $@

# 700 MB that no test but this one needs: kept outside of the clone, by its lock.
$(AZ)/.installed:
	@echo 'Building $(AZ) from interop/requirements.lock (once, some minutes) ...'
	@$(PYTHON) -m venv --clear $(AZ)
	@$(AZ)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps --requirement interop/requirements.lock
	@touch $@
