{#-
    The newest version of each record of a raw table, with all of its columns as
    text, and beside them what its versions say together, and since when the
    portal has it no more.

    An incremental run reads only the keys that a load since the last build
    brought, but all versions of those: an old version may arrive late; and the
    keys that are marked as deleted otherwise than the last build had it; and
    those that were held against another outline of the city, if one is given.
    They are looked up by the indexes of raw and of the model.
    Stamps and ids are compared byte by byte, as a collation would reorder them.
    Keys that differ by blanks alone name one record.
    Most records have one version, and nothing of theirs is to be sorted.
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

    {%- if is_incremental() %}

    touched as (

        {{ touched_keys(raw, key, outline) }}

    ),

    kept as (

        select
            raw.*
            {{- lacking_columns(raw) }}
        from {{ raw }} as raw
        inner join touched
            on raw.{{ key }} = touched.record_key
        where not {{ is_blank("raw." ~ key) }}
        union all
        select
            raw.*
            {{- lacking_columns(raw) }}
        from {{ raw }} as raw
        where
            raw.{{ key }} !~ '^[!-~]+$'
            and not {{ is_blank("raw." ~ key) }}
            and raw.{{ key }} not in (select record_key from touched)
            and {{ tidy("raw." ~ key) }} in (select record_key from touched)

    ),
    {%- else %}

    kept as (

        select
            raw.*
            {{- lacking_columns(raw) }}
        from {{ raw }} as raw
        where not {{ is_blank("raw." ~ key) }}

    ),
    {%- endif %}

    named as not materialized (

        select
            kept.*,
            {{ tidy("kept." ~ key) }} as tidy_key
        from kept

    ),

    amended as (

        select tidy_key
        from named
        group by tidy_key
        having count(*) > 1

    ),

    ranked as (

        select
            named.*,
            row_number() over (
                partition by named.tidy_key
                order by
                    _row_updated_at collate "C" desc,
                    _row_id collate "C" desc,
                    _dlt_load_id collate "C" desc
            ) as version_rank,
            cast(count(*) over (partition by named.tidy_key) as integer)
                as version_count,
            min(_row_created_at collate "C") over (
                partition by named.tidy_key
            ) as first_created_at
        from named
        inner join amended
            on named.tidy_key = amended.tidy_key
        union all
        select
            named.*,
            1 as version_rank,
            1 as version_count,
            named._row_created_at as first_created_at
        from named
        left join amended
            on named.tidy_key = amended.tidy_key
        where amended.tidy_key is null

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


{#-
    The keys of the records that an incremental run is to read, as raw has them
    and tidy.

    What was built last is asked before, so that PostgreSQL sees a value that it
    has statistics of, and finds the few new rows by their index. Load ids are
    seconds since 1970, of as many digits until the year 2286: in any collation
    a later one is greater.
-#}
{% macro touched_keys(raw, key, outline) -%}
    {%- set built_key = config.get("unique_key") -%}
    {%- set last_load = single_value(
        "select max(_dlt_load_id) from " ~ this
    ) or "" -%}
        select touched.{{ key }} as record_key
        from {{ raw }} as touched
        where
            touched._dlt_load_id > '{{ last_load }}'
            and touched.{{ key }} is not null
        union
        select {{ tidy("touched." ~ key) }} as record_key
        from {{ raw }} as touched
        where
            touched._dlt_load_id > '{{ last_load }}'
            and not {{ is_blank("touched." ~ key) }}
        union
        select built.{{ built_key }} as record_key
        from gone
        inner join {{ this }} as built
            on built.{{ built_key }} = {{ tidy("gone.record_key") }}
        where built._deleted_at is distinct from gone.deleted_at
        union
        select built.{{ built_key }} as record_key
        from {{ this }} as built
        where
            built._deleted_at is not null
            and built.{{ built_key }} not in (
                select {{ tidy("gone.record_key") }}
                from gone
                where {{ tidy("gone.record_key") }} is not null
            )
    {%- if outline %}
        {%- set digest = single_value("select digest from " ~ outline) %}
        union
        select built.{{ built_key }} as record_key
        from {{ this }} as built
        where
            built._city_outline is {{ "not " if digest is none }}null
            {%- if digest is not none %}
            or built._city_outline < '{{ digest }}'
            or built._city_outline > '{{ digest }}'
            {%- endif %}
    {%- endif %}
{%- endmacro %}


{#- The one value that a query has; none while dbt only parses. -#}
{% macro single_value(query) -%}
    {{ return(run_query(query).rows[0][0] if execute else none) }}
{%- endmacro %}


{% macro lacking_columns(raw) -%}
    {%- for column in columns_raw_lacks(raw) %},
            cast(null as varchar) as {{ column }}
    {%- endfor %}
{%- endmacro %}


{#- Columns that the model's yml names and the raw table has not: the portal's
    columns come and go over the years. Those made above are not among them. -#}
{% macro columns_raw_lacks(raw) -%}
    {%- set made = [
        "version_count", "first_seen_at", "last_amended_at", "_deleted_at",
        "_city_outline", "is_located_elsewhere", "geom", "coordinate_quality",
        "has_implausible_date", "camera_id", "piece_id", "fatality_id", "_cleaned"
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
