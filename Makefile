.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
DATASET ?= digits
MODEL   ?= resnet18
RECIPE  ?= official
# `digits` is small and easy; the other sets take the recipe's own number of epochs.
EPOCHS  ?= $(if $(filter digits,$(DATASET)),8)

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)

##@ Use
.PHONY: train
train: setup ## Train DATASET (digits) with MODEL, RECIPE, EPOCHS; ARGS="..." adds any flag of `medfast train`
	@$(BIN)/medfast train --dataset $(DATASET) --model $(MODEL) --recipe $(RECIPE) \
		$(if $(EPOCHS),--epochs $(EPOCHS)) $(ARGS)

.PHONY: bench
bench: setup ## Time medfast against its peers, print the ratios, write benches/record/ (ONLY=metrics for one suite)
	@$(BIN)/python benches/record.py $(ONLY)

##@ Develop
.PHONY: setup
setup: $(VENV)/.installed $(VENV)/.built ## Make .venv with every dependency and build the extension into it

.PHONY: test
test: setup ## Run the Rust and Python tests (ARGS="-k name" goes to pytest)
	@if cargo nextest --version >/dev/null 2>&1; \
		then cargo nextest run --workspace --all-features --no-tests=pass; else cargo test --workspace --all-features --lib --tests; fi
	@cargo test --quiet --workspace --all-features --doc
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 $(ARGS)

.PHONY: lint
lint: setup ## Check format, lints, types, the native stub, import directions and the Rust docs; silent when clean
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/python -m mypy.stubtest medfast._native --concise
	@$(BIN)/lint-imports >$(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }
	@cargo fmt --all --check
	@cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --all-features --no-deps

.PHONY: fuzz
fuzz: ## Read RUNS (1,000,000) mutated archives from SEED (0): no panic, no memory beyond the limits, one answer
	@cargo run --quiet -p medfast-fuzz -- $(or $(RUNS),1000000) $(or $(SEED),0) $(FILES)

.PHONY: format
format: setup ## Format and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet
	@cargo fmt --all

.PHONY: docs
docs: ## Build the Rust documentation into target/doc
	@cargo doc --workspace --all-features --no-deps

.PHONY: clean
clean: ## Remove everything that was built, .venv included (runs/ stays)
	rm -rf target $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks dist
	find python tests benches -name __pycache__ -prune -exec rm -rf {} +
	rm -f python/medfast/_native*.so python/medfast/_native*.pyd

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "medfast needs Python >= 3.10; $(PYTHON) is older: make PYTHON=python3.12 ..."; exit 1; }
	@command -v cargo >/dev/null \
		|| { echo "medfast needs Rust (cargo was not found): install it from https://rustup.rs"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing medfast and its dependencies into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train,dev]'
	@touch $@ $(VENV)/.built

$(VENV)/.built: $(RUST_SOURCES) | $(VENV)/.installed
	@touch $(VENV)/.building
	@$(BIN)/maturin develop --release >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@mv $(VENV)/.building $@  # as old as the sources that were built: later changes count
