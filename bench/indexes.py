"""Which of PostgreSQL's indexes nothing looked anything up in."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2

from bench.loads import Row

# One that keeps values unique is of use without ever being read.
_OURS = """
    select stats.schemaname || '.' || stats.relname || ': ' || pg_get_indexdef(
        stats.indexrelid
    ), stats.idx_scan
    from pg_stat_user_indexes as stats
    inner join pg_index on stats.indexrelid = pg_index.indexrelid
    where
        stats.schemaname in ('raw', 'staging', 'intermediate', 'marts', 'quality')
        and not pg_index.indisunique
    order by 1
"""


def measured(database: str) -> Iterator[Row]:
    """Count those that no load, sync, build or query read since the warehouse was made.

    Args:
        database: of a whole warehouse, after all of these.
    """
    with closing(psycopg2.connect("", dbname=database)) as session, session.cursor() as cursor:
        cursor.execute(_OURS)
        scans = dict(cursor.fetchall())
    unused = [_in_short(index) for index, n in scans.items() if not n]
    yield Row(
        "indexes that nothing above read, PostGIS",
        f"{len(unused)} of {len(scans)}",
        ", ".join(unused) or "–",
        None,
        "none",
        not unused,
    )


def _in_short(index: str) -> str:
    """The table and what is indexed of it, such as `marts.crashes (ward)`."""
    table, _, definition = index.partition(": ")
    return f"`{table} {definition.partition(' USING ')[2].partition(' ')[2]}`"
