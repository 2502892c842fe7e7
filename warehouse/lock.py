"""One sync of a warehouse at a time, whichever machine or process it runs on."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from warehouse.connection import open_duckdb
from warehouse.errors import WarehouseError
from warehouse.outages import patience
from warehouse.postgis_server import open_postgis
from warehouse.settings import Target, duckdb_path

# Any number does that no other user of the database locks: this one is "crash" on a phone's keys.
_ADVISORY_KEY = 27274


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
            _session.close()
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
        _session = _locking_session()


# What holds PostGIS for this process; a session's locks end with it.
_session: Any = None


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
