"""Sightings: where a record was seen at the portal when its row said nothing new.

Raw keeps a version once. When the publisher replaces a dataset by equal rows, raw takes none of
them, and yet the portal's rows have other ids and stamps from then on. These are noted beside
raw, so that a comparison by `:id` and `:updated_at` knows that they were read, and so that a
record without a key of the City's is known again by its row.
"""

import duckdb
import pyarrow as pa

from ingestion.catalog import Dataset
from warehouse.connection import Connection

TABLE = "_row_sightings"
# What tells a state of a row of the portal's from all others.
STAMPED_ROW = ["_row_id", "_row_updated_at"]
NO_STAMPED_ROWS = pa.schema([(name, pa.string()) for name in STAMPED_ROW]).empty_table()


def make_table(connection: Connection) -> None:
    """Make the table as dlt would, which makes none before the first sighting."""
    connection.execute("create schema if not exists raw")
    connection.execute(
        f"create table if not exists raw.{TABLE} (dataset varchar, record_key varchar,"
        " _row_id varchar, _row_updated_at varchar, _version_hash varchar,"
        " _dlt_load_id varchar(64) not null)"
    )
    if connection.target == "postgis":
        connection.execute(
            f"create index if not exists {TABLE}_row_id on raw.{TABLE} using hash (_row_id)"
        )


def record_key(dataset: Dataset) -> str:
    """The SQL of what names a row's record: its key, or for want of one its content."""
    return f"coalesce(\"{dataset.key_column}\", 'keyless:' || _version_hash)"


def sighted(dataset: Dataset, page: pa.Table, known: pa.Table) -> pa.Table:
    """The rows of a page, as sightings, that are not known by their `:id` and stamp.

    A file's rows are none: they have no `:id` of the portal's.

    Args:
        dataset: the entry of the catalog.
        page: fetched rows with their `_version_hash` and the column that names their record.
        known: the rows that are, columns as in `STAMPED_ROW`.
    """
    with duckdb.connect() as session:
        session.register("page", page)
        session.register("known", known)
        return session.sql(
            f"""
            select
                '{dataset.name}' as dataset,
                {record_key(dataset)} as record_key,
                _row_id,
                _row_updated_at,
                _version_hash
            from page
            anti join known using (_row_id, _row_updated_at)
            where _row_id not like 'file:%'
            """
        ).to_arrow_table()
