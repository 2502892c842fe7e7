"""Which fetched rows say something new: raw keeps every distinct version of a record, once."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

# Between the values of a row, and between a column's name and its value: control characters,
# which no text of the City's has, so that no two rows run together into the same text.
_VALUE, _NAME = "chr(31)", "chr(30)"

KNOWN_COLUMNS = ("record_key", "_row_updated_at", "_row_id", "_version_hash")


@dataclass(frozen=True)
class Sifted:
    """A page, sifted: the rows to keep, and how many were new records, amended or known."""

    rows: pa.Table
    inserted: int
    updated: int
    unchanged: int


def with_version_hash(page: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Append `_version_hash`, the md5 of a row's source columns.

    A null column does not enter it: a column that the portal adds, still empty, makes no new
    version of every row, and null stays apart from the empty string.
    """
    named = ", ".join(f"'{column}' || {_NAME} || \"{column}\"" for column in sorted(columns))
    with duckdb.connect() as session:
        session.register("page", page)
        hashes = session.sql(f"select md5(concat_ws({_VALUE}, {named})) as h from page")
        return page.append_column("_version_hash", hashes.to_arrow_table()["h"].combine_chunks())


def sift(page: pa.Table, key_column: str, known: pa.Table) -> Sifted:
    """Drop the rows that only repeat what their record was already known to be at that time.

    A row is compared with the version before it, by (`_row_updated_at`, `_row_id`): so an
    equal row under a new `:id` is no version, and one that returns to an older state is.

    Args:
        page: fetched rows with their `_version_hash`.
        key_column: the column that names the record; rows without a key are always kept.
        known: the versions that raw has of these records, columns as in `KNOWN_COLUMNS`.
    """
    with duckdb.connect() as session:
        session.register("page", page)
        session.register("known", known)
        verdicts = session.sql(
            f"""
            with fetched as (
                select
                    "{key_column}" as record_key,
                    _row_updated_at,
                    _row_id,
                    _version_hash,
                    row_number() over () as position
                from page
            ),
            versions as (
                select *, 0 as position from known
                union all
                select * from fetched
            ),
            compared as (
                select
                    position,
                    record_key,
                    _version_hash,
                    lag(_version_hash) over history as before,
                    min(position) over (partition by record_key) = 0 as is_known_record,
                    row_number() over history as place
                from versions
                window history as (
                    partition by record_key
                    order by _row_updated_at, position > 0, _row_id, position
                )
            )
            select
                position - 1 as position,
                record_key is null or _version_hash is distinct from before as is_kept,
                record_key is null or (not is_known_record and place = 1) as is_inserted
            from compared
            where position > 0
            order by position
            """
        ).to_arrow_table()
    kept = verdicts.filter(verdicts["is_kept"])
    inserted = kept.filter(kept["is_inserted"]).num_rows
    return Sifted(
        rows=page.take(kept["position"]) if kept.num_rows < page.num_rows else page,
        inserted=inserted,
        updated=kept.num_rows - inserted,
        unchanged=page.num_rows - kept.num_rows,
    )
