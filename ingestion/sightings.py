"""Sightings: where a record was seen at the portal when its row said nothing new.

Raw keeps a version once. When the publisher replaces a dataset by equal rows, raw takes none of
them, and yet the portal's rows have other ids and stamps from then on. These are noted beside
raw, so that a comparison by `:id` and `:updated_at` knows that they were read, and so that a
record without a key of the City's is known again by its row. Those that a later re-publication
has replaced are removed.
"""

import duckdb
import pyarrow as pa

from ingestion.catalog import Dataset
from warehouse.connection import Connection, create_tables

TABLE = "_row_sightings"
# What tells a state of a row of the portal's from all others, and whose it was taken to be: where
# keys are made, a row that comes back may be another record than it was.
SIGHTING = ["record_key", "_row_id", "_row_updated_at"]
NO_SIGHTINGS = pa.schema([(name, pa.string()) for name in SIGHTING]).empty_table()

# A record is at the portal as it was seen at its newest stamp, unless it was seen under more
# `:id`s at once before: a doubled key has several rows, of which some alone may be written again.
# What was noted before that, and is stamped before it, is replaced. What an earlier stamp was
# noted with later stays, for the portal has put an older state back.
_DELETE_REPLACED = f"""
    delete from raw.{TABLE}
    using (
        select record_key, stamp, load_id
        from (
            select
                record_key,
                _row_updated_at as stamp,
                min(_dlt_load_id collate "C") as load_id,
                row_number() over (
                    partition by record_key
                    order by count(distinct _row_id) desc, _row_updated_at collate "C" desc
                ) as place
            from raw.{TABLE}
            where dataset = $1
            group by record_key, _row_updated_at
        ) as seen
        where place = 1
    ) as newest
    where {TABLE}.dataset = $1
        and {TABLE}.record_key = newest.record_key
        and {TABLE}._row_updated_at collate "C" < newest.stamp
        and {TABLE}._dlt_load_id collate "C" < newest.load_id
"""


def make_table(connection: Connection) -> None:
    """Make the table as dlt would, which makes none before the first sighting."""
    table = (
        f"create table if not exists raw.{TABLE} (dataset varchar, record_key varchar,"
        " _row_id varchar, _row_updated_at varchar, _version_hash varchar,"
        " _dlt_load_id varchar(64) not null)"
    )
    create_tables(connection, "raw", [table])
    if connection.target == "postgis":
        connection.execute(
            f"create index if not exists {TABLE}_row_id on raw.{TABLE} using hash (_row_id)"
        )


def delete_replaced(connection: Connection, dataset: Dataset) -> None:
    """Delete the sightings of a dataset whose records were seen anew since."""
    connection.execute(_DELETE_REPLACED, (dataset.name,))


def sighted(dataset: Dataset, page: pa.Table, known: pa.Table) -> pa.Table:
    """The rows of a page, as sightings, that are not known by their record, `:id` and stamp.

    A file's rows are none: they have no `:id` of the portal's.

    Args:
        dataset: the entry of the catalog.
        page: fetched rows with their `_version_hash` and the column that names their record.
        known: the rows that are, columns as in `SIGHTING`.
    """
    with duckdb.connect() as session:
        session.register("page", page)
        session.register("known", known)
        return session.sql(
            f"""
            select
                '{dataset.name}' as dataset,
                {dataset.record_key} as record_key,
                _row_id,
                _row_updated_at,
                _version_hash
            from page
            where _row_id not like 'file:%' and not exists (
                select 1
                from known
                where known._row_id = page._row_id
                    and known._row_updated_at = page._row_updated_at
                    and known.record_key = {dataset.record_key}
            )
            """
        ).to_arrow_table()
