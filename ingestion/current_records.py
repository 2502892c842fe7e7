"""What the warehouse takes to be at the portal: its current records, as temp tables."""

from datetime import date

from ingestion import sightings
from ingestion.catalog import MADE_KEY, Dataset
from warehouse.connection import Connection


def read_records(
    connection: Connection, dataset: Dataset, since: date | None, until: date | None
) -> None:
    """Make `fetched_rows`, each state of a row that was read, and `current_records`.

    A record is where its newest version has it. One that is marked as deleted, but was read again
    after that, is there again.
    """
    key = dataset.record_key
    happened = f'"{dataset.date_column}"' if dataset.date_column else "cast(null as varchar)"
    # A dataset without dates is compared whole, as it is loaded; a row without one is in no period.
    conditions = ["true"]
    if since and dataset.date_column:
        conditions.append(f"""coalesce(happened, '') collate "C" >= '{since}T00:00:00'""")
    if until and dataset.date_column:
        conditions.append(f"""coalesce(happened, '9999') collate "C" < '{until}T00:00:00'""")
    connection.execute(
        f"""
        create temp view fetched_rows as
        select {key} as record_key, _row_id, _row_updated_at, _dlt_load_id
        from raw."{dataset.name}"
        union all
        select record_key, _row_id, _row_updated_at, _dlt_load_id
        from raw.{sightings.TABLE}
        where dataset = '{dataset.name}'
        """
    )
    connection.execute(
        f"""
        create temp table current_records as
        with marks as (
            select record_key, deleted_at
            from ops.record_deletions
            where dataset = '{dataset.name}' and restored_at is null
        ),
        read_again as (
            select distinct marks.record_key
            from marks
            inner join fetched_rows on marks.record_key = fetched_rows.record_key
            where cast(fetched_rows._dlt_load_id as double precision)
                > extract(epoch from marks.deleted_at)
        ),
        newest as (
            select record_key, happened, is_made
            from (
                select
                    {key} as record_key,
                    {happened} as happened,
                    {MADE_KEY} is not null as is_made,
                    row_number() over (
                        partition by {key} collate "C"
                        order by
                            _row_updated_at collate "C" desc,
                            _row_id collate "C" desc,
                            _dlt_load_id collate "C" desc
                    ) as recency
                from raw."{dataset.name}"
            ) as versions
            where recency = 1
        )
        select
            newest.record_key,
            newest.is_made,
            case when substr(happened, 5, 1) = '-' then substr(happened, 1, 7) else '' end
                as period,
            {" and ".join(conditions)} as is_in_part,
            marks.record_key is not null as is_marked,
            marks.record_key is not null and read_again.record_key is null as is_deleted
        from newest
        left join marks on newest.record_key = marks.record_key
        left join read_again on newest.record_key = read_again.record_key
        """
    )
    if connection.target == "postgis":
        connection.execute("analyze current_records")
