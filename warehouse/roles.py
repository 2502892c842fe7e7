"""Who may do what in a PostGIS warehouse: four roles, and nothing for anybody else.

| role | may |
|---|---|
| `warehouse_owner` | owns the database and its schemas, makes others, does as the next two may |
| `warehouse_loader` | writes `raw` and `ops`, reads the rest |
| `warehouse_transformer` | reads `raw` and `ops`, builds the other schemas |
| `analyst` | reads `marts` and `quality`, in transactions that read only |
"""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import encrypt_password

OWNER, LOADER, TRANSFORMER, ANALYST = (
    "warehouse_owner",
    "warehouse_loader",
    "warehouse_transformer",
    "analyst",
)
ROLES = (OWNER, LOADER, TRANSFORMER, ANALYST)
# Whose each schema is to fill.
SCHEMAS = {
    "raw": LOADER,
    "ops": LOADER,
    "staging": TRANSFORMER,
    "intermediate": TRANSFORMER,
    "marts": TRANSFORMER,
    "quality": TRANSFORMER,
}
FOR_ANALYSTS = ("marts", "quality")
# A query that takes longer is a mistake more often than a question.
ANALYSTS_LONGEST_QUERY = "5min"
ANALYSTS_AT_ONCE = 20

# Those that make, change or delete one, by the catalog's own names.
_CLOSE_LARGE_OBJECTS = """
    do $$
    declare writing regprocedure;
    begin
        for writing in
            select oid from pg_catalog.pg_proc
            where pronamespace = 'pg_catalog'::regnamespace
                and proname ~ '^(lo_(creat|create|from_bytea|put|truncate|truncate64|unlink|import'
                    '|export)|lowrite)$'
        loop
            execute format('revoke execute on function %s from public', writing);
        end loop;
    end $$
"""


def make_roles(session: Any, passwords: Mapping[str, str]) -> None:
    """Make the roles and schemas and give each its rights, as often as wanted.

    What a schema holds becomes its filler's, also what somebody else had made. What the roles had
    been given before is theirs still, unless it is stated otherwise here.

    Args:
        session: psycopg2's, in the warehouse's database, of who may make roles.
        passwords: of the roles; one that is not named here keeps the password that it has.

    Raises:
        psycopg2.Error: the user may not do that; nothing was changed.
    """
    # As a verifier, so that no password comes into the server's log with a statement that fails.
    verifiers = {
        role: encrypt_password(password, role, session, "scram-sha-256")
        for role, password in passwords.items()
    }
    _all_or_nothing(session, [*_logins(verifiers), *_rights(session.info.dbname)])


def give_rights(session: Any) -> None:
    """Give the roles their rights in a database; none where they are not, or are others' to give.

    Args:
        session: psycopg2's, in the database, of its owner, who gives them as `warehouse_owner`.
    """
    with session.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_roles where rolname = any(%s)"
            " and (rolname = %s or pg_has_role(oid, 'member'))",
            (list(ROLES), ANALYST),
        )
        [(found,)] = cursor.fetchall()
    if found == len(ROLES):
        _all_or_nothing(session, _rights(session.info.dbname))


def close_large_objects(session: Any) -> None:
    """Let nobody but superusers write large objects in a database.

    PostgreSQL grants these functions to everybody, and before its release 16 also in transactions
    that read only.

    Args:
        session: psycopg2's, in the database, of a superuser.
    """
    with session.cursor() as cursor:
        cursor.execute(_CLOSE_LARGE_OBJECTS)


def _all_or_nothing(session: Any, statements: Iterable[sql.Composable]) -> None:
    with session.cursor() as cursor:
        cursor.execute("begin")
        try:
            for statement in statements:
                cursor.execute(statement)
        except BaseException:
            cursor.execute("rollback")
            raise
        cursor.execute("commit")


def _logins(verifiers: Mapping[str, str]) -> list[sql.Composable]:
    """The roles themselves, which are the server's."""
    names = {role: sql.Identifier(role) for role in ROLES}
    owner, analyst = names[OWNER], names[ANALYST]
    done: list[sql.Composable] = [
        # None of them may make databases or roles, or pass for another.
        sql.SQL(
            "do $$ begin create role {} login; exception when duplicate_object then null; end $$"
        ).format(names[role])
        for role in ROLES
    ]
    done += [
        sql.SQL("alter role {} password {}").format(names[role], sql.Literal(verifier))
        for role, verifier in verifiers.items()
    ]
    done += [
        sql.SQL("alter role {} createdb").format(owner),  # to restore a backup into one
        sql.SQL("grant {}, {} to {}").format(names[LOADER], names[TRANSFORMER], owner),
        sql.SQL("alter role {} connection limit {}").format(analyst, sql.Literal(ANALYSTS_AT_ONCE)),
        sql.SQL("alter role {} set default_transaction_read_only = on").format(analyst),
        sql.SQL("alter role {} set statement_timeout = {}").format(
            analyst, sql.Literal(ANALYSTS_LONGEST_QUERY)
        ),
        sql.SQL("alter role {} set search_path = marts, quality, public").format(analyst),
    ]
    return done


def _rights(database: str) -> list[sql.Composable]:
    """What each may do in a database."""
    names = {role: sql.Identifier(role) for role in ROLES}
    there = sql.Identifier(database)
    done: list[sql.Composable] = [
        sql.SQL("alter database {} owner to {}").format(there, names[OWNER]),
        sql.SQL("revoke all on database {} from public").format(there),
        sql.SQL("revoke all on schema public from public"),
        # Functions and types of PostGIS are there.
        sql.SQL("grant usage on schema public to {}").format(sql.SQL(", ").join(names.values())),
        sql.SQL("grant connect on database {} to {}").format(
            there, sql.SQL(", ").join(names.values())
        ),
        sql.SQL("grant temporary on database {} to {}, {}").format(
            there, names[LOADER], names[TRANSFORMER]
        ),
    ]
    for schema, filler in SCHEMAS.items():
        done += _rights_in(schema, names, filler)
    return done


# What somebody else made, as before there were roles; a table's indexes and own sequences follow.
_ALL_TO_FILLER = """
    do $$
    declare made record;
    begin
        for made in
            select format('%s %I.%I', case relkind
                when 'v' then 'view' when 'm' then 'materialized view'
                when 'S' then 'sequence' else 'table' end, {name}, relname) as one
            from pg_catalog.pg_class
            where relnamespace = {name}::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
                and relowner <> {filler_name}::regrole
                and not exists (
                    select from pg_catalog.pg_depend
                    where objid = pg_class.oid and deptype in ('a', 'i')
                        and refclassid = 'pg_catalog.pg_class'::regclass
                )
            union all
            select 'routine ' || oid::regprocedure::text
            from pg_catalog.pg_proc
            where pronamespace = {name}::regnamespace and proowner <> {filler_name}::regrole
        loop
            execute format('alter %s owner to %I', made.one, {filler_name});
        end loop;
    end $$
"""


def _rights_in(schema: str, names: Mapping[str, sql.Identifier], filler: str) -> list[sql.Composed]:
    """The rights in a schema: to fill it, and to read it, now and of what comes."""
    readers = [LOADER, TRANSFORMER] + ([ANALYST] if schema in FOR_ANALYSTS else [])
    read_by = sql.SQL(", ").join(names[role] for role in readers)
    parts = {
        "schema": sql.Identifier(schema),
        "owner": names[OWNER],
        "filler": names[filler],
        "readers": read_by,
        "name": sql.Literal(schema),
        "filler_name": sql.Literal(filler),
    }
    return [
        sql.SQL(statement).format(**parts)
        for statement in (
            "create schema if not exists {schema} authorization {owner}",
            "alter schema {schema} owner to {owner}",
            "revoke all on schema {schema} from public",
            "grant create on schema {schema} to {filler}",
            _ALL_TO_FILLER,
            "grant usage on schema {schema} to {readers}",
            "grant select on all tables in schema {schema} to {readers}",
            "alter default privileges for role {filler} in schema {schema}"
            " grant select on tables to {readers}",
            "revoke execute on all functions in schema {schema} from public",
            "grant execute on all functions in schema {schema} to {readers}",
            "alter default privileges for role {filler} revoke execute on functions from public",
            "alter default privileges for role {filler} in schema {schema}"
            " grant execute on functions to {readers}",
        )
    ]
