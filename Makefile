# make run: the sample portal's data in a DuckDB warehouse; make test: everything that CI runs;
# make up: PostGIS, a Prefect server and a worker as services, which make down ends;
# make soak: the tests of faults, kills and random histories at length; make bench: how long it takes.
PYTHON ?= python3
# How long `make soak` is: runs killed and histories drawn on each engine; the seed of both.
SOAK_KILLS ?= 20
SOAK_EXAMPLES ?= 100
SOAK_SEED := $(or $(SOAK_SEED),$(shell date +%s))
# How large `make bench` is, 1 being the City's size, and how often it measures each thing.
SCALE ?= 1
ROUNDS ?= 3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := run
.PHONY: install run test up down soak bench docs-pages lint lock

install: $(INSTALLED)

# The lock with its hashes first: it names every package, so pip is not to resolve, but to check in
# the end. Then the package itself, with no index.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11: name a newer one, as in 'make PYTHON=python3.12'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@

run: install
	$(BIN)/warehouse sync --sample

# Four at a time on two cores: many wait for a process to start. SQL is linted by one of them.
test: lint
	tests/with-chromium tests/with-postgis $(BIN)/python -m pytest -n 4 --dist worksteal

# PostGIS, a Prefect server and a worker on this machine, with the deployments registered.
up: install
	@[ -n "$$PGHOST" ] || services/have-postgis
	@$(BIN)/python -m services up

down: install
	@$(BIN)/python -m services down

soak: install
	@echo "seed $(SOAK_SEED): 'make soak SOAK_SEED=$(SOAK_SEED)' does the same again"
	SOAK_KILLS=$(SOAK_KILLS) SOAK_EXAMPLES=$(SOAK_EXAMPLES) SOAK_SEED=$(SOAK_SEED) \
		tests/with-postgis $(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-seed=$(SOAK_SEED) \
		tests/test_faults.py tests/test_kills.py tests/test_histories.py

# At the City's size, or a part of it, into docs/benchmarks.md: all of it in some two hours, or PARTS
# (loads, duckdb, postgis), the other tables staying. How long places, functions, queries and exports
# take: 'tests/with-postgis .venv/bin/python -m bench.space', '….queries', '….exports'.
bench: install
	PATH="$(abspath $(BIN)):$$PATH" tests/with-postgis $(BIN)/python -m bench $(PARTS) --scale $(SCALE) --rounds $(ROUNDS)

# docs/marts.md, from the built warehouse of this machine, and docs/benchmarks.md, from the figures
# beside it; tests hold them to be current.
docs-pages: install
	$(BIN)/python -m flows.marts_page
	$(BIN)/python -m bench.page

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# After a change of pyproject.toml.
lock: install
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev \
		--generate-hashes --strip-extras --no-annotate --no-header --no-emit-index-url \
		--output-file requirements.lock pyproject.toml
