"""The warehouse's tables in PostGIS, as the server itself knows them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from warehouse.contents import Contents
from warehouse.errors import WarehouseError
from warehouse.postgis_server import open_postgis
from warehouse.settings import SCHEMAS

_VERSION_UNIT = 10_000
# What is put to text for its hash, and how long it may take, must not hang on the user's settings.
_SETTINGS = (
    "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;"
    " set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres';"
    " set extra_float_digits = 1; set bytea_output = 'hex'; set search_path = public"
)
_TABLES = """
    select
        n.nspname as schema,
        c.relname as name,
        pg_total_relation_size(c.oid) as bytes,
        pg_get_userbyid(c.relowner) as owner,
        pg_has_role(c.relowner, 'usage') as is_ours
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname = any (%s)
    order by 1, 2
"""


class Table(NamedTuple):
    """A table of the warehouse's.

    Attributes:
        bytes: its size with indexes.
        is_ours: whether this role may do with it what its owner may.
    """

    schema: str
    name: str
    bytes: int
    owner: str
    is_ours: bool

    @property
    def relation(self) -> str:
        """Its name as SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def tables(cursor: Any) -> list[Table]:
    """The tables of the warehouse's schemas, in their order."""
    cursor.execute(_TABLES, (list(SCHEMAS),))
    return [Table(*row) for row in cursor.fetchall()]


def contents(cursor: Any) -> dict[str, Contents]:
    """What each of them holds; reads every row."""
    found = {}
    for table in tables(cursor):
        cursor.execute(
            "select count(*), sum(hashtextextended((whole_row.*)::text, 0))::text"
            f" from {table.relation} as whole_row"
        )
        [(rows, digest)] = cursor.fetchall()
        found[f"{table.schema}.{table.name}"] = Contents(rows, str(digest), table.bytes)
    return found


def server_major(cursor: Any) -> int:
    """PostgreSQL's major version."""
    return int(cursor.connection.server_version) // _VERSION_UNIT


def quoted(identifier: str) -> str:
    """A name as SQL takes it."""
    return '"' + identifier.replace('"', '""') + '"'


@contextmanager
def session(database: str | None = None) -> Iterator[Any]:
    """A cursor outside of any transaction.

    Raises:
        WarehouseError: what the server said to the block.
    """
    import psycopg2

    with closing(open_postgis(database=database)) as opened:
        opened.autocommit = True
        try:
            with opened.cursor() as cursor:
                cursor.execute(_SETTINGS)
                yield cursor
        except psycopg2.Error as error:
            raise WarehouseError(f"PostGIS: {error}") from error
