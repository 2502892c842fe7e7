"""What dbt needs around it to run in this process, and what it would leave behind."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from flows.garbage import seldom_collected
from warehouse.connection import dbt_environment
from warehouse.settings import Target


def target_path(target: Target) -> Path:
    """Where dbt keeps what it parsed: by target, else to switch would parse everything anew."""
    return Path(os.environ.get("DBT_TARGET_PATH", "target"), target)


@contextlib.contextmanager
def dbt_session(target: Target, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """A block in which dbt finds the warehouse, and after which it holds nothing of it.

    Args:
        target: the warehouse.
        settings: environment variables of dbt's besides.

    Raises:
        WarehouseError: the server refuses.
    """
    with _environment(dbt_environment(target) | dict(settings or {})), seldom_collected():
        try:
            yield
        finally:
            _close_connections(target)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for a block, and what they were before for what follows."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _close_connections(target: Target) -> None:
    """Close DuckDB's file, which dbt would keep open for its next command in this process."""
    if target == "duckdb":
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
