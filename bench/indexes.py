"""Which of PostgreSQL's indexes nothing looked anything up in."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2

from bench.loads import Row

# One that keeps values unique is of use without ever being read; those of shapes are for maps,
# which ask for what lies in their frame.
_OURS = """
    select stats.schemaname || '.' || stats.relname || ': ' || pg_get_indexdef(
        stats.indexrelid
    ), stats.idx_scan
    from pg_stat_user_indexes as stats
    inner join pg_index on stats.indexrelid = pg_index.indexrelid
    inner join pg_class on stats.indexrelid = pg_class.oid
    inner join pg_am on pg_class.relam = pg_am.oid
    where
        stats.schemaname in ('raw', 'staging', 'intermediate', 'marts', 'quality')
        and not pg_index.indisunique
        and pg_am.amname <> 'gist'
    order by 1
"""
_PLACES = "select layer, max(place_id) from marts.places group by layer"
# What is looked up by those that are known to be left, of which this portal has none.
_RARE = {
    " (_record_key)": "rows without a key",
    " (_row_id)": "rows that were given another id",
    ".int_crashes_in_own_places ": "layers of one's own",
}


def measured(database: str) -> Iterator[Row]:
    """Count those that no load, sync, build, query or report read since the warehouse was made.

    Args:
        database: of a whole warehouse, after all of these.
    """
    with closing(psycopg2.connect("", dbname=database)) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute(_PLACES)
        for place in cursor.fetchall():
            cursor.execute("select * from marts.place_report(%s, %s, null, null)", place)
        # What this session looked up is counted with a delay.
        cursor.execute("select pg_stat_force_next_flush()")
        cursor.execute(_OURS)
        scans = dict(cursor.fetchall())
    unused = [_in_short(index) for index, n in scans.items() if not n]
    yield Row(
        "indexes that nothing above read, PostGIS",
        f"{len(unused)} of {len(scans)}",
        "–",
        None,
        {"none": not unused},
        "see the list below",
        "; ".join(unused),
    )


def _in_short(index: str) -> str:
    """The table and what is indexed of it, such as `marts.crashes (ward)`, and what for."""
    table, _, definition = index.partition(": ")
    columns = definition.partition(" USING ")[2].partition(" ")[2]
    index = f"{table} {columns}"
    for part, what in _RARE.items():
        if part in index:
            return f"`{index}` for {what}"
    return f"`{index}`"
