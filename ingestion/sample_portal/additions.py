"""New rows of a dataset: given ones, further crashes, or rows like those that are there."""

from datetime import datetime
from typing import Any

import duckdb

from ingestion.sample_portal import refusals
from ingestion.sample_portal.generator import literal, quoted
from ingestion.sample_portal.soql import SYSTEM_FIELDS
from ingestion.sample_portal.store import Store
from ingestion.sample_portal.tables import DatasetSpec

CRASHES = "85ca-t3if"
# Above every key that is generated, so that a new one is new.
FIRST_MADE_KEY = 800_000_000


def add(store: Store, spec: DatasetSpec, call: dict[str, Any], stamp: datetime) -> dict[str, Any]:
    """Add rows that are stamped with one time.

    Returns:
        How many rows each dataset got, and the keys of the new rows of `spec`.

    Raises:
        RefusalError: a given record has a column that the dataset has not.
    """
    with store.session() as session:
        if "records" in call:
            rows = {spec.id: _given(store, session, spec, call["records"])}
        elif spec.id == CRASHES and store.generator:
            rows = {
                dataset: query
                for dataset, query in store.generator.make_more(int(call["rows"])).items()
                if dataset == CRASHES or call.get("whole")
            }
        else:
            rows = {spec.id: _alike(store, spec, int(call["rows"]))}
        added = {}
        for dataset, query in rows.items():
            at = stamp if dataset == spec.id else store.next_stamp(dataset)
            added[dataset] = _insert(session, store.spec(dataset), query, at)
    keys = added[spec.id]
    return {"rows": {dataset: len(new) for dataset, new in added.items()}, "keys": keys}


def _insert(
    session: duckdb.DuckDBPyConnection, spec: DatasetSpec, query: str, stamp: datetime
) -> list[str]:
    at = literal(str(stamp))
    returned = quoted(spec.key or ":id")
    # the dataset's columns may have changed since the generator's were written
    known = {column.field for column in spec.columns} | set(SYSTEM_FIELDS)
    offered = session.execute(f"select * from ({query}) limit 0").description or []
    names = ", ".join(quoted(name) for name, *_ in offered if name in known)
    inserted = session.execute(
        f"""
        insert into {quoted(spec.id)} by name
        select {names} from (
            select * replace (
                {at}::timestamp as ":created_at",
                {at}::timestamp as ":updated_at",
                row_id(hash(":id", {at})) as ":id"
            )
            from ({query})
        )
        returning {returned}
        """
    )
    return [key for (key,) in inserted.fetchall()]


def _given(
    store: Store,
    session: duckdb.DuckDBPyConnection,
    spec: DatasetSpec,
    records: list[dict[str, Any]],
) -> str:
    known = {column.field for column in spec.columns}
    selects = []
    for record in records:
        if unknown := set(record) - known:
            raise refusals.no_such_column(min(unknown))
        values = [
            f"{'null' if value is None else literal(str(value))}::varchar as {quoted(name)}"
            for name, value in record.items()
        ]
        selects.append(f"select {', '.join([*values, _made_id(store)])}")
    return " union all by name ".join(selects)


def _made_id(store: Store) -> str:
    store.rows_made += 1
    return (
        f"row_id(hash({store.rows_made}, 'made')) as \":id\", "
        'null::timestamp as ":created_at", null::timestamp as ":updated_at", '
        f"'rv-' || row_id(hash({store.rows_made}, 'version'))[5:] as \":version\""
    )


def _alike(store: Store, spec: DatasetSpec, rows: int) -> str:
    """Copies of rows under new keys: a person more in a crash, a camera more at a corner."""
    first = store.rows_made
    store.rows_made += rows
    number = f"({FIRST_MADE_KEY} + {first} + row_number() over ())"
    key = ""
    if spec.key:
        name = quoted(spec.key)
        # the key's letters stay: O and P tell drivers from passengers
        key = f", regexp_extract({name}, '^[A-Z]*') || {number} as {name}"
    return f"""
        select * replace (row_id(hash(":id", {first})) as ":id"{key})
        from (
            select * from {quoted(spec.id)} order by hash(":id", {first}), ":id" limit {rows}
        )
    """
