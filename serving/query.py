"""A look at the warehouse that changes nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from warehouse.connection import Connection, connect, spatial_extension
from warehouse.errors import EngineError, WarehouseError, WrongCall
from warehouse.settings import Target

# A superuser could have the server write files and run programs, even where a transaction is
# read-only. It is a query too, after which no transaction can be made one that writes.
_AS_ONE_WHO_READS = """
    select set_config('role', 'pg_read_all_data', true)
    from pg_roles
    where rolname = current_user and rolsuper
        and exists (select from pg_roles where rolname = 'pg_read_all_data')
"""
# After blanks, comments and brackets. PostgreSQL itself refuses a second statement.
_FIRST_WORD = re.compile(r"(?:[\s(;]|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", re.DOTALL)
_READING_WORDS = {"select", "with", "values", "table"}
_OF_A_CLIENT = {"explain", "show"}

_ONE_AT_A_TIME = "one query at a time: there are several here, with a semicolon between them"
_WOULD_WRITE = ("read-only", "read-write", "file system operations are disabled")


@dataclass(frozen=True)
class Answer:
    """What a query gave: the names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple[object, ...]]


def query(target: Target, sql: str) -> Answer:
    """Run a query that reads.

    Raises:
        WrongCall: the query is empty, or there are several.
        WarehouseError: there is no warehouse, the query would write, or the engine refuses it.
    """
    if not sql.strip(" \t\r\n;"):
        raise WrongCall("the query is empty: expected one like 'select * from marts.crashes_daily'")
    with _reading(target) as connection:
        _refuse_if_no_query(target, sql)
        table = connection.fetch(sql)
    # By position: a query may give two columns one name.
    columns = [_values(*column) for column in zip(table.column_names, table.columns, strict=True)]
    return Answer(table.column_names, list(zip(*columns, strict=True)))


def _values(name: str, column: pa.ChunkedArray) -> list[object]:
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError, pa.ArrowException) as error:
        raise WarehouseError(
            f"column {name} has a value that cannot be shown ({error}): cast it to text"
        ) from error
    return values


def _refuse_if_no_query(target: Target, sql: str) -> None:
    """Refuse what is no query, such as COPY, which no read-only session keeps from writing.

    Raises:
        WarehouseError: it is another kind of statement.
        WrongCall: there are several, or it is one that only a client of PostgreSQL can show.
    """
    if target == "duckdb":
        statements = duckdb.extract_statements(sql)
        kinds = [statement.type.name for statement in statements] or [""]
        # To create is refused by the session itself, and a pivot begins with it.
        other = [kind for kind in kinds if kind not in ("SELECT", "EXPLAIN", "CREATE")]
        if not other and len([kind for kind in kinds if kind != "CREATE"]) > 1:
            raise WrongCall(_ONE_AT_A_TIME)
    else:
        found = _FIRST_WORD.match(sql)
        word = found[1].lower() if found else ""
        if word in _OF_A_CLIENT:
            raise WrongCall(
                f"on PostGIS a query begins with select, with, values or table: for"
                f" {word.upper()} take psql"
            )
        other = [] if word in _READING_WORDS else [word.upper()]
    if other:
        raise WarehouseError(f"a query may only read: {other[0] or 'this'} is none that does")


def mart_counts(target: Target) -> list[tuple[str, int]]:
    """The marts and how many rows each has.

    Raises:
        WarehouseError: there is no warehouse.
    """
    with _reading(target) as connection:
        marts = connection.fetch(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts' order by table_name"
        )["table_name"].to_pylist()
        return [
            (
                f"marts.{name}",
                connection.fetch(f'select count(*) as n from marts."{name}"')["n"][0].as_py(),
            )
            for name in marts
        ]


@contextmanager
def _reading(target: Target) -> Iterator[Connection]:
    """A session that can read only, with the engines' errors in one line."""
    try:
        with connect(target, read_only=True) as connection:
            if target == "duckdb":
                connection.execute(f"load '{spatial_extension()}'")
                # A query reads the warehouse: no other file, and it writes none.
                connection.execute("set enable_external_access = false")
                connection.execute("set lock_configuration = true")
            else:
                connection.execute(_AS_ONE_WHO_READS)
            yield connection
    except EngineError as error:
        text = str(error.__cause__)
        if any(sign in text for sign in _WOULD_WRITE):
            raise WarehouseError(f"a query may only read: {plainly(text)}") from error
        if "multiple commands" in text:
            raise WrongCall(_ONE_AT_A_TIME) from error
        raise WarehouseError(plainly(text)) from error


def plainly(text: str) -> str:
    """The server's message, without what the driver and libpq put around it."""
    said = re.search(r"ERROR:\s+(.+?)\s*(?:CONTEXT:|SQLSTATE:|Query was:|$)", text, re.DOTALL)
    return said[1].strip() if said else text
