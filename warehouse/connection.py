"""A target becomes a connection: to a DuckDB file or to PostGIS, with the same verbs.

Both take `$1`-style parameters and give Arrow tables, so what is above needs no branch.
"""

import atexit
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from warehouse.errors import EngineError, WarehouseError
from warehouse.outages import connected
from warehouse.postgis_server import no_postgis, server
from warehouse.settings import ROOT, Target, duckdb_path, transformer

# The first in which a column of geometry keeps its spatial reference.
_NEW_FILE: dict[str, Any] = {"storage_compatibility_version": "v1.5.0"}
# A few megabytes of a wide table: a stream holds several batches at a time.
_ROWS_A_BATCH, _BYTES_A_BATCH = 8_192, "4000000"

Parameters = Sequence[str | int | float | bool | None]


class Connection(Protocol):
    """A session on the warehouse. What was executed is committed when its block is left."""

    target: Target

    def execute(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        """Run one statement, which may also read the given Arrow tables by name."""

    def fetch(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """The rows of a query, which may also read the given Arrow tables by name."""

    def stream(self, sql: str) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of a query, of which only a few are in memory at a time."""


@contextmanager
def connect(target: Target, *, read_only: bool = False) -> Iterator[Connection]:
    """Open the warehouse, commit when the block ends, roll back when it fails.

    Args:
        target: which engine.
        read_only: all of the block sees the warehouse as it was at its beginning, and whatever
            it might have changed all the same is rolled back.

    Raises:
        WarehouseError: the file is in use or the server refuses, in one line with the cause.
        EngineError: what the engine met within the block, such as a full disk.
    """
    opened = _connect_duckdb(read_only) if target == "duckdb" else _connect_postgis(read_only)
    try:
        with opened as connection:
            yield connection
    except _errors_of(target) as error:
        raise EngineError(f"{target}: {error}") from error
    except RuntimeError as error:
        # What DuckDB makes of the interrupt that ended its work, of whichever kind.
        interrupt = error.__cause__
        if interrupt is None or isinstance(interrupt, Exception):
            raise
        raise interrupt from None


def _errors_of(target: Target) -> type[Exception]:
    """What the engine's driver raises."""
    if target == "duckdb":
        import duckdb

        return duckdb.Error
    import adbc_driver_manager

    of_postgis: type[Exception] = adbc_driver_manager.Error
    return of_postgis


def has_table(connection: Connection, schema: str, name: str) -> bool:
    """Whether the warehouse has a table or view of this name."""
    found = connection.fetch(
        "select 1 from information_schema.tables where table_schema = $1 and table_name = $2",
        (schema, name),
    )
    return bool(found.num_rows)


def create_tables(connection: Connection, schema: str, statements: Iterable[str]) -> None:
    """Create what a schema is to hold, and the schema itself only where there is none.

    PostgreSQL asks for the right to create schemas even of who says `if not exists`, and a role
    that may only fill the schema has it not.

    Args:
        connection: the session.
        schema: its name.
        statements: create its tables and indexes, where they are not there.
    """
    found = connection.fetch("select 1 from pg_catalog.pg_namespace where nspname = $1", (schema,))
    if not found.num_rows:
        connection.execute(f"create schema if not exists {schema}")
    for statement in statements:
        connection.execute(statement)


class _DuckDB:
    target: Target = "duckdb"

    def __init__(self, session: Any) -> None:
        self._session = session

    def execute(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        for name, table in (tables or {}).items():
            self._session.register(name, table)
        self._session.execute(sql, list(parameters))
        for name in tables or {}:
            self._session.unregister(name)

    def fetch(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        for name, table in (tables or {}).items():
            self._session.register(name, table)
        rows = self._session.execute(sql, list(parameters)).to_arrow_table()
        for name in tables or {}:
            self._session.unregister(name)
        return rows

    @contextmanager
    def stream(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        yield self._session.execute(sql).to_arrow_reader(_ROWS_A_BATCH)


@contextmanager
def _connect_duckdb(read_only: bool) -> Iterator[Connection]:
    with _ended_at_once(open_duckdb(read_only=read_only)) as session:
        session.execute("begin")
        yield _DuckDB(session)
        session.execute("rollback" if read_only else "commit")


@contextmanager
def duckdb_in_memory() -> Iterator[Connection]:
    """A session of DuckDB on no file, for its work on other files."""
    import duckdb

    with _ended_at_once(duckdb.connect()) as session:
        yield _DuckDB(session)


@contextmanager
def _ended_at_once(session: Any) -> Iterator[Any]:
    """Close a session of DuckDB after a block, also when a Ctrl-C fell into its work.

    Told nothing more it may then go on to that work's end, for hours on a busy machine.
    """
    with closing(session):
        try:
            yield session
        except BaseException:
            session.interrupt()
            raise


def open_duckdb(*, read_only: bool = False) -> Any:
    """A session on the DuckDB file, outside of any transaction; it keeps other processes out.

    Raises:
        WarehouseError: the file is not there to be read, is in use, or is none of DuckDB's.
    """
    import duckdb

    path = duckdb_path()
    if read_only and not path.exists():
        raise WarehouseError(f"no warehouse at {path}: run 'warehouse sync' first")
    try:
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            duckdb.connect(path, config=_NEW_FILE).close()
        return duckdb.connect(path, read_only=read_only)
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(
            f"cannot open the DuckDB file {path}: {_duckdb_cause(error)}"
        ) from error


def _duckdb_cause(error: Exception) -> str:
    if "Conflicting lock" in str(error):
        holder = str(error).partition("Conflicting lock is held in ")[2].partition(". ")[0]
        return f"another process uses it ({holder}); wait for it or end it"
    return str(error)


class _PostGIS:
    target: Target = "postgis"

    def __init__(self, session: Any) -> None:
        self._session = session

    def execute(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        with self._session.cursor() as cursor:
            for name, table in (tables or {}).items():
                cursor.adbc_ingest(name, table, mode="create", temporary=True)
            cursor.execute(sql, tuple(parameters) or None)
            for name in tables or {}:
                cursor.execute(f"drop table {name}")

    def fetch(
        self,
        sql: str,
        parameters: Parameters = (),
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        with self._session.cursor() as cursor:
            for name, table in (tables or {}).items():
                cursor.adbc_ingest(name, table, mode="create", temporary=True)
                cursor.execute(f"analyze {name}")
            cursor.execute(sql, tuple(parameters) or None)
            rows = cursor.fetch_arrow_table()
            for name in tables or {}:
                cursor.execute(f"drop table {name}")
        return rows

    @contextmanager
    def stream(self, sql: str) -> Iterator[pa.RecordBatchReader]:
        option = {"adbc.postgresql.batch_size_hint_bytes": _BYTES_A_BATCH}
        with self._session.cursor(adbc_stmt_kwargs=option) as cursor:
            cursor.execute(sql)
            with cursor.fetch_record_batch() as rows:
                yield rows


@cache
def _acquainted() -> Any:
    """A closed session, of which a new one need not read the server's types: seven times as fast.

    The types that matter are PostgreSQL's own, of the same numbers in every database.
    """
    from adbc_driver_postgresql import dbapi

    # libpq reads PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE, and ~/.pgpass, for each.
    session = dbapi.connect("postgresql://")
    session.adbc_connection.close()
    # While it can be: what it is made of may be gone when Python clears the modules.
    atexit.register(session.close)
    return session


@contextmanager
def _connect_postgis(read_only: bool) -> Iterator[Connection]:
    from adbc_driver_manager import Error

    def connect() -> Any:
        try:
            return _acquainted().adbc_clone()
        except Error as error:
            raise no_postgis(error) from error

    session = connected(connect)
    try:
        connection = _PostGIS(session)
        if read_only:
            connection.execute("set transaction isolation level repeatable read, read only")
        yield connection
        if read_only:
            # Large objects can be written even so, before PostgreSQL 16.
            session.rollback()
        else:
            session.commit()
    finally:
        session.close()


def ensure_ready(target: Target) -> None:
    """Make sure that the warehouse can be written to and has its spatial extension.

    Raises:
        WarehouseError: it cannot be opened, or PostGIS is not installed on the server.
    """
    with connect(target) as connection:
        if target == "duckdb":
            connection.execute(f"load '{spatial_extension()}'")
            return
        from adbc_driver_manager import Error

        try:
            connection.execute("create extension if not exists postgis")
        except Error as error:
            raise WarehouseError(
                f"the database has no PostGIS and it cannot be created: {error}; install Debian's"
                " postgresql-15-postgis-3 (or your server's), or let its owner create it"
            ) from error


def spatial_extension() -> Path:
    """DuckDB's spatial extension, from the installed package of DuckDB's very version.

    Raises:
        WarehouseError: the package is missing or holds another version.
    """
    import duckdb

    package = importlib.util.find_spec("duckdb_extension_spatial")
    folders = (package.submodule_search_locations if package else None) or ()
    for folder in folders:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
        if file.exists():
            return file
    raise WarehouseError(
        f"no spatial extension for DuckDB {duckdb.__version__}: install the package"
        f" duckdb-extension-spatial=={duckdb.__version__}"
    )


def warehouse_name(target: Target) -> str:
    """What tells this warehouse from all others: its file, or its server and database."""
    if target == "duckdb":
        return str(duckdb_path().resolve())
    there = server()
    return f"{there.host}:{there.port}/{there.database}"


def dlt_destination(target: Target) -> Any:
    """The dlt destination of a target."""
    import dlt

    if target == "duckdb":
        if not duckdb_path().exists():
            open_duckdb().close()  # of our storage version, not dlt's
        # One thread writes a step's rows as soon as two, with less memory and processor.
        return dlt.destinations.duckdb(
            {"database": str(duckdb_path()), "global_config": {"threads": 1}}
        )
    return dlt.destinations.postgres(_postgres_credentials())


def _postgres_credentials() -> Any:
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

    there = server()
    is_socket = there.host.startswith("/")
    credentials = PostgresCredentials(
        {
            "host": "localhost" if is_socket else there.host,
            "port": there.port,
            "username": there.user,
            "password": there.password,
            "database": there.database,
        }
    )
    if is_socket:
        credentials.query = {"host": there.host}
    return credentials


def dbt_environment(target: Target) -> dict[str, str]:
    """The environment in which dbt finds the same warehouse, wherever it is started."""
    common = {"DBT_TARGET": target, "DBT_PROFILES_DIR": str(ROOT)}
    if target == "duckdb":
        return common | {"WAREHOUSE_DUCKDB_PATH": str(duckdb_path().resolve())}
    there = server(transformer())
    return common | {
        "PGHOST": there.host,
        "PGPORT": str(there.port),
        "PGUSER": there.user,
        "PGPASSWORD": there.password,
        "PGDATABASE": there.database,
    }
