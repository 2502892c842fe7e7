"""The `ops` tables of the reconciliation: what was found gone, and what each check counted.

A check is written in the session that made it, from its temp tables, so that the marks, the
counts and the keys are committed together or not at all.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from warehouse.connection import Connection, connect, create_tables
from warehouse.settings import Target

_TABLES = (
    # A record may go and come back more than once: each time is a row, and the one that was not
    # restored says that it is gone now.
    """
    create table if not exists ops.record_deletions (
        dataset text not null,
        record_key text not null,
        deleted_at timestamp not null,
        run_id text not null,
        restored_at timestamp,
        primary key (dataset, record_key, deleted_at)
    )
    """,
    """
    create table if not exists ops.reconciliation_checks (
        run_id text not null,
        dataset text not null,
        period date,
        portal_rows bigint not null,
        warehouse_rows bigint not null,
        missing bigint not null,
        vanished bigint not null,
        refetched bigint not null,
        checked_at timestamp not null
    )
    """,
    """
    create table if not exists ops.reconciliation_keys (
        run_id text not null,
        dataset text not null,
        period date,
        record_key text not null,
        difference text not null,
        checked_at timestamp not null
    )
    """,
)

_CHECKED_AT = "cast(cast($3 as text) as timestamp)"
_DATE_OF_PERIOD = "cast(nullif(period, '') || '-01' as date)"


class Check(NamedTuple):
    """Which check of which dataset is written; the instant as text that both engines cast."""

    run_id: str
    dataset: str
    checked_at: str


def new_check(run_id: str, dataset: str) -> Check:
    """A check that is made now."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return Check(run_id, dataset, now.isoformat(sep=" ", timespec="microseconds"))


def make_tables(target: Target) -> None:
    """See that the tables are there: the models read them."""
    with connect(target) as connection:
        ensure_tables(connection)


def ensure_tables(connection: Connection) -> None:
    """The same within a session."""
    create_tables(connection, "ops", _TABLES)


def note_missing(connection: Connection, check: Check) -> None:
    """Note the keys that a check found missing, before they are fetched.

    Should the run die before its end, they stay noted as what they were.
    """
    connection.execute(
        f"""
        insert into ops.reconciliation_keys
        select cast($1 as text), cast($2 as text), {_DATE_OF_PERIOD}, record_key, 'missing',
            {_CHECKED_AT}
        from differences
        where difference = 'missing' and not exists (
            select 1
            from ops.reconciliation_keys as noted
            where noted.run_id = $1 and noted.dataset = $2
                and noted.record_key = differences.record_key
        )
        """,
        check,
    )


def conclude(connection: Connection, check: Check, *, marks: bool) -> None:
    """Write what a check found, from the session's temp tables; the last act of a check.

    `differences` has period, record_key and difference, `counted_months` period and portal_rows,
    `current_records` the records with their period, is_in_part and is_deleted; a period is a
    month as `2024-05`, or empty.

    Args:
        connection: the session that made the check.
        check: which one it is.
        marks: mark what vanished as deleted, and unmark what is there again.
    """
    note_missing(connection, check)
    connection.execute(
        f"""
        update ops.reconciliation_keys
        set difference = 'refetched', checked_at = {_CHECKED_AT}
        where run_id = $1 and dataset = $2 and difference = 'missing' and record_key not in (
            select record_key from differences where difference = 'missing'
        )
        """,
        check,
    )
    connection.execute(
        f"""
        insert into ops.reconciliation_keys
        select cast($1 as text), cast($2 as text), {_DATE_OF_PERIOD}, record_key, difference,
            {_CHECKED_AT}
        from differences
        where difference in ('vanished', 'returned')
        """,
        check,
    )
    if marks:
        _mark(connection, check)
    connection.execute(
        f"""
        insert into ops.reconciliation_checks
        with noted as (
            select
                period,
                sum(case when difference = 'missing' then 1 else 0 end) as missing,
                sum(case when difference = 'vanished' then 1 else 0 end) as vanished,
                sum(case when difference = 'refetched' then 1 else 0 end) as refetched
            from ops.reconciliation_keys
            where run_id = $1 and dataset = $2
            group by period
        ),
        here as (
            select period, count(*) as warehouse_rows
            from current_records
            where is_in_part and not is_deleted
            group by period
        ),
        compared as (
            select
                {_DATE_OF_PERIOD} as period,
                coalesce(portal_rows, 0) as portal_rows,
                coalesce(warehouse_rows, 0) as warehouse_rows
            from counted_months
            full join here using (period)
        )
        select
            cast($1 as text),
            cast($2 as text),
            compared.period,
            portal_rows,
            warehouse_rows,
            coalesce(missing, 0),
            coalesce(vanished, 0),
            coalesce(refetched, 0),
            {_CHECKED_AT}
        from compared
        left join noted on compared.period is not distinct from noted.period
        """,
        check,
    )


def _mark(connection: Connection, check: Check) -> None:
    """Mark what is gone, unmark what is there; also for the counts that follow.

    What vanished in spite of an open mark had been read again since: that mark is closed first.
    """
    connection.execute(
        f"""
        update ops.record_deletions set restored_at = {_CHECKED_AT}
        where $1 <> '' and dataset = $2 and restored_at is null and record_key in (
            select record_key from differences where difference in ('returned', 'vanished')
        )
        """,
        check,
    )
    connection.execute(
        f"""
        insert into ops.record_deletions (run_id, dataset, deleted_at, record_key)
        select cast($1 as text), cast($2 as text), {_CHECKED_AT}, record_key
        from differences
        where difference = 'vanished'
        """,
        check,
    )
    for difference in ("vanished", "returned"):
        connection.execute(
            f"update current_records set is_deleted = {difference == 'vanished'} where record_key"
            f" in (select record_key from differences where difference = '{difference}')"
        )
