{#- The rows of a raw table that cannot become a record, with the reason. -#}
{% macro rows_without_key(raw, key) -%}
    select
        '{{ raw.identifier }}' as dataset,
        '{{ key }} is null or blank' as reason,
        {{ row_as_json("raw") }} as raw_row,
        raw._row_id,
        raw._dlt_load_id
    from {{ raw }} as raw
    where {{ is_blank("raw." ~ key) }}
{%- endmacro %}
