"""What differs between the portal's rows and the warehouse's records, as a temp table."""

# A listed row without a key is the record that its `:id` was last seen to be: of two records
# that it was at one stamp, the one that it was read as last. Missing is each state of a row that
# was never fetched; vanished what none of the portal's rows is. Two rows with made keys are
# never one record: the row that its record was not last seen as is missing, for it was another
# record's before, and is given a key of its own when it is read again.
DIFFERENCES = """
    create temp table differences as
    with last_of_row as (
        select _row_id, record_key
        from (
            select
                _row_id,
                record_key,
                row_number() over (
                    partition by _row_id
                    order by _row_updated_at collate "C" desc, _dlt_load_id collate "C" desc
                ) as recency
            from fetched_rows
            where _row_id in (select _row_id from listed where record_key is null)
        ) as ranked
        where recency = 1
    ),
    named as (
        select
            listed.period,
            coalesce(listed.record_key, last_of_row.record_key) as record_key,
            listed.record_key is null as is_made,
            listed._row_id,
            listed._row_updated_at
        from listed
        left join last_of_row
            on listed.record_key is null and listed._row_id = last_of_row._row_id
    ),
    claims as (
        select
            period,
            _row_id,
            first_value(_row_id) over (
                partition by record_key
                order by _row_updated_at collate "C" desc, _row_id collate "C" desc
            ) as row_of_record
        from named
        where is_made and record_key is not null
    ),
    vanished as (
        select period, record_key
        from current_records
        where is_in_part and not is_deleted and period in ({months})
            and not exists (
                select 1 from named where named.record_key = current_records.record_key
            )
    )
    select named.period, coalesce(named.record_key, named._row_id) as record_key,
        'missing' as difference
    from named
    where not exists (
        select 1
        from fetched_rows
        where fetched_rows._row_id = named._row_id
            and fetched_rows._row_updated_at = named._row_updated_at
    )
    union
    select period, _row_id, 'missing' from claims where _row_id <> row_of_record
    union
    select period, record_key, 'vanished' from vanished
    union
    select period, record_key, 'returned'
    from current_records
    where is_marked
        and (not is_deleted or record_key in (select record_key from named))
        and record_key not in (select record_key from vanished)
"""
