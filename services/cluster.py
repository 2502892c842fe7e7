"""A PostgreSQL cluster of the project's own, in its data folder, and the warehouse in a server."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from services.passwords import SUPERUSER, are_known, setting_of
from services.settings import Services
from warehouse.errors import WarehouseError
from warehouse.roles import OWNER, ROLES, close_large_objects, make_roles

_RELEASES = Path("/usr/lib/postgresql")
_EXTENSIONS = Path("/usr/share/postgresql")
# What Debian's package calls the user that PostgreSQL runs as; it refuses to run as root.
_SERVERS_USER = "postgres"


def server_program(name: str) -> Path:
    """A program of the newest PostgreSQL on this machine that has PostGIS.

    Raises:
        WarehouseError: there is none, with the package to install.
    """
    releases = sorted(_EXTENSIONS.glob("*/extension/postgis.control"), key=_release, reverse=True)
    for control in releases:
        path = _RELEASES / control.parts[-3] / "bin" / name
        if os.access(path, os.X_OK):
            return path
    raise WarehouseError(
        f"no {name} of a PostgreSQL with PostGIS in {_RELEASES}:"
        " install Debian's postgresql-postgis, or name another server with PGHOST"
    )


def _release(control: Path) -> int:
    return int(re.sub(r"\D", "", control.parts[-3]) or 0)


def servers_user() -> str | None:
    """Whom PostgreSQL runs as, where that is not who calls."""
    return _SERVERS_USER if os.geteuid() == 0 else None


def make_cluster(services: Services, password: str) -> bool:
    """Make the cluster where there is none; whether it was made now.

    Raises:
        WarehouseError: PostgreSQL is not installed, or cannot have the folder.
    """
    if (services.cluster / "PG_VERSION").exists():
        return False
    initdb, user = server_program("initdb"), servers_user()
    # Beside it first: a cluster that was interrupted is none.
    beside = services.cluster.with_suffix(".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700, parents=True)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"{password}\n")
        file.flush()
        for path in (file.name, beside):
            if user:
                shutil.chown(path, user)
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own
            [
                *(initdb, "--pgdata", beside, "--username", SUPERUSER, "--pwfile", file.name),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
                "--data-checksums",
            ],
            user=user,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise WarehouseError(
            f"cannot make a cluster in {services.cluster}: {done.stderr}"
            + (f"; see that {user} can reach it, or choose WAREHOUSE_SERVICES_PATH" if user else "")
        )
    # Every address asks for the password; where it listens is the server's own setting.
    with (beside / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    beside.rename(services.cluster)
    return True


def cluster_command(services: Services) -> list[str]:
    """How the cluster's server is started: in the foreground, at the services' address."""
    settings = {
        "listen_addresses": services.listen_addresses,
        "port": services.postgres_port,
        "unix_socket_directories": "",
        # Once for all sessions, each of which takes 5 ms to load it: dbt has one for each node.
        "shared_preload_libraries": "postgis-3",
        # The process that supervises it writes its log.
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(server_program("postgres")), "-D", str(services.cluster), *options]


@contextmanager
def _session(services: Services, password: str | None, database: str) -> Iterator[Any]:
    """A session of who may make roles: the own cluster's superuser, else who `PG*` names."""
    import psycopg2

    named: dict[str, Any] = {"dbname": database}
    if services.is_own_cluster:
        named |= {
            "host": services.postgres_host,
            "port": services.postgres_port,
            "user": SUPERUSER,
            "password": password,
        }
    try:
        session = psycopg2.connect("", **named)
    except psycopg2.OperationalError as error:
        raise WarehouseError(f"cannot connect to PostgreSQL: {error}") from error
    session.autocommit = True
    with closing(session):
        yield session


def make_warehouse(services: Services, passwords: dict[str, str]) -> None:
    """Make the database, PostGIS in it and the roles; what is there stays.

    Raises:
        WarehouseError: the server refuses; says who could do it.
    """
    import psycopg2
    from psycopg2 import sql

    of_roles = {role: word for role, word in passwords.items() if role != SUPERUSER}
    superuser = passwords.get(SUPERUSER)
    try:
        if services.is_own_cluster:
            # What who may make databases, but is no superuser, restores a backup into is a copy
            # of this.
            with _session(services, superuser, "template1") as session, session.cursor() as cursor:
                cursor.execute("create extension if not exists postgis")
                cursor.execute("revoke connect on database postgres, template1 from public")
                close_large_objects(session)
        with _session(services, superuser, "postgres") as session, session.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (services.database,))
            if not cursor.fetchone():
                cursor.execute(
                    sql.SQL("create database {}").format(sql.Identifier(services.database))
                )
        with _session(services, superuser, services.database) as session:
            _refuse_others_roles(services, session)
            with session.cursor() as cursor:
                cursor.execute("create extension if not exists postgis")
                cursor.execute("select rolsuper from pg_roles where rolname = current_user")
                [(is_superuser,)] = cursor.fetchall()
            make_roles(session, of_roles)
            if is_superuser:
                close_large_objects(session)
            if services.is_own_cluster:
                # Where createdb and dropdb ask.
                with session.cursor() as cursor:
                    cursor.execute(f"grant connect on database postgres to {OWNER}")
    except psycopg2.Error as error:
        raise WarehouseError(
            f"cannot make the warehouse's roles in {services.database}: {error};"
            " let PGUSER be one that may, or leave PGHOST unset for a cluster of its own"
        ) from error


def _refuse_others_roles(services: Services, session: Any) -> None:
    """Raise where roles of these names are another warehouse's: they are the whole server's."""
    with session.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolname = any(%s)", (list(ROLES),))
        there = [role for (role,) in cursor.fetchall()]
    unknown = [role for role in there if not are_known(services, role)]
    if unknown:
        raise WarehouseError(
            f"the server has the roles {', '.join(unknown)} already, perhaps another warehouse's,"
            f" and a new password would shut that out: name theirs with"
            f" {', '.join(setting_of(role) for role in unknown)}"
        )


def answers(services: Services, password: str | None) -> bool:
    """Whether PostgreSQL takes sessions now.

    Raises:
        WarehouseError: it refuses the password, which waiting would not change.
    """
    try:
        with _session(services, password, "postgres"):
            return True
    except WarehouseError as error:
        if "password authentication failed" in str(error):
            raise WarehouseError(
                f"the cluster in {services.cluster} does not know the password of {SUPERUSER} in"
                f" {services.passwords}: bring back that file as it was when the cluster was made"
            ) from error
        return False
