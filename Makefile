# make run: the sample portal's data in a DuckDB warehouse; make test: everything that CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := run
.PHONY: install run test lint lock

install: $(INSTALLED)

# The lock with its hashes first; after that the package itself needs no index.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11: name a newer one, as in 'make PYTHON=python3.12'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

run: install
	$(BIN)/warehouse sync --sample

test: lint
	tests/with-postgis $(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	WAREHOUSE_DUCKDB_PATH=:memory: $(BIN)/sqlfluff lint dbt_project/models

# After a change of pyproject.toml. Extras stay in it, because pip asks for their hashes too.
lock: install
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev \
		--generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url \
		--output-file requirements.lock pyproject.toml
