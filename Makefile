# prorata: `make` lists what there is to make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps

# One process of tests for each core.
WORKERS := -n auto --dist worksteal

# What exercises the Python package: the rest is about contracts.
PACKAGE := tests/prorata tests/examples tests/toolchain
PEERS := tests/bench/peers/package.json tests/bench/peers/package-lock.json
# Other people's contracts, which tests play beside and the benchmark measures: never shipped.
INSTALLED := .cache/bench/installed

# The environment's tools come first; its Node.js is there only where the machine has none of use.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Where ape finds the compiler; an activated shell has the same.
export SOLCX_BINARY_PATH := $(CURDIR)/$(VENV)/solcx
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NPM_CONFIG_UPDATE_NOTIFIER := false

.PHONY: help setup demo test check lint format artifacts wheel reverse fuzz contract mutate faults prove cluster gas calls schedules coverage bench load hardhat browser chain lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ------------------------------------------------------------------------------------------ set-up

setup: $(STAMPS)/toolchain  ## Install everything from the lock files (again only when they change)

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null || { \
		echo "a checkout of prorata runs ape, which needs Python 3.10, 3.11 or 3.12, and $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing); name another, as in: make setup PYTHON=python3.11" >&2; \
		exit 1; }
	@echo "· Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements.lock $(STAMPS)/venv
	@echo "· Python packages from requirements.lock (about a minute)"
	@$(BIN)/python -m pip install --quiet --no-input --no-deps --require-hashes -r requirements.lock
	@touch $@

# A line in the environment that names this folder: nothing is copied, and nothing fetched.
$(STAMPS)/package: pyproject.toml prorata/version.py $(STAMPS)/python
	@$(BIN)/python -m pip install --quiet --no-input --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/node: package.json package-lock.json $(STAMPS)/venv
	@{ node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version; } >/dev/null 2>&1 || { \
		echo "· Node.js into $(VENV), since the machine has none, or one older than 20"; \
		$(BIN)/python -m pip install --quiet --no-input --require-hashes -r .ci/node.lock; }
	@echo "· Anvil, the Solidity compiler and libraries from package-lock.json"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/toolchain: prorata/toolchain/setup.py prorata/toolchain/paths.py prorata/toolchain/solc_shim.js $(STAMPS)/package $(STAMPS)/node
	@$(BIN)/python -m prorata.toolchain.setup
	@touch $@

# --------------------------------------------------------------------------------------- every day

demo: setup  ## Play a building that pays rent, on a local chain; CLASS=gold plays another class
	@$(BIN)/ape run demo $(CLASS)

# `ape test` has no use for more than one core: beside it the code is checked, and contracts are compiled for the tests.
test: setup $(INSTALLED)  ## Run every check: this is what CI runs
	@{ $(MAKE) lint && $(BIN)/python -m tests.compiled; } & beside=$$!; \
		$(BIN)/ape test tests/ape || { wait $$beside; exit 1; }; \
		wait $$beside
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(PACKAGE) $(WORKERS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report
	@$(BIN)/pytest tests $(WORKERS) $(PACKAGE:%=--ignore=%)

reverse: setup $(INSTALLED)  ## Run the tests from the last to the first: none may need another (ten minutes)
	@$(BIN)/pytest tests $(WORKERS) -p tests.backwards

fuzz: setup  ## Walk and ask for hours (FUZZ_STEPS, FUZZ_CALLS, FUZZ_SEED, FUZZ_WORKERS)
	@$(BIN)/python -m tests.assurance.fuzz.run

contract: setup  ## Ask the service what its OpenAPI document allows, and what not (CONTRACT_CASES, CONTRACT_SEED)
	@$(BIN)/python -m tests.prorata.service.contract --cases $${CONTRACT_CASES:-5000} --seed $${CONTRACT_SEED:-1}

calls: setup  ## Clear a million calls, play whole ones and every small one (CALLS_PRICES, CALLS_WHOLE, CALLS_SEED)
	@$(BIN)/python -m tests.assurance.fuzz.run_calls

schedules: setup  ## Compare a million day counts and 400,000 schedules with QuantLib (SCHEDULES_PAIRS, SCHEDULES_DATES)
	@$(BIN)/python -m tests.assurance.schedules.run

mutate: setup $(INSTALLED)  ## Change the code in thousands of small ways and see who notices (MUTATE; hours)
	@$(BIN)/python -m tests.assurance.mutation.run --resume $(MUTATE)

faults: setup  ## Play 1,400 random faults and kills (FAULT_KILLS; a quarter of an hour)
	@$(BIN)/python -m tests.assurance.faults.run

hardhat: setup  ## Play the commands against a Hardhat node too (installs 290 MB)
	@npm install --silent --no-save --no-audit --no-fund --prefix .cache/hardhat hardhat@2.26.5
	@PRORATA_HARDHAT=$(CURDIR)/.cache/hardhat/node_modules/.bin/hardhat $(BIN)/pytest tests/prorata/cli -m hardhat

browser: setup $(INSTALLED)  ## Use the pages in a real browser, and compare them with pinned pictures
	@$(BIN)/pytest tests/prorata/reports tests/prorata/service -m "browser or pictures"

check: setup $(INSTALLED) lint  ## The quick loop: lint, types, fast tests
	@HYPOTHESIS_PROFILE=brief $(BIN)/pytest tests -q $(WORKERS) -m "not slow and not hardhat and not pictures"

lint: setup  ## Check format, style and types of Python and Solidity
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@node_modules/.bin/prettier --log-level warn --check '{contracts,tests}/**/*.sol' & format=$$!; \
		node_modules/.bin/solhint --max-warnings 0 'contracts/**/*.sol' && \
		node_modules/.bin/solhint --max-warnings 0 --config .ci/solhint.interfaces.json 'contracts/**/I[A-Z]*.sol' \
			|| { wait $$format; exit 1; }; \
		wait $$format

format: setup  ## Format Python and Solidity
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@node_modules/.bin/prettier --log-level warn --write '{contracts,tests}/**/*.sol'

artifacts: setup  ## Compile the contracts and pack what the package carries of them
	@$(BIN)/python -m prorata.toolchain.package

wheel: setup  ## Build the wheel into dist/
	@$(BIN)/python -m hatchling build --target wheel

gas: setup  ## Measure gas anew and rewrite the committed figures
	@PRORATA_GAS=update $(BIN)/pytest tests/gas

coverage: setup $(INSTALLED)  ## Measure which lines and branches of the contracts are tested, and write it down
	@$(BIN)/python -m tests.assurance.coverage.run --write

bench: setup $(INSTALLED)  ## Measure gas and scale beside the peers, and rewrite docs/costs.md (minutes)
	@$(BIN)/python -m tests.bench.run
	@$(BIN)/python -m tests.bench.published

load: setup  ## Load the service with wrk, beside plain FastAPI, and with a mix (LOAD_ROUNDS, LOAD_MIX; minutes)
	@$(BIN)/python -m tests.bench.service --rounds $${LOAD_ROUNDS:-7} && $(BIN)/python -m tests.bench.service --mix $${LOAD_MIX:-60}

$(INSTALLED): $(PEERS) $(STAMPS)/node
	@echo "· Other people's contracts to test and measure against, which are never shipped (175 MB)"
	@mkdir -p $(@D) && cp $(PEERS) $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

prove: setup  ## Prove the formal facts: z3, the compiler's model checker, halmos (minutes)
	@test -x .cache/halmos/bin/halmos || { $(BIN)/python -m venv .cache/halmos && \
		.cache/halmos/bin/python -m pip install --quiet --no-input --no-deps --require-hashes -r .ci/halmos.lock; }
	@$(BIN)/python -m tests.assurance.proofs.prove

# An environment of its own, since ape holds other versions; Spark needs a Java 17 or 21 of the machine.
cluster: .cache/cluster/made  ## Ask every published query of DuckDB, ClickHouse's engine and a Spark cluster, and kill a worker (minutes)
	@.cache/cluster/bin/python -m tests.assurance.cluster.run

.cache/cluster/made: .ci/cluster.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "DuckDB and Ibis need Python 3.11 or later; name one, as in: make cluster PYTHON=python3.11" >&2; exit 1; }
	@echo "· Spark, ClickHouse's engine and DuckDB from .ci/cluster.lock (1.9 GB, some minutes)"
	@$(PYTHON) -m venv .cache/cluster
	@.cache/cluster/bin/python -m pip install --quiet --no-input --no-deps --require-hashes -r .ci/cluster.lock
	@touch $@

chain: setup  ## Start a local chain at 127.0.0.1:8545, chain id 31337
	@$(BIN)/anvil --chain-id 31337

lock: setup  ## Resolve both lock files of Python packages anew from pyproject.toml
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet uv
	@$(VENV)/lock/bin/uv pip compile pyproject.toml --extra ape --extra dev --extra store --extra analysis --extra alerts --extra service --extra telemetry --universal \
		--python-version 3.10 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--quiet --output-file requirements.lock
	@echo chdb==4.4.0 | $(VENV)/lock/bin/uv pip compile pyproject.toml - --extra store --extra analysis --extra cluster \
		--python-platform linux --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--quiet --output-file .ci/cluster.lock

clean:  ## Remove everything that was built or installed
	@rm -rf $(VENV) node_modules .build contracts/.cache dist out .hypothesis .cache .pytest_cache .mypy_cache .ruff_cache
