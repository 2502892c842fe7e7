"""A backup of PostGIS is what pg_dump writes of the warehouse's schemas.

Its rows are those of one snapshot, which counts them as well, so that both agree to the row
although analysts and others go on meanwhile. It is tested in a database of its own on the same
server. Passwords reach pg_dump as they reach everything else: by libpq's environment or file.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from warehouse.contents import HAS_NO_TABLE, TAKE_ANOTHER, Contents
from warehouse.errors import WarehouseError, WrongCall
from warehouse.postgis_server import open_postgis
from warehouse.postgis_tables import contents, quoted, server_major, session, tables
from warehouse.postgres_programs import program
from warehouse.roles import give_rights

SUFFIX = ".dump"
# PostgreSQL cuts longer names.
_LONGEST_NAME = 63
_FAILED = "the backup failed: {}; the warehouse and older backups are as they were"
_IS_THERE = "the database {} is there already: a backup is restored to one that is not"
_DUPLICATE_DATABASE, _TOO_FEW_RIGHTS, _IN_USE = "42P04", "42501", "55006"
# How long a session of somebody's in the database that others are copies of is waited for.
_LONGEST_USE_S = 60


def name() -> str:
    """The database's name."""
    with closing(open_postgis()) as session:
        return str(session.info.dbname)


def refuse_untestable() -> None:
    """Raise where no backup could be made and restored here.

    Raises:
        WarehouseError: the role may not create databases, or PostgreSQL's programs are missing.
    """
    with session() as cursor:
        cursor.execute(
            "select rolcreatedb or rolsuper, rolname from pg_roles where rolname = current_user"
        )
        [(may_create, role)] = cursor.fetchall()
        for needed in ("pg_dump", "pg_restore"):
            program(needed, server_major(cursor))
    if not may_create:
        raise WarehouseError(
            f"the role {role} may not create databases, so no backup can be restored to test it:"
            f" let a superuser run 'alter role \"{role}\" createdb', or set another PGUSER"
        )


def vacuum() -> None:
    """Free what deleted rows took, for new ones, and bring the planner's statistics up to date.

    Raises:
        WarehouseError: the server refuses, or the role owns a table neither by itself nor as a
            member of its owner.
    """
    with session() as cursor:
        listed = tables(cursor)
        if others := [table for table in listed if not table.is_ours]:
            raise WarehouseError(
                f"the role may not vacuum {others[0].relation}, which is {others[0].owner}'s"
                f" ({len(others)} such tables): grant it the role {others[0].owner},"
                " or set another PGUSER"
            )
        for table in listed:
            cursor.execute(f"vacuum (analyze) {table.relation}")


def dumped(file: Path) -> dict[str, Contents]:
    """Dump the warehouse's schemas as of one moment; what they held then.

    Raises:
        WarehouseError: pg_dump or the server failed.
    """
    with session() as cursor:
        cursor.execute("begin isolation level repeatable read, read only")
        cursor.execute("select pg_export_snapshot()")
        [(snapshot,)] = cursor.fetchall()
        schemas = sorted({table.schema for table in tables(cursor)})
        _run(
            "pg_dump",
            server_major(cursor),
            cursor.connection.info.dbname,
            [
                *("--format=custom", f"--snapshot={snapshot}", f"--file={file}"),
                *(f"--schema={schema}" for schema in schemas),
            ],
            _FAILED,
        )
        return contents(cursor)


@contextmanager
def restored(file: Path) -> Iterator[dict[str, Contents]]:
    """Restore a dump in a database of the same server that is dropped after; what it holds.

    Raises:
        WarehouseError: pg_restore or the server failed.
    """
    database = name()
    # Of one name a warehouse, whose lock is held: one that is there was left by a killed run.
    digest = hashlib.sha256(database.encode()).hexdigest()[:8]
    suffix = f"_restore_test_{digest}"
    scratch = database.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix
    _drop(scratch)
    try:
        _create(scratch)
        yield _filled(file, scratch, _FAILED)
    finally:
        _drop(scratch)


def restore(file: Path, into: str) -> dict[str, Contents]:
    """Restore a dump as a new database of the server.

    Where the server has the roles of `make up`, and the role is their owner, they have their
    rights in it; else it is the role's alone.

    Raises:
        WrongCall: there is a database of this name.
        WarehouseError: pg_restore or the server failed; the database is then gone again.
    """
    _refuse_if_there(into)
    try:
        _create(into)
        complaint = f"cannot restore {file}: {{}}; nothing of it is left: {TAKE_ANOTHER}"
        found = _filled(file, into, complaint)
        with session(into) as cursor:
            give_rights(cursor.connection)
    except WrongCall:  # another's, who made it in the meantime
        raise
    except BaseException:
        # Also where an interrupt came while the server made it.
        _drop(into)
        raise
    return found


def _refuse_if_there(database: str) -> None:
    with session() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (database,))
        if cursor.fetchall():
            raise WrongCall(_IS_THERE.format(database))


def _filled(file: Path, database: str, complaint: str) -> dict[str, Contents]:
    """Fill an empty database with a dump; what it holds then."""
    with session(database) as cursor:
        _make_extension(cursor)
        major = server_major(cursor)
    options = ["--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", major, database, [*options, str(file)], complaint)
    with session(database) as cursor:
        found = contents(cursor)
    if not found:
        raise WarehouseError(complaint.replace("{}", HAS_NO_TABLE))
    return found


def _create(database: str) -> None:
    """Make a database of the warehouse's encoding and collation, which nobody else may enter."""
    import psycopg2

    with session() as cursor:
        cursor.execute(
            "select (select datcollate || ' ' || datctype || ' ' || encoding from pg_database"
            " where datname = 'template1'), datcollate || ' ' || datctype || ' ' || encoding,"
            " pg_encoding_to_char(encoding), datcollate, datctype"
            " from pg_database where datname = current_database()"
        )
        [(usual, own, encoding, collate, ctype)] = cursor.fetchall()
        # Where a superuser put PostGIS into template1 the database has it from the beginning.
        template = "template1" if usual == own else "template0"
        # PostgreSQL itself waits for five seconds.
        once_unused = Retrying(
            retry=retry_if_exception(lambda error: getattr(error, "pgcode", None) == _IN_USE),
            wait=wait_fixed(0.1),
            stop=stop_after_delay(_LONGEST_USE_S),
            reraise=True,
        )
        try:
            once_unused(
                cursor.execute,
                f"create database {quoted(database)} template {template} encoding %s"
                " lc_collate %s lc_ctype %s",
                (encoding, collate, ctype),
            )
        except psycopg2.Error as error:
            if error.pgcode != _DUPLICATE_DATABASE:
                raise
            raise WrongCall(_IS_THERE.format(database)) from error
        # Before it holds anything.
        cursor.execute(f"revoke all on database {quoted(database)} from public")


def _make_extension(cursor: Any) -> None:
    import psycopg2

    try:
        cursor.execute("create extension if not exists postgis with schema public")
    except psycopg2.Error as error:
        if error.pgcode != _TOO_FEW_RIGHTS:
            raise
        raise WarehouseError(
            "the role may not create the extension postgis in a new database: let a superuser run"
            " \"psql -d template1 -c 'create extension postgis'\" once, or set another PGUSER"
        ) from error


def _drop(database: str) -> None:
    """Drop a database, with the sessions of ours that a killed run left there.

    Autovacuum's the server ends by itself; `with (force)` fails at it for who is no superuser.
    """
    with session() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = %s and usename = current_user",
            (database,),
        )
        cursor.execute(f"drop database if exists {quoted(database)}")


def _run(name: str, major: int, database: str, arguments: Sequence[str], complaint: str) -> None:
    """Run a program of PostgreSQL's that asks for no password.

    Raises:
        WarehouseError: it failed: the complaint, with what it said in the place of `{}`.
    """
    from psycopg2.extensions import make_dsn

    where = f"--dbname={make_dsn(dbname=database)}"
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own, with names of ours
        [program(name, major), "--no-password", where, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_MESSAGES": "C"},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WarehouseError(complaint.replace("{}", lines[0]))
