"""What PostgreSQL's BRIN indexes and partitions would bring, beside what the warehouse has."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

from bench.loads import Row
from bench.measuring import by_turns
from warehouse.settings import postgres_options

_FIRST_YEAR, _LAST_YEAR = 2010, 2035
_UNSORTED = """
    create table pg_temp.unsorted as
    select * from marts.crashes
    order by md5(crash_record_id);
    analyze pg_temp.unsorted
"""
_WRITTEN = """
    drop table if exists pg_temp.written;
    create table pg_temp.written as
    select * from pg_temp.unsorted
"""
_IN_ORDER = f"{_WRITTEN} order by crash_date"
_BY_YEAR = "create table pg_temp.by_year (like marts.crashes) partition by range (crash_date)"
_OF_A_YEAR = """
    create table pg_temp.of_{year} partition of pg_temp.by_year
    for values from ('{year}-01-01') to ('{next}-01-01')
"""
_FILLED = """
    create table pg_temp.others partition of pg_temp.by_year default;
    insert into pg_temp.by_year select * from marts.crashes;
    analyze pg_temp.by_year
"""
# The month of the crash in the middle, for which there are as many before as after.
_MIDDLE = """
    select date_trunc('month', percentile_disc(0.5) within group (order by crash_date))::date
    from marts.crashes
"""
_OF_A_MONTH = """
    select count(*), sum(injuries_total) from {table}
    where crash_date >= %(first)s and crash_date < %(first)s + interval '1 month'
"""
_LOAD_BEFORE = """
    select max(_dlt_load_id) from raw.people
    where _dlt_load_id < (select max(_dlt_load_id) from raw.people)
"""
_NEWEST = "select count(*) from raw.people where _dlt_load_id > %(load)s"


def measured(database: str, rounds: int) -> Iterator[Row]:
    """Measure a month of crashes, and the new rows of a load as a build looks them up.

    Args:
        database: of a whole warehouse, whose people were loaded more than once.
        rounds: how often each is measured; the median counts.
    """
    # With the options that builds have, of which the sort's cost is.
    with (
        closing(psycopg2.connect("", dbname=database, options=postgres_options())) as session,
        session.cursor() as cursor,
    ):
        cursor.execute(_UNSORTED)
        yield _month(cursor, rounds)
        yield _sort(cursor, rounds)
        yield _new_rows(cursor, rounds)
        session.rollback()


def _month(cursor: Cursor, rounds: int) -> Row:
    cursor.execute(_BY_YEAR)
    for year in range(_FIRST_YEAR, _LAST_YEAR):
        cursor.execute(_OF_A_YEAR.format(year=year, next=year + 1))
    cursor.execute(_FILLED)
    month = {"first": _value(cursor, _MIDDLE)}
    tables = ("marts.crashes", "pg_temp.unsorted", "pg_temp.by_year")
    brin, whole, by_year = by_turns(
        rounds, *(_ms(cursor, _OF_A_MONTH.format(table=table), month) for table in tables)
    )
    return Row(
        "a month of `marts.crashes`, sorted and by its BRIN, PostGIS",
        f"{brin:,.1f} ms",
        f"all of them read: {whole:,.1f} ms; partitioned by year: {by_year:,.1f} ms",
        None,
    )


def _sort(cursor: Cursor, rounds: int) -> Row:
    in_order, as_they_come = by_turns(rounds, _ms(cursor, _IN_ORDER), _ms(cursor, _WRITTEN))
    return Row(
        "to write `marts.crashes` in the order of their days, PostGIS",
        f"{in_order / 1000:,.2f} s",
        f"as they come: {as_they_come / 1000:,.2f} s",
        in_order / as_they_come,
    )


def _new_rows(cursor: Cursor, rounds: int) -> Row:
    load = {"load": _value(cursor, _LOAD_BEFORE)}
    count = _ms(cursor, _NEWEST, load)
    [tree] = by_turns(rounds, count)
    tree_mb = _mb(cursor, "raw.people_load")
    # As the transaction is rolled back, the table keeps the one that it has.
    cursor.execute("drop index raw.people_load")
    cursor.execute("create index people_load on raw.people using brin (_dlt_load_id)")
    [brin] = by_turns(rounds, count)
    return Row(
        "the people of the newest load, by a B-tree of loads, PostGIS",
        f"{tree:,.1f} ms, {tree_mb:,.1f} MB",
        f"by BRIN: {brin:,.1f} ms, {_mb(cursor, 'raw.people_load'):,.1f} MB",
        None,
    )


def _ms(cursor: Cursor, query: str, values: dict[str, Any] | None = None) -> Callable[[], float]:
    def asked() -> float:
        started = time.perf_counter()
        cursor.execute(query, values)
        # What is written has no rows to be fetched.
        if cursor.description:
            cursor.fetchall()
        return (time.perf_counter() - started) * 1000

    return asked


def _mb(cursor: Cursor, index: str) -> float:
    return float(_value(cursor, f"select pg_relation_size('{index}')")) / 1e6


def _value(cursor: Cursor, query: str) -> Any:
    cursor.execute(query)
    [(value,)] = cursor.fetchall()
    return value
