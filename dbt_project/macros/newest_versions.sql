{#-
    The newest version of each record of a raw table, with all of its columns as
    text, and beside them what its versions say together, and since when the
    portal has it no more.

    An incremental run reads only the keys that a load since the last build
    brought, but all versions of those: an old version may arrive late; and the
    keys that are marked as deleted otherwise than the last build had it; and
    those that were held against another outline of the city, if one is given.
    Stamps and ids are compared byte by byte, as a collation would reorder them.
    Keys that differ by blanks alone name one record.
-#}
{% macro newest_versions(raw, key, outline=none) -%}
    with

    gone as (

        select
            record_key,
            deleted_at
        from {{ source("ops", "record_deletions") }}
        where
            dataset = '{{ dataset_of(raw) }}'
            and restored_at is null

    ),

    kept as (

        select
            raw.*
            {%- for column in columns_raw_lacks(raw) %},
            cast(null as varchar) as {{ column }}
            {%- endfor %}
        from {{ raw }} as raw
        where not {{ is_blank("raw." ~ key) }}
        {%- if is_incremental() %}
            and {{ tidy("raw." ~ key) }} in (
                select {{ tidy("touched." ~ key) }}
                from {{ raw }} as touched
                where touched._dlt_load_id collate "C" > (
                    select coalesce(max(built._dlt_load_id collate "C"), '')
                    from {{ this }} as built
                )
                union
                select built.{{ config.get("unique_key") }}
                from {{ this }} as built
                left join gone
                    on
                        built.{{ config.get("unique_key") }}
                        = {{ tidy("gone.record_key") }}
                where built._deleted_at is distinct from gone.deleted_at
                {%- if outline %}
                union
                select built.{{ config.get("unique_key") }}
                from {{ this }} as built
                cross join {{ outline }} as city_outline
                where built._city_outline is distinct from city_outline.digest
                {%- endif %}
            )
        {%- endif %}

    ),

    named as (

        select
            kept.*,
            {{ tidy("kept." ~ key) }} as tidy_key
        from kept

    ),

    ranked as (

        select
            named.*,
            row_number() over (
                partition by tidy_key
                order by
                    _row_updated_at collate "C" desc,
                    _row_id collate "C" desc,
                    _dlt_load_id collate "C" desc
            ) as version_rank,
            cast(count(*) over (partition by tidy_key) as integer)
                as version_count,
            min(_row_created_at collate "C") over (partition by tidy_key)
                as first_created_at
        from named

    )

    select
        ranked.*,
        {{ as_instant("first_created_at") }} as first_seen_at,
        case
            when version_count > 1 then {{ as_instant("_row_updated_at") }}
        end as last_amended_at,
        gone.deleted_at as _deleted_at
    from ranked
    left join gone
        on ranked.{{ key }} = gone.record_key
    where version_rank = 1
{%- endmacro %}


{#- Columns that the model's yml names and the raw table has not: the portal's
    columns come and go over the years. Those made above are not among them. -#}
{% macro columns_raw_lacks(raw) -%}
    {%- set made = [
        "version_count", "first_seen_at", "last_amended_at", "_deleted_at",
        "_city_outline", "is_located_elsewhere"
    ] -%}
    {%- set lacking = [] -%}
    {%- if execute -%}
        {%- set present = adapter.get_columns_in_relation(raw)
            | map(attribute="name") | list -%}
        {%- for column in model.columns if column not in present + made -%}
            {%- do lacking.append(column) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(lacking) }}
{%- endmacro %}


{#- The dataset of a raw table. A unit test puts rows of its own in the table's
    place, under another name that ends in the table's. -#}
{% macro dataset_of(raw) -%}
    {{ return(raw.identifier.split("__") | last) }}
{%- endmacro %}
