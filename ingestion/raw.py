"""What raw has of a dataset: the versions that a fetched row is held against."""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from ingestion import sightings
from ingestion.catalog import MADE_KEY, Dataset
from ingestion.made_keys import MadeKeys, record_keys, without_key
from ingestion.seen_keys import SeenKeys
from ingestion.soda import SYSTEM_COLUMNS, Portal
from ingestion.versions import KNOWN_COLUMNS
from warehouse.connection import Connection, connect, create_tables, has_table
from warehouse.settings import Target

_NO_VERSIONS = pa.schema([(name, pa.string()) for name in KNOWN_COLUMNS]).empty_table()
# Those that a table of raw may have.
_INDEXES = {"record_key", "made_key", "load", "untidy_key"}


class RawTable:
    """The table of raw that holds a dataset's versions; it may not exist yet.

    Args:
        dataset: the entry of the catalog.
        target: the warehouse.
        portal: asked which rows it has now, for datasets without a key. Without one, rows come
            from a file, whose `:id`s are no one else's: it has no known row under another.
        columns: the dataset's source columns.
    """

    def __init__(
        self, dataset: Dataset, target: Target, portal: Portal | None, columns: list[str]
    ) -> None:
        self._dataset = dataset
        self._target = target
        self._portal = portal
        self._columns = columns
        self._name = f'raw."{dataset.name}"'

    def source_columns(self) -> list[str]:
        """The columns of the rows that raw has, those included that the portal has no more."""
        with connect(self._target) as connection:
            found = table_columns(connection, self._dataset)
            if not found or not connection.fetch(f"select 1 from {self._name} limit 1").num_rows:
                return []
        return [name for name in found if not name.startswith("_")]

    def has_rows_of_portal(self) -> bool:
        """Whether a row has the portal's own `:id` and stamps, not those of a file."""
        with connect(self._target) as connection:
            if not has_table(connection, "raw", self._dataset.name):
                return False
            found = connection.fetch(
                f"select 1 from {self._name} where _row_id not like 'file:%' limit 1"
            )
        return bool(found.num_rows)

    def sign(self, page: pa.Table) -> pa.Table:
        """Fetched rows with `_record_key`, which names the record of those without a key."""
        lack = without_key(page[self._dataset.key]) if self._dataset.key else _all_of(page)
        keys: list[str | None] = [None] * page.num_rows
        if places := pc.indices_nonzero(lack).to_pylist():
            for place, key in zip(places, self._made_keys.assign(page.take(places)), strict=True):
                keys[place] = key
        return page.append_column(MADE_KEY, pa.array(keys, pa.string()))

    def versions(self, page: pa.Table) -> pa.Table:
        """The versions that raw has of a page's records, columns as in `KNOWN_COLUMNS`.

        A load into an empty table remembers which records it has met and looks up nothing but
        those that come again; the table gets its indexes when the load has ended.
        """
        keys = record_keys(self._dataset, page)
        if self._seen and not self._seen.note(keys):
            return _NO_VERSIONS
        # Each key is looked up in its own column, which has the index.
        has_made_keys = page[MADE_KEY].null_count < page.num_rows
        columns = [self._dataset.key, MADE_KEY if has_made_keys else None]
        found = " union all ".join(
            f"""
            select {self._dataset.record_key} as record_key, _row_updated_at, _row_id, _version_hash
            from {self._name}
            where "{column}" in (select record_key from page_keys)
            """
            for column in columns
            if column
        )
        with connect(self._target) as connection:
            if not has_table(connection, "raw", self._dataset.name):
                return _NO_VERSIONS
            page_keys = pa.table({"record_key": keys})
            versions = connection.fetch(found, tables={"page_keys": page_keys})
        return versions.cast(_NO_VERSIONS.schema)

    def sighted(self, rows: pa.Table) -> pa.Table:
        """The sightings, columns as in `SIGHTING`, that an earlier load noted of these rows."""
        with connect(self._target) as connection:
            if not has_table(connection, "raw", sightings.TABLE):
                return sightings.NO_SIGHTINGS
            return connection.fetch(
                f"""
                select record_key, _row_id, _row_updated_at
                from raw.{sightings.TABLE}
                where dataset = $1 and _row_id in (select _row_id from page_rows)
                """,
                (self._dataset.name,),
                tables={"page_rows": rows.select(["_row_id"])},
            ).cast(sightings.NO_SIGHTINGS.schema)

    def settle(self, *, has_new_rows: bool, has_sightings: bool) -> None:
        """After a reading: see that the table exists, with all columns and its indexes.

        A new column is there at once, though no row may have come with it. Sightings that later
        ones have replaced go; those that an ended load left go with the next that notes some.
        """
        with connect(self._target) as connection:
            _make_table(connection, self._dataset, self._columns)
            sightings.make_table(connection)
            if has_sightings:
                sightings.delete_replaced(connection, self._dataset)
            self._make_indexes(connection)
            if has_new_rows and self._target == "postgis":
                connection.execute(f"analyze {self._name}")

    def _make_indexes(self, connection: Connection) -> None:
        """Make the indexes that PostGIS lacks; DuckDB finds keys by scanning one column.

        Of a first load they are made at its end, when that costs less than keeping them up
        meanwhile; of one that was broken off, before it goes on.
        """
        if self._target != "postgis":
            return
        indexes = self._indexes()
        for name in _INDEXES - indexes.keys():
            # An earlier version of the warehouse may have made it.
            connection.execute(f'drop index if exists raw."{self._dataset.name}_{name}"')
        for name, index in indexes.items():
            connection.execute(
                f'create index if not exists "{self._dataset.name}_{name}"'
                f" on {self._name} using {index}"
            )

    def _indexes(self) -> dict[str, str]:
        """The indexes by which records are looked up, and by which dbt finds what is new.

        Keys have a hash index, because keys of 128 characters are only ever looked up. Made keys
        have a tree: a hash takes room for all rows of the table, of which few have one. A layer has
        so few rows that they are read as quickly without.
        """
        if self._dataset.kind != "table":
            return {}
        made = {
            "made_key": f"btree ({MADE_KEY}) where {MADE_KEY} is not null",
            "load": "btree (_dlt_load_id)",
        }
        if not (key := self._dataset.key):
            return made
        # Rows whose key is untidy are few, and each is a record's that has a tidy one.
        untidy = f"btree (_dlt_load_id) where \"{key}\" !~ '^[!-~]+$'"
        return made | {"record_key": f'hash ("{key}")', "untidy_key": untidy}

    @cached_property
    def _seen(self) -> SeenKeys | None:
        """The records that were met, if there were none before; asked before the first step."""
        with connect(self._target) as connection:
            if not has_table(connection, "raw", self._dataset.name):
                return SeenKeys()
            if not connection.fetch(f"select 1 from {self._name} limit 1").num_rows:
                return SeenKeys()
            self._make_indexes(connection)
        return None

    @cached_property
    def _made_keys(self) -> MadeKeys:
        return MadeKeys(
            self._columns,
            self._dataset.made_from,
            self._versions_by_age("recency = 1"),
            self._still_there,
            None if self._portal else self._versions_by_age("recency > 1"),
        )

    def _still_there(self, row_ids: Collection[str]) -> set[str]:
        """Those of the `:id`s that the portal has; where none of its rows has a key, all it has."""
        if not self._portal:
            return set()
        portals_own = [row_id for row_id in row_ids if not row_id.startswith("file:")]
        return self._portal.row_ids(self._dataset.id, portals_own if self._dataset.key else None)

    def _versions_by_age(self, condition: str) -> pa.Table:
        """The versions of records without a key of the City's, in the order of their made keys.

        They are those whose `recency` is as wanted, the newest's being 1; each is under the `:id`
        that its record was last seen with.
        """
        with connect(self._target) as connection:
            if not has_table(connection, "raw", self._dataset.name):
                return pa.table({"_record_key": pa.nulls(0), "_row_id": pa.nulls(0)})
            sightings.make_table(connection)
            newest = connection.fetch(
                f"""
                select versions.*, coalesce(sighted._row_id, versions._row_id) as last_row_id
                from (
                    select
                        *,
                        row_number() over (
                            partition by _record_key
                            order by _row_updated_at collate "C" desc, _row_id collate "C" desc,
                                _dlt_load_id collate "C" desc
                        ) as recency
                    from {self._name}
                    where _record_key is not null
                ) as versions
                left join (
                    select
                        record_key,
                        _row_id,
                        _row_updated_at,
                        row_number() over (
                            partition by record_key
                            order by _row_updated_at collate "C" desc, _dlt_load_id collate "C" desc
                        ) as recency
                    from raw.{sightings.TABLE}
                    where dataset = $1
                ) as sighted
                    on versions._record_key = sighted.record_key
                    and sighted.recency = 1
                    and sighted._row_updated_at collate "C" > versions._row_updated_at
                where versions.{condition}
                order by _record_key
                """,
                (self._dataset.name,),
            )
        return newest.drop_columns("_row_id").rename_columns({"last_row_id": "_row_id"})


def _all_of(page: pa.Table) -> pa.Array:
    return pa.repeat(True, page.num_rows)


def make_tables(datasets: Iterable[Dataset], target: Target) -> None:
    """See that raw has a table for each dataset, if an empty one: the models read them all.

    Until the portal was asked, such a table has the columns that the catalog names.
    """
    with connect(target) as connection:
        for dataset in datasets:
            named = (dataset.key, *dataset.made_from, dataset.date_column)
            _make_table(connection, dataset, [name for name in named if name])


def _make_table(connection: Connection, dataset: Dataset, source_columns: Sequence[str]) -> None:
    """Make an empty table as dlt would, which makes none for a dataset without rows.

    A table that is there gets the columns that it lacks.
    """
    names = [*source_columns, *SYSTEM_COLUMNS.values(), "_version_hash", MADE_KEY]
    columns = ", ".join(f'"{name}" varchar' for name in dict.fromkeys(names))
    table = (
        f'create table if not exists raw."{dataset.name}"'
        f" ({columns}, _dlt_load_id varchar(64) not null)"
    )
    create_tables(connection, "raw", [table])
    present = set(table_columns(connection, dataset))
    for name in [*source_columns, MADE_KEY]:
        if name not in present:
            connection.execute(f'alter table raw."{dataset.name}" add column "{name}" varchar')


def table_columns(connection: Connection, dataset: Dataset) -> list[str]:
    """The columns of the dataset's table in their order; none if there is no table."""
    found = connection.fetch(
        "select column_name from information_schema.columns"
        " where table_schema = 'raw' and table_name = $1 order by ordinal_position",
        (dataset.name,),
    )
    names: list[str] = found["column_name"].to_pylist()
    return names
