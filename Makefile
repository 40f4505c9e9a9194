# `make` alone lists the targets. Each sets up what it needs, and only what is missing.
PYTHON ?= python3
WORKERS ?= 3
VENV ?= $(or $(MLOPS_VENV),.venv)
BIN := $(VENV)/bin
SETUP := $(PYTHON) tools/setup.py --venv $(VENV)

.DEFAULT_GOAL := help
.PHONY: help setup install install-small rehearse test suite torture audit sbom explore check docs roles docs-site lock parity parity-azure parity-stack try-sdk dist release-files github-release try-dist browser expressions bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## prepare .venv with the `mlops` command, the emulator and the tools of the tests
	@$(SETUP) --for dev

install: ## prepare the environment with what `mlops` needs on a runner, and no more
	@$(SETUP) --for run

install-small: ## the same without what only the preparation of data needs
	@$(SETUP) --for small

rehearse: setup ## run the whole road against the emulator: a push becomes a released model and is torn down again
	@$(BIN)/mlops rehearse $(ARGS)

test: ## lint, types, layers and the whole suite
	@$(MAKE) --no-print-directory --jobs 2 check suite

# Of three workers on two cores two find a core while the third waits for another process; each costs a collection.
# With the variable empty pytest may keep the test modules that it rewrites: half of what each worker does to collect.
suite: setup
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --quiet $(ARGS)

sbom: setup ## write build/sbom.json, what a runner installs as CycloneDX, and look at the licences
	@$(BIN)/python tools/sbom.py $(ARGS)

audit: setup ## look for known vulnerabilities in what a runner installs; needs a network that reaches their database
	@$(BIN)/python -m venv build/audit
	@build/audit/bin/python -m pip install --quiet --require-hashes -r requirements/audit.txt
	@build/audit/bin/pip-audit --requirement requirements/run.txt --require-hashes --disable-pip --strict $(ARGS)

torture: setup ## kills and faults at the calls of every verb, an hour; ARGS=--pairs has two verbs meet, --every is all calls
	@$(BIN)/python -m tests.torture --state build/torture $(ARGS)

explore: setup ## properties with examples that were not tried before, and every edit of a team; minutes
	@HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -n 2 --quiet tests/properties emulator/tests/properties \
		tests/contract/test_edits.py $(ARGS)

check: setup ## lint, types, layers and generated documents, without the tests
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/dead_code.py
	@$(BIN)/python tools/docs.py --check
	@$(BIN)/python tools/lock.py --check

docs: setup ## write the generated documents again: the parameters' schema, the emulator's coverage
	@$(BIN)/python tools/docs.py

roles: setup ## the roles of Azure from infra/calls.json; LOG=STATE/requests.log takes in what a kept rehearsal asked for
	@$(BIN)/python tools/roles.py $(LOG)
	@$(BIN)/python tools/docs.py

docs-site: setup ## build the documentation as a site, strictly: build/docs-site/site
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/site.txt
	@$(BIN)/python -m tools.docs_site

lock: setup ## resolve the dependencies again and write requirements/*.txt
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/installer.txt
	@$(BIN)/python tools/lock.py

dist: setup ## build the wheels of both distributions into build/dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/dist . ./emulator

release-files: dist sbom ## what a release consists of, checked: wheels, bill of materials, checksums, notes (TAG=v0.1.0)
	@$(BIN)/python tools/release.py --tag "$(TAG)"

github-release: ## make the release of a tag on GitHub from what release-files left (TAG=v0.1.0)
	@$(PYTHON) tools/release.py --publish --tag "$(TAG)"

try-dist: dist ## install the emulator's wheel as its users do, and run a program of the SDK on it
	@$(BIN)/python -m pytest --quiet --from-index emulator/tests/contract/test_distribution.py

browser: setup ## install what the tests in a real browser need: its driver, and Chromium where Debian has it
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/browser.txt
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null

expressions: setup ## install GitHub's own expression library, which decides the conditions of the workflows in the tests, too
	@command -v npm >/dev/null || { echo "no npm here: act alone decides the conditions of the workflows"; exit 0; }; \
	  mkdir -p $(VENV)/expressions && cp tools/expressions/package*.json $(VENV)/expressions && \
	  npm ci --prefix $(VENV)/expressions --ignore-scripts --no-audit --no-fund --silent

parity: setup ## ask every operation of the REST specification, and each recorded answer of the service, and write their pages in emulator/docs again
	@PARITY=write $(BIN)/python -m pytest --quiet -n 0 emulator/tests/contract/test_rest_parity.py emulator/tests/contract/test_recorded_facts.py

parity-azure: setup ## record what a workspace of yours answers, and say where the emulator differs; costs nothing (ARGS=--rehearse)
	@$(BIN)/python tools/parity_azure.py $(ARGS)

try-sdk: setup ## walk through the emulator with other versions of azure-ai-ml (ARGS="1.20.0 1.28.1"), in environments of their own
	@$(BIN)/python tools/try_sdk.py $(ARGS)

parity-stack: setup ## ask Microsoft's own code (torch, transformers, azureml-acft) what it takes; environments of their own
	@$(BIN)/python tools/parity.py $(ARGS)

bench: setup ## measure this machine and write docs/performance.md; some minutes
	@$(BIN)/python benchmarks/bench.py $(ARGS)

clean: ## remove what setup, tests and rehearsals made here
	rm -rf .venv .venv-parity .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build
