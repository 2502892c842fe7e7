"""The `ops` tables: what each run did, for whoever asks later in SQL."""

import getpass
import json
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from warehouse.connection import Connection, connect, create_tables, has_table
from warehouse.errors import WarehouseError
from warehouse.settings import Target

_LAST_LOADS = """
    with loads as (
        select
            *,
            row_number() over (partition by dataset order by finished_at desc) as recency,
            max(case when status = 'loaded' then finished_at end) over (
                partition by dataset
            ) as last_success_at
        from ops.dataset_loads
    )

    select
        dataset, rows_fetched, rows_inserted, rows_updated, rows_unchanged, rows_deleted,
        requests, seconds, status, error, finished_at, last_success_at
    from loads
    where recency = 1
    order by dataset
"""

RunStatus = Literal["succeeded", "failed"]
LoadStatus = Literal["loaded", "missing", "failed"]

_TABLES = (
    """
    create table if not exists ops.sync_runs (
        run_id text primary key,
        trigger text not null,
        started_by text not null,
        parameters text not null,
        portal text,
        is_sample boolean not null,
        started_at timestamp not null,
        finished_at timestamp,
        status text not null,
        error text
    )
    """,
    """
    create table if not exists ops.dataset_loads (
        run_id text not null,
        dataset text not null,
        rows_fetched bigint not null,
        rows_inserted bigint not null,
        rows_updated bigint not null,
        rows_unchanged bigint not null,
        rows_deleted bigint not null,
        requests bigint not null,
        seconds double precision not null,
        status text not null,
        error text,
        finished_at timestamp not null,
        schema_changes text,
        primary key (run_id, dataset)
    )
    """,
    # For the tables that were made before they had the column.
    "alter table ops.dataset_loads add column if not exists schema_changes text",
)


@dataclass(frozen=True)
class DatasetLoad:
    """What a load did to one dataset; each fetched row is inserted, updated or unchanged.

    Attributes:
        schema_changes: the columns that are new, have vanished or changed their type since the
            load before; none if they are as they were.
        unchanged_since: when the portal's rows last changed, in seconds since 1970, if there was
            nothing to ask for as all of them had been read.
    """

    dataset: str
    rows_fetched: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_deleted: int = 0
    requests: int = 0
    seconds: float = 0.0
    status: LoadStatus = "loaded"
    error: str | None = None
    schema_changes: str | None = None
    unchanged_since: int | None = None


def make_tables(target: Target) -> None:
    """See that the `ops` tables that the marts show are there, if empty ones."""
    with connect(target) as connection:
        _ensure_tables(connection)


def refuse_if_empty(target: Target) -> None:
    """Raise when there is nothing to build from.

    Raises:
        WarehouseError: nothing was ever loaded into the warehouse.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "raw", "_dlt_loads"):
            raise WarehouseError(f"nothing was ever loaded into {target}: run 'warehouse sync'")


def refuse_other_portal(target: Target, portal: str) -> None:
    """Raise when the warehouse was filled from another portal: their rows must not mix.

    Raises:
        WarehouseError: names both portals and the way out.
    """
    with connect(target) as connection:
        if not has_table(connection, "raw", "_dlt_loads"):
            return
        _ensure_tables(connection)
        first = connection.fetch(
            "select portal from ops.sync_runs where portal is not null order by started_at limit 1"
        )["portal"].to_pylist()
    if first and first[0] != portal:
        raise WarehouseError(
            f"this warehouse holds the data of '{first[0]}', which would mix with that of"
            f" '{portal}': name another with WAREHOUSE_DUCKDB_PATH or PGDATABASE"
        )


def holds_sample_data(target: Target) -> bool:
    """Whether a run loaded generated data; only for who holds the warehouse's lock."""
    with connect(target) as connection:
        _ensure_tables(connection)
        found = connection.fetch("select 1 from ops.sync_runs where is_sample limit 1")
    return bool(found.num_rows)


def close_dead_runs(target: Target) -> None:
    """Mark the runs that never said how they ended; only for who holds the warehouse's lock."""
    with connect(target) as connection:
        _ensure_tables(connection)
        connection.execute(
            "update ops.sync_runs set status = 'failed',"
            " error = 'ended without a word: it was killed, or its machine stopped'"
            " where status = 'running'"
        )


def start_run(
    target: Target,
    trigger: str,
    parameters: Mapping[str, object],
    *,
    portal: str | None = None,
    is_sample: bool = False,
) -> str:
    """Record that a run begins and return its id.

    Args:
        target: the warehouse.
        trigger: what started it, such as `command line` or a deployment's name.
        parameters: what it was asked to do.
        portal: the address of the portal, null for a run that asks none.
        is_sample: the portal serves generated data.
    """
    run_id = str(uuid.uuid4())
    with connect(target) as connection:
        _ensure_tables(connection)
        connection.execute(
            "insert into ops.sync_runs values ("
            "$1, $2, $3, $4, $5, $6, cast(cast($7 as text) as timestamp), null, 'running', null)",
            (
                run_id,
                trigger,
                f"{getpass.getuser()}@{socket.gethostname()}",
                json.dumps(parameters, default=str, sort_keys=True),
                portal,
                is_sample,
                _now(),
            ),
        )
    return run_id


def record_load(target: Target, run_id: str, load: DatasetLoad) -> None:
    """Record what a run did to one dataset; a later word on it takes the place of the first."""
    with connect(target) as connection:
        connection.execute(
            "insert into ops.dataset_loads values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
            " cast($11 as text), cast(cast($12 as text) as timestamp), cast($13 as text))"
            " on conflict (run_id, dataset) do update set rows_deleted = excluded.rows_deleted,"
            " requests = excluded.requests, seconds = excluded.seconds, status = excluded.status,"
            " error = excluded.error, finished_at = excluded.finished_at,"
            " schema_changes = excluded.schema_changes",
            (
                run_id,
                load.dataset,
                load.rows_fetched,
                load.rows_inserted,
                load.rows_updated,
                load.rows_unchanged,
                load.rows_deleted,
                load.requests,
                load.seconds,
                load.status,
                load.error,
                _now(),
                load.schema_changes,
            ),
        )


def loaded_datasets(target: Target) -> set[str]:
    """The datasets that were ever loaded, by name."""
    with connect(target) as connection:
        _ensure_tables(connection)
        found = connection.fetch(
            "select distinct dataset from ops.dataset_loads where status = 'loaded'"
        )
    return set(found["dataset"].to_pylist())


def finish_run(target: Target, run_id: str, status: RunStatus, error: str | None = None) -> None:
    """Record how a run ended."""
    with connect(target) as connection:
        connection.execute(
            "update ops.sync_runs set finished_at = cast(cast($1 as text) as timestamp),"
            " status = $2, error = cast($3 as text) where run_id = $4",
            (_now(), status, error, run_id),
        )


@dataclass(frozen=True)
class DatasetStatus:
    """How a dataset stands.

    Attributes:
        records: how many records raw has, each in one or more versions.
        newest_row_at: the portal's newest `:updated_at` among them, as the portal wrote it.
        last_load: what the last run did to it.
        finished_at: when that was, in UTC.
        last_success_at: when a load last succeeded, in UTC.
    """

    records: int
    newest_row_at: str | None
    last_load: DatasetLoad
    finished_at: datetime
    last_success_at: datetime | None


def status(target: Target, record_keys: Mapping[str, str]) -> list[DatasetStatus]:
    """How each dataset that was ever loaded stands.

    Args:
        target: the warehouse.
        record_keys: the SQL of what names a row's record in raw, by dataset.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    with connect(target, read_only=True) as connection:
        if not has_table(connection, "ops", "dataset_loads"):
            raise WarehouseError(f"nothing was ever loaded into {target}: run 'warehouse sync'")
        loads = connection.fetch(_LAST_LOADS).to_pylist()
        return [
            _status(connection, row, record_keys) for row in loads if row["dataset"] in record_keys
        ]


def _status(
    connection: Connection, row: dict[str, Any], record_keys: Mapping[str, str]
) -> DatasetStatus:
    finished_at, last_success_at = row.pop("finished_at"), row.pop("last_success_at")
    load = DatasetLoad(**row)
    records, newest = 0, None
    if has_table(connection, "raw", load.dataset):
        counted = connection.fetch(
            f"select count(distinct {record_keys[load.dataset]}) as records,"
            f' max(_row_updated_at) as newest from raw."{load.dataset}"'
        )
        records, newest = counted["records"][0].as_py(), counted["newest"][0].as_py()
    return DatasetStatus(records, newest, load, finished_at, last_success_at)


def _ensure_tables(connection: Connection) -> None:
    create_tables(connection, "ops", _TABLES)


def _now() -> str:
    """The instant in UTC, as text that both engines cast."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
