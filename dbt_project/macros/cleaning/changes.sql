{#-
    What cleaning changed in a record, as the text of a JSON array of column, raw
    and clean value; null where it changed nothing.

    A text that differs is a change; another value only if it was lost, for
    `1.0` and 1 are the same number.
-#}
{% macro changes(rules) -%}
    {%- set texts = [
        "key", "text", "category", "code", "leading_zeros", "location", "polygon"
    ] -%}
    nullif(
            '[' || concat_ws(
                ','
                {%- for column, rule in rules.items() %},
                {%- set value = settled_value(rule) %}
                case
                    {%- if rule.kind in texts %}
                    when raw_{{ column }} is distinct from {{ value }}
                        then {{ change(column, value) }}
                    {%- else %}
                    when raw_{{ column }} is not null and {{ value }} is null
                        then {{ change(column) }}
                    {%- endif %}
                end
                {%- endfor %}
            ) || ']',
            '[]'
        )
{%- endmacro %}


{% macro change(column, clean) -%}
    '{"column":"{{ column }}","raw":' || {{ as_json("raw_" ~ column) }}
                        {%- if clean %}
                        || coalesce(',"clean":' || {{ as_json(clean) }}, '')
                        {%- endif %}
                        || '}'
{%- endmacro %}


{% macro as_json(text) -%}
    cast(to_json({{ text }}) as text)
{%- endmacro %}


{#- The changes of a staging model's records, a row each. -#}
{% macro changes_of(dataset, model, key, date=none) -%}
    select
        '{{ dataset }}' as dataset,
        records.{{ key }} as record_key,
        {{ "records." ~ date if date else "cast(null as timestamp)" }}
            as crash_date,
        records._deleted_at is not null as is_deleted,
        change."column" as column_name,
        change.raw as raw_value,
        change.clean as clean_value
    from {{ listed_changes(model) }}
    where
        records._cleaned is not null
        and {{ is_read(dataset) }}
{%- endmacro %}


{% macro listed_changes(model) -%}
    {{ return(adapter.dispatch("listed_changes")(model)) }}
{%- endmacro %}


{% macro default__listed_changes(model) -%}
    {{ model }} as records
    cross join lateral json_to_recordset(cast(records._cleaned as json))
        as change ("column" text, raw text, clean text)
{%- endmacro %}


{% macro duckdb__listed_changes(model) -%}
    {{ model }} as records
    cross join unnest(
        from_json(
            records._cleaned,
            '[{"column": "VARCHAR", "raw": "VARCHAR", "clean": "VARCHAR"}]'
        )
    ) as unnested (change)
{%- endmacro %}
