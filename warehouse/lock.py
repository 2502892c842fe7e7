"""One sync of a warehouse at a time, whichever machine or process it runs on."""

import contextlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from warehouse.connection import open_duckdb
from warehouse.errors import WarehouseError
from warehouse.outages import patience
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target, duckdb_path

# Any number does that no other user of the database locks: this one is "crash" on a phone's keys.
_ADVISORY_KEY = 27274
_LONGEST_END_S = 2


class InUseError(WarehouseError):
    """Another sync of the warehouse is running."""


@contextmanager
def sync_lock(target: Target) -> Iterator[None]:
    """Hold the warehouse for one sync; the lock goes with its process, however that ends.

    Raises:
        InUseError: another sync of this warehouse is running.
    """
    with _lock_duckdb() if target == "duckdb" else _lock_postgis():
        yield


@contextmanager
def _lock_duckdb() -> Iterator[None]:
    # DuckDB locks its file only while a connection is open, and a sync opens several in turn: one
    # stays open meanwhile, so that no reader gets in between and keeps the sync from going on.
    from filelock import FileLock, Timeout

    path = duckdb_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{path}.lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise InUseError(f"another sync of {path} is running: wait for it to end") from error
    except OSError as error:
        raise WarehouseError(f"cannot write beside {path}: {error.strerror}") from error
    try:
        with closing(open_duckdb()):
            yield
    finally:
        lock.release()


@contextmanager
def _lock_postgis() -> Iterator[None]:
    global _session
    try:
        _session = _locking_session()
        with patience():
            yield
    finally:
        if _session:
            _give_back(_session)
        _session = None


def hold_on(target: Target) -> None:
    """Hold the warehouse still, which is locked here, although its server was restarted meanwhile.

    Raises:
        InUseError: another sync was quicker to take the warehouse.
        WarehouseError: the server is not back.
    """
    import psycopg2

    global _session
    if target == "duckdb" or _session is None:
        return
    try:
        with _session.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error:
        _session.close()
        # A server that ends a session says so before it ends the session's locks.
        soon = Retrying(
            retry=retry_if_exception_type(InUseError),
            wait=wait_fixed(0.1),
            stop=stop_after_delay(_LONGEST_END_S),
            reraise=True,
        )
        _session = soon(_locking_session)


# What holds PostGIS for this process; a session's locks end with it.
_session: Any = None


def _give_back(session: Any) -> None:
    """End the session, and its lock before: the server ends one only after its client has gone."""
    import psycopg2

    with closing(session), contextlib.suppress(psycopg2.Error), session.cursor() as cursor:
        cursor.execute("select pg_advisory_unlock(%s)", (_ADVISORY_KEY,))


def _locking_session() -> Any:
    session = open_postgis()
    # Outside of a transaction, which would keep a snapshot open while the sync runs.
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (_ADVISORY_KEY,))
        if cursor.fetchone() == (True,):
            return session
    session.close()
    raise InUseError("another sync of this database is running: wait for it to end")
