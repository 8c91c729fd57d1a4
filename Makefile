# Every command of the project; `make help` lists them. Set-up runs by itself and only when a lock file changed.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
NEEDS_NPM := command -v npm >/dev/null || { echo "Atmosphere needs Node 20 or newer with npm: install it and try again" >&2; exit 1; }
NPM_CI := npm ci --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null
IN_TURN := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
.PHONY: help setup demo test test-all tests-here tests-on-emulator machine cuts conditions race faults fuzz live lint format bench wheel docs lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready .emulator/.ready .cache/npm/.ready .cache/wheels.ready ## make .venv (with .venv/bin/atmosphere) and the embedded AWS

.venv/.ready: requirements/dev.txt pyproject.toml
	@echo "setting up .venv (about a minute, once)"
	@$(PYTHON) -c 'import sys; sys.exit("Atmosphere needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make setup") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.emulator/.ready: requirements/emulator.txt requirements/emulator/package.json requirements/emulator/package-lock.json
	@echo "setting up the embedded AWS in .emulator (some seconds, once)"
	@test -x .emulator/bin/python || $(PYTHON) -m venv .emulator
	@.emulator/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/emulator.txt
	@$(NEEDS_NPM)
	@cp requirements/emulator/package*.json .emulator/
	@cd .emulator && $(NPM_CI)
	@touch $@

.cache/npm/.ready: tests/journeys/npm/package.json tests/journeys/npm/package-lock.json
	@echo "installing the npm clients of the journeys (some seconds, once)"
	@$(NEEDS_NPM)
	@mkdir -p .cache/npm && cp tests/journeys/npm/package*.json .cache/npm/
	@cd .cache/npm && $(NPM_CI)
	@touch $@

# Without them only the tests of the assets for AWS are skipped, so a registry that has no arm64 wheels stops nobody.
.cache/wheels.ready: requirements/lambda.txt requirements/authorizer.txt infra/dependencies.py infra/target.py | .venv/.ready
	@echo "fetching the Lambdas' dependencies for AWS (some seconds, once)"
	@mkdir -p .cache
	@$(BIN)/python -m infra.dependencies && touch $@ || echo "they could not be fetched: the tests of the assets for AWS are skipped" >&2

demo: setup ## the whole life of an allocation, on real input
	@$(BIN)/atmosphere local demo

test: setup ## the tests (ten minutes on 2 cores)
	@echo "running the tests: the results of each half come when it is over"
	@$(MAKE) --no-print-directory -j 2 $(IN_TURN) tests-here tests-on-emulator MARKS="and not slow"

test-all: setup ## also what takes longer
	@$(MAKE) --no-print-directory -j 2 $(IN_TURN) tests-here tests-on-emulator

# Side by side, because the tests on the embedded AWS spend half of their time waiting; the others give way to them.
tests-here:
	@nice -n 5 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not live and not emulator $(MARKS)" -q

tests-on-emulator:
	@$(BIN)/python -m pytest -n 3 --dist loadfile -m "emulator $(MARKS)" -q

machine: setup ## the state machine, more than 100 000 steps of it
	@ATMOSPHERE_HYPOTHESIS=deep nice -n 5 $(BIN)/python -m pytest tests/machine/test_machine.py tests/parsers -n 2 --timeout=7200 -q

cuts: setup ## functions and cleanups die at each of their calls
	@nice -n 5 $(BIN)/python -m pytest tests/machine/test_crash_matrix.py tests/machine/test_every_cut.py tests/cleanup/test_cuts.py -n 2 -q

conditions: setup ## each condition of a write is taken out: a named test fails
	@nice -n 5 $(BIN)/python -m pytest tests/machine/test_conditions.py -n 2 -q

lint: setup ## style, types, import layers, configuration, stacks, workflows and the action
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/atmosphere config check config
	@$(BIN)/python .github/scripts/lint_workflows.py
	@$(BIN)/python -m infra.nag
	@for script in action/*.js; do node --check $$script || exit 1; done

format: setup ## rewrite to the house style
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

bench: setup ## measure, and write bench/README.md; AGAINST=REVISION compares with another revision instead
	@$(BIN)/python -m $(if $(AGAINST),bench.against $(AGAINST),bench)

race: setup ## 64 threads, 20 000 requests, and workers killed at random: the promises, judged from the tables
	@$(BIN)/python -m bench.race race

faults: setup ## allocations while 1, 10 and 30 % of all AWS calls fail, judged likewise
	@$(BIN)/python -m bench.race faults

live: setup ## the tests that need an AWS account, within a budget: docs/live.md says what to set
	@$(BIN)/python -m tests.live

fuzz: setup ## requests made from docs/api/openapi.yaml, as each caller; SEED and SECONDS change what is tried
	@ATMOSPHERE_FUZZ_SEED=$(or $(SEED),16) ATMOSPHERE_FUZZ_SECONDS=$(or $(SECONDS),90) $(BIN)/python -m pytest tests/fuzz -p no:randomly -q

wheel: .venv/.ready ## build both wheels and their bills of materials in dist/
	@$(BIN)/python -m distribution dist

docs: .venv/.ready ## build the documents as a site in build/site; a dead link fails it
	@$(BIN)/python -W ignore -m mkdocs build

lock: .venv/.ready ## compile requirements/ from pyproject.toml
	@$(BIN)/python requirements/lock.py

clean: ## remove everything that set-up made
	@rm -rf .venv .emulator .cache build dist cdk.out
