"""When the portal was asked lately, by whichever process: kept with the warehouse, for a throttle.

Beside the DuckDB file it is a SQLite file, because DuckDB lets only one process in; on PostGIS
it is a table, because processes may be on other machines, and the server's clock counts.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from warehouse.connection import connect, has_table
from warehouse.errors import WarehouseError
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target, duckdb_path

# As in lock.py, another number.
_ADVISORY_KEY = 27275
# How long one process may keep the SQLite file from another; a booking takes a millisecond.
_LONGEST_LOCK_S = 60
_HOUR_S = 3_600


class RequestLedger(Protocol):
    """Books requests; to be used from any thread."""

    def book(self, largest: int, period_s: float) -> float:
        """Book a request now, if fewer than the largest number were booked in the last period.

        Returns:
            0 if it is booked, else the seconds until the next can be.

        Raises:
            WarehouseError: the ledger cannot be written to.
        """

    def close(self) -> None:
        """Let go of the file or the server."""


def request_ledger(target: Target) -> RequestLedger:
    """The ledger of a warehouse; it is made where there is none yet.

    Raises:
        WarehouseError: its folder or its server refuses.
    """
    if target == "duckdb":
        return _SqliteLedger(Path(f"{duckdb_path()}.requests"))
    return _PostgisLedger()


def requests_in_last_hour(target: Target) -> int:
    """How many requests were booked in the last hour; reads only, and waits for nobody.

    Raises:
        WarehouseError: the server refuses, or the file cannot be read.
    """
    if target == "duckdb":
        return _read_sqlite(Path(f"{duckdb_path()}.requests").resolve())
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "portal_requests"):
            return 0
        counted = connection.fetch(
            "select count(*) as n from ops.portal_requests"
            f" where booked_at > extract(epoch from clock_timestamp()) - {_HOUR_S}"
        )
    return int(counted["n"][0].as_py())


def _read_sqlite(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as session:
            if not session.execute(
                "select 1 from sqlite_master where name = 'requests'"
            ).fetchone():
                return 0
            since = time.time() - _HOUR_S
            counted = session.execute(
                "select count(*) from requests where booked_at > ?", (since,)
            ).fetchone()
    except sqlite3.Error as error:
        raise WarehouseError(f"cannot read the portal's requests in {path}: {error}") from error
    return int(counted[0])


class _SqliteLedger:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._session = sqlite3.connect(
                path, timeout=_LONGEST_LOCK_S, isolation_level=None, check_same_thread=False
            )
            # A machine that loses power forgets a few requests; nothing else hangs on them.
            self._session.execute("pragma synchronous = off")

    def book(self, largest: int, period_s: float) -> float:
        with self._one_at_a_time, self._errors(), closing(self._session.cursor()) as cursor:
            cursor.execute("begin immediate")
            try:
                cursor.execute("create table if not exists requests (booked_at real not null)")
                now = time.time()
                wait_s = _book(cursor, "requests", "?", now, largest, period_s)
            except BaseException:
                cursor.execute("rollback")
                raise
            cursor.execute("commit")
            return wait_s

    def close(self) -> None:
        self._session.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise WarehouseError(
                f"cannot count the portal's requests in {self._path}: {error};"
                " see that it can be written to, or delete it"
            ) from error


class _PostgisLedger:
    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._session = open_postgis()
        with self._errors(), self._locked() as cursor:
            cursor.execute("select to_regnamespace('ops') is null")
            if cursor.fetchone() == (True,):  # else it needs a right that the loader has not
                cursor.execute("create schema ops")
            cursor.execute(
                "create table if not exists ops.portal_requests"
                " (booked_at double precision not null)"
            )

    def book(self, largest: int, period_s: float) -> float:
        with self._errors(), self._locked() as cursor:
            cursor.execute("select extract(epoch from clock_timestamp())::double precision")
            [(now,)] = cursor.fetchall()
            return _book(cursor, "ops.portal_requests", "%s", now, largest, period_s)

    def close(self) -> None:
        self._session.close()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[Any]:
        """A transaction that no other booking overlaps."""
        with self._one_at_a_time, self._session, self._session.cursor() as cursor:
            cursor.execute("set local synchronous_commit = off")  # as with SQLite
            cursor.execute("select pg_advisory_xact_lock(%s)", (_ADVISORY_KEY,))
            yield cursor

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        import psycopg2

        try:
            yield
        except psycopg2.Error as error:
            raise WarehouseError(
                f"cannot count the portal's requests in ops.portal_requests: {error};"
                " see that the user may write to the schema ops"
            ) from error


class _Cursor(Protocol):
    def execute(self, sql: str, parameters: Sequence[float] = ..., /) -> object: ...

    def fetchall(self) -> list[Any]: ...


def _book(
    cursor: _Cursor, table: str, parameter: str, now: float, largest: int, period_s: float
) -> float:
    """Book within a transaction, if there is room."""
    # What lies in the future was booked before the clock was set back.
    cursor.execute(
        f"delete from {table} where booked_at <= {parameter} or booked_at > {parameter}",
        (now - period_s, now + period_s),
    )
    # The booking that has to age before there is room: of all the last `largest` ones, the oldest.
    cursor.execute(
        f"select booked_at from {table} order by booked_at desc limit 1 offset {largest - 1}"
    )
    if full := cursor.fetchall():
        return max(float(full[0][0]) + period_s - now, 0.001)
    cursor.execute(f"insert into {table} values ({parameter})", (now,))
    return 0.0
