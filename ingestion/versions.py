"""Which fetched rows say something new: raw keeps every distinct version of a record, once."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

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
    with duckdb.connect(config={"threads": 1}) as session:
        session.register("page", page)
        hashes = session.sql(f"select md5({_content(page, sorted(columns))}) as h from page")
        return page.append_column("_version_hash", hashes.to_arrow_table()["h"].combine_chunks())


def _content(page: pa.Table, columns: Sequence[str]) -> str:
    """The SQL of a row's names and values as one text, those that are null left out.

    That is `concat_ws` of all. But `concat` makes no text of each name with its value before, as
    a name between separators is a constant to it, and takes two thirds of the time. The
    separator that it begins with needs something before: a column without a null on this page.
    """
    without_null = (place for place, name in enumerate(columns) if not page[name].null_count)
    last = next(without_null, len(columns))
    before = ", ".join(f"'{name}' || {_NAME} || \"{name}\"" for name in columns[: last + 1])
    following = [
        f'case when "{name}" is not null then {_VALUE} || \'{name}\' || {_NAME} end, "{name}"'
        for name in columns[last + 1 :]
    ]
    return f"concat({', '.join([f'concat_ws({_VALUE}, {before})', *following])})"


def sift(page: pa.Table, records: pa.ChunkedArray, known: pa.Table) -> Sifted:
    """Drop the rows that only repeat what their record was already known to be at that time.

    A row is held against the last version under its own `:id`, so that one which returns to an
    older state is a version again. Under a new `:id` it is held against what the record was at
    the stamp before and is at its own; where the portal has several rows of one key, against
    all that it ever was. So a re-publication of equal rows brings no version.

    The rows of a file bear the file's stamp, which says only that they were so by then. So a row
    under a new `:id` that is stamped before what raw has is also held against the next version
    that is known: a file's row that the portal then gives with its own, older stamp was that
    version already, and so was a file's row that the portal has given with a later one.

    Args:
        page: fetched rows with their `_version_hash`.
        records: what names each row's record.
        known: the versions that raw has of these records, columns as in `KNOWN_COLUMNS`.
    """
    is_known = pc.is_in(records, value_set=known["record_key"].combine_chunks())
    if not pc.any(is_known).as_py() and pc.count_distinct(records).as_py() == page.num_rows:
        # As all are new, each of a record of its own, there is nothing to compare.
        return Sifted(rows=page, inserted=page.num_rows, updated=0, unchanged=0)
    with duckdb.connect() as session:
        session.register("page", page.select(KNOWN_COLUMNS[1:]).append_column("record", records))
        session.register("known", known)
        verdicts = session.sql(
            """
            with fetched as (
                select
                    record,
                    _row_updated_at,
                    _row_id,
                    _version_hash,
                    row_number() over () as position
                from page
            ),
            -- Most rows are of a record that was never seen: nothing is to be compared.
            single as (
                select record, any_value(position) as position
                from fetched
                where record not in (select record_key from known)
                group by record
                having count(*) = 1
            ),
            versions as (
                select record_key as record, * exclude (record_key), 0 as position
                from known
                where record_key in (select record from fetched)
                union all by name
                select * from fetched where position not in (select position from single)
            ),
            compared as (
                select
                    record,
                    position,
                    _version_hash,
                    lag(_version_hash) over (
                        partition by record, _row_id
                        order by _row_updated_at, position > 0, position
                    ) as of_this_row,
                    list(_version_hash) over (
                        partition by record
                        order by _row_updated_at
                        groups between 1 preceding and 1 preceding
                    ) as at_the_stamp_before,
                    list(_version_hash) filter (where position = 0) over (
                        partition by record, _row_updated_at
                    ) as known_at_this_stamp,
                    list(_version_hash) filter (where position = 0) over (
                        partition by record
                    ) as ever_known,
                    min(_row_updated_at) filter (where position = 0) over (
                        partition by record
                        order by _row_updated_at
                        groups between 1 following and unbounded following
                    ) as next_known_stamp,
                    count(*) filter (where position > 0) over (
                        partition by record, _row_updated_at
                    ) > 1 as is_one_of_several,
                    row_number() over (
                        partition by record, _row_updated_at, _version_hash order by position
                    ) > 1 as is_repeated,
                    min(position) over (partition by record) = 0 as is_known_record,
                    row_number() over (partition by record order by position) as place
                from versions
            ),
            known_at as (
                select record, _row_updated_at as stamp, list(_version_hash) as hashes
                from versions
                where position = 0
                group by record, _row_updated_at
            )
            select
                position - 1 as position,
                case
                    when is_repeated then false
                    when of_this_row is not null then of_this_row <> _version_hash
                    when is_one_of_several
                        then not list_contains(coalesce(ever_known, []), _version_hash)
                    else not list_contains(
                        coalesce(at_the_stamp_before, [])
                        || coalesce(known_at_this_stamp, [])
                        || coalesce(known_at.hashes, []),
                        _version_hash
                    )
                end as is_kept,
                not is_known_record and place = 1 as is_inserted
            from compared
            left join known_at
                on known_at.record = compared.record and known_at.stamp = next_known_stamp
            where position > 0
            union all
            select position - 1, true, true from single
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
