# The habits, one word each. `make run` and `make test` need only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than processors: some tests wait for a browser or for a process of their own.
WORKERS ?= $(shell echo $$(($$(nproc) + 1)))
PYTEST = $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help scale run test simulate lint bench tamper faults browser soak lock fuzz audit clean

help:
	@echo "run      make the environment and show the demonstration report"
	@echo "test     the whole test suite"
	@echo "lint     ruff, strict types, import contracts"
	@echo "scale    reports of large trials: size, time, first chart"
	@echo "bench    ratios and costs, printed"
	@echo "simulate every goal of the methods, measured, into docs/simulations.md"
	@echo "tamper   1,000 single bytes changed in store, audit and reports: all found"
	@echo "faults   looks killed 200 times, disks full: nothing lost"
	@echo "browser  only the tests that drive a real Chromium"
	@echo "fuzz     10,000 mutated inputs, counted"
	@echo "audit    asks a vulnerability database about every locked package (needs network)"
	@echo "soak     ten minutes of the real service, with kills; prints what was lost"
	@echo "lock     resolve the dependencies anew (needs uv)"

# Both environments are the same folder: the dev lock holds every line of the other, unless a line
# has come since.
$(VENV)/run.stamp: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test $(VENV)/dev.stamp -nt requirements.lock || $(BIN)/python -m pip install --quiet --compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q safetymon
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --compile --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q safetymon
	@touch $@

run: $(VENV)/run.stamp
	@$(BIN)/safetymon demo

test: $(VENV)/dev.stamp
	$(PYTEST) --cov --cov-report=term:skip-covered

simulate: $(VENV)/dev.stamp
	$(BIN)/python -m tests.simulation --out docs/simulations.md

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

scale: $(VENV)/dev.stamp
	$(BIN)/python -m tests.scale

bench: $(VENV)/dev.stamp
	$(BIN)/python -m tests.bench

fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m tests.fuzz --cases 10000 --seed 1

tamper: $(VENV)/dev.stamp
	$(BIN)/python -m tests.tamper

faults: $(VENV)/dev.stamp
	$(BIN)/python -m tests.faults

browser: $(VENV)/dev.stamp
	SAFETYMON_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -m browser

audit: $(VENV)/dev.stamp
	$(BIN)/python -m tests.vulnerabilities

soak: $(VENV)/dev.stamp
	$(BIN)/python -m tests.soak --minutes 10

lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --no-header --group build -o requirements.lock
	uv pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --no-header --all-extras --group build --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) reports/PRODERM-DEMO
