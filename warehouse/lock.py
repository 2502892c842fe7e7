"""One sync of a warehouse at a time, whichever machine or process it runs on."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from warehouse.connection import connect, open_duckdb
from warehouse.errors import WarehouseError
from warehouse.settings import Target, duckdb_path

# Any number does that no other user of the database locks: this one is "crash" on a phone's keys.
_ADVISORY_KEY = 27274


@contextmanager
def sync_lock(target: Target) -> Iterator[None]:
    """Hold the warehouse for one sync; the lock goes with its process, however that ends.

    Raises:
        WarehouseError: another sync of this warehouse is running.
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
        raise WarehouseError(f"another sync of {path} is running: wait for it to end") from error
    except OSError as error:
        raise WarehouseError(f"cannot write beside {path}: {error.strerror}") from error
    try:
        with closing(open_duckdb()):
            yield
    finally:
        lock.release()


@contextmanager
def _lock_postgis() -> Iterator[None]:
    with connect("postgis") as connection:
        held = connection.fetch("select pg_try_advisory_lock($1) as held", (_ADVISORY_KEY,))
        if not held["held"][0].as_py():
            raise WarehouseError("another sync of this database is running: wait for it to end")
        # Committed, so that the lock's session keeps no snapshot open while the sync runs.
        connection.execute("commit")
        yield
