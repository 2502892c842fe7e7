{#- The rows of a raw table that cannot become a record, with the reason. -#}
{% macro rows_without_key(raw, key) -%}
    select
        '{{ raw.identifier }}' as dataset,
        '{{ key }} is null or blank' as reason,
        ranked.raw_row,
        ranked.version_count,
        ranked.record_key,
        ranked._row_id,
        ranked._dlt_load_id,
        gone.deleted_at as _deleted_at
    from (
        select
            keyless.*,
            cast(count(*) over (partition by record_key) as integer)
                as version_count,
            row_number() over (
                partition by record_key
                order by
                    _row_updated_at collate "C" desc,
                    _row_id collate "C" desc,
                    _dlt_load_id collate "C" desc
            ) as version_rank
        from (
            select
                {{ row_as_json("raw") }} as raw_row,
                coalesce(raw._record_key, raw._row_id) as record_key,
                raw._row_id,
                raw._row_updated_at,
                raw._dlt_load_id
            from {{ raw }} as raw
            where
                {{ is_blank("raw." ~ key) }}
                and {{ is_read(dataset_of(raw)) }}
        ) as keyless
    ) as ranked
    left join {{ source("ops", "record_deletions") }} as gone
        on
            ranked.record_key = gone.record_key
            and gone.dataset = '{{ raw.identifier }}'
            and gone.restored_at is null
    where ranked.version_rank = 1
{%- endmacro %}
