{#- A hash index on a model's key, which may be long and is only looked up, and
    one on each of some columns or lists of them, where an index is what finds
    few rows in a large table: DuckDB scans a column faster than it would keep
    one up. -#}
{% macro indexes_on(key, columns) -%}
    {{ return(adapter.dispatch("indexes_on")(key, columns)) }}
{%- endmacro %}


{% macro default__indexes_on(key, columns) -%}
    {%- set indexes = [{"columns": [key], "type": "hash"}] if key else [] -%}
    {%- for column in columns -%}
        {%- do indexes.append({
            "columns": [column] if column is string else column
        }) -%}
    {%- endfor -%}
    {{ return(indexes) }}
{%- endmacro %}


{% macro duckdb__indexes_on(key, columns) -%}
    {{ return([]) }}
{%- endmacro %}
