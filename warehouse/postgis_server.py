"""The PostGIS server as libpq finds it: who asks, where it is, and a session of psycopg2."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from warehouse.errors import WarehouseError
from warehouse.outages import connected
from warehouse.settings import owner


class Server(NamedTuple):
    """A server, the database on it and who asks."""

    host: str
    port: int
    user: str
    password: str
    database: str


def server(user: str | None = None) -> Server:
    """What libpq takes from the environment, part by part, as dlt and dbt want it.

    A session is opened for it, because libpq alone knows its defaults and password files.
    """
    with closing(open_postgis(user)) as session:
        info = session.info
        return Server(info.host, info.port, info.user, info.password or "", info.dbname)


def open_postgis(user: str | None = None, database: str | None = None) -> Any:
    """A session of psycopg2 on the server, for what Arrow has no part in.

    Args:
        user: who opens it, if not libpq's own choice.
        database: another of the server's than libpq's `PGDATABASE`.

    Raises:
        WarehouseError: the server refuses.
    """
    import psycopg2

    chosen = {"user": user, "dbname": database}
    named = {name: value for name, value in chosen.items() if value}

    def connect() -> Any:
        try:
            # libpq reads the environment, as below.
            return psycopg2.connect("", **named)
        except psycopg2.OperationalError as error:
            raise no_postgis(error) from error

    return connected(connect)


@contextmanager
def as_owner() -> Iterator[None]:
    """A block whose sessions on PostGIS, and those of programs it calls, are of the owner's role.

    It is for one who is alone in the process: libpq reads the role from the environment.
    """
    before = os.environ.get("PGUSER")
    if role := owner():
        os.environ["PGUSER"] = role
    try:
        yield
    finally:
        if before is not None:
            os.environ["PGUSER"] = before
        elif role:
            del os.environ["PGUSER"]


def no_postgis(error: Exception) -> WarehouseError:
    """What a server that cannot be connected to is to a person: the cause and what to check."""
    cause = str(error).removeprefix("IO: [libpq] Failed to connect: ").strip()
    return WarehouseError(
        f"cannot connect to PostGIS: {cause}; check PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE"
    )
