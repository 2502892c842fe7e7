"""Asks the marts what stands in a file, one query a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from adbc_driver_manager import Error as PostgresError

from serving.query import plainly
from warehouse.connection import Connection, connect, has_table, spatial_extension
from warehouse.errors import WarehouseError
from warehouse.settings import Target

SQL = Path(__file__).with_name("sql")

Row = dict[str, Any]
Ask = Callable[..., list[Row]]


@contextmanager
def asking(target: Target, folder: Path = SQL, *, is_spatial: bool = False) -> Iterator[Ask]:
    """A session that reads; gives what asks a file's query, by its name and parameters.

    All of the block's answers are of the same moment.

    Args:
        target: the warehouse.
        folder: where the files are; such as are not there are those of `sql`, which several ask.
        is_spatial: some of them work with geometry, for which DuckDB has to load its extension.

    Raises:
        WarehouseError: there is no warehouse or it has no marts yet, it is in use, or the engine
            refuses a query.
    """
    with connect(target, read_only=True) as connection:
        if not _has_marts(connection):
            raise WarehouseError(f"{target} has no marts yet: run 'warehouse sync' first")
        if is_spatial and target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")

        def ask(name: str, *parameters: str | int | float | None) -> list[Row]:
            own, shared = folder / f"{name}.sql", SQL / f"{name}.sql"
            sql = (own if own.exists() else shared).read_text(encoding="utf-8")
            try:
                rows: list[Row] = connection.fetch(sql, parameters).to_pylist()
            except (duckdb.Error, PostgresError) as error:
                raise WarehouseError(
                    f"{name}.sql: {plainly(str(error))}; are the marts of this version? run"
                    " 'warehouse build'"
                ) from error
            return rows

        yield ask


def has_marts(target: Target) -> bool:
    """Whether there is something to ask.

    Raises:
        WarehouseError: there is no warehouse, or it is in use.
    """
    with connect(target, read_only=True) as connection:
        return _has_marts(connection)


def _has_marts(connection: Connection) -> bool:
    return has_table(connection, "marts", "dashboard_metrics")
