{#-
    What the portal changed in the records of a raw table, a row for each column and
    version that differs from the version before; values as raw has them.

    Only records of which staging counts more than one version are read. Keys that
    differ by blanks alone name one record; the versions' order is that by which
    staging takes the newest.
-#}
{% macro amendments_of(dataset, key) -%}
    {%- set raw = source("raw", dataset) -%}
    {%- set columns = source_columns(raw) -%}
    {#- Of a dataset that was never loaded raw has the key alone. -#}
    {%- set crash = "later.crash_record_id" if "crash_record_id" in columns
        else "cast(null as varchar)" -%}
    with

    amended as (

        select {{ key }} as record_key
        from {{ ref("stg_" ~ dataset) }}
        where
            version_count > 1
            and {{ is_of_changed_keys(dataset, key, key) }}

    ),

    named as (

        select
            versions.*,
            case
                when versions.{{ key }} ~ '^[!-~]+$' then versions.{{ key }}
                else {{ tidy("versions." ~ key) }}
            end as record_key
        from {{ raw }} as versions
        where
            {{ is_read(dataset) }}
            and {{ may_be_of_changed_keys(dataset, key, "versions." ~ key) }}

    ),

    numbered as (

        select
            named.*,
            cast(
                row_number() over (
                    partition by named.record_key
                    order by
                        named._row_updated_at collate "C",
                        named._row_id collate "C",
                        named._dlt_load_id collate "C"
                ) as integer
            ) as version_number
        from named
        inner join amended
            on named.record_key = amended.record_key

    )

    select
        '{{ dataset }}' as dataset,
        later.record_key,
        {{ tidy(crash) }} as crash_record_id,
        later.version_number,
        changed.column_name,
        changed.old_value,
        changed.new_value,
        {{ as_instant("later._row_updated_at") }} as amended_at
    from numbered as later
    inner join numbered as earlier
        on
            later.record_key = earlier.record_key
            and later.version_number = earlier.version_number + 1
    cross join lateral (
        values
        {%- for column in columns %}
        ('{{ column }}', earlier."{{ column }}", later."{{ column }}")
        {{- "," if not loop.last }}
        {%- endfor %}
    ) as changed (column_name, old_value, new_value)
    where changed.old_value is distinct from changed.new_value
{%- endmacro %}


{#- The condition for amendments of records that changed since the last build. -#}
{% macro is_of_changed_records() -%}
    {%- for dataset, key in keys_of_records().items() -%}
        {{ "or " if not loop.first -}}
        (
            dataset = '{{ dataset }}'
            and {{ is_of_changed_keys(dataset, key, "record_key") }}
        )
    {%- endfor -%}
{%- endmacro %}


{#- The portal's columns of a raw table; its system fields begin with a low line. -#}
{% macro source_columns(raw) -%}
    {%- if not execute -%}
        {{ return(["crash_record_id"]) }}
    {%- endif -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(raw) -%}
        {%- if not column.name.startswith("_") -%}
            {%- do columns.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
